"""Takes out what an import did to documents."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.db.knowledge_tables import AnswerState
from bot.db.source_tables import DocumentVersion
from bot.knowledge.versions import UNDONE, imported_by, undone_by
from bot.sources.planning import StoredDocument
from bot.sources.repository import stored_documents, versions_of
from bot.sources.versions import PENDING, DocumentContent
from bot.sources.writing import forget_pending, put_content


@dataclass
class UndoneDocuments:
    """How many were retired, stand as before, and were left alone since somebody changed them since."""

    retired: int = 0
    restored: int = 0
    kept: int = 0


async def undo_documents(session: AsyncSession, batch_id: str, *, revision: int) -> UndoneDocuments:
    """Documents that the import brought are retired, those it changed stand as before, changes that wait are dropped."""
    touched = (
        select(DocumentVersion.document_id)
        .where(DocumentVersion.changed_by == imported_by(batch_id))
        .distinct()
    )
    undone = UndoneDocuments()
    for stored in await stored_documents(session, sorted((await session.execute(touched)).scalars())):
        await _undo(session, stored, batch_id, undone, revision=revision)
    return undone


async def _undo(
    session: AsyncSession, stored: StoredDocument, batch_id: str, undone: UndoneDocuments, *, revision: int
) -> None:
    versions = {version.version: version for version in await versions_of(session, stored.id)}
    ours, by = imported_by(batch_id), undone_by(batch_id)
    standing = _written(versions, versions[stored.version])
    if stored.waiting is not None and versions[stored.waiting].changed_by == ours:
        await forget_pending(session, stored.id)
        undone.restored += 1
    elif standing.changed_by != ours:
        undone.kept += stored.content.state != AnswerState.RETIRED
    elif (before := _before(versions, standing)) is None:
        retired = replace(stored.content, state=AnswerState.RETIRED)
        await put_content(session, stored, retired, changed_by=by, revision=revision)
        undone.retired += 1
    else:
        await put_content(session, stored, before, changed_by=by, revision=revision)
        undone.restored += 1


def _written(versions: Mapping[int, DocumentVersion], standing: DocumentVersion) -> DocumentVersion:
    """The version that first said what stands, where it stands again only because what came after was undone."""
    if not standing.changed_by.startswith(UNDONE):
        return standing
    same = [
        version
        for version in versions.values()
        if version.version < standing.version
        and version.content == standing.content
        and not version.changed_by.startswith(UNDONE)
    ]
    return same[-1] if same else standing


def _before(versions: Mapping[int, DocumentVersion], standing: DocumentVersion) -> DocumentContent | None:
    """What stood before this version; None where nothing did."""
    earlier = [
        version
        for version in versions.values()
        if version.version < standing.version and version.content["state"] != PENDING
    ]
    return DocumentContent.from_json(earlier[-1].content) if earlier else None
