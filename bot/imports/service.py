"""Importing a file: read and prepare it aside, then bring all of it in by one transaction, or nothing."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession

from bot.db.base import new_id
from bot.db.engine import Database
from bot.db.import_tables import ImportBatch
from bot.db.knowledge_tables import LabelSource
from bot.errors import NothingToServeError
from bot.imports import repository
from bot.imports.mined_rows import MinedRows, mine_rows
from bot.imports.planned import Count, Plan
from bot.imports.planning import plan_rows
from bot.imports.preparing import PreparedDialogue, PreparedFile, prepare_file
from bot.imports.readers import ImportFormat
from bot.imports.report import mined_report, report_of
from bot.imports.schemas import ImportReport
from bot.knowledge.audit import record_audit
from bot.knowledge.index_feed import current_revision, raise_revision
from bot.releases.building import models_dir
from bot.releases.repository import ReleaseParts
from bot.releases.service import ensure_release
from bot.settings import Settings
from bot.sources import importing as documents
from bot.sources.planning import DocumentPlan
from retrieval.encoder import Encoder

Progress = Callable[[str, int, int], None]
"""Called with the stage ("read", "mine"), steps done and steps in all."""


@dataclass(frozen=True)
class PreparedImport:
    """Everything worked out before the database is locked."""

    file: PreparedFile
    mined: MinedRows


@dataclass(frozen=True)
class ImportWish:
    """How a prepared file is to be brought in."""

    approve: bool
    dry_run: bool
    imported_by: str


@dataclass(frozen=True)
class PlannedImport:
    """What a prepared file changes in the knowledge as it stood at ``revision``."""

    prepared: PreparedImport
    wish: ImportWish
    revision: int
    dialogues: list[PreparedDialogue]
    counts: Counter[Count]
    plan: Plan
    mined_plan: Plan
    document_plan: DocumentPlan

    @property
    def adds_nothing(self) -> bool:
        plans = (self.plan, self.mined_plan, self.document_plan)
        return not self.dialogues and all(plan.adds_nothing for plan in plans)

    def report(self, *, batch_id: str | None) -> ImportReport:
        file, mined = self.prepared.file, self.prepared.mined
        need_wording = sum(1 for row in mined.rows if not row.approvable)
        found = mined_report(self.mined_plan, need_wording=need_wording, skipped=mined.skipped)
        return report_of(
            file,
            self.counts,
            batch_id=batch_id,
            dry_run=self.wish.dry_run,
            approved=self.wish.approve,
            mined=found if file.dialogues else None,
        )


def load_encoder(settings: Settings) -> Encoder:
    """The backbone of the settings' languages; raises ModelNotFoundError."""
    from retrieval.encoder import OnnxEncoder
    from retrieval.models import find_model

    return OnnxEncoder.load(find_model(settings.backbone, models_dir=models_dir(settings)), threads=2)


async def prepare_import(
    database: Database,
    settings: Settings,
    path: Path,
    *,
    format: ImportFormat | None = None,
    encoder: Callable[[Settings], Encoder] = load_encoder,
    progress: Progress | None = None,
) -> PreparedImport:
    """Reads a file, masks it, and mines its dialogues; nothing is written yet.

    Raises:
        InvalidInputError: the file can't be used.
        ModelNotFoundError: dialogues need the backbone, which is not on this machine.
    """
    if progress:
        progress("read", 0, 1)
    file = await asyncio.to_thread(
        prepare_file,
        path,
        format=format,
        languages=settings.languages,
        allowed_hosts=settings.sources.allowed_hosts,
        progress=partial(progress, "read") if progress else None,
    )
    if progress:
        progress("read", 1, 1)
    async with database.read() as session:
        new, _ = await _dialogues_to_add(session, file)
        stored = await repository.stored_texts(session) if new else []
    if not new:
        return PreparedImport(file, MinedRows())

    def mine() -> MinedRows:
        return mine_rows(
            [prepared.dialogue for prepared in new],
            stored,
            encoder=encoder(settings),
            languages=settings.languages,
            progress=lambda done, total: progress("mine", done, total) if progress else None,
        )

    return PreparedImport(file, await asyncio.to_thread(mine))


async def plan_import(database: Database, prepared: PreparedImport, wish: ImportWish) -> PlannedImport:
    """Works out what a prepared file changes, while others may still write."""
    async with database.read() as session:
        return await _planned(session, prepared, wish, revision=await current_revision(session))


async def store_import(session: AsyncSession, planned: PlannedImport) -> ImportReport:
    """Brings a planned file in, inside the caller's transaction; a dry run, or nothing new, writes nothing.

    Where the knowledge changed since it was planned, it is planned again.
    """
    if planned.wish.dry_run or planned.adds_nothing:
        return planned.report(batch_id=None)
    attempt = await session.begin_nested()
    revision = await raise_revision(session)
    if revision != planned.revision + 1:
        planned = await _planned(session, planned.prepared, planned.wish, revision=revision)
        if planned.adds_nothing:
            await attempt.rollback()
            return planned.report(batch_id=None)
    report = await _write(session, planned, revision=revision)
    await attempt.commit()
    return report


async def run_import(database: Database, prepared: PreparedImport, wish: ImportWish) -> ImportReport:
    planned = await plan_import(database, prepared, wish)
    async with database.write() as session:
        return await store_import(session, planned)


async def serve_import(
    database: Database, settings: Settings, *, made_by: str, progress: Progress | None = None
) -> ReleaseParts | None:
    """After an approved import: makes a release where that is due, so that the bot answers with it.

    Without anything approved (all rows in conflict, say) there is nothing to serve, which is no fault of the import.
    """
    try:
        return await ensure_release(database, settings, made_by=made_by, progress=progress)
    except NothingToServeError:
        return None


async def _planned(
    session: AsyncSession, prepared: PreparedImport, wish: ImportWish, *, revision: int
) -> PlannedImport:
    file, mined = prepared.file, prepared.mined
    dialogues, counts = await _dialogues_to_add(session, file)
    known = await repository.load_known(session, file.rows)
    plan = await asyncio.to_thread(plan_rows, file.rows, known, approve=wish.approve)
    rows = [*mined.rows]
    if wish.approve:
        rows += await repository.mined_drafts(session, (d.dialogue.conversation_id for d in file.dialogues))
    known = await repository.load_known(session, rows, also_texts=mined.same_as.values())
    mined_plan = await asyncio.to_thread(plan_rows, rows, known, approve=wish.approve, same_as=mined.same_as)
    document_plan = await documents.plan(session, file.documents, approve=wish.approve)
    counts += plan.counts + document_plan.counts
    return PlannedImport(prepared, wish, revision, dialogues, counts, plan, mined_plan, document_plan)


async def _write(session: AsyncSession, planned: PlannedImport, *, revision: int) -> ImportReport:
    batch_id = new_id("imp")
    report = planned.report(batch_id=batch_id)
    file, wish = planned.prepared.file, planned.wish
    session.add(_batch(batch_id, file, wish, report))
    await session.flush()
    await repository.add_dialogues(session, planned.dialogues, batch_id=batch_id)
    for plan, source in ((planned.plan, LabelSource.IMPORT), (planned.mined_plan, LabelSource.MINED)):
        await repository.write_plan(session, plan, batch_id=batch_id, revision=revision, source=source)
    await documents.carry_out(session, planned.document_plan, batch_id=batch_id, revision=revision)
    await record_audit(
        session, actor=wish.imported_by, action="import", target=batch_id, details={"file": file.filename}
    )
    return report


async def _dialogues_to_add(
    session: AsyncSession, file: PreparedFile
) -> tuple[list[PreparedDialogue], Counter[Count]]:
    """Dialogues whose turns are not stored yet under their id, and how all of them count."""
    known = await repository.known_dialogues(session, [d.dialogue.conversation_id for d in file.dialogues])
    counts: Counter[Count] = Counter()
    seen: set[tuple[str, str]] = set()
    to_add = []
    for dialogue in file.dialogues:
        conversation_id = dialogue.dialogue.conversation_id
        identity = (conversation_id, dialogue.content_hash)
        if identity in seen:
            counts[Count.DUPLICATE] += 1
        elif dialogue.content_hash in known.get(conversation_id, ()):
            counts[Count.UNCHANGED] += 1
        else:
            counts[Count.CHANGED if conversation_id in known else Count.NEW] += 1
            known.setdefault(conversation_id, set())
            to_add.append(dialogue)
        seen.add(identity)
    return to_add, counts


def _batch(batch_id: str, file: PreparedFile, wish: ImportWish, report: ImportReport) -> ImportBatch:
    return ImportBatch(
        id=batch_id,
        filename=file.filename[:400],
        file_hash=file.file_hash,
        format=file.format.value,
        approved=wish.approve,
        imported_by=wish.imported_by,
        report=report.model_dump(mode="json"),
    )
