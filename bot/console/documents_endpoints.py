"""/console/knowledge/documents: the sources, what they say section by section, and deciding about them."""

from typing import Annotated, Literal

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncSession

from bot.access.principals import Role
from bot.console.access import AsSupervisor, AsViewer
from bot.console.moments import field_of, moment_of
from bot.console.rendering import go_to, page
from bot.db.knowledge_tables import AnswerState
from bot.dependencies import PartsDep
from bot.errors import ConflictError
from bot.knowledge.publishing import serve_now
from bot.operators.service import names_of
from bot.sources import service
from bot.sources.repository import DocumentFilter
from bot.sources.schemas import DocumentDetail, DocumentPatch
from retrieval.normalize import normalize

router = APIRouter(prefix="/knowledge/documents")

PAGE, SHOWN_SECTIONS, SHOWN_VERSIONS = 25, 200, 20
Cursor = Annotated[str | None, Query(max_length=200)]
Short = Annotated[str, Form(max_length=400)]


@router.get("")
async def list_documents(
    request: Request,
    parts: PartsDep,
    caller: AsViewer,  # noqa: ARG001  # the role is the permission
    state: Annotated[str, Query(pattern=f"^({'|'.join(AnswerState)})?$")] = "",
    q: Annotated[str, Query(max_length=200)] = "",
    cursor: Cursor = None,
) -> Response:
    wanted = DocumentFilter(state=state or None, containing=normalize(q) or None)
    async with parts.database.read() as session:
        found = await service.page_of_documents(session, wanted, cursor=cursor, limit=PAGE)
    return page(
        request,
        "documents/list.html",
        documents=found.items,
        next_cursor=found.next_cursor,
        cursor=cursor,
        state=state,
        states=list(AnswerState),
        q=q,
    )


@router.get("/{document_id}")
async def show_document(document_id: str, request: Request, parts: PartsDep, caller: AsViewer) -> Response:
    async with parts.database.read() as session:
        document = await service.show_document(session, document_id)
        names = await names_of(session, [version.changed_by for version in document.versions])
    return page(
        request,
        "documents/document.html",
        document=document,
        sections=document.sections[:SHOWN_SECTIONS],
        versions=document.versions[: -SHOWN_VERSIONS - 1 : -1],
        names=names,
        states=list(AnswerState),
        valid_from=field_of(document.valid_from, caller.time_zone),
        valid_until=field_of(document.valid_until, caller.time_zone),
        zone=caller.time_zone.key if caller.time_zone else "UTC",
        may_change=caller.role.allows(Role.SUPERVISOR),
    )


@router.post("/{document_id}")
async def change_document(
    document_id: str,
    request: Request,
    parts: PartsDep,
    caller: AsSupervisor,
    version: Annotated[int, Form()],
    state: Annotated[AnswerState, Form()],
    valid_from: Short = "",
    valid_until: Short = "",
) -> Response:
    """``version`` is the one that was on the screen. What is pending goes on waiting."""
    dates = {
        "valid_from": moment_of(valid_from, caller.time_zone),
        "valid_until": moment_of(valid_until, caller.time_zone),
    }
    async with parts.database.write() as session:
        present = await _as_seen(session, document_id, version=version)
        wish = dates if present.state == state else {**dates, "state": state}
        patch = DocumentPatch.model_validate(wish)
        await service.change_document(session, document_id, patch, changed_by=caller.principal.name)
    await serve_now(parts)
    return go_to(request, f"/knowledge/documents/{document_id}", flash="documents.saved")


@router.post("/{document_id}/pending")
async def decide_pending(
    document_id: str,
    request: Request,
    parts: PartsDep,
    caller: AsSupervisor,
    version: Annotated[int, Form()],
    verdict: Annotated[Literal["approve", "drop"], Form()],
) -> Response:
    """``version`` is the pending one that was on the screen."""
    patch = (
        DocumentPatch(state=AnswerState.APPROVED)
        if verdict == "approve"
        else DocumentPatch(drop_pending=True)
    )
    async with parts.database.write() as session:
        await _as_seen(session, document_id, pending=version)
        await service.change_document(session, document_id, patch, changed_by=caller.principal.name)
    await serve_now(parts)
    return go_to(request, f"/knowledge/documents/{document_id}", flash="documents.saved")


async def _as_seen(
    session: AsyncSession, document_id: str, *, version: int | None = None, pending: int | None = None
) -> DocumentDetail:
    """Raises ConflictError where somebody changed the document since it was shown."""
    present = await service.show_document(session, document_id)
    seen, now_there = (version, present.version) if version is not None else (pending, present.pending)
    if seen != now_there:
        raise ConflictError(
            f"this document was changed meanwhile: you saw version {seen}, there is {now_there or 'none'} now"
        )
    return present


@router.get("/{document_id}/versions/{version}")
async def show_version(
    document_id: str,
    version: int,
    request: Request,
    parts: PartsDep,
    caller: AsViewer,  # noqa: ARG001  # the role is the permission
) -> Response:
    async with parts.database.read() as session:
        shown = await service.show_version(session, document_id, version)
        names = await names_of(session, [shown.changed_by])
    return page(
        request,
        "documents/version.html",
        document_id=document_id,
        shown=shown,
        sections=shown.sections[:SHOWN_SECTIONS],
        names=names,
    )
