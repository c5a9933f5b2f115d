"""The figures of the dashboard, put together from what was counted, and what people found when they looked."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from statistics import quantiles

from sqlalchemy.ext.asyncio import AsyncSession

from bot.answering.given_answers import GAVE_ANSWER
from bot.figures import repository
from bot.figures.intervals import Share
from bot.figures.repository import Figured
from bot.quality.tolerated import Tolerated
from bot.review.repository import NO_QUESTION, SMALL_TALK
from retrieval.decision import Outcome

MOST_REVIEWED = 1_000
BINS = 10
LATENCIES = 1_000


@dataclass(frozen=True)
class Traffic:
    """``asked`` are messages with a question in them: no small talk, no wish for a person."""

    messages: int
    asked: int
    coverage: Share
    asked_back: Share
    handed_over: Share
    confirmed: Share
    assumed: Share
    handed_off: Share
    unresolved: Share
    durable: Share
    satisfaction: Share
    handoff_reasons: Sequence[tuple[str, int]]


@dataclass(frozen=True)
class DayOfTraffic:
    day: str
    answered: int
    clarified: int
    handed_off: int


@dataclass(frozen=True)
class LanguageError:
    """Wrong ones among given answers that people judged."""

    language: str
    error: Share
    tolerated: float


@dataclass(frozen=True)
class Bin:
    """Answers given with a confidence in this range: what was promised in the mean, and how many were right."""

    low: float
    high: float
    promised: float
    right: Share


@dataclass(frozen=True)
class Stage:
    """Milliseconds."""

    name: str
    median: float
    p95: float


def moments_of(wanted: Figured) -> tuple[datetime, datetime]:
    """When the first day begins, and when the last one is over."""
    first, last = (
        datetime.combine(date.fromisoformat(day), time(), UTC) for day in (wanted.first, wanted.last)
    )
    return first, last + timedelta(days=1)


def is_question(rule: str) -> bool:
    return rule not in NO_QUESTION and not rule.startswith(SMALL_TALK)


async def traffic(session: AsyncSession, wanted: Figured) -> Traffic:
    counts: dict[str, Counter[str]] = {}
    for kind, detail, amount in await repository.sums(session, wanted):
        counts.setdefault(kind, Counter())[detail] += int(amount)
    messages, outcomes = counts.get("message", Counter()), Counter[str]()
    for detail, amount in messages.items():
        outcome, _, rule = detail.partition("/")
        if is_question(rule):
            outcomes[outcome] += amount
    asked = outcomes.total()
    talks, durable, votes = (counts.get(kind, Counter()) for kind in ("conversation", "durable", "vote"))
    fates = {
        fate: Share(talks[fate], talks.total())
        for fate in ("confirmed", "assumed", "handed_off", "unresolved")
    }
    return Traffic(
        messages=messages.total(),
        asked=asked,
        coverage=Share(sum(outcomes[outcome] for outcome in GAVE_ANSWER), asked),
        asked_back=Share(outcomes[Outcome.CLARIFIED], asked),
        handed_over=Share(outcomes[Outcome.HANDED_OFF], asked),
        **fates,
        durable=Share(durable["stayed"], durable.total()),
        satisfaction=Share(votes["up"], votes.total()),
        handoff_reasons=counts.get("handoff", Counter()).most_common(),
    )


async def days_of_traffic(session: AsyncSession, wanted: Figured) -> list[DayOfTraffic]:
    """Questions by what became of them; days without any are there, too."""
    first, end = moments_of(wanted)
    days: dict[str, Counter[str]] = {
        (first + timedelta(days=step)).date().isoformat(): Counter() for step in range((end - first).days)
    }
    for day, detail, amount in await repository.sums_by_day(session, wanted, kind="message"):
        outcome, _, rule = detail.partition("/")
        if is_question(rule):
            days[day]["answered" if outcome in GAVE_ANSWER else outcome] += int(amount)
    return [
        DayOfTraffic(day, counts["answered"], counts[Outcome.CLARIFIED], counts[Outcome.HANDED_OFF])
        for day, counts in days.items()
    ]


@dataclass(frozen=True)
class Reviewed:
    errors: Sequence[LanguageError]
    bins: Sequence[Bin]


async def reviewed(session: AsyncSession, wanted: Figured, *, tolerated: Tolerated) -> Reviewed:
    """Of what people judged. They judge what is doubtful first, so that the share of wrong is rather too high than too low."""
    since, until = moments_of(wanted)
    judged = await repository.reviewed(
        session, since, until, wanted, outcomes=GAVE_ANSWER, limit=MOST_REVIEWED
    )
    languages = sorted({language for language, _, _ in judged})
    errors = [
        LanguageError(
            language,
            Share(
                sum(not right for spoken, _, right in judged if spoken == language),
                sum(spoken == language for spoken, _, _ in judged),
            ),
            tolerated.of([language]),
        )
        for language in languages
    ]
    return Reviewed(errors, _bins([(confidence, right) for _, confidence, right in judged]))


def _bins(judged: Sequence[tuple[float, bool]]) -> list[Bin]:
    """Ranges without an answer are left out."""
    found: dict[int, list[tuple[float, bool]]] = {}
    for confidence, right in judged:
        found.setdefault(min(BINS - 1, int(confidence * BINS)), []).append((confidence, right))
    return [
        Bin(
            low=place / BINS,
            high=(place + 1) / BINS,
            promised=sum(confidence for confidence, _ in rows) / len(rows),
            right=Share(sum(right for _, right in rows), len(rows)),
        )
        for place, rows in sorted(found.items())
    ]


async def stages(session: AsyncSession, wanted: Figured) -> list[Stage]:
    """Of the newest exchanges in this time."""
    since, until = moments_of(wanted)
    rows = await repository.latencies(session, since, until, wanted, looked_at=LATENCIES)
    spent: dict[str, list[float]] = {}
    for row in rows:
        for name, milliseconds in row.items():
            spent.setdefault(name, []).append(float(milliseconds))
    return [Stage(name, *_median_and_p95(values)) for name, values in sorted(spent.items())]


def _median_and_p95(values: Sequence[float]) -> tuple[float, float]:
    if len(values) < 2:
        return values[0], values[0]
    cuts = quantiles(values, n=20, method="inclusive")
    return cuts[9], cuts[18]


def table_of_days(days: Sequence[DayOfTraffic]) -> list[Mapping[str, object]]:
    """For a file: a row a day."""
    return [
        {
            "day": day.day,
            "answered": day.answered,
            "asked_back": day.clarified,
            "handed_over": day.handed_off,
        }
        for day in days
    ]
