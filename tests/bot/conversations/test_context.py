"""What was said before a message, through HTTP, on both databases."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import select, update

from bot.access.principals import Scope
from bot.answering.context import turns_before
from bot.answering.serving import Serving
from bot.conversations.repository import asked_alone
from bot.db.base import JsonObject, now
from bot.db.conversation_tables import Conversation, Exchange
from bot.db.engine import Database
from bot.db.knowledge_tables import Question
from retrieval.candidates import Retrieved
from tests.fixtures.services import Talk

DELIVERY, RETURNS = "Parcels arrive within two working days.", "You can send it back within thirty days."


async def evidence(database: Database) -> list[JsonObject]:
    async with database.read() as session:
        rows = (await session.execute(select(Exchange).order_by(Exchange.id))).scalars()
        return [row.evidence for row in rows]


async def later(database: Database, **ago: float) -> None:
    """As if what was said so far had been said so long ago."""
    async with database.write() as session:
        await session.execute(update(Exchange).values(created_at=now() - timedelta(**ago)))


async def test_first_message_has_no_context(talk: Talk, database: Database) -> None:
    await talk.say("and how long does it take?")

    assert "context" not in (await evidence(database))[0]


async def test_second_message_tells_what_it_was_searched_with(talk: Talk, database: Database) -> None:
    await talk.say("How long does delivery take?")
    await talk.say("and when will it arrive?")

    told = (await evidence(database))[1]["context"]
    assert told["with"] == ["How long does delivery take?"]
    assert told["how"] in ("follow_up", "alone")
    assert told["resolved"] == (told["how"] == "follow_up")
    assert 0 <= told["chance"] <= 1


async def test_refused_answer_is_left_out(talk: Talk, database: Database, knowledge: dict[str, str]) -> None:
    first = (await talk.say("How long does delivery take?")).json()
    second = (await talk.say("No, I meant can I return something")).json()

    assert first["reply"]["text"] == DELIVERY
    told = (await evidence(database))[1]
    assert (told["context"]["how"], told["context"]["without"]) == ("correction", knowledge["delivery"])
    assert knowledge["delivery"] not in str(second)
    async with database.read() as session:
        last = (await session.execute(select(Exchange).order_by(Exchange.id.desc()))).scalars().first()
    assert last is not None
    assert knowledge["delivery"] not in [each["answer_id"] for each in last.candidates]


async def test_small_talk_between_is_passed_over(talk: Talk, database: Database) -> None:
    await talk.say("How long does delivery take?")
    thanks = (await talk.say("thank you")).json()
    await talk.say("and when will it arrive?")

    assert thanks["outcome"] == "answered"
    assert (await evidence(database))[2]["context"]["with"] == ["How long does delivery take?"]


async def test_half_an_hour_of_silence_ends_the_context(talk: Talk, database: Database) -> None:
    await talk.say("How long does delivery take?")
    await later(database, minutes=31)
    await talk.say("and when will it arrive?")

    assert "context" not in (await evidence(database))[1]


async def test_persons_takeover_ends_the_context(talk: Talk, database: Database) -> None:
    await talk.say("How long does delivery take?")
    async with database.write() as session:
        await session.execute(update(Conversation).values(state="person"))
    await talk.say("that is for the person")
    async with database.write() as session:
        await session.execute(update(Conversation).values(state="bot"))
    await talk.say("and when will it arrive?")

    assert "context" not in (await evidence(database))[2]


async def test_window_is_bounded(talk: Talk, database: Database) -> None:
    for number in range(6):
        await talk.say(f"zorp number {number} qux")
    turns = await database.quick.read(lambda c: turns_before(c, talk.id, at=now() + timedelta(minutes=1)))

    assert [turn.utterance for turn in turns] == [f"zorp number {number} qux" for number in (5, 4, 3)]
    assert not any(turn.unfinished for turn in turns)


async def test_quick_message_after_an_unanswered_one_is_joined_with_it(
    talk: Talk, database: Database
) -> None:
    first = (await talk.say("can I return")).json()
    assert first["outcome"] != "answered"
    second = (await talk.say("something")).json()

    assert second["reply"]["text"] == RETURNS
    told = (await evidence(database))[1]["context"]
    assert (told["how"], told["with"]) == ("joined", ["can I return"])
    assert [m["text"] for m in await talk.messages()][:3:2] == ["can I return", "something"]
    assert (await talk.messages())[1]["text"] == first["reply"]["text"]


async def test_of_messages_sent_at_once_the_second_sees_the_first(talk: Talk, database: Database) -> None:
    """Which of them is the first is for the network to say."""
    await asyncio.gather(talk.say("can I return"), talk.say("can I return some"))

    async with database.read() as session:
        rows = (await session.execute(select(Exchange).order_by(Exchange.id))).scalars().all()
    assert rows[0].evidence.get("context") is None
    assert rows[1].evidence["context"]["with"] == [rows[0].utterance]


async def test_message_said_again_is_not_joined_with_itself(talk: Talk, database: Database) -> None:
    await talk.say("can I return")
    await talk.say("Can I return?")

    async with database.read() as session:
        asked = (await session.execute(select(Exchange.question).order_by(Exchange.id))).scalars().all()
    assert asked == ["can I return", "Can I return?"]


async def test_joined_message_sent_twice_is_answered_once(talk: Talk, database: Database) -> None:
    await talk.say("can I return")
    key = "0d9d9b6e-6f64-4b6e-8a55-0a4c8f2a1f10"
    first = (await talk.say("something", Idempotency_Key=key)).json()
    second = (await talk.say("something", Idempotency_Key=key)).json()

    assert first == second
    assert len(await evidence(database)) == 2


async def test_later_message_is_not_joined(talk: Talk, database: Database) -> None:
    await talk.say("can I return")
    await later(database, seconds=3)
    await talk.say("something")

    assert (await evidence(database))[1]["context"]["how"] != "joined"


async def test_several_questions_are_answered_each(talk: Talk, knowledge: dict[str, str]) -> None:
    both = (await talk.say("How long does delivery take? Can I return something?")).json()
    chinese = (await talk.say("快递要多久才能到？可以退货吗？")).json()

    assert both["outcome"] == "answered"
    assert both["reply"]["parts"] == [
        {"text": DELIVERY, "answer_id": knowledge["delivery"]},
        {"text": RETURNS, "answer_id": knowledge["returns"]},
    ]
    assert both["reply"]["text"] == f"{DELIVERY}\n\n{RETURNS}"
    assert [part["answer_id"] for part in chinese["reply"]["parts"]] == [
        knowledge["delivery"],
        knowledge["returns"],
    ]


async def test_several_questions_keep_their_own_rule_and_evidence(
    talk: Talk, database: Database, knowledge: dict[str, str]
) -> None:
    await talk.say("How long does delivery take?\nCan I return something?")

    async with database.read() as session:
        row = (await session.execute(select(Exchange))).scalar_one()
    found = row.evidence["questions"]
    assert row.rule == "several_questions"
    assert [each["answer_id"] for each in found] == [knowledge["delivery"], knowledge["returns"]]
    assert row.confidence == pytest.approx(found[0]["confidence"] * found[1]["confidence"], abs=1e-3)


async def test_part_that_leans_on_the_first_is_not_searched_alone(
    talk: Talk, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    searched: list[str] = []
    retrieve = app.state.parts.follower.retrieve

    async def noted(serving: Serving, utterance: str, **more: Any) -> Retrieved:
        searched.append(utterance)
        return await retrieve(serving, utterance, **more)

    monkeypatch.setattr(app.state.parts.follower, "retrieve", noted)
    whole = "How long does delivery take? Can I return it then?"
    await talk.say(whole)

    assert searched == [whole]


async def test_part_without_a_sure_answer_ends_the_search_for_the_others(
    talk: Talk, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    searched: list[str] = []
    retrieve = app.state.parts.follower.retrieve

    async def noted(serving: Serving, utterance: str, **more: Any) -> Retrieved:
        searched.append(utterance)
        return await retrieve(serving, utterance, **more)

    monkeypatch.setattr(app.state.parts.follower, "retrieve", noted)
    whole = "How long does delivery take? My red umbrella broke. Can I return something?"

    assert len((await talk.say(whole)).json()["reply"]["parts"]) == 1

    assert searched == [whole, "My red umbrella broke."]


async def test_what_leant_on_others_is_not_asked_again_without_them(talk: Talk, database: Database) -> None:
    await talk.say("can I return")
    await talk.say("something")
    async with database.read() as session:
        alone = (await session.execute(select(Exchange.utterance).where(asked_alone()))).scalars().all()

    assert alone == ["can I return"]


async def test_label_on_a_message_that_leant_on_another_one_teaches_both(
    talk: Talk, client, new_key, database: Database, knowledge: dict[str, str]
) -> None:
    await talk.say("can I return")
    second = (await talk.say("something")).json()
    operator = await new_key(Scope.OPERATOR)

    waiting = (await client.get("/v1/review", headers=operator)).json()["items"]
    decision = {"verdict": "other_answer", "answer_id": knowledge["delivery"]}
    decided = await client.post(f"/v1/review/{second['id']}", json=decision, headers=operator)

    assert "can I return something" in {item["utterance"] for item in waiting}
    assert decided.json()["decided"]["label"]["utterance"] == "can I return something"
    async with database.read() as session:
        taught = (await session.execute(select(Question.text))).scalars().all()
    assert "can I return something" in taught
    assert "something" not in taught


async def test_stateless_call_brings_its_context(client, new_key, database: Database) -> None:
    headers = await new_key(Scope.WRITE)
    messages = [
        {"role": "system", "content": "Be nice."},
        {"role": "user", "content": "How long does delivery take?"},
        {"role": "assistant", "content": DELIVERY},
        {"role": "user", "content": "and when will it arrive?"},
    ]
    body = {"model": "kefu", "messages": messages}
    response = await client.post("/v1/chat/completions", json=body, headers=headers)

    assert response.status_code == 200
    assert (await evidence(database))[0]["context"]["with"] == ["How long does delivery take?"]
