"""Cut-offs that keep a promised error, from examples whose outcome is known.

"Learn then test" (Angelopoulos, Bates, Candès, Jordan, Lei 2021, arXiv:2110.01052): every cut-off of a
falling sequence is a hypothesis "of what is answered at this cut-off, more than the tolerated share is
wrong". They are tested one after the other, each at the full level, until one cannot be rejected; the last
rejected one is used. Fixed-sequence testing keeps the probability that any rejection is false below the
level. The test is the exact binomial one (Clopper and Pearson 1934); given the confidences, outcomes
are independent draws with differing probabilities, for which it is conservative (Hoeffding 1956). Questions of one left-out
answer are not quite independent: where 20 answers of 25 questions differ strongly from each other in how easily they are mistaken, a
synthetic certificate at 5 % was broken in 10 to 21 % of 600 draws, though by little (true errors up to 11.5 % where 10 are tolerated); with 77 answers
of 10 questions in 4 to 6 %. See also Bates, Angelopoulos, Lei, Malik, Jordan 2021, "Distribution-free, risk-controlling prediction sets", arXiv:2101.02703.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, lgamma, log, log1p
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from retrieval.confidence_model import Cutoffs

Floats: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]

LEVEL = 0.05  # chance that the promise is broken by an unlucky sample
# Sequences begin where the confidences themselves expect these parts of the tolerated error, each at its
# share of LEVEL: the first suits confidences that are too high, the second ones that are true or too low.
STARTS = (0.3, 0.6)
STEPS = 50
# Uncertified cut-offs lie where the confidences expect this part of the tolerated error. On 24 mock companies (training and validation
# rows of BANKING77, CLINC150, MASSIVE zh-CN, and MultiDoGO's insurance and media; half of the messages unknown, share given, 10 % tolerated)
# parts of 0.5, 0.8 and 1 answered 18.7, 23.4 and 25.1 % of 26.8 % possible; 7.3, 9.5 and 9.9 % of these were wrong in the mean, and more
# than 12 % in 4, 6 and 6 companies.
CAUTION = 0.8
# The right answer should be among the choices at least so often, for a question back to be worth the trouble.
LEAST_COVERAGE = 0.6
# ... and no single question back goes out whose choices hold it with a smaller chance: many good ones must not pay for it.
LEAST_CHANCE = 0.4
# Messages drawn from traffic below which half of LEVEL is not worth giving to them: with 53 of them half of BANKING77's training rows
# were answered to 53 instead of 63 %, with 106 to 76 instead of 71, with 212 to 89 instead of 82 (docs/recipe.md).
LEAST_DRAWN = 100
LEAST_CHOICES = 20  # unanswered examples below which that cannot be told
CLARIFY_AT = 0.5
NEVER = 1.0


@dataclass(frozen=True, slots=True)
class Judged:
    """Examples with the confidence that a model fitted without them gave; all (n,).

    Attributes:
        confidence, right: of the best candidate, and whether it is right.
        choices, among: confidence of the choices worth offering together, and whether one of them is right.
    """

    confidence: Floats
    right: Flags
    choices: Floats
    among: Flags

    @classmethod
    def blank(cls, count: int) -> Judged:
        return cls(np.zeros(count), np.zeros(count, bool), np.zeros(count), np.zeros(count, bool))

    def only(self, rows: Flags) -> Judged:
        return Judged(self.confidence[rows], self.right[rows], self.choices[rows], self.among[rows])


def choose_cutoffs(
    judged: Judged, *, target_error: float, basis: str, drawn: Judged | None = None
) -> Cutoffs:
    """Cut-offs for one language or all; `basis` is what a certified one is called.

    `drawn` are messages drawn at random from traffic, as hard as what comes. What a person chose to label is usually harder, so that
    its cut-off keeps the promise with room to spare. Where there are LEAST_DRAWN drawn ones, the lower of the two certified
    cut-offs holds, each certified at half of LEVEL, unless more than the tolerated error is seen among the drawn ones.
    """
    samples = [judged] if drawn is None or len(drawn.right) < LEAST_DRAWN else [judged, drawn]
    certified = (
        certified_cutoff(each.confidence, each.right, target_error=target_error, level=LEVEL / len(samples))
        for each in samples
    )
    kept = [
        cutoff
        for cutoff in certified
        if cutoff is not None and (len(samples) == 1 or _error_at(cutoff, samples[-1]) <= target_error)
    ]
    answer_at = min(kept, default=None)
    if answer_at is None:
        likely = samples[-1]
        answer_at, basis = expected_cutoff(likely.confidence, likely.right, target_error), "expected"
    if answer_at is None:
        answer_at, basis = NEVER, "unreachable"
    clarify_at, coverage = _clarifying(judged.only(judged.confidence < answer_at))
    return Cutoffs(answer_at, min(clarify_at, answer_at), coverage, basis, len(judged.right))


def _error_at(cutoff: float, judged: Judged) -> float:
    answered = judged.confidence >= cutoff
    return float((answered & ~judged.right).sum() / max(int(answered.sum()), 1))


def expected_cutoff(confidences: Floats, right: Flags, target_error: float) -> float | None:
    """The lowest cut-off at which CAUTION of the tolerated error is expected and no more than all of it was seen."""
    order = np.argsort(-confidences, kind="stable")
    ranked, counts = confidences[order], np.arange(1, len(order) + 1)
    expected = np.cumsum(1.0 - ranked) / counts
    seen = np.cumsum(~right[order]) / counts
    ends = _distinct_ends(ranked)
    fit = ends[(expected[ends] <= CAUTION * target_error) & (seen[ends] <= target_error)]
    return float(ranked[fit[-1]]) if len(fit) else None


def _clarifying(unanswered: Judged) -> tuple[float, float]:
    """The lowest sum of confidences, LEAST_CHANCE or more, at which choices hold the right answer often enough, and how often."""
    if len(unanswered.choices) < LEAST_CHOICES:
        return CLARIFY_AT, CLARIFY_AT
    order = np.argsort(-unanswered.choices, kind="stable")
    ranked = unanswered.choices[order]
    coverage = np.cumsum(unanswered.among[order]) / np.arange(1, len(order) + 1)
    ends = _distinct_ends(ranked)
    fit = ends[
        (coverage[ends] >= LEAST_COVERAGE) & (ranked[ends] >= LEAST_CHANCE) & (ends + 1 >= LEAST_CHOICES)
    ]
    if not len(fit):
        return NEVER, 0.0
    return float(ranked[fit[-1]]), float(coverage[fit[-1]])


def binomial_tail(errors: int, count: int, share: float) -> float:
    """P(X <= errors) for X ~ Binomial(count, share), exactly."""
    if errors >= count:
        return 1.0
    if share <= 0.0:
        return 1.0
    if share >= 1.0:
        return 0.0
    logs = [
        lgamma(count + 1)
        - lgamma(k + 1)
        - lgamma(count - k + 1)
        + k * log(share)
        + (count - k) * log1p(-share)
        for k in range(errors + 1)
    ]
    top = max(logs)
    return min(1.0, exp(top) * sum(exp(value - top) for value in logs))


def error_bound(errors: int, count: int, *, level: float = LEVEL) -> float:
    """Clopper-Pearson upper bound: the share of errors that exceeds it does so with probability <= level."""
    if errors >= count:
        return 1.0
    low, high = errors / count, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if binomial_tail(errors, count, middle) > level:
            low = middle
        else:
            high = middle
    return high


def certified_cutoff(
    confidences: NDArray[np.float64],
    right: NDArray[np.bool_],
    *,
    target_error: float,
    level: float = LEVEL,
) -> float | None:
    """The lowest certified cut-off: answering at confidence >= it errs in at most `target_error` of the answers.

    Args:
        confidences: (n,) of the best candidate, from a model that was not fitted on the same rows.
        right: (n,) whether that candidate is right.

    Returns:
        None when no cut-off can be certified with so few (or so wrong) examples.
    """
    order = np.argsort(-confidences, kind="stable")
    ranked = confidences[order]
    errors = np.cumsum(~right[order])
    ends = _distinct_ends(ranked)  # prefixes that a cut-off can produce
    expected = np.cumsum(1.0 - ranked) / np.arange(1, len(ranked) + 1)
    best: int | None = None
    for part in STARTS:
        begin = int(np.searchsorted(expected, part * target_error, side="right"))
        for end in _sequence(ends, begin):
            if binomial_tail(int(errors[end]), end + 1, target_error) > level / len(STARTS):
                break
            best = end if best is None else max(best, end)
    return None if best is None else float(ranked[best])


def _distinct_ends(ranked: NDArray[np.float64]) -> NDArray[np.intp]:
    """Last index of every run of equal values."""
    if not len(ranked):
        return np.empty(0, np.intp)
    return np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)


def _sequence(ends: NDArray[np.intp], begin: int) -> list[int]:
    """At most STEPS prefixes, the first with `begin` rows or more."""
    later = ends[ends + 1 >= max(begin, 1)]
    if len(later) > STEPS:
        later = later[np.linspace(0, len(later) - 1, STEPS).astype(np.intp)]
    return [int(end) for end in later]
