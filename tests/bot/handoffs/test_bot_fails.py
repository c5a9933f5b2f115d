"""The bot can't answer: a person who is there gets the message; where nobody is, the caller gets the error."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import structlog
from fastapi import FastAPI
from sqlalchemy import func, select

from bot.access.principals import Scope
from bot.answering.texts import TEXTS
from bot.conversations import turns
from bot.db.conversation_tables import Exchange, Message
from bot.db.engine import Database
from bot.errors import UnavailableError
from bot.handoffs.service import withdraw
from bot.handoffs.texts import handoff_texts
from bot.settings import Settings
from tests.bot.handoffs.desk import Desk, ask_for_person, shown, transcript
from tests.fixtures.apps import started_app
from tests.fixtures.services import Talk, start_talk

QUESTION = "Can I return something?"


@pytest.fixture
async def empty_client(tiny_settings: Settings, database: Database) -> AsyncIterator[httpx.AsyncClient]:
    """A service without a release."""
    async with started_app(tiny_settings) as app:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://kefu.test") as client:
            yield client


async def messages(database: Database) -> int:
    async with database.read() as session:
        return (await session.execute(select(func.count()).select_from(Message))).scalar_one()


async def test_without_release_and_people_it_is_503_and_nothing_is_kept(
    empty_client: httpx.AsyncClient, database: Database
) -> None:
    talk = await start_talk(empty_client, language="en")

    refused = await talk.say(QUESTION)

    assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
    assert refused.json()["type"] == "urn:kefu:problem:unavailable"
    assert await messages(database) == 0


async def test_without_release_a_call_that_nobody_can_reply_to_is_503(
    empty_client: httpx.AsyncClient, new_key: Any, database: Database
) -> None:
    """One of OpenAI's protocol that names no conversation, though a person is there."""
    await Desk(empty_client, await new_key(Scope.OPERATOR)).waiting()
    body = {"model": "kefu", "messages": [{"role": "user", "content": QUESTION}]}

    refused = await empty_client.post("/v1/chat/completions", json=body, headers=await new_key(Scope.WRITE))

    assert refused.status_code == 503
    assert await messages(database) == 0


@pytest.mark.parametrize(("said", "language"), [(QUESTION, "en"), ("可以退货吗", "zh")])
async def test_without_release_a_person_who_is_there_gets_the_message(
    empty_client: httpx.AsyncClient, new_key: Any, database: Database, said: str, language: str
) -> None:
    desk = Desk(empty_client, await new_key(Scope.OPERATOR))
    await desk.waiting()
    talk = await start_talk(empty_client)

    exchange = (await talk.say(said, idempotency_key="k-1")).json()
    again = (await talk.say(said, idempotency_key="k-1")).json()

    assert exchange == again
    assert (exchange["outcome"], exchange["release"]) == ("handed_off", None)
    soon = handoff_texts("en" if language == "en" else "zh").soon
    assert await transcript(talk) == [
        ("customer", said),
        ("bot", TEXTS[language].failed),
        ("system", soon),
    ]
    (handoff,) = await desk.waiting()
    assert (handoff["reason"], handoff["briefing"]["question"]) == ("bot_failed", said)
    await desk.reply(talk)
    assert (await talk.say("thank you")).json()["reply"]["text"] == ""


async def test_who_waits_already_is_not_refused(empty_client: httpx.AsyncClient) -> None:
    talk = await start_talk(empty_client, language="en")
    await ask_for_person(talk)

    assert (await talk.say(QUESTION)).json()["outcome"] == "handed_off"
    assert [role for role, _ in await transcript(talk)] == ["system", "customer", "bot"]


async def break_retrieval(app: FastAPI, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(app.state.parts.follower, "retrieve", broken)


async def test_error_while_answering_leads_to_a_person_or_is_an_error(
    app: FastAPI, talk: Talk, desk: Desk, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await break_retrieval(app, monkeypatch, RuntimeError("the encoder broke"))

    alone = await talk.say(QUESTION)
    kept = await messages(database)
    await desk.waiting()
    handed_over = await talk.say(QUESTION)

    assert (alone.status_code, alone.json()["type"]) == (500, "urn:kefu:problem:internal-error")
    assert kept == 0
    assert handed_over.json()["outcome"] == "handed_off"
    assert (await shown(talk))["handoff"]["reason"] == "bot_failed"


async def test_overload_stays_503_although_people_are_there(
    app: FastAPI, talk: Talk, desk: Desk, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await break_retrieval(app, monkeypatch, UnavailableError("256 messages are waiting already"))
    await desk.waiting()

    assert (await talk.say(QUESTION)).status_code == 503
    assert await messages(database) == 0


async def test_nothing_is_read_by_the_bot_while_a_person_is_there(
    app: FastAPI, talk: Talk, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ask_for_person(talk)
    await desk.reply(talk)
    await break_retrieval(app, monkeypatch, RuntimeError("the bot read along"))

    assert (await talk.say(QUESTION)).json()["outcome"] == "handed_off"


async def test_takeover_while_the_bot_reads_drops_its_reply_and_says_so_in_the_log(
    app: FastAPI, talk: Talk, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    handoff = await ask_for_person(talk)
    retrieve = app.state.parts.follower.retrieve

    async def slow(*wanted: Any, **more: Any) -> Any:
        found = await retrieve(*wanted, **more)
        await desk.step("take", handoff["id"])
        return found

    monkeypatch.setattr(app.state.parts.follower, "retrieve", slow)
    with structlog.testing.capture_logs() as logs:
        exchange = (await talk.say(QUESTION)).json()

    assert exchange["reply"]["text"] == ""
    assert [role for role, _ in await transcript(talk)] == ["system", "system", "customer"]
    dropped = {"event": "bot_reply_dropped", "conversation": talk.id, "exchange": exchange["id"]}
    assert [log for log in logs if log.items() >= dropped.items()] != []
    assert QUESTION not in str(logs)


async def test_message_that_meets_the_way_back_to_the_bot_is_answered(
    talk: Talk, desk: Desk, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ask_for_person(talk)
    await desk.reply(talk)

    keep = turns._kept_for_person

    async def late(*wanted: Any, **more: Any) -> Any:
        await database.quick.write(lambda connection: withdraw(connection, talk.id))
        return await keep(*wanted, **more)

    monkeypatch.setattr(turns, "_kept_for_person", late)
    exchange = (await talk.say(QUESTION)).json()

    assert exchange["outcome"] == "answered"
    assert [role for role, _ in await transcript(talk)][-3:] == ["system", "customer", "bot"]


async def test_failed_exchanges_are_no_questions_to_review(
    app: FastAPI, talk: Talk, desk: Desk, new_key: Any, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.waiting()
    with monkeypatch.context() as broken:
        await break_retrieval(app, broken, RuntimeError("the encoder broke"))
        await talk.say(QUESTION)
    await desk.reply(talk)
    await talk.say("Where is my invoice?")

    queue = (await talk.client.get("/v1/review", headers=desk.key)).json()["items"]
    async with database.read() as session:
        rules = (await session.execute(select(Exchange.rule).order_by(Exchange.id))).scalars().all()
    assert (rules, queue) == (["bot_failed", "person_is_here"], [])
