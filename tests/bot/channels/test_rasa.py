"""Rasa's REST channel, as its clients use it."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import func, select

from bot.access.principals import Scope
from bot.channels.rasa_endpoints import replies_of
from bot.db.channel_tables import ChannelThread
from bot.db.conversation_tables import Conversation, Exchange
from bot.db.engine import Database
from bot.db.webhook_tables import WebhookEvent
from bot.settings import Settings
from tests.fixtures.apps import started_app

PATH = "/webhooks/rest/webhook"


@pytest.fixture
async def shop(new_key: Any) -> dict[str, str]:
    return await new_key(Scope.WRITE)  # type: ignore[no-any-return]


async def say(
    client: httpx.AsyncClient, key: dict[str, str], message: str, sender: str = "user-7", **headers: str
) -> httpx.Response:
    body = {"sender": sender, "message": message}
    return await client.post(PATH, json=body, headers=key | headers)


def served(app: FastAPI) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://kefu.test")


async def count(database: Database, table: type) -> int:
    async with database.read() as session:
        return (await session.execute(select(func.count()).select_from(table))).scalar_one()


async def test_reply_has_rasas_shape_and_each_sender_a_conversation(
    client: httpx.AsyncClient, database: Database, shop: dict[str, str]
) -> None:
    first = (await say(client, shop, "How long does delivery take?")).json()
    second = (await say(client, shop, "Can I return something?")).json()
    other = (await say(client, shop, "Can I return something?", sender="user-8")).json()

    assert [reply["text"] for reply in first] == ["Parcels arrive within two working days."]
    assert first[0]["recipient_id"] == "user-7"
    assert set(first[0]) == {"recipient_id", "text", "metadata"}
    assert first[0]["metadata"]["outcome"] == "answered"
    assert second[0]["metadata"]["conversation_id"] == first[0]["metadata"]["conversation_id"]
    assert other[0]["metadata"]["conversation_id"] != first[0]["metadata"]["conversation_id"]
    async with database.read() as session:
        channels = set((await session.execute(select(Conversation.channel))).scalars())
        stored = (await session.execute(select(ChannelThread.sender_hash))).scalars().all()
    assert channels == {"rasa"}
    assert "user-7" not in str(stored)


async def test_keys_do_not_share_their_senders(
    client: httpx.AsyncClient, shop: dict[str, str], new_key
) -> None:
    mine = (await say(client, shop, "thank you")).json()
    theirs = (await say(client, await new_key(Scope.WRITE), "thank you")).json()

    assert mine[0]["metadata"]["conversation_id"] != theirs[0]["metadata"]["conversation_id"]


async def test_key_may_be_a_parameter(client: httpx.AsyncClient, shop: dict[str, str]) -> None:
    token = shop["Authorization"].removeprefix("Bearer ")
    body = {"sender": "user-7", "message": "thank you"}

    assert (await client.post(f"{PATH}?token={token}", json=body)).status_code == 200
    assert (await client.post(f"{PATH}?token=kk_wrong", json=body)).status_code == 401
    assert (await client.post(PATH, json=body)).status_code == 401


async def test_reading_key_may_not_speak(client: httpx.AsyncClient, new_key) -> None:
    assert (await say(client, await new_key(Scope.READ), "hello")).status_code == 403


async def test_choices_are_buttons_whose_payload_gives_the_answer(
    client: httpx.AsyncClient, database: Database, shop: dict[str, str], knowledge: dict[str, str]
) -> None:
    await say(client, shop, "Can I return something?")
    async with database.write() as session:
        exchange = (await session.execute(select(Exchange))).scalar_one()
        exchange.choices = [{"answer_id": knowledge["invoice"], "question": "Where is my invoice?"}]

    chosen = (await say(client, shop, f"/choose {knowledge['invoice']}")).json()
    wrong = await say(client, shop, "/choose ans_none")

    assert chosen[0]["text"] == "Invoices are under My orders."
    assert wrong.status_code == 422


async def test_button_of_an_earlier_reply_asks_its_question(
    client: httpx.AsyncClient, database: Database, shop: dict[str, str], knowledge: dict[str, str]
) -> None:
    await say(client, shop, "Can I return something?")
    async with database.write() as session:
        exchange = (await session.execute(select(Exchange))).scalar_one()
        exchange.outcome = "clarified"
        exchange.choices = [{"answer_id": knowledge["invoice"], "question": "Where is my invoice?"}]
    await say(client, shop, "How long does delivery take?")

    late = await say(client, shop, f"/choose {knowledge['invoice']}")
    again = await say(client, shop, f"/choose {knowledge['invoice']}")

    assert [reply.json()[0]["text"] for reply in (late, again)] == ["Invoices are under My orders."] * 2
    assert (await say(client, shop, "/choose ans_none")).status_code == 422
    other = await say(client, shop, f"/choose {knowledge['invoice']}", sender="user-8")
    assert other.status_code == 422, "it was offered to somebody else"


def test_question_back_offers_buttons_and_silence_is_no_message() -> None:
    row = {
        "id": "exc_1", "conversation_id": "cnv_1", "outcome": "clarified", "reply": {"text": "Which one?"},
        "choices": [{"answer_id": "ans_1", "question": "Can I return something?"}],
        "notices": [],
    }  # fmt: skip

    assert replies_of(row, "user-7") == [
        {
            "recipient_id": "user-7",
            "text": "Which one?",
            "buttons": [{"title": "Can I return something?", "payload": "/choose ans_1"}],
            "metadata": {"conversation_id": "cnv_1", "exchange_id": "exc_1", "outcome": "clarified"},
        }
    ]
    silent = row | {"reply": {"text": ""}}
    assert replies_of(silent, "user-7") == []
    (notice,) = replies_of(silent | {"notices": ["Somebody is on their way."]}, "user-7")
    assert (notice["text"], "buttons" in notice) == ("Somebody is on their way.", False)


async def test_restart_begins_another_conversation(client: httpx.AsyncClient, shop: dict[str, str]) -> None:
    before = (await say(client, shop, "thank you")).json()

    assert (await say(client, shop, "/restart")).json() == []

    after = (await say(client, shop, "thank you")).json()
    assert after[0]["metadata"]["conversation_id"] != before[0]["metadata"]["conversation_id"]


async def test_first_messages_at_once_are_one_conversation(
    client: httpx.AsyncClient, database: Database, shop: dict[str, str]
) -> None:
    replies = await asyncio.gather(*(say(client, shop, "thank you") for _ in range(6)))

    assert {reply.status_code for reply in replies} == {200}
    assert len({reply.json()[0]["metadata"]["conversation_id"] for reply in replies}) == 1
    assert await count(database, Conversation) == 1
    assert await count(database, Exchange) == 6


async def test_first_messages_at_two_processes_at_once_are_one_conversation(
    client: httpx.AsyncClient, database: Database, tiny_settings: Settings, shop: dict[str, str]
) -> None:
    async with started_app(tiny_settings) as other, served(other) as second:
        replies = await asyncio.gather(
            *(say(each, shop, "thank you", sender) for sender in "abcd" for each in (client, second))
        )

    talks = [reply.json()[0]["metadata"]["conversation_id"] for reply in replies]
    assert talks[::2] == talks[1::2]
    assert await count(database, Conversation) == 4
    assert await count(database, Exchange) == 8


async def test_refused_first_message_leaves_nothing_behind(
    client: httpx.AsyncClient, database: Database, shop: dict[str, str]
) -> None:
    refused = await say(client, shop, "\u200b")

    assert refused.status_code == 422
    assert await count(database, Conversation) == 0
    assert await count(database, WebhookEvent) == 0
    assert (await say(client, shop, "thank you")).status_code == 200


async def test_first_message_that_nothing_can_answer_leaves_nothing_behind(
    database: Database, tiny_settings: Settings, new_key
) -> None:
    async with started_app(tiny_settings) as empty, served(empty) as client:
        refused = await say(client, await new_key(Scope.WRITE), "thank you")

    assert refused.status_code == 503
    assert await count(database, Conversation) == 0


async def test_repeated_key_answers_once(
    client: httpx.AsyncClient, database: Database, shop: dict[str, str]
) -> None:
    headers = shop | {"Idempotency-Key": str(uuid4())}

    first, again = [await say(client, headers, "thank you") for _ in range(2)]

    assert first.json() == again.json()
    assert await count(database, Exchange) == 1


@pytest.mark.parametrize(
    "body",
    [{}, {"sender": "a"}, {"message": "a"}, {"sender": "", "message": "a"}, {"sender": "a", "message": " "}],
)
async def test_senseless_message_is_422(
    client: httpx.AsyncClient, shop: dict[str, str], body: dict[str, str]
) -> None:
    assert (await client.post(PATH, json=body, headers=shop)).status_code == 422
