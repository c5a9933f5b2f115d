"""Webhooks in the console: the secret is shown once, the log is read, told again, and who may do what."""

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select, update

from bot.access.principals import Role
from bot.db.access_tables import AuditEntry
from bot.db.base import new_id, now
from bot.db.engine import Database
from bot.db.webhook_tables import DeliveryState, EventType, Webhook, WebhookDelivery, WebhookEvent
from tests.bot.console.test_settings import secret_in
from tests.fixtures.operators import Desk, OpenDesk

PATH = "/settings/webhooks"
URL = "https://hooks.example/kefu?<b>"


@pytest.fixture
def app(empty_app: FastAPI) -> FastAPI:
    return empty_app


@pytest.fixture
def stored(app: FastAPI) -> Database:
    database: Database = app.state.parts.database
    return database


async def make(desk: Desk, **fields: str) -> httpx.Response:
    return await desk.post(PATH, {"url": URL} | fields)


async def only_webhook(stored: Database) -> Webhook:
    async with stored.read() as session:
        return (await session.execute(select(Webhook))).scalars().one()


async def actions(stored: Database) -> list[tuple[str, str]]:
    async with stored.read() as session:
        rows = (await session.execute(select(AuditEntry).order_by(AuditEntry.id))).scalars()
        return [
            (row.action, row.target) for row in rows if "webhook" in row.action or "delivery" in row.action
        ]


async def tell(stored: Database, webhook_id: str, **fields: object) -> str:
    """A delivery, as the log has it."""
    told = {"state": DeliveryState.FAILED, "attempts": 10, "last_status": 500, "last_response": "<b>down</b>"}
    event_id, delivery_id = new_id("evt"), new_id("dlv")
    async with stored.write() as session:
        session.add(WebhookEvent(id=event_id, type=EventType.FEEDBACK_GIVEN, payload={}))
        await session.flush()
        session.add(
            WebhookDelivery(id=delivery_id, webhook_id=webhook_id, event_id=event_id, **told | fields)
        )
    return delivery_id


async def test_webhook_is_made_with_a_secret_that_is_shown_once(
    open_desk: OpenDesk, stored: Database
) -> None:
    desk = await open_desk(Role.ADMIN)

    made = await make(desk, events="handoff.requested")

    webhook = await only_webhook(stored)
    assert secret_in(made) == webhook.secret
    assert (webhook.url, webhook.events) == (URL, ["handoff.requested"])
    assert webhook.created_by == f"operator:{desk.operator_id}"
    for path in (PATH, f"{PATH}/{webhook.id}"):
        page = (await desk.get(path)).text
        assert "https://hooks.example/kefu?&lt;b&gt;" in page
        assert webhook.secret not in page
    assert await actions(stored) == [("create_webhook", webhook.id)]


async def test_no_event_ticked_means_all_of_them(open_desk: OpenDesk, stored: Database) -> None:
    await make(await open_desk(Role.ADMIN))

    assert (await only_webhook(stored)).events == []


@pytest.mark.parametrize(
    "wrong", [{"url": "http://hooks.example/"}, {"url": "https://127.0.0.1/"}, {"url": ""}, {"events": "x"}]
)
async def test_wrong_webhook_is_refused_and_none_is_made(
    open_desk: OpenDesk, stored: Database, wrong: dict[str, str]
) -> None:
    assert (await make(await open_desk(Role.ADMIN), **wrong)).status_code == 422
    async with stored.read() as session:
        assert (await session.execute(select(Webhook))).first() is None


async def test_webhook_is_disabled_and_enabled_again(open_desk: OpenDesk, stored: Database) -> None:
    desk = await open_desk(Role.ADMIN)
    await make(desk)
    webhook = await only_webhook(stored)
    path = f"{PATH}/{webhook.id}"

    await desk.post(f"{path}/disable")
    first = (await only_webhook(stored)).disabled_at
    assert first is not None
    await desk.post(f"{path}/disable")
    assert (await only_webhook(stored)).disabled_at == first
    assert f'action="/console{path}/enable"' in (await desk.get(path)).text

    await desk.post(f"{path}/enable")

    assert (await only_webhook(stored)).disabled_at is None
    assert await actions(stored) == [
        (f"{action}_webhook", webhook.id) for action in ("create", "disable", "enable")
    ]


async def test_log_shows_what_came_back_and_a_delivery_is_told_again(
    open_desk: OpenDesk, stored: Database
) -> None:
    desk = await open_desk(Role.ADMIN)
    await make(desk)
    webhook = await only_webhook(stored)
    failed = await tell(stored, webhook.id)
    await tell(stored, webhook.id, state=DeliveryState.DELIVERED, last_status=204, last_response=None)

    page = (await desk.get(f"{PATH}/{webhook.id}?state=failed")).text
    assert "&lt;b&gt;down&lt;/b&gt;" in page
    assert "<strong>500</strong>" in page
    assert "<strong>204</strong>" not in page
    sent = await desk.post(f"{PATH}/deliveries/{failed}/replay")

    assert sent.headers["location"] == f"/console{PATH}/{webhook.id}"
    async with stored.read() as session:
        rows = (await session.execute(select(WebhookDelivery).order_by(WebhookDelivery.id))).scalars().all()
    again = rows[-1]
    assert (again.event_id, again.state, again.attempts) == (rows[0].event_id, "pending", 0)
    assert await actions(stored) == [("create_webhook", webhook.id), ("replay_delivery", again.id)]


async def test_log_is_paged_and_failing_ones_are_marked(open_desk: OpenDesk, stored: Database) -> None:
    desk = await open_desk(Role.ADMIN)
    await make(desk)
    webhook = await only_webhook(stored)
    for _ in range(26):
        await tell(stored, webhook.id)
    async with stored.write() as session:
        await session.execute(update(Webhook).values(failing_since=now()))

    page = (await desk.get(f"{PATH}/{webhook.id}")).text

    assert page.count("Tell it again</button>") == 25
    following = page.split('rel="next" href="')[1].split('"')[0]
    assert (await desk.get(f"{PATH}/{webhook.id}{following}")).text.count("Tell it again</button>") == 1
    assert "nothing gets through since" in (await desk.get(PATH)).text


async def test_supervisor_reads_and_changes_nothing(open_desk: OpenDesk, stored: Database) -> None:
    await make(await open_desk(Role.ADMIN))
    webhook = await only_webhook(stored)
    delivery = await tell(stored, webhook.id)
    supervisor, operator = await open_desk(Role.SUPERVISOR), await open_desk(Role.OPERATOR)

    for path in (PATH, f"{PATH}/{webhook.id}"):
        assert "<button" not in (await supervisor.get(path)).text.split("<main")[1]
        assert (await operator.get(path)).status_code == 403
    for path in (PATH, f"{PATH}/{webhook.id}/disable", f"{PATH}/deliveries/{delivery}/replay"):
        assert (await supervisor.post(path, {"url": URL})).status_code == 403
    assert (await only_webhook(stored)).disabled_at is None


async def test_missing_webhook_is_not_found(open_desk: OpenDesk) -> None:
    desk = await open_desk(Role.ADMIN)

    assert (await desk.get(f"{PATH}/whk_gone")).status_code == 404
    assert (await desk.post(f"{PATH}/deliveries/dlv_gone/replay")).status_code == 404
