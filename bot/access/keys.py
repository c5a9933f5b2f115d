"""API keys for integrators. Every change leaves an audit row."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from bot.access import key_repository as repository
from bot.access.principals import Scope
from bot.access.tokens import KEY_PREFIX, new_token, token_hash
from bot.db.access_tables import ApiKey
from bot.db.base import new_id
from bot.errors import InvalidInputError, NotFoundError
from bot.knowledge.audit import record_audit

LONGEST_NAME = 200


@dataclass(frozen=True)
class NewKey:
    """``token`` is shown once; only its hash is stored."""

    id: str
    name: str
    token: str


async def create_key(session: AsyncSession, *, name: str, scope: Scope, created_by: str) -> NewKey:
    """Raises InvalidInputError for a name that is empty or too long."""
    shown = name.strip()
    if not 0 < len(shown) <= LONGEST_NAME or not shown.isprintable():
        raise InvalidInputError(f"{name!r} is no name: one line of 1 to {LONGEST_NAME} characters")
    made = NewKey(new_id("key"), shown, new_token(KEY_PREFIX))
    session.add(ApiKey(id=made.id, name=shown, scope=scope.value, key_hash=token_hash(made.token)))
    details = {"name": shown, "scope": scope.value}
    await record_audit(session, actor=created_by, action="create_key", target=made.id, details=details)
    return made


async def all_keys(session: AsyncSession) -> Sequence[ApiKey]:
    """Revoked ones, too; the oldest first."""
    return await repository.keys(session)


async def revoke_key(session: AsyncSession, key_id: str, *, revoked_by: str) -> None:
    """Counts from its next request on. Raises NotFoundError."""
    if await repository.key(session, key_id) is None:
        raise NotFoundError(f"no API key {key_id!r}; see: kefu keys list")
    if await repository.end(session, key_id):
        await record_audit(session, actor=revoked_by, action="revoke_key", target=key_id)
