"""Queries on what was said before a handoff."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypeAlias

from sqlalchemy import Connection, Row, insert, select

from bot.db.access_tables import AuditEntry
from bot.db.base import JsonObject, new_id
from bot.db.conversation_tables import Exchange
from bot.db.knowledge_tables import Label

LOOKED_BACK = 20
AskedRow: TypeAlias = Row[str, str, str, str]
"""id, utterance, language, rule of an exchange"""


def exchanges_before(connection: Connection, conversation_id: str, moment: datetime) -> Sequence[AskedRow]:
    """The last exchanges of a conversation up to a moment, the newest first."""
    statement = (
        select(Exchange.id, Exchange.utterance, Exchange.language, Exchange.rule)
        .where(Exchange.conversation_id == conversation_id, Exchange.created_at <= moment)
        .order_by(Exchange.id.desc())
        .limit(LOOKED_BACK)
    )
    return connection.execute(statement).all()


def add_label(connection: Connection, row: JsonObject) -> None:
    connection.execute(insert(Label), row)


def add_audit(connection: Connection, *, actor: str, action: str, target: str) -> None:
    row = {"id": new_id("aud"), "actor": actor, "action": action, "target": target, "details": {}}
    connection.execute(insert(AuditEntry), row)
