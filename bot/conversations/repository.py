"""Queries on conversations, messages, exchanges and handoffs."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import Connection, Row, bindparam, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.access.principals import Principal, VisitorPrincipal
from bot.db.base import JsonObject, new_id
from bot.db.comparison_tables import Exposure
from bot.db.conversation_tables import Conversation, Exchange, Handoff, Message
from bot.errors import NotFoundError

ConversationRow: TypeAlias = Row[str, str | None, str, int, str | None, datetime]
"""id, language, state, last_position, visitor_id, created_at"""
AskedRow: TypeAlias = Row[str, str, str, list[JsonObject], str, JsonObject, datetime]
"""id, utterance, language, choices, outcome, reply, created_at of an exchange"""
HandoffRow: TypeAlias = Row[str, str, datetime]
"""id, reason, created_at"""

# Statements of the way of a message are built once: putting one together costs more than running it.
_CONVERSATION = select(
    Conversation.id,
    Conversation.language,
    Conversation.state,
    Conversation.last_position,
    Conversation.visitor_id,
    Conversation.created_at,
).where(Conversation.id == bindparam("conversation_id"))
_OWN_CONVERSATION = _CONVERSATION.where(Conversation.visitor_id == bindparam("visitor_id"))
_TAKE_POSITIONS = (
    update(Conversation)
    .where(Conversation.id == bindparam("conversation_id"))
    .values(
        last_position=Conversation.last_position + bindparam("count"),
        language=bindparam("new_language"),
        state=func.coalesce(bindparam("new_state"), Conversation.state),
    )
    .returning(Conversation.last_position)
)
_LAST_EXCHANGE = (
    select(
        Exchange.id,
        Exchange.utterance,
        Exchange.language,
        Exchange.choices,
        Exchange.outcome,
        Exchange.reply,
        Exchange.created_at,
    )
    .where(Exchange.conversation_id == bindparam("conversation_id"))
    .order_by(Exchange.id.desc())
    .limit(1)
)
_MESSAGES_AFTER = (
    select(Message.__table__)
    .where(Message.conversation_id == bindparam("conversation_id"), Message.position > bindparam("position"))
    .order_by(Message.position)
    .limit(bindparam("limit"))
)
_LOCK = select(Conversation.id).where(Conversation.id == bindparam("conversation_id")).with_for_update()
_OPEN_HANDOFF = select(Handoff.id, Handoff.reason, Handoff.created_at).where(
    Handoff.conversation_id == bindparam("conversation_id"), Handoff.closed_at.is_(None)
)
_ADD_EXCHANGE, _ADD_MESSAGES, _ADD_HANDOFF = insert(Exchange), insert(Message), insert(Handoff)
_ADD_EXPOSURE = insert(Exposure)


def conversation_for(
    connection: Connection, conversation_id: str, principal: Principal
) -> ConversationRow | None:
    """The one way to a conversation: a visitor reaches their own only, a key reaches all."""
    if isinstance(principal, VisitorPrincipal):
        wanted = {"conversation_id": conversation_id, "visitor_id": principal.id}
        return connection.execute(_OWN_CONVERSATION, wanted).one_or_none()
    return connection.execute(_CONVERSATION, {"conversation_id": conversation_id}).one_or_none()


async def exchange_for(session: AsyncSession, exchange_id: str, principal: Principal) -> Exchange | None:
    """The one way to an exchange, as with conversations."""
    statement = select(Exchange).where(Exchange.id == exchange_id)
    if isinstance(principal, VisitorPrincipal):
        owner = Exchange.conversation_id.in_(
            select(Conversation.id).where(Conversation.visitor_id == principal.id)
        )
        statement = statement.where(owner)
    return (await session.execute(statement)).scalar_one_or_none()


async def any_exchange(session: AsyncSession, exchange_id: str) -> Exchange | None:
    """For commands, which are run by whoever holds the database."""
    return await session.get(Exchange, exchange_id)


def take_positions(
    connection: Connection, conversation_id: str, *, count: int, language: str, state: str | None = None
) -> int:
    """Reserves the next places in the conversation; returns the first. The row lock keeps the order."""
    values = {
        "conversation_id": conversation_id,
        "count": count,
        "new_language": language,
        "new_state": state,
    }
    last: int | None = connection.execute(_TAKE_POSITIONS, values).scalar_one_or_none()
    if last is None:
        raise NotFoundError(f"no conversation {conversation_id!r}")
    return last - count + 1


def add_exchange(connection: Connection, row: JsonObject, messages: Sequence[JsonObject]) -> None:
    connection.execute(_ADD_EXCHANGE, row)
    add_messages(connection, messages)


def add_messages(connection: Connection, rows: Sequence[JsonObject]) -> None:
    connection.execute(_ADD_MESSAGES, list(rows))


def add_exposure(connection: Connection, row: JsonObject) -> None:
    connection.execute(_ADD_EXPOSURE, row)


def last_exchange(connection: Connection, conversation_id: str) -> AskedRow | None:
    return connection.execute(_LAST_EXCHANGE, {"conversation_id": conversation_id}).one_or_none()


def messages_after(
    connection: Connection, conversation_id: str, *, position: int, limit: int
) -> Sequence[Row[Any]]:
    wanted = {"conversation_id": conversation_id, "position": position, "limit": limit}
    return connection.execute(_MESSAGES_AFTER, wanted).all()


def lock_conversation(connection: Connection, conversation_id: str) -> None:
    """Lets other transactions that change it wait, as ``take_positions`` does; SQLite has one writer anyway."""
    connection.execute(_LOCK, {"conversation_id": conversation_id})


def open_handoff(connection: Connection, conversation_id: str) -> HandoffRow | None:
    return connection.execute(_OPEN_HANDOFF, {"conversation_id": conversation_id}).one_or_none()


def add_handoff(
    connection: Connection, conversation_id: str, *, reason: str, exchange_id: str | None = None
) -> str:
    """Returns its id."""
    handoff_id = new_id("hnd")
    row = {"id": handoff_id, "conversation_id": conversation_id, "exchange_id": exchange_id}
    connection.execute(_ADD_HANDOFF, {**row, "reason": reason})
    return handoff_id
