"""What happens is written down for webhooks where it happens, and looking after webhooks over HTTP and by command."""

import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import func, select

from bot.access.principals import Scope
from bot.db.access_tables import IdempotencyKey
from bot.db.base import now
from bot.db.engine import Database
from bot.db.webhook_tables import Webhook, WebhookDelivery, WebhookEvent
from bot.handoffs.waiting import attend_to_waiting
from bot.releases.service import promote
from bot.settings import HandoffSettings, Settings
from tests.bot.handoffs.desk import Desk, ask_for_person
from tests.fixtures.commands import RunKefu
from tests.fixtures.services import promoted_release, start_talk

URL = "https://receiver.invalid/hooks"
SAID = "Does the violet teapot whistle?"


@pytest.fixture
async def admin(new_key: Any) -> dict[str, str]:
    return await new_key(Scope.ADMIN)  # type: ignore[no-any-return]


async def add(client: httpx.AsyncClient, admin: dict[str, str], *events: str) -> dict[str, Any]:
    body = {"url": URL, "events": list(events)}
    made: dict[str, Any] = (
        (await client.post("/v1/webhooks", json=body, headers=admin)).raise_for_status().json()
    )
    return made


async def events(database: Database) -> list[tuple[str, dict[str, Any]]]:
    async with database.read() as session:
        rows = await session.execute(select(WebhookEvent).order_by(WebhookEvent.id))
        return [(event.type, event.payload) for event in rows.scalars()]


async def test_what_happens_in_a_conversation_is_told_without_its_words(
    client: httpx.AsyncClient, database: Database, admin: dict[str, str]
) -> None:
    await add(client, admin)
    talk = await start_talk(client)
    exchange = (await talk.say(SAID)).json()
    vote = {"rating": "down", "reason": "outdated", "comment": SAID}
    given = await client.post(f"/v1/exchanges/{exchange['id']}/feedback", json=vote, headers=talk.headers)
    asked = (
        await client.post(f"/v1/conversations/{talk.id}/handoff", json={"reason": SAID}, headers=talk.headers)
    ).json()
    thread = {"conversation_id": talk.id}

    found = await events(database)

    assert found == [
        ("conversation.started", thread | {"site": "default", "channel": "widget"}),
        (
            "feedback.given",
            thread
            | {
                "feedback_id": given.json()["id"],
                "exchange_id": exchange["id"],
                "rating": "down",
                "reason": "outdated",
            },
        ),
        ("handoff.requested", thread | {"handoff_id": asked["id"], "exchange_id": None}),
    ]
    assert SAID not in json.dumps(found)


async def test_handoff_that_is_asked_for_is_told_once(
    client: httpx.AsyncClient, database: Database, admin: dict[str, str]
) -> None:
    await add(client, admin, "handoff.requested")
    talk = await start_talk(client)
    exchange = (await talk.say("I want to talk to a human")).json()
    for _ in range(2):
        asked = (await client.post(f"/v1/conversations/{talk.id}/handoff", headers=talk.headers)).json()

    assert await events(database) == [
        (
            "handoff.requested",
            {"conversation_id": talk.id, "handoff_id": asked["id"], "exchange_id": exchange["id"]},
        )
    ]


async def test_handoff_that_nobody_came_for_is_missed_and_ends_once(
    client: httpx.AsyncClient, database: Database, admin: dict[str, str]
) -> None:
    talk, desk = await start_talk(client), Desk(client, admin)
    await add(client, admin, "handoff.taken", "handoff.missed", "handoff.ended")
    handoff = await ask_for_person(talk)

    await attend_to_waiting(database, HandoffSettings(), at=now() + timedelta(minutes=16))
    missed = await events(database)
    for step in ("take", "hand-back"):
        (await desk.step(step, handoff["id"])).raise_for_status()

    which = {"handoff_id": handoff["id"], "conversation_id": talk.id}
    assert missed == [("handoff.missed", which)]
    assert (await events(database))[1:] == [("handoff.taken", which), ("handoff.ended", which)]


async def test_promotion_is_told_once_with_what_spoke_before(
    client: httpx.AsyncClient,
    database: Database,
    tiny_settings: Settings,
    release: str,
    admin: dict[str, str],
) -> None:
    await add(client, admin, "release.promoted")
    other = await promoted_release(database, tiny_settings)  # behind the service's back
    for _ in range(2):
        async with database.write() as session:
            await promote(session, release, data_dir=tiny_settings.data_dir, promoted_by="test")

    assert await events(database) == [("release.promoted", {"release_id": release, "before": other})]


async def test_refused_request_tells_nothing(
    client: httpx.AsyncClient, database: Database, admin: dict[str, str]
) -> None:
    await add(client, admin)

    assert (await client.post("/v1/conversations", json={"site": "nowhere"})).status_code == 422
    assert await events(database) == []


async def test_repeated_request_tells_once(
    client: httpx.AsyncClient, database: Database, admin: dict[str, str]
) -> None:
    await add(client, admin)
    key = {"Idempotency-Key": str(uuid4())}
    for _ in range(2):
        await client.post("/v1/conversations", json={}, headers=key)

    assert len(await events(database)) == 1


async def test_deleted_conversation_takes_its_events_along(
    client: httpx.AsyncClient, database: Database, admin: dict[str, str]
) -> None:
    await add(client, admin)
    talk, kept = await start_talk(client), await start_talk(client)

    assert (await client.delete(f"/v1/conversations/{talk.id}", headers=talk.headers)).status_code == 204

    assert [payload["conversation_id"] for _, payload in await events(database)] == [kept.id]
    async with database.read() as session:
        assert await session.scalar(select(func.count()).select_from(WebhookDelivery)) == 1


async def test_webhook_is_listed_without_its_secret_and_deleted_with_its_log(
    client: httpx.AsyncClient, database: Database, admin: dict[str, str]
) -> None:
    made = await add(client, admin, "handoff.requested", "handoff.requested", "conversation.started")
    await start_talk(client)
    path = f"/v1/webhooks/{made['id']}"

    listed = (await client.get("/v1/webhooks", headers=admin)).json()["items"]
    told = (await client.get(f"{path}/deliveries", headers=admin)).json()["items"]
    again = (await client.post(f"/v1/webhooks/deliveries/{told[0]['id']}/replay", headers=admin)).json()

    assert listed == [{name: value for name, value in made.items() if name != "secret"}]
    assert made["events"] == ["handoff.requested", "conversation.started"]
    assert (told[0]["type"], told[0]["webhook_id"]) == ("conversation.started", made["id"])
    assert (again["event_id"], again["attempts"], again["state"]) == (told[0]["event_id"], 0, "pending")
    assert (await client.delete(path, headers=admin)).status_code == 204
    assert (await client.get(f"{path}/deliveries", headers=admin)).status_code == 404
    async with database.read() as session:
        for table in (Webhook, WebhookDelivery):
            assert await session.scalar(select(func.count()).select_from(table)) == 0


async def test_secret_of_a_repeated_request_is_the_same_and_in_no_stored_reply(
    client: httpx.AsyncClient, database: Database, admin: dict[str, str]
) -> None:
    headers = admin | {"Idempotency-Key": str(uuid4())}

    first, again = [await client.post("/v1/webhooks", json={"url": URL}, headers=headers) for _ in range(2)]

    assert first.json() == again.json()
    assert first.json()["secret"].startswith("whsec_")
    async with database.read() as session:
        stored = (await session.execute(select(IdempotencyKey.response))).scalars().all()
    assert first.json()["secret"] not in str(stored)


@pytest.mark.parametrize(
    "body",
    [{}, {"url": "http://receiver.invalid/"}, {"url": "https://10.0.0.1/"}, {"url": URL, "events": ["no"]}],
)
async def test_senseless_webhook_is_422(
    client: httpx.AsyncClient, admin: dict[str, str], body: dict[str, object]
) -> None:
    assert (await client.post("/v1/webhooks", json=body, headers=admin)).status_code == 422


def test_commands_look_after_webhooks(run_kefu: RunKefu, settings: Settings) -> None:
    here = {"KEFU_DATA_DIR": settings.data_dir}
    made = run_kefu("webhooks", "create", URL, "--event", "release.promoted", "--json", **here).json

    assert made["secret"].startswith("whsec_")
    shown = run_kefu("webhooks", "list", **here).out
    assert made["id"] in shown
    assert made["secret"] not in shown
    assert run_kefu("webhooks", "deliveries", made["id"], "--json", **here).json["items"] == []
    assert run_kefu("webhooks", "enable", made["id"], **here).status == 0
    missing = run_kefu("webhooks", "replay", "dlv_none", **here)
    assert (missing.status, "no delivery 'dlv_none'" in missing.err) == (2, True)
    assert run_kefu("webhooks", "delete", made["id"], **here).status == 0
    assert run_kefu("webhooks", "delete", made["id"], **here).status == 2
    inner = run_kefu("webhooks", "create", "http://crm.internal/", **here)
    assert (inner.status, "KEFU_WEBHOOKS__ALLOWED_HOSTS" in inner.err) == (2, True)
    allowed = here | {"KEFU_WEBHOOKS__ALLOWED_HOSTS": "crm.internal"}
    assert run_kefu("webhooks", "create", "http://crm.internal/", **allowed).status == 0
