"""Intervals for the difference between two arms that hold at every moment at once, so that one may look whenever one likes.

After Howard, Ramdas, McAuliffe and Sekhon (2021), "Time-uniform, nonparametric, nonasymptotic confidence sequences", Annals
of Statistics 49(2), section 4.2 and theorem 2. Visitor i is drawn to arm B with probability p, whatever came before, and shows
Y_i in [0, 1]. With predictions m_A, m_B made from the visitors before (the arms' running means),

    X_i = m_B − m_A + w_i (Y_i − m_of_its_arm),   w_i = 1/p in B, −1/(1−p) in A,

has the expectation "what i would have shown in B less what in A", and d_i = X_i − (m_B − m_A) is at least −c for
c = 1/min(p, 1−p). For every λ in (0, 1/c), exp(λ Σ(X_i − E X_i) − ψ(λ) Σ d_i²) with ψ(λ) = (−log(1−cλ) − cλ)/c² is a
nonnegative supermartingale that starts at 1 (Fan, Grama and Liu 2015, inequality 4.12), and so is a mixture of them. By Ville's
inequality the mixture ever reaches 1/α with a chance of at most α; the sums that keep it below are the interval. Nothing is
assumed about the visitors: they need not be alike, nor independent of each other over time.
"""

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

GRID = 48
SMALLEST = 2.0**-12
"""Of λ, as a share of 1/c: wide enough for some ten million visitors."""
LARGEST = 0.9
PRIOR_MEAN, PRIOR_VISITORS = 0.5, 1.0
STEPS = 60
"""Of bisection: to 2⁻⁶⁰ of where it began."""


@dataclass(frozen=True)
class Mixture:
    """Weights 1/GRID on λ that lie evenly on a logarithmic scale."""

    scale: float
    lambdas: NDArray[np.float64]
    psi: NDArray[np.float64]

    @classmethod
    def for_share(cls, share: float) -> "Mixture":
        """`share` is the probability p of arm B."""
        scale = 1 / min(share, 1 - share)
        shares = np.geomspace(SMALLEST, LARGEST, GRID)
        return cls(scale, shares / scale, (-np.log1p(-shares) - shares) / scale**2)

    def log_evidence(self, excess: NDArray[np.float64], variance: NDArray[np.float64]) -> NDArray[np.float64]:
        """Log of the mixture for Σ(X_i − E X_i) and Σ d_i², both ``(n,)``; to be compared with log(1/α)."""
        exponents = np.multiply.outer(excess, self.lambdas) - np.multiply.outer(
            variance, self.psi
        )  # (n, grid)
        highest = exponents.max(axis=-1)
        summed = np.exp(exponents - highest[..., None]).mean(axis=-1)
        evidence: NDArray[np.float64] = highest + np.log(summed)
        return evidence

    def bound(self, variance: float, *, alpha: float) -> float:
        """How far Σ(X_i − E X_i) stays below for ever, but with a chance of α."""
        low, high = 0.0, 1.0
        while self._reaches(high, variance) < -math.log(alpha):
            low, high = high, high * 2
        for _ in range(STEPS):
            middle = (low + high) / 2
            low, high = (
                (middle, high) if self._reaches(middle, variance) < -math.log(alpha) else (low, middle)
            )
        return high

    def _reaches(self, excess: float, variance: float) -> float:
        return float(self.log_evidence(np.array([excess]), np.array([variance]))[0])


@dataclass(frozen=True)
class Interval:
    """Of B less A, in the mean over the visitors so far."""

    estimate: float
    lower: float
    upper: float


@dataclass
class ArmSums:
    visitors: int = 0
    total: float = 0.0

    @property
    def mean(self) -> float | None:
        return self.total / self.visitors if self.visitors else None

    @property
    def predicted(self) -> float:
        return (PRIOR_MEAN * PRIOR_VISITORS + self.total) / (PRIOR_VISITORS + self.visitors)


@dataclass
class DifferenceSequence:
    """Takes visitors in the order of their arrival; the interval after each is valid together with all the others."""

    share: float
    a: ArmSums = field(default_factory=ArmSums)
    b: ArmSums = field(default_factory=ArmSums)
    total: float = 0.0
    """Σ X_i"""
    variance: float = 0.0
    """Σ d_i²"""

    def add(self, shown: float, *, in_b: bool) -> None:
        """`shown` lies in [0, 1]."""
        predicted = self.b.predicted - self.a.predicted
        arm, weight = (self.b, 1 / self.share) if in_b else (self.a, -1 / (1 - self.share))
        deviation = weight * (shown - arm.predicted)
        self.total += predicted + deviation
        self.variance += deviation**2
        arm.visitors += 1
        arm.total += shown

    def interval(self, *, alpha: float) -> Interval:
        """Two-sided; never wider than what a difference of two shares can be."""
        visitors = self.a.visitors + self.b.visitors
        if visitors == 0:
            return Interval(0.0, -1.0, 1.0)
        half = Mixture.for_share(self.share).bound(self.variance, alpha=alpha / 2) / visitors
        estimate = self.total / visitors
        return Interval(min(1.0, max(-1.0, estimate)), max(-1.0, estimate - half), min(1.0, estimate + half))
