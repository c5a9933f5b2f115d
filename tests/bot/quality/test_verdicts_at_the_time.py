"""What was right when a reply was given, whatever is decided about the same words before and since."""

from datetime import timedelta

import httpx
import pytest
from sqlalchemy import select, update

from bot.access.principals import Scope
from bot.db.base import now
from bot.db.conversation_tables import Exchange
from bot.db.engine import Database
from bot.db.knowledge_tables import Label, Question
from bot.figures import service as figures
from bot.figures.repository import Figured
from bot.quality.tolerated import Tolerated
from bot.review.audits import Sample
from tests.bot.quality.test_audits import ask, draw, sample

INVOICE = "Where is my invoice?"
NEW_TEXT = "From January on invoices are in the app."
Key = dict[str, str]


@pytest.fixture
async def operator(new_key) -> Key:
    return await new_key(Scope.OPERATOR)


async def say(client: httpx.AsyncClient, key: Key, **body: object) -> dict[str, object]:
    said = await client.post("/v1/labels", json=body, headers=key)
    assert said.status_code == 201, said.text
    return dict(said.json())


async def retire(client: httpx.AsyncClient, key: Key, answer_id: str, state: str = "retired") -> None:
    changed = await client.patch(f"/v1/answers/{answer_id}", json={"state": state}, headers=key)
    assert changed.status_code == 200, changed.text


def tellings(found: Sample) -> list[tuple[bool, bool, int | None]]:
    return [(each.wrong, each.unknown, each.right_at) for each in found.judged]


RIGHT = (False, False, 0)


async def test_a_later_decision_on_the_same_words_says_nothing_of_earlier_replies(
    client: httpx.AsyncClient, database: Database, release: str, knowledge: dict[str, str], operator: Key
) -> None:
    await ask(client, *[INVOICE] * 3)
    drawn = await draw(database)
    await say(client, operator, exchange_id=drawn[0], right=True)
    assert tellings(await sample(database, release)) == [RIGHT] * 3
    await retire(client, operator, knowledge["invoice"])

    await say(client, operator, utterance=INVOICE, text=NEW_TEXT, language="en", force=True)

    assert tellings(await sample(database, release)) == [RIGHT] * 3
    # Nor does what is decided once more, of other replies: the first decision since they were given counts.
    await say(client, operator, utterance=INVOICE, out_of_scope=True)
    assert tellings(await sample(database, release)) == [RIGHT] * 3


async def test_a_verdict_on_the_very_reply_can_be_corrected(
    client: httpx.AsyncClient, database: Database, release: str, knowledge: dict[str, str], operator: Key
) -> None:
    await ask(client, INVOICE, INVOICE)
    first, second = await draw(database)
    await say(client, operator, exchange_id=first, right=True)
    await say(client, operator, exchange_id=first, answer_id=knowledge["returns"])

    found = {each.exchange_id: each.wrong for each in (await sample(database, release)).judged}

    assert found == {first: True, second: False}


async def test_the_right_answer_was_given_also_where_it_has_been_merged_into_another_since(
    client: httpx.AsyncClient, database: Database, release: str, knowledge: dict[str, str], operator: Key
) -> None:
    await ask(client, INVOICE, INVOICE)
    first, _ = await draw(database)
    body = {"action": "merge", "answer_id": knowledge["returns"], "force": True}

    merged = await client.post(f"/v1/exchanges/{first}/correction", json=body, headers=operator)

    assert merged.status_code == 201, merged.text
    assert tellings(await sample(database, release)) == [RIGHT] * 2
    day = now().date().isoformat()
    async with database.read() as session:
        judged = await figures.reviewed(session, Figured(day, day), tolerated=Tolerated(0.1, {}, {}))
    assert [(each.error.hits, each.error.of) for each in judged.errors] == [(0, 1)]


async def test_a_reply_is_right_also_if_its_answer_was_retired_since_and_that_teaches_nothing(
    client: httpx.AsyncClient, database: Database, release: str, knowledge: dict[str, str], operator: Key
) -> None:
    (drawn,) = await ask(client, INVOICE)
    await draw(database)
    (other,) = await ask(client, "Can I return something?")
    await retire(client, operator, knowledge["invoice"])
    new = await say(client, operator, utterance=INVOICE, text=NEW_TEXT, language="en", force=True)
    assert [each.wrong for each in (await sample(database, release)).judged] == [True]

    label = await say(client, operator, exchange_id=drawn, right=True)

    assert (label["state"], label["verdict"], label["answer_id"]) == ("audit", "right", knowledge["invoice"])
    assert tellings(await sample(database, release)) == [RIGHT]
    listed = (await client.get("/v1/labels?state=audit", headers=operator)).json()["items"]
    assert [each["id"] for each in listed] == [label["id"]]
    # The words lead where they led before, and wait for nobody.
    async with database.read() as session:
        asked = select(Question.answer_id).where(Question.active, Question.text == INVOICE)
        assert list((await session.execute(asked)).scalars()) == [new["answer_id"]]
        day = now().date().isoformat()
        judged = await figures.reviewed(session, Figured(day, day), tolerated=Tolerated(0.1, {}, {}))
    assert [(each.error.hits, each.error.of) for each in judged.errors] == [(0, 1)]
    waiting = (await client.get("/v1/review", headers=operator)).json()["items"]
    assert [item["exchange_id"] for item in waiting] == [other]


async def test_the_queue_takes_such_a_verdict_for_what_was_drawn_alone(
    client: httpx.AsyncClient, database: Database, release: str, knowledge: dict[str, str], operator: Key
) -> None:
    (drawn,) = await ask(client, INVOICE)
    await draw(database)
    (later,) = await ask(client, INVOICE)
    async with database.write() as session:
        await session.execute(
            update(Exchange).where(Exchange.id == later).values(created_at=now() - timedelta(days=9))
        )
    await retire(client, operator, knowledge["invoice"])
    assert (await sample(database, release)).waiting == (drawn,)

    decided = await client.post(f"/v1/review/{drawn}", json={"verdict": "right"}, headers=operator)

    assert decided.status_code == 200, decided.text
    assert decided.json()["decided"]["label"]["state"] == "audit"
    assert tellings(await sample(database, release)) == [RIGHT]
    refused = await client.post("/v1/labels", json={"exchange_id": later, "right": True}, headers=operator)
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:kefu:problem:conflict")


async def test_a_decision_made_when_the_given_answer_was_gone_gives_way_to_the_one_before(
    client: httpx.AsyncClient, database: Database, release: str, knowledge: dict[str, str], operator: Key
) -> None:
    await say(client, operator, utterance=INVOICE, answer_id=knowledge["invoice"])
    await ask(client, INVOICE)
    await retire(client, operator, knowledge["invoice"])
    await say(client, operator, utterance=INVOICE, text=NEW_TEXT, language="en", force=True)

    await draw(database)

    assert tellings(await sample(database, release)) == [RIGHT]


async def test_a_decision_that_had_lost_its_answer_before_the_question_came_judges_nothing(
    client: httpx.AsyncClient, database: Database, release: str, knowledge: dict[str, str], operator: Key
) -> None:
    await say(client, operator, utterance=INVOICE, answer_id=knowledge["invoice"])
    await retire(client, operator, knowledge["invoice"])
    (asked,) = await ask(client, INVOICE)
    await draw(database)
    assert (await sample(database, release)).waiting == (asked,)

    await client.post(f"/v1/review/{asked}", json={"verdict": "out_of_scope"}, headers=operator)

    assert [each.unknown for each in (await sample(database, release)).judged] == [True]


async def test_an_answer_that_could_not_be_given_yet_leaves_the_question_unknown(
    client: httpx.AsyncClient, database: Database, release: str, operator: Key
) -> None:
    """Drafted before, approved since; retired in between, and approved anew."""
    body = {"text": "We repair umbrellas in Bonn.", "language": "en", "state": "draft"}
    made = await client.post("/v1/answers", json=body, headers=operator)
    answer_id = made.json()["id"]
    asked = await ask(client, "repair of umbrellas")
    await retire(client, operator, answer_id, state="approved")
    asked += await ask(client, "do you mend an umbrella")
    await retire(client, operator, answer_id)
    asked += await ask(client, "broken brolly")
    await retire(client, operator, answer_id, state="approved")
    await draw(database)
    for exchange_id in asked:
        await say(client, operator, exchange_id=exchange_id, answer_id=answer_id)

    judged = {each.exchange_id: each.unknown for each in (await sample(database, release)).judged}

    assert [judged[exchange_id] for exchange_id in asked] == [True, False, True]


async def test_verdicts_of_the_past_are_withdrawn_with_their_source(
    client: httpx.AsyncClient, database: Database, release: str, knowledge: dict[str, str], operator: Key
) -> None:
    (drawn,) = await ask(client, INVOICE)
    await draw(database)
    await retire(client, operator, knowledge["invoice"])
    await say(client, operator, exchange_id=drawn, right=True)
    async with database.write() as session:
        await session.execute(update(Label).values(withdrawn_at=now()))

    assert (await sample(database, release)).waiting == (drawn,)
