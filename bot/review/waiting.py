"""Exchanges grouped into what one decision settles: near-duplicates of one question. Pure."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from bot.feedback.trust import Kind, Weighed, one_voice_each, weigh, weigh_answer
from bot.feedback.voices import Heard
from bot.review.repository import AskedRow
from retrieval.decision import Outcome
from retrieval.near_duplicates import same_question_key
from retrieval.review_ranking import Undecided, doubt

NOTHING: Mapping[str, int] = {}


@dataclass(frozen=True)
class Opinion:
    """What visitors say about an utterance: voices against its reply and for it, and what they favour instead."""

    against: float
    in_favour: float
    weighed: Weighed


@dataclass
class Waiting:
    """One question that nobody has decided about, with all exchanges in which it was asked, the newest last."""

    key: str
    rows: list[AskedRow]
    opinions: list[Opinion] = field(default_factory=list)
    signals: int = 0

    @property
    def newest(self) -> AskedRow:
        return self.rows[-1]

    @property
    def asked(self) -> int:
        """By how many visitors: asking twice is no more traffic to settle."""
        return len({row.visitor for row in self.rows})

    @property
    def is_composed(self) -> bool:
        """Whether the newest reply was put together from sources, which nobody has approved as a whole."""
        return self.newest.outcome == Outcome.COMPOSED

    def undecided(self) -> Undecided:
        newest = self.newest
        confidences = (newest.confidence, newest.second) if newest.confidence else ()
        return Undecided(
            key=self.key,
            asked=self.asked,
            confidences=confidences,
            against=max((opinion.against for opinion in self.opinions), default=0.0),
            in_favour=max((opinion.in_favour for opinion in self.opinions), default=0.0),
            signals=self.signals,
        )


# Most of what is ranked was there the time before.
@lru_cache(maxsize=65_536)
def key_of(utterance: str) -> str:
    """The SHA-256 of the near-duplicate key; "" for a text without letters or digits, about which nobody can decide."""
    key = same_question_key(utterance)
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest() if key else ""


def opinion_on(given: str | None, heard: Heard, shown_to: Mapping[str, int]) -> Opinion:
    """Of a reply that gave an answer: voices against it and for it; else what was chosen speaks against asking back."""
    around = heard.surroundings(shown_to)
    weighed = weigh(heard.voices, heard.decided, around)
    if given is None:
        return Opinion(weighed.support, 0.0, weighed)
    voices = one_voice_each(heard.voices)
    about = weigh_answer(given, voices, around)
    blocks = {voice.block for voice in voices if voice.kind is Kind.DOWN and voice.answer_id == given}
    return Opinion(max(about.dissent, float(len(blocks))), about.support, weighed)


def group(
    rows: Sequence[AskedRow],
    *,
    settled: Collection[str],
    heard: Sequence[Heard] = (),
    shown_to: Mapping[str, int] = NOTHING,
    signals: Mapping[str, int] = NOTHING,
) -> list[Waiting]:
    """What waits, by key; ``settled`` are the keys that do not (decided, or put off)."""
    found: dict[str, Waiting] = {}
    for row in rows:
        key = key_of(row.utterance)
        if key and key not in settled:
            waiting = found.setdefault(key, Waiting(key, []))
            waiting.rows.append(row)
            waiting.signals += signals.get(row.id, 0)
    for each in heard:
        known = found.get(key_of(each.utterance))
        if known is not None:
            known.opinions.append(opinion_on(known.newest.given, each, shown_to))
    return [found[key] for key in sorted(found)]


def by_promise(waiting: Sequence[Waiting]) -> list[Waiting]:
    """Composed replies first, then by traffic and doubt alone, which takes no vectors."""
    return sorted(
        waiting,
        key=lambda each: (not each.is_composed, -each.asked * doubt(each.undecided()), each.key),
    )
