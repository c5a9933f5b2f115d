"""Kefu as an agent bot, against a scripted Chatwoot that listens on this machine."""

import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from pydantic import SecretStr, ValidationError
from sqlalchemy import func, select, update

from bot.access.principals import Scope
from bot.channels.chatwoot import ChatwootEvent as Event
from bot.channels.chatwoot import Kind, Said, message_of, said_in
from bot.db.conversation_tables import Conversation, Exchange
from bot.db.engine import Database
from bot.db.knowledge_tables import Label
from bot.handoffs.texts import Tongue, handoff_texts
from bot.settings import ChatwootSettings, Settings
from tests.bot.handoffs.desk import Desk
from tests.bot.webhooks.receivers import server
from tests.fixtures.apps import started_app
from tests.fixtures.services import create_key

SECRET, TOKEN = "chatwoot-secret", "bot-token"
OK, NO = (b"HTTP/1.1 %s\r\nContent-Length: 2\r\n\r\n{}" % status for status in (b"200 OK", b"500 No"))


class Bot:
    """An installation that is connected, and Chatwoot's side of it."""

    def __init__(self, client: httpx.AsyncClient, key: str, received: list[bytes]) -> None:
        self.client, self._key, self._received = client, key, received

    async def tell(
        self, event: dict[str, Any], *, secret: str = SECRET, at: int | None = None
    ) -> httpx.Response:
        body = json.dumps(event).encode()
        timestamp = str(int(time.time()) if at is None else at)
        signature = hmac.digest(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hex()
        headers = {"X-Chatwoot-Timestamp": timestamp, "X-Chatwoot-Signature": f"sha256={signature}"}
        return await self.client.post(f"/webhooks/chatwoot?token={self._key}", content=body, headers=headers)

    @property
    def told(self) -> list[tuple[str, dict[str, Any]]]:
        """Path and body of each request to Chatwoot."""
        requests = [request.split(b"\r\n\r\n", 1) for request in self._received]
        assert all(b"api_access_token: bot-token" in head for head, _ in requests)
        return [(head.split(b" ")[1].decode(), json.loads(body)) for head, body in requests]


def said(text: str, id: int = 1, **changes: Any) -> dict[str, Any]:
    conversation = {"id": 7, "status": "pending"}
    message = {"event": "message_created", "id": id, "content": text, "message_type": "incoming"}
    return message | {"account": {"id": 2}, "conversation": conversation} | changes


def picking(answer_id: str, id: int) -> dict[str, Any]:
    picked = {"submitted_values": [{"title": "A question", "value": answer_id}]}
    changes = {"event": "message_updated", "message_type": "outgoing", "content_type": "input_select"}
    return said("Which one?", id, content_attributes=picked, **changes)


async def connected(settings: Settings, database: Database, reply: bytes) -> AsyncIterator[Bot]:
    key = (await create_key(database, Scope.WRITE))["Authorization"].removeprefix("Bearer ")
    async with server(reply) as (port, received):
        chatwoot = ChatwootSettings(
            url=f"http://127.0.0.1:{port}/", access_token=SecretStr(TOKEN), webhook_secret=SecretStr(SECRET)
        )
        async with started_app(settings.model_copy(update={"chatwoot": chatwoot})) as app:
            transport = httpx.ASGITransport(app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://kefu.test") as client:
                yield Bot(client, key, received)


@pytest.fixture
async def bot(tiny_settings: Settings, release: str, database: Database) -> AsyncIterator[Bot]:
    async for each in connected(tiny_settings, database, OK):
        yield each


async def test_message_is_answered_once_in_its_conversation_and_the_bot_hands_over(
    bot: Bot, database: Database
) -> None:
    for event in (said("How long does delivery take?"), said("I want to talk to a human", 2)):
        assert (await bot.tell(event)).json() == {"handled": True}
    assert (await bot.tell(said("How long does delivery take?"))).json() == {"handled": True}

    path = "/api/v1/accounts/2/conversations/7"
    answer = {
        "content": "Parcels arrive within two working days.",
        "message_type": "outgoing",
        "private": False,
    }
    assert bot.told[0] == (f"{path}/messages", answer)
    said_and_noticed = [f"{path}/messages", f"{path}/messages"]
    assert [told[0] for told in bot.told[1:4]] == [*said_and_noticed, f"{path}/toggle_status"]
    assert bot.told[3][1] == {"status": "open"}
    assert bot.told[4] == bot.told[0], "told twice, it says the same"
    async with database.read() as session:
        assert await session.scalar(select(func.count()).select_from(Exchange)) == 2
        assert (await session.execute(select(Conversation.channel))).scalars().all() == ["chatwoot"]


async def test_message_with_nothing_but_an_attachment_is_left_to_the_agents(bot: Bot) -> None:
    sent = said("", content=None, attachments=[{"id": 1, "file_type": "image"}])

    assert (await bot.tell(sent)).json() == {"handled": True}

    (_, notice), (path, opened) = bot.told
    assert notice["content"] == (
        "I can't open attachments. A person will look at yours here.\n我无法查看附件，客服人员会在这里查看您发送的内容。"
    )
    assert (path, opened) == ("/api/v1/accounts/2/conversations/7/toggle_status", {"status": "open"})


@pytest.mark.parametrize(
    ("text", "tongue"), [("I want to talk to a human", "en"), ("转人工", "zh")], ids=["en", "zh"]
)
async def test_bot_that_hands_over_does_not_offer_to_go_on(
    bot: Bot, new_key: Any, text: str, tongue: Tongue
) -> None:
    """It passes over what is said once the agents have the conversation."""
    await Desk(bot.client, await new_key(Scope.OPERATOR)).waiting()

    await bot.tell(said(text))

    assert bot.told[1][1]["content"] == handoff_texts(tongue).soon_without_bot


async def test_choice_of_an_earlier_question_back_asks_its_question(
    bot: Bot, database: Database, knowledge: dict[str, str]
) -> None:
    await bot.tell(said("Can I return something?"))
    offered = [{"answer_id": knowledge["invoice"], "question": "Where is my invoice?"}]
    async with database.write() as session:
        await session.execute(update(Exchange).values(outcome="clarified", choices=offered))
    await bot.tell(said("How long does delivery take?", 2))

    picked, unknown = picking(knowledge["invoice"], 3), picking("ans_none", 4)

    assert (await bot.tell(picked)).json() == {"handled": True}
    assert bot.told[-1][1]["content"] == "Invoices are under My orders."
    async with database.read() as session:
        asked = select(Exchange.utterance).order_by(Exchange.id.desc()).limit(1)
        assert (await session.execute(asked)).scalar_one() == "Where is my invoice?"
        assert (await session.execute(select(Label.id))).first() is None, "nothing is learnt from it"
    assert (await bot.tell(unknown)).status_code == 422


async def test_what_is_not_signed_by_chatwoot_or_old_is_refused(bot: Bot) -> None:
    forged = await bot.tell(said("hello"), secret="another")
    old = await bot.tell(said("hello"), at=int(time.time()) - 600)
    nonsense = await bot.tell({"event": 7})
    keyless = await bot.client.post("/webhooks/chatwoot", json=said("hello"))

    assert [reply.status_code for reply in (forged, old, nonsense, keyless)] == [401, 401, 422, 401]
    assert bot.told == []


async def test_reply_that_chatwoot_does_not_take_is_said_to_be_a_failure(
    tiny_settings: Settings, release: str, database: Database
) -> None:
    """Chatwoot then opens the conversation to its agents."""
    async for bot in connected(tiny_settings, database, NO):
        failed = await bot.tell(said("How long does delivery take?"))

        assert failed.status_code == 503
        assert "did not take the bot's messages (500)" in failed.json()["detail"]


async def test_installation_without_chatwoot_says_so(client: httpx.AsyncClient, new_key) -> None:
    missing = await client.post("/webhooks/chatwoot", json=said("hello"), headers=await new_key(Scope.WRITE))

    assert (missing.status_code, "KEFU_CHATWOOT__URL" in missing.json()["detail"]) == (404, True)


def submitted(content_type: str, values: object) -> dict[str, Any]:
    attributes = {"submitted_values": values}
    return {"event": "message_updated", "content_type": content_type, "content_attributes": attributes}


@pytest.mark.parametrize(
    "changes",
    [
        {"event": "conversation_opened"},
        {"event": "message_updated"},
        {"message_type": "outgoing"},
        {"private": True},
        {"content": None},
        {"conversation": {"id": 7, "status": "open"}},
        {"account": None},
        {"content": "", "attachments": []},
        submitted("input_csat", {"csat_survey_response": {"rating": 5}}),
        submitted("form", [{"name": "email", "value": "a@b.c"}]),
        submitted("form", [{"name": "age", "value": 5}]),
        submitted("input_email", None),
        {"event": "message_updated", "content_attributes": None},
    ],
)
def test_what_is_not_the_bots_to_answer_is_passed_over(changes: dict[str, Any]) -> None:
    assert said_in(Event.model_validate(said("hello", **changes))) is None


def test_choice_that_was_picked_is_understood() -> None:
    assert said_in(Event.model_validate(picking("ans_1", 9))) == Said(2, 7, 9, Kind.CHOICE, "ans_1")


def test_fields_that_are_null_are_as_good_as_missing() -> None:
    event = said("hello", 9, private=None, content_attributes=None)

    assert said_in(Event.model_validate(event)) == Said(2, 7, 9, Kind.TEXT, "hello")


def test_question_back_offers_its_choices() -> None:
    row = {"reply": {"text": "Which one?"}, "choices": [{"answer_id": "ans_1", "question": "Returns?"}]}

    assert message_of(row) == {
        "content": "Which one?",
        "message_type": "outgoing",
        "private": False,
        "content_type": "input_select",
        "content_attributes": {"items": [{"title": "Returns?", "value": "ans_1"}]},
    }


@pytest.mark.parametrize(
    "wrong", [{"url": "https://chat.example"}, {"url": "chat.example", "access_token": "t"}]
)
def test_half_a_connection_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ChatwootSettings(**wrong)
