"""Queries on checkpoints, snapshots, releases and the pointer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.conversations.repository import asked_alone
from bot.db.base import now
from bot.db.comparison_tables import Experiment, ShadowRun
from bot.db.conversation_tables import Exchange
from bot.db.knowledge_tables import Answer, Label, Question
from bot.db.release_tables import Checkpoint, IndexSnapshot, Release, ReleasePointer
from retrieval.decision import RULES_BY_EVIDENCE


@dataclass(frozen=True)
class ReleaseParts:
    """A release with the two folders it consists of."""

    release: Release
    checkpoint: Checkpoint
    snapshot: IndexSnapshot


async def promoted(session: AsyncSession) -> tuple[int, ReleaseParts | None]:
    """The pointer's generation and the release it names; None before the first promotion."""
    pointer = (await session.execute(select(ReleasePointer))).scalar_one()
    if pointer.release_id is None:
        return pointer.generation, None
    return pointer.generation, await get(session, pointer.release_id)


async def get(session: AsyncSession, release_id: str) -> ReleaseParts | None:
    statement = (
        select(Release, Checkpoint, IndexSnapshot)
        .join(Checkpoint, Checkpoint.id == Release.checkpoint_id)
        .join(IndexSnapshot, IndexSnapshot.id == Release.snapshot_id)
        .where(Release.id == release_id)
    )
    row = (await session.execute(statement)).one_or_none()
    return ReleaseParts(*row) if row else None


async def page(session: AsyncSession, *, before: str | None, limit: int) -> list[Release]:
    statement = select(Release).order_by(Release.id.desc()).limit(limit)
    if before is not None:
        statement = statement.where(Release.id < before)
    return list((await session.execute(statement)).scalars())


async def add(session: AsyncSession, parts: ReleaseParts) -> None:
    for row in (parts.checkpoint, parts.snapshot, parts.release):
        await session.merge(row)
        await session.flush()


async def promote(session: AsyncSession, release_id: str) -> int:
    """Points every worker to this release; returns the new generation."""
    change = update(Release).where(Release.id == release_id).values(promoted_at=now(), taken_back_at=None)
    await session.execute(change)
    statement = (
        update(ReleasePointer)
        .where(ReleasePointer.id == 1)
        .values(release_id=release_id, generation=ReleasePointer.generation + 1)
        .returning(ReleasePointer.generation)
    )
    return (await session.execute(statement)).scalar_one()


async def lock_pointer(session: AsyncSession) -> None:
    """Until this transaction has ended no release is promoted, set beside another one, or loses its folders."""
    await session.execute(select(ReleasePointer.id).with_for_update())


async def with_folders(session: AsyncSession) -> tuple[str | None, list[ReleaseParts]]:
    """The promoted release's id, and all releases whose folders are there, the oldest first."""
    present = (await session.execute(select(ReleasePointer.release_id))).scalar_one()
    statement = (
        select(Release, Checkpoint, IndexSnapshot)
        .join(Checkpoint, Checkpoint.id == Release.checkpoint_id)
        .join(IndexSnapshot, IndexSnapshot.id == Release.snapshot_id)
        .where(Release.removed_at.is_(None))
        .order_by(Release.id)
    )
    return present, [ReleaseParts(*row) for row in await session.execute(statement)]


async def compared_since(session: AsyncSession, moment: datetime) -> set[str]:
    """Releases that a shadow or an experiment needs, or needed after a moment."""
    shadows = select(ShadowRun.release_id).where(
        or_(ShadowRun.running.is_(True), ShadowRun.ended_at > moment)
    )
    tried = select(Experiment.release_a, Experiment.release_b).where(
        or_(Experiment.running.is_(True), Experiment.ended_at > moment)
    )
    found = set((await session.execute(shadows)).scalars())
    for row in await session.execute(tried):
        found.update((row.release_a, row.release_b))
    return found


async def mark_removed(session: AsyncSession, ids: Sequence[str], *, at: datetime) -> None:
    await session.execute(update(Release).where(Release.id.in_(ids)).values(removed_at=at))


async def removed_paths(session: AsyncSession) -> list[str]:
    """Folders of releases that are marked and of no other, below the data dir."""
    paths: dict[bool, set[str]] = {True: set(), False: set()}
    columns = select(Checkpoint.path, IndexSnapshot.path, Release.removed_at.is_not(None))
    parts = columns.select_from(Release).join(Checkpoint, Checkpoint.id == Release.checkpoint_id)
    for checkpoint, snapshot, marked in await session.execute(
        parts.join(IndexSnapshot, IndexSnapshot.id == Release.snapshot_id)
    ):
        paths[marked].update((checkpoint, snapshot))
    return sorted(paths[True] - paths[False])


async def take_back_all_since(session: AsyncSession, moment: datetime) -> None:
    """Releases promoted after the one that is gone back to: rolling back once more leads to what spoke before that one."""
    later = (Release.promoted_at > moment, Release.taken_back_at.is_(None))
    await session.execute(update(Release).where(*later).values(taken_back_at=now()))


async def promoted_before(session: AsyncSession, present: ReleaseParts) -> str | None:
    """The id of the release that was promoted last before the present one, if there is one; of those neither taken back,
    nor rejected, nor removed."""
    usable = (
        Release.removed_at.is_(None),
        Release.taken_back_at.is_(None),
        Release.approved.is_not(False),
    )
    statement = (
        select(Release.id)
        .where(Release.promoted_at < present.release.promoted_at, *usable)
        .order_by(Release.promoted_at.desc())
        .limit(1)
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def questions_changed_since(session: AsyncSession, revision: int) -> int:
    """Questions that changed, or whose answer did, after a revision."""
    statement = (
        select(func.count(Question.number))
        .join(Answer, Answer.id == Question.answer_id)
        .where(or_(Question.revision > revision, Answer.revision > revision))
    )
    return (await session.execute(statement)).scalar_one()


async def recent_messages(
    session: AsyncSession, *, since: datetime, most: int
) -> tuple[tuple[str, str], ...]:
    """The newest `most` messages, with their language, that were decided by evidence, as often as they came."""
    statement = (
        select(Exchange.utterance, Exchange.language)
        .where(Exchange.created_at >= since, Exchange.rule.in_(sorted(RULES_BY_EVIDENCE)), asked_alone())
        .order_by(Exchange.id.desc())
        .limit(most)
    )
    rows = (await session.execute(statement)).all()
    return tuple((row.utterance, row.language) for row in reversed(rows))


async def question_conversations(session: AsyncSession) -> dict[int, str]:
    """Which conversation a question comes from, by its number: the past dialogue it was mined from, or the labelled exchange's."""
    conversation = func.coalesce(Question.conversation_id, Exchange.conversation_id)
    statement = (
        select(Question.number, conversation.label("conversation"))
        .outerjoin(Label, Label.id == Question.label_id)
        .outerjoin(Exchange, Exchange.id == Label.exchange_id)
        .where(conversation.is_not(None))
    )
    return {row.number: row.conversation for row in await session.execute(statement)}
