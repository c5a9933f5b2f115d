"""Exchanges drawn by lot: each as likely as any other, judged in the order of the draws, shown in every tenth place."""

from collections import Counter
from datetime import timedelta
from random import Random

import httpx
import pytest
from sqlalchemy import delete, func, select, update

from bot.access.principals import Scope
from bot.db.base import now
from bot.db.conversation_tables import Exchange
from bot.db.engine import Database
from bot.db.knowledge_tables import Label
from bot.db.quality_tables import AuditDraw
from bot.review.audits import LAPSES, MOST_WAITING, audit_sample, top_up
from bot.review.desk import AUDIT_EVERY, UNRANKED, Entry, with_audits
from bot.review.repository import AskedRow
from bot.review.waiting import Waiting
from tests.fixtures.services import start_talk

THINGS = ("umbrella", "drone", "kayak", "tent", "lamp", "violin", "ladder", "sofa")


async def ask(client: httpx.AsyncClient, *texts: str) -> list[str]:
    return [(await (await start_talk(client)).say(text)).json()["id"] for text in texts]


async def draw(database: Database, seed: int = 0) -> list[str]:
    async with database.write() as session:
        await top_up(session, at=now(), random=Random(seed))
        rows = await session.execute(select(AuditDraw.exchange_id).order_by(AuditDraw.number))
        return list(rows.scalars())


async def sample(database: Database, release: str, **more: timedelta):
    async with database.read() as session:
        return await audit_sample(session, at=now() + more.get("later", timedelta()), release_id=release)


@pytest.fixture
async def operator(new_key) -> dict[str, str]:
    return await new_key(Scope.OPERATOR)


async def test_few_wait_and_none_is_drawn_twice(client: httpx.AsyncClient, database: Database) -> None:
    asked = await ask(client, *(f"do you sell a {thing}" for thing in THINGS))
    await ask(client, "hello", "I want to talk to a person")  # nothing is decided about a question

    drawn = await draw(database)

    assert len(set(drawn)) == MOST_WAITING
    assert set(drawn) <= set(asked)
    assert await draw(database) == drawn
    async with database.read() as session:
        populations = (
            await session.execute(select(AuditDraw.population).order_by(AuditDraw.number))
        ).scalars()
        assert list(populations) == [8, 7, 6, 5, 4]


async def test_each_is_as_likely_as_any_other(client: httpx.AsyncClient, database: Database) -> None:
    asked = await ask(client, *(f"do you sell a {thing}" for thing in THINGS))
    counts: Counter[str] = Counter()
    for seed in range(60):
        counts.update(await draw(database, seed))
        async with database.write() as session:
            await session.execute(delete(AuditDraw))
    assert set(counts) == set(asked)
    # 60 * 5/8 = 37.5 each, with a deviation of 3.75.
    assert all(25 <= count <= 50 for count in counts.values()), counts


async def test_verdicts_tell_right_wrong_and_unknown(
    client: httpx.AsyncClient,
    database: Database,
    release: str,
    knowledge: dict[str, str],
    operator: dict[str, str],
) -> None:
    right, other, nowhere, new = await ask(
        client, "Where is my invoice?", "When will my parcel arrive?", "fish and chips", "repair of umbrellas"
    )
    await draw(database)
    for id, body in {
        right: {"right": True},
        other: {"answer_id": knowledge["returns"]},
        nowhere: {"out_of_scope": True},
        new: {"text": "We repair umbrellas in Bonn.", "language": "en"},
    }.items():
        made = await client.post("/v1/labels", json={"exchange_id": id, **body}, headers=operator)
        assert made.status_code == 201, made.text

    found = await sample(database, release)

    judged = {each.exchange_id: each for each in found.judged}
    assert (found.waiting, found.lapsed, set(judged)) == ((), (), {right, other, nowhere, new})
    assert (judged[right].answered, judged[right].wrong, judged[right].right_at) == (True, False, 0)
    assert (judged[other].answered, judged[other].wrong, judged[other].unknown) == (True, True, False)
    assert [judged[id].unknown for id in (right, other, nowhere, new)] == [False, False, True, True]
    assert judged[right].confidence > 0.9


async def test_what_lies_behind_one_that_waits_does_not_count_until_it_has_lapsed(
    client: httpx.AsyncClient, database: Database, release: str, operator: dict[str, str]
) -> None:
    await ask(client, *(f"do you sell a {thing}" for thing in THINGS[:3]))
    first, second, third = await draw(database)
    for id in (second, third):
        await client.post("/v1/labels", json={"exchange_id": id, "out_of_scope": True}, headers=operator)

    found = await sample(database, release)
    assert (found.judged, found.waiting) == ((), (first,))

    later = await sample(database, release, later=LAPSES + timedelta(hours=1))
    assert [each.exchange_id for each in later.judged] == [second, third]
    assert [(each.exchange_id, each.wrong) for each in later.lapsed] == [(first, False)]


async def test_a_withdrawn_verdict_waits_again_and_a_wordless_message_needs_none(
    client: httpx.AsyncClient, database: Database, release: str, operator: dict[str, str]
) -> None:
    asked, wordless = await ask(client, "do you sell a tent", "?!")
    await draw(database)
    await client.post("/v1/labels", json={"exchange_id": asked, "out_of_scope": True}, headers=operator)
    assert len((await sample(database, release)).judged) == 2
    async with database.write() as session:
        await session.execute(update(Label).values(withdrawn_at=now()))

    found = await sample(database, release)

    assert found.waiting == (asked,)
    assert {each.exchange_id for each in found.judged} <= {wordless}


async def test_only_the_last_week_is_drawn_from(client: httpx.AsyncClient, database: Database) -> None:
    await ask(client, "do you sell a tent")
    async with database.write() as session:
        await session.execute(update(Exchange).values(created_at=now() - timedelta(days=8)))
    assert await draw(database) == []


async def test_a_decision_draws_anew(
    client: httpx.AsyncClient, database: Database, operator: dict[str, str]
) -> None:
    (asked,) = await ask(client, "do you sell a tent")
    made = await client.post(f"/v1/review/{asked}", json={"verdict": "out_of_scope"}, headers=operator)
    assert made.status_code == 200, made.text
    async with database.read() as session:
        assert (await session.execute(select(func.count()).select_from(AuditDraw))).scalar_one() == 1


def row(id: str) -> AskedRow:
    return AskedRow(id, id, "en", "answered", "confident", 0.9, 0.1, 0.5, None, "vis", now())


def entries(*keys: str) -> list[Entry]:
    return [Entry(Waiting(key, [row(key)]), UNRANKED) for key in keys]


def test_what_was_drawn_stands_in_every_tenth_place() -> None:
    ranked = entries(*(f"q{number:02}" for number in range(30)))
    drawn = [Waiting(key, [row(f"exc {key}")]) for key in ("q25", "new", "q03")]

    merged = with_audits(ranked, drawn)

    assert [(i, entry.waiting.key) for i, entry in enumerate(merged) if entry.audit] == [
        (AUDIT_EVERY - 1, "q25"), (2 * AUDIT_EVERY - 1, "new"),
    ]  # fmt: skip
    assert merged[9].waiting.rows[0].id == "exc q25"
    assert [entry.waiting.key for entry in merged].count("q03") == 1
    assert merged[3].waiting.key == "q03"
    assert len(merged) == 31


def test_in_a_short_queue_they_come_last() -> None:
    merged = with_audits(entries("a", "b"), [Waiting("c", [row("c")]), Waiting("a", [row("a")])])
    assert [(entry.waiting.key, entry.audit) for entry in merged] == [("a", False), ("b", False), ("c", True)]
