"""Label candidates that wait for a person: what agents replied and what visitors chose, each thing once, the oldest first."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from bot.db.knowledge_tables import Label, LabelSource, LabelState
from bot.errors import NotFoundError
from bot.knowledge import repository
from bot.knowledge.label_schemas import LabelOut
from bot.knowledge.labels import label_out

SOURCES = (LabelSource.AGENT_REPLY, LabelSource.VISITOR_CHOICE)
DECIDED = (LabelState.COUNTED, LabelState.REJECTED)


@dataclass(frozen=True)
class WaitingCandidate:
    """``times`` is how often the same was said; ``before`` and ``after`` whether others wait beside it in the queue."""

    label: LabelOut
    times: int
    before: bool
    after: bool


async def waiting_ids(session: AsyncSession, *, source: str | None) -> Sequence[str]:
    """Rising; of those that say the same, the first, unless somebody has decided about one of them."""
    alike = aliased(Label)
    decided = exists().where(
        alike.folded == Label.folded,
        alike.answer_id == Label.answer_id,  # never true of drafts, which have none
        alike.withdrawn_at.is_(None),
        alike.state.in_(DECIDED),
    )
    first = func.min(Label.id)
    statement = (
        select(first)
        .where(
            Label.source.in_([source] if source else SOURCES),
            Label.state == LabelState.CANDIDATE,
            Label.withdrawn_at.is_(None),
            ~decided,
        )
        .group_by(Label.folded, func.coalesce(Label.answer_id, Label.id))
        .order_by(first)
    )
    return (await session.execute(statement)).scalars().all()


async def find_waiting(
    session: AsyncSession, waiting: Sequence[str], *, after: str = "", before: str = ""
) -> WaitingCandidate | None:
    """The one of ``waiting`` that follows another one, or stands before it; the first without either."""
    place = bisect_left(waiting, before) - 1 if before else bisect_right(waiting, after)
    if not 0 <= place < len(waiting):
        return None
    return await show_candidate(session, waiting[place], waiting)


async def show_candidate(session: AsyncSession, label_id: str, waiting: Sequence[str]) -> WaitingCandidate:
    """Also one that was decided about. Raises NotFoundError."""
    label = await repository.label(session, label_id)
    if label is None or label.source not in SOURCES:
        raise NotFoundError(f"no label candidate {label_id!r}")
    same = (Label.folded == label.folded, Label.answer_id == label.answer_id, Label.source == label.source)
    times = select(func.count()).select_from(Label).where(*same, Label.withdrawn_at.is_(None))
    return WaitingCandidate(
        label=label_out(label),
        times=max(1, (await session.execute(times)).scalar_one()),
        before=bisect_left(waiting, label.id) > 0,
        after=bisect_right(waiting, label.id) < len(waiting),
    )
