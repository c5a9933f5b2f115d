"""/v1/answers and /v1/questions: what the bot may say, and what leads to it."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncSession

from bot.access.idempotency import StoredReply
from bot.db.knowledge_tables import AnswerState
from bot.dependencies import Idempotent, PageLimit, PartsDep, ReadKey, WriteKey
from bot.errors import (
    ConflictError,
    ForbiddenError,
    InvalidInputError,
    KeyReusedError,
    NotFoundError,
    RateLimitedError,
    RequestRunningError,
    TooLargeError,
    UnauthorizedError,
)
from bot.knowledge import questions, repository, service
from bot.knowledge.publishing import change_knowledge, serve_now
from bot.knowledge.repository import AnswerFilter
from bot.knowledge.schemas import (
    AnswerIn,
    AnswerOut,
    AnswerPatch,
    AnswerVersionOut,
    QuestionIn,
    QuestionOut,
    SourceOut,
)
from bot.pagination import Page, cut, decode_cursor, decode_number
from bot.problems import responses
from retrieval.normalize import normalize

router = APIRouter(prefix="/v1")

_READING = responses(UnauthorizedError, ForbiddenError, RateLimitedError, InvalidInputError)
_READING_ONE = responses(UnauthorizedError, ForbiddenError, RateLimitedError, NotFoundError)
_WRITING = responses(
    UnauthorizedError,
    ForbiddenError,
    RateLimitedError,
    NotFoundError,
    ConflictError,
    RequestRunningError,
    KeyReusedError,
    InvalidInputError,
    TooLargeError,
)
Containing = Annotated[str | None, Query(max_length=200, description="In the answer or one of its questions")]


@router.get("/answers", tags=["knowledge"], response_model=Page[AnswerOut], responses=_READING)
async def list_answers(
    parts: PartsDep,
    _: ReadKey,
    state: AnswerState | None = None,
    language: Annotated[str | None, Query(max_length=16)] = None,
    intent: Annotated[str | None, Query(max_length=200)] = None,
    q: Containing = None,
    cursor: str | None = None,
    limit: PageLimit = 50,
) -> Page[AnswerOut]:
    """Answers in the order they were made."""
    wanted = AnswerFilter(state.value if state else None, language, intent, normalize(q) if q else None)
    after = decode_cursor(cursor)
    async with parts.database.read() as session:
        rows = await repository.answers_after(session, wanted, after=after, limit=limit + 1)
    page, next_cursor = cut(rows, limit=limit, key=lambda row: row.answer.id)
    return Page(items=[service.answer_out(row, language=language) for row in page], next_cursor=next_cursor)


@router.post("/answers", tags=["knowledge"], status_code=201, response_model=AnswerOut, responses=_WRITING)
async def create_answer(answer: AnswerIn, parts: PartsDep, key: WriteKey, call: Idempotent) -> Response:
    """Adds an answer with the questions that lead to it; customers get it at once unless its state says otherwise."""

    async def work(session: AsyncSession) -> StoredReply:
        made = await service.create_answer(
            session, answer, languages=parts.settings.languages, created_by=key.name
        )
        return StoredReply(201, made.model_dump(mode="json"))

    return await change_knowledge(parts, call, work)


@router.get("/answers/{answer_id}", tags=["knowledge"], response_model=AnswerOut, responses=_READING_ONE)
async def show_answer(answer_id: str, parts: PartsDep, _: ReadKey) -> AnswerOut:
    async with parts.database.read() as session:
        return service.answer_out(await service.find_answer(session, answer_id))


@router.patch("/answers/{answer_id}", tags=["knowledge"], response_model=AnswerOut, responses=_WRITING)
async def change_answer(
    answer_id: str, patch: AnswerPatch, parts: PartsDep, key: WriteKey, call: Idempotent
) -> Response:
    """Changes an answer; how it stood before stays in its versions."""

    async def work(session: AsyncSession) -> StoredReply:
        changed = await service.change_answer(
            session, answer_id, patch, languages=parts.settings.languages, changed_by=key.name
        )
        return StoredReply(200, changed.model_dump(mode="json"))

    return await change_knowledge(parts, call, work)


@router.get(
    "/answers/{answer_id}/versions",
    tags=["knowledge"],
    response_model=Page[AnswerVersionOut],
    responses=_READING_ONE,
)
async def list_versions(answer_id: str, parts: PartsDep, _: ReadKey) -> Page[AnswerVersionOut]:
    """How the answer stood, the oldest version first, and who changed it."""
    async with parts.database.read() as session:
        await service.find_answer(session, answer_id)
        rows = await repository.versions_of(session, answer_id)
    items = [AnswerVersionOut.model_validate(row, from_attributes=True) for row in rows]
    return Page(items=items, next_cursor=None)


@router.get(
    "/answers/{answer_id}/sources",
    tags=["knowledge"],
    response_model=Page[SourceOut],
    responses=_READING_ONE,
)
async def list_sources(answer_id: str, parts: PartsDep, _: ReadKey) -> Page[SourceOut]:
    """The turns of past dialogues that a mined answer rests on, for whoever approves it."""
    async with parts.database.read() as session:
        await service.find_answer(session, answer_id)
        rows = await repository.sources_of(session, answer_id)
    items = [SourceOut.model_validate(row, from_attributes=True) for row in rows]
    return Page(items=items, next_cursor=None)


@router.get("/questions", tags=["knowledge"], response_model=Page[QuestionOut], responses=_READING)
async def list_questions(
    parts: PartsDep,
    _: ReadKey,
    answer_id: Annotated[str | None, Query(max_length=64)] = None,
    cursor: str | None = None,
    limit: PageLimit = 50,
) -> Page[QuestionOut]:
    """Questions in use, in the order they were added."""
    after = decode_number(cursor)
    async with parts.database.read() as session:
        rows = await repository.questions_after(session, answer_id=answer_id, after=after, limit=limit + 1)
    page, next_cursor = cut(rows, limit=limit, key=lambda row: str(row.number))
    return Page(items=[questions.question_out(row) for row in page], next_cursor=next_cursor)


@router.post(
    "/questions",
    tags=["knowledge"],
    status_code=201,
    response_model=QuestionOut,
    responses={**_WRITING, 200: {"model": QuestionOut, "description": "It leads there already"}},
)
async def add_question(question: QuestionIn, parts: PartsDep, key: WriteKey, call: Idempotent) -> Response:
    """Lets a question lead to an answer; it is searchable within two seconds."""

    async def work(session: AsyncSession) -> StoredReply:
        added, is_new = await questions.add_question(
            session, question, languages=parts.settings.languages, added_by=key.name
        )
        return StoredReply(201 if is_new else 200, added.model_dump(mode="json"))

    return await change_knowledge(parts, call, work)


@router.delete("/questions/{question_id}", tags=["knowledge"], status_code=204, responses=_WRITING)
async def remove_question(question_id: str, parts: PartsDep, key: WriteKey) -> Response:
    """Switches a question off; what was answered by it stays explained."""
    async with parts.database.write() as session:
        await questions.remove_question(session, question_id, removed_by=key.name)
    await serve_now(parts)
    return Response(status_code=204)
