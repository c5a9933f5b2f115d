"""/v1/documents: the sources that answers may be composed from. They come in through /v1/imports."""

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
from bot.knowledge.publishing import change_knowledge
from bot.pagination import Page
from bot.problems import responses
from bot.sources import service
from bot.sources.repository import DocumentFilter
from bot.sources.schemas import DocumentDetail, DocumentOut, DocumentPatch, DocumentVersionDetail
from retrieval.normalize import normalize

router = APIRouter(prefix="/v1/documents", tags=["knowledge"])

_OFTEN = (UnauthorizedError, ForbiddenError, RateLimitedError)
_WRITING = (ConflictError, RequestRunningError, KeyReusedError, InvalidInputError, TooLargeError)
Containing = Annotated[str | None, Query(max_length=200, description="In title, key or address")]


@router.get("", response_model=Page[DocumentOut], responses=responses(*_OFTEN, InvalidInputError))
async def list_documents(
    parts: PartsDep,
    _: ReadKey,
    state: AnswerState | None = None,
    language: Annotated[str | None, Query(max_length=16)] = None,
    q: Containing = None,
    cursor: str | None = None,
    limit: PageLimit = 50,
) -> Page[DocumentOut]:
    """Documents in the order they were brought in."""
    wanted = DocumentFilter(state.value if state else None, language, normalize(q) if q else None)
    async with parts.database.read() as session:
        return await service.page_of_documents(session, wanted, cursor=cursor, limit=limit)


@router.get("/{document_id}", response_model=DocumentDetail, responses=responses(*_OFTEN, NotFoundError))
async def show_document(document_id: str, parts: PartsDep, _: ReadKey) -> DocumentDetail:
    """With its sections in reading order, and its versions."""
    async with parts.database.read() as session:
        return await service.show_document(session, document_id)


@router.get(
    "/{document_id}/versions/{version}",
    response_model=DocumentVersionDetail,
    responses=responses(*_OFTEN, NotFoundError, InvalidInputError),
)
async def show_document_version(
    document_id: str, version: int, parts: PartsDep, _: ReadKey
) -> DocumentVersionDetail:
    """The sections that a document had at one version, also one that waits for approval."""
    async with parts.database.read() as session:
        return await service.show_version(session, document_id, version)


@router.patch(
    "/{document_id}", response_model=DocumentDetail, responses=responses(*_OFTEN, NotFoundError, *_WRITING)
)
async def change_document(
    document_id: str, patch: DocumentPatch, parts: PartsDep, key: WriteKey, call: Idempotent
) -> Response:
    """Approves, retires or dates a document as a whole; it counts for the very next reply."""

    async def work(session: AsyncSession) -> StoredReply:
        changed = await service.change_document(session, document_id, patch, changed_by=key.name)
        return StoredReply(200, changed.model_dump(mode="json"))

    return await change_knowledge(parts, call, work)
