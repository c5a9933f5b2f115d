"""Whoever is asked back may type which question is meant, where there is no button or nobody sees it."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from bot.db.base import now
from bot.db.conversation_tables import Exchange
from bot.db.engine import Database
from bot.db.knowledge_tables import Label
from tests.fixtures.services import Talk

INVOICE, DELIVERY = "Where is my invoice?", "How long does delivery take?"


async def offer(talk: Talk, database: Database, *choices: tuple[str, str], minutes_ago: int = 0) -> None:
    """The last reply is taken to have offered these (answer's id, question)."""
    await talk.say("Can I return something?")
    offered = [{"answer_id": answer_id, "question": question} for answer_id, question in choices]
    said_at = now() - timedelta(minutes=minutes_ago)
    async with database.write() as session:
        await session.execute(
            update(Exchange).values(outcome="clarified", choices=offered, created_at=said_at)
        )


@pytest.mark.parametrize(("words", "name"), [("2", "invoice"), ("第一个", "delivery")])
async def test_place_in_words_gives_that_answer_and_teaches_as_a_choice_does(
    talk: Talk, database: Database, knowledge: dict[str, str], words: str, name: str
) -> None:
    await offer(talk, database, (knowledge["delivery"], DELIVERY), (knowledge["invoice"], INVOICE))

    chosen = (await talk.say(words)).json()

    assert chosen["outcome"] == "answered"
    assert [part["answer_id"] for part in chosen["reply"]["parts"]] == [knowledge[name]]
    async with database.read() as session:
        label = (await session.execute(select(Label))).scalar_one()
        asked = (await session.execute(select(Exchange).order_by(Exchange.id.desc()).limit(1))).scalar_one()
    assert (label.utterance, label.answer_id, label.source, label.state) == (
        "Can I return something?",
        knowledge[name],
        "visitor_choice",
        "candidate",
    )
    assert label.address_block is not None
    assert (asked.utterance, asked.question) == (words, {"invoice": INVOICE, "delivery": DELIVERY}[name])
    assert (await talk.messages())[-2]["text"] == words


async def test_yes_chooses_the_only_question(
    talk: Talk, database: Database, knowledge: dict[str, str]
) -> None:
    await offer(talk, database, (knowledge["invoice"], INVOICE))

    assert (await talk.say("yes please")).json()["reply"]["text"] == "Invoices are under My orders."


async def test_words_choose_nothing_when_nothing_was_offered_or_long_ago(
    talk: Talk, database: Database, knowledge: dict[str, str]
) -> None:
    await offer(talk, database, (knowledge["invoice"], INVOICE), minutes_ago=45)

    late = (await talk.say("1")).json()

    assert late["reply"]["text"] != "Invoices are under My orders."
    async with database.read() as session:
        assert (await session.execute(select(Label))).first() is None
