"""Tells webhooks what happened: at least once each, by whichever process comes first, until they have heard.

An attempt that fails is made again by the schedule that Standard Webhooks recommends, a tenth earlier or later, so that
receivers that were away are not met by all at once. A webhook that nothing has got through to for five days is disabled, and so
is one that says it is gone (410).
"""

import asyncio
import random
import time
from collections import Counter
from datetime import timedelta

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from bot.db.base import JsonObject, now
from bot.db.engine import Database
from bot.db.webhook_tables import DeliveryState
from bot.json_bytes import json_text
from bot.webhooks import repository
from bot.webhooks.repository import DueRow
from bot.webhooks.sending import Replied, Sender
from bot.webhooks.signing import signed_headers

LOOK_EVERY_S = 1.0
LOOK_AGAIN_S = 0.1
"""While there was something to begin: a backlog goes by more than a few attempts a second."""

AT_ONCE, AT_ONCE_EACH = 16, 4
CLAIMED_FOR = timedelta(minutes=1)
"""After so long an attempt that nobody has heard the end of is made again, by another process."""

WAITS = tuple(timedelta(seconds=s) for s in (5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400))
"""Between an attempt and the next one; after the tenth attempt a delivery has failed."""

JITTER = 0.1
DISABLED_AFTER = timedelta(days=5)
GONE = 410
log = structlog.get_logger(__name__)


class Deliveries:
    """The attempts of one process: some at a time, few of them to one webhook, so that a slow one keeps nobody waiting."""

    def __init__(self, database: Database, sender: Sender, *, chance: random.Random | None = None) -> None:
        self._database = database
        self._sender = sender
        self._chance = chance or random.Random()  # noqa: S311  # spreads attempts, hides nothing
        self._running: dict[asyncio.Task[None], DueRow] = {}

    async def run(self) -> None:
        try:
            while True:
                begun = 0
                try:
                    begun = await self.begin_due()
                except SQLAlchemyError as error:  # a busy or restarted database: looked at again
                    log.error("webhooks_not_looked_at", error=str(error))
                await asyncio.sleep(LOOK_AGAIN_S if begun else LOOK_EVERY_S)
        finally:
            for task in self._running:
                task.cancel()
            await self.settle()

    async def begin_due(self) -> int:
        """Starts the attempts whose time has come; returns how many."""
        counts = Counter(row.webhook_id for row in self._running.values())
        found = await self._database.quick.read(
            lambda c: repository.due(
                c,
                at=now(),
                busy=[webhook for webhook, count in counts.items() if count >= AT_ONCE_EACH],
                under_way=[row.id for row in self._running.values()],
                limit=AT_ONCE - len(self._running),
                limit_each=AT_ONCE_EACH,
            )
        )
        begun = 0
        for delivery in found:
            if counts[delivery.webhook_id] < AT_ONCE_EACH:
                counts[delivery.webhook_id] += 1
                begun += 1
                task = asyncio.create_task(self._attempt(delivery))
                self._running[task] = delivery
                task.add_done_callback(self._running.pop)
        return begun

    async def settle(self) -> None:
        """Waits for the attempts that are under way."""
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _attempt(self, delivery: DueRow) -> None:
        try:
            until = now() + CLAIMED_FOR
            if not await self._database.quick.write(lambda c: repository.claim(c, delivery, until=until)):
                return
            replied = await self._send(delivery)
            await self._database.quick.write(lambda c: self._note(c, delivery, replied))
        except SQLAlchemyError as error:  # made again once the claim has run out
            log.error("webhook_delivery_not_noted", delivery=delivery.id, error=str(error))

    async def _send(self, delivery: DueRow) -> Replied:
        happened = delivery.happened_at.isoformat()
        body = json_text({"type": delivery.type, "timestamp": happened, "data": delivery.payload}).encode()
        headers = signed_headers(
            delivery.secret, message_id=delivery.event_id, timestamp=int(time.time()), body=body
        )
        try:
            return await self._sender.post(delivery.url, body, headers)
        except Exception as error:  # else it would be made each minute, and nobody see why it fails
            log.error("webhook_not_sent", delivery=delivery.id, exc_info=error)
            return Replied(None, error=f"{type(error).__name__}: {error}"[:300])

    def _note(self, connection: Connection, delivery: DueRow, replied: Replied) -> None:
        moment = now()
        noted: JsonObject = {
            "last_status": replied.status,
            "last_error": replied.error,
            "last_response": replied.text or None,
        }
        if replied.heard:
            ended = {"state": DeliveryState.DELIVERED.value, "ended_at": moment}
            repository.update_delivery(connection, delivery.id, noted | ended)
            repository.note_heard(connection, delivery.webhook_id)
            return
        made = delivery.attempts + 1
        if made > len(WAITS) or replied.status == GONE:
            noted |= {"state": DeliveryState.FAILED.value, "ended_at": moment}
        else:
            noted["next_attempt_at"] = moment + WAITS[made - 1] * self._chance.uniform(1 - JITTER, 1 + JITTER)
        repository.update_delivery(connection, delivery.id, noted)
        since = repository.note_failure(connection, delivery.webhook_id, at=moment)
        if replied.status == GONE or (since is not None and moment - since >= DISABLED_AFTER):
            repository.disable(connection, delivery.webhook_id, at=moment)
            log.warning("webhook_disabled", webhook=delivery.webhook_id, failing_since=str(since))
