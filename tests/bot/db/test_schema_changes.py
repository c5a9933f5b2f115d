"""A migration that makes a table anew loses nothing, and leaves nothing that refers to nothing."""

import shutil
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError

import migrations
from bot.db.engine import Database
from bot.db.migrating import current_revision, migrate, newest_revision
from bot.errors import ConflictError
from tests.bot.db.test_migrations import fill, rows

REVISION = """
import sqlalchemy as sa
from alembic import op

revision = "ffffffffffff"
down_revision = "{before}"
branch_labels = None
depends_on = None


def upgrade():
    {work}
"""
MADE_ANEW = ["visitors", "conversations", "exchanges", "answers", "releases", "import_batches"]
"""Tables that others refer to, most of them ON DELETE CASCADE."""


@pytest.fixture
def add_migration(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Adds one to a copy of the migrations, which then counts as ours."""

    def add(work: str) -> None:
        folder = tmp_path / "migrations"
        shutil.copytree(Path(migrations.__file__).parent, folder, ignore=shutil.ignore_patterns("*.pyc"))
        content = REVISION.format(before=newest_revision(), work=work)
        (folder / "versions" / "2099-01-01-0000_test.py").write_text(content, encoding="utf-8")
        monkeypatch.setattr(migrations, "__file__", str(folder / "__init__.py"))

    return add


async def test_table_made_anew_keeps_all_that_refers_to_it(database: Database, add_migration) -> None:
    await fill(database)
    before = await rows(database)
    add_migration(
        f"for table in {MADE_ANEW}:\n"
        "        with op.batch_alter_table(table, recreate='auto') as batch:\n"
        "            batch.add_column(sa.Column('later', sa.Integer(), nullable=True))\n"
        "            batch.alter_column('created_at', nullable=True)\n"
    )

    await migrate(database)

    assert await current_revision(database) == "ffffffffffff"
    assert await rows(database) == before


async def test_foreign_keys_are_enforced_again_after_a_migration(database: Database, add_migration) -> None:
    add_migration("pass")
    await migrate(database)

    with pytest.raises(IntegrityError):
        await fill_orphan(database)


async def test_foreign_keys_are_enforced_again_after_a_failed_migration(
    database: Database, add_migration
) -> None:
    add_migration("raise RuntimeError('power cut')")
    with pytest.raises(RuntimeError, match="power cut"):
        await migrate(database)

    with pytest.raises(IntegrityError):
        await fill_orphan(database)


async def test_migration_that_leaves_orphans_is_refused_and_undone(
    sqlite_database: Database, add_migration
) -> None:
    await fill(sqlite_database)
    before, revision = await rows(sqlite_database), newest_revision()
    add_migration("op.execute('DELETE FROM conversations')")

    with pytest.raises(ConflictError, match="1 of exchanges, 1 of handoffs, 1 of messages"):
        await migrate(sqlite_database)

    assert await rows(sqlite_database) == before
    assert await current_revision(sqlite_database) == revision


async def test_orphans_that_were_there_before_do_not_keep_a_migration_back(
    sqlite_database: Database, add_migration
) -> None:
    async with sqlite_database.engine.connect() as connection:
        raw = await connection.get_raw_connection()
        await raw.driver_connection.execute("PRAGMA foreign_keys = OFF")
        async with connection.begin():
            await connection.exec_driver_sql(ORPHAN)
        await raw.driver_connection.execute("PRAGMA foreign_keys = ON")
    add_migration("pass")

    await migrate(sqlite_database)

    assert await current_revision(sqlite_database) == "ffffffffffff"


ORPHAN = (
    "INSERT INTO visitors (id, site_id, token_hash, created_at) "
    "VALUES ('vis_x', 'ste_none', 'h', '2026-03-01 09:30:00')"
)


async def fill_orphan(database: Database) -> None:
    async with database.connection() as connection:
        await connection.exec_driver_sql(ORPHAN)
