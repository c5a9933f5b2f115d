"""Telling webhooks: at least once, by one process at a time, again and again until they have heard."""

import asyncio
import base64
import hashlib
import hmac
import json
import random
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from bot.db.base import now
from bot.db.engine import Database
from bot.db.webhook_tables import DeliveryState, EventType, Webhook, WebhookDelivery, WebhookEvent
from bot.webhooks import delivering
from bot.webhooks.delivering import AT_ONCE, AT_ONCE_EACH, CLAIMED_FOR, DISABLED_AFTER, WAITS, Deliveries
from bot.webhooks.outbox import record
from bot.webhooks.schemas import WebhookIn
from bot.webhooks.sending import Replied
from bot.webhooks.service import KEPT_FOR, create_webhook, enable_webhook, forget_old_events, replay
from bot.webhooks.signing import signed_headers
from tests.bot.webhooks.receivers import ScriptedSender

NO, YES = Replied(503, "busy"), Replied(204)


async def add_webhook(database: Database, *events: EventType) -> str:
    async with database.write() as session:
        wish = WebhookIn(url="https://example.com/hooks", events=list(events))
        return (await create_webhook(session, wish, allowed_hosts=(), created_by="test")).id


async def happen(database: Database, count: int = 1, event: EventType = EventType.RELEASE_PROMOTED) -> None:
    def work(connection: Any) -> None:
        for number in range(count):
            record(connection, event, {"release_id": f"rel_{number}"})

    await database.quick.write(work)


async def deliveries(database: Database) -> list[WebhookDelivery]:
    async with database.read() as session:
        rows = await session.execute(select(WebhookDelivery).order_by(WebhookDelivery.id))
        return list(rows.scalars())


async def webhook(database: Database) -> Webhook:
    async with database.read() as session:
        return (await session.execute(select(Webhook))).scalar_one()


async def make_due(database: Database) -> None:
    async with database.write() as session:
        await session.execute(update(WebhookDelivery).values(next_attempt_at=now() - timedelta(seconds=1)))


async def attempt(database: Database, sender: ScriptedSender) -> int:
    trying = Deliveries(database, sender, chance=random.Random(0))  # type: ignore[arg-type]
    begun = await trying.begin_due()
    await trying.settle()
    return begun


def test_signature_is_that_of_the_specification() -> None:
    """The example of the reference implementations' tests."""
    headers = signed_headers(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        message_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        timestamp=1614265330,
        body=b'{"test": 2432232314}',
    )

    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


async def test_message_tells_what_happened_and_is_signed_with_the_secret(database: Database) -> None:
    await add_webhook(database)
    await happen(database)
    sender = ScriptedSender()

    assert await attempt(database, sender) == 1

    (post,), (row,) = sender.posts, await deliveries(database)
    body = json.loads(post.body)
    assert post.url == "https://example.com/hooks"
    assert (body["type"], body["data"]) == ("release.promoted", {"release_id": "rel_0"})
    assert set(body) == {"type", "timestamp", "data"}
    key = base64.b64decode((await webhook(database)).secret.removeprefix("whsec_"))
    signed = f"{post.headers['webhook-id']}.{post.headers['webhook-timestamp']}.".encode() + post.body
    wanted = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    assert post.headers["webhook-signature"] == f"v1,{wanted}"
    assert post.headers["webhook-id"] == row.event_id
    assert (row.state, row.attempts, row.last_status) == (DeliveryState.DELIVERED, 1, 204)
    assert await attempt(database, sender) == 0


async def test_webhook_hears_only_of_what_it_wants(database: Database) -> None:
    await add_webhook(database, EventType.FEEDBACK_GIVEN)
    await happen(database, event=EventType.RELEASE_PROMOTED)
    assert await deliveries(database) == []

    await happen(database, event=EventType.FEEDBACK_GIVEN)
    assert len(await deliveries(database)) == 1


async def test_nothing_is_told_of_what_was_undone(database: Database) -> None:
    await add_webhook(database)

    def undone(connection: Any) -> None:
        record(connection, EventType.RELEASE_PROMOTED, {})
        raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011
        await database.quick.write(undone)

    assert await deliveries(database) == []


async def test_processes_at_once_make_one_attempt_each(database: Database) -> None:
    await add_webhook(database)
    await happen(database, 3)
    sender = ScriptedSender()

    await asyncio.gather(*(attempt(database, sender) for _ in range(4)))

    assert len(sender.posts) == 3
    assert [row.attempts for row in await deliveries(database)] == [1, 1, 1]


async def test_attempts_follow_the_schedule_until_the_last(database: Database) -> None:
    await add_webhook(database)
    await happen(database)
    sender = ScriptedSender([NO])

    waits = []
    for made in range(1, len(WAITS) + 1):
        await attempt(database, sender)
        (row,) = await deliveries(database)
        assert (row.state, row.attempts, row.last_status, row.last_response) == ("pending", made, 503, "busy")
        waits.append(row.next_attempt_at - now())
        assert await attempt(database, sender) == 0, "not before its time"
        await make_due(database)
    for wait, wanted in zip(waits, WAITS, strict=True):
        assert wanted * 0.9 - timedelta(seconds=30) < wait <= wanted * 1.1

    await attempt(database, sender)

    (row,) = await deliveries(database)
    assert (row.state, row.attempts) == (DeliveryState.FAILED, len(WAITS) + 1)
    assert len({post.headers["webhook-id"] for post in sender.posts}) == 1


async def test_receiver_that_comes_back_is_told(database: Database) -> None:
    await add_webhook(database)
    await happen(database)
    sender = ScriptedSender([NO, Replied(None, error="no reply within 15 s"), YES])

    for _ in range(3):
        await attempt(database, sender)
        failing = (await webhook(database)).failing_since
        await make_due(database)

    (row,) = await deliveries(database)
    assert (row.state, row.attempts, row.last_error, failing) == (DeliveryState.DELIVERED, 3, None, None)


async def test_attempt_of_a_process_that_was_killed_is_made_again(database: Database) -> None:
    await add_webhook(database)
    await happen(database)
    never = ScriptedSender(wait=asyncio.Event())
    running = asyncio.create_task(Deliveries(database, never).run())  # type: ignore[arg-type]
    await asyncio.wait_for(never.reached.wait(), 10)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    (row,) = await deliveries(database)
    assert row.state == DeliveryState.PENDING
    assert timedelta() < row.next_attempt_at - now() <= CLAIMED_FOR

    await make_due(database)
    await attempt(database, ScriptedSender())

    (row,) = await deliveries(database)
    assert (row.state, row.attempts) == (DeliveryState.DELIVERED, 2)


async def test_error_that_nobody_thought_of_is_a_failed_attempt(database: Database) -> None:
    class Broken(ScriptedSender):
        async def post(self, url: str, body: bytes, headers: dict[str, str]) -> Replied:
            raise UnicodeError("label empty or too long")

    await add_webhook(database)
    await happen(database)

    await attempt(database, Broken())

    (row,) = await deliveries(database)
    assert (row.state, row.last_error) == ("pending", "UnicodeError: label empty or too long")
    assert (await webhook(database)).failing_since is not None


async def test_webhook_that_fails_for_days_is_disabled_and_can_be_enabled_again(database: Database) -> None:
    id = await add_webhook(database)
    await happen(database)
    sender = ScriptedSender([NO])
    await attempt(database, sender)
    assert (await webhook(database)).disabled_at is None
    async with database.write() as session:
        await session.execute(update(Webhook).values(failing_since=now() - DISABLED_AFTER))
    await make_due(database)

    await attempt(database, sender)

    assert (await webhook(database)).disabled_at is not None
    await happen(database)
    assert len(await deliveries(database)) == 1, "nothing new is kept for it"
    await make_due(database)
    assert await attempt(database, sender) == 0

    async with database.write() as session:
        await enable_webhook(session, id, enabled_by="test")
    sender.replies = [YES]
    assert await attempt(database, sender) == 1
    assert (await deliveries(database))[0].state == DeliveryState.DELIVERED


async def test_webhook_that_is_gone_is_disabled_at_once(database: Database) -> None:
    await add_webhook(database)
    await happen(database)

    await attempt(database, ScriptedSender([Replied(410)]))

    (row,) = await deliveries(database)
    assert row.state == DeliveryState.FAILED
    assert (await webhook(database)).disabled_at is not None


async def test_slow_webhook_does_not_keep_another_waiting(database: Database) -> None:
    slow = await add_webhook(database, EventType.RELEASE_PROMOTED)
    await happen(database, 40)
    waiting = ScriptedSender(wait=asyncio.Event())
    trying = Deliveries(database, waiting)  # type: ignore[arg-type]
    assert await trying.begin_due() == AT_ONCE_EACH
    other = await add_webhook(database, EventType.FEEDBACK_GIVEN)
    await happen(database, event=EventType.FEEDBACK_GIVEN)

    assert await trying.begin_due() == 1

    assert waiting.wait is not None
    waiting.wait.set()
    await trying.settle()
    done = [row.webhook_id for row in await deliveries(database) if row.state == DeliveryState.DELIVERED]
    assert sorted(done) == sorted([slow] * AT_ONCE_EACH + [other])


async def test_backlog_of_one_webhook_does_not_hide_what_others_are_to_hear(database: Database) -> None:
    crowded = await add_webhook(database, EventType.RELEASE_PROMOTED)
    await happen(database, AT_ONCE * 2)
    other = await add_webhook(database, EventType.FEEDBACK_GIVEN)
    await happen(database, event=EventType.FEEDBACK_GIVEN)

    assert await attempt(database, ScriptedSender()) == AT_ONCE_EACH + 1

    done = [row.webhook_id for row in await deliveries(database) if row.state == DeliveryState.DELIVERED]
    assert sorted(done) == sorted([crowded] * AT_ONCE_EACH + [other])


async def test_backlogs_of_many_webhooks_leave_each_one_a_turn(database: Database) -> None:
    for _ in range(AT_ONCE // AT_ONCE_EACH):
        await add_webhook(database, EventType.RELEASE_PROMOTED)
    await happen(database, AT_ONCE_EACH)
    other = await add_webhook(database, EventType.FEEDBACK_GIVEN)
    await happen(database, event=EventType.FEEDBACK_GIVEN)

    assert await attempt(database, ScriptedSender()) == AT_ONCE

    done = [row.webhook_id for row in await deliveries(database) if row.state == DeliveryState.DELIVERED]
    assert other in done


async def test_backlog_is_told_without_a_pause_after_each_few(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivering, "LOOK_EVERY_S", 3600.0)
    await add_webhook(database)
    await happen(database, AT_ONCE_EACH * 3)
    sender = ScriptedSender(enough=AT_ONCE_EACH * 3)
    running = asyncio.create_task(Deliveries(database, sender).run())  # type: ignore[arg-type]

    await asyncio.wait_for(sender.reached.wait(), 20)

    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


async def test_replay_tells_the_same_event_by_a_delivery_of_its_own(database: Database) -> None:
    await add_webhook(database)
    await happen(database)
    sender = ScriptedSender()
    await attempt(database, sender)
    (first,) = await deliveries(database)

    async with database.write() as session:
        again = await replay(session, first.id, replayed_by="test")
    await attempt(database, sender)

    rows = await deliveries(database)
    assert [(row.id, row.state) for row in rows] == [(first.id, "delivered"), (again.id, "delivered")]
    assert sender.posts[0].headers["webhook-id"] == sender.posts[1].headers["webhook-id"]
    assert sender.posts[0].body == sender.posts[1].body


async def test_old_events_are_forgotten_with_their_deliveries(database: Database) -> None:
    await add_webhook(database)
    await happen(database, 2)
    async with database.write() as session:
        oldest = (
            await session.execute(select(WebhookEvent.id).order_by(WebhookEvent.id).limit(1))
        ).scalar_one()
        long_ago = now() - KEPT_FOR - timedelta(minutes=1)
        await session.execute(
            update(WebhookEvent).where(WebhookEvent.id == oldest).values(created_at=long_ago)
        )

    await forget_old_events(database)

    assert [row.event_id == oldest for row in await deliveries(database)] == [False]
