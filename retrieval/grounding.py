"""Checks a text, sentence by sentence, against the sentences it was made from.

What stays says what one source sentence says, or two that follow each other; everything else is cut, with the reason. The
check is about saying no more, no less and nothing else, so it is meant to be too strict: a cut costs a nicer wording,
and there always is the text of the sources themselves.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from retrieval.encoder import Encoder
from retrieval.grounding_clauses import Clause, read_clauses, read_source, split_sentences
from retrieval.grounding_hazards import has_markup, speaks_to_a_model, take_citations, without_list_marks
from retrieval.grounding_matching import Reason, Source, match_sentence
from retrieval.normalize import fold, normalize

LEAST_SIMILARITY = 0.5
"""Cosine below which a sentence is not taken to say what its source says; see `docs/phrasing.md`."""

LEAST_SUPPORTED = 0.5
"""Share of a text's sentences that has to stand."""

LEAST_SAID = 0.8
"""Share of the sources, in letters, that a text has to say still: a reply's confidence is that of all its sentences."""

_QUOTES = tuple('"“”')
MOST_SENTENCES = 40
LONGEST_SENTENCE = 600

_REFERS_BACK = re.compile(
    r"(?:it|its|this|that|they|their|these|those|he|she|such|both|the same|here|there|then|instead|otherwise|so|therefore|thus)\b"
    r"|其|它|这|该|此|那|上述|同样|因此|所以|否则|届时|另一",
    re.IGNORECASE,
)
_TAKES_BACK = re.compile(
    r"(?:but|however|except|exceptions?|only|this (?:does|is|applies)|these (?:do|are|apply)|that (?:does|is)|it (?:does|is) not|not|unless|otherwise|excluded|please note|note)\b"
    r"|但|不过|然而|除外|除|仅|只|以上|上述|否则|注意|请注意|此(?:优惠|政策|规定|服务)|该(?:优惠|政策|规定|服务)|不适用|不包括",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class SourceSentence:
    """`number` is what the sentence is called by; sentences of one `section` come in its order."""

    number: int
    text: str
    section: str = ""


@dataclass(frozen=True, slots=True)
class Supported:
    text: str
    sources: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Cut:
    text: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class Grounded:
    """`said` is the share of the sources' letters that the supported sentences say."""

    sentences: tuple[Supported, ...]
    cut: tuple[Cut, ...]
    said: float

    @property
    def is_enough(self) -> bool:
        count = len(self.sentences) + len(self.cut)
        return len(self.sentences) >= LEAST_SUPPORTED * count and self.said >= LEAST_SAID


@dataclass(frozen=True, slots=True)
class _Found:
    """A sentence with the places of its sources among those given, and the clauses used of each."""

    text: str
    places: tuple[int, ...]
    clauses: frozenset[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class _Unit:
    """Sources that a sentence may consist of; `origin` has the place and the number of each clause."""

    source: Source
    origin: Sequence[tuple[int, int]]


def usable_sources(sources: Sequence[SourceSentence]) -> list[SourceSentence]:
    """Those that a language model may be shown: what speaks to a model supports nothing."""
    return [source for source in sources if not speaks_to_a_model(source.text)]


def check_text(
    text: str,
    sources: Sequence[SourceSentence],
    *,
    encoder: Encoder,
    least_similarity: float = LEAST_SIMILARITY,
) -> Grounded:
    """The sentences of `text` that the sources support, in their order, and those that are cut."""
    read = [() if speaks_to_a_model(source.text) else read_source(source.text) for source in sources]
    units, numbers = _units(sources, read), {source.number for source in sources}
    found: list[_Found | Cut] = []
    for line in text.splitlines():
        for sentence in split_sentences(without_list_marks(line)):
            if len(found) < MOST_SENTENCES:
                found.append(_check(sentence, units, numbers))
    found = _only_similar(found, sources, encoder, least_similarity)
    found = _only_in_context(found, sources, read)
    kept = [each for each in found if isinstance(each, _Found)]
    supported = tuple(
        Supported(each.text, tuple(sources[place].number for place in each.places)) for each in kept
    )
    return Grounded(
        supported, tuple(each for each in found if isinstance(each, Cut)), _share_said(kept, read)
    )


def _check(written: str, units: Sequence[_Unit], numbers: set[int]) -> _Found | Cut:
    sentence, cited = take_citations(written)
    if sentence[:1] in _QUOTES and sentence[-1:] in _QUOTES:  # as it stood in the prompt
        sentence = sentence[1:-1].strip()
    reason = _objection(sentence, cited, numbers)
    if reason is not None:
        return Cut(written, reason)
    said = read_clauses(normalize(sentence))
    if all(clause.is_empty for clause in said):
        return Cut(written, Reason.WORDS)
    nearest, reason = -1.0, Reason.WORDS
    for unit in units:
        match = match_sentence(said, unit.source)
        if match.reason is None:
            used = frozenset(unit.origin[number] for number in match.clauses)
            return _Found(_as_written(sentence), tuple(sorted({place for place, _ in used})), used)
        likeness = _likeness(said, unit.source.clauses)
        if likeness > nearest:
            nearest, reason = likeness, match.reason
    return Cut(written, reason)


def _objection(sentence: str, cited: Sequence[int], numbers: set[int]) -> Reason | None:
    """What speaks against a sentence whatever the sources say."""
    if len(sentence) > LONGEST_SENTENCE:
        return Reason.LENGTH
    if has_markup(sentence):
        return Reason.MARKUP
    if set(cited) - numbers:
        return Reason.CITATION
    return Reason.INSTRUCTION if speaks_to_a_model(sentence) else None


_FULL_WIDTH = str.maketrans("，！？：；（）", ",!?:;()")


def _as_written(sentence: str) -> str:
    """Normalised, but with the punctuation of Chinese."""
    plain, written = normalize(sentence), " ".join(sentence.split())
    return written if written.translate(_FULL_WIDTH) == plain else plain


def _units(sources: Sequence[SourceSentence], read: Sequence[Sequence[Clause]]) -> list[_Unit]:
    """Single sources, then two of a section that follow each other."""
    single: list[tuple[int, ...]] = [(place,) for place in range(len(read)) if read[place]]
    pairs = [
        (place, place + 1)
        for place in range(len(read) - 1)
        if read[place] and read[place + 1] and sources[place].section == sources[place + 1].section
    ]
    return [
        _Unit(
            Source.of([read[place] for place in places]),
            [(place, number) for place in places for number in range(len(read[place]))],
        )
        for places in (*single, *pairs)
    ]


def _likeness(said: Sequence[Clause], source: Sequence[Clause]) -> float:
    here = Counter(token.value for clause in said for token in clause.tokens)
    there = Counter(token.value for clause in source for token in clause.tokens)
    return 2 * (here & there).total() / max(here.total() + there.total(), 1)


def _only_similar(
    found: Sequence[_Found | Cut], sources: Sequence[SourceSentence], encoder: Encoder, least: float
) -> list[_Found | Cut]:
    """The encoder has the last word: what reads otherwise as a whole is cut, though its parts are there."""
    kept = [each for each in found if isinstance(each, _Found)]
    if not kept:
        return list(found)
    origins = [" ".join(sources[place].text for place in each.places) for each in kept]
    rows = encoder.encode_passages([*(each.text for each in kept), *origins])  # (2n, d)
    similarities = iter(np.sum(rows[: len(kept)] * rows[len(kept) :], axis=1))  # (n,)
    return [
        Cut(each.text, Reason.SIMILARITY) if isinstance(each, _Found) and next(similarities) < least else each
        for each in found
    ]


def _only_in_context(
    found: Sequence[_Found | Cut], sources: Sequence[SourceSentence], read: Sequence[Sequence[Clause]]
) -> list[_Found | Cut]:
    """Cuts what is repeated, what refers back to something else than in its source, and what a cut sentence takes back."""
    checked: list[_Found | Cut] = []
    before: set[tuple[int, int]] = set()
    used: set[tuple[int, int]] = set()
    for each in found:
        if isinstance(each, _Found):
            first = each.places[0]
            refers = _REFERS_BACK.match(sources[first].text.strip()) is not None and not (
                first == 0
                or sources[first].section != sources[first - 1].section
                or (first - 1, len(read[first - 1]) - 1) in before
            )
            if refers or each.clauses & used:
                each = Cut(each.text, Reason.CONTEXT if refers else Reason.REPEATED)
            else:
                used |= each.clauses
                before = set(each.clauses)
        checked.append(each)
    said = {place for place, _ in used}
    return [
        Cut(each.text, Reason.CONTEXT)
        if isinstance(each, _Found) and _is_taken_back(each, said, sources)
        else each
        for each in checked
    ]


def _is_taken_back(found: _Found, said: set[int], sources: Sequence[SourceSentence]) -> bool:
    following = found.places[-1] + 1
    if following in said or following >= len(sources):
        return False
    if sources[following].section != sources[following - 1].section:
        return False
    return _TAKES_BACK.match(sources[following].text.strip()) is not None


def _share_said(kept: Sequence[_Found], read: Sequence[Sequence[Clause]]) -> float:
    used = {key for each in kept for key in each.clauses}
    lengths = {
        (place, number): len(fold(clause.text))
        for place, clauses in enumerate(read)
        for number, clause in enumerate(clauses)
    }
    return sum(lengths[key] for key in used) / max(sum(lengths.values()), 1)
