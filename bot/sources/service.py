"""Reading documents, and deciding about them. Every change is a version, an audit entry and a new knowledge revision."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncSession

from bot.db.knowledge_tables import AnswerState
from bot.db.source_tables import Document, DocumentVersion, SourceSection
from bot.errors import InvalidInputError, NotFoundError
from bot.knowledge.audit import record_audit
from bot.knowledge.index_feed import raise_revision
from bot.pagination import Page, cut, decode_cursor
from bot.sources import repository
from bot.sources.planning import StoredDocument
from bot.sources.repository import DocumentFilter
from bot.sources.schemas import (
    DocumentDetail,
    DocumentOut,
    DocumentPatch,
    DocumentVersionDetail,
    DocumentVersionOut,
    SectionOut,
)
from bot.sources.versions import DocumentContent
from bot.sources.writing import forget_pending, put_content


async def page_of_documents(
    session: AsyncSession, wanted: DocumentFilter, *, cursor: str | None, limit: int
) -> Page[DocumentOut]:
    rows = await repository.documents_after(session, wanted, after=decode_cursor(cursor), limit=limit + 1)
    page, next_cursor = cut(rows, limit=limit, key=lambda row: row.id)
    counts = await repository.count_sections(session, [row.id for row in page])
    return Page(items=[_out(row, counts.get(row.id, 0)) for row in page], next_cursor=next_cursor)


async def show_document(session: AsyncSession, document_id: str) -> DocumentDetail:
    """Raises NotFoundError."""
    document = await session.get(Document, document_id, populate_existing=True)
    if document is None:
        raise _missing(document_id)
    versions = await repository.versions_of(session, document_id)
    sections = await repository.sections_of(session, document_id)
    standing = next(version for version in versions if version.version == document.version)
    shown = _sections(standing.content["sections"], sections)
    return DocumentDetail(
        **_out(document, len(shown)).model_dump(),
        sections=shown,
        versions=[_version_out(version) for version in versions],
    )


async def show_version(session: AsyncSession, document_id: str, version: int) -> DocumentVersionDetail:
    """Raises NotFoundError."""
    for each in await repository.versions_of(session, document_id):
        if each.version == version:
            sections = await repository.sections_of(session, document_id)
            shown = _sections(each.content["sections"], sections)
            return DocumentVersionDetail(**_version_out(each).model_dump(), sections=shown)
    raise NotFoundError(f"document {document_id!r} has no version {version}")


async def change_document(
    session: AsyncSession, document_id: str, patch: DocumentPatch, *, changed_by: str
) -> DocumentDetail:
    """Approves, retires, or dates a document as a whole; what changes nothing makes no version.

    Raises:
        NotFoundError: there is no such document.
        InvalidInputError: the dates are the wrong way round.
    """
    revision = await raise_revision(session)
    found = await repository.stored_documents(session, [document_id])
    if not found:
        raise _missing(document_id)
    stored = found[0]
    takes_pending = (
        stored.pending is not None and patch.state == AnswerState.APPROVED and not patch.drop_pending
    )
    after = _patched(_taken_over(stored) if takes_pending else stored.content, patch)
    drops = patch.drop_pending and stored.pending is not None
    if drops:
        await forget_pending(session, document_id)
    if after != stored.content or takes_pending:
        keeps = stored.pending is not None and not takes_pending and not drops
        await put_content(
            session, stored, after, changed_by=changed_by, revision=revision, keep_pending=keeps
        )
    if after != stored.content or takes_pending or drops:
        fields = sorted(patch.model_fields_set)
        await record_audit(
            session,
            actor=changed_by,
            action="change_document",
            target=document_id,
            details={"fields": fields},
        )
    return await show_document(session, document_id)


def _taken_over(stored: StoredDocument) -> DocumentContent:
    """The pending content; dates that its file did not state stay as they are."""
    assert stored.pending is not None
    pending = stored.pending
    if pending.valid_from is None and pending.valid_until is None:
        return replace(pending, valid_from=stored.content.valid_from, valid_until=stored.content.valid_until)
    return pending


def _patched(before: DocumentContent, patch: DocumentPatch) -> DocumentContent:
    after = before
    if patch.state is not None:
        after = replace(after, state=patch.state.value)
    if "valid_from" in patch.model_fields_set:
        after = replace(after, valid_from=patch.valid_from)
    if "valid_until" in patch.model_fields_set:
        after = replace(after, valid_until=patch.valid_until)
    since, until = after.valid_from, after.valid_until
    if since is not None and until is not None and since >= until:
        raise InvalidInputError(
            f"valid_until {until.isoformat()} must come after valid_from {since.isoformat()}"
        )
    return after


def _out(document: Document, sections: int) -> DocumentOut:
    return DocumentOut(
        id=document.id,
        key=document.key,
        title=document.title,
        url=document.url,
        language=document.language,
        state=AnswerState(document.state),
        version=document.version,
        pending=document.pending,
        valid_from=document.valid_from,
        valid_until=document.valid_until,
        section_count=sections,
        created_at=document.created_at,
        updated_at=document.updated_at,
    )


def _version_out(row: DocumentVersion) -> DocumentVersionOut:
    content = DocumentContent.from_json(row.content)
    return DocumentVersionOut(
        version=row.version,
        state=content.state,
        title=content.title,
        url=content.url,
        valid_from=content.valid_from,
        valid_until=content.valid_until,
        section_ids=list(content.sections),
        changed_by=row.changed_by,
        created_at=row.created_at,
    )


def _sections(ids: Sequence[str], stored: dict[str, SourceSection]) -> list[SectionOut]:
    return [SectionOut.model_validate(stored[id], from_attributes=True) for id in ids]


def _missing(document_id: str) -> NotFoundError:
    return NotFoundError(f"no document {document_id!r}; see: kefu documents list, or GET /v1/documents")
