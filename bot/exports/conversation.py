"""One conversation as a document that a person can read, such as the visitor who asks for it."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.db.base import JsonObject
from bot.db.conversation_tables import Conversation, Exchange, Feedback, Handoff, Message
from bot.errors import NotFoundError
from bot.exports.exchanges import vote_json
from bot.exports.schemas import FORMAT_VERSION, NOTICE
from bot.json_mending import mended

SPOKEN_BY = {"customer": "customer", "bot": "machine", "agent": "person", "system": "machine"}


async def transcript(session: AsyncSession, conversation_id: str) -> JsonObject:
    """Raises NotFoundError."""
    conversation = await session.get(Conversation, conversation_id)
    if conversation is None:
        raise NotFoundError(f"no conversation {conversation_id!r}")
    return {
        "format": "kefu-conversation",
        "format_version": FORMAT_VERSION,
        "notice": NOTICE,
        "id": conversation.id,
        "visitor_id": conversation.visitor_id,
        "channel": conversation.channel,
        "language": conversation.language,
        "state": conversation.state,
        "started_at": conversation.created_at.isoformat(),
        "metadata": mended(conversation.details),
        "messages": await _messages(session, conversation_id),
        "handoffs": await _handoffs(session, conversation_id),
    }


async def _messages(session: AsyncSession, conversation_id: str) -> list[JsonObject]:
    exchanges = select(Exchange).where(Exchange.conversation_id == conversation_id)
    outcomes = {exchange.id: exchange.outcome for exchange in (await session.execute(exchanges)).scalars()}
    votes: dict[str, list[JsonObject]] = {}
    given = select(Feedback).where(Feedback.exchange_id.in_(outcomes)).order_by(Feedback.id)
    for vote in (await session.execute(given)).scalars():
        votes.setdefault(vote.exchange_id, []).append(vote_json(vote))
    messages = select(Message).where(Message.conversation_id == conversation_id).order_by(Message.position)
    return [
        {
            "at": message.created_at.isoformat(),
            "role": message.role,
            "spoken_by": SPOKEN_BY[message.role],
            "text": message.text,
            **_exchange_part(message, outcomes, votes),
        }
        for message in (await session.execute(messages)).scalars()
    ]


def _exchange_part(
    message: Message, outcomes: dict[str, str], votes: dict[str, list[JsonObject]]
) -> JsonObject:
    """What became of a reply; customers' messages say it through the reply they got."""
    if message.role != "bot" or message.exchange_id is None:
        return {}
    return {
        "exchange_id": message.exchange_id,
        "outcome": outcomes[message.exchange_id],
        "votes": votes.get(message.exchange_id, []),
    }


async def _handoffs(session: AsyncSession, conversation_id: str) -> list[JsonObject]:
    handoffs = select(Handoff).where(Handoff.conversation_id == conversation_id).order_by(Handoff.id)
    return [
        {
            "asked_at": handoff.created_at.isoformat(),
            "reason": handoff.reason,
            "closed_at": handoff.closed_at.isoformat() if handoff.closed_at else None,
        }
        for handoff in (await session.execute(handoffs)).scalars()
    ]
