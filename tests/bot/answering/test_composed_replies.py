"""A reply composed from imported documents, through HTTP: quoted, explained, kept, and over when its source is."""

from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import update

from bot.access.principals import Scope
from bot.answering.composed_parts import composed_text
from bot.answering.context import turns_before
from bot.db.base import now
from bot.db.engine import Database
from bot.db.source_tables import Document
from bot.settings import Settings
from retrieval.composition_confidence import composed_at
from tests.bot.imports.importing import bring_in
from tests.fixtures.services import Talk, fill_knowledge, start_talk

QUESTION = "Can I take my bicycle on the ferry to the islands in winter?"
PAGE = f"""---
url: https://shop.example/help/ferry
---
# Ferry

Our ships are painted blue and white.

## {QUESTION}

Yes. A bicycle costs 4 euros.
"""
CHINESE_QUESTION = "猫能坐船吗"
NOTE = "I only have this in another language. It says:"
SOURCE = {
    "title": "Ferry",
    "url": "https://shop.example/help/ferry",
    "heading": f"Ferry › {QUESTION}",
}


@pytest.fixture
async def knowledge(database: Database, settings: Settings, tmp_path: Path) -> dict[str, str]:
    place = tmp_path / "help"
    place.mkdir()
    (place / "ferry.md").write_text(PAGE, encoding="utf-8")
    (place / "cat.md").write_text(f"# {CHINESE_QUESTION}\n\n可以。费用四欧元。\n", encoding="utf-8")
    for number in range(70):
        text = f"# Room {number}\n\nThere is a table for {number} people. The window looks at the yard.\n"
        (place / f"room-{number}.md").write_text(text, encoding="utf-8")
    await bring_in(database, settings, place)
    return await fill_knowledge(database)


async def test_every_sentence_comes_with_its_source(talk: Talk) -> None:
    exchange = (await talk.say(QUESTION)).json()

    assert (exchange["outcome"], exchange["choices"]) == ("composed", [])
    reply = exchange["reply"]
    assert (reply["text"], reply["language"]) == ("Yes. A bicycle costs 4 euros.", "en")
    assert [part["text"] for part in reply["parts"]] == ["Yes.", "A bicycle costs 4 euros."]
    (section_id,) = {part["section_id"] for part in reply["parts"]}
    assert section_id.startswith("sec_")
    assert [(part["answer_id"], part["source"]) for part in reply["parts"]] == [(None, SOURCE)] * 2
    again = await talk.client.get(
        f"/v1/conversations/{exchange['conversation_id']}/messages", headers=talk.headers
    )
    assert again.json()["items"][-1]["text"] == reply["text"]


async def test_message_that_may_lean_on_another_one_is_composed_from_documents_too(talk: Talk) -> None:
    assert (await talk.say("How long does delivery take?")).json()["outcome"] == "answered"

    exchange = (await talk.say(f"And {QUESTION[0].lower()}{QUESTION[1:]}")).json()

    assert (exchange["outcome"], exchange["reply"]["text"]) == ("composed", "Yes. A bicycle costs 4 euros.")


async def test_what_was_composed_is_what_the_next_message_may_lean_on(talk: Talk, database: Database) -> None:
    await talk.say(QUESTION)

    (turn,) = await database.quick.read(lambda c: turns_before(c, talk.id, at=now()))

    assert (turn.utterance, turn.reply, turn.answer_id) == (QUESTION, "Yes. A bicycle costs 4 euros.", None)
    assert not turn.unfinished


async def test_explanation_tells_rule_sections_and_what_was_left_out(
    client: httpx.AsyncClient, new_key
) -> None:
    key = await new_key(Scope.WRITE)
    started = await client.post("/v1/conversations", json={}, headers=key)
    path = f"/v1/conversations/{started.json()['conversation_id']}/messages"
    explained = await client.post(path, params={"explain": True}, json={"text": QUESTION}, headers=key)

    body = explained.json()
    assert (body["outcome"], body["rule"]) == ("composed", "composed_from_sources")
    assert body["confidence"] >= body["evidence"]["compose_at"] == composed_at(0.10)
    composition = body["evidence"]["composition"]
    assert [row["text"] for row in composition["sentences"]] == ["Yes.", "A bicycle costs 4 euros."]
    assert {row["heading"] for row in composition["sentences"]} == {SOURCE["heading"]}
    assert body["evidence"]["sections"][0]["heading"] == SOURCE["heading"]
    assert body["latency_ms"]["sections"] < 200


async def test_document_that_is_over_is_quoted_no_more(client: httpx.AsyncClient, database: Database) -> None:
    async with database.write() as session:
        await session.execute(
            update(Document).where(Document.title == "Ferry").values(valid_until=now() - timedelta(seconds=1))
        )
    exchange = (await (await start_talk(client)).say(QUESTION)).json()
    assert exchange["outcome"] != "composed"
    assert "euros" not in exchange["reply"]["text"]


async def test_approved_answer_comes_before_anything_composed(talk: Talk) -> None:
    exchange = (await talk.say("How long does delivery take?")).json()
    assert exchange["outcome"] == "answered"
    (part,) = exchange["reply"]["parts"]
    assert part == {"text": exchange["reply"]["text"], "answer_id": part["answer_id"]}


async def test_source_in_another_language_alone_is_quoted_with_a_note(
    client: httpx.AsyncClient, database: Database
) -> None:
    """The Chinese page is asked for with its own words, in a message that is English by its other words."""
    asked = f"what is it that you do with this: {CHINESE_QUESTION}"
    reply = (await (await start_talk(client)).say(asked)).json()["reply"]
    assert reply["language"] == "en"
    first, *rest = reply["parts"]
    assert first == {"text": NOTE, "answer_id": None}
    assert [part["text"] for part in rest] == ["可以。", "费用四欧元。"]
    assert reply["text"] == f"{NOTE}\n\n可以。费用四欧元。"


@pytest.mark.parametrize(
    ("told", "text"),
    [
        ([("a", "One."), ("a", "Two.")], "One. Two."),
        ([("a", "One."), ("b", "Two.")], "One.\n\nTwo."),
        ([("a", "七天内可以退货。"), ("a", "邮费我们出。")], "七天内可以退货。邮费我们出。"),
        ([("a", "Bring:\n- a photo"), ("a", "Then wait.")], "Bring:\n- a photo\nThen wait."),
        ([(None, "It says:"), ("a", "One.")], "It says:\n\nOne."),
    ],
)
def test_sentences_of_a_section_run_on(told: list[tuple[str | None, str]], text: str) -> None:
    assert composed_text([{"text": said, "section_id": section} for section, said in told]) == text
