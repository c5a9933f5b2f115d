"""From the bot to a person and back: who speaks, what the visitor is told, what is refused. Through HTTP, on both databases."""

from itertools import product
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import select

from bot.access.principals import Scope
from bot.db.access_tables import AuditEntry
from bot.db.conversation_tables import Exchange, TalkState
from bot.db.engine import Database
from bot.handoffs.texts import handoff_texts
from bot.handoffs.transitions import MOVES, Step
from tests.bot.handoffs.desk import Desk, ask_for_person, shown, system_messages, transcript
from tests.fixtures.services import Talk, start_talk

EN, ZH, TRADITIONAL = handoff_texts("en"), handoff_texts("zh"), handoff_texts("zh-Hant")
QUESTION, ANSWER = "Can I return something?", "You can send it back within thirty days."


def test_only_these_steps_are_possible() -> None:
    bot, waiting, person, closed = TalkState
    assert {(before, step): MOVES.get((before, step)) for before, step in product(TalkState, Step)} == {
        (bot, Step.REQUEST): waiting,
        (bot, Step.TAKE): person,
        (bot, Step.HAND_BACK): None,
        (bot, Step.CLOSE): closed,
        (bot, Step.NOBODY_CAME): None,
        (bot, Step.REOPEN): None,
        (waiting, Step.REQUEST): None,
        (waiting, Step.TAKE): person,
        (waiting, Step.HAND_BACK): bot,
        (waiting, Step.CLOSE): closed,
        (waiting, Step.NOBODY_CAME): bot,
        (waiting, Step.REOPEN): None,
        (person, Step.REQUEST): None,
        (person, Step.TAKE): None,
        (person, Step.HAND_BACK): bot,
        (person, Step.CLOSE): closed,
        (person, Step.NOBODY_CAME): bot,
        (person, Step.REOPEN): None,
        (closed, Step.REQUEST): waiting,
        (closed, Step.TAKE): None,
        (closed, Step.HAND_BACK): None,
        (closed, Step.CLOSE): None,
        (closed, Step.NOBODY_CAME): None,
        (closed, Step.REOPEN): bot,
    }


async def test_whole_story_is_never_silent_and_never_double(talk: Talk, desk: Desk) -> None:
    await talk.say(QUESTION)
    handoff = await ask_for_person(talk)
    while_waiting = (await talk.say("Where is my invoice?")).json()
    taken = await desk.step("take", handoff["id"])
    to_the_person = (await talk.say(QUESTION)).json()
    await desk.reply(talk, "I have sent you a label.")
    back = await desk.step("hand-back", handoff["id"])
    again = (await talk.say(QUESTION)).json()

    assert (taken.json()["state"], back.json()["state"]) == ("person", "handed_back")
    assert while_waiting["outcome"] == again["outcome"] == "answered"
    assert (to_the_person["outcome"], to_the_person["reply"]["text"]) == ("handed_off", "")
    assert to_the_person["reply"]["parts"] == to_the_person["choices"] == to_the_person["suggestions"] == []
    assert await transcript(talk) == [
        ("customer", QUESTION),
        ("bot", ANSWER),
        ("system", f"{EN.nobody_here} {EN.leave_contact}"),
        ("customer", "Where is my invoice?"),
        ("bot", "Invoices are under My orders."),
        ("system", EN.taken),
        ("customer", QUESTION),
        ("agent", "I have sent you a label."),
        ("system", EN.handed_back),
        ("customer", QUESTION),
        ("bot", ANSWER),
    ]
    assert (await shown(talk))["state"] == "bot"
    assert (await shown(talk))["handoff"] is None


async def test_message_to_a_person_is_an_exchange_by_that_rule_without_evidence(
    talk: Talk, desk: Desk, database: Database
) -> None:
    await ask_for_person(talk)
    await desk.reply(talk)
    await talk.say("my number is bob@example.com", idempotency_key="k-1")
    await talk.say("my number is bob@example.com", idempotency_key="k-1")

    async with database.read() as session:
        exchange = (await session.execute(select(Exchange))).scalar_one()
    assert (exchange.rule, exchange.outcome, exchange.utterance) == (
        "person_is_here",
        "handed_off",
        "my number is [email]",
    )
    assert (exchange.candidates, exchange.confidence, exchange.release_id) == ([], 0.0, None)


async def test_agents_first_reply_takes_over(talk: Talk, desk: Desk) -> None:
    await talk.say("I want to talk to a human")
    await desk.reply(talk, "Hello, this is Ana.")

    assert (await shown(talk))["state"] == "person"
    assert (await talk.say(QUESTION)).json()["reply"]["text"] == ""
    (held,) = await desk.waiting("?state=person")
    assert held["held_by"].startswith("key:key_")


async def test_other_operator_is_refused_and_told_who_holds_it(
    talk: Talk, desk: Desk, other_desk: Desk
) -> None:
    handoff = await ask_for_person(talk)
    await desk.step("take", handoff["id"])
    holder = (await desk.waiting())[0]["held_by"]

    refused = [
        await other_desk.step("take", handoff["id"]),
        await other_desk.step("hand-back", handoff["id"]),
        await other_desk.step("close", handoff["id"]),
        await other_desk.reply(talk),
    ]

    for response in refused:
        problem = response.json()
        assert (response.status_code, problem["type"]) == (409, "urn:kefu:problem:handoff-state")
        assert problem["errors"] == [{"state": "person", "held_by": holder}]
        assert f"is in state 'person', held by {holder} since" in problem["detail"]
    assert [text for role, text in await transcript(talk) if role == "agent"] == []


async def test_taking_twice_is_taking_once_and_ended_handoffs_stay_ended(
    talk: Talk, desk: Desk, database: Database
) -> None:
    handoff = await ask_for_person(talk)
    taken = [await desk.step("take", handoff["id"]) for _ in range(2)]
    await desk.step("close", handoff["id"])
    late = [await desk.step(step, handoff["id"]) for step in ("take", "hand-back", "close")]
    nobody = await desk.step("take", "hnd_none")

    assert [response.status_code for response in taken] == [200, 200]
    assert [response.status_code for response in late] == [409, 409, 409]
    assert late[0].json()["errors"] == [{"state": "closed", "held_by": None}]
    assert nobody.status_code == 404
    assert (await system_messages(talk))[1:] == [EN.taken, EN.closed]
    async with database.read() as session:
        audit = select(AuditEntry.action).where(AuditEntry.target == handoff["id"]).order_by(AuditEntry.id)
        assert (await session.execute(audit)).scalars().all() == ["handoff_take", "handoff_close"]


async def test_message_after_the_close_reopens_with_the_bot(talk: Talk, desk: Desk) -> None:
    handoff = await ask_for_person(talk)
    await desk.step("close", handoff["id"])
    assert (await shown(talk))["state"] == "closed"

    answered = (await talk.say(QUESTION)).json()

    assert answered["reply"]["text"] == ANSWER
    assert (await shown(talk))["state"] == "bot"
    assert (await transcript(talk))[-4:] == [
        ("system", EN.closed),
        ("system", EN.reopened),
        ("customer", QUESTION),
        ("bot", ANSWER),
    ]


async def test_person_can_be_asked_for_again_after_the_close(talk: Talk, desk: Desk) -> None:
    first = await ask_for_person(talk)
    await desk.step("close", first["id"])
    second = await ask_for_person(talk)

    assert second["id"] != first["id"]
    assert (await shown(talk))["state"] == "waiting"


async def test_visitor_goes_back_to_the_bot(talk: Talk, desk: Desk, client: httpx.AsyncClient) -> None:
    path = f"/v1/conversations/{talk.id}/handoff"
    await ask_for_person(talk)
    await desk.reply(talk)
    stranger = (await start_talk(client)).headers

    foreign = await client.delete(path, headers=stranger)
    withdrawn = [await client.delete(path, headers=talk.headers) for _ in range(2)]

    assert (foreign.status_code, [response.status_code for response in withdrawn]) == (404, [204, 204])
    assert (await system_messages(talk))[-2:] == [EN.taken, EN.withdrawn]
    assert (await talk.say(QUESTION)).json()["reply"]["text"] == ANSWER
    assert (await desk.reply(talk)).status_code == 409


async def test_choice_made_while_a_person_is_there_reaches_the_person_only(
    talk: Talk, desk: Desk, database: Database, knowledge: dict[str, str]
) -> None:
    await talk.say(QUESTION)
    async with database.write() as session:
        exchange = (await session.execute(select(Exchange))).scalar_one()
        exchange.choices = [{"answer_id": knowledge["invoice"], "question": "Where is my invoice?"}]
    await ask_for_person(talk)
    await desk.reply(talk)

    chosen = (await talk.send({"choice": knowledge["invoice"]})).json()

    assert (chosen["outcome"], chosen["reply"]["text"]) == ("handed_off", "")
    assert (await transcript(talk))[-1] == ("customer", "Where is my invoice?")


async def test_bot_that_does_not_know_says_what_happens_next(talk: Talk) -> None:
    await talk.say("xylophone zebra quark")
    await talk.say("quark zebra xylophone")

    roles = [role for role, _ in await transcript(talk)]
    assert roles == ["customer", "bot", "system", "customer", "bot"]
    assert await system_messages(talk) == [f"{EN.nobody_here} {EN.leave_contact}"]
    assert (await shown(talk))["handoff"]["reason"] == "nothing_close"


@pytest.mark.parametrize(
    ("said", "texts"), [("可以退货吗？", ZH), ("可以退貨嗎？請問", TRADITIONAL), (QUESTION, EN)]
)
async def test_visitor_is_addressed_in_their_language_and_writing(
    talk: Talk, desk: Desk, said: str, texts: object
) -> None:
    await talk.say(said)
    handoff = await ask_for_person(talk)
    await desk.step("take", handoff["id"])
    await desk.step("close", handoff["id"])

    told = await system_messages(talk)
    assert told[1:] == [texts.taken, texts.closed]  # type: ignore[attr-defined]
    assert told[0].startswith(texts.nobody_here)  # type: ignore[attr-defined]


async def test_repeated_step_with_its_key_gets_the_stored_reply(talk: Talk, desk: Desk) -> None:
    handoff = await ask_for_person(talk)
    once = {"Idempotency-Key": str(uuid4())}

    replies = [await desk.step("close", handoff["id"], **once) for _ in range(2)]

    assert [reply.status_code for reply in replies] == [200, 200]
    assert replies[0].json() == replies[1].json()
    assert (await system_messages(talk)).count(EN.closed) == 1


async def test_briefing_says_what_was_asked_and_tried_and_on_what_evidence(
    talk: Talk, desk: Desk, knowledge: dict[str, str]
) -> None:
    asked = (await talk.say(QUESTION)).json()
    await talk.say("thanks")
    wanted = (await talk.say("I want to talk to a human")).json()

    (handoff,) = await desk.waiting()
    alone = await desk.client.get(f"/v1/handoffs/{handoff['id']}/briefing", headers=desk.key)

    briefing = handoff["briefing"]
    assert alone.json() == briefing
    assert (briefing["question"], briefing["language"], briefing["reason"]) == (
        QUESTION,
        "en",
        "asked_for_person",
    )
    assert [(t["utterance"], t["outcome"], t["rule"]) for t in briefing["tried"]] == [
        (QUESTION, "answered", "known_question"),
        ("thanks", "answered", "small_talk_thanks"),
        ("I want to talk to a human", "handed_off", "asked_for_person"),
    ]
    assert [t["exchange_id"] for t in briefing["tried"]][::2] == [asked["id"], wanted["id"]]
    assert briefing["tried"][0]["reply"] == ANSWER
    assert briefing["tried"][0]["confidence"] > 0.5
    best = briefing["evidence"][0]
    assert (best["answer_id"], best["question"], best["text"]) == (knowledge["returns"], QUESTION, ANSWER)
    assert best["similarity"] == pytest.approx(1.0, abs=1e-3)
    assert briefing["contact"] is None
    assert (handoff["state"], handoff["held_by"]) == ("waiting", None)


async def test_list_is_paged_oldest_first_and_by_state(client: httpx.AsyncClient, desk: Desk) -> None:
    ids = [(await ask_for_person(await start_talk(client)))["id"] for _ in range(3)]
    await desk.step("take", ids[1])
    await desk.step("close", ids[2])

    first = (await client.get("/v1/handoffs?limit=1", headers=desk.key)).json()
    rest = (await client.get(f"/v1/handoffs?cursor={first['next_cursor']}", headers=desk.key)).json()

    assert [item["id"] for item in first["items"] + rest["items"]] == ids[:2]
    assert rest["next_cursor"] is None
    for state, expected in (("waiting", ids[:1]), ("person", ids[1:2]), ("closed", ids[2:])):
        assert [item["id"] for item in await desk.waiting(f"?state={state}")] == expected


async def test_only_operators_see_and_take(talk: Talk, client: httpx.AsyncClient, new_key) -> None:
    handoff = await ask_for_person(talk)
    for key in (talk.headers, await new_key(Scope.READ), await new_key(Scope.WRITE)):
        assert (await client.get("/v1/handoffs", headers=key)).status_code == 403
        for step in ("take", "hand-back", "close"):
            assert (await client.post(f"/v1/handoffs/{handoff['id']}/{step}", headers=key)).status_code == 403
    assert (await shown(talk))["state"] == "waiting"
