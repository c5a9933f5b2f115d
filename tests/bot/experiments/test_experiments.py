"""Two releases share the visitors, through HTTP, on both databases."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import insert, select, update

from bot.access.principals import Scope
from bot.db.access_tables import DEFAULT_SITE_ID, AuditEntry, Visitor
from bot.db.base import now
from bot.db.comparison_tables import Experiment, Exposure
from bot.db.conversation_tables import Conversation, Exchange, Feedback, Handoff
from bot.db.engine import Database
from bot.experiments.splitting import Arm, Split
from bot.experiments.visitors import WATCHED, watch
from bot.experiments.watching import look
from bot.releases import gating
from bot.releases.building import build_release
from bot.settings import Settings
from tests.fixtures.services import start_talk

QUESTION = "How long does delivery take?"
NewKey = Callable[[Scope], Awaitable[dict[str, str]]]


@pytest.fixture
async def tried(database: Database, tiny_settings: Settings, release: str) -> str:
    return (await build_release(database, tiny_settings, created_by="test")).release.id


@pytest.fixture
async def experiment(client: httpx.AsyncClient, release: str, tried: str, new_key: NewKey) -> str:
    wish = {"release_a": release, "release_b": tried, "share": 0.5, "lead_s": 0}
    started = await client.post("/v1/experiments", json=wish, headers=await new_key(Scope.ADMIN))
    assert started.status_code == 201, started.text
    return str(started.json()["id"])


async def exposures(database: Database) -> dict[str, tuple[str, str]]:
    """Arm and release of each exchange."""
    columns = select(Exposure.exchange_id, Exposure.arm, Exchange.release_id)
    async with database.read() as session:
        rows = await session.execute(columns.join(Exchange, Exchange.id == Exposure.exchange_id))
        return {row.exchange_id: (row.arm, row.release_id) for row in rows}


async def test_visitor_keeps_the_arm_and_each_exchange_says_which(
    database: Database, client: httpx.AsyncClient, experiment: str, release: str, tried: str
) -> None:
    split = Split(experiment, release, tried, 0.5, now())
    arms = set()
    for _ in range(20):
        talk = await start_talk(client)
        said = [(await talk.say(words)).json()["id"] for words in (QUESTION, "Can I return something?")]
        again = await client.post("/v1/conversations", json={}, headers=talk.headers)
        path = f"/v1/conversations/{again.json()['conversation_id']}/messages"
        said.append((await client.post(path, json={"text": QUESTION}, headers=talk.headers)).json()["id"])
        async with database.read() as session:
            visitor = (
                await session.execute(select(Conversation.visitor_id).where(Conversation.id == talk.id))
            ).scalar_one()
        arm = split.arm_of(str(visitor))
        found = await exposures(database)
        assert {found[id] for id in said} == {(arm.value, split.release_of(arm))}
        arms.add(arm)
    assert arms == {Arm.A, Arm.B}


async def test_conversation_that_began_before_stays_with_the_promoted_release(
    database: Database, client: httpx.AsyncClient, release: str, tried: str, new_key: NewKey
) -> None:
    before = [await start_talk(client) for _ in range(24)]
    wish = {"release_a": release, "release_b": tried, "lead_s": 0}
    await client.post("/v1/experiments", json=wish, headers=await new_key(Scope.ADMIN))
    spoken = {(await talk.say(QUESTION)).json()["release"] for talk in before}
    assert spoken == {release}
    assert await exposures(database) == {}


async def test_one_experiment_at_a_time_of_the_release_that_speaks_and_another_one(
    client: httpx.AsyncClient, experiment: str, release: str, tried: str, new_key: NewKey
) -> None:
    admin, writer = await new_key(Scope.ADMIN), await new_key(Scope.WRITE)

    async def start(a: str, b: str, key: dict[str, str] = admin, **more: object) -> tuple[int, str]:
        body = {"release_a": a, "release_b": b, **more}
        reply = await client.post("/v1/experiments", json=body, headers=key)
        return reply.status_code, reply.json()["type"].rsplit(":", 1)[1]

    assert await start(release, tried) == (409, "conflict")
    assert await start(release, tried, writer) == (403, "forbidden")
    ended = await client.delete(f"/v1/experiments/{experiment}", headers=admin)
    assert (ended.status_code, ended.json()["end_kind"]) == (200, "stopped")
    assert await start(tried, release) == (409, "conflict")
    assert await start(release, release) == (422, "invalid-input")
    assert await start(release, "rel_none") == (404, "not-found")
    assert await start(release, tried, share=0.99) == (422, "invalid-input")
    again = await client.delete(f"/v1/experiments/{experiment}", headers=admin)
    assert (again.status_code, again.json()) == (200, ended.json())
    assert (await client.delete("/v1/experiments/xpr_none", headers=admin)).status_code == 404


async def test_refused_release_is_tried_by_force_alone(
    database: Database, client: httpx.AsyncClient, release: str, tried: str, new_key: NewKey
) -> None:
    admin = await new_key(Scope.ADMIN)
    check = {"name": "accuracy", "passed": False, "reason": "worse"}
    verdict = {
        "passed": False,
        "made_at": "2026-11-29T19:00:00+00:00",
        "report": "r/g.html",
        "checks": [check],
    }
    async with database.write() as session:
        await gating.record_verdict(session, tried, verdict)
    wish = {"release_a": release, "release_b": tried}
    refused = await client.post("/v1/experiments", json=wish, headers=admin)
    forced = await client.post("/v1/experiments", json={**wish, "force": True}, headers=admin)
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:kefu:problem:gate-refused")
    assert forced.status_code == 201


async def test_promotion_ends_it_and_everybody_gets_the_promoted_release(
    database: Database, client: httpx.AsyncClient, experiment: str, tried: str, new_key: NewKey, app: FastAPI
) -> None:
    admin = await new_key(Scope.ADMIN)
    talks = [await start_talk(client) for _ in range(24)]
    spoken = {(await talk.say(QUESTION)).json()["release"] for talk in talks}
    assert len(spoken) == 2
    await client.post(f"/v1/releases/{tried}/promote", headers=admin)
    await app.state.parts.companions.refresh()
    shown = (await client.get(f"/v1/experiments/{experiment}", headers=admin)).json()
    assert (shown["running"], shown["end_kind"]) == (False, "promoted")
    assert {(await talk.say(QUESTION)).json()["release"] for talk in talks} == {tried}


async def come(
    database: Database, experiment: str, visitors: int, *, handed_off: str, minutes_ago: int = 60
) -> None:
    """Visitors in turns of both arms; those of one arm all get a handoff."""
    first = now() - timedelta(minutes=minutes_ago)
    async with database.write() as session:
        await session.execute(update(Experiment).values(begins_at=first, started_at=first))
        for number in range(visitors):
            arm, at = "ab"[number % 2], first + timedelta(seconds=number)
            ids = [f"{kind}_{minutes_ago}{number:05}" for kind in ("vis", "cnv", "exc", "hnd")]
            visitor, conversation, exchange, handoff = ids
            rows = [
                Visitor(id=visitor, site_id=DEFAULT_SITE_ID, token_hash=visitor),
                Conversation(
                    id=conversation, site_id=DEFAULT_SITE_ID, visitor_id=visitor, channel="widget", state="bot",
                    details={}, created_at=at,
                ),
                Exchange(
                    id=exchange, conversation_id=conversation, utterance="?", language="en", outcome="answered",
                    rule="confident", confidence=0.9, reply={"parts": []}, choices=[], suggestions=[], candidates=[],
                    evidence={}, latency_ms={}, created_at=at,
                ),
                Exposure(
                    exchange_id=exchange, experiment_id=experiment, visitor_id=visitor, arm=arm, latency_ms=10,
                    wrong_language=False, created_at=at,
                ),
                Handoff(id=handoff, conversation_id=conversation, reason="asked", created_at=at),
            ]  # fmt: skip
            for row in rows[: 5 if arm == handed_off else 4]:
                session.add(row)
                await session.flush()


@pytest.mark.parametrize(("worse", "kind"), [("b", "guarded"), ("a", "decided")])
async def test_clear_numbers_end_it_by_themselves_once(
    database: Database, client: httpx.AsyncClient, experiment: str, app: FastAPI, new_key: NewKey,
    worse: str, kind: str,
) -> None:  # fmt: skip
    await come(database, experiment, 100, handed_off=worse)
    companions = app.state.parts.companions
    verdict = await look(database, companions)
    assert verdict is not None
    assert verdict.kind == kind
    assert await look(database, companions) is None
    assert companions.split is None
    shown = (await client.get(f"/v1/experiments/{experiment}", headers=await new_key(Scope.READ))).json()
    assert (shown["end_kind"], shown["ended_by"], shown["end_reason"]) == (kind, "experiment", verdict.reason)
    assert (shown["visitors_a"], shown["visitors_b"], shown["visitors_waiting"]) == (50, 50, 0)
    handoffs = next(each for each in shown["estimates"] if each["metric"] == "handoffs")
    assert (handoffs["mean_a"], handoffs["mean_b"]) == (float(worse == "a"), float(worse == "b"))
    assert (handoffs["lower"] > 0) == (worse == "b")
    async with database.read() as session:
        ended = select(AuditEntry).where(AuditEntry.action == "experiment_end")
        entry = (await session.execute(ended)).scalar_one()
    assert (entry.target, entry.details["kind"], entry.details["visitors_b"]) == (experiment, kind, 50)


async def test_visitor_counts_after_half_an_hour_and_later_events_change_nothing(
    database: Database, experiment: str
) -> None:
    await come(database, experiment, 2, handed_off="a", minutes_ago=29)
    await come(database, experiment, 2, handed_off="", minutes_ago=31)
    first = now() - timedelta(minutes=31)
    inside, outside = first + WATCHED - timedelta(minutes=1), first + WATCHED + timedelta(minutes=1)
    votes = [
        ("1", "exc_3100000", "p", "down", outside, None),
        ("2", "exc_3100001", "p", "down", inside, outside),  # taken back when it was over: counts
        ("3", "exc_3100000", "q", "down", inside, inside),  # taken back in time: does not
    ]
    async with database.write() as session:
        for id, exchange, by, rating, at, withdrawn in votes:
            row = {"id": f"fbk_{id}", "exchange_id": exchange, "given_by": by, "rating": rating}
            await session.execute(insert(Feedback).values(**row, created_at=at, withdrawn_at=withdrawn))
    async with database.read() as session:
        found = await session.get(Experiment, experiment)
        assert found is not None
        connection = await session.connection()
        watched = await connection.run_sync(watch, found, at=now(), slow_ms=5)
    seen = [(s.visitor_id, s.arm.value, s.voted_down, s.handed_off, s.slow, s.replies) for s in watched.shown]
    assert seen == [("vis_3100000", "a", False, False, 1, 1), ("vis_3100001", "b", True, False, 1, 1)]
    assert watched.waiting == 2


async def test_vote_on_an_answer_picked_from_a_question_back_counts(
    database: Database, client: httpx.AsyncClient, knowledge: dict[str, str], experiment: str
) -> None:
    talk = await start_talk(client)
    await talk.say("do you sell a purple violin")
    offered = [{"answer_id": knowledge["invoice"], "question": QUESTION}]
    async with database.write() as session:
        await session.execute(update(Exchange).values(outcome="clarified", choices=offered))
    picked = (await talk.send({"choice": knowledge["invoice"]})).json()
    voted = await client.post(
        f"/v1/exchanges/{picked['id']}/feedback", json={"rating": "down"}, headers=talk.headers
    )
    assert (picked["outcome"], voted.status_code) == ("answered", 201)

    async with database.read() as session:
        found = await session.get(Experiment, experiment)
        assert found is not None
        connection = await session.connection()
        watched = await connection.run_sync(watch, found, at=now() + WATCHED + WATCHED, slow_ms=500)

    assert [(each.replies, each.voted_down) for each in watched.shown] == [(1, True)]


async def test_release_that_cannot_be_loaded_ends_it(
    database: Database, client: httpx.AsyncClient, release: str, tried: str, tiny_settings: Settings, app: FastAPI,
    new_key: NewKey,
) -> None:  # fmt: skip
    for folder in (tiny_settings.data_dir / "snapshots").iterdir():
        if folder.name in await snapshot_of(database, tried):
            (folder / "manifest.json").write_text("{}", encoding="utf-8")
    wish = {"release_a": release, "release_b": tried, "lead_s": 0}
    started = await client.post("/v1/experiments", json=wish, headers=await new_key(Scope.ADMIN))
    assert started.status_code == 201
    assert (await (await start_talk(client)).say(QUESTION)).json()["release"] == release
    verdict = await look(database, app.state.parts.companions)
    assert verdict is not None
    assert (verdict.kind, verdict.reason) == ("broken", f"{tried} can't be loaded by a worker")
    assert await exposures(database) == {}


async def snapshot_of(database: Database, release_id: str) -> str:
    from bot.releases.service import find

    async with database.read() as session:
        return (await find(session, release_id)).snapshot.path
