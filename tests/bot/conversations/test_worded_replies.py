"""A composed reply that a language model may word, through HTTP."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx
import numpy as np
import pytest
from sqlalchemy import update

from bot.access.principals import Scope
from bot.conversations.wording import said_before
from bot.db.base import now
from bot.db.engine import Database
from bot.db.source_tables import Document
from bot.settings import PhrasingSettings, Settings
from retrieval.candidates import Retrieved
from retrieval.context import InContext
from tests.bot.imports.importing import bring_in
from tests.fixtures.model_server import Connection, ScriptedModel, hangs, says, scripted_model
from tests.fixtures.services import Talk, fill_knowledge, start_talk

QUESTION = "Can I take my bicycle on the ferry to the islands in winter?"
PAGE = f"# Ferry\n\n## {QUESTION}\n\nA bicycle costs 4 euros. We carry it on the lower deck.\n"
QUOTED = "A bicycle costs 4 euros. We carry it on the lower deck."
WORDED = "A bicycle costs four euros and we carry it on the lower deck."


@pytest.fixture
async def model() -> AsyncIterator[ScriptedModel]:
    async with scripted_model(says(f"{WORDED} [1]")) as running:
        yield running


@pytest.fixture
def tiny_settings(database_settings: Settings, models_dir: Path, model: ScriptedModel) -> Settings:
    phrasing = PhrasingSettings(enabled=True, url=model.url, model="tiny", deadline=timedelta(seconds=20))
    return database_settings.model_copy(update={"models_dir": models_dir, "phrasing": phrasing})


@pytest.fixture
async def knowledge(database: Database, settings: Settings, tmp_path: Path) -> dict[str, str]:
    place = tmp_path / "help"
    place.mkdir()
    (place / "ferry.md").write_text(PAGE, encoding="utf-8")
    for number in range(70):
        text = f"# Room {number}\n\nThere is a table for {number} people. The window looks at the yard.\n"
        (place / f"room-{number}.md").write_text(text, encoding="utf-8")
    await bring_in(database, settings, place)
    return await fill_knowledge(database)


async def explained(client: httpx.AsyncClient, new_key, text: str = QUESTION) -> dict:
    key = await new_key(Scope.WRITE)
    started = await client.post("/v1/conversations", json={}, headers=key)
    path = f"/v1/conversations/{started.json()['conversation_id']}/messages"
    body: dict = (await client.post(path, params={"explain": True}, json={"text": text}, headers=key)).json()
    return body


async def test_checked_wording_is_the_reply_with_its_source(talk: Talk) -> None:
    exchange = (await talk.say(QUESTION)).json()

    assert exchange["outcome"] == "composed"
    assert exchange["reply"]["text"] == WORDED
    (part,) = exchange["reply"]["parts"]
    assert (part["text"], part["source"]["heading"]) == (WORDED, f"Ferry › {QUESTION}")
    assert part["section_id"].startswith("sec_")


async def test_prompt_output_and_cost_stand_in_the_evidence(client: httpx.AsyncClient, new_key) -> None:
    body = await explained(client, new_key)

    kept = body["evidence"]["phrasing"]
    assert (kept["used"], kept["outcome"]) == (True, "worded")
    assert kept["output"] == f"{WORDED} [1]"
    assert f'question: "{QUESTION}"' in kept["prompt"][1]["content"]
    assert kept["tokens"] == {"prompt": 100, "output": 20}
    assert kept["sentences"] == [{"text": WORDED, "sources": [1, 2]}]
    assert body["latency_ms"]["phrasing"] > 0


async def test_a_lie_is_cut_and_the_sources_are_quoted(
    client: httpx.AsyncClient, new_key, model: ScriptedModel
) -> None:
    model.behaviour = says("A bicycle costs 5 euros. Bicycles are free in winter.")

    body = await explained(client, new_key)

    assert body["reply"]["text"] == QUOTED
    kept = body["evidence"]["phrasing"]
    assert (kept["used"], kept["outcome"]) == (False, "too_little_left")
    assert [each["reason"] for each in kept["cut"]] == ["number", "words"]


async def test_personal_data_reaches_no_model(talk: Talk, model: ScriptedModel) -> None:
    await talk.say(f"My e-mail is ana.lee@example.org, what about delivery? {QUESTION}")
    await talk.say(QUESTION)

    assert model.asked
    for connection in model.asked:
        assert "ana.lee@example.org" not in str(connection.asked)


@pytest.mark.parametrize(("how", "sent"), [("follow_up", ("first", "second")), ("alone", ())])
def test_only_what_the_message_leans_on_is_sent_along(how: str, sent: tuple[str, ...]) -> None:
    context = InContext(how, ("second", "first"), 0.9)
    retrieved = Retrieved(np.zeros(1, np.float32), (), "en", words=1, context=context)

    assert said_before(retrieved) == sent


async def test_what_stands_alone_is_sent_alone(talk: Talk, model: ScriptedModel) -> None:
    await talk.say("How long does delivery take?")
    await talk.say(QUESTION)

    assert "earlier:" not in model.asked[-1].asked["messages"][1]["content"]


async def test_an_answer_is_sent_without_asking_a_model(talk: Talk, model: ScriptedModel) -> None:
    exchange = (await talk.say("How long does delivery take?")).json()

    assert (exchange["outcome"], model.asked) == ("answered", [])


async def test_what_ends_while_the_model_writes_is_not_said(
    client: httpx.AsyncClient, database: Database, model: ScriptedModel
) -> None:
    async def while_it_writes(connection: Connection) -> None:
        over = (
            update(Document).where(Document.title == "Ferry").values(valid_until=now() - timedelta(seconds=1))
        )
        async with database.write() as session:
            await session.execute(over)
        await says(WORDED)(connection)

    model.behaviour = while_it_writes
    exchange = (await (await start_talk(client)).say(QUESTION)).json()

    assert len(model.asked) == 1
    assert exchange["outcome"] != "composed"
    assert "euros" not in exchange["reply"]["text"]


class TestDeadline:
    @pytest.fixture
    def tiny_settings(self, database_settings: Settings, models_dir: Path, model: ScriptedModel) -> Settings:
        phrasing = PhrasingSettings(
            enabled=True, url=model.url, model="tiny", deadline=timedelta(milliseconds=300)
        )
        return database_settings.model_copy(update={"models_dir": models_dir, "phrasing": phrasing})

    async def test_sources_are_quoted_when_the_model_hangs(
        self, client: httpx.AsyncClient, new_key, model: ScriptedModel
    ) -> None:
        model.behaviour = hangs

        body = await explained(client, new_key)

        assert body["reply"]["text"] == QUOTED
        assert len(model.asked) == 1
        kept = body["evidence"]["phrasing"]
        assert (kept["used"], kept["outcome"], kept["output"]) == (False, "deadline", None)
