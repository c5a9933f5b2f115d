"""How sure a share is."""

from dataclasses import dataclass
from math import sqrt

Z = 1.959964
"""Of a normal distribution, for 95 %."""


@dataclass(frozen=True)
class Share:
    """``hits`` of ``of``; low and high are the 95 % score interval (Wilson 1927), None of nothing."""

    hits: int
    of: int

    @property
    def value(self) -> float | None:
        return self.hits / self.of if self.of else None

    @property
    def low(self) -> float | None:
        return self._interval()[0] if self.of else None

    @property
    def high(self) -> float | None:
        return self._interval()[1] if self.of else None

    def _interval(self) -> tuple[float, float]:
        share, square = self.hits / self.of, Z * Z / self.of
        middle = (share + square / 2) / (1 + square)
        half = Z * sqrt(share * (1 - share) / self.of + square / (4 * self.of)) / (1 + square)
        return max(0.0, middle - half), min(1.0, middle + half)
