"""What holds for any file: importing twice adds nothing, good lines survive bad ones, undo leaves no trace."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from bot.db.engine import Database
from bot.settings import Settings
from tests.bot.imports.importing import bring_in, knowledge_of, leads, take_out, write_rows

T = TypeVar("T")
EXAMPLES = hypothesis_settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
QUESTIONS = [
    "Where is it?",
    "where is it",
    "到了吗？",
    "到了嗎",
    "How much?",
    "Who?",
    "我的邮箱是 a@b.example 吗",
]
TEXTS = ["Here.", "There.", "在这里。", "Five.", "Call 400 820 8820."]

VALIDITIES: list[dict[str, str]] = [
    {},
    {"valid_until": "2030-01-01"},
    {"valid_from": "2030-01-01"},
    {"valid_from": "2020-01-01", "valid_until": "2040-01-01"},
]
unlimited_rows = st.fixed_dictionaries(
    {"question": st.sampled_from(QUESTIONS), "answer": st.sampled_from(TEXTS)},
    optional={
        "answer_key": st.sampled_from(["k1", "k2"]),
        "phrasings": st.lists(st.sampled_from(QUESTIONS), max_size=3),
        "intent": st.sampled_from(["a", "b"]),
        "tags": st.lists(st.sampled_from(["x", "y", "conflict"]), max_size=2),
        "language": st.sampled_from(["en", "zh"]),
    },
)
rows = st.builds(lambda row, validity: row | validity, unlimited_rows, st.sampled_from(VALIDITIES))
files = st.lists(rows, min_size=1, max_size=8)
BAD_LINES = [
    "{",
    "[1]",
    '"x"',
    '{"question": "q"}',
    '{"question": "?!", "answer": "a"}',
    '{"question": 1, "answer": "a"}',
]


@pytest.fixture
def sqlite_template(sqlite_url: str, settings: Settings) -> Path:
    return settings.data_dir / "kefu.db"


def on_copy(template: Path, folder: Path, work: Callable[[Database], Awaitable[T]]) -> T:
    """Runs the work on a fresh migrated database."""
    file = folder / f"{uuid4().hex}.db"
    shutil.copy(template, file)

    async def main() -> T:
        database = Database.open(f"sqlite+aiosqlite:///{file}")
        try:
            return await work(database)
        finally:
            await database.close()

    try:
        return asyncio.run(main())
    finally:
        for left in folder.glob(f"{file.stem}*"):
            left.unlink()


@EXAMPLES
@given(earlier=files, later=files, approve=st.booleans())
def test_any_file_imported_twice_adds_nothing(
    sqlite_template: Path, settings: Settings, tmp_path: Path, earlier: list, later: list, approve: bool
) -> None:
    async def work(database: Database) -> None:
        await bring_in(database, settings, write_rows(tmp_path, earlier))
        path = write_rows(tmp_path, later)
        first = await bring_in(database, settings, path, approve=approve)
        known = await knowledge_of(database)
        second = await bring_in(database, settings, path, approve=approve)

        assert (second.new, second.changed, second.conflicting) == (0, 0, 0)
        assert second.batch_id is None
        assert second.unchanged + second.duplicate == first.new + first.changed + first.unchanged + (
            first.duplicate + first.conflicting
        )
        assert await knowledge_of(database) == known

    on_copy(sqlite_template, tmp_path, work)


@EXAMPLES
@given(earlier=files, later=files, approve=st.booleans())
def test_undo_of_any_import_restores_the_usable_knowledge(
    sqlite_template: Path, settings: Settings, tmp_path: Path, earlier: list, later: list, approve: bool
) -> None:
    async def work(database: Database) -> None:
        await bring_in(database, settings, write_rows(tmp_path, earlier))
        before = await knowledge_of(database)
        path = write_rows(tmp_path, later)
        first = await bring_in(database, settings, path, approve=approve)
        if first.batch_id is None:
            return
        told = await leads(database)
        await take_out(database, first.batch_id)
        assert await knowledge_of(database) == before

        second = await bring_in(database, settings, path, approve=approve)
        assert (second.new, second.changed, second.conflicting) == (
            first.new,
            first.changed,
            first.conflicting,
        )
        assert await leads(database) == told

    on_copy(sqlite_template, tmp_path, work)


@EXAMPLES
@given(good=files, bad=st.lists(st.tuples(st.integers(0, 8), st.sampled_from(BAD_LINES)), max_size=5))
def test_bad_lines_never_lose_good_ones(
    sqlite_template: Path, settings: Settings, tmp_path: Path, good: list, bad: list
) -> None:
    mixed: list = list(good)
    for place, line in bad:
        mixed.insert(place, line)

    async def imported(database: Database, lines: list) -> tuple[dict[str, str], int]:
        report = await bring_in(database, settings, write_rows(tmp_path, lines))
        return await leads(database), len(report.rejected)

    alone = on_copy(sqlite_template, tmp_path, lambda database: imported(database, good))
    among = on_copy(sqlite_template, tmp_path, lambda database: imported(database, mixed))

    assert among == (alone[0], len(bad))
