"""What a visitor showed becomes numbers between 0 and 1, and numbers become an end."""

from datetime import UTC, datetime

import pytest

from bot.experiments.judging import METRICS, judge
from bot.experiments.splitting import Arm
from bot.experiments.visitors import Shown

AT = datetime(2026, 11, 29, tzinfo=UTC)


def shown(arm: Arm, **more: object) -> Shown:
    return Shown("vis", arm, AT, **{"replies": 2, **more})  # type: ignore[arg-type]  # names of its fields


@pytest.mark.parametrize(
    ("visitor", "numbers"),
    [
        ({}, (1, 0, 0, 0, 0)),
        ({"handed_off": True}, (0, 1, 0, 0, 0)),
        ({"voted_down": True, "slow": 1}, (0, 0, 1, 0.5, 0)),
        ({"wrong_language": 2}, (1, 0, 0, 0, 1)),
    ],
)
def test_visitor_counts_once_in_each_metric(visitor: dict[str, object], numbers: tuple[float, ...]) -> None:
    assert tuple(METRICS[name](shown(Arm.A, **visitor)) for name in METRICS) == numbers


def both(visitors: int, in_a: dict[str, object], in_b: dict[str, object]) -> list[Shown]:
    return [shown(Arm.A, **in_a) if n % 2 else shown(Arm.B, **in_b) for n in range(visitors)]


@pytest.mark.parametrize(
    ("in_a", "in_b", "kind", "reason"),
    [
        ({}, {"handed_off": True}, "guarded", "B has more handoffs than A"),
        ({}, {"voted_down": True}, "guarded", "B has more thumbs_down than A"),
        ({}, {"slow": 2}, "guarded", "B has more slow_replies than A"),
        ({}, {"wrong_language": 2}, "guarded", "B has more wrong_language than A"),
        ({"handed_off": True}, {}, "decided", "B resolves more than A"),
    ],
)
def test_clear_difference_ends_the_experiment_and_says_why(
    in_a: dict[str, object], in_b: dict[str, object], kind: str, reason: str
) -> None:
    judged = judge(both(200, in_a, in_b), share=0.5)
    assert (judged.visitors_a, judged.visitors_b) == (100, 100)
    assert judged.verdict is not None
    assert judged.verdict.kind == kind
    assert judged.verdict.reason.startswith(reason)


def test_equal_arms_and_few_visitors_decide_nothing() -> None:
    assert judge(both(200, {}, {}), share=0.5).verdict is None
    assert judge(both(6, {}, {"handed_off": True}), share=0.5).verdict is None
    assert judge([], share=0.5).verdict is None


def test_guardrails_share_the_error_of_one_decision() -> None:
    alphas = {estimate.metric: estimate.alpha for estimate in judge([], share=0.5).estimates}
    assert alphas == {
        "resolved": 0.05,
        "handoffs": 0.025,
        "thumbs_down": 0.025,
        "slow_replies": 0.025,
        "wrong_language": 0.025,
    }
