"""Run by Alembic inside ``bot.db.migrating``, which hands over an open connection."""

from typing import Any

import sqlalchemy as sa
from alembic import context
from alembic.autogenerate.api import AutogenContext

from bot.db.base import UtcDateTime
from bot.db.tables import metadata


def render_item(kind: str, item: Any, _: AutogenContext) -> str | bool:
    """Migrations speak plain SQLAlchemy, so that they keep meaning the same when our types change."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    return False


def compare_type(_: Any, __: Any, inspected: Any, column_type: Any, ___: Any) -> bool | None:
    if isinstance(column_type, UtcDateTime):
        return not isinstance(inspected, sa.DateTime)
    return None


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    render_item=render_item,
    compare_type=compare_type,
)
with context.begin_transaction():
    context.run_migrations()
