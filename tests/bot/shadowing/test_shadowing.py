"""A shadow decides on live traffic unseen, and the report says how it differs."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select

from bot.access.principals import Scope
from bot.db.access_tables import AuditEntry
from bot.db.comparison_tables import ShadowDecision
from bot.db.conversation_tables import Exchange
from bot.db.engine import Database
from bot.releases.building import build_release
from bot.settings import Settings
from bot.shadowing.shadows import dropped_exchanges
from tests.fixtures.services import Talk

DELIVERY, RETURNS = "How long does delivery take?", "Can I return something?"
UNKNOWN = "Do you sell zeppelins?"
NewKey = Callable[[Scope], Awaitable[dict[str, str]]]


async def until(done: Callable[[], Awaitable[bool]]) -> None:
    for _ in range(400):
        if await done():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it did not happen within eight seconds")


async def decisions(database: Database) -> Sequence[ShadowDecision]:
    async with database.read() as session:
        return (
            (await session.execute(select(ShadowDecision).order_by(ShadowDecision.exchange_id)))
            .scalars()
            .all()
        )


@pytest.fixture
async def shadow(
    database: Database, tiny_settings: Settings, release: str, client: httpx.AsyncClient, new_key: NewKey
) -> str:
    """A second release of the same knowledge, deciding unseen."""
    parts = await build_release(database, tiny_settings, created_by="test")
    switched = await client.post(
        f"/v1/releases/{parts.release.id}/shadow", headers=await new_key(Scope.ADMIN)
    )
    assert (switched.status_code, switched.json()["running"]) == (200, True)
    return parts.release.id


async def test_each_searched_message_is_decided_on_by_the_shadow_too(
    database: Database, talk: Talk, shadow: str, release: str, knowledge: dict[str, str]
) -> None:
    answered = (await talk.say(DELIVERY)).json()
    await talk.say("thank you")
    await talk.say("I want to talk to a person")
    unknown = (await talk.say(UNKNOWN)).json()

    async def both() -> bool:
        return len(await decisions(database)) == 2

    await until(both)
    first, second = await decisions(database)
    assert (first.exchange_id, first.release_id, first.kind) == (answered["id"], shadow, "same")
    assert (first.outcome, first.answer_id) == ("answered", knowledge["delivery"])
    assert first.spoken_answer_id == knowledge["delivery"]
    assert (second.exchange_id, second.outcome, second.answer_id) == (unknown["id"], unknown["outcome"], None)
    async with database.read() as session:
        spoken = (await session.execute(select(Exchange.release_id))).scalars().all()
    assert set(spoken) == {release}
    assert first.confidence == pytest.approx(0.97, abs=0.03)


async def test_switched_off_nothing_more_is_decided_and_the_audit_log_tells(
    database: Database, client: httpx.AsyncClient, talk: Talk, shadow: str, new_key: NewKey
) -> None:
    admin, writer = await new_key(Scope.ADMIN), await new_key(Scope.WRITE)
    path = f"/v1/releases/{shadow}/shadow"
    assert (await client.delete(path, headers=writer)).status_code == 403
    off = await client.delete(path, headers=admin)
    again = await client.delete(path, headers=admin)
    await talk.say(DELIVERY)
    assert (off.status_code, off.json()["running"], again.json()) == (200, False, off.json())
    report = (await client.get(path, headers=writer)).json()
    assert (report["running"], report["exchanges"], report["kinds"]) == (False, 0, {})
    async with database.read() as session:
        entries = select(AuditEntry.action).where(AuditEntry.target == shadow).order_by(AuditEntry.id)
        assert (await session.execute(entries)).scalars().all() == ["shadow_on", "shadow_off"]


async def test_release_that_speaks_is_no_shadow_and_a_promoted_shadow_ends(
    database: Database, client: httpx.AsyncClient, shadow: str, release: str, new_key: NewKey
) -> None:
    admin = await new_key(Scope.ADMIN)
    refused = await client.post(f"/v1/releases/{release}/shadow", headers=admin)
    missing = await client.post("/v1/releases/rel_none/shadow", headers=admin)
    never = await client.get(f"/v1/releases/{release}/shadow", headers=admin)
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:kefu:problem:conflict")
    assert (missing.status_code, never.status_code) == (404, 404)
    await client.post(f"/v1/releases/{shadow}/promote", headers=admin)
    report = (await client.get(f"/v1/releases/{shadow}/shadow", headers=admin)).json()
    assert report["running"] is False


async def test_another_shadow_takes_the_place_of_the_first(
    database: Database, tiny_settings: Settings, client: httpx.AsyncClient, shadow: str, new_key: NewKey
) -> None:
    admin = await new_key(Scope.ADMIN)
    other = (await build_release(database, tiny_settings, created_by="test")).release.id
    await client.post(f"/v1/releases/{other}/shadow", headers=admin)
    running = {
        id: (await client.get(f"/v1/releases/{id}/shadow", headers=admin)).json()["running"]
        for id in (shadow, other)
    }
    assert running == {shadow: False, other: True}


async def test_corrected_question_counts_for_the_shadow_too(
    database: Database, client: httpx.AsyncClient, talk: Talk, shadow: str, new_key: NewKey, app: FastAPI
) -> None:
    body = {"text": "We sell zeppelins.", "language": "en", "questions": [UNKNOWN]}
    made = (await client.post("/v1/answers", json=body, headers=await new_key(Scope.WRITE))).json()
    await app.state.parts.companions.refresh()
    await talk.say(UNKNOWN)

    async def one() -> bool:
        return len(await decisions(database)) == 1

    await until(one)
    decided = (await decisions(database))[0]
    assert (decided.kind, decided.answer_id) == ("same", made["id"])


async def test_full_queue_passes_messages_over_and_counts_them(
    talk: Talk, shadow: str, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    shadows = app.state.parts.shadows
    monkeypatch.setattr(shadows, "_waiting", asyncio.Queue(1))  # which nobody empties
    before = dropped_exchanges._value.get()
    outcomes = [(await talk.say(DELIVERY)).json()["outcome"] for _ in range(3)]
    assert outcomes == ["answered"] * 3
    assert dropped_exchanges._value.get() - before == 2
