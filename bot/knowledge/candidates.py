"""Label candidates that wait for a person: what agents replied and what visitors chose, each thing once, the oldest first."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from bot.db.knowledge_tables import Label, LabelSource, LabelState
from bot.errors import NotFoundError
from bot.knowledge import repository
from bot.knowledge.label_schemas import LabelOut
from bot.knowledge.labels import label_out

SOURCES = (LabelSource.AGENT_REPLY, LabelSource.VISITOR_CHOICE)

_alike = aliased(Label)
_SAME = (
    _alike.folded == Label.folded,
    _alike.answer_id == Label.answer_id,  # never true of drafts, which have none
    _alike.withdrawn_at.is_(None),
)
_ONCE = ~exists().where(*_SAME, or_(_alike.state != LabelState.CANDIDATE, _alike.id < Label.id))
"""Nobody has decided about the same thing, and it is the first of those who say it."""


@dataclass(frozen=True)
class WaitingCandidate:
    """``times`` is how often the same was said; ``before`` and ``after`` whether others wait beside it in the queue."""

    label: LabelOut
    times: int
    before: bool
    after: bool


async def count_waiting(session: AsyncSession, *, source: str | None) -> int:
    statement = select(func.count()).select_from(Label).where(*_waiting(source))
    return (await session.execute(statement)).scalar_one()


async def find_waiting(
    session: AsyncSession, *, source: str | None, after: str = "", before: str = ""
) -> WaitingCandidate | None:
    """The one that follows another one in the queue, or stands before it; the first without either."""
    shown = (await session.execute(_next_to(source, after=after, before=before))).scalar_one_or_none()
    return await _beside(session, shown, source) if shown else None


async def show_candidate(session: AsyncSession, label_id: str, *, source: str | None) -> WaitingCandidate:
    """Also one that was decided about. Raises NotFoundError."""
    label = await repository.label(session, label_id)
    if label is None or label.source not in SOURCES:
        raise NotFoundError(f"no label candidate {label_id!r}")
    return await _beside(session, label, source)


async def _beside(session: AsyncSession, label: Label, source: str | None) -> WaitingCandidate:
    same = (Label.folded == label.folded, Label.answer_id == label.answer_id, Label.source == label.source)
    times = select(func.count()).select_from(Label).where(*same, Label.withdrawn_at.is_(None))
    return WaitingCandidate(
        label=label_out(label),
        times=max(1, (await session.execute(times)).scalar_one()),
        before=(await session.execute(_next_to(source, before=label.id))).first() is not None,
        after=(await session.execute(_next_to(source, after=label.id))).first() is not None,
    )


def _next_to(source: str | None, *, after: str = "", before: str = "") -> Select[Label]:
    statement = select(Label).where(*_waiting(source)).limit(1)
    if before:
        return statement.where(Label.id < before).order_by(Label.id.desc())
    return statement.where(Label.id > after).order_by(Label.id)


def _waiting(source: str | None) -> tuple[ColumnElement[bool], ...]:
    sources = [source] if source else list(SOURCES)
    return (
        Label.source.in_(sources),
        Label.state == LabelState.CANDIDATE,
        Label.withdrawn_at.is_(None),
        _ONCE,
    )
