"""/v1/questions and /v1/labels through HTTP, on both databases."""

import httpx
import pytest
from sqlalchemy import select

from bot.access.principals import Scope
from bot.db.access_tables import AuditEntry
from bot.db.engine import Database
from bot.db.knowledge_tables import Question
from bot.knowledge.index_feed import load_knowledge, load_out_of_scope, load_question_sources
from tests.bot.knowledge.replies import best_match
from tests.fixtures.services import Talk

NEW = "my package is nowhere, any news"


@pytest.fixture
async def writer(new_key) -> dict[str, str]:
    return await new_key(Scope.WRITE)


async def test_added_question_leads_to_its_answer_at_once(
    client: httpx.AsyncClient, writer: dict[str, str], knowledge: dict[str, str]
) -> None:
    body = {"text": NEW, "answer_id": knowledge["delivery"]}

    added = await client.post("/v1/questions", json=body, headers=writer)

    assert added.status_code == 201
    expected = {"answer_id": knowledge["delivery"], "text": NEW, "language": "en", "source": "operator"}
    assert expected.items() <= added.json().items()
    assert await best_match(client, writer, NEW) == knowledge["delivery"]


async def test_question_that_is_there_already_is_not_added_again(
    client: httpx.AsyncClient, writer: dict[str, str], knowledge: dict[str, str]
) -> None:
    body = {"text": "HOW LONG does delivery take", "answer_id": knowledge["delivery"]}

    again = await client.post("/v1/questions", json=body, headers=writer)

    assert again.status_code == 200
    assert again.json()["text"] == "How long does delivery take?"


async def test_question_of_another_answer_moves_only_when_asked_to(
    client: httpx.AsyncClient, writer: dict[str, str], knowledge: dict[str, str]
) -> None:
    body = {"text": "Where is my invoice?", "answer_id": knowledge["returns"]}

    refused = await client.post("/v1/questions", json=body, headers=writer)
    moved = await client.post("/v1/questions", json={**body, "replace": True}, headers=writer)

    assert refused.status_code == 409
    assert knowledge["invoice"] in refused.json()["detail"]
    assert "replace: true" in refused.json()["detail"]
    assert moved.status_code == 201
    assert await best_match(client, writer, "Where is my invoice?") == knowledge["returns"]


async def test_removed_question_leads_nowhere_and_is_gone(
    client: httpx.AsyncClient, writer: dict[str, str], knowledge: dict[str, str]
) -> None:
    body = {"text": NEW, "answer_id": knowledge["delivery"]}
    added = (await client.post("/v1/questions", json=body, headers=writer)).json()

    removed = await client.delete(f"/v1/questions/{added['id']}", headers=writer)
    again = await client.delete(f"/v1/questions/{added['id']}", headers=writer)
    listed = await client.get(f"/v1/questions?answer_id={knowledge['delivery']}", headers=writer)

    assert (removed.status_code, again.status_code) == (204, 404)
    assert NEW not in [question["text"] for question in listed.json()["items"]]
    assert await best_match(client, writer, NEW) is None


async def test_questions_come_page_by_page(
    client: httpx.AsyncClient, writer: dict[str, str], knowledge: dict[str, str]
) -> None:
    path = f"/v1/questions?answer_id={knowledge['returns']}&limit=3"

    first = (await client.get(path, headers=writer)).json()
    second = (await client.get(f"{path}&cursor={first['next_cursor']}", headers=writer)).json()
    wrong = await client.get("/v1/questions?cursor=YW5z", headers=writer)

    texts = [question["text"] for page in (first, second) for question in page["items"]]
    assert texts == [
        "Can I return something?",
        "How do I send an item back?",
        "可以退货吗？",
        "怎么把东西退回去？",
    ]
    assert second["next_cursor"] is None
    assert wrong.status_code == 422


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"text": NEW, "answer_id": "ans_nope"}, 404),
        ({"text": "", "answer_id": "ans_nope"}, 422),
        ({"text": "🙂", "answer_id": None}, 422),
        ({"text": NEW}, 422),
    ],
)
async def test_wrong_question_is_refused(
    client: httpx.AsyncClient, writer: dict[str, str], body: dict[str, object], status: int
) -> None:
    assert (await client.post("/v1/questions", json=body, headers=writer)).status_code == status


async def test_question_for_a_retired_answer_is_a_conflict(
    client: httpx.AsyncClient, writer: dict[str, str], knowledge: dict[str, str]
) -> None:
    await client.patch(f"/v1/answers/{knowledge['invoice']}", json={"state": "retired"}, headers=writer)

    body = {"text": NEW, "answer_id": knowledge["invoice"]}
    refused = await client.post("/v1/questions", json=body, headers=writer)

    assert refused.status_code == 409


async def test_label_corrects_a_reply_at_once_and_keeps_where_it_came_from(
    client: httpx.AsyncClient,
    writer: dict[str, str],
    talk: Talk,
    knowledge: dict[str, str],
    database: Database,
) -> None:
    exchange = (await talk.say(NEW)).json()
    body = {"utterance": NEW, "answer_id": knowledge["delivery"], "exchange_id": exchange["id"]}

    given = await client.post("/v1/labels", json=body, headers=writer)

    assert given.status_code == 201
    label = given.json()
    expected = {**body, "language": "en", "out_of_scope": False, "source": "operator"}
    assert expected.items() <= label.items()
    assert await best_match(client, writer, NEW) == knowledge["delivery"]
    async with database.read() as session:
        asked = (await session.execute(select(Question).where(Question.label_id == label["id"]))).scalar_one()
        audit = (
            await session.execute(select(AuditEntry).where(AuditEntry.target == label["id"]))
        ).scalar_one()
    assert (asked.text, asked.source, asked.answer_id) == (NEW, "operator", knowledge["delivery"])
    assert (audit.action, audit.actor) == ("label", label["given_by"])


async def test_label_wins_over_the_question_that_led_elsewhere(
    client: httpx.AsyncClient, writer: dict[str, str], knowledge: dict[str, str]
) -> None:
    body = {"utterance": "where is my INVOICE", "answer_id": knowledge["returns"]}

    await client.post("/v1/labels", json=body, headers=writer)

    assert await best_match(client, writer, "where is my INVOICE") == knowledge["returns"]
    asked = await client.get(f"/v1/questions?answer_id={knowledge['invoice']}", headers=writer)
    assert [question["text"] for question in asked.json()["items"]] == ["I need a bill for my company"]


async def test_out_of_scope_label_takes_the_utterance_from_every_answer(
    client: httpx.AsyncClient, writer: dict[str, str], knowledge: dict[str, str]
) -> None:
    body = {"utterance": "Where is my invoice?", "out_of_scope": True}

    given = (await client.post("/v1/labels", json=body, headers=writer)).json()

    asked = await client.get(f"/v1/questions?answer_id={knowledge['invoice']}", headers=writer)
    assert [question["text"] for question in asked.json()["items"]] == ["I need a bill for my company"]
    assert (given["answer_id"], given["out_of_scope"]) == (None, True)
    listed = (await client.get("/v1/labels", headers=writer)).json()
    assert listed == {"items": [given], "next_cursor": None}


async def test_next_model_learns_as_unknown_what_has_no_answer_by_now(
    client: httpx.AsyncClient, writer: dict[str, str], knowledge: dict[str, str], database: Database
) -> None:
    for utterance in (NEW, "do you sell fish"):
        body = {"utterance": utterance, "out_of_scope": True}
        await client.post("/v1/labels", json=body, headers=writer)
    corrected = {"utterance": NEW, "answer_id": knowledge["delivery"]}
    await client.post("/v1/labels", json=corrected, headers=writer)

    async with database.read() as session:
        assert await load_out_of_scope(session) == (("do you sell fish", "en"),)


async def test_next_model_is_told_who_said_it(
    client: httpx.AsyncClient, writer: dict[str, str], knowledge: dict[str, str], database: Database
) -> None:
    body = {"utterance": NEW, "answer_id": knowledge["delivery"]}
    await client.post("/v1/labels", json=body, headers=writer)

    async with database.read() as session:
        _, approved = await load_knowledge(session)
        sources = await load_question_sources(session)

    told = {question.text: sources[question.number] for question in approved.questions}
    assert told[NEW] == "operator"
    assert {source for text, source in told.items() if text != NEW} == {"import"}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"utterance": NEW}, 422),
        ({"utterance": NEW, "answer_id": "ans_1", "out_of_scope": True}, 422),
        ({"utterance": NEW, "answer_id": "ans_nope"}, 404),
        ({"utterance": NEW, "out_of_scope": True, "exchange_id": "exc_nope"}, 404),
        ({"utterance": "…", "out_of_scope": True}, 422),
    ],
)
async def test_wrong_label_is_refused_and_nothing_is_stored(
    client: httpx.AsyncClient, writer: dict[str, str], body: dict[str, object], status: int
) -> None:
    assert (await client.post("/v1/labels", json=body, headers=writer)).status_code == status
    assert (await client.get("/v1/labels", headers=writer)).json()["items"] == []


async def test_label_to_a_draft_is_a_conflict(
    client: httpx.AsyncClient, writer: dict[str, str], knowledge: dict[str, str]
) -> None:
    await client.patch(f"/v1/answers/{knowledge['invoice']}", json={"state": "draft"}, headers=writer)

    body = {"utterance": NEW, "answer_id": knowledge["invoice"]}
    refused = await client.post("/v1/labels", json=body, headers=writer)

    assert refused.status_code == 409
    assert (await client.get("/v1/labels", headers=writer)).json()["items"] == []
