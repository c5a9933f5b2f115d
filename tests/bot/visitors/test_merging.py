"""A visitor's conversations become one visitor's by a signed identity, whatever happens at once."""

import asyncio
import time
from datetime import timedelta
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import func, select, update

from bot.db.access_tables import Site, UsedNonce, Visitor, VisitorToken
from bot.db.base import now
from bot.db.conversation_tables import Conversation, Feedback
from bot.db.engine import Database
from bot.db.knowledge_tables import Label
from bot.erasing.service import erase
from bot.settings import Settings
from bot.visitors.repository import MOST_TOKENS
from bot.visitors.service import forget_used_identities
from tests.bot.visitors.sites import SECRET, identity, own, sign_visitors, start, talk_of, token_of


@pytest.fixture(autouse=True)
async def _site_signs(database: Database) -> None:
    await sign_visitors(database)


async def visitor_ids(database: Database) -> list[str]:
    async with database.read() as session:
        known = select(Visitor.id).where(Visitor.merged_into.is_(None))
        return list((await session.execute(known)).scalars())


async def test_refused_identity_is_a_401_and_nothing_begins(
    client: httpx.AsyncClient, database: Database
) -> None:
    refused = await start(client, identity=identity(exp=int(time.time()) - 60))

    assert refused.status_code == 401
    assert refused.json()["type"] == "urn:kefu:problem:identity-refused"
    assert refused.json()["detail"] == "the identity has expired; make a new one"
    assert await visitor_ids(database) == []


async def test_site_without_a_secret_believes_nobody(client: httpx.AsyncClient, database: Database) -> None:
    async with database.write() as session:
        await session.execute(update(Site).values(identity_secret=None))

    refused = await start(client, identity=identity())

    assert refused.status_code == 401
    assert "has no identity secret" in refused.json()["detail"]


async def test_identity_is_used_once(client: httpx.AsyncClient, database: Database) -> None:
    used = identity()
    assert (await start(client, identity=used)).status_code == 201

    again = await start(client, identity=used)

    assert again.status_code == 401
    assert "used before" in again.json()["detail"]
    async with database.read() as session:
        assert await session.scalar(select(func.count()).select_from(Conversation)) == 1


async def test_request_that_is_repeated_with_its_key_is_no_second_use(client: httpx.AsyncClient) -> None:
    body, key = {"identity": identity()}, {"Idempotency-Key": str(uuid4())}

    first, again = [await client.post("/v1/conversations", json=body, headers=key) for _ in range(2)]

    assert first.status_code == 201
    assert again.json() == first.json()


async def test_conversations_of_two_devices_become_one_visitors(
    client: httpx.AsyncClient, database: Database
) -> None:
    phone, laptop = await talk_of(client, identity=identity()), await talk_of(client)
    exchange = (await laptop.say("Can I return something?")).json()
    vote = f"/v1/exchanges/{exchange['id']}/feedback"
    await client.post(vote, json={"rating": "up"}, headers=laptop.headers)
    before = token_of(laptop)

    named = await talk_of(client, before, identity=identity())

    assert await own(named) == await own(phone) == [named.id, laptop.id, phone.id]
    assert token_of(named) not in (before, token_of(phone))
    assert (await start(client, before)).status_code == 401
    ids = await visitor_ids(database)
    assert len(ids) == 1
    async with database.read() as session:
        assert await session.scalar(select(Feedback.given_by)) == f"visitor:{ids[0]}"
    assert (await client.delete(vote, headers=phone.headers)).status_code == 204


async def test_token_from_before_opens_nothing_more(client: httpx.AsyncClient) -> None:
    """Whoever left a token in somebody's browser would else read along from then on."""
    planted = await talk_of(client)

    named = await talk_of(client, token_of(planted), identity=identity())

    refused = await client.get(f"/v1/conversations/{named.id}/messages", headers=planted.headers)
    assert refused.status_code == 401
    assert await own(named) == [named.id, planted.id]


async def test_another_person_at_the_same_browser_gets_nothing_of_the_first(
    client: httpx.AsyncClient,
) -> None:
    ana = await talk_of(client, identity=identity("ana"))

    bo = await talk_of(client, token_of(ana), identity=identity("bo"))

    assert await own(bo) == [bo.id]
    assert await own(ana) == [ana.id]


async def test_visitor_of_another_site_stays_with_it(client: httpx.AsyncClient, database: Database) -> None:
    async with database.write() as session:
        session.add(Site(id="ste_2", public_key="shop", name="Shop", identity_secret=SECRET))
    here = await talk_of(client)

    there = await talk_of(client, token_of(here), site="shop", identity=identity(aud="shop"))

    assert (await own(here), await own(there)) == ([here.id], [there.id])


@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize("tabs_share_a_token", [False, True])
async def test_tabs_that_say_who_they_are_at_once_are_one_visitor(
    client: httpx.AsyncClient, database: Database, known: bool, tabs_share_a_token: bool
) -> None:
    if known:
        await talk_of(client, identity=identity())
    first = await talk_of(client)
    second = first if tabs_share_a_token else await talk_of(client)

    replies = await asyncio.gather(
        *(start(client, token_of(tab), identity=identity()) for tab in (first, second, first, second))
    )

    assert {reply.status_code for reply in replies} <= {201, 401}
    ids = await visitor_ids(database)
    assert len(ids) == 1
    async with database.read() as session:
        owners = set((await session.execute(select(Conversation.visitor_id))).scalars())
    assert owners == set(ids)
    for reply in replies:
        if reply.status_code == 201:
            headers = {"Authorization": f"Bearer {reply.json()['visitor_token']}"}
            listed = await client.get("/v1/conversations", headers=headers)
            assert listed.status_code in (200, 401)
    assert any(reply.status_code == 201 for reply in replies)


async def test_what_is_said_while_a_visitor_is_recognised_is_not_lost(
    client: httpx.AsyncClient, database: Database
) -> None:
    await talk_of(client, identity=identity())
    anonymous = await talk_of(client)

    said, named = await asyncio.gather(
        anonymous.say("Can I return something?"), start(client, token_of(anonymous), identity=identity())
    )

    assert named.status_code == 201
    assert said.status_code in (200, 401)
    assert len(await visitor_ids(database)) == 1


async def test_erasing_takes_the_visitor_with_all_they_were(
    client: httpx.AsyncClient, database: Database, tiny_settings: Settings
) -> None:
    phone, laptop = await talk_of(client, identity=identity()), await talk_of(client)
    named = await talk_of(client, token_of(laptop), identity=identity())

    await erase(database, tiny_settings, named.id, with_labels=False, erased_by="test")

    async with database.read() as session:
        for table in (Visitor, VisitorToken, Conversation, Label):
            assert await session.scalar(select(func.count()).select_from(table)) == 0
    for talk in (phone, named):
        assert (await client.get("/v1/conversations", headers=talk.headers)).status_code == 401


async def test_tokens_of_a_visitor_are_limited_the_oldest_goes(
    client: httpx.AsyncClient, database: Database
) -> None:
    first, second = await talk_of(client, identity=identity()), await talk_of(client, identity=identity())
    for _ in range(MOST_TOKENS):
        newest = await talk_of(client, identity=identity())

    assert await own(newest)
    refused = await client.get("/v1/conversations", headers=second.headers)
    assert refused.status_code == 401
    assert await own(first), "the token it began with is not counted"


async def test_used_identities_are_forgotten_once_they_have_expired(
    client: httpx.AsyncClient, database: Database
) -> None:
    await start(client, identity=identity("ana"))
    await start(client, identity=identity("bo"))
    async with database.write() as session:
        oldest = (await session.execute(select(UsedNonce.nonce_hash).limit(1))).scalar_one()
        ended = update(UsedNonce).where(UsedNonce.nonce_hash == oldest)
        await session.execute(ended.values(expires_at=now() - timedelta(seconds=1)))

    await forget_used_identities(database)

    async with database.read() as session:
        left = (await session.execute(select(UsedNonce.nonce_hash))).scalars().all()
    assert len(left) == 1
    assert oldest not in left
