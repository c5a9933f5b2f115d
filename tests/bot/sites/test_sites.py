"""Looking after sites, over HTTP and by command, and what their widget is told."""

import asyncio
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import select

from bot.access.principals import Scope
from bot.answering.texts import TEXTS
from bot.db.access_tables import AuditEntry, IdempotencyKey, Site
from bot.db.engine import Database
from bot.settings import Settings
from tests.bot.visitors.sites import identity, start, talk_of
from tests.fixtures.commands import RunKefu

SHOP = {
    "name": "Shop", "origins": ["https://Shop.example"], "languages": ["zh", "en"], "greeting": {"en": "Hi there!"},
    "suggestions": {"zh": ["我的包裹在哪？"]}, "consent_needed": True,
}  # fmt: skip


async def test_site_is_made_shown_changed_and_deleted(client: httpx.AsyncClient, new_key) -> None:
    admin = await new_key(Scope.ADMIN)
    made = (await client.post("/v1/sites", json=SHOP, headers=admin)).raise_for_status().json()
    path = f"/v1/sites/{made['key']}"
    shown = (await client.get(path, headers=admin)).json()

    assert made["identity_secret"].startswith("kis_")
    assert made["origins"] == ["https://shop.example"]
    assert shown == {name: value for name, value in made.items() if name != "identity_secret"}
    assert shown["signs_visitors"] is True

    changed = await client.patch(path, json={"origins": [], "name": "Store"}, headers=admin)
    assert changed.json() == {**shown, "origins": [], "name": "Store"}
    listed = (await client.get("/v1/sites", headers=admin)).json()["items"]
    assert {site["key"] for site in listed} == {"default", made["key"]}

    assert (await client.delete(path, headers=admin)).status_code == 204
    assert (await client.get(path, headers=admin)).status_code == 404


async def test_secret_is_shown_again_to_a_repeated_request_only_and_stored_nowhere_else(
    client: httpx.AsyncClient, database: Database, new_key
) -> None:
    headers = await new_key(Scope.ADMIN) | {"Idempotency-Key": str(uuid4())}

    first, again = [await client.post("/v1/sites", json=SHOP, headers=headers) for _ in range(2)]

    assert first.json() == again.json()
    async with database.read() as session:
        stored = (await session.execute(select(IdempotencyKey.response))).scalars().all()
        audit = (await session.execute(select(AuditEntry.details))).scalars().all()
        secrets = (await session.execute(select(Site.identity_secret).order_by(Site.id))).scalars().all()
    assert first.json()["identity_secret"] in secrets
    assert first.json()["identity_secret"] not in f"{stored} {audit}"


async def test_new_secret_ends_the_old_one(client: httpx.AsyncClient, new_key) -> None:
    admin = await new_key(Scope.ADMIN)
    made = (await client.post("/v1/sites", json={"name": "Shop"}, headers=admin)).json()
    key, old = made["key"], made["identity_secret"]

    renewed = (await client.post(f"/v1/sites/{key}/secret", headers=admin)).json()["identity_secret"]

    refused = await start(client, site=key, identity=identity(secret=old, aud=key))
    assert refused.status_code == 401
    assert (await start(client, site=key, identity=identity(secret=renewed, aud=key))).status_code == 201


@pytest.mark.parametrize(
    "wrong",
    [
        {"origins": ["https://*.shop.example"]}, {"origins": ["shop.example"]}, {"origins": ["https://shop.example/"]},
        {"origins": ["https://user@shop.example"]}, {"origins": ["null"]}, {"languages": ["fr"]}, {"name": "  "},
        {"greeting": {"fr": "Salut"}}, {"greeting": {"en": ""}}, {"suggestions": {"en": ["?"] * 7}},
    ],
)  # fmt: skip
async def test_senseless_site_is_refused_with_the_field_named(
    client: httpx.AsyncClient, new_key, wrong: dict[str, object]
) -> None:
    refused = await client.post("/v1/sites", json=SHOP | wrong, headers=await new_key(Scope.ADMIN))

    assert refused.status_code == 422
    assert refused.json()["errors"][0]["where"].startswith(f"body.{next(iter(wrong))}")


async def test_widget_is_told_what_the_site_says_and_else_what_the_bot_says(
    client: httpx.AsyncClient, new_key
) -> None:
    made = (await client.post("/v1/sites", json=SHOP, headers=await new_key(Scope.ADMIN))).json()

    told = await client.get(f"/v1/sites/{made['key']}/widget")

    assert told.headers["cache-control"] == "public, max-age=60"
    assert told.headers["vary"] == "Origin"
    assert told.json() == {
        "name": "Shop",
        "greeting": {"zh": TEXTS["zh"].greeting, "en": "Hi there!"},
        "suggestions": {
            "zh": ["我的包裹在哪？"],
            "en": ["How long does delivery take?", "Can I return something?", "Where is my invoice?"],
        },
        "languages": ["zh", "en"],
        "consent_needed": True,
        "people_online": False,
        "opens_at": None,
    }


async def test_conversation_begins_as_its_site_says(client: httpx.AsyncClient, new_key) -> None:
    made = (await client.post("/v1/sites", json=SHOP, headers=await new_key(Scope.ADMIN))).json()

    english = (await start(client, site=made["key"], language="en")).json()
    chinese = (await start(client, site=made["key"])).json()

    assert english["greeting"] == "Hi there!"
    assert (chinese["greeting"], chinese["suggestions"]) == (TEXTS["zh"].greeting, ["我的包裹在哪？"])


async def test_name_that_nobody_gave_is_not_shown_to_customers(client: httpx.AsyncClient, new_key) -> None:
    assert (await client.get("/v1/sites/default/widget")).json()["name"] == ""

    await client.patch("/v1/sites/default", json={"name": "Lumo"}, headers=await new_key(Scope.ADMIN))
    assert (await client.get("/v1/sites/default/widget")).json()["name"] == "Lumo"


async def test_unknown_site_has_no_widget(client: httpx.AsyncClient) -> None:
    missing = await client.get("/v1/sites/nowhere/widget")

    assert missing.status_code == 404
    assert "'nowhere'" in missing.json()["detail"]


async def test_site_that_was_used_and_the_default_one_stay(client: httpx.AsyncClient, new_key) -> None:
    admin = await new_key(Scope.ADMIN)
    key = (await client.post("/v1/sites", json=SHOP, headers=admin)).json()["key"]
    await talk_of(client, site=key)

    for name in (key, "default"):
        refused = await client.delete(f"/v1/sites/{name}", headers=admin)
        assert (refused.status_code, refused.json()["type"]) == (409, "urn:kefu:problem:conflict")


async def test_changes_of_a_site_at_once_are_all_kept(client: httpx.AsyncClient, new_key) -> None:
    admin = await new_key(Scope.ADMIN)
    changes = [{"name": "Store"}, {"consent_needed": True}, {"origins": ["https://shop.example"]}]

    await asyncio.gather(*(client.patch("/v1/sites/default", json=each, headers=admin) for each in changes))

    shown = (await client.get("/v1/sites/default", headers=admin)).json()
    assert (shown["name"], shown["consent_needed"], shown["origins"]) == (
        "Store",
        True,
        ["https://shop.example"],
    )


def test_commands_look_after_sites(run_kefu: RunKefu, settings: Settings) -> None:
    here = {"KEFU_DATA_DIR": settings.data_dir}
    options = (
        "--origin",
        "https://shop.example",
        "--greeting",
        "en=Hi = hello",
        "--suggestion",
        "zh=退货？",
        "--consent",
    )
    made = run_kefu("sites", "create", "--name", "Shop", *options, "--json", **here).json
    key = made["key"]

    assert made["greeting"] == {"en": "Hi = hello"}
    assert made["identity_secret"].startswith("kis_")
    shown = run_kefu("sites", "show", key, **here).out
    assert "pages that may call: https://shop.example" in shown
    assert "suggestions zh: 退货？" in shown
    assert made["identity_secret"] not in shown
    changed = run_kefu(
        "sites", "set", key, "--any-origin", "--no-consent", "--name", "Store", "--json", **here
    )
    assert (changed.json["origins"], changed.json["consent_needed"], changed.json["name"]) == (
        [],
        False,
        "Store",
    )
    assert changed.json["greeting"] == {"en": "Hi = hello"}
    renewed = run_kefu("sites", "secret", key, "--json", **here).json["identity_secret"]
    assert renewed != made["identity_secret"]
    assert [site["key"] for site in run_kefu("sites", "list", "--json", **here).json["items"]] == [
        key,
        "default",
    ]
    assert run_kefu("sites", "delete", key, **here).status == 0
    assert run_kefu("sites", "show", key, **here).status == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("create", "--name", "Shop", "--origin", "shop.example"), "not an exact origin"),
        (("create", "--name", "Shop", "--greeting", "Hello"), "names no language"),
        (("set", "default", "--language", "zh"), "zh is not served"),
        (("set", "default", "--any-origin", "--origin", "https://a.example"), "contradict"),
        (("delete", "nowhere"), "no site 'nowhere'"),
    ],
)
def test_wrong_options_end_with_status_2(
    run_kefu: RunKefu, settings: Settings, arguments: tuple[str, ...], said: str
) -> None:
    ended = run_kefu("sites", *arguments, KEFU_DATA_DIR=settings.data_dir, KEFU_LANGUAGES="en")

    assert ended.status == 2
    assert said in ended.err
