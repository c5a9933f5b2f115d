"""From what visitors showed to estimates, and to whether an experiment is over. Pure.

Decided is the experiment when the interval of ``resolved`` leaves out 0, at 95 % over all looks together. The guardrails share
another 5 %: each of the four ends the experiment when B is worse than A by its own interval.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from bot.experiments.confidence_sequence import DifferenceSequence, Interval
from bot.experiments.splitting import Arm
from bot.experiments.visitors import Shown
from bot.releases.comparisons import DECIDED, GUARDED

ALPHA = 0.05
RESOLVED = "resolved"
METRICS: Mapping[str, Callable[[Shown], float]] = {
    RESOLVED: lambda shown: float(not (shown.handed_off or shown.voted_down)),
    "handoffs": lambda shown: float(shown.handed_off),
    "thumbs_down": lambda shown: float(shown.voted_down),
    "slow_replies": lambda shown: shown.slow / max(1, shown.replies),
    "wrong_language": lambda shown: shown.wrong_language / max(1, shown.replies),
}
"""Of a visitor, each between 0 and 1. Those after the first are guardrails: more is worse."""

GUARDRAILS = tuple(name for name in METRICS if name != RESOLVED)


@dataclass(frozen=True)
class Estimate:
    """One metric: the means of the arms, and B less A with its interval."""

    metric: str
    mean_a: float | None
    mean_b: float | None
    difference: Interval
    alpha: float


@dataclass(frozen=True)
class Verdict:
    """Why the experiment is over."""

    kind: str
    reason: str


@dataclass(frozen=True)
class Judged:
    visitors_a: int
    visitors_b: int
    estimates: tuple[Estimate, ...]
    verdict: Verdict | None


def judge(shown: Sequence[Shown], *, share: float) -> Judged:
    """`shown` in the order in which the visitors came; `share` is that of B."""
    estimates = tuple(_estimate(metric, shown, share) for metric in METRICS)
    in_b = sum(each.arm is Arm.B for each in shown)
    return Judged(len(shown) - in_b, in_b, estimates, _verdict(estimates))


def _estimate(metric: str, shown: Sequence[Shown], share: float) -> Estimate:
    sequence = DifferenceSequence(share)
    for each in shown:
        sequence.add(METRICS[metric](each), in_b=each.arm is Arm.B)
    # A guardrail looks one way, so its one-sided share of ALPHA is half of a two-sided interval's.
    alpha = ALPHA if metric == RESOLVED else 2 * ALPHA / len(GUARDRAILS)
    return Estimate(metric, sequence.a.mean, sequence.b.mean, sequence.interval(alpha=alpha), alpha)


def _verdict(estimates: Sequence[Estimate]) -> Verdict | None:
    """A guardrail comes before a decision: what is resolved more often may still be too slow."""
    for estimate in estimates:
        if estimate.metric in GUARDRAILS and estimate.difference.lower > 0:
            return Verdict(GUARDED, f"B has more {estimate.metric} than A: {_told(estimate.difference)}")
    resolved = next(estimate.difference for estimate in estimates if estimate.metric == RESOLVED)
    if resolved.lower > 0:
        return Verdict(DECIDED, f"B resolves more than A: {_told(resolved)}")
    if resolved.upper < 0:
        return Verdict(DECIDED, f"A resolves more than B: {_told(resolved)}")
    return None


def _told(interval: Interval) -> str:
    return f"{interval.estimate:+.3f} ({interval.lower:+.3f} to {interval.upper:+.3f})"
