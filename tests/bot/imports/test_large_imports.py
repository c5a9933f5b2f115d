"""How long an import keeps others from writing: what it sends must not grow with each answer it changes."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import event

from bot.db.engine import Database
from bot.settings import Settings
from tests.bot.imports.importing import bring_in, counts, leads, take_out, write_rows


@contextmanager
def statements(database: Database) -> Iterator[Counter[str]]:
    """How many statements are sent meanwhile, by their first word."""
    sent: Counter[str] = Counter()

    def count(_: object, __: object, statement: str, *___: object) -> None:
        sent[statement.split()[0]] += 1

    event.listen(database.engine.sync_engine, "before_cursor_execute", count)
    yield sent
    event.remove(database.engine.sync_engine, "before_cursor_execute", count)


async def test_many_changed_answers_take_as_many_statements_as_one(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    def file(rows: int, says: str) -> Path:
        keys = [f"{rows}-{number}" for number in range(rows)]
        return write_rows(
            tmp_path,
            [{"question": f"About {key}?", "answer": f"{says} {key}.", "answer_key": key} for key in keys],
        )

    sent: dict[int, list[Counter[str]]] = {}
    for rows in (1, 40):
        await bring_in(database, settings, file(rows, "Before"))
        with statements(database) as changing:
            changed = await bring_in(database, settings, file(rows, "After"))
        with statements(database) as undoing:
            undone = await take_out(database, changed.batch_id)
        assert (counts(changed), undone.restored) == ({"changed": rows}, rows)
        sent[rows] = [changing, undoing]

    assert sent[40] == sent[1]
    assert set((await leads(database)).values()) == {f"Before 40-{number}." for number in range(40)} | {
        "Before 1-0."
    }
