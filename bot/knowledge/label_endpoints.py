"""/v1/labels: what is right for an utterance, and candidates to accept or reject."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncSession

from bot.access.idempotency import StoredReply
from bot.access.principals import KeyPrincipal
from bot.conversations.repository import exchange_for
from bot.db.conversation_tables import Exchange
from bot.db.knowledge_tables import LabelSource, LabelState
from bot.dependencies import Idempotent, OperatorKey, PageLimit, PartsDep, ReadKey, WriteKey
from bot.errors import (
    TEACHING_ERRORS,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    RateLimitedError,
    UnauthorizedError,
)
from bot.knowledge import labels, repository
from bot.knowledge.label_schemas import AcceptIn, LabelIn, LabelOut
from bot.knowledge.publishing import change_knowledge
from bot.knowledge.rivals import nearest_answers
from bot.pagination import Page, cut, decode_cursor
from bot.problems import responses

router = APIRouter(prefix="/v1/labels", tags=["knowledge"])

_READING = responses(UnauthorizedError, ForbiddenError, RateLimitedError, InvalidInputError)
_WRITING = responses(*TEACHING_ERRORS)


@router.get("", response_model=Page[LabelOut], responses=_READING)
async def list_labels(
    parts: PartsDep,
    _: ReadKey,
    source: LabelSource | None = None,
    state: Annotated[LabelState | None, Query(description="Withdrawn labels keep the state they had")] = None,
    cursor: str | None = None,
    limit: PageLimit = 50,
) -> Page[LabelOut]:
    """Labels of every source, in the order they were given."""
    after = decode_cursor(cursor)
    async with parts.database.read() as session:
        rows = await repository.labels_after(
            session, source=source, state=state, after=after, limit=limit + 1
        )
    page, next_cursor = cut(rows, limit=limit, key=lambda row: row.id)
    return Page(items=[labels.label_out(row) for row in page], next_cursor=next_cursor)


@router.post("", status_code=201, response_model=LabelOut, responses=_WRITING)
async def add_label(label: LabelIn, parts: PartsDep, key: WriteKey, call: Idempotent) -> Response:
    """Says which answer is right for an utterance, or that none is; it counts at once and in the next model."""
    near = await nearest_answers(parts, [label.text, label.utterance or ""]) if label.text else []

    async def work(session: AsyncSession) -> StoredReply:
        given = await labels.add_label(
            session,
            label,
            languages=parts.settings.languages,
            given_by=key.name,
            exchange=await _exchange(session, label.exchange_id, key),
            near=near,
        )
        return StoredReply(201, given.model_dump(mode="json"))

    return await change_knowledge(parts, call, work)


@router.post("/{label_id}/accept", response_model=LabelOut, responses=_WRITING)
async def accept_label(
    label_id: str, parts: PartsDep, key: OperatorKey, call: Idempotent, wanted: AcceptIn | None = None
) -> Response:
    """Lets a candidate count: an agent's reply becomes an answer, or leads to one that is there."""
    accepted = wanted or AcceptIn()
    async with parts.database.read() as session:
        stored = await repository.label(session, label_id)
    text = accepted.text or (stored.draft_text if stored and not accepted.answer_id else None)
    near = await nearest_answers(parts, [text, stored.utterance]) if text and stored else []

    async def work(session: AsyncSession) -> StoredReply:
        label = await labels.accept(
            session,
            label_id,
            accepted,
            languages=parts.settings.languages,
            accepted_by=key.name,
            near=near,
        )
        return StoredReply(200, label.model_dump(mode="json"))

    return await change_knowledge(parts, call, work)


@router.post("/{label_id}/reject", response_model=LabelOut, responses=_WRITING)
async def reject_label(label_id: str, parts: PartsDep, key: OperatorKey, call: Idempotent) -> Response:
    """Puts a candidate aside; it is not proposed again."""

    async def work(session: AsyncSession) -> StoredReply:
        label = await labels.reject(session, label_id, rejected_by=key.name)
        return StoredReply(200, label.model_dump(mode="json"))

    return await change_knowledge(parts, call, work)


async def _exchange(session: AsyncSession, exchange_id: str | None, key: KeyPrincipal) -> Exchange | None:
    if exchange_id is None:
        return None
    exchange = await exchange_for(session, exchange_id, key)
    if exchange is None:
        raise NotFoundError(f"no exchange {exchange_id!r}")
    return exchange
