"""Logging in: sessions, and how guessing is held back, on both kinds of database."""

import asyncio
from datetime import timedelta

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select, update

from bot.access.principals import Role
from bot.db.access_tables import AuditEntry
from bot.db.base import now
from bot.db.engine import Database
from bot.db.operator_tables import LoginAttempt, OperatorSession
from bot.errors import RateLimitedError
from bot.operators import logins, passwords
from bot.operators.logins import (
    IDLE,
    LONGEST,
    OF_BOTH,
    USED_EVERY,
    WINDOW,
    Caller,
    WrongLoginError,
    find_caller,
    forget_what_is_over,
    keep_alive,
    log_in,
)
from bot.operators.service import disable_operator, set_password, set_role
from tests.fixtures.operators import PASSWORD, add_operator

OF_NOBODY = passwords._of_nobody
"""As it is outside of tests, which have quicker hashes."""


async def enter(database: Database, name: str = "Ana", password: str = PASSWORD, address: str = "a") -> str:
    return await log_in(database, name=name, password=password, address=address)


async def caller_of(database: Database, token: str) -> Caller | None:
    return await database.quick.read(lambda connection: find_caller(connection, token))


async def move_back(database: Database, **columns: timedelta) -> None:
    values = {name: now() - by for name, by in columns.items()}
    async with database.write() as session:
        await session.execute(update(OperatorSession).values(**values))


async def test_session_says_who_and_in_which_role(database: Database) -> None:
    operator_id = await add_operator(database, "Ana", Role.SUPERVISOR)

    caller = await caller_of(database, await enter(database))

    assert caller is not None
    assert (caller.principal.id, caller.principal.name) == (operator_id, f"operator:{operator_id}")
    assert (caller.name, caller.role, caller.language, caller.time_zone) == (
        "Ana",
        Role.SUPERVISOR,
        None,
        None,
    )
    assert caller.csrf_token not in repr(caller)


async def test_token_is_not_stored_and_another_login_gets_another_one(database: Database) -> None:
    await add_operator(database, "Ana", Role.VIEWER)
    first, second = await enter(database), await enter(database)

    async with database.read() as session:
        rows = (await session.execute(select(OperatorSession))).scalars().all()
    assert first != second
    assert len(rows) == 2
    assert not any(first in str(vars(row)) or second in str(vars(row)) for row in rows)
    a, b = await caller_of(database, first), await caller_of(database, second)
    assert a is not None
    assert b is not None
    assert a.csrf_token != b.csrf_token


@pytest.mark.parametrize("name", ["Ana", "ANA", " ana ", "Ａｎａ"])
async def test_name_is_known_in_any_case_and_width(database: Database, name: str) -> None:
    await add_operator(database, "Ana", Role.VIEWER)

    assert await caller_of(database, await enter(database, name)) is not None


def test_password_of_nobody_takes_as_long_as_any_other() -> None:
    assert not PasswordHasher().check_needs_rehash(OF_NOBODY)


@pytest.mark.parametrize(("name", "password"), [("Ana", "wrong"), ("Ana", ""), ("Bo", PASSWORD), ("", "")])
async def test_wrong_name_and_wrong_password_are_told_alike(
    database: Database, name: str, password: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add_operator(database, "Ana", Role.VIEWER)
    looked_at: list[str | None] = []
    verify = passwords._verify
    monkeypatch.setattr(passwords, "_verify", lambda p, h: looked_at.append(h) or verify(p, h))

    with pytest.raises(WrongLoginError) as error:
        await enter(database, name, password)

    assert str(error.value) == "check both; upper and lower case make a difference in the password"
    assert len(looked_at) == 1, "an unknown name costs a hash, too"


async def test_disabled_operator_gets_no_session_and_loses_those_there_are(database: Database) -> None:
    operator_id = await add_operator(database, "Ana", Role.VIEWER)
    token = await enter(database)

    async with database.write() as session:
        await disable_operator(session, operator_id, disabled_by="test")

    assert await caller_of(database, token) is None
    with pytest.raises(WrongLoginError):
        await enter(database)


async def test_role_counts_from_the_next_request_on_and_a_new_password_ends_sessions(
    database: Database,
) -> None:
    operator_id = await add_operator(database, "Ana", Role.VIEWER)
    token = await enter(database)

    async with database.write() as session:
        await set_role(session, operator_id, Role.OPERATOR, set_by="test")
    promoted = await caller_of(database, token)
    assert promoted is not None
    assert promoted.role is Role.OPERATOR

    hashed = await passwords.hash_password("another long password")
    async with database.write() as session:
        await set_password(session, operator_id, hashed, set_by="test")
    assert await caller_of(database, token) is None
    assert await enter(database, password="another long password")


async def test_session_ends_when_idle_and_after_its_longest_time(database: Database) -> None:
    await add_operator(database, "Ana", Role.VIEWER)
    token = await enter(database)

    await move_back(database, used_at=IDLE - timedelta(minutes=1), created_at=LONGEST - timedelta(minutes=1))
    assert await caller_of(database, token) is not None
    await move_back(database, used_at=IDLE + timedelta(seconds=1))
    assert await caller_of(database, token) is None
    await move_back(database, used_at=timedelta(0), created_at=LONGEST + timedelta(seconds=1))
    assert await caller_of(database, token) is None

    await forget_what_is_over(database)
    async with database.read() as session:
        assert (await session.execute(select(OperatorSession))).first() is None


async def test_use_keeps_a_session_alive(database: Database) -> None:
    await add_operator(database, "Ana", Role.VIEWER)
    token = await enter(database)
    await move_back(database, used_at=USED_EVERY * 2)
    caller = await caller_of(database, token)
    assert caller is not None

    await keep_alive(database, caller)

    again = await caller_of(database, token)
    assert again is not None
    assert again.used_at > caller.used_at


async def test_guessing_is_held_back_for_a_while_and_from_one_address_only(database: Database) -> None:
    await add_operator(database, "Ana", Role.VIEWER)
    for _ in range(OF_BOTH):
        with pytest.raises(WrongLoginError):
            await enter(database, password="guess")

    with pytest.raises(RateLimitedError) as held:
        await enter(database)
    assert held.value.headers["Retry-After"] == str(15 * 60)
    assert await enter(database, address="b"), "nobody locks another one out"

    async with database.write() as session:
        await session.execute(update(LoginAttempt).values(at=now() - WINDOW - timedelta(seconds=1)))
    assert await enter(database)
    await forget_what_is_over(database)
    async with database.read() as session:
        assert (await session.execute(select(LoginAttempt))).first() is None


async def test_many_guesses_at_once_are_held_back_as_well(database: Database) -> None:
    await add_operator(database, "Ana", Role.VIEWER)

    tries = [enter(database, password=f"guess {n}") for n in range(12)]
    ended = await asyncio.gather(*tries, return_exceptions=True)

    looked_at = [error for error in ended if isinstance(error, WrongLoginError)]
    held_back = [error for error in ended if isinstance(error, RateLimitedError)]
    assert len(looked_at) <= OF_BOTH
    assert len(looked_at) + len(held_back) == 12


async def test_one_address_can_not_lock_a_name_for_all_others(database: Database) -> None:
    await add_operator(database, "Ana", Role.VIEWER)
    for _ in range(logins.OF_ONE_LOGIN + 10):
        with pytest.raises((WrongLoginError, RateLimitedError)):
            await enter(database, password="guess")

    assert await enter(database, address="b")
    async with database.read() as session:
        kept = (await session.execute(select(LoginAttempt))).scalars().all()
    assert len(kept) == OF_BOTH, "what was refused does not count"


async def test_many_addresses_together_are_held_back_from_one_name(database: Database) -> None:
    await add_operator(database, "Ana", Role.VIEWER)
    for n in range(logins.OF_ONE_LOGIN):
        with pytest.raises(WrongLoginError):
            await enter(database, password="guess", address=f"address {n // OF_BOTH}")

    with pytest.raises(RateLimitedError):
        await enter(database, address="b")


async def test_one_address_can_not_try_many_names(database: Database) -> None:
    for n in range(logins.FROM_ONE_ADDRESS):
        with pytest.raises(WrongLoginError):
            await enter(database, name=f"name {n}")

    with pytest.raises(RateLimitedError):
        await enter(database, name="one more")


async def test_logins_are_in_the_audit_log(database: Database) -> None:
    operator_id = await add_operator(database, "Ana", Role.VIEWER)
    await enter(database)

    async with database.read() as session:
        entries = (await session.execute(select(AuditEntry).order_by(AuditEntry.id))).scalars().all()
    assert [(entry.actor, entry.action) for entry in entries] == [
        ("test", "create_operator"),
        (f"operator:{operator_id}", "log_in"),
    ]
