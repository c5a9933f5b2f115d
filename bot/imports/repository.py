"""Queries and bulk writes of imports. Long lists go in slices, as databases bound the parameters of a statement."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any, cast

from sqlalchemy import Select, Table, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.db.base import Base, JsonObject, new_id
from bot.db.import_tables import Dialogue, ImportBatch
from bot.db.knowledge_tables import (
    Answer,
    AnswerSource,
    AnswerState,
    AnswerText,
    AnswerVersion,
    Question,
)
from bot.imports.mined_rows import StoredText
from bot.imports.mining_slots import slot_names
from bot.imports.planned import Known, Lead, Plan, PlannedAnswer, PlannedText
from bot.imports.preparing import PreparedDialogue, PreparedQuestion, PreparedRow, Validity
from bot.knowledge.folding import text_hash
from bot.knowledge.versions import IMPORTED, UNDONE, imported_by, undone_by
from bot.knowledge.writing import put_contents

SLICE = 5_000


def _slices(values: Iterable[str]) -> list[list[str]]:
    ordered = sorted(set(values))
    return [ordered[start : start + SLICE] for start in range(0, len(ordered), SLICE)]


async def _rows(
    session: AsyncSession, statement: Select[*tuple[Any, ...]], column: Any, values: Iterable[str]
) -> AsyncIterator[Any]:
    for part in _slices(values):
        for row in await session.execute(statement.where(column.in_(part))):
            yield row


async def load_known(
    session: AsyncSession, rows: Sequence[PreparedRow], *, also_texts: Iterable[str] = ()
) -> Known:
    """What the database holds of the rows' questions, texts and keys; what an undo took out is not there."""
    found = await _load_leads(session, (question.folded for row in rows for question in row.questions))
    ids = {row.answer_id for row in found}
    hashes = {row.text_hash for row in rows}.union(also_texts)
    texts = select(AnswerText.answer_id).where(AnswerText.active)
    ids |= {row.answer_id async for row in _rows(session, texts, AnswerText.text_hash, hashes)}
    keys = (row.answer_key for row in rows if row.answer_key is not None)
    ids |= {row.id async for row in _rows(session, select(Answer.id), Answer.answer_key, keys)}
    answers = await _load_answers(session, ids)
    found += await _load_leads_of_drafts(session, answers, known={row.folded for row in found})
    answers |= await _load_answers(session, {row.answer_id for row in found} - ids)
    known = Known(answers=list(answers.values()))
    for lead in found:
        if lead.answer_id in answers:
            known.leads.setdefault(lead.folded, []).append(Lead(answers[lead.answer_id], lead.active))
    return known


async def _load_leads(session: AsyncSession, folded: Iterable[str]) -> list[Any]:
    """Questions by fold: those in use, and those that a person, not an undo, switched off."""
    questions = select(Question.folded, Question.answer_id, Question.active).order_by(Question.number)
    in_use = or_(Question.active, Question.batch_id.is_(None), ImportBatch.undone_at.is_(None))
    questions = questions.outerjoin(ImportBatch, ImportBatch.id == Question.batch_id).where(in_use)
    return [row async for row in _rows(session, questions, Question.folded, folded)]


async def _load_leads_of_drafts(
    session: AsyncSession, answers: Mapping[str, PlannedAnswer], *, known: set[str]
) -> list[Any]:
    """Where the drafts' other questions lead, since a draft whose question is answered elsewhere stays one."""
    drafts = [answer.id for answer in answers.values() if answer.state == AnswerState.DRAFT]
    asked = select(Question.answer_id, Question.folded).where(Question.active)
    async for row in _rows(session, asked, Question.answer_id, drafts):
        answers[row.answer_id].questions.add(row.folded)
    folded = {folded for id in drafts for folded in answers[id].questions}
    return await _load_leads(session, folded - known)


async def _load_answers(session: AsyncSession, ids: set[str]) -> dict[str, PlannedAnswer]:
    """By id; without those that an undo retired."""
    versions: dict[str, list[Any]] = {}
    history = select(AnswerVersion).order_by(AnswerVersion.version)
    async for (version,) in _rows(session, history, AnswerVersion.answer_id, ids):
        versions.setdefault(version.answer_id, []).append(version)
    texts: dict[str, dict[str, PlannedText]] = {}
    stored = select(AnswerText).where(AnswerText.active).order_by(AnswerText.number)
    async for (text,) in _rows(session, stored, AnswerText.answer_id, ids):
        planned = PlannedText(text.text, text.text_hash, text.number)
        texts.setdefault(text.answer_id, {})[text.language] = planned
    found: dict[str, PlannedAnswer] = {}
    async for (answer,) in _rows(session, select(Answer), Answer.id, ids):
        past = versions.get(answer.id, [])
        if answer.state == AnswerState.RETIRED and past and past[-1].changed_by.startswith(UNDONE):
            continue
        found[answer.id] = _planned(answer, texts.get(answer.id, {}), past)
    return found


def _planned(answer: Answer, texts: dict[str, PlannedText], past: Sequence[AnswerVersion]) -> PlannedAnswer:
    former: set[tuple[str, str]] = set()
    edited = dated = False
    before: object = None
    dates_before: object = (None, None)
    makers = {version.changed_by for version in past}
    for version in past:
        if undone_by(version.changed_by.removeprefix(IMPORTED)) in makers:
            continue  # as if it had never been
        said = version.content["texts"]
        by_person = not version.changed_by.startswith((IMPORTED, UNDONE))
        edited = edited or (by_person and said != before)
        before = said
        dates = (version.content.get("valid_from"), version.content.get("valid_until"))
        dated = dated or (by_person and dates != dates_before)
        dates_before = dates
        former.update((language, text_hash(text)) for language, text in said.items())
    return PlannedAnswer(
        id=answer.id,
        state=answer.state,
        version=answer.version,
        key=answer.answer_key,
        intent=answer.intent,
        tags=list(answer.tags),
        texts=texts,
        validity=Validity(answer.valid_from, answer.valid_until),
        former=former - {(language, text.text_hash) for language, text in texts.items()},
        edited=edited,
        dated=dated,
    )


async def known_dialogues(session: AsyncSession, conversation_ids: Iterable[str]) -> dict[str, set[str]]:
    """Conversation id → content hashes stored under it."""
    columns = select(Dialogue.conversation_id, Dialogue.content_hash)
    known: dict[str, set[str]] = {}
    async for row in _rows(session, columns, Dialogue.conversation_id, conversation_ids):
        known.setdefault(row.conversation_id, set()).add(row.content_hash)
    return known


async def add_dialogues(
    session: AsyncSession, dialogues: Sequence[PreparedDialogue], *, batch_id: str
) -> None:
    rows = [
        {
            "id": new_id("dlg"),
            "conversation_id": prepared.dialogue.conversation_id,
            "content_hash": prepared.content_hash,
            "language": prepared.language,
            "turns": prepared.turns_json(),
            "batch_id": batch_id,
        }
        for prepared in dialogues
    ]
    await _insert(session, Dialogue, rows)


async def stored_texts(session: AsyncSession) -> list[StoredText]:
    """The texts of all answers that are not retired."""
    statement = (
        select(AnswerText.text, AnswerText.text_hash, AnswerText.language)
        .join(Answer, Answer.id == AnswerText.answer_id)
        .where(AnswerText.active, Answer.state != AnswerState.RETIRED)
        .order_by(AnswerText.number)
    )
    return [StoredText(*row) for row in await session.execute(statement)]


async def mined_drafts(session: AsyncSession, conversation_ids: Iterable[str]) -> list[PreparedRow]:
    """Drafts that were mined from these dialogues, as rows to import again: with approval, so that they are approved."""
    sources = select(AnswerSource.answer_id).join(Answer, Answer.id == AnswerSource.answer_id)
    drafts = sources.where(Answer.state == AnswerState.DRAFT)
    ids = {
        row.answer_id async for row in _rows(session, drafts, AnswerSource.conversation_id, conversation_ids)
    }
    asked: dict[str, list[PreparedQuestion]] = {}
    questions = select(Question).where(Question.active).order_by(Question.number)
    async for (question,) in _rows(session, questions, Question.answer_id, ids):
        prepared = PreparedQuestion(
            question.text, question.folded, question.language, question.conversation_id
        )
        asked.setdefault(question.answer_id, []).append(prepared)
    return [
        PreparedRow(
            text=text.text,
            text_hash=text.text_hash,
            language=language,
            questions=tuple(asked[answer.id]),
            answer_key=answer.key,
            approvable=not any(slot_names(text.text)),
        )
        for answer in (await _load_answers(session, ids & asked.keys())).values()
        for language, text in answer.texts.items()
    ]


async def write_plan(session: AsyncSession, plan: Plan, *, batch_id: str, revision: int, source: str) -> None:
    """Stores new answers, changes of present ones, and questions, all marked with batch and revision."""
    await _write_answers(session, plan.answers, batch_id=batch_id, revision=revision)
    changed = {answer.id: answer.content for answer in plan.changed}
    await put_contents(session, changed, changed_by=imported_by(batch_id), revision=revision)
    questions = [
        {
            "id": new_id("qst"),
            "answer_id": answer.id,
            "text": question.text,
            "folded": question.folded,
            "language": question.language,
            "source": source,
            "batch_id": batch_id,
            "conversation_id": question.conversation_id,
            "revision": revision,
        }
        for answer, question in plan.questions
    ]
    await _insert(session, Question, questions)
    sources = [
        {
            "id": new_id("src"),
            "answer_id": answer.id,
            "conversation_id": turn.conversation_id,
            "turn": turn.turn,
            "role": turn.role,
            "text": turn.text,
        }
        for answer, turn in plan.sources
    ]
    await _insert(session, AnswerSource, sources)


async def _write_answers(
    session: AsyncSession, answers: Sequence[PlannedAnswer], *, batch_id: str, revision: int
) -> None:
    rows = [
        {
            "id": answer.id,
            "answer_key": answer.key,
            "intent": answer.intent,
            "tags": answer.tags,
            "state": answer.state,
            "valid_from": answer.validity.since,
            "valid_until": answer.validity.until,
            "batch_id": batch_id,
            "revision": revision,
        }
        for answer in answers
    ]
    texts = [
        _text_row(answer.id, language, text, revision)
        for answer in answers
        for language, text in answer.texts.items()
    ]
    await _insert(session, Answer, rows)
    await _insert(session, AnswerText, texts)
    await _insert(session, AnswerVersion, [_version_row(answer, batch_id) for answer in answers])


def _version_row(answer: PlannedAnswer, batch_id: str) -> JsonObject:
    return {
        "answer_id": answer.id,
        "version": answer.version + 1,
        "content": answer.content.to_json(),
        "changed_by": imported_by(batch_id),
    }


def _text_row(answer_id: str, language: str, text: PlannedText, revision: int) -> JsonObject:
    return {
        "answer_id": answer_id,
        "language": language,
        "text": text.text,
        "text_hash": text.text_hash,
        "revision": revision,
    }


async def _insert(session: AsyncSession, mapped: type[Base], rows: Sequence[JsonObject]) -> None:
    """Into the table, past the mapped class, which takes twice the time while nobody else can write."""
    table = cast(Table, mapped.__table__)
    for start in range(0, len(rows), SLICE):
        await session.execute(insert(table), rows[start : start + SLICE])
