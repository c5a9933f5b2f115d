"""Queries on visitors, their tokens, and what is theirs."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import Row, Select, and_, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.db.access_tables import IdempotencyKey, Site, UsedNonce, Visitor, VisitorToken
from bot.db.base import JsonObject, new_id, now
from bot.db.conversation_tables import Conversation, ConversationRating, Feedback, Message, Signal
from bot.db.knowledge_tables import Label
from bot.visitors.identity import Identity

MOST_TOKENS = 20
ConversationEntry: TypeAlias = Row[str, str, datetime, Message | None]
"""id, state, created_at and the last message of a conversation"""


async def lock_identities(session: AsyncSession, site_id: str) -> None:
    """Lets the identities of a site be looked at one after the other; conversations may begin meanwhile."""
    site = select(Site.id).where(Site.id == site_id)
    await session.execute(site.with_for_update(key_share=True))


async def use_nonce(session: AsyncSession, site_id: str, identity: Identity) -> bool:
    """False where it was used before; ``lock_identities`` first."""
    if await session.get(UsedNonce, (site_id, identity.nonce_hash)) is not None:
        return False
    values = {"nonce_hash": identity.nonce_hash, "expires_at": identity.expires_at}
    await session.execute(insert(UsedNonce).values(site_id=site_id, **values))
    return True


async def forget_expired_nonces(session: AsyncSession) -> None:
    await session.execute(delete(UsedNonce).where(UsedNonce.expires_at < now()))


async def add_visitor(
    session: AsyncSession, *, site_id: str, token_hash: str, subject_hash: str | None = None
) -> str:
    visitor_id = new_id("vis")
    values = {"site_id": site_id, "token_hash": token_hash, "subject_hash": subject_hash}
    await session.execute(insert(Visitor).values(id=visitor_id, **values))
    return visitor_id


async def lock_conversations(session: AsyncSession, visitor_id: str) -> None:
    """Before the visitor themselves, in the order in which a message takes its locks."""
    theirs = select(Conversation.id).where(Conversation.visitor_id == visitor_id)
    await session.execute(theirs.order_by(Conversation.id).with_for_update())


async def hold_visitor(session: AsyncSession, visitor_id: str) -> Visitor | None:
    """The visitor as they are now, who stays so until the transaction ends; None for one who is another by now."""
    wanted = select(Visitor).where(Visitor.id == visitor_id, Visitor.merged_into.is_(None))
    return await _held(session, wanted)


async def known_visitor(session: AsyncSession, site_id: str, subject_hash: str) -> Visitor | None:
    """Whom the site has named so before, held until the transaction ends."""
    wanted = select(Visitor).where(Visitor.site_id == site_id, Visitor.subject_hash == subject_hash)
    return await _held(session, wanted)


async def _held(session: AsyncSession, wanted: Select[Visitor]) -> Visitor | None:
    fresh = wanted.with_for_update(key_share=True).execution_options(populate_existing=True)
    return (await session.execute(fresh)).scalar_one_or_none()


async def name_visitor(session: AsyncSession, visitor_id: str, *, subject_hash: str, token_hash: str) -> None:
    """Whoever had the token from before is not them any more."""
    values = {"subject_hash": subject_hash, "token_hash": token_hash}
    await session.execute(update(Visitor).where(Visitor.id == visitor_id).values(**values))


async def add_token(session: AsyncSession, visitor_id: str, token_hash: str) -> None:
    """A further one; of more than so many the oldest are forgotten."""
    await session.execute(insert(VisitorToken).values(token_hash=token_hash, visitor_id=visitor_id))
    mine = select(VisitorToken.token_hash).where(VisitorToken.visitor_id == visitor_id)
    newest = mine.order_by(VisitorToken.created_at.desc(), VisitorToken.token_hash).limit(MOST_TOKENS)
    kept = list((await session.execute(newest)).scalars())
    old = and_(VisitorToken.visitor_id == visitor_id, VisitorToken.token_hash.not_in(kept))
    await session.execute(delete(VisitorToken).where(old))


async def give_belongings(session: AsyncSession, *, of: str, to: str) -> None:
    """Conversations, votes, signals, labels and stored replies of one visitor become another's; an empty row remains.

    What an experiment has seen of them stays as it was (`bot.experiments.visitors`).
    """
    before, after = f"visitor:{of}", f"visitor:{to}"
    await session.execute(update(Conversation).where(Conversation.visitor_id == of).values(visitor_id=to))
    for table in (Feedback, Signal, Label, ConversationRating):
        await session.execute(update(table).where(table.given_by == before).values(given_by=after))
    taken = select(IdempotencyKey.key).where(IdempotencyKey.principal == after)
    stored = IdempotencyKey.principal == before
    await session.execute(delete(IdempotencyKey).where(stored, IdempotencyKey.key.in_(taken)))
    await session.execute(update(IdempotencyKey).where(stored).values(principal=after))
    left: dict[str, Any] = {"token_hash": f"merged:{of}", "merged_into": to}
    await session.execute(update(Visitor).where(Visitor.id == of).values(**left))


async def conversations_before(
    session: AsyncSession, *, visitor_id: str | None, before: str | None, limit: int
) -> Sequence[ConversationEntry]:
    """The newest first: a visitor's, or everybody's."""
    last = and_(Message.conversation_id == Conversation.id, Message.position == Conversation.last_position)
    statement = (
        select(Conversation.id, Conversation.state, Conversation.created_at, Message)
        .outerjoin(Message, last)
        .order_by(Conversation.id.desc())
        .limit(limit)
    )
    if visitor_id is not None:
        statement = statement.where(Conversation.visitor_id == visitor_id)
    if before is not None:
        statement = statement.where(Conversation.id < before)
    return (await session.execute(statement)).all()


async def keep_rating(session: AsyncSession, row: JsonObject) -> None:
    """In the place of an earlier one; the conversation is locked."""
    wanted = ConversationRating.conversation_id == row["conversation_id"]
    await session.execute(delete(ConversationRating).where(wanted))
    await session.execute(insert(ConversationRating).values(**row))
