"""/v1/exchanges/{id}/feedback and /v1/feedback through HTTP, on both databases."""

from uuid import uuid4

import httpx
import pytest
from sqlalchemy import select

from bot.access.address_blocks import AddressBlocks
from bot.access.principals import Scope
from bot.db.conversation_tables import Feedback
from bot.db.engine import Database
from bot.settings import Settings
from tests.fixtures.services import Talk, start_talk


@pytest.fixture
async def path(talk: Talk) -> str:
    exchange = (await talk.say("Can I return something?")).json()
    return f"/v1/exchanges/{exchange['id']}/feedback"


@pytest.fixture
async def reader(new_key) -> dict[str, str]:
    return await new_key(Scope.READ)


async def listed(
    client: httpx.AsyncClient, reader: dict[str, str], query: str = ""
) -> list[tuple[str, bool]]:
    items = (await client.get(f"/v1/feedback{query}", headers=reader)).json()["items"]
    return [(vote["rating"], vote["counts"]) for vote in items]


async def test_newest_vote_of_a_person_counts_and_the_older_one_stays(
    talk: Talk, path: str, reader: dict[str, str]
) -> None:
    for rating in ("down", "up"):
        await talk.client.post(path, json={"rating": rating}, headers=talk.headers)

    assert await listed(talk.client, reader) == [("down", False), ("up", True)]


async def test_withdrawn_vote_stays_and_counts_no_more_nor_does_an_older_one(
    talk: Talk, path: str, reader: dict[str, str]
) -> None:
    for rating in ("down", "up"):
        await talk.client.post(path, json={"rating": rating}, headers=talk.headers)

    withdrawn = await talk.client.delete(path, headers=talk.headers)
    again = await talk.client.delete(path, headers=talk.headers)

    assert (withdrawn.status_code, withdrawn.content) == (204, b"")
    assert again.status_code == 404
    assert await listed(talk.client, reader) == [("down", False), ("up", False)]
    items = (await talk.client.get("/v1/feedback", headers=reader)).json()["items"]
    assert all(vote["withdrawn_at"] is not None for vote in items)

    await talk.client.post(path, json={"rating": "down"}, headers=talk.headers)
    assert (await listed(talk.client, reader))[2:] == [("down", True)]


async def test_two_people_have_a_vote_each_and_withdraw_their_own(
    talk: Talk, path: str, new_key, reader: dict[str, str]
) -> None:
    writer = await new_key(Scope.WRITE)
    await talk.client.post(path, json={"rating": "down"}, headers=talk.headers)
    await talk.client.post(path, json={"rating": "up"}, headers=writer)

    await talk.client.delete(path, headers=writer)

    assert await listed(talk.client, reader) == [("down", True), ("up", False)]
    assert await listed(talk.client, reader, "?rating=down") == [("down", True)]
    assert await listed(talk.client, reader, "?exchange_id=exc_other") == []


async def test_withdrawing_is_refused_where_there_is_nothing_of_ones_own(
    client: httpx.AsyncClient, talk: Talk, path: str, reader: dict[str, str]
) -> None:
    stranger = await start_talk(client)
    await client.post(path, json={"rating": "down"}, headers=talk.headers)

    foreign = await client.delete(path, headers=stranger.headers)
    missing = await client.delete("/v1/exchanges/exc_none/feedback", headers=stranger.headers)
    reading = await client.delete(path, headers=reader)
    listing = await client.get("/v1/feedback", headers=talk.headers)

    assert (foreign.status_code, missing.status_code, reading.status_code) == (404, 404, 403)
    assert foreign.json()["type"] == missing.json()["type"] == "urn:kefu:problem:not-found"
    assert listing.status_code == 403


async def test_repeated_withdrawal_with_a_key_is_one(talk: Talk, path: str, reader: dict[str, str]) -> None:
    await talk.client.post(path, json={"rating": "up"}, headers=talk.headers)
    once = talk.headers | {"Idempotency-Key": str(uuid4())}

    replies = [(await talk.client.delete(path, headers=once)).status_code for _ in range(2)]

    assert replies == [204, 204]


async def test_votes_come_page_by_page(talk: Talk, path: str, reader: dict[str, str]) -> None:
    for rating in ("up", "down", "up"):
        await talk.client.post(path, json={"rating": rating}, headers=talk.headers)

    first = (await talk.client.get("/v1/feedback?limit=2", headers=reader)).json()
    second = (
        await talk.client.get(f"/v1/feedback?limit=2&cursor={first['next_cursor']}", headers=reader)
    ).json()

    assert [vote["rating"] for page in (first, second) for vote in page["items"]] == ["up", "down", "up"]
    assert second["next_cursor"] is None


async def test_vote_keeps_a_keyed_hash_of_the_network_and_no_address(
    talk: Talk, path: str, database: Database, tiny_settings: Settings
) -> None:
    await talk.client.post(path, json={"rating": "up"}, headers=talk.headers)

    async with database.read() as session:
        vote = (await session.execute(select(Feedback))).scalar_one()
    assert vote.address_block == AddressBlocks(tiny_settings.data_dir).hashed("127.0.0.99")
    assert vote.address_block is not None
