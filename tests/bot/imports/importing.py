"""Imports as the service does them, from rows written down in a test."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from bot.db.engine import Database
from bot.imports import service
from bot.imports.batches import undo_batch
from bot.imports.schemas import ImportReport, UndoReport
from bot.imports.service import ImportWish
from bot.knowledge.index_feed import load_knowledge
from bot.settings import Settings
from retrieval.records import Knowledge
from tests.fixtures.fakes import HashEncoder

Row = Mapping[str, Any]


def write_rows(folder: Path, rows: Iterable[Row | str], *, name: str = "faq.jsonl") -> Path:
    """JSON Lines; a str is written as it is, so that a line can be broken."""
    path = folder / name
    lines = [row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


async def bring_in(
    database: Database, settings: Settings, path: Path, *, approve: bool = True, dry_run: bool = False
) -> ImportReport:
    prepared = await service.prepare_import(database, settings, path, encoder=lambda _: HashEncoder())
    wish = ImportWish(approve=approve, dry_run=dry_run, imported_by="test")
    return await service.run_import(database, prepared, wish)


async def take_out(database: Database, batch_id: str | None) -> UndoReport:
    assert batch_id is not None
    async with database.write() as session:
        return await undo_batch(session, batch_id, undone_by_whom="test")


async def knowledge_of(database: Database) -> Knowledge:
    async with database.read() as session:
        return (await load_knowledge(session))[1]


async def leads(database: Database) -> dict[str, str]:
    """Usable question → the text of its answer (the first variant)."""
    knowledge = await knowledge_of(database)
    texts: dict[str, str] = {}
    for passage in knowledge.passages:
        texts.setdefault(passage.answer_id, passage.text)
    return {question.text: texts[question.answer_id] for question in knowledge.questions}


def counts(report: ImportReport) -> dict[str, int]:
    """The counts that are not zero."""
    names = ("new", "changed", "unchanged", "duplicate", "conflicting")
    return {name: value for name in names if (value := getattr(report, name))}
