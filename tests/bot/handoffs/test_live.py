"""What an agent writes, and who speaks, reaches a visitor who listens; the same in OpenAI's protocol without events."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from fastapi import FastAPI

from bot.access.principals import Scope, VisitorPrincipal
from bot.conversations import streaming
from bot.db.conversation_tables import Conversation
from bot.db.engine import Database
from bot.handoffs.texts import handoff_texts
from tests.bot.handoffs.desk import Desk, ask_for_person
from tests.fixtures.services import Talk

EN = handoff_texts("en")
QUESTION, ANSWER = "Can I return something?", "You can send it back within thirty days."


async def events_of(database: Database, talk: Talk, *, after: int = 0) -> AsyncIterator[tuple[str, Any]]:
    """The events that the visitor's browser gets, but for the comments that keep the stream open."""
    async with database.read() as session:
        conversation = await session.get(Conversation, talk.id)
    assert conversation is not None
    assert conversation.visitor_id is not None
    visitor = VisitorPrincipal(conversation.visitor_id, conversation.site_id)
    stream = streaming.conversation_events(database, talk.id, visitor, after=after, stopping=asyncio.Event())
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
