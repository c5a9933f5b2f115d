"""Lets the shadow decide on what customers wrote, after they have their reply.

A bounded queue in each process; when it is full, messages are passed over and counted. Nothing is begun while a customer's
message waits for the encoder, and the shadow's one thread is of low priority. What was decided is written together.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

import structlog
from prometheus_client import Counter, Gauge
from sqlalchemy import Connection, insert, select

from bot.answering.companions import Companions
from bot.answering.replying import reply_to
from bot.answering.retrievals import Retrievals
from bot.answering.serving import ReleaseFollower, Serving
from bot.answering.understanding import Understood
from bot.db.base import JsonObject, now
from bot.db.comparison_tables import ShadowDecision
from bot.db.conversation_tables import Exchange
from bot.db.engine import Database
from bot.knowledge.folding import folded_hash
from bot.shadowing.comparing import difference, imagined, spoken
from retrieval.candidates import Retrieved
from retrieval.several import SEVERAL_QUESTIONS

MOST_WAITING = 256
WRITTEN_TOGETHER = 32
NICENESS = 10

log = structlog.get_logger(__name__)
waiting_exchanges = Gauge("kefu_shadow_waiting", "Exchanges that wait for the shadow to decide on them")
dropped_exchanges = Counter(
    "kefu_shadow_dropped", "Exchanges that the shadow did not get to, its queue being full"
)
failed_exchanges = Counter(
    "kefu_shadow_failed", "Exchanges on which the shadow's decision failed or was not kept"
)
decided_exchanges = Counter("kefu_shadow_decided", "Exchanges that the shadow decided on", ["kind"])


@dataclass(frozen=True)
class _Waiting:
    understood: Understood
    row: JsonObject
    """The exchange as it was stored."""


class Shadows:
    def __init__(self, database: Database, follower: ReleaseFollower, companions: Companions) -> None:
        self._database = database
        self._follower = follower
        self._companions = companions
        self._retrievals = Retrievals(1, niceness=NICENESS)
        self._waiting: asyncio.Queue[_Waiting] = asyncio.Queue(MOST_WAITING)

    async def offer(self, understood: Understood, row: JsonObject) -> None:
        """Call when the reply is sent. Takes no time: what there is no room for is passed over."""
        if self._companions.shadow is None or understood.retrieved is None or understood.wants_person:
            return
        if row["rule"] == SEVERAL_QUESTIONS:  # the shadow is asked the message as a whole
            return
        try:
            self._waiting.put_nowait(_Waiting(understood, row))
            waiting_exchanges.set(self._waiting.qsize())
        except asyncio.QueueFull:
            dropped_exchanges.inc()

    async def run(self) -> None:
        """Decides and writes until cancelled."""
        decided: list[JsonObject] = []
        while True:
            waiting = await self._waiting.get()
            waiting_exchanges.set(self._waiting.qsize())
            decided += await self._decided(waiting)
            if decided and (self._waiting.empty() or len(decided) >= WRITTEN_TOGETHER):
                await self._keep(decided)
                decided = []

    def close(self) -> None:
        self._retrievals.close()

    async def _decided(self, waiting: _Waiting) -> list[JsonObject]:
        """No row when the shadow was switched off meanwhile, was itself what answered, or failed."""
        await self._follower.idle()
        shadow, understood = self._companions.shadow, waiting.understood
        if shadow is None or shadow.release_id == understood.serving.release_id:
            return []
        try:
            return [await self._decided_row(shadow, understood, waiting.row)]
        except Exception as error:
            failed_exchanges.inc()
            log.error("shadow_failed", error=repr(error))
            return []

    async def _keep(self, rows: Sequence[JsonObject]) -> None:
        try:
            await self._database.quick.write(lambda connection: _write(connection, rows))
        except Exception as error:
            failed_exchanges.inc(len(rows))
            log.error("shadow_not_kept", error=repr(error))

    async def _decided_row(self, shadow: Serving, understood: Understood, row: JsonObject) -> JsonObject:
        found = self._retrievals.submit(
            shadow.engine, understood.utterance, language=understood.language, turns=understood.turns
        )
        retrieved: Retrieved = await asyncio.wrap_future(found)
        seen = replace(understood, serving=shadow, retrieved=retrieved, questions=())
        reply = await self._database.quick.read(lambda connection: reply_to(connection, seen))
        was, would = spoken(row), imagined(reply)
        kind = difference(was, would)
        decided_exchanges.labels(kind).inc()
        return {
            "exchange_id": row["id"],
            "release_id": shadow.release_id,
            "folded": folded_hash(understood.utterance),
            "kind": kind,
            "spoken_answer_id": was.answer_id,
            "outcome": would.outcome,
            "answer_id": would.answer_id,
            "rule": reply.rule,
            "confidence": reply.confidence,
            "created_at": now(),
        }


def _write(connection: Connection, rows: Sequence[JsonObject]) -> None:
    """Leaves out exchanges that were erased meanwhile, and those that another worker's shadow decided on."""
    ids = [row["exchange_id"] for row in rows]
    there = set(connection.execute(select(Exchange.id).where(Exchange.id.in_(ids))).scalars())
    known = select(ShadowDecision.exchange_id, ShadowDecision.release_id)
    done = {tuple(row) for row in connection.execute(known.where(ShadowDecision.exchange_id.in_(ids)))}
    kept = [
        row
        for row in rows
        if row["exchange_id"] in there and (row["exchange_id"], row["release_id"]) not in done
    ]
    if kept:
        connection.execute(insert(ShadowDecision), kept)
