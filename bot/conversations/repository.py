"""Queries on conversations, messages and exchanges."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, Connection, Row, bindparam, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.access.principals import Principal, VisitorPrincipal
from bot.db.access_tables import Site
from bot.db.base import JsonObject, new_id, now
from bot.db.comparison_tables import Exposure
from bot.db.conversation_tables import Conversation, Exchange, Message
from bot.errors import NotFoundError
from retrieval.context import ALONE
from retrieval.decision import Outcome

ConversationRow: TypeAlias = Row[str, str | None, str, int, str | None, datetime]
"""id, language, state, last_position, visitor_id, created_at"""
AskedRow: TypeAlias = Row[str, str, str, str, list[JsonObject], str, JsonObject, datetime]
"""id, utterance, language, choices, outcome, reply, created_at of an exchange"""
EarlierRow: TypeAlias = Row[str, str, str, str, JsonObject, datetime, str | None]
"""utterance, language, outcome, rule, reply, created_at, and how context resolved it"""
DescribedRow: TypeAlias = Row[str, str, str | None, str, datetime]
"""id, state, language, public_key of its site, created_at"""
LockedRow: TypeAlias = Row[str, str, str | None]
"""channel, state, language"""

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
        language=func.coalesce(bindparam("new_language"), Conversation.language),
        state=func.coalesce(bindparam("new_state"), Conversation.state),
    )
    .returning(Conversation.last_position)
)
_LAST_EXCHANGE = (
    select(
        Exchange.id,
        Exchange.utterance,
        Exchange.question.label("question"),
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
_EARLIER = (
    select(
        Exchange.utterance,
        Exchange.language,
        Exchange.outcome,
        Exchange.rule,
        Exchange.reply,
        Exchange.created_at,
        Exchange.evidence["context"]["how"].as_string().label("how"),
    )
    .where(Exchange.conversation_id == bindparam("conversation_id"))
    .order_by(Exchange.id.desc())
    .limit(bindparam("limit"))
)
_MESSAGES_AFTER = (
    select(Message.__table__)
    .where(Message.conversation_id == bindparam("conversation_id"), Message.position > bindparam("position"))
    .order_by(Message.position)
    .limit(bindparam("limit"))
)
_LOCK = (
    select(Conversation.channel, Conversation.state, Conversation.language)
    .where(Conversation.id == bindparam("conversation_id"))
    .with_for_update()
)
_ADD_EXCHANGE, _ADD_MESSAGES = insert(Exchange), insert(Message)
_ADD_EXPOSURE = insert(Exposure)


def asked_alone() -> ColumnElement[bool]:
    """Exchanges whose utterance was searched as it is, so that it can be asked again without its conversation."""
    how = Exchange.evidence["context"]["how"].as_string()
    return or_(how.is_(None), how == ALONE)


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


def described(connection: Connection, conversation_id: str) -> DescribedRow | None:
    columns = (Conversation.id, Conversation.state, Conversation.language, Site.public_key)
    statement = select(*columns, Conversation.created_at).join(Site, Site.id == Conversation.site_id)
    return connection.execute(statement.where(Conversation.id == conversation_id)).one_or_none()


async def any_exchange(session: AsyncSession, exchange_id: str) -> Exchange | None:
    """For commands, which are run by whoever holds the database."""
    return await session.get(Exchange, exchange_id)


def take_positions(
    connection: Connection,
    conversation_id: str,
    *,
    count: int,
    language: str | None,
    state: str | None = None,
) -> int:
    """Reserves the next places in the conversation; returns the first. The row lock keeps the order.

    Only `bot.handoffs.transitions` gives a state.
    """
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


def offered_choices(connection: Connection, conversation_id: str) -> list[JsonObject]:
    """What the bot has ever offered there, the last first."""
    statement = select(Exchange.choices).where(
        Exchange.conversation_id == conversation_id, Exchange.outcome == Outcome.CLARIFIED.value
    )
    rows = connection.execute(statement.order_by(Exchange.id.desc())).scalars()
    return [choice for choices in rows for choice in choices]


def earlier_exchanges(connection: Connection, conversation_id: str, *, limit: int) -> Sequence[EarlierRow]:
    """The last ones, the very last first."""
    return connection.execute(_EARLIER, {"conversation_id": conversation_id, "limit": limit}).all()


def messages_after(
    connection: Connection, conversation_id: str, *, position: int, limit: int
) -> Sequence[Row[Any]]:
    wanted = {"conversation_id": conversation_id, "position": position, "limit": limit}
    return connection.execute(_MESSAGES_AFTER, wanted).all()


def newest_messages(connection: Connection, conversation_id: str, *, limit: int) -> Sequence[Row[Any]]:
    """The last ones, in order."""
    statement = select(Message.__table__).where(Message.conversation_id == conversation_id)
    return connection.execute(statement.order_by(Message.position.desc()).limit(limit)).all()[::-1]


def lock_conversation(connection: Connection, conversation_id: str) -> LockedRow:
    """Lets other transactions that change it wait, as ``take_positions`` does; SQLite has one writer anyway.

    Raises:
        NotFoundError: there is no such conversation.
    """
    locked = connection.execute(_LOCK, {"conversation_id": conversation_id}).one_or_none()
    if locked is None:
        raise NotFoundError(f"no conversation {conversation_id!r}")
    return locked


def message_row(
    conversation_id: str, position: int, role: str, text: str, exchange_id: str | None
) -> JsonObject:
    return {
        "id": new_id("msg"),
        "conversation_id": conversation_id,
        "position": position,
        "role": role,
        "text": text,
        "exchange_id": exchange_id,
        "created_at": now(),
    }
