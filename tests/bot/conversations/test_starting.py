"""Starting a conversation once, whoever asks: its token is never stored, and never given to somebody else."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import func, select, update

from bot.access.idempotency import KEPT_FOR, forget_expired_keys
from bot.access.principals import Scope
from bot.access.tokens import token_hash
from bot.db.access_tables import IdempotencyKey, Visitor
from bot.db.base import now
from bot.db.conversation_tables import Conversation
from bot.db.engine import Database
from bot.db.tables import metadata
from bot.settings import Settings
from tests.fixtures.apps import started_app

PATH = "/v1/conversations"


async def start(client: httpx.AsyncClient, key: str, **headers: str) -> dict[str, object]:
    response = await client.post(PATH, json={}, headers={"Idempotency-Key": key} | headers)
    assert response.status_code == 201
    started: dict[str, object] = response.json()
    return started


async def everything_stored(database: Database) -> str:
    async with database.read() as session:
        rows = [
            str(tuple(row))
            for table in metadata.sorted_tables
            for row in await session.execute(select(table))
        ]
    return "\n".join(rows)


async def count(database: Database, table: type) -> int:
    async with database.read() as session:
        return (await session.execute(select(func.count()).select_from(table))).scalar_one()


def from_address(app: FastAPI, address: str) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app, client=(address, 1234))
    return httpx.AsyncClient(transport=transport, base_url="http://kefu.test")


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
async def test_number_that_json_has_not_is_422_in_the_metadata(
    client: httpx.AsyncClient, database: Database, number: str
) -> None:
    body = f'{{"metadata": {{"load": {number}}}}}'
    response = await client.post(PATH, content=body, headers={"Content-Type": "application/json"})

    assert response.status_code == 422
    assert response.json()["type"] == "urn:kefu:problem:invalid-input"
    assert "finite number" in response.json()["detail"]
    assert await count(database, Conversation) == 0


async def test_metadata_is_stored_as_it_was_sent(client: httpx.AsyncClient, database: Database) -> None:
    sent = {"page": "/cart", "items": 3, "total": 19.5, "whole": 2.0, "vip": True, "coupon": None}
    assert (await client.post(PATH, json={"metadata": sent})).status_code == 201

    async with database.read() as session:
        stored = (await session.execute(select(Conversation.details))).scalar_one()
    assert {name: (type(value), value) for name, value in stored.items()} == {
        name: (type(value), value) for name, value in sent.items()
    }


@pytest.mark.parametrize("key", ["{}", "start-{}", "{}/retry"])
async def test_anonymous_repetition_with_a_random_key_gets_the_same_reply(
    client: httpx.AsyncClient, database: Database, key: str
) -> None:
    key = key.format(uuid4())

    first, again = await start(client, key), await start(client, key)

    assert again == first
    assert await count(database, Conversation) == await count(database, Visitor) == 1
    headers = {"Authorization": f"Bearer {again['visitor_token']}"}
    talk = await client.get(f"{PATH}/{first['conversation_id']}/messages", headers=headers)
    assert talk.status_code == 200


@pytest.mark.parametrize(
    "key", ["1", "start", "00000000-0000-0000-0000-000000000000", "c232ab00-9414-11ec-b3c8-9f6bdeced846"]
)
async def test_stranger_who_guesses_an_anonymous_key_gets_a_conversation_of_their_own(
    client: httpx.AsyncClient, key: str
) -> None:
    ana, stranger = await start(client, key), await start(client, key)

    assert stranger["conversation_id"] != ana["conversation_id"]
    assert stranger["visitor_token"] != ana["visitor_token"]
    headers = {"Authorization": f"Bearer {stranger['visitor_token']}"}
    foreign = await client.get(f"{PATH}/{ana['conversation_id']}/messages", headers=headers)
    assert foreign.status_code == 404


async def test_anonymous_key_is_worth_nothing_at_another_address(app: FastAPI) -> None:
    key = str(uuid4())
    async with from_address(app, "192.0.2.1") as ana, from_address(app, "192.0.2.2") as stranger:
        assert (await start(ana, key))["visitor_token"] != (await start(stranger, key))["visitor_token"]


async def test_neither_token_nor_anonymous_key_is_in_the_database(
    client: httpx.AsyncClient, database: Database, new_key
) -> None:
    key = str(uuid4())
    anonymous = await start(client, key)
    visitor = {"Authorization": f"Bearer {anonymous['visitor_token']}"}
    further = await start(client, "k-1", **visitor)
    integrator = await start(client, "k-1", **await new_key(Scope.WRITE))

    stored = await everything_stored(database)

    assert await count(database, IdempotencyKey) == 3
    for started in (anonymous, further, integrator):
        assert str(started["conversation_id"]) in stored
        assert str(started["visitor_token"]) not in stored
        assert token_hash(str(started["visitor_token"])) in stored
    assert key not in stored


async def test_repetition_of_a_visitor_returns_their_conversation_with_their_token(
    client: httpx.AsyncClient, database: Database
) -> None:
    token = (await start(client, str(uuid4())))["visitor_token"]
    headers = {"Authorization": f"Bearer {token}"}

    first, again = await start(client, "k-1", **headers), await start(client, "k-1", **headers)

    assert again == first
    assert again["visitor_token"] == token
    assert await count(database, Visitor) == 1


async def test_repetition_of_an_integrator_returns_the_same_token_and_another_key_gets_none(
    client: httpx.AsyncClient, new_key
) -> None:
    shop, other = await new_key(Scope.WRITE), await new_key(Scope.WRITE)

    first, again = await start(client, "order-7", **shop), await start(client, "order-7", **shop)
    foreign = await start(client, "order-7", **other)

    assert again == first
    assert foreign["conversation_id"] != first["conversation_id"]
    assert foreign["visitor_token"] != first["visitor_token"]


async def test_conversations_of_one_integrator_have_tokens_of_their_own(
    client: httpx.AsyncClient, new_key
) -> None:
    shop = await new_key(Scope.WRITE)
    tokens = {(await start(client, key, **shop))["visitor_token"] for key in ("1", "2")}
    tokens |= {(await client.post(PATH, json={}, headers=shop)).json()["visitor_token"] for _ in range(2)}

    assert len(tokens) == 4


async def test_two_workers_that_get_a_request_at_once_open_one_conversation(
    app: FastAPI, tiny_settings: Settings, database: Database
) -> None:
    key = str(uuid4())
    async with (
        started_app(tiny_settings) as other_worker,
        from_address(app, "192.0.2.1") as here,
        from_address(other_worker, "192.0.2.1") as there,
    ):
        first, second = await asyncio.gather(start(here, key), start(there, key))

    assert first == second
    assert await count(database, Conversation) == 1


async def test_key_that_expired_and_is_not_cleaned_away_yet_still_gives_its_reply(
    client: httpx.AsyncClient, database: Database
) -> None:
    key = str(uuid4())
    first = await start(client, key)
    async with database.write() as session:
        values = {"created_at": now() - KEPT_FOR - timedelta(minutes=1)}
        await session.execute(update(IdempotencyKey).values(**values))

    assert await start(client, key) == first
    await forget_expired_keys(database)
    assert await start(client, key) != first


async def test_anonymous_key_of_another_body_is_refused(client: httpx.AsyncClient) -> None:
    key = str(uuid4())
    await start(client, key)

    other = await client.post(PATH, json={"language": "zh"}, headers={"Idempotency-Key": key})

    assert other.status_code == 422
    assert other.json()["type"] == "urn:kefu:problem:idempotency-key-reused"


async def test_metadata_without_what_no_database_takes_is_stored(
    client: httpx.AsyncClient, database: Database
) -> None:
    body = r'{"metadata": {"page": "half \ud83d", "a\u0000b": "c\u0000"}}'
    response = await client.post(PATH, content=body, headers={"Content-Type": "application/json"})

    assert response.status_code == 201
    async with database.read() as session:
        stored = (await session.execute(select(Conversation.details))).scalar_one()
    assert stored == {"page": "half \ufffd", "a\ufffdb": "c\ufffd"}
