"""Logging in and out. A session is a random token in a cookie; a new one is made at every login.

Logins are held back in the database, so that it works over all workers: each attempt is stored before it is counted, and
only then is the password looked at. One that succeeds takes its attempts out again. One that is refused unlooked-at takes itself
out: it has guessed nothing, and would let one address use up what all of them together may try of a name.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from bot.access.principals import OperatorPrincipal, Role
from bot.access.tokens import derived_token, new_token, token_hash
from bot.db.base import new_id, now
from bot.db.engine import Database
from bot.errors import KefuError, RateLimitedError
from bot.knowledge.audit import record_audit
from bot.operators import repository
from bot.operators.passwords import is_password
from bot.operators.service import login_of

SESSION_PREFIX, CSRF_PREFIX = "ks_", "kc_"
IDLE, LONGEST = timedelta(hours=8), timedelta(days=7)
"""A session ends when nothing was done for so long, and in any case after so long."""

USED_EVERY = timedelta(minutes=1)
"""How exactly it is kept when a session was used last."""

WINDOW = timedelta(minutes=15)
FROM_ONE_ADDRESS, OF_ONE_LOGIN, OF_BOTH = 20, 100, 5
"""Failed attempts in a window: those of one name from one address are few, so that nobody locks another one out from elsewhere."""


class WrongLoginError(KefuError):
    """Says the same for a wrong name, a wrong password and a disabled account."""

    status, slug, title = 401, "unauthorized", "Name or password is wrong"


@dataclass(frozen=True)
class Caller:
    """Who sent a request to the console, and in which session."""

    principal: OperatorPrincipal
    name: str
    language: str | None
    time_zone: ZoneInfo | None
    session_id: str
    csrf_token: str = field(repr=False)
    used_at: datetime

    @property
    def role(self) -> Role:
        return self.principal.role


async def log_in(database: Database, *, name: str, password: str, address: str) -> str:
    """The token of a new session.

    Raises:
        WrongLoginError: there is no such account, or this is not its password.
        RateLimitedError: too many attempts have failed.
    """
    login = login_of(name)
    login_hash, address_hash = token_hash(login), token_hash(address)
    await _hold_back(database, login_hash, address_hash)
    async with database.read() as session:
        operator = await repository.operator_by_login(session, login)
    known = operator is not None and operator.disabled_at is None
    if not await is_password(password, operator.password_hash if operator and known else None):
        raise WrongLoginError("check both; upper and lower case make a difference in the password")
    assert operator is not None, "nobody has no password"
    token = new_token(SESSION_PREFIX)
    row = {"id": new_id("ops"), "operator_id": operator.id, "token_hash": token_hash(token)}
    async with database.write() as session:
        await repository.forget_attempts(session, login_hash=login_hash, address_hash=address_hash)
        await repository.add_session(session, row)
        await record_audit(session, actor=f"operator:{operator.id}", action="log_in", target=row["id"])
    return token


async def confirm_password(database: Database, caller: Caller, password: str) -> None:
    """Raises WrongLoginError for another one; held back as logins are."""
    login_hash, address_hash = token_hash(login_of(caller.name)), token_hash(caller.session_id)
    await _hold_back(database, login_hash, address_hash)
    async with database.read() as session:
        operator = await repository.operator(session, caller.principal.id)
    if operator is None or not await is_password(password, operator.password_hash):
        raise WrongLoginError("this is not your present password")
    async with database.write() as session:
        await repository.forget_attempts(session, login_hash=login_hash, address_hash=address_hash)


async def _hold_back(database: Database, login_hash: str, address_hash: str) -> None:
    row = {"id": new_id("lat"), "login_hash": login_hash, "address_hash": address_hash}
    async with database.write() as session:
        await repository.add_attempt(session, row)
    since = now() - WINDOW
    async with database.read() as session:
        both = await repository.attempts_since(
            session, since, login_hash=login_hash, address_hash=address_hash
        )
        of_login = await repository.attempts_since(session, since, login_hash=login_hash)
        from_address = await repository.attempts_since(session, since, address_hash=address_hash)
    if both > OF_BOTH or of_login > OF_ONE_LOGIN or from_address > FROM_ONE_ADDRESS:
        async with database.write() as session:  # committed before the error is raised
            await repository.forget_attempt(session, row["id"])
        minutes = WINDOW // timedelta(minutes=1)
        raise RateLimitedError(
            f"too many logins have failed; try again in {minutes} minutes",
            retry_after_s=int(WINDOW.total_seconds()),
        )


def find_caller(connection: Connection, token: str) -> Caller | None:
    """Whose session it is; None for one that is over or never was. Writes nothing."""
    row = repository.caller_by_token(connection, token_hash(token))
    if row is None or now() > row.used_at + IDLE or now() > row.created_at + LONGEST:
        return None
    return Caller(
        principal=OperatorPrincipal(row.id, Role(row.role)),
        name=row.name,
        language=row.language,
        time_zone=ZoneInfo(row.time_zone) if row.time_zone else None,
        session_id=row.session_id,
        csrf_token=derived_token(CSRF_PREFIX, secret=token, purpose="csrf"),
        used_at=row.used_at,
    )


async def keep_alive(database: Database, caller: Caller) -> None:
    """Notes that the session is in use, once in a while."""
    if now() < caller.used_at + USED_EVERY:
        return
    await database.quick.write(lambda connection: repository.mark_used(connection, caller.session_id, now()))


async def log_out(database: Database, caller: Caller, *, everywhere: bool) -> None:
    action = "log_out_everywhere" if everywhere else "log_out"
    async with database.write() as session:
        if everywhere:
            await repository.end_sessions_of(session, caller.principal.id)
        else:
            await repository.end_session(session, caller.session_id)
        await record_audit(session, actor=caller.principal.name, action=action, target=caller.session_id)


async def forget_what_is_over(database: Database) -> None:
    """Sessions that have ended and attempts that count no more."""
    async with database.write() as session:
        await repository.forget_sessions(session, used_before=now() - IDLE, begun_before=now() - LONGEST)
        await repository.forget_attempts_before(session, now() - WINDOW)
