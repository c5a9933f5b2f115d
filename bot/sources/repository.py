"""Queries about documents and their sections."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.db.knowledge_tables import AnswerState
from bot.db.source_tables import Document, DocumentVersion, SourceSection
from bot.knowledge.versions import UNDONE
from bot.sources.planning import StoredDocument
from bot.sources.versions import DocumentContent

SLICE = 5_000


@dataclass(frozen=True)
class DocumentFilter:
    """Only what is not None counts; ``containing`` is looked for in title, key and address."""

    state: str | None = None
    language: str | None = None
    containing: str | None = None

    def on(self, statement: Select[Document]) -> Select[Document]:
        if self.state is not None:
            statement = statement.where(Document.state == self.state)
        if self.language is not None:
            statement = statement.where(Document.language == self.language)
        if self.containing is not None:
            columns = (Document.title, Document.key, Document.url)
            statement = statement.where(
                or_(*(column.icontains(self.containing, autoescape=True) for column in columns))
            )
        return statement


async def documents_after(
    session: AsyncSession, wanted: DocumentFilter, *, after: str | None, limit: int
) -> list[Document]:
    """In the order they were made."""
    statement = wanted.on(select(Document)).order_by(Document.id).limit(limit)
    if after is not None:
        statement = statement.where(Document.id > after)
    return list((await session.execute(statement)).scalars())


async def count_sections(session: AsyncSession, document_ids: Sequence[str]) -> dict[str, int]:
    """Of the versions that stand."""
    counted = (
        select(SourceSection.document_id, func.count())
        .where(SourceSection.document_id.in_(document_ids), SourceSection.active)
        .group_by(SourceSection.document_id)
    )
    return {row[0]: row[1] for row in await session.execute(counted)}


async def sections_of(session: AsyncSession, document_id: str) -> dict[str, SourceSection]:
    """All that the document ever had, by id."""
    statement = select(SourceSection).where(SourceSection.document_id == document_id)
    return {section.id: section for section in (await session.execute(statement)).scalars()}


async def versions_of(session: AsyncSession, document_id: str) -> Sequence[DocumentVersion]:
    statement = select(DocumentVersion).where(DocumentVersion.document_id == document_id)
    return (await session.execute(statement.order_by(DocumentVersion.version))).scalars().all()


async def known_documents(session: AsyncSession, keys: Iterable[str]) -> dict[str, StoredDocument]:
    """What is stored under these keys."""
    ordered = sorted(set(keys))
    ids: list[str] = []
    for start in range(0, len(ordered), SLICE):
        part = select(Document.id).where(Document.key.in_(ordered[start : start + SLICE]))
        ids += (await session.execute(part)).scalars()
    return {stored.key: stored for stored in await stored_documents(session, ids)}


async def stored_documents(session: AsyncSession, ids: Sequence[str]) -> list[StoredDocument]:
    found: list[StoredDocument] = []
    for start in range(0, len(ids), SLICE):
        part = ids[start : start + SLICE]
        fresh = select(Document).where(Document.id.in_(part)).execution_options(populate_existing=True)
        documents = (await session.execute(fresh)).scalars().all()
        versions: dict[str, dict[int, DocumentVersion]] = {}
        statement = select(DocumentVersion).where(DocumentVersion.document_id.in_(part))
        for version in (await session.execute(statement)).scalars():
            versions.setdefault(version.document_id, {})[version.version] = version
        found += [_stored(document, versions[document.id]) for document in documents]
    return found


def _stored(document: Document, versions: dict[int, DocumentVersion]) -> StoredDocument:
    standing = versions[document.version]
    pending = versions[document.pending].content if document.pending else None
    return StoredDocument(
        id=document.id,
        key=document.key,
        version=document.version,
        newest=max(versions),
        content=DocumentContent.from_json(standing.content),
        waiting=document.pending,
        pending=DocumentContent.from_json(pending) if pending else None,
        undone=document.state == AnswerState.RETIRED and standing.changed_by.startswith(UNDONE),
    )
