"""Queries on handoffs, what was said before them, contacts, and who is at the desk."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import Connection, Row, bindparam, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from bot.answering.given_answers import PERSON_IS_HERE
from bot.db.access_tables import AuditEntry
from bot.db.base import JsonObject, new_id
from bot.db.conversation_tables import (
    Exchange,
    Handoff,
    HandoffContact,
    HandoffState,
    Message,
    OperatorPresence,
)
from bot.db.knowledge_tables import Label

LOOKED_BACK = 20
HandoffRow: TypeAlias = Row[
    str, str, str, str, str | None, datetime | None, datetime, datetime | None, datetime
]
"""id, conversation_id, state, reason, taken_by, taken_at, waiting_since, reminded_at, created_at"""
AskedRow: TypeAlias = Row[str, str, str, str]
"""id, utterance, language, rule of an exchange"""
TriedRow: TypeAlias = Row[str, str, str, str, str, float, JsonObject, list[JsonObject], datetime]
"""id, utterance, language, outcome, rule, confidence, reply, candidates, created_at of an exchange"""
ContactRow: TypeAlias = Row[str | None, str | None, str | None, datetime]
"""name, email, phone, created_at"""

_WAITING_SINCE = func.coalesce(Handoff.asked_again_at, Handoff.created_at)
_HANDOFF = select(
    Handoff.id,
    Handoff.conversation_id,
    Handoff.state,
    Handoff.reason,
    Handoff.taken_by,
    Handoff.taken_at,
    _WAITING_SINCE.label("waiting_since"),
    Handoff.reminded_at,
    Handoff.created_at,
)
_OPEN_HANDOFF = _HANDOFF.where(
    Handoff.conversation_id == bindparam("conversation_id"), Handoff.closed_at.is_(None)
)
OPEN_STATES = (HandoffState.WAITING, HandoffState.PERSON, HandoffState.MISSED)


def open_handoff(connection: Connection, conversation_id: str) -> HandoffRow | None:
    return connection.execute(_OPEN_HANDOFF, {"conversation_id": conversation_id}).one_or_none()


def handoff(connection: Connection, handoff_id: str) -> HandoffRow | None:
    return connection.execute(_HANDOFF.where(Handoff.id == handoff_id)).one_or_none()


def handoffs_after(
    connection: Connection, *, state: HandoffState | None, after: str | None, limit: int
) -> Sequence[HandoffRow]:
    """The oldest first; those that are open, where no state is wanted."""
    statement = _HANDOFF.order_by(Handoff.id).limit(limit)
    wanted = Handoff.state == state if state is not None else Handoff.state.in_(OPEN_STATES)
    if after is not None:
        statement = statement.where(Handoff.id > after)
    return connection.execute(statement.where(wanted)).all()


def waiting_or_taken(connection: Connection, *, before: datetime) -> Sequence[HandoffRow]:
    """Those in which somebody has been waiting, or talking with a person, since before a moment."""
    going = Handoff.state.in_((HandoffState.WAITING, HandoffState.PERSON))
    statement = _HANDOFF.where(going, before > _WAITING_SINCE).order_by(Handoff.id)
    return connection.execute(statement).all()


def add_handoff(connection: Connection, row: JsonObject) -> str:
    filled = {"id": new_id("hnd"), **row}
    connection.execute(insert(Handoff), filled)
    return str(filled["id"])


def change_handoff(connection: Connection, handoff_id: str, **values: Any) -> None:
    connection.execute(update(Handoff).where(Handoff.id == handoff_id).values(**values))


def exchanges_before(connection: Connection, conversation_id: str, moment: datetime) -> Sequence[AskedRow]:
    """The last exchanges of a conversation up to a moment, the newest first."""
    statement = (
        select(Exchange.id, Exchange.question.label("utterance"), Exchange.language, Exchange.rule)
        .where(Exchange.conversation_id == conversation_id, Exchange.created_at <= moment)
        .order_by(Exchange.id.desc())
        .limit(LOOKED_BACK)
    )
    return connection.execute(statement).all()


def last_exchanges(connection: Connection, conversation_id: str, *, limit: int) -> Sequence[TriedRow]:
    """With what led to the replies, the newest first; without what was written to a person."""
    columns = (
        *(Exchange.id, Exchange.utterance, Exchange.language, Exchange.outcome, Exchange.rule),
        *(Exchange.confidence, Exchange.reply, Exchange.candidates, Exchange.created_at),
    )
    by_the_bot = (Exchange.conversation_id == conversation_id, Exchange.rule != PERSON_IS_HERE)
    statement = select(*columns).where(*by_the_bot)
    return connection.execute(statement.order_by(Exchange.id.desc()).limit(limit)).all()


def last_reply(connection: Connection, conversation_id: str) -> datetime | None:
    """When an agent last said something."""
    statement = select(func.max(Message.created_at)).where(
        Message.conversation_id == conversation_id, Message.role == "agent"
    )
    return connection.execute(statement).scalar_one()


def first_said_after(connection: Connection, conversation_id: str, moment: datetime) -> datetime | None:
    """When the customer first said something after a moment."""
    statement = select(func.min(Message.created_at)).where(
        Message.conversation_id == conversation_id, Message.role == "customer", Message.created_at > moment
    )
    return connection.execute(statement).scalar_one()


def contact_of(connection: Connection, handoff_id: str) -> ContactRow | None:
    columns = (HandoffContact.name, HandoffContact.email, HandoffContact.phone, HandoffContact.created_at)
    return connection.execute(select(*columns).where(HandoffContact.handoff_id == handoff_id)).one_or_none()


def set_contact(connection: Connection, row: JsonObject) -> None:
    """In the place of the one that was given before."""
    values = {name: row[name] for name in row if name != "handoff_id"}
    _upsert(connection, HandoffContact, row, key="handoff_id", values=values)


def set_seen(connection: Connection, name: str, at: datetime) -> None:
    _upsert(connection, OperatorPresence, {"name": name, "seen_at": at}, key="name", values={"seen_at": at})


def seen_at(connection: Connection, name: str) -> datetime | None:
    statement = select(OperatorPresence.seen_at).where(OperatorPresence.name == name)
    return connection.execute(statement).scalar_one_or_none()


def last_seen(connection: Connection) -> datetime | None:
    return connection.execute(select(func.max(OperatorPresence.seen_at))).scalar_one()


def add_label(connection: Connection, row: JsonObject) -> None:
    connection.execute(insert(Label), row)


def add_audit(connection: Connection, *, actor: str, action: str, target: str) -> None:
    row = {"id": new_id("aud"), "actor": actor, "action": action, "target": target, "details": {}}
    connection.execute(insert(AuditEntry), row)


def _upsert(connection: Connection, table: Any, row: JsonObject, *, key: str, values: JsonObject) -> None:
    """Two workers that add the same row at once both get through."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    statement = dialect.insert(table).values(**row)
    connection.execute(statement.on_conflict_do_update(index_elements=[key], set_=values))
