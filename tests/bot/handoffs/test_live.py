"""What an agent writes, and who speaks, reaches a visitor who listens; the same in OpenAI's protocol without events."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import update

from bot.access.principals import Scope
from bot.conversations import streaming
from bot.db.access_tables import ApiKey
from bot.db.base import now
from bot.db.engine import Database
from bot.handoffs.texts import handoff_texts
from tests.bot.handoffs.desk import Desk, ask_for_person
from tests.bot.visitors.sites import identity, sign_visitors, talk_of, token_of
from tests.fixtures.services import Talk

EN = handoff_texts("en")
QUESTION, ANSWER = "Can I return something?", "You can send it back within thirty days."


async def events_of(
    database: Database, talk: Talk, token: str | None = None
) -> AsyncIterator[tuple[str, Any]]:
    """The events that whoever has the token gets (else the visitor), but for the comments that keep the stream open."""
    token = token or token_of(talk)
    stream = streaming.conversation_events(database, talk.id, token, after=0, stopping=asyncio.Event())
    async for block in stream:
        lines = dict(line.split(": ", 1) for line in block.decode().strip().splitlines() if line[0] != ":")
        if "event" in lines:
            yield lines["event"], json.loads(lines["data"])


@pytest.fixture(autouse=True)
def _looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "LOOK_EVERY_S", 0.01)


async def test_listening_visitor_sees_the_whole_handoff_in_order(
    talk: Talk, desk: Desk, database: Database
) -> None:
    events = events_of(database, talk)
    seen: list[tuple[str, str]] = []

    async def hear(count: int) -> None:
        for _ in range(count):
            name, body = await asyncio.wait_for(anext(events), 10)
            seen.append((name, body["state"] if name == "state" else f"{body['role']}: {body['text']}"))

    await hear(1)
    handoff = await ask_for_person(talk)
    await hear(2)
    await desk.step("take", handoff["id"])
    await hear(2)
    await desk.reply(talk, "Hello, this is Ana.")
    await hear(1)
    await desk.step("close", handoff["id"])
    await hear(2)

    assert seen == [
        ("state", "bot"),
        ("message", f"system: {EN.nobody_here} {EN.leave_contact}"),
        ("state", "waiting"),
        ("message", f"system: {EN.taken}"),
        ("state", "person"),
        ("message", "agent: Hello, this is Ana."),
        ("message", f"system: {EN.closed}"),
        ("state", "closed"),
    ]


async def test_stream_ends_when_its_token_opens_nothing_any_more(
    client: httpx.AsyncClient, talk: Talk, database: Database, new_key: Any
) -> None:
    """A visitor is recognised and gets another token; a key is revoked."""
    await sign_visitors(database)
    key = (await new_key(Scope.READ))["Authorization"].removeprefix("Bearer ")
    left_behind, of_key = events_of(database, talk), events_of(database, talk, key)
    assert [await anext(events) for events in (left_behind, of_key)] == [("state", {"state": "bot"})] * 2

    known = await talk_of(client, token_of(talk), identity=identity())
    async with database.write() as session:
        await session.execute(update(ApiKey).values(revoked_at=now()))
    await Talk(client, talk.id, known.headers).say(QUESTION)

    for events in (left_behind, of_key):
        assert await asyncio.wait_for(anext(events, None), 10) is None


async def test_openai_client_is_told_what_happens_next_and_then_hears_no_bot(
    app: FastAPI, talk: Talk, desk: Desk, new_key: Any
) -> None:
    key = await new_key(Scope.WRITE)

    async def complete(text: str) -> dict[str, Any]:
        body = {
            "model": "kefu",
            "messages": [{"role": "user", "content": text}],
            "metadata": {"conversation_id": talk.id},
        }
        response = await talk.client.post("/v1/chat/completions", json=body, headers=key)
        completion: dict[str, Any] = response.raise_for_status().json()
        return completion

    def said(completion: dict[str, Any]) -> str:
        return str(completion["choices"][0]["message"]["content"])

    asked = await complete("I want to talk to a human")
    await desk.reply(talk)
    silent = await complete(QUESTION)
    await desk.step("hand-back", (await desk.waiting())[0]["id"])
    back = await complete(QUESTION)

    assert said(asked) == f"Of course. I've asked our team.\n{EN.nobody_here} {EN.leave_contact}"
    assert (said(silent), silent["kefu"]["outcome"], silent["usage"]["total_tokens"]) == ("", "handed_off", 0)
    assert said(back) == ANSWER
