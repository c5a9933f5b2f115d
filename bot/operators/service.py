"""Accounts of the people who work with the console. Every change leaves an audit row."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from bot.access.principals import Role
from bot.db.base import new_id, now
from bot.db.operator_tables import Operator
from bot.errors import ConflictError, InvalidInputError, NotFoundError
from bot.knowledge.audit import record_audit
from bot.operators import repository
from bot.settings import SUPPORTED_LANGUAGES
from retrieval.normalize import normalize

LONGEST_NAME = 64


@cache
def time_zones() -> tuple[str, ...]:
    """Those of places, such as Asia/Shanghai; read once from some hundred files."""
    return tuple(
        sorted(name for name in available_timezones() if "/" in name and not name.startswith("Etc/"))
    )


@dataclass(frozen=True)
class Account:
    """An operator as others may see them."""

    id: str
    name: str
    role: Role
    language: str | None
    time_zone: str | None
    created_at: datetime
    disabled_at: datetime | None

    @classmethod
    def of(cls, row: Operator) -> "Account":
        return cls(
            id=row.id,
            name=row.name,
            role=Role(row.role),
            language=row.language,
            time_zone=row.time_zone,
            created_at=row.created_at,
            disabled_at=row.disabled_at,
        )


async def create_operator(
    session: AsyncSession, *, name: str, role: Role, password_hash: str, created_by: str
) -> Account:
    """Raises InvalidInputError for a name that is empty or too long, ConflictError for one that is taken."""
    shown = normalize(name)
    if not 0 < len(shown) <= LONGEST_NAME or not shown.isprintable():
        raise InvalidInputError(f"{name!r} is no name: one line of 1 to {LONGEST_NAME} characters")
    row: dict[str, Any] = {
        "id": new_id("opr"),
        "name": shown,
        "login": login_of(shown),
        "role": role.value,
        "password_hash": password_hash,
        "created_at": now(),
    }
    try:
        await repository.add_operator(session, row)
    except IntegrityError as error:
        raise ConflictError(f"there is an operator {shown!r} already; see: kefu operators list") from error
    details = {"name": shown, "role": role.value}
    await record_audit(session, actor=created_by, action="create_operator", target=row["id"], details=details)
    return await find_operator(session, row["id"])


async def all_operators(session: AsyncSession) -> Sequence[Account]:
    return [Account.of(row) for row in await repository.operators(session)]


async def find_operator(session: AsyncSession, named: str) -> Account:
    """By id or by name. Raises NotFoundError."""
    row = await repository.operator(session, named) or await repository.operator_by_login(
        session, login_of(named)
    )
    if row is None:
        raise NotFoundError(f"no operator {named!r}; see: kefu operators list")
    return Account.of(row)


async def names_of(session: AsyncSession, actors: Iterable[str | None]) -> dict[str, str]:
    """How people are called who did something (``operator:…``); a key and the command line keep what they are stored as."""
    accounts = {f"operator:{row.id}": row.name for row in await repository.operators(session)}
    return {actor: accounts.get(actor, actor) for actor in actors if actor}


async def set_role(session: AsyncSession, operator_id: str, role: Role, *, set_by: str) -> Account:
    """Counts for their next request. Raises ConflictError for the last admin."""
    before = await find_operator(session, operator_id)
    if before.role is Role.ADMIN and role is not Role.ADMIN:
        await _keep_an_admin(session, before)
    await repository.change_operator(session, before.id, {"role": role.value})
    details = {"from": before.role.value, "to": role.value}
    await record_audit(session, actor=set_by, action="set_operator_role", target=before.id, details=details)
    return await find_operator(session, before.id)


async def set_password(
    session: AsyncSession, operator_id: str, password_hash: str, *, set_by: str, keep: str | None = None
) -> Account:
    """Ends their sessions, but for the one with the id ``keep``."""
    account = await find_operator(session, operator_id)
    await repository.change_operator(session, account.id, {"password_hash": password_hash})
    await repository.end_sessions_of(session, account.id, but=keep)
    await record_audit(session, actor=set_by, action="set_operator_password", target=account.id)
    return account


async def disable_operator(session: AsyncSession, operator_id: str, *, disabled_by: str) -> Account:
    """Ends their sessions at once; what they have done keeps their name. Raises ConflictError for the last admin."""
    account = await find_operator(session, operator_id)
    if account.disabled_at is None:
        if account.role is Role.ADMIN:
            await _keep_an_admin(session, account)
        await repository.change_operator(session, account.id, {"disabled_at": now()})
        await record_audit(session, actor=disabled_by, action="disable_operator", target=account.id)
    await repository.end_sessions_of(session, account.id)
    return await find_operator(session, account.id)


async def enable_operator(session: AsyncSession, operator_id: str, *, enabled_by: str) -> Account:
    account = await find_operator(session, operator_id)
    if account.disabled_at is not None:
        await repository.change_operator(session, account.id, {"disabled_at": None})
        await record_audit(session, actor=enabled_by, action="enable_operator", target=account.id)
    return await find_operator(session, account.id)


async def set_preferences(
    session: AsyncSession, operator_id: str, *, language: str | None, time_zone: str | None
) -> Account:
    """What the console speaks and which clock it shows. Raises InvalidInputError for what there is not."""
    if language is not None and language not in SUPPORTED_LANGUAGES:
        raise InvalidInputError(f"the console does not speak {language!r}; choose from en, zh")
    if time_zone is not None and time_zone not in time_zones():
        raise InvalidInputError(
            f"no time zone {time_zone!r}; name one such as Europe/Berlin or Asia/Shanghai"
        )
    account = await find_operator(session, operator_id)
    values = {"language": language, "time_zone": time_zone}
    await repository.change_operator(session, account.id, values)
    actor = f"operator:{account.id}"
    await record_audit(session, actor=actor, action="set_preferences", target=account.id, details=values)
    return await find_operator(session, account.id)


def login_of(name: str) -> str:
    """A name as it is compared: upper and lower case, and full-width letters, make no difference."""
    return normalize(name).casefold()


async def _keep_an_admin(session: AsyncSession, account: Account) -> None:
    admins = await repository.enabled_admins(session, Role.ADMIN.value)
    if set(admins) <= {account.id}:
        raise ConflictError(f"{account.name} is the last admin; make another one first")
