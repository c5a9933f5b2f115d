"""Which of several labels is the newest. Ids follow the order in which labels were given; a candidate counts from its acceptance on."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func

from bot.db.knowledge_tables import Label


def counts_since(label: Any = Label) -> ColumnElement[datetime]:
    """When a person decided it, else when it was given. ``label`` may be an alias."""
    return func.coalesce(label.decided_at, label.created_at)


def newest_last() -> tuple[ColumnElement[Any], ...]:
    return counts_since(), Label.id.asc()


def newest_first() -> tuple[ColumnElement[Any], ...]:
    return counts_since().desc(), Label.id.desc()
