"""How many messages a week an answer will take over, and how many it took. Pure.

Messages of a gap come as a Poisson process of unknown rate. With Jeffreys' prior Gamma(1/2, 0), n messages in w weeks
leave Gamma(n + 1/2, w) for the rate; of these messages the share ``coverage`` is answered (thinning keeps a Poisson
process one). The number answered in a week to come is then negative binomial with r = n + 1/2 and p = w / (w + coverage)
(Gelman et al., "Bayesian Data Analysis", 3rd ed. 2013, §2.6), which is where the interval comes from.
"""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from math import exp, lgamma, log

from bot.db.base import JsonObject

PRIOR = 0.5
LOW, HIGH = 0.05, 0.95
SHORTEST_WEEKS = 1.0
"""A gap that is younger has not shown its rate: its messages are taken for those of a week."""
WEEK = timedelta(weeks=1)
_MOST = 1_000_000


@dataclass(frozen=True)
class Forecast:
    """Messages answered a week: the mean, and where nine weeks in ten lie (``low`` to ``high``).

    ``messages`` in ``weeks`` is what it rests on; ``coverage`` is the share of them that is expected to be answered.
    """

    per_week: float
    low: int
    high: int
    coverage: float
    messages: int
    weeks: float

    def to_json(self) -> JsonObject:
        return asdict(self)


@dataclass(frozen=True)
class Actual:
    """What happened since; ``within`` says whether the forecast's interval holds it, None before a week is over."""

    answered: int
    weeks: float
    per_week: float
    within: bool | None


def forecast(messages: int, weeks: float, coverage: float) -> Forecast:
    weeks = max(weeks, SHORTEST_WEEKS)
    r, p = messages + PRIOR, weeks / (weeks + coverage)
    return Forecast(
        per_week=round(r / weeks * coverage, 4),
        low=quantile(LOW, r=r, p=p),
        high=quantile(HIGH, r=r, p=p),
        coverage=round(coverage, 4),
        messages=messages,
        weeks=round(weeks, 4),
    )


def expected_coverage(known: int, messages: int, *, answered: int, asked_back: int) -> float:
    """Of ``messages``, ``known`` said word for word what had been asked before and would have got the answer; of the others a share like that
    of all messages that came near an answer of late (rule of succession)."""
    others = (answered + 1) / (answered + asked_back + 2)
    return (known + (messages - known) * others) / messages


def compare(predicted: Forecast | None, answered: int, *, since: datetime, at: datetime) -> Actual:
    weeks = (at - since) / WEEK
    per_week = answered / max(weeks, SHORTEST_WEEKS)
    within = None
    if predicted is not None and weeks >= SHORTEST_WEEKS:
        within = predicted.low <= round(per_week) <= predicted.high
    return Actual(answered, round(weeks, 4), round(per_week, 4), within)


def quantile(share: float, *, r: float, p: float) -> int:
    """The least k up to which a negative binomial has ``share`` of its weight."""
    total = 0.0
    for k in range(_MOST):
        total += (
            exp(lgamma(k + r) - lgamma(r) - lgamma(k + 1) + r * log(p) + k * log(1 - p)) if p < 1 else 1.0
        )
        if total >= share - 1e-12:
            return k
    return _MOST
