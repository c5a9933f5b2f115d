"""A gap as an operator sees it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from bot.db.review_tables import Gap, GapState
from bot.figures import repository as figures
from bot.knowledge.folding import folded_hash
from bot.review import forecasts, gap_repository, repository
from bot.review.forecasts import Forecast, expected_coverage
from bot.review.gap_schemas import ActualOut, DraftOut, ForecastOut, GapOut, GapQuestion, WeekOut
from bot.review.repository import AskedRow
from bot.review.waiting import key_of
from retrieval.decision import Outcome

EXAMPLES = 3


async def gaps_out(session: AsyncSession, gaps: Sequence[Gap], *, at: datetime) -> list[GapOut]:
    owned = await gap_repository.members(session, states=list(GapState), gap_ids=[gap.id for gap in gaps])
    rows = {
        row.id: row for row in await repository.asked_in(session, {i for ids in owned.values() for i in ids})
    }
    outcomes = await gap_repository.outcomes_lately(session)
    shown = []
    for gap in gaps:
        own = [rows[id] for id in sorted(owned.get(gap.id, ())) if id in rows]
        shown.append(await _gap_out(session, gap, own, outcomes, at=at))
    return shown


def predict(
    rows: Sequence[AskedRow], outcomes: Mapping[str, int], *, taught: Sequence[AskedRow], at: datetime
) -> Forecast | None:
    """For a gap of these messages, of which ``taught`` become questions of the answer; None without messages.

    What is asked from now on is known word for word as often as these repeated earlier ones, not because they are known
    afterwards. ``outcomes`` are those of messages of late, whatever they asked.
    """
    if not rows:
        return None
    first = min(row.at for row in rows)
    spellings = Counter(folded_hash(row.utterance) for row in rows)
    known = sum(spellings[folded] - 1 for folded in {folded_hash(row.utterance) for row in taught})
    coverage = expected_coverage(
        known,
        len(rows),
        answered=outcomes.get(Outcome.ANSWERED.value, 0),
        asked_back=outcomes.get(Outcome.CLARIFIED.value, 0),
    )
    return forecasts.forecast(len(rows), (at - first) / forecasts.WEEK, coverage)


def by_form(rows: Sequence[AskedRow]) -> list[list[AskedRow]]:
    """Near-duplicates together, the most asked first, the newest of each last."""
    forms: dict[str, list[AskedRow]] = {}
    for row in rows:
        forms.setdefault(key_of(row.utterance), []).append(row)
    return sorted(forms.values(), key=lambda form: (-len(form), form[-1].id))


async def _gap_out(
    session: AsyncSession, gap: Gap, rows: Sequence[AskedRow], outcomes: Mapping[str, int], *, at: datetime
) -> GapOut:
    named = {row.id: row.utterance for row in rows}
    predicted = Forecast(**gap.forecast) if gap.forecast else None
    if predicted is None and gap.state == GapState.OPEN:
        predicted = predict(rows, outcomes, taught=rows, at=at)
    return GapOut(
        id=gap.id,
        name=named.get(gap.medoid_exchange_id or "", next(iter(named.values()), None)),
        terms=gap.terms,
        state=GapState(gap.state),
        language=gap.language,
        messages=len(rows),
        visitors=len({row.visitor for row in rows}),
        languages=dict(sorted(Counter(row.language for row in rows).items())),
        trend=_trend(rows),
        examples=_examples(rows),
        draft=DraftOut(**gap.draft) if gap.draft else None,
        answer_id=gap.answer_id,
        forecast=ForecastOut.model_validate(predicted.to_json()) if predicted else None,
        actual=await _actual(session, gap, predicted, at=at),
        decided_by=gap.decided_by,
        decided_at=gap.decided_at,
        created_at=gap.created_at,
        updated_at=gap.updated_at,
    )


async def _actual(
    session: AsyncSession, gap: Gap, predicted: Forecast | None, *, at: datetime
) -> ActualOut | None:
    if gap.state != GapState.ANSWERED or gap.answer_id is None or gap.decided_at is None:
        return None
    answered = await figures.given_since(session, gap.answer_id, gap.decided_at)
    happened = forecasts.compare(predicted, answered, since=gap.decided_at, at=at)
    return ActualOut.model_validate(happened, from_attributes=True)


def _trend(rows: Sequence[AskedRow]) -> list[WeekOut]:
    """Weeks in which it was asked, the oldest first."""
    weeks: Counter[str] = Counter()
    for row in rows:
        year, week, _ = row.at.isocalendar()
        weeks[f"{year}-W{week:02}"] += 1
    return [WeekOut(week=week, messages=weeks[week]) for week in sorted(weeks)]


def _examples(rows: Sequence[AskedRow]) -> dict[str, list[GapQuestion]]:
    examples: dict[str, list[GapQuestion]] = {}
    for form in by_form(rows):
        newest = form[-1]
        listed = examples.setdefault(newest.language, [])
        if len(listed) < EXAMPLES:
            listed.append(GapQuestion(exchange_id=newest.id, utterance=newest.utterance, asked=len(form)))
    return dict(sorted(examples.items()))
