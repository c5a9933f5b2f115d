"""Taking one source's labels out leaves the knowledge as if they had never been given; undo puts them back."""

import httpx
import pytest
from sqlalchemy import select, update

from bot.access.principals import Scope
from bot.db.access_tables import AuditEntry
from bot.db.engine import Database
from bot.db.knowledge_tables import Answer, Label, Question
from bot.errors import InvalidInputError, NotFoundError
from bot.knowledge.index_feed import load_changes, load_knowledge, load_out_of_scope
from bot.knowledge.withdrawals import Withdrawal, restore_source, withdraw_source
from tests.fixtures.services import Talk

ASKED = "Where is my invoice?"
NEW = "my package is nowhere, any news"
REPAIR = "We repair umbrellas in our shop in Bonn."


@pytest.fixture
async def rogue(new_key) -> dict[str, str]:
    return await new_key(Scope.OPERATOR)


@pytest.fixture
async def good(new_key) -> dict[str, str]:
    return await new_key(Scope.OPERATOR)


async def post(
    client: httpx.AsyncClient, path: str, key: dict[str, str], **body: object
) -> dict[str, object]:
    made: dict[str, object] = (await client.post(path, json=body, headers=key)).raise_for_status().json()
    return made


async def label(client: httpx.AsyncClient, key: dict[str, str], **body: object) -> str:
    """Returns who gave it."""
    return str((await post(client, "/v1/labels", key, **body))["given_by"])


async def served(database: Database) -> tuple[set[tuple[str, str]], set[str]]:
    """(question, answer) pairs and answer texts, as the next index has them."""
    async with database.read() as session:
        _, knowledge = await load_knowledge(session)
    pairs = {(question.text, question.answer_id) for question in knowledge.questions}
    return pairs, {passage.text for passage in knowledge.passages}


async def withdraw(database: Database, source: str) -> Withdrawal:
    async with database.write() as session:
        return await withdraw_source(session, source, taken_out_by="cli")


async def restore(database: Database, source: str) -> Withdrawal:
    async with database.write() as session:
        return await restore_source(session, source, restored_by="cli")


async def test_everything_a_key_did_by_labels_is_taken_out_and_put_back(
    talk: Talk, rogue: dict[str, str], knowledge: dict[str, str], database: Database
) -> None:
    """New questions, a stolen one, one called out of scope, a new answer, a split and a merge."""
    client, before = talk.client, await served(database)
    who = await label(client, rogue, utterance=NEW, answer_id=knowledge["invoice"])
    await label(client, rogue, utterance="Can I return something?", answer_id=knowledge["delivery"])
    await label(client, rogue, utterance="什么时候送货", out_of_scope=True)
    await label(client, rogue, utterance="who mends umbrellas", text=REPAIR)
    split = (await talk.say("When will my parcel arrive?")).json()["id"]
    path = f"/v1/exchanges/{split}/correction"
    await post(client, path, rogue, action="split", text="Parcels come when they come, friends.")
    merged = (await talk.say(ASKED)).json()["id"]
    path = f"/v1/exchanges/{merged}/correction"
    await post(client, path, rogue, action="merge", answer_id=knowledge["returns"])
    after = await served(database)
    assert before != after

    out = await withdraw(database, who)

    assert (out.labels, out.answers) == (6, 3)  # two answers retired, one brought back
    assert await served(database) == before
    async with database.read() as session:
        assert await load_out_of_scope(session) == ()

    back = await restore(database, who)

    assert (back.labels, back.answers) == (6, 3)
    assert await served(database) == after
    async with database.read() as session:
        assert await load_out_of_scope(session) == (("什么时候送货", "zh"),)

    await withdraw(database, who)
    assert await served(database) == before


async def test_a_merge_that_is_put_back_takes_nothing_from_the_answer_it_led_to_and_that_was_merged_away_since(
    talk: Talk, rogue: dict[str, str], good: dict[str, str], knowledge: dict[str, str], database: Database
) -> None:
    """Invoices into returns, taken back; then returns into invoices by somebody else; then the first once more."""
    client, invoice, returns = talk.client, knowledge["invoice"], knowledge["returns"]
    first = (await talk.say(ASKED)).json()["id"]
    path = f"/v1/exchanges/{first}/correction"
    await post(client, path, rogue, action="merge", answer_id=returns)
    listed = (await client.get("/v1/labels", headers=good)).json()["items"]
    who = next(each["given_by"] for each in listed)
    await withdraw(database, who)
    second = (await talk.say("Can I return something?")).json()["id"]
    path = f"/v1/exchanges/{second}/correction"
    await post(client, path, good, action="merge", answer_id=invoice, force=True)
    before = await served(database)
    assert {answer_id for _, answer_id in before[0]} >= {invoice}
    assert returns not in {answer_id for _, answer_id in before[0]}

    await restore(database, who)

    assert await served(database) == before
    async with database.read() as session:
        retired = set((await session.execute(select(Answer.id).where(Answer.state == "retired"))).scalars())
    assert returns in retired
    assert invoice not in retired


async def test_index_of_a_worker_is_told_and_audit_says_how_much(
    client: httpx.AsyncClient, rogue: dict[str, str], knowledge: dict[str, str], database: Database
) -> None:
    who = await label(client, rogue, utterance=ASKED, answer_id=knowledge["delivery"])
    async with database.read() as session:
        made = (await session.execute(select(Question).where(Question.label_id.is_not(None)))).scalar_one()
        gone = (
            await session.execute(select(Question).where(Question.text == ASKED).order_by(Question.number))
        ).scalars()
        original = next(iter(gone))
        revision, _ = await load_knowledge(session)

    await withdraw(database, who.removeprefix("key:"))

    async with database.read() as session:
        changes = await load_changes(session, since=revision)
        audit = (
            await session.execute(select(AuditEntry).where(AuditEntry.action == "withdraw_source"))
        ).scalar_one()
    assert changes.removed_questions == [made.number]
    assert [(q.number, q.answer_id) for q in changes.upsert.questions] == [
        (original.number, knowledge["invoice"])
    ]
    assert (audit.actor, audit.target, audit.details) == (
        "cli", who, {"labels": 1, "questions": 1, "answers": 0},
    )  # fmt: skip


async def test_other_peoples_labels_stand(
    client: httpx.AsyncClient,
    rogue: dict[str, str],
    good: dict[str, str],
    knowledge: dict[str, str],
    database: Database,
) -> None:
    """Two said the same; and what a good label has decided later is not undone."""
    who = await label(client, rogue, utterance=NEW, answer_id=knowledge["delivery"])
    await label(client, good, utterance=NEW, answer_id=knowledge["delivery"])
    await label(client, rogue, utterance=ASKED, answer_id=knowledge["delivery"])
    await label(client, good, utterance=ASKED, answer_id=knowledge["returns"])

    await withdraw(database, who)

    pairs, _ = await served(database)
    assert (NEW, knowledge["delivery"]) in pairs
    assert {answer_id for text, answer_id in pairs if text == ASKED} == {knowledge["returns"]}

    await restore(database, who)
    assert (await served(database))[0] == pairs


async def test_what_was_decided_since_a_withdrawal_stands_when_it_is_undone(
    client: httpx.AsyncClient,
    rogue: dict[str, str],
    good: dict[str, str],
    knowledge: dict[str, str],
    database: Database,
) -> None:
    who = await label(client, rogue, utterance=NEW, answer_id=knowledge["delivery"])
    await withdraw(database, who)
    await label(client, good, utterance=NEW, answer_id=knowledge["returns"])

    back = await restore(database, who)

    assert (back.labels, back.questions) == (1, 0)
    pairs, _ = await served(database)
    assert {answer_id for text, answer_id in pairs if text == NEW} == {knowledge["returns"]}


async def unknown(database: Database) -> list[str]:
    """What the next model learns as out of scope."""
    async with database.read() as session:
        return [text for text, _ in await load_out_of_scope(session)]


async def test_what_others_called_out_of_scope_since_stays_so_until_they_are_withdrawn(
    client: httpx.AsyncClient,
    rogue: dict[str, str],
    good: dict[str, str],
    knowledge: dict[str, str],
    database: Database,
) -> None:
    def answers(pairs: set[tuple[str, str]], text: str) -> set[str]:
        return {answer_id for asked, answer_id in pairs if asked == text}

    who = await label(client, rogue, utterance=NEW, answer_id=knowledge["delivery"])
    await label(client, rogue, utterance=ASKED, answer_id=knowledge["delivery"])
    other = await label(client, good, utterance=ASKED, out_of_scope=True)

    await withdraw(database, who)
    assert answers((await served(database))[0], ASKED) == set()
    assert await unknown(database) == [ASKED]
    await label(client, good, utterance=NEW, out_of_scope=True)
    await restore(database, who)
    pairs, _ = await served(database)
    assert (answers(pairs, ASKED), answers(pairs, NEW)) == (set(), set())
    assert sorted(await unknown(database)) == [ASKED, NEW]

    await withdraw(database, other)
    pairs, _ = await served(database)
    assert (answers(pairs, ASKED), answers(pairs, NEW)) == ({knowledge["delivery"]}, {knowledge["delivery"]})
    await withdraw(database, who)
    pairs, _ = await served(database)
    assert (answers(pairs, ASKED), answers(pairs, NEW)) == ({knowledge["invoice"]}, set())


async def test_question_is_there_again_once_both_who_changed_it_are_withdrawn(
    client: httpx.AsyncClient,
    rogue: dict[str, str],
    good: dict[str, str],
    knowledge: dict[str, str],
    database: Database,
) -> None:
    before = await served(database)
    who = await label(client, rogue, utterance=ASKED, answer_id=knowledge["delivery"])
    other = await label(client, good, utterance=ASKED, out_of_scope=True)
    since = await served(database)

    await withdraw(database, who)
    await withdraw(database, other)
    assert await served(database) == before
    await restore(database, other)
    assert (await served(database), await unknown(database)) == (since, [ASKED])
    await restore(database, who)
    assert (await served(database), await unknown(database)) == (since, [ASKED])


async def test_out_of_scope_from_before_keeps_nothing_away(
    client: httpx.AsyncClient,
    rogue: dict[str, str],
    good: dict[str, str],
    knowledge: dict[str, str],
    database: Database,
) -> None:
    await label(client, good, utterance=NEW, out_of_scope=True)
    who = await label(client, rogue, utterance=NEW, answer_id=knowledge["delivery"])
    before = await served(database)
    await withdraw(database, who)
    await restore(database, who)
    assert await served(database) == before
    assert (NEW, knowledge["delivery"]) in before[0]


async def test_question_that_somebody_removed_stays_removed(
    client: httpx.AsyncClient, rogue: dict[str, str], knowledge: dict[str, str], database: Database
) -> None:
    who = await label(client, rogue, utterance=NEW, answer_id=knowledge["delivery"])
    listed = (await client.get(f"/v1/questions?answer_id={knowledge['delivery']}", headers=rogue)).json()
    id = next(item["id"] for item in listed["items"] if item["text"] == NEW)
    await client.delete(f"/v1/questions/{id}", headers=rogue)

    await withdraw(database, who)
    await restore(database, who)

    assert NEW not in {text for text, _ in (await served(database))[0]}


async def test_accepted_replies_go_with_the_agent_and_with_who_accepted_them(
    talk: Talk, rogue: dict[str, str], good: dict[str, str], database: Database
) -> None:
    await talk.say("who mends umbrellas")
    await talk.client.post(f"/v1/conversations/{talk.id}/handoff", headers=talk.headers)
    path = f"/v1/conversations/{talk.id}/agent-replies"
    label_id = (await post(talk.client, path, good, text=REPAIR))["label_id"]
    accepted = await post(talk.client, f"/v1/labels/{label_id}/accept", rogue)

    for source in (accepted["decided_by"], accepted["given_by"], "agent_reply"):
        assert (await withdraw(database, str(source))).answers == 1
        assert REPAIR not in (await served(database))[1]
        assert (await restore(database, str(source))).answers == 1
        assert REPAIR in (await served(database))[1]


async def test_weaker_source_goes_and_a_question_an_operator_confirmed_stays(
    client: httpx.AsyncClient, rogue: dict[str, str], knowledge: dict[str, str], database: Database
) -> None:
    await label(client, rogue, utterance=NEW, answer_id=knowledge["delivery"])
    async with database.write() as session:
        await session.execute(update(Label).values(source="visitor_choice"))
        await session.execute(
            update(Question).where(Question.label_id.is_not(None)).values(source="visitor_choice")
        )
    await label(client, rogue, utterance=NEW, answer_id=knowledge["delivery"])

    out = await withdraw(database, "visitor_choice")

    assert (out.labels, out.questions) == (1, 0)
    assert (NEW, knowledge["delivery"]) in (await served(database))[0]


async def test_answer_that_others_lead_to_by_now_stays(
    client: httpx.AsyncClient, rogue: dict[str, str], good: dict[str, str], database: Database
) -> None:
    who = await label(client, rogue, utterance="who mends umbrellas", text=REPAIR)
    async with database.read() as session:
        made = (await session.execute(select(Label.answer_id))).scalar_one()
    await label(client, good, utterance="umbrella broken", answer_id=made)

    await withdraw(database, who)

    async with database.read() as session:
        assert (await session.get_one(Answer, made)).state == "approved"


@pytest.mark.parametrize(
    ("source", "error", "match"),
    [
        ("visitor_choice", NotFoundError, "no label of 'visitor_choice'"),
        ("key_nobody", NotFoundError, "no label of 'key_nobody'"),
        ("import", InvalidInputError, "comes from files"),
        ("everybody", InvalidInputError, "use operator, agent_reply, visitor_choice"),
    ],
)
async def test_source_without_labels_is_refused(
    database: Database, source: str, error: type[Exception], match: str
) -> None:
    with pytest.raises(error, match=match):
        await withdraw(database, source)
    with pytest.raises(error):
        await restore(database, source)
