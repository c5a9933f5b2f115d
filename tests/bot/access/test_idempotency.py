"""A request that is sent twice happens once, also where two processes get it at the same moment."""

import asyncio
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import Connection, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.access.idempotency import IdempotentCall, StoredReply
from bot.access.principals import Scope, VisitorPrincipal
from bot.conversations.service import reachable
from bot.conversations.turns import Turn, take_turn
from bot.db.conversation_tables import Conversation, Exchange
from bot.db.engine import Database
from bot.errors import HandoffStateError
from bot.settings import Settings
from tests.fixtures.apps import started_app
from tests.fixtures.services import Talk

ROUNDS = 5


def call(database: Database, *, key: str = "k-1") -> IdempotentCall:
    return IdempotentCall(database, principal="key:one", key=key, request=b"the same")


async def refused_here(database: Database, way: str, *, key: str) -> StoredReply:
    refused = HandoffStateError("somebody else has it", state="person", held_by="key:one")

    def work(_: Connection) -> StoredReply:
        raise refused

    async def work_in_session(_: AsyncSession) -> StoredReply:
        raise refused

    repeated = call(database, key=key)
    return await (repeated.run(work_in_session) if way == "session" else repeated.run_quick(work))


@pytest.mark.parametrize("way", ["session", "quick"])
async def test_what_another_process_has_done_with_the_key_is_no_refusal(database: Database, way: str) -> None:
    """It is what stands in the way of doing it again."""
    done = await call(database).run_quick(lambda _: StoredReply(201, {"id": "one"}))

    assert await refused_here(database, way, key="k-1") == done
    with pytest.raises(HandoffStateError):
        await refused_here(database, way, key="another")


async def test_same_request_at_two_processes_is_done_once(
    client: httpx.AsyncClient, tiny_settings: Settings, new_key
) -> None:
    key = await new_key(Scope.WRITE)
    async with started_app(tiny_settings) as other:
        transport = httpx.ASGITransport(other, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://kefu.test") as elsewhere:
            for number in range(ROUNDS):
                body = {"text": f"Room {number}.", "questions": [f"Which room has the violet lamp {number}?"]}
                headers = key | {"Idempotency-Key": str(uuid4())}
                replies = await asyncio.gather(
                    *(each.post("/v1/answers", json=body, headers=headers) for each in (client, elsewhere))
                )

                assert [reply.status_code for reply in replies] == [201, 201], [r.text for r in replies]
                assert replies[0].json() == replies[1].json()


async def test_message_that_another_process_has_answered_is_answered_as_there(
    app: FastAPI, talk: Talk, database: Database
) -> None:
    """Ours is not kept, so it is not compared with another release either."""
    async with database.read() as session:
        conversation = (await session.execute(select(Conversation))).scalar_one()
    visitor = VisitorPrincipal(conversation.visitor_id or "", conversation.site_id)
    row = await database.quick.read(lambda c: reachable(c, talk.id, visitor))
    turn = Turn("Can I return something?", visitor, row, lambda row, _: {"id": row["id"]})

    first, again = [await take_turn(app.state.parts, call(database), turn) for _ in range(2)]

    assert again.reply == first.reply
    assert first.answered is not None
    assert again.answered is None
    async with database.read() as session:
        assert (await session.execute(select(Exchange.id))).scalars().all() == [first.reply.body["id"]]
