"""Imports every table module, so that ``metadata`` is complete for migrations, backup and tests."""

from bot.db import (
    access_tables,
    channel_tables,
    comparison_tables,
    conversation_tables,
    figure_tables,
    import_tables,
    inbox_tables,
    knowledge_tables,
    operator_tables,
    quality_tables,
    release_tables,
    review_tables,
    source_tables,
    training_tables,
    webhook_tables,
)
from bot.db.base import Base

__all__ = [
    "access_tables",
    "channel_tables",
    "comparison_tables",
    "conversation_tables",
    "figure_tables",
    "import_tables",
    "inbox_tables",
    "knowledge_tables",
    "metadata",
    "operator_tables",
    "quality_tables",
    "release_tables",
    "review_tables",
    "source_tables",
    "training_tables",
    "webhook_tables",
]

metadata = Base.metadata
