"""Queries on shadows and their decisions."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, desc, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.db.comparison_tables import ShadowDecision, ShadowRun
from bot.db.conversation_tables import Exchange, Feedback
from bot.db.knowledge_tables import Label, LabelState
from bot.feedback.repository import COUNTS
from bot.knowledge.label_order import newest_last
from bot.shadowing.comparing import SAME

LOOKED_AT = 10_000
"""Decisions that a report rests on: a share of them is told to within a percentage point."""


@dataclass(frozen=True)
class Span:
    """Decisions of a release on exchanges from the first to the last one."""

    release_id: str
    first: str
    last: str

    def within(self) -> tuple[ColumnElement[bool], ...]:
        return (
            ShadowDecision.release_id == self.release_id,
            ShadowDecision.exchange_id >= self.first,
            ShadowDecision.exchange_id <= self.last,
        )


async def last_run(session: AsyncSession, release_id: str) -> ShadowRun | None:
    newest = (
        select(ShadowRun)
        .where(ShadowRun.release_id == release_id)
        .order_by(ShadowRun.started_at.desc(), ShadowRun.id.desc())
        .limit(1)
    )
    return (await session.execute(newest)).scalar_one_or_none()


async def span_of(session: AsyncSession, release_id: str, *, newest: str | None) -> Span | None:
    """Its newest ``LOOKED_AT`` decisions, or those up to an exchange; None without any."""
    decided = select(ShadowDecision.exchange_id).where(ShadowDecision.release_id == release_id)
    if newest is not None:
        decided = decided.where(ShadowDecision.exchange_id <= newest)
    newest_first = decided.order_by(ShadowDecision.exchange_id.desc()).limit(1)
    last = (await session.execute(newest_first)).scalar_one_or_none()
    if last is None:
        return None
    first = (await session.execute(newest_first.offset(LOOKED_AT - 1))).scalar_one_or_none()
    return Span(release_id, first or "", last)


async def kinds_by_language(session: AsyncSession, span: Span) -> Sequence[Row[str, str, int]]:
    """Language, kind and how many."""
    statement = (
        select(Exchange.language, ShadowDecision.kind, func.count().label("exchanges"))
        .join(Exchange, Exchange.id == ShadowDecision.exchange_id)
        .where(*span.within())
        .group_by(Exchange.language, ShadowDecision.kind)
        .order_by(Exchange.language, ShadowDecision.kind)
    )
    return (await session.execute(statement)).all()


async def votes(session: AsyncSession, span: Span) -> dict[tuple[str, bool], int]:
    """How many counting votes there are by rating and by whether the shadow would have done the same."""
    statement = (
        select(Feedback.rating, ShadowDecision.kind, func.count().label("votes"))
        .join(ShadowDecision, ShadowDecision.exchange_id == Feedback.exchange_id)
        .where(*span.within(), ShadowDecision.spoken_answer_id.is_not(None), COUNTS)
        .group_by(Feedback.rating, ShadowDecision.kind)
    )
    counts: Counter[tuple[str, bool]] = Counter()
    for rating, kind, found in await session.execute(statement):
        counts[rating, kind == SAME] += found
    return counts


async def labels(session: AsyncSession, span: Span) -> dict[tuple[bool, bool], int]:
    """How many exchanges with a labelled utterance there are, by whether what was said and the shadow were right."""
    truth: dict[str, str | None] = {}
    counted = (Label.state == LabelState.COUNTED, Label.withdrawn_at.is_(None))
    decided = select(ShadowDecision.folded).where(*span.within())
    known = (
        select(Label.folded, Label.answer_id)
        .where(*counted, Label.folded.in_(decided))
        .order_by(*newest_last())
    )
    for folded, answer_id in await session.execute(known):  # the newest one is the last
        truth[folded] = answer_id
    statement = (
        select(ShadowDecision.folded, ShadowDecision.spoken_answer_id, ShadowDecision.answer_id, func.count())
        .where(*span.within())
        .where(ShadowDecision.folded.in_(select(Label.folded).where(*counted)))
        .group_by(ShadowDecision.folded, ShadowDecision.spoken_answer_id, ShadowDecision.answer_id)
    )
    counts: Counter[tuple[bool, bool]] = Counter()
    for folded, spoken, imagined, found in await session.execute(statement):
        counts[spoken == truth[folded], imagined == truth[folded]] += found
    return counts


async def differences(session: AsyncSession, span: Span, *, skipped: int, limit: int) -> Sequence[Row[Any]]:
    """The most frequent first. What is decided meanwhile lies outside the span, so that nothing moves."""
    alike = (
        ShadowDecision.folded,
        ShadowDecision.kind,
        ShadowDecision.spoken_answer_id,
        ShadowDecision.answer_id,
    )
    newest = func.max(ShadowDecision.exchange_id).label("exchange_id")
    groups = (
        select(
            *alike,
            newest,
            func.count().label("exchanges"),
            func.avg(ShadowDecision.confidence).label("confidence"),
        )
        .where(*span.within(), ShadowDecision.kind != SAME)
        .group_by(*alike)
        .order_by(desc("exchanges"), newest.desc())
        .offset(skipped)
        .limit(limit)
        .subquery()
    )
    shown = (
        select(groups, Exchange.utterance, Exchange.language)
        .join(Exchange, Exchange.id == groups.c.exchange_id)
        .order_by(groups.c.exchanges.desc(), groups.c.exchange_id.desc())
    )
    return (await session.execute(shown)).all()
