"""A reply put together from sentences that stand in approved sources, each with its source. Pure.

Sentences are taken greedily by how relevant they are and what they add to the question's terms that nothing chosen covers yet
(maximal marginal relevance, Carbonell and Goldstein 1998, with coverage in the place of novelty). Nothing is rewritten: a reply is
quotations, in the order of their sources.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from retrieval.contradiction import agree, likeness
from retrieval.records import Language
from retrieval.section_search import SectionHit, SectionsFound, SentenceHit

LONGEST_REPLY = 700  # characters of all sentences together
MOST_SENTENCES = 6
MOST_SECTIONS = 2
# A section this short is quoted whole: its sentences were written to be read together.
SHORT_SECTION = 450
# Logits: a section that is so much less relevant than the best one is not quoted.
SECTION_DROP = 1.0
# What a standard deviation, the words and the newly covered words of a sentence are worth, in the logits of a section.
PER_STANDING, PER_WORDS, PER_COVERAGE = 0.7, 2.0, 3.0
SENTENCE_DROP = 2.0  # what the best sentence may be better by
NEAR_EQUAL = 0.93  # cosine from which two sentences say the same, or the opposite
TOLD_OMISSIONS = 8
# A sentence that begins so points at the one before it, which is quoted, too.
_POINTING = (
    "this ", "these ", "those ", "it ", "they ", "however", "otherwise", "also ", "such ", "if so", "then ",
    "此", "这", "該", "该", "它", "他们", "否则", "另外", "但",
)  # fmt: skip


class Reason(StrEnum):
    """Why a sentence was left out."""

    LESS_RELEVANT = "less_relevant"
    REPEATS = "repeats"
    CONTRADICTS = "contradicts"
    TOO_LONG = "too_long"


@dataclass(frozen=True, slots=True)
class ComposedSentence:
    """A sentence as it stands in its source."""

    text: str
    section_id: str
    document_id: str
    heading: str
    language: Language


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A sentence that was looked at and not used."""

    text: str
    section_id: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class Composition:
    """Sentences grouped by section, the best section first, each section's in its own order.

    Attributes:
        left_out: the at most TOLD_OMISSIONS most relevant ones.
        coverage: share of the weight of the utterance's terms that the sentences and their headings have, 0 to 1.
        confidence: P(the sentences hold what answers the utterance), see `retrieval.composition_confidence`.
    """

    sentences: tuple[ComposedSentence, ...]
    left_out: tuple[LeftOut, ...]
    coverage: float
    confidence: float = 0.0

    @property
    def section_ids(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(sentence.section_id for sentence in self.sentences))


@dataclass(frozen=True, slots=True, eq=False)
class _Unit:
    """A sentence with its place: `section` among those found, `place` in it."""

    section: int
    place: int
    hit: SentenceHit
    value: float


def compose(found: SectionsFound, *, language: Language) -> Composition | None:
    """The sentences that answer best, None where no section was found.

    Sections in the utterance's language come before others that are alike relevant.
    """
    sections = _usable(found.sections, language)
    if not sections:
        return None
    units = _units(sections, found.term_weights)
    chosen, omitted = _chosen(sections, units, found.term_weights)
    ordered = sorted(chosen, key=lambda unit: (unit.section, unit.place))
    covered = frozenset[str]().union(
        *(unit.hit.terms | sections[unit.section].heading_terms for unit in chosen)
    )
    return Composition(
        sentences=tuple(_quoted(sections[unit.section], unit.hit) for unit in ordered),
        left_out=tuple(omitted[:TOLD_OMISSIONS]),
        coverage=sum(found.term_weights.get(term, 0.0) for term in covered),
    )


def _usable(sections: Sequence[SectionHit], language: Language) -> list[SectionHit]:
    """The best section and those hardly less relevant; of those in the utterance's language only, where there are some."""
    if not sections:
        return []
    best = sections[0].relevance
    near = [each for each in sections if each.relevance >= best - SECTION_DROP]
    own = [each for each in near if each.language == language]
    return (own or near)[:MOST_SECTIONS]


def _units(sections: Sequence[SectionHit], weights: Mapping[str, float]) -> list[_Unit]:
    """By falling value."""
    best = sections[0].relevance
    units = [
        _Unit(
            number,
            place,
            hit,
            section.relevance
            - best
            + PER_STANDING * hit.standing
            + PER_WORDS * sum(weights[term] for term in hit.terms),
        )
        for number, section in enumerate(sections)
        for place, hit in enumerate(section.sentences)
    ]
    return sorted(units, key=lambda unit: (-unit.value, unit.section, unit.place))


def _chosen(
    sections: Sequence[SectionHit], units: Sequence[_Unit], weights: Mapping[str, float]
) -> tuple[list[_Unit], list[LeftOut]]:
    chosen: list[_Unit] = []
    omitted: list[tuple[_Unit, Reason]] = []
    covered: frozenset[str] = sections[0].heading_terms
    room = LONGEST_REPLY
    whole = _is_short(sections[0])
    waiting = list(units)
    while waiting:
        unit = max(waiting, key=lambda each: _gain(each, covered, weights, whole=whole))
        waiting.remove(unit)
        reason = _objection(unit, chosen, room, _gain(unit, covered, weights, whole=whole), units[0].value)
        if reason is not None:
            omitted.append((unit, reason))
            continue
        for each in (*_led_up(unit, units, chosen, room), unit):
            chosen.append(each)
            room -= len(each.hit.text)
            covered |= each.hit.terms
            if each in waiting:
                waiting.remove(each)
    names = {unit.section: sections[unit.section].section_id for unit, _ in omitted}
    told = [
        LeftOut(unit.hit.text, names[unit.section], reason) for unit, reason in omitted if unit not in chosen
    ]
    return chosen, told


def _gain(unit: _Unit, covered: frozenset[str], weights: Mapping[str, float], *, whole: bool) -> float:
    new = sum(weights[term] for term in unit.hit.terms - covered)
    lead = 100.0 if whole and unit.section == 0 else 0.0
    return lead + unit.value + PER_COVERAGE * new


def _objection(
    unit: _Unit, chosen: Sequence[_Unit], room: int, gain: float, best_value: float
) -> Reason | None:
    if not chosen:
        return None
    if gain < best_value - SENTENCE_DROP:
        return Reason.LESS_RELEVANT
    for other in chosen:
        if likeness(unit.hit.direction, other.hit.direction) >= NEAR_EQUAL:
            return Reason.REPEATS if agree(unit.hit.text, other.hit.text) else Reason.CONTRADICTS
    if len(chosen) >= MOST_SENTENCES or len(unit.hit.text) > room:
        return Reason.TOO_LONG
    return None


def _led_up(unit: _Unit, units: Sequence[_Unit], chosen: Sequence[_Unit], room: int) -> tuple[_Unit, ...]:
    """The sentence before one that points back at it, where there is room for both."""
    if not unit.place or not unit.hit.text.lower().startswith(_POINTING):
        return ()
    before = next(each for each in units if (each.section, each.place) == (unit.section, unit.place - 1))
    fits = len(before.hit.text) + len(unit.hit.text) <= room and len(chosen) + 1 < MOST_SENTENCES
    return (before,) if fits and before not in chosen else ()


def _is_short(section: SectionHit) -> bool:
    return (
        len(section.sentences) <= MOST_SENTENCES
        and sum(len(sentence.text) for sentence in section.sentences) <= SHORT_SECTION
    )


def _quoted(section: SectionHit, hit: SentenceHit) -> ComposedSentence:
    return ComposedSentence(
        hit.text, section.section_id, section.document_id, section.heading, section.language
    )
