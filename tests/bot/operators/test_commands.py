"""``kefu operators`` as it is typed."""

import asyncio

import pytest
from sqlalchemy import select

from bot.db.access_tables import AuditEntry
from bot.db.engine import Database
from bot.operators.logins import log_in
from bot.settings import Settings
from tests.fixtures.commands import RunKefu

pytestmark = pytest.mark.usefixtures("sqlite_url")


@pytest.fixture
def kefu(run_kefu: RunKefu, settings: Settings) -> RunKefu:
    def run(*arguments: str, answer: str = "") -> object:
        return run_kefu(*arguments, answer=answer, KEFU_DATA_DIR=settings.data_dir)

    return run  # type: ignore[return-value]


def may_log_in(settings: Settings, name: str, password: str) -> bool:
    async def main() -> bool:
        database = Database.open(settings.database_url)
        try:
            return bool(await log_in(database, name=name, password=password, address="a"))
        finally:
            await database.close()

    return asyncio.run(main())


def audit(settings: Settings) -> list[tuple[str, str]]:
    async def main() -> list[tuple[str, str]]:
        database = Database.open(settings.database_url)
        try:
            async with database.read() as session:
                rows = (await session.execute(select(AuditEntry).order_by(AuditEntry.id))).scalars()
                return [(row.actor, row.action) for row in rows if row.action != "log_in"]
        finally:
            await database.close()

    return asyncio.run(main())


def test_account_is_made_with_a_password_that_is_shown_once(kefu: RunKefu, settings: Settings) -> None:
    made = kefu("operators", "create", "Ana", "--role", "admin", "--json")

    assert made.status == 0, made.err
    assert (made.json["name"], made.json["role"]) == ("Ana", "admin")
    assert len(made.json["password"]) == 23
    assert may_log_in(settings, "Ana", made.json["password"])
    listed = kefu("operators", "list", "--json")
    assert listed.json["items"] == [
        {"id": made.json["id"], "name": "Ana", "role": "admin", "disabled": False}
    ]
    assert made.json["password"] not in kefu("operators", "list").out


def test_password_is_read_from_standard_input(kefu: RunKefu, settings: Settings) -> None:
    made = kefu(
        "operators", "create", "阿娜", "--role", "viewer", "--password-stdin", answer="long enough for it\n"
    )

    assert (made.status, made.err) == (0, "")
    assert "long enough" not in made.out
    assert may_log_in(settings, "阿娜", "long enough for it")


def test_short_password_is_refused_and_nothing_is_stored(kefu: RunKefu) -> None:
    refused = kefu("operators", "create", "Ana", "--role", "viewer", "--password-stdin", answer="short\n")

    assert refused.status == 2
    assert "a password has 12 to 1,000 characters; this one has 5" in refused.err
    assert kefu("operators", "list", "--json").json == {"items": []}


def test_name_is_given_once(kefu: RunKefu) -> None:
    kefu("operators", "create", "Ana", "--role", "viewer")

    refused = kefu("operators", "create", "ANA", "--role", "admin")

    assert refused.status == 1
    assert "there is an operator 'ANA' already" in refused.err


def test_role_password_and_access_are_changed_and_kept_in_the_audit_log(
    kefu: RunKefu, settings: Settings
) -> None:
    kefu("operators", "create", "Ana", "--role", "viewer")

    assert kefu("operators", "set-role", "ana", "supervisor").out == "Ana is supervisor\n"
    reset = kefu("operators", "reset-password", "Ana", "--json")
    assert may_log_in(settings, "Ana", reset.json["password"])
    assert kefu("operators", "disable", "Ana").out == "Ana is disabled\n"
    assert kefu("operators", "list", "--json").json["items"][0]["disabled"] is True
    assert kefu("operators", "enable", "Ana").status == 0
    assert audit(settings) == [
        ("cli", "create_operator"),
        ("cli", "set_operator_role"),
        ("cli", "set_operator_password"),
        ("cli", "disable_operator"),
        ("cli", "enable_operator"),
    ]


def test_last_admin_stays(kefu: RunKefu) -> None:
    kefu("operators", "create", "Ana", "--role", "admin")

    for command in (("set-role", "Ana", "viewer"), ("disable", "Ana")):
        refused = kefu("operators", *command)
        assert refused.status == 1
        assert "Ana is the last admin" in refused.err

    kefu("operators", "create", "Bo", "--role", "admin")
    assert kefu("operators", "disable", "Ana").status == 0


def test_unknown_operator_is_said(kefu: RunKefu) -> None:
    refused = kefu("operators", "disable", "Nobody")

    assert refused.status == 2
    assert "no operator 'Nobody'; see: kefu operators list" in refused.err
