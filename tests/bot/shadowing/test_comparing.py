"""Each way in which two decisions can differ has its name."""

import pytest

from bot.shadowing.comparing import KINDS, Decided, difference

A, B = Decided("answered", "ans_1"), Decided("answered", "ans_2")
ASKS = Decided("clarified", None, frozenset({"ans_1", "ans_2"}))
ASKS_OTHERWISE = Decided("clarified", None, frozenset({"ans_1", "ans_3"}))
PASSES_ON = Decided("handed_off", None)


@pytest.mark.parametrize(
    ("was", "would", "kind"),
    [
        (A, A, "same"),
        (ASKS, ASKS, "same"),
        (PASSES_ON, PASSES_ON, "same"),
        (A, B, "other_answer"),
        (ASKS, ASKS_OTHERWISE, "other_choices"),
        (PASSES_ON, A, "handed_off_to_answered"),
        (A, PASSES_ON, "answered_to_handed_off"),
        (ASKS, A, "clarified_to_answered"),
    ],
)
def test_difference_is_named(was: Decided, would: Decided, kind: str) -> None:
    assert difference(was, would) == kind
    assert kind in KINDS
