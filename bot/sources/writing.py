"""Changes to documents, always with the version they make. ``raise_revision`` comes before them.

A section's row carries the revision whenever it begins or ceases to be usable, or its document's title, which belongs to what
is searched, changes; so the index hears of these sections and of no others.
"""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.db.base import JsonObject, new_id, now
from bot.db.knowledge_tables import AnswerState
from bot.db.source_tables import Document, DocumentVersion, SourceSection
from bot.sources.planning import PlannedDocument, StoredDocument
from bot.sources.preparing import PreparedDocument, PreparedSection
from bot.sources.versions import DocumentContent

SLICE = 1_000


async def add_documents(
    session: AsyncSession,
    planned: Iterable[PlannedDocument],
    *,
    batch_id: str,
    changed_by: str,
    revision: int,
) -> None:
    """Stores documents that are not there yet, many rows a statement."""
    documents: list[JsonObject] = []
    versions: list[JsonObject] = []
    sections: list[JsonObject] = []
    for each in planned:
        document_id = new_id("doc")
        rows = [
            _section_row(document_id, section, place, active=True, revision=revision)
            for place, section in enumerate(each.document.sections)
        ]
        content = content_of(each.document, state=each.state, sections=[row["id"] for row in rows])
        documents.append(
            {
                "id": document_id,
                "key": each.document.key,
                "version": 1,
                "batch_id": batch_id,
                **_columns(content, revision=revision),
            }
        )
        versions.append(_version_row(document_id, 1, content, changed_by=changed_by))
        sections += rows
    for table, inserted in ((Document, documents), (DocumentVersion, versions), (SourceSection, sections)):
        for start in range(0, len(inserted), SLICE):
            await session.execute(insert(table), inserted[start : start + SLICE])


async def take_document(
    session: AsyncSession, planned: PlannedDocument, *, changed_by: str, revision: int
) -> None:
    """Gives a stored document the content of its file; dates that the file does not state stay."""
    stored, document = planned.stored, planned.document
    assert stored is not None
    ids = await section_ids(session, stored.id, document.sections, revision=revision)
    content = content_of(document, state=planned.state, sections=ids, before=stored.content)
    await put_content(session, stored, content, changed_by=changed_by, revision=revision)


async def let_wait(
    session: AsyncSession, planned: PlannedDocument, *, changed_by: str, revision: int
) -> None:
    """Keeps the content as a version that waits for approval; what stands goes on standing."""
    stored = planned.stored
    assert stored is not None
    ids = await section_ids(session, stored.id, planned.document.sections, revision=revision)
    content = content_of(planned.document, state=planned.state, sections=ids)
    version = stored.newest + 1
    await session.execute(
        insert(DocumentVersion).values(**_version_row(stored.id, version, content, changed_by=changed_by))
    )
    await _update_document(session, stored.id, {"pending": version, "updated_at": now()})


async def forget_pending(session: AsyncSession, document_id: str) -> None:
    await _update_document(session, document_id, {"pending": None, "updated_at": now()})


async def put_content(
    session: AsyncSession,
    stored: StoredDocument,
    content: DocumentContent,
    *,
    changed_by: str,
    revision: int,
    keep_pending: bool = False,
) -> int:
    """Makes a document stand as given, as its next version, whose number is returned."""
    version = stored.newest + 1
    values = _columns(content, revision=revision) | {"version": version, "updated_at": now()}
    await _update_document(session, stored.id, values if keep_pending else values | {"pending": None})
    row = _version_row(stored.id, version, content, changed_by=changed_by)
    await session.execute(insert(DocumentVersion).values(**row))
    before = stored.content
    all_of_them = (before.title, _is_usable(before)) != (content.title, _is_usable(content))
    await _place_sections(session, stored.id, content.sections, all_of_them=all_of_them, revision=revision)
    return version


def _is_usable(content: DocumentContent) -> bool:
    return content.state == AnswerState.APPROVED


async def section_ids(
    session: AsyncSession, document_id: str, sections: Sequence[PreparedSection], *, revision: int
) -> list[str]:
    """The ids of a document's sections, those of them made that it never had before."""
    columns = select(SourceSection.content_hash, SourceSection.id)
    known = await session.execute(columns.where(SourceSection.document_id == document_id))
    ids: dict[str, str] = {row.content_hash: row.id for row in known}
    rows = [
        _section_row(document_id, section, place, active=False, revision=revision)
        for place, section in enumerate(sections)
        if section.content_hash not in ids
    ]
    if rows:
        await session.execute(insert(SourceSection), rows)
    ids |= {row["content_hash"]: row["id"] for row in rows}
    return [ids[section.content_hash] for section in sections]


def content_of(
    document: PreparedDocument, *, state: str, sections: Sequence[str], before: DocumentContent | None = None
) -> DocumentContent:
    stated = document.valid_from is not None or document.valid_until is not None or before is None
    return DocumentContent(
        state=state,
        title=document.title,
        url=document.url,
        language=document.language,
        content_hash=document.content_hash,
        sections=sections,
        valid_from=document.valid_from if stated or before is None else before.valid_from,
        valid_until=document.valid_until if stated or before is None else before.valid_until,
    )


async def _place_sections(
    session: AsyncSession, document_id: str, ids: Sequence[str], *, all_of_them: bool, revision: int
) -> None:
    columns = select(SourceSection.id, SourceSection.position, SourceSection.active)
    stored = {
        row.id: (row.position, row.active)
        for row in await session.execute(columns.where(SourceSection.document_id == document_id))
    }
    places = {id: place for place, id in enumerate(ids)}
    for id, (position, active) in stored.items():
        place = places.get(id)
        values: dict[str, object] = {}
        if place is not None and place != position:
            values["position"] = place
        if active != (place is not None):
            values |= {"active": place is not None, "revision": revision}
        elif active and all_of_them:
            values["revision"] = revision
        if values:
            await _update_section(session, id, values)


async def _update_document(session: AsyncSession, document_id: str, values: Mapping[str, object]) -> None:
    change = update(Document).where(Document.id == document_id).values(**values)
    await session.execute(change.execution_options(synchronize_session=False))


async def _update_section(session: AsyncSession, section_id: str, values: Mapping[str, object]) -> None:
    change = update(SourceSection).where(SourceSection.id == section_id).values(**values)
    await session.execute(change.execution_options(synchronize_session=False))


def _columns(content: DocumentContent, *, revision: int) -> JsonObject:
    return {
        "title": content.title,
        "url": content.url,
        "language": content.language,
        "state": content.state,
        "valid_from": content.valid_from,
        "valid_until": content.valid_until,
        "content_hash": content.content_hash,
        "revision": revision,
    }


def _version_row(document_id: str, version: int, content: DocumentContent, *, changed_by: str) -> JsonObject:
    return {
        "document_id": document_id,
        "version": version,
        "content": content.to_json(),
        "changed_by": changed_by,
    }


def _section_row(
    document_id: str, section: PreparedSection, place: int, *, active: bool, revision: int
) -> JsonObject:
    return {
        "id": new_id("sec"),
        "document_id": document_id,
        "position": place,
        "heading": list(section.heading),
        "text": section.text,
        "content_hash": section.content_hash,
        "language": section.language,
        "active": active,
        "revision": revision,
    }
