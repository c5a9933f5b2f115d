"""Who is calling: a visitor with their token, or an integrator with an API key."""

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection, bindparam, or_, select

from bot.access.tokens import KEY_PREFIX, VISITOR_PREFIX, token_hash
from bot.db.access_tables import ApiKey, Visitor, VisitorToken
from bot.errors import ForbiddenError, UnauthorizedError


class Scope(StrEnum):
    """Each scope holds the ones before it."""

    READ = "read"
    WRITE = "write"
    OPERATOR = "operator"
    ADMIN = "admin"

    def allows(self, needed: "Scope") -> bool:
        order = list(Scope)
        return order.index(self) >= order.index(needed)


@dataclass(frozen=True)
class VisitorPrincipal:
    id: str
    site_id: str

    @property
    def name(self) -> str:
        return f"visitor:{self.id}"


@dataclass(frozen=True)
class KeyPrincipal:
    id: str
    scope: Scope

    @property
    def name(self) -> str:
        return f"key:{self.id}"

    def require(self, needed: Scope) -> None:
        if not self.scope.allows(needed):
            raise ForbiddenError(f"this API key has scope {self.scope.value!r}; {needed.value!r} is needed")


Principal = VisitorPrincipal | KeyPrincipal


# Built once: putting a statement together costs more than running it.
_VISITOR = select(Visitor.id, Visitor.site_id).where(
    or_(
        Visitor.token_hash == bindparam("token_hash"),
        Visitor.id.in_(
            select(VisitorToken.visitor_id).where(VisitorToken.token_hash == bindparam("token_hash"))
        ),
    )
)
_KEY = select(ApiKey.id, ApiKey.scope).where(
    ApiKey.key_hash == bindparam("key_hash"), ApiKey.revoked_at.is_(None)
)


def identify(connection: Connection, token: str) -> Principal:
    """Raises UnauthorizedError for a token that is not known, or a key that was revoked."""
    if token.startswith(VISITOR_PREFIX):
        visitor = connection.execute(_VISITOR, {"token_hash": token_hash(token)}).one_or_none()
        if visitor is not None:
            return VisitorPrincipal(visitor.id, visitor.site_id)
    if token.startswith(KEY_PREFIX):
        key = connection.execute(_KEY, {"key_hash": token_hash(token)}).one_or_none()
        if key is not None:
            return KeyPrincipal(key.id, Scope(key.scope))
    raise UnauthorizedError(
        "the token is not known; send a visitor token or API key as Authorization: Bearer …"
    )
