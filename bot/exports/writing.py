"""Writes an export: one consistent state, in bounded memory, whole or not at all, its manifest beside it."""

import asyncio
import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from sqlalchemy.ext.asyncio import AsyncSession

from bot.atomic_files import refuse_existing, written_aside
from bot.db.base import JsonObject, now
from bot.db.engine import Database
from bot.db.migrating import newest_revision
from bot.errors import InvalidInputError
from bot.exports.conversation import transcript
from bot.exports.exchanges import count_exchanges, exchange_pages
from bot.exports.knowledge import count_answers, knowledge_pages
from bot.exports.labels import count_labels, label_pages, labels_by_source
from bot.exports.schemas import FORMAT_VERSION, MANIFEST_SUFFIX, NOTICE, ExportKind, ExportManifest
from bot.json_bytes import json_text
from bot.progress import Progress, quiet
from bot.version import VERSION


@dataclass
class _Writer:
    """Counts and hashes what goes into the file."""

    stream: BinaryIO
    rows: int = 0
    bytes: int = 0
    left_out: int = 0
    label_sources: dict[str, int] = field(default_factory=dict)
    digest: "hashlib._Hash" = field(default_factory=hashlib.sha256)

    def add_lines(self, rows: Iterable[JsonObject]) -> None:
        for row in rows:
            self._add(json_text(row) + "\n")

    def add_document(self, document: JsonObject) -> None:
        self._add(json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False) + "\n")

    def _add(self, text: str) -> None:
        content = text.encode()
        self.stream.write(content)
        self.digest.update(content)
        self.rows += 1
        self.bytes += len(content)


async def write_export(
    database: Database,
    kind: ExportKind,
    path: Path,
    *,
    conversation_id: str | None = None,
    progress: Progress = quiet,
) -> ExportManifest:
    """Writes ``path`` and ``path`` + ".manifest.json".

    Raises:
        InvalidInputError: one of them exists already, or a conversation is wanted and none named.
        NotFoundError: there is no such conversation.
    """
    beside = manifest_path(path)
    refuse_existing(beside)
    with written_aside(path) as stream:
        writer = _Writer(stream)
        async with database.read() as session:
            await _write(session, kind, writer, conversation_id, progress)
    manifest = ExportManifest(
        format="kefu-export",
        format_version=FORMAT_VERSION,
        kind=kind,
        notice=NOTICE,
        kefu_version=VERSION,
        schema_revision=newest_revision(),
        created_at=now(),
        file=path.name,
        rows=writer.rows,
        bytes=writer.bytes,
        sha256=writer.digest.hexdigest(),
        left_out=writer.left_out,
        label_sources=writer.label_sources,
    )
    with written_aside(beside) as stream:
        stream.write(manifest.model_dump_json(indent=2).encode() + b"\n")
    return manifest


def manifest_path(path: Path) -> Path:
    return path.with_name(path.name + MANIFEST_SUFFIX)


async def _write(
    session: AsyncSession, kind: ExportKind, writer: _Writer, conversation_id: str | None, progress: Progress
) -> None:
    if kind is ExportKind.EXCHANGES:
        await _write_exchanges(session, writer, progress)
    elif kind is ExportKind.KNOWLEDGE:
        await _write_knowledge(session, writer, progress)
    elif kind is ExportKind.LABELS:
        await _write_labels(session, writer, progress)
    elif conversation_id is not None:
        writer.add_document(await transcript(session, conversation_id))
    else:
        raise InvalidInputError("say which conversation to export: its id starts with cnv_")


async def _write_exchanges(session: AsyncSession, writer: _Writer, progress: Progress) -> None:
    total = await count_exchanges(session)
    async for rows in exchange_pages(session):
        await asyncio.to_thread(writer.add_lines, rows)
        progress("exchanges", writer.rows, total)


async def _write_labels(session: AsyncSession, writer: _Writer, progress: Progress) -> None:
    writer.label_sources = await labels_by_source(session)
    total = await count_labels(session)
    async for rows in label_pages(session):
        await asyncio.to_thread(writer.add_lines, rows)
        progress("labels", writer.rows, total)


async def _write_knowledge(session: AsyncSession, writer: _Writer, progress: Progress) -> None:
    total, done = await count_answers(session), 0
    async for page in knowledge_pages(session):
        await asyncio.to_thread(writer.add_lines, page.lines)
        done += page.answers
        writer.left_out += page.left_out
        progress("answers", done, total)
