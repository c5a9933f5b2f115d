"""From what people said about one utterance to what may be learnt from it. Pure: no database, no clock.

Service (``bot.feedback``) and simulation (``training.simulation``) judge by these very rules.

Strongest first: an operator's label · an agent's reply that an operator accepted · what visitors chose among the answers
offered · what several independent visitors agree on. The first two decide by themselves. What visitors say is counted in
**voices** and never decides by itself: even an eligible verdict only ranks the review queue, unless the operator has
turned ``KEFU_FEEDBACK__LEARN_FROM_VISITORS`` on. docs/decisions/0014 has the reasons and the constants' sources.

What no crowd can buy: a visitor has one voice an utterance (the newest), a network block at most one on each side, and
thumbs altogether ``VOTES_CAP``. Discounts (bursts, low exposure) only ever lessen support, never dissent, so that
whatever new visitors of one block add, support rises by at most one voice and dissent never falls.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, StrEnum

from retrieval.label_sources import LabelSource

CHOICE_WEIGHT, VOTE_WEIGHT = 1.0, 0.5
"""A choice names one answer among several that were read; a thumb says "fine" or "not fine" about a text."""
VOTES_CAP = 1.5
"""Of all thumbs-up on one answer: below both sums that are needed, so thumbs alone are never enough."""
CHOICES_NEEDED = 3.0
"""Three independent visitors who pick at random among three choices agree in 1 case of 9."""
AGREEMENT_NEEDED, AGREEING_BLOCKS = 3.5, 4
"""Such as two choices and three thumbs-up."""
MARGIN = 2.0
"""Voices in favour less those against: one block that lies costs at most two (one more, one fewer)."""
BURST_WINDOW = timedelta(minutes=10)
BURST_SIZE = 5
"""More voices about one answer within the window count together as one."""
EXPOSURE_NEEDED = 10
"""Visitors who saw the answer: below, a share is known to ±0.3 at best (Wilson interval, 95 %, n = 10)."""
NEIGHBOUR_MAJORITY = 0.5
"""Share of the nearest questions' weight from which they overrule (Paudice et al. 2018, arXiv:1803.00992: η from 0.5 on)."""
SHARE_OF_ANSWER = 0.2
"""Visitors' labels beside an answer's other questions: if all of them lied, a sixth of its labels would be wrong."""
OLDEST_VOICE = timedelta(days=90)


class Trust(Enum):
    """How far a label can be relied on, with its weight in training (``training.label_weights`` has the same)."""

    OPERATOR = (LabelSource.OPERATOR, 1.0)
    AGENT_REPLY = (LabelSource.AGENT_REPLY, 0.9)
    VISITOR_CHOICE = (LabelSource.VISITOR_CHOICE, 0.7)
    AGREEMENT = (LabelSource.VISITOR_AGREEMENT, 0.5)

    def __init__(self, source: LabelSource, weight: float) -> None:
        self.source = source
        self.weight = weight


class Flag(StrEnum):
    NEIGHBOURS_DISAGREE = "neighbours_disagree"
    BURST = "burst"
    LOW_EXPOSURE = "low_exposure"
    CONTESTED = "contested"


class Kind(StrEnum):
    CHOICE = "choice"
    UP = "up"
    DOWN = "down"


@dataclass(frozen=True)
class Voice:
    """What one visitor said: that an answer is right for the utterance, or (thumbs down) that it is not.

    ``visitor`` is who said it, ``block`` the keyed hash of their network; without one they share one with all others
    that have none. ``crowd`` is how many voices about the same answer came within ``BURST_WINDOW`` of it, on any
    utterance, itself included (``crowds``).
    """

    id: str
    kind: Kind
    answer_id: str
    visitor: str
    block: str | None
    at: datetime
    crowd: int = 1


@dataclass(frozen=True)
class Decided:
    """A label that a person with a key gave or accepted; without an answer it says out of scope."""

    id: str
    trust: Trust
    answer_id: str | None
    at: datetime


@dataclass(frozen=True)
class Surroundings:
    """What else is known: visitors who saw each answer, and each answer's share of the nearest approved questions."""

    shown_to: Mapping[str, int]
    neighbours: Mapping[str, float]


@dataclass(frozen=True)
class Weighed:
    """The verdict on one utterance. ``answer_id`` is None for out of scope, and where nobody favours anything.

    ``eligible`` means that it may become a label: at once from an operator, with the setting on from visitors.
    """

    answer_id: str | None
    trust: Trust | None
    eligible: bool
    support: float
    dissent: float
    independent: int
    flags: frozenset[Flag]

    @property
    def weight(self) -> float:
        return self.trust.weight if self.trust and self.eligible else 0.0


NOTHING_SAID = Weighed(None, None, False, 0.0, 0.0, 0, frozenset())


def weigh(voices: Collection[Voice], decided: Collection[Decided], around: Surroundings) -> Weighed:
    """The newest of the strongest labels decides; without one, the answer that visitors favour most is weighed."""
    if decided:
        strongest = list(Trust)[min(list(Trust).index(label.trust) for label in decided)]
        label = max((d for d in decided if d.trust is strongest), key=lambda d: (d.at, d.id))
        return Weighed(label.answer_id, strongest, True, 0.0, 0.0, 0, frozenset())
    heard = one_voice_each(voices)
    favoured = sorted({voice.answer_id for voice in heard if voice.kind is not Kind.DOWN})
    weighed = [weigh_answer(answer_id, heard, around) for answer_id in favoured]
    return max(weighed, key=lambda w: (w.support - w.dissent, w.answer_id), default=NOTHING_SAID)


def one_voice_each(voices: Collection[Voice]) -> list[Voice]:
    """The newest voice of each visitor, in an order that does not depend on the one given."""
    newest: dict[str, Voice] = {}
    for voice in sorted(voices, key=lambda v: (v.at, v.id)):
        newest[voice.visitor] = voice
    return sorted(newest.values(), key=lambda v: v.id)


def crowds(times: Sequence[datetime]) -> list[int]:
    """For each of the voices about one answer, how many came within the window before or after it."""
    order = sorted(range(len(times)), key=lambda i: times[i])
    counts = [0] * len(times)
    first = last = 0
    for i in order:
        while times[i] - times[order[first]] > BURST_WINDOW:
            first += 1
        while last < len(order) and times[order[last]] - times[i] <= BURST_WINDOW:
            last += 1
        counts[i] = last - first
    return counts


def within_share(wanted: Mapping[str, int], questions: Mapping[str, int]) -> dict[str, int]:
    """How many visitors' labels each answer may take, by answer: ``SHARE_OF_ANSWER`` of its other questions, at least one."""
    return {
        answer_id: min(count, max(1, int(SHARE_OF_ANSWER * questions.get(answer_id, 0))))
        for answer_id, count in wanted.items()
    }


def weigh_answer(answer_id: str, heard: Sequence[Voice], around: Surroundings) -> Weighed:
    choices = [v for v in heard if v.kind is Kind.CHOICE and v.answer_id == answer_id]
    ups = [v for v in heard if v.kind is Kind.UP and v.answer_id == answer_id]
    against = [v for v in heard if (v.kind is Kind.DOWN) == (v.answer_id == answer_id)]
    exposure = min(1.0, around.shown_to.get(answer_id, 0) / EXPOSURE_NEEDED)
    chosen = _best_key(choices, []) * exposure
    support = _best_key(choices, ups) * exposure
    dissent = float(len({voice.block for voice in against}))
    independent = _independent([*choices, *ups])
    flags = _flags(answer_id, [*choices, *ups], dissent, exposure, around)
    return Weighed(
        answer_id=answer_id,
        trust=(trust := _trust(chosen, support, dissent, independent)),
        eligible=trust is not None and Flag.NEIGHBOURS_DISAGREE not in flags,
        support=round(support, 6),
        dissent=dissent,
        independent=independent,
        flags=flags,
    )


def _trust(chosen: float, support: float, dissent: float, independent: int) -> Trust | None:
    if chosen >= CHOICES_NEEDED and chosen - dissent >= MARGIN and independent >= CHOICES_NEEDED:
        return Trust.VISITOR_CHOICE
    if support >= AGREEMENT_NEEDED and support - dissent >= MARGIN and independent >= AGREEING_BLOCKS:
        return Trust.AGREEMENT
    return None


def _best_key(choices: Sequence[Voice], ups: Sequence[Voice]) -> float:
    """Voices in favour, each block's best one; blocks hashed with different keys may be the same, so only one key's count."""
    keys = {_key(voice) for voice in [*choices, *ups]}
    return max((_of_key(choices, ups, key) for key in sorted(keys)), default=0.0)


def _of_key(choices: Sequence[Voice], ups: Sequence[Voice], key: str) -> float:
    chosen = _by_block(choices, CHOICE_WEIGHT, key)
    voted = _by_block(ups, VOTE_WEIGHT, key)
    beyond = {block: weight for block, weight in voted.items() if block not in chosen}
    return sum(sorted(chosen.values())) + min(VOTES_CAP, sum(sorted(beyond.values())))


def _by_block(voices: Sequence[Voice], weight: float, key: str) -> dict[str, float]:
    best: dict[str, float] = {}
    for voice in voices:
        if _key(voice) == key:
            block = voice.block or ""
            best[block] = max(best.get(block, 0.0), weight * _calm(voice))
    return best


def _calm(voice: Voice) -> float:
    return 1.0 if voice.crowd <= BURST_SIZE else 1.0 / voice.crowd


def _independent(voices: Sequence[Voice]) -> int:
    """Different visitors in different blocks: as every visitor has one voice, the blocks of the best key."""
    blocks: dict[str, set[str]] = {}
    for voice in voices:
        blocks.setdefault(_key(voice), set()).add(voice.block or "")
    return max((len(found) for found in blocks.values()), default=0)


def key_of(hashed: str) -> str:
    """Names the key of a block's hash, such as ``229-1f00a7``; only hashes of one key can be compared."""
    return hashed.partition(".")[0]


def _key(voice: Voice) -> str:
    return key_of(voice.block or "")


def _flags(
    answer_id: str, voices: Sequence[Voice], dissent: float, exposure: float, around: Surroundings
) -> frozenset[Flag]:
    raised = {
        Flag.NEIGHBOURS_DISAGREE: any(
            share > NEIGHBOUR_MAJORITY for other, share in around.neighbours.items() if other != answer_id
        ),
        Flag.BURST: any(voice.crowd > BURST_SIZE for voice in voices),
        Flag.LOW_EXPOSURE: exposure < 1.0,
        Flag.CONTESTED: dissent > 0,
    }
    return frozenset(flag for flag, up in raised.items() if up)
