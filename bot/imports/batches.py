"""Imported batches: listing them, and taking one out again as if it had never been."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, exists, not_, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.db.base import now
from bot.db.import_tables import Dialogue, ImportBatch
from bot.db.knowledge_tables import Answer, AnswerState, AnswerVersion, Question
from bot.errors import ConflictError, NotFoundError
from bot.imports.schemas import BatchOut, UndoReport
from bot.knowledge.audit import record_audit
from bot.knowledge.index_feed import raise_revision
from bot.knowledge.versions import AnswerContent, imported_by, undone_by
from bot.knowledge.writing import SLICE, put_contents, retire_answers
from bot.sources.undoing import undo_documents


async def page_of_batches(session: AsyncSession, *, before: str | None, limit: int) -> list[ImportBatch]:
    """The newest first."""
    statement = select(ImportBatch).order_by(ImportBatch.id.desc()).limit(limit)
    if before is not None:
        statement = statement.where(ImportBatch.id < before)
    return list((await session.execute(statement)).scalars())


async def find_batch(session: AsyncSession, batch_id: str) -> ImportBatch:
    batch = await session.get(ImportBatch, batch_id)
    if batch is None:
        raise NotFoundError(f"no import {batch_id!r}; see: kefu imports list, or GET /v1/imports")
    return batch


def batch_out(batch: ImportBatch) -> BatchOut:
    return BatchOut.model_validate(batch, from_attributes=True)


async def undo_batch(session: AsyncSession, batch_id: str, *, undone_by_whom: str) -> UndoReport:
    """Takes out what a batch added.

    Its questions are switched off and its dialogues removed. Answers it made are retired, unless questions of
    somebody else lead to them by now. Answers it changed stand as before, unless somebody changed them since.
    So it is with documents.

    Raises:
        NotFoundError: there is no such batch.
        ConflictError: it was undone before.
    """
    revision = await raise_revision(session)
    batch = await find_batch(session, batch_id)
    if batch.undone_at is not None:
        raise ConflictError(f"import {batch_id} was undone at {batch.undone_at:%Y-%m-%d %H:%M} UTC already")
    batch.undone_at = now()
    await session.flush()
    by = undone_by(batch_id)
    questions = await _switch_off(session, batch_id, revision=revision)
    changed = await _changed_answers(session, batch_id)
    restored, kept = await _restore(session, batch_id, changed, changed_by=by, revision=revision)
    left_over = await _answers(session, _without_support(batch_id))
    await retire_answers(session, left_over, changed_by=by, revision=revision)
    staying = await _answers(session, and_(Answer.batch_id == batch_id, Answer.state != AnswerState.RETIRED))
    documents = await undo_documents(session, batch_id, revision=revision)
    dialogues = await session.execute(delete(Dialogue).where(Dialogue.batch_id == batch_id))
    report = UndoReport(
        batch_id=batch_id,
        questions=questions,
        answers=len(left_over),
        restored=restored,
        kept=kept + len(staying),
        dialogues=dialogues.rowcount,  # type: ignore[attr-defined]  # a DELETE gives a CursorResult
        documents=documents.retired,
        documents_restored=documents.restored,
        documents_kept=documents.kept,
    )
    await record_audit(
        session, actor=undone_by_whom, action="undo_import", target=batch_id, details=report.model_dump()
    )
    return report


async def _switch_off(session: AsyncSession, batch_id: str, *, revision: int) -> int:
    switched = await session.execute(
        update(Question)
        .where(Question.batch_id == batch_id, Question.active)
        .values(active=False, revision=revision)
        .execution_options(synchronize_session=False)
    )
    return int(switched.rowcount)  # type: ignore[attr-defined]  # an UPDATE gives a CursorResult


def _without_support(batch_id: str) -> ColumnElement[bool]:
    """Answers of this batch, and of batches undone before whose last questions came from this one."""
    supported = exists().where(Question.answer_id == Answer.id, Question.active)
    touched = exists().where(Question.answer_id == Answer.id, Question.batch_id == batch_id)
    undone = exists().where(ImportBatch.id == Answer.batch_id, ImportBatch.undone_at.is_not(None))
    of_batch = or_(Answer.batch_id == batch_id, and_(touched, undone))
    return and_(of_batch, Answer.state != AnswerState.RETIRED, not_(supported))


async def _answers(session: AsyncSession, condition: ColumnElement[bool]) -> Sequence[str]:
    return (await session.execute(select(Answer.id).where(condition).order_by(Answer.id))).scalars().all()


async def _changed_answers(session: AsyncSession, batch_id: str) -> Sequence[str]:
    """Answers that were there before the batch and got a version from it."""
    statement = (
        select(AnswerVersion.answer_id)
        .where(AnswerVersion.changed_by == imported_by(batch_id), AnswerVersion.version > 1)
        .order_by(AnswerVersion.answer_id)
    )
    return (await session.execute(statement.distinct())).scalars().all()


async def _restore(
    session: AsyncSession, batch_id: str, changed: Sequence[str], *, changed_by: str, revision: int
) -> tuple[int, int]:
    """Gives answers back the content they had before; returns how many, and how many were changed since."""
    restored = kept = 0
    for start in range(0, len(changed), SLICE):
        histories = await _histories(session, changed[start : start + SLICE])
        before = {}
        for answer_id, versions in histories.items():
            if versions[-1].changed_by == imported_by(batch_id):
                before[answer_id] = AnswerContent.from_json(versions[-2].content)
        await put_contents(session, before, changed_by=changed_by, revision=revision)
        restored += len(before)
        kept += len(histories) - len(before)
    return restored, kept


async def _histories(session: AsyncSession, ids: Sequence[str]) -> dict[str, list[Any]]:
    """The versions of answers, the oldest first."""
    columns = select(AnswerVersion.answer_id, AnswerVersion.changed_by, AnswerVersion.content)
    ordered = columns.where(AnswerVersion.answer_id.in_(ids)).order_by(AnswerVersion.version)
    histories: dict[str, list[Any]] = {}
    for row in await session.execute(ordered):
        histories.setdefault(row.answer_id, []).append(row)
    return histories
