"""Who is calling: a visitor with their token, an integrator with an API key, or an operator who is logged in."""

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


class Role(StrEnum):
    """What an operator may do in the console; each role holds the ones before it."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    SUPERVISOR = "supervisor"
    ADMIN = "admin"

    def allows(self, needed: "Role") -> bool:
        order = list(Role)
        return order.index(self) >= order.index(needed)


_SCOPES = {
    Role.VIEWER: Scope.READ,
    Role.OPERATOR: Scope.OPERATOR,
    Role.SUPERVISOR: Scope.OPERATOR,
    Role.ADMIN: Scope.ADMIN,
}


@dataclass(frozen=True)
class OperatorPrincipal:
    """Somebody who is logged in to the console."""

    id: str
    role: Role

    @property
    def name(self) -> str:
        return f"operator:{self.id}"

    @property
    def scope(self) -> Scope:
        """What an API key with these rights would have."""
        return _SCOPES[self.role]

    def require(self, needed: Scope) -> None:
        if not self.scope.allows(needed):
            raise ForbiddenError(f"your role is {self.role.value!r}, which does not allow this")


StaffPrincipal = KeyPrincipal | OperatorPrincipal
"""Who may see every conversation, and act in it as far as the scope goes."""
Principal = VisitorPrincipal | StaffPrincipal
TokenPrincipal = VisitorPrincipal | KeyPrincipal
"""Those who send a token; operators of the console have a session."""


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


def identify(connection: Connection, token: str) -> TokenPrincipal:
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
