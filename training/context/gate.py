"""The gate between a message and its context: fitted on the pairs for choosing, measured on those held out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from retrieval.candidates import Retrieved
from retrieval.context import FOLLOW_UP as RESOLVED
from retrieval.context import GATE, RESOLVE_AT, InContext, chance_of_leaning
from retrieval.decision import Outcome
from retrieval.engine import Engine
from retrieval.logistic import fit_logistic, sigmoid
from training.context.pairs import FOLLOW_UP, STAND_ALONE, Answers, BothWays
from training.context.untaught import FIRSTS, UNTAUGHT
from training.splits import share_of

SPREAD = 1.0
"""Standard deviation of the prior of each weight."""
NO_MATTER = 0.3
"""How much a pair counts for which both searches find the same answer."""
COUNTS = {FOLLOW_UP: 1.0, STAND_ALONE: 1.0, UNTAUGHT: 1 / FIRSTS}
"""How much a pair of a kind counts."""
MOST_WORSE = {STAND_ALONE: 0.01, UNTAUGHT: 0.02}
"""Share that context may make worse. Untaught questions are harder: the plain search finds seven in ten."""
FOLDS = 5
TRIED = (0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.88, 0.9, 0.92, 0.94, 0.96)


@dataclass(frozen=True, slots=True)
class Figures:
    """Of pairs of one kind and language.

    Attributes:
        right, right_alone: shares whose best answer is right as served, and without context.
        worse: share that is right without context and wrong as served.
        resolved: share that was read in context.
        answered, wrong: of those read in context, the share answered, and the share of wrong among these.
    """

    pairs: int
    right: float
    right_alone: float
    worse: float
    resolved: float
    answered: float
    wrong: float


def fit_gate(asked: Sequence[BothWays], answers: Answers) -> tuple[dict[str, float], float]:
    """Weights, and the lowest of TRIED from which at most MOST_WORSE of the questions that stand alone are worse, cross-fitted."""
    rows = [each for each in asked if each.features is not None]
    table = np.array([[each.features[name] for name in GATE] for each in rows if each.features])
    leans = np.array([float(each.pair.kind == FOLLOW_UP) for each in rows])
    differs = [answers.best(each.plain) != answers.best(each.leaning) for each in rows]
    weights = np.where(differs, 1.0, NO_MATTER) * [COUNTS[each.pair.kind] for each in rows]

    def fitted(chosen: NDArray[np.bool_]) -> NDArray[np.float64]:
        zero, spread = np.zeros(len(GATE)), np.full(len(GATE), SPREAD)
        return fit_logistic(
            table[chosen], leans[chosen], weights=weights[chosen], prior_mean=zero, prior_deviation=spread
        )

    folds = np.array([int(FOLDS * share_of(each.pair.answer_key, salt="fold")) for each in rows])
    chances = np.zeros(len(rows))
    for fold in range(FOLDS):
        chances[folds == fold] = sigmoid(table[folds == fold] @ fitted(folds != fold))
    found = dict(zip(GATE, fitted(folds >= 0).round(2).tolist(), strict=True))
    return found, _threshold(asked, rows, chances, answers)


def _threshold(
    asked: Sequence[BothWays], rows: Sequence[BothWays], chances: NDArray[np.float64], answers: Answers
) -> float:
    count = Counter(each.pair.kind for each in asked)
    harmed = [
        (each.pair.kind, chance)
        for each, chance in zip(rows, chances.tolist(), strict=True)
        if _is_worse(each, answers)
    ]

    def keeps(at: float) -> bool:
        worse = Counter(kind for kind, chance in harmed if chance >= at)
        return all(worse[kind] <= most * count[kind] for kind, most in MOST_WORSE.items())

    return next((at for at in TRIED if keeps(at)), TRIED[-1])


def _is_worse(each: BothWays, answers: Answers) -> bool:
    key = each.pair.answer_key
    return answers.best(each.plain) == key != answers.best(each.leaning)


def figures(engine: Engine, asked: Sequence[BothWays], answers: Answers) -> Figures:
    """By the gate that serves."""
    leaning = [each.features is not None and chance_of_leaning(each.features) >= RESOLVE_AT for each in asked]
    served = [each.leaning if leans else each.plain for each, leans in zip(asked, leaning, strict=True)]
    right = [answers.best(found) == each.pair.answer_key for found, each in zip(served, asked, strict=True)]
    alone = [answers.best(each.plain) == each.pair.answer_key for each in asked]
    answered = [
        good
        for each, found, leans, good in zip(asked, served, leaning, right, strict=True)
        if leans and engine.decide(_told(each, found), asks_for_person=False).outcome is Outcome.ANSWERED
    ]
    count, resolved = max(len(asked), 1), max(sum(leaning), 1)
    return Figures(
        pairs=len(asked),
        right=sum(right) / count,
        right_alone=sum(alone) / count,
        worse=sum(before and not now for before, now in zip(alone, right, strict=True)) / count,
        resolved=sum(leaning) / count,
        answered=len(answered) / resolved,
        wrong=1 - sum(answered) / len(answered) if answered else 0.0,
    )


def _told(each: BothWays, found: Retrieved) -> Retrieved:
    assert each.features is not None, "only what the gate has weighed is read in context"
    told = InContext(RESOLVED, (each.pair.first,), chance_of_leaning(each.features))
    return replace(found, context=told)
