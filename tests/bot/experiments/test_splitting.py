"""Arms are drawn from a hash: sticky, in the wished share, independent from one experiment to the next."""

from datetime import UTC, datetime

import pytest

from bot.experiments.splitting import Arm, Split, position

BEGAN = datetime(2026, 11, 29, tzinfo=UTC)
VISITORS = [f"vis_{number:032x}" for number in range(10_000)]


def split(share: float, id: str = "xpr_1") -> Split:
    return Split(id, "rel_a", "rel_b", share, BEGAN)


@pytest.mark.parametrize("share", [0.05, 0.5, 0.95])
def test_arm_b_gets_its_share(share: float) -> None:
    in_b = sum(split(share).arm_of(visitor) is Arm.B for visitor in VISITORS) / len(VISITORS)
    assert in_b == pytest.approx(share, abs=0.015)  # three standard deviations


def test_a_larger_share_keeps_those_who_were_in_b() -> None:
    for visitor in VISITORS[:500]:
        if split(0.2).arm_of(visitor) is Arm.B:
            assert split(0.6).arm_of(visitor) is Arm.B


def test_two_experiments_draw_independently() -> None:
    both = sum(
        split(0.5).arm_of(visitor) is split(0.5, "xpr_2").arm_of(visitor) is Arm.B for visitor in VISITORS
    )
    assert both / len(VISITORS) == pytest.approx(0.25, abs=0.013)


def test_position_is_the_same_on_every_machine() -> None:
    """SHA-256 of "xpr_1:vis_1" begins with these 53 bits."""
    assert position("xpr_1", "vis_1") == 0.8466595987056093


def test_release_follows_the_arm() -> None:
    assert (split(0.5).release_of(Arm.A), split(0.5).release_of(Arm.B)) == ("rel_a", "rel_b")
