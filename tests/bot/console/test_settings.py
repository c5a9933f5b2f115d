"""The settings: who may look and who may change, what is shown once, and what the audit log keeps of it."""

import re
from datetime import date

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select

from bot.access.principals import Role, Scope
from bot.access.tokens import token_hash
from bot.db.access_tables import ApiKey, AuditEntry, Site
from bot.db.engine import Database
from bot.handoffs.availability import availability
from bot.operators.service import Account, find_operator
from bot.settings import HandoffSettings, Settings
from bot.sites.service import find_site
from tests.fixtures.operators import Desk, NewBrowser, OpenDesk, log_in_as

PAGES = ("", "/operators", "/keys", "/sites", "/sites/default")
FORM = {
    "name": "Shop <b>",
    "origins": "https://Shop.example\r\n\r\n https://www.shop.example ",
    "languages": "zh,en",
    "greeting_en": "Hi there!",
    "greeting_zh": "  ",
    "suggestions_zh": "我的包裹在哪？\r\n怎么退货？",
    "consent_needed": "true",
}


@pytest.fixture
def app(empty_app: FastAPI) -> FastAPI:
    return empty_app


@pytest.fixture
def stored(app: FastAPI) -> Database:
    database: Database = app.state.parts.database
    return database


async def audited(database: Database, target: str) -> list[tuple[str, str, dict[str, object]]]:
    async with database.read() as session:
        rows = await session.execute(
            select(AuditEntry).where(AuditEntry.target == target).order_by(AuditEntry.id)
        )
        return [(row.action, row.actor, row.details) for row in rows.scalars()]


async def account_of(database: Database, name: str) -> Account:
    async with database.read() as session:
        return await find_operator(session, name)


def secret_in(page: httpx.Response) -> str:
    assert page.status_code == 200, page.text
    return re.findall(r"<p><code>([^<]+)</code></p>", page.text)[0]


async def make_bo(desk: Desk, role: str = "operator") -> str:
    return secret_in(await desk.post("/settings/operators", {"name": "Bo", "role": role}))


async def test_supervisor_looks_without_a_form_and_an_operator_is_refused(open_desk: OpenDesk) -> None:
    operator, supervisor = await open_desk(Role.OPERATOR), await open_desk(Role.SUPERVISOR)

    assert "/console/settings" not in (await operator.get("/account")).text
    for path in PAGES:
        assert (await operator.get("/settings" + path)).status_code == 403, path
        shown = await supervisor.get("/settings" + path)
        assert shown.status_code == 200, path
        buttons = re.findall(r"<button", shown.text.split("<main")[1])
        assert buttons == [], path
    assert (await supervisor.get("/settings/sites/new")).status_code == 403


async def test_operator_is_made_with_a_password_that_is_shown_once(
    open_desk: OpenDesk, stored: Database, new_browser: NewBrowser
) -> None:
    desk = await open_desk(Role.ADMIN)

    password = await make_bo(desk)

    assert await log_in_as(new_browser(), "Bo", password=password)
    assert password not in (await desk.get("/settings/operators")).text
    bo = await account_of(stored, "Bo")
    actor = f"operator:{desk.operator_id}"
    assert await audited(stored, bo.id) == [("create_operator", actor, {"name": "Bo", "role": "operator"})]
    again = await desk.post("/settings/operators", {"name": "bo", "role": "viewer"})
    assert again.status_code == 409
    assert (await desk.post("/settings/operators", {"name": "Cy", "role": "boss"})).status_code == 422


async def test_operator_gets_another_role_password_and_is_shut_out(
    open_desk: OpenDesk, stored: Database, new_browser: NewBrowser
) -> None:
    desk = await open_desk(Role.ADMIN)
    first = await make_bo(desk)
    bo, browser = await account_of(stored, "Bo"), await log_in_as(new_browser(), "Bo", password=first)
    path = f"/settings/operators/{bo.id}"

    await desk.post(path + "/role", {"role": "supervisor"})
    assert "The role of Bo is changed." in (await desk.get("/settings/operators")).text
    assert (await browser.get("/settings")).status_code == 200, "from the next request on"

    second = secret_in(await desk.post(path + "/password"))
    assert second != first
    assert (await browser.get("/settings")).status_code == 303, "all sessions have ended"
    browser = await log_in_as(new_browser(), "Bo", password=second)

    await desk.post(path + "/disable")
    assert (await browser.get("/settings")).status_code == 303
    assert f'action="/console{path}/enable"' in (await desk.get("/settings/operators")).text
    await desk.post(path + "/enable")
    assert await log_in_as(new_browser(), "Bo", password=second)

    actor = f"operator:{desk.operator_id}"
    changes = [action for action, by, _ in await audited(stored, bo.id) if by == actor]
    assert changes == [
        "create_operator",
        "set_operator_role",
        "set_operator_password",
        "disable_operator",
        "enable_operator",
    ]
    assert (await desk.post("/settings/operators/opr_gone/role", {"role": "viewer"})).status_code == 404


async def test_last_admin_stays(open_desk: OpenDesk, stored: Database) -> None:
    desk = await open_desk(Role.ADMIN)
    path = f"/settings/operators/{desk.operator_id}"

    refused = [await desk.post(path + "/disable"), await desk.post(path + "/role", {"role": "viewer"})]

    assert [response.status_code for response in refused] == [409, 409]
    assert (await account_of(stored, desk.operator_id)).role is Role.ADMIN


async def test_key_is_shown_once_stored_hashed_and_revoked(open_desk: OpenDesk, stored: Database) -> None:
    desk = await open_desk(Role.ADMIN)

    token = secret_in(await desk.post("/settings/keys", {"name": " shop ", "scope": "write"}))

    async with stored.read() as session:
        key = (await session.execute(select(ApiKey))).scalars().one()
    assert (key.name, key.scope, key.key_hash) == ("shop", "write", token_hash(token))
    listed = (await desk.get("/settings/keys")).text
    assert key.id in listed
    assert token not in listed
    headers = {"Authorization": f"Bearer {token}"}
    assert (await desk.client.get("/v1/conversations", headers=headers)).status_code != 401

    for _ in range(2):
        gone = await desk.post(f"/settings/keys/{key.id}/revoke")
        assert gone.headers["location"] == "/console/settings/keys"
    assert (await desk.client.get("/v1/conversations", headers=headers)).status_code == 401
    actor = f"operator:{desk.operator_id}"
    assert await audited(stored, key.id) == [
        ("create_key", actor, {"name": "shop", "scope": "write"}),
        ("revoke_key", actor, {}),
    ]


@pytest.mark.parametrize(
    "sent",
    [
        {"name": " ", "scope": Scope.READ},
        {"name": "x" * 201, "scope": Scope.READ},
        {"name": "a\nb", "scope": Scope.READ},
        {"name": "shop", "scope": "all"},
    ],
)
async def test_wrong_key_is_refused_and_none_is_made(
    open_desk: OpenDesk, stored: Database, sent: dict[str, str]
) -> None:
    desk = await open_desk(Role.ADMIN)

    assert (await desk.post("/settings/keys", sent)).status_code == 422
    assert (await desk.post("/settings/keys/key_gone/revoke")).status_code == 404
    async with stored.read() as session:
        assert (await session.execute(select(ApiKey))).first() is None


async def test_site_is_made_changed_and_gets_another_secret(open_desk: OpenDesk, stored: Database) -> None:
    desk = await open_desk(Role.ADMIN)

    made = await desk.post("/settings/sites", FORM)
    secret = secret_in(made)
    path = re.findall(r'href="/console(/settings/sites/ks_\w+)"', made.text)[0]
    key = path.rsplit("/", 1)[1]

    async def site() -> Site:
        async with stored.read() as session:
            return await find_site(session, key)

    first = await site()
    assert first.identity_secret == secret
    assert (first.name, first.origins) == ("Shop <b>", ["https://shop.example", "https://www.shop.example"])
    assert (first.languages, first.greeting, first.consent_needed) == (
        ["zh", "en"],
        {"en": "Hi there!"},
        True,
    )
    assert first.suggestions == {"zh": ["我的包裹在哪？", "怎么退货？"]}
    shown = (await desk.get(path)).text
    assert "Shop &lt;b&gt;" in shown
    assert '<option value="zh,en" selected>' in shown
    assert secret not in shown

    changed = await desk.post(path, {**FORM, "origins": "", "languages": "", "consent_needed": "false"})
    assert changed.headers["location"] == f"/console{path}"
    second = await site()
    assert (second.origins, second.languages, second.consent_needed) == ([], [], False)
    assert (second.greeting, second.identity_secret) == (first.greeting, secret)

    renewed = secret_in(await desk.post(path + "/secret"))
    assert renewed != secret
    assert (await site()).identity_secret == renewed
    actor = f"operator:{desk.operator_id}"
    log = await audited(stored, first.id)
    assert log == [
        ("create_site", actor, {}),
        ("change_site", actor, {"fields": ["consent_needed", "languages", "origins"]}),
        ("renew_site_secret", actor, {}),
    ]
    assert secret not in str(log)


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"origins": "shop.example"},
        {"languages": "fr"},
        {"greeting_zh": "好" * 501},
        {"suggestions_en": "\n".join("abcdefg")},
    ],
)
async def test_wrong_site_is_refused_and_nothing_is_stored(
    open_desk: OpenDesk, stored: Database, wrong: dict[str, str]
) -> None:
    desk = await open_desk(Role.ADMIN)

    made = await desk.post("/settings/sites", FORM | wrong)
    changed = await desk.post("/settings/sites/default", FORM | wrong)

    assert (made.status_code, changed.status_code) == (422, 422)
    async with stored.read() as session:
        sites = (await session.execute(select(Site))).scalars().all()
    assert [(site.public_key, site.origins, site.greeting) for site in sites] == [("default", [], {})]


class TestOverview:
    """What environment variables say; the hours hold a holiday."""

    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        office = HandoffSettings(
            time_zone="Asia/Shanghai", hours="mon-fri 09:00-18:00", holidays=(date(2026, 12, 25),)
        )
        return settings.model_copy(update={"handoffs": office, "tolerated_error": 0.07})

    async def test_variables_are_named_with_what_they_say(
        self, open_desk: OpenDesk, app: FastAPI, stored: Database
    ) -> None:
        desk = await open_desk(Role.SUPERVISOR)

        shown = (await desk.get("/settings")).text

        async with stored.read() as session:
            connection = await session.connection()
            there = await connection.run_sync(availability, app.state.parts.settings.handoffs)
        assert ("open now" in shown, "closed now" in shown) == (there.office_open, not there.office_open)
        for said in (
            'mon-fri 09:00-18:00 <code class="faint">KEFU_HANDOFFS__HOURS',
            '2026-12-25 <code class="faint">KEFU_HANDOFFS__HOLIDAYS',
            'Asia/Shanghai <code class="faint">KEFU_HANDOFFS__TIME_ZONE',
            '7.0 % <code class="faint">KEFU_TOLERATED_ERROR',
            '3 <code class="faint">KEFU_RELEASES__KEPT',
            '14 days <code class="faint">KEFU_RELEASES__KEEP_FOR',
        ):
            assert said in shown
        assert "No release speaks yet." in shown
