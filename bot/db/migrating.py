"""Brings a database to the schema this version needs, or says that it is not there yet."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncConnection

import migrations
from bot.db.engine import Database
from bot.errors import ConflictError


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.set_main_option(
        "file_template", "%%(year)d-%%(month).2d-%%(day).2d-%%(hour).2d%%(minute).2d_%%(slug)s"
    )
    return config


def newest_revision() -> str:
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None, "the package ships at least one migration"
    return head


async def current_revision(database: Database) -> str | None:
    """The schema version in the database; None when it is empty."""
    async with database.read() as session:
        connection = await session.connection()
        return await connection.run_sync(revision_in)


def knows(revision: str) -> bool:
    """Whether this version has a migration of that name; one that does not is older than the schema."""
    return any(
        script.revision == revision for script in ScriptDirectory.from_config(_config()).walk_revisions()
    )


def revision_in(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def upgrade(connection: Connection, *, to: str = "head") -> None:
    """Upgrades inside the transaction that is open."""
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, to)


async def migrate(database: Database, *, to: str = "head") -> None:
    """Upgrades in one transaction: all of it or nothing.

    Raises:
        ConflictError: rows would be left that refer to rows that are gone.
    """
    if await current_revision(database) == (newest_revision() if to == "head" else to):
        return

    def work(connection: Connection) -> None:
        before = orphans(connection)
        upgrade(connection, to=to)
        refuse_orphans(connection, known=before)

    async with schema_transaction(database) as connection:
        await connection.run_sync(work)


@asynccontextmanager
async def schema_transaction(database: Database) -> AsyncIterator[AsyncConnection]:
    """A writing transaction that may drop tables and make them anew; call ``refuse_orphans`` at its end.

    SQLite can change a table only by making it anew. While it enforces foreign keys, dropping the old one deletes its rows
    first, and with them all that refer to them ON DELETE CASCADE. Within a transaction they can't be switched
    (sqlite.org/lang_altertable.html#otheralter, sqlite.org/pragma.html#pragma_foreign_keys).
    """
    async with database.engine.connect() as connection:
        await connection.run_sync(_enforce_foreign_keys, False)
        try:
            async with connection.begin():
                yield connection
        finally:
            await connection.run_sync(_enforce_foreign_keys, True)


def _enforce_foreign_keys(connection: Connection, on: bool) -> None:
    if connection.dialect.name == "sqlite":
        cursor = connection.connection.cursor()
        cursor.execute(f"PRAGMA foreign_keys = {'ON' if on else 'OFF'}")
        cursor.close()


def orphans(connection: Connection) -> Counter[str]:
    """Rows that refer to rows that are not there, by table; PostgreSQL never has any."""
    if connection.dialect.name != "sqlite":
        return Counter()
    return Counter(str(row[0]) for row in connection.exec_driver_sql("PRAGMA foreign_key_check"))


def refuse_orphans(connection: Connection, *, known: Counter[str] | None = None) -> None:
    """Raises ConflictError when there are more than the known ones."""
    if added := orphans(connection) - (known or Counter()):
        named = ", ".join(f"{count:,} of {table}" for table, count in sorted(added.items()))
        raise ConflictError(f"rows would refer to rows that are not there ({named}); nothing was changed")


async def write_migration(database: Database, *, message: str) -> None:
    """Drafts a migration from the difference between models and database (for developers)."""

    def draft(connection: Connection) -> None:
        config = _config()
        config.attributes["connection"] = connection
        command.revision(config, message=message, autogenerate=True)

    async with database.connection() as connection:
        await connection.run_sync(draft)


async def require_schema(database: Database) -> None:
    """Migrates SQLite; a PostgreSQL schema is left to the administrator and refused while outdated."""
    if database.engine.dialect.name == "sqlite":
        await migrate(database)
        return
    found, needed = await current_revision(database), newest_revision()
    if found != needed:
        raise ConflictError(
            f"the database has schema {found or 'none'}, {needed} is needed; run: kefu migrate"
        )
