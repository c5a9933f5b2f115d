"""Which arm a visitor gets: drawn from a hash, so that every worker draws the same without asking."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Arm(StrEnum):
    """A is the release that speaks, B the one that is tried."""

    A = "a"
    B = "b"


@dataclass(frozen=True)
class Split:
    """A running experiment: who gets which release."""

    experiment_id: str
    release_a: str
    release_b: str
    share: float
    begins_at: datetime

    def arm_of(self, visitor_id: str) -> Arm:
        """The same for a visitor as long as the experiment runs; of another experiment it tells nothing."""
        return Arm.B if position(self.experiment_id, visitor_id) < self.share else Arm.A

    def release_of(self, arm: Arm) -> str:
        return self.release_b if arm is Arm.B else self.release_a


@dataclass(frozen=True)
class Exposed:
    """That a message was answered by an arm."""

    experiment_id: str
    arm: Arm


def position(experiment_id: str, visitor_id: str) -> float:
    """Uniform in [0, 1): the first 53 bits of SHA-256, as many as a float holds."""
    digest = hashlib.sha256(f"{experiment_id}:{visitor_id}".encode()).digest()
    return (int.from_bytes(digest[:8], "big") >> 11) / 2.0**53
