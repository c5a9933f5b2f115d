"""Visitors: who arrives, who turns out to be whom, and what is their own."""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from bot.access.principals import Principal, VisitorPrincipal
from bot.access.tokens import token_hash
from bot.conversations.presenting import message_out
from bot.conversations.repository import conversation_for, lock_conversation
from bot.db.access_tables import Site
from bot.db.base import now
from bot.db.engine import Database
from bot.db.transactions import Connection
from bot.errors import IdentityRefusedError, NotFoundError, UnauthorizedError
from bot.pagination import Page, cut
from bot.visitors import repository
from bot.visitors.identity import verify
from bot.visitors.schemas import ConversationOut, RatingIn, RatingOut
from retrieval.masking import mask
from retrieval.normalize import normalize


@dataclass(frozen=True)
class Arrival:
    """Somebody who opens a conversation: as whom they are known so far, and the token they go away with."""

    principal: Principal | None
    token: str
    identity: str | None
    """A JWT of their site (`bot.visitors.identity`)."""


async def visitor_for(session: AsyncSession, site: Site, arrival: Arrival) -> str:
    """The id of the visitor: the one whose token was sent, the one whom the site names, else a new one.

    Raises:
        UnauthorizedError: the token is that of somebody who is another visitor by now.
        IdentityRefusedError: the identity is not one that can be believed.
    """
    if arrival.identity is not None:
        return await _named_visitor(session, site, arrival, arrival.identity)
    if not isinstance(arrival.principal, VisitorPrincipal):
        return await repository.add_visitor(session, site_id=site.id, token_hash=token_hash(arrival.token))
    if await repository.hold_visitor(session, arrival.principal.id) is None:
        raise UnauthorizedError(
            "this visitor token was replaced when the visitor was recognised; start without one"
        )
    return arrival.principal.id


async def _named_visitor(session: AsyncSession, site: Site, arrival: Arrival, token: str) -> str:
    """One transaction after the other for a site, so that two tabs at once end up as one visitor."""
    identity = verify(token, site_key=site.public_key, secret=site.identity_secret)
    await repository.lock_identities(session, site.id)
    if not await repository.use_nonce(session, site.id, identity):
        raise IdentityRefusedError("the identity was used before; make one with a new jti for each page")
    hashed = token_hash(arrival.token)
    known = await repository.known_visitor(session, site.id, identity.subject_hash)
    unnamed = await _unnamed_visitor(session, site, arrival.principal)
    if known is None and unnamed is None:
        return await repository.add_visitor(
            session, site_id=site.id, token_hash=hashed, subject_hash=identity.subject_hash
        )
    if known is None:
        assert unnamed is not None, "one of both is there"
        await repository.name_visitor(session, unnamed, subject_hash=identity.subject_hash, token_hash=hashed)
        return unnamed
    await repository.add_token(session, known.id, hashed)
    if unnamed is not None:
        await repository.give_belongings(session, of=unnamed, to=known.id)
    return known.id


async def _unnamed_visitor(session: AsyncSession, site: Site, principal: Principal | None) -> str | None:
    """Who sent the token, if nobody has named them yet; whoever is named keeps what is theirs."""
    if not isinstance(principal, VisitorPrincipal):
        return None
    await repository.lock_conversations(session, principal.id)
    visitor = await repository.hold_visitor(session, principal.id)
    if visitor is None or visitor.site_id != site.id or visitor.subject_hash is not None:
        return None
    return visitor.id


async def forget_used_identities(database: Database) -> None:
    """Of those that have expired nobody has to know any more that they were used."""
    async with database.write() as session:
        await repository.forget_expired_nonces(session)


async def page_of_conversations(
    session: AsyncSession, principal: Principal, *, before: str | None, limit: int
) -> Page[ConversationOut]:
    """The newest first: a visitor's own; with a key all there are."""
    visitor_id = principal.id if isinstance(principal, VisitorPrincipal) else None
    rows = await repository.conversations_before(
        session, visitor_id=visitor_id, before=before, limit=limit + 1
    )
    page, next_cursor = cut(rows, limit=limit, key=lambda row: row.id)
    return Page(items=[_conversation_out(row) for row in page], next_cursor=next_cursor)


def _conversation_out(row: repository.ConversationEntry) -> ConversationOut:
    last = message_out(row.Message) if row.Message is not None else None
    return ConversationOut(id=row.id, state=row.state, created_at=row.created_at, last_message=last)


async def rate_conversation(
    session: AsyncSession, conversation_id: str, rating: RatingIn, principal: Principal
) -> RatingOut:
    """Keeps how content somebody was; rating again replaces. Raises NotFoundError."""

    def hold(connection: Connection) -> bool:
        lock_conversation(connection, conversation_id)
        return conversation_for(connection, conversation_id, principal) is not None

    if not await (await session.connection()).run_sync(hold):
        raise NotFoundError(f"no conversation {conversation_id!r}")
    row = {
        "conversation_id": conversation_id,
        "stars": rating.stars,
        "comment": mask(normalize(rating.comment)).text if rating.comment else None,
        "given_by": principal.name,
        "created_at": now(),
    }
    await repository.keep_rating(session, row)
    return RatingOut.model_validate(row)
