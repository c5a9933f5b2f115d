"""Which of the waiting messages a person labels: what the queue puts first, and what it is compared with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from retrieval.decision import Outcome
from retrieval.review_ranking import Undecided, rank_for_review
from training.simulation.rankings import RankingParts, Waiting, order_by_gain, rank, vectors_of

if TYPE_CHECKING:
    from training.simulation.plan import Row


class Order(StrEnum):
    """`queue` is what the service ranks by; from `margin` on there are simpler ones to compare it with."""

    QUEUE = "queue"
    RANDOM = "random"
    ALL = "all"
    MARGIN = "margin"
    MARGIN_DENSITY = "margin-density"
    MARGIN_DIVERSITY = "margin-diversity"
    MARGIN_BOTH = "margin-both"
    LEAST_CONFIDENCE = "least-confidence"
    ENTROPY = "entropy"


@dataclass(frozen=True, slots=True)
class Asked:
    """A message with what was replied to it.

    Attributes:
        answers, confidences: of the candidates, the best first.
        neighbours: each candidate's share of the nearest questions.
        shown: the answer that was given, or those that were offered.
    """

    row: Row
    waiting: Waiting
    answers: tuple[str, ...]
    confidences: tuple[float, ...]
    neighbours: tuple[float, ...]
    shown: tuple[str, ...]
    outcome: Outcome

    def with_voices(self, support: float, dissent: float) -> Asked:
        return replace(self, waiting=replace(self.waiting, support=support, dissent=dissent))

    @property
    def given(self) -> str | None:
        return self.shown[0] if self.outcome is Outcome.ANSWERED else None


_PARTS = {
    Order.MARGIN_BOTH: RankingParts(),
    Order.MARGIN: RankingParts(density=False, diversity=False),
    Order.MARGIN_DENSITY: RankingParts(diversity=False),
    Order.MARGIN_DIVERSITY: RankingParts(density=False),
}
_ALONE = RankingParts(density=False, diversity=False)


def first_of(
    order: Order, asked: Sequence[Asked], *, budget: int, unrelated: float, random: np.random.Generator
) -> list[Asked]:
    """At most `budget` of those that wait, in the order of labelling; `unrelated` is the cosine of unrelated texts."""
    if order is Order.ALL:
        return list(asked)
    waiting = [each.waiting for each in asked]
    if order is Order.RANDOM:
        places = random.permutation(len(asked)).tolist()
    elif order is Order.QUEUE:
        ranked = rank_for_review(
            [_undecided(each) for each in asked], vectors_of(waiting), unrelated=unrelated, limit=budget
        )
        places = [each.row for each in ranked]
    elif order in _PARTS:
        places = rank(waiting, most=budget, parts=_PARTS[order])
    else:
        places = order_by_gain(_gains(order, asked), vectors_of(waiting), most=budget, parts=_ALONE)
    return [asked[place] for place in places[:budget]]


def _undecided(asked: Asked) -> Undecided:
    waiting = asked.waiting
    return Undecided(
        key=asked.row.message.utterance,
        asked=waiting.asked,
        confidences=asked.confidences[:2],
        against=waiting.dissent,
        in_favour=waiting.support,
    )


def _gains(order: Order, asked: Sequence[Asked]) -> NDArray[np.float64]:
    if order is Order.LEAST_CONFIDENCE:
        return np.array([1.0 - each.waiting.confidence for each in asked])
    return np.array([_entropy(each.confidences) for each in asked])


def _entropy(confidences: Sequence[float]) -> float:
    """In nats, over the candidates and "none of these"."""
    chances = np.array([*confidences, max(0.0, 1.0 - sum(confidences))])
    chances = chances[chances > 0]
    return float(-(chances * np.log(chances)).sum())
