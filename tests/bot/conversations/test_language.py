"""Whose language a conversation is in: the customer's, whatever an answer happens to be written in."""

import httpx
from sqlalchemy import select

from bot.access.principals import Scope
from bot.answering.texts import TEXTS
from bot.db.conversation_tables import Conversation, Exchange
from bot.db.engine import Database
from bot.handoffs.texts import handoff_texts
from bot.settings import Settings
from tests.fixtures.apps import started_app
from tests.fixtures.services import Talk, start_talk

ASKED = "齐柏林飞艇游览几点出发？"
ENGLISH = "Our zeppelin tours start at nine from the harbour."


async def test_answer_in_another_language_does_not_change_the_conversations(
    talk: Talk, database: Database, new_key
) -> None:
    body = {"text": ENGLISH, "language": "en", "questions": [ASKED]}
    made = await talk.client.post("/v1/answers", json=body, headers=await new_key(Scope.OPERATOR))
    assert made.status_code == 201, made.text

    said = (await talk.say(ASKED)).json()
    if said["outcome"] == "clarified":
        said = (await talk.send({"choice": made.json()["id"]})).json()
    await talk.client.post(f"/v1/conversations/{talk.id}/handoff", headers=talk.headers)

    assert (said["reply"]["text"], said["reply"]["language"]) == (ENGLISH, "en")
    async with database.read() as session:
        languages = set(await session.scalars(select(Exchange.language)))
        conversation = (await session.execute(select(Conversation.language))).scalar_one()
    assert (languages, conversation) == ({"zh"}, "zh")
    notice = (await talk.messages())[-1]
    assert notice["role"] == "system"
    assert not str(notice["text"]).isascii()


async def test_closed_conversation_opens_again_in_the_language_of_the_new_message(
    talk: Talk, new_key
) -> None:
    await talk.say("Can I return something?")
    handoff = await talk.client.post(f"/v1/conversations/{talk.id}/handoff", headers=talk.headers)
    operator = await new_key(Scope.OPERATOR)
    closed = await talk.client.post(f"/v1/handoffs/{handoff.json()['id']}/close", headers=operator)
    assert closed.status_code == 200, closed.text

    await talk.say("快递要多久才能到？")

    assert handoff_texts("zh").reopened in [message["text"] for message in await talk.messages()]


async def test_sites_first_language_is_the_one_of_a_conversation_without_words(
    client: httpx.AsyncClient, new_key
) -> None:
    changed = {"languages": ["zh", "en"]}
    admin = await new_key(Scope.ADMIN)
    assert (await client.patch("/v1/sites/default", json=changed, headers=admin)).status_code == 200
    talk = await start_talk(client)

    assert (await talk.say("😀")).json()["reply"]["language"] == "zh"


async def test_conversation_in_a_language_that_is_served_no_longer_goes_on(
    tiny_settings: Settings, release: str
) -> None:
    async with started_app(tiny_settings) as app:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://kefu.test") as client:
            talk = await start_talk(client, language="zh")
            await talk.say("你好")
    narrowed = tiny_settings.model_copy(update={"languages": ("en",)})
    async with started_app(narrowed) as app:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://kefu.test") as client:
            again = await Talk(client, talk.id, talk.headers).say("thank you")

    assert again.status_code == 200
    assert again.json()["reply"]["text"] == TEXTS["en"].thanks
