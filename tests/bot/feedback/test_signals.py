"""What visitors do after an answer is kept, once, and only where it says something about that answer."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest
from sqlalchemy import select, text

from bot.db.base import now
from bot.db.conversation_tables import Exchange, Signal, SignalKind
from bot.db.engine import Database
from bot.db.knowledge_tables import Label
from bot.feedback.signals import ALIKE, Replied, note_departures, signal_after
from bot.knowledge.likeness import likeness
from tests.fixtures.services import Talk

AT = datetime(2026, 11, 1, 12, tzinfo=UTC)
BEFORE = Replied("exc_1", "How long does delivery take?", "ans_1", AT)


@pytest.mark.parametrize(
    ("utterance", "wants_person", "best_now", "after_s", "kind"),
    [
        ("How long does a delivery take to Spain?", False, None, 30, SignalKind.REPHRASED),
        ("when does my stuff come", False, "ans_1", 30, SignalKind.REPHRASED),
        ("HOW LONG DOES DELIVERY TAKE", False, "ans_1", 30, None),
        ("Do you sell fish?", False, "ans_2", 30, None),
        ("when does my stuff come", False, "ans_1", 301, None),
        ("give me a person", True, None, 30, SignalKind.ASKED_FOR_PERSON),
        ("give me a person", True, None, 301, None),
    ],
)
def test_signal_is_what_comes_right_after_an_answer(
    utterance: str, wants_person: bool, best_now: str | None, after_s: int, kind: SignalKind | None
) -> None:
    at = AT + timedelta(seconds=after_s)
    assert signal_after(BEFORE, utterance, wants_person=wants_person, best_now=best_now, at=at) is kind


def test_reply_that_gave_no_answer_gets_no_signal() -> None:
    before = Replied("exc_1", "hello", None, AT)
    assert signal_after(before, "hello there", wants_person=True, best_now="ans_1", at=AT) is None


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("how long does delivery take", "how long does the delivery take", True),
        ("how long does delivery take", "where is my invoice", False),
        ("快递要多久才能到", "快递多久能到", True),
        ("快递要多久才能到", "可以退货吗", False),
        ("a", "a", True),
    ],
)
def test_wordings_are_alike_when_they_share_enough_letters(one: str, other: str, same: bool) -> None:
    assert (likeness(one, other) >= ALIKE) is same


async def answered(talk: Talk, question: str = "Can I return something?") -> dict[str, str]:
    exchange: dict[str, str] = (await talk.say(question)).json()
    assert exchange["outcome"] == "answered"
    return exchange


async def signals(database: Database) -> list[tuple[str, str, str | None]]:
    async with database.read() as session:
        rows = (await session.execute(select(Signal).order_by(Signal.id))).scalars()
        return [(row.exchange_id, row.kind, row.answer_id) for row in rows]


async def test_rephrasing_and_then_asking_for_a_person_are_kept(
    talk: Talk, database: Database, knowledge: dict[str, str]
) -> None:
    first = await answered(talk)
    await talk.say("Can I return something I bought?")
    assert await signals(database) == [(first["id"], "rephrased", knowledge["returns"])]

    second = await answered(talk)
    await talk.client.post(f"/v1/conversations/{talk.id}/handoff", headers=talk.headers)
    await talk.client.post(f"/v1/conversations/{talk.id}/handoff", headers=talk.headers)
    assert (await signals(database))[-1] == (second["id"], "asked_for_person", knowledge["returns"])
    assert len([kind for _, kind, _ in await signals(database) if kind == "asked_for_person"]) == 1


async def test_wish_for_a_person_in_words_is_kept_with_who_said_it(
    talk: Talk, database: Database, knowledge: dict[str, str]
) -> None:
    await answered(talk)
    await talk.say("I want to talk to a human")
    async with database.read() as session:
        signal = (await session.execute(select(Signal))).scalar_one()
    assert (signal.kind, signal.answer_id) == ("asked_for_person", knowledge["returns"])
    assert (signal.given_by or "").startswith("visitor:vis_")


async def test_choice_is_a_signal_and_a_candidate_that_teaches_nothing(
    talk: Talk, database: Database, knowledge: dict[str, str]
) -> None:
    asked = (await talk.say("Can I return something?")).json()
    async with database.write() as session:
        exchange = (await session.execute(select(Exchange))).scalar_one()
        exchange.choices = [{"answer_id": knowledge["invoice"], "question": "Where is my invoice?"}]
    await talk.send({"choice": knowledge["invoice"]})

    assert await signals(database) == [(asked["id"], "chose", knowledge["invoice"])]
    async with database.read() as session:
        label = (await session.execute(select(Label))).scalar_one()
    assert (label.state, label.exchange_id, label.source) == ("candidate", asked["id"], "visitor_choice")
    assert (label.address_block or "").count(".") == 1


async def test_leaving_after_an_answer_is_noted_once_and_only_after_half_an_hour(
    client: httpx.AsyncClient, talk: Talk, database: Database, knowledge: dict[str, str]
) -> None:
    await answered(talk)
    last = await answered(talk, "Where is my invoice?")

    assert await note_departures(database) == 0
    assert await note_departures(database, at=now() + timedelta(minutes=31)) == 1
    assert await note_departures(database, at=now() + timedelta(minutes=32)) == 0
    assert await signals(database) == [(last["id"], "left", knowledge["invoice"])]


async def test_nobody_leaves_who_never_got_an_answer_or_waits_for_a_person(
    talk: Talk, database: Database
) -> None:
    await talk.say("hello")
    assert await note_departures(database, at=now() + timedelta(hours=1)) == 0
    await answered(talk)
    await talk.client.post(f"/v1/conversations/{talk.id}/handoff", headers=talk.headers)
    assert await note_departures(database, at=now() + timedelta(hours=1)) == 0


async def test_integrators_talk_without_a_visitor_ends_nowhere(talk: Talk, database: Database) -> None:
    await answered(talk)
    async with database.write() as session:
        await session.execute(text("UPDATE conversations SET visitor_id = NULL"))
    assert await note_departures(database, at=now() + timedelta(hours=1)) == 0
