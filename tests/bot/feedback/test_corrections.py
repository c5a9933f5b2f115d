"""POST /v1/exchanges/{id}/correction: the entry that caused a reply is put right, and counts in every worker."""

import asyncio
import time

import httpx
import pytest
from sqlalchemy import select

from bot.access.principals import Scope
from bot.db.access_tables import AuditEntry
from bot.db.engine import Database
from bot.settings import Settings
from tests.bot.knowledge.replies import best_match, text_given
from tests.fixtures.apps import started_app
from tests.fixtures.services import Talk

ASKED = "Where is my invoice?"
REPAIR = "We repair umbrellas in our shop in Bonn."


@pytest.fixture
async def writer(new_key) -> dict[str, str]:
    return await new_key(Scope.WRITE)


async def asked(talk: Talk, text: str = ASKED) -> str:
    exchange = (await talk.say(text)).json()
    id: str = exchange["id"]
    return id


async def correct(talk: Talk, key: dict[str, str], exchange_id: str, **body: object) -> httpx.Response:
    return await talk.client.post(f"/v1/exchanges/{exchange_id}/correction", json=body, headers=key)


async def questions(client: httpx.AsyncClient, key: dict[str, str], answer_id: str) -> dict[str, str]:
    items = (await client.get(f"/v1/questions?answer_id={answer_id}", headers=key)).json()["items"]
    return {item["text"]: item["id"] for item in items}


async def test_replaced_text_is_given_at_once_and_the_old_one_stays_in_the_versions(
    talk: Talk, writer: dict[str, str], knowledge: dict[str, str], database: Database
) -> None:
    exchange = await asked(talk)
    text = "Invoices come by e-mail now."

    corrected = await correct(talk, writer, exchange, action="replace", text=text)

    assert corrected.status_code == 201
    body = corrected.json()
    assert (body["answer"]["id"], body["answer"]["text"]) == (knowledge["invoice"], text)
    assert (body["moved"], body["retired"]) == ([], None)
    assert body["label"]["verdict"] == "right"
    assert body["label"]["exchange_id"] == exchange
    assert await text_given(talk.client, writer, ASKED) == text
    versions = await talk.client.get(f"/v1/answers/{knowledge['invoice']}/versions", headers=writer)
    assert [v["content"]["texts"]["en"] for v in versions.json()["items"]] == [text]
    async with database.read() as session:
        entry = await session.execute(select(AuditEntry).where(AuditEntry.action == "correct_replace"))
        assert entry.scalar_one().target == body["label"]["id"]


async def test_split_moves_the_question_and_those_named_to_a_new_answer(
    talk: Talk, writer: dict[str, str], knowledge: dict[str, str]
) -> None:
    exchange = await asked(talk)
    own = await questions(talk.client, writer, knowledge["invoice"])
    named = own["I need a bill for my company"]
    text = "The bookkeeping sends invoices on Mondays."

    body = (await correct(talk, writer, exchange, action="split", text=text, question_ids=[named])).json()

    assert sorted(body["moved"]) == sorted(own.values())
    assert body["label"]["verdict"] == "new_answer"
    assert set(await questions(talk.client, writer, body["answer"]["id"])) == set(own)
    assert await questions(talk.client, writer, knowledge["invoice"]) == {}
    assert await text_given(talk.client, writer, "I need a bill for my company") == text


async def test_split_to_an_answer_that_is_there_leaves_the_other_questions(
    talk: Talk, writer: dict[str, str], knowledge: dict[str, str]
) -> None:
    exchange = await asked(talk)

    body = (await correct(talk, writer, exchange, action="split", answer_id=knowledge["returns"])).json()

    assert body["label"]["verdict"] == "other_answer"
    assert await best_match(talk.client, writer, ASKED) == knowledge["returns"]
    assert set(await questions(talk.client, writer, knowledge["invoice"])) == {"I need a bill for my company"}


async def test_merge_moves_all_questions_and_retires_the_answer_given(
    talk: Talk, writer: dict[str, str], knowledge: dict[str, str]
) -> None:
    exchange = await asked(talk)

    body = (await correct(talk, writer, exchange, action="merge", answer_id=knowledge["delivery"])).json()

    assert (body["retired"], len(body["moved"])) == (knowledge["invoice"], 2)
    given = (await talk.client.get(f"/v1/answers/{knowledge['invoice']}", headers=writer)).json()
    assert given["state"] == "retired"
    for question in (ASKED, "I need a bill for my company"):
        assert await best_match(talk.client, writer, question) == knowledge["delivery"]


async def test_merge_that_would_lose_a_language_is_refused_unless_forced(
    talk: Talk, writer: dict[str, str], knowledge: dict[str, str]
) -> None:
    exchange = await asked(talk, "Can I return something?")
    merge = {"action": "merge", "answer_id": knowledge["invoice"]}

    refused = await correct(talk, writer, exchange, **merge)
    forced = await correct(talk, writer, exchange, **merge, force=True)

    assert (refused.status_code, forced.status_code) == (409, 201)
    assert "has no text in zh" in refused.json()["detail"]


async def test_added_answer_takes_the_question(talk: Talk, writer: dict[str, str]) -> None:
    exchange = await asked(talk, "can you repair my umbrella")

    body = (await correct(talk, writer, exchange, action="add", text=REPAIR)).json()

    assert body["answer"]["text"] == REPAIR
    assert await best_match(talk.client, writer, "can you repair my umbrella") == body["answer"]["id"]


@pytest.mark.parametrize(
    ("body", "rival"),
    [
        ({"action": "add", "text": "Invoices are under My orders!"}, "text"),
        ({"action": "add", "text": REPAIR}, "question"),
        ({"action": "split", "text": "Invoices are all under My orders."}, "text"),
        ({"action": "replace", "text": "Parcels arrive within three working days."}, "text"),
    ],
)
async def test_rival_is_refused_and_named_until_forced(
    talk: Talk, writer: dict[str, str], body: dict[str, object], rival: str
) -> None:
    exchange = await asked(talk)

    refused = await correct(talk, writer, exchange, **body)
    forced = await correct(talk, writer, exchange, **body, force=True)

    assert refused.status_code == 409
    assert refused.json()["type"] == "urn:kefu:problem:rivals"
    assert refused.json()["errors"][0]["kind"] == rival
    assert forced.status_code == 201


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"action": "replace"}, 422),
        ({"action": "replace", "text": REPAIR, "answer_id": "ans_1"}, 422),
        ({"action": "merge", "text": REPAIR}, 422),
        ({"action": "split"}, 422),
        ({"action": "add", "text": REPAIR, "question_ids": ["qst_1"]}, 422),
        ({"action": "split", "text": REPAIR, "question_ids": ["qst_none"]}, 422),
        ({"action": "merge", "answer_id": "ans_none"}, 404),
        ({"action": "split", "answer_id": "ans_none"}, 404),
        ({"action": "replace", "text": REPAIR, "language": "fr"}, 422),
        ({"action": "burn"}, 422),
    ],
)
async def test_senseless_correction_is_refused_and_changes_nothing(
    talk: Talk, writer: dict[str, str], knowledge: dict[str, str], body: dict[str, object], status: int
) -> None:
    exchange = await asked(talk)

    assert (await correct(talk, writer, exchange, **body)).status_code == status
    assert (await talk.client.get("/v1/labels", headers=writer)).json()["items"] == []
    assert len(await questions(talk.client, writer, knowledge["invoice"])) == 2


async def test_text_is_not_replaced_where_it_has_changed_since_it_was_read(
    talk: Talk, writer: dict[str, str], knowledge: dict[str, str]
) -> None:
    exchange = await asked(talk)
    path = f"/v1/answers/{knowledge['invoice']}"
    version = (await talk.client.get(path, headers=writer)).json()["version"]
    said = {"action": "replace", "version": version}

    first = await correct(talk, writer, exchange, text="Invoices come by e-mail now.", **said)
    second = await correct(talk, writer, exchange, text="Invoices come by post.", **said)

    assert (first.status_code, second.status_code) == (201, 409)
    assert f"stands at version {version + 1}, you read {version}" in second.json()["detail"]
    assert await text_given(talk.client, writer, ASKED) == "Invoices come by e-mail now."
    said["version"] = version + 1
    assert (await correct(talk, writer, exchange, text="Invoices come by post.", **said)).status_code == 201
    of_another = await correct(talk, writer, exchange, action="split", text="Ask us.", version=1)
    assert of_another.status_code == 422


@pytest.mark.parametrize(
    "wanted",
    [
        {"action": "replace", "text": "Invoices come by e-mail now."},
        {"action": "split", "text": "Invoices come by e-mail now."},
        {"action": "merge", "answer_id": "returns", "force": True},
        {"action": "add", "text": "Invoices come by e-mail now.", "force": True},
    ],
)
async def test_what_somebody_else_has_decided_is_corrected_only_by_overruling_it(
    talk: Talk, writer: dict[str, str], new_key, knowledge: dict[str, str], wanted: dict[str, object]
) -> None:
    other = await new_key(Scope.OPERATOR)
    exchange = await asked(talk)
    decided = await talk.client.post(
        f"/v1/review/{exchange}", json={"verdict": "out_of_scope"}, headers=other
    )
    label = decided.json()["decided"]["label"]
    if "answer_id" in wanted:
        wanted = {**wanted, "answer_id": knowledge["returns"]}

    refused = await correct(talk, writer, exchange, **wanted)
    overruled = await correct(talk, writer, exchange, **wanted, overrule=True)
    own = await correct(talk, writer, exchange, action="add", text="Ask the desk.", force=True)

    assert (refused.status_code, overruled.status_code, own.status_code) == (409, 201, 201)
    said = f"{label['given_by']} has decided by {label['id']} that this question is out of scope"
    assert refused.json()["detail"] == f"{said}; to overrule it, send overrule: true"


async def test_answer_is_not_merged_into_itself_nor_into_a_draft(
    talk: Talk, writer: dict[str, str], knowledge: dict[str, str]
) -> None:
    exchange = await asked(talk)
    itself = await correct(talk, writer, exchange, action="merge", answer_id=knowledge["invoice"])
    draft = {"text": "Ask your dealer.", "state": "draft"}
    made = (await talk.client.post("/v1/answers", json=draft, headers=writer)).json()
    into_draft = await correct(talk, writer, exchange, action="merge", answer_id=made["id"])

    assert (itself.status_code, into_draft.status_code) == (422, 409)


async def test_reply_that_gave_no_answer_can_only_be_added_to(talk: Talk, writer: dict[str, str]) -> None:
    exchange = await asked(talk, "I want a human")
    refused = await correct(talk, writer, exchange, action="replace", text=REPAIR)
    assert refused.status_code == 409
    assert "use action add" in refused.json()["detail"]


async def test_visitors_and_readers_correct_nothing_and_a_foreign_exchange_is_missing(
    talk: Talk, writer: dict[str, str], new_key
) -> None:
    exchange = await asked(talk)
    body = {"action": "add", "text": REPAIR}

    by_visitor = await correct(talk, talk.headers, exchange, **body)
    by_reader = await correct(talk, await new_key(Scope.READ), exchange, **body)
    missing = await correct(talk, writer, "exc_none", **body)

    assert [r.status_code for r in (by_visitor, by_reader, missing)] == [403, 403, 404]


async def test_corrected_question_is_answered_rightly_by_another_worker_within_two_seconds(
    talk: Talk, writer: dict[str, str], tiny_settings: Settings, knowledge: dict[str, str]
) -> None:
    """Also in words that are near to it; before any training."""
    wording, near = "my umbrella handle came off, who mends it", "who mends my umbrella, the handle came off"
    exchange = await asked(talk, wording)
    async with started_app(tiny_settings) as other:
        transport = httpx.ASGITransport(other)
        async with httpx.AsyncClient(transport=transport, base_url="http://other.test") as elsewhere:
            assert await best_match(elsewhere, writer, wording) is None

            made = (await correct(talk, writer, exchange, action="add", text=REPAIR)).json()["answer"]["id"]
            corrected_at = time.monotonic()
            while await best_match(elsewhere, writer, wording) != made:
                assert time.monotonic() - corrected_at < 2
                await asyncio.sleep(0.05)

            assert await text_given(elsewhere, writer, wording) == REPAIR
            assert await nearest(elsewhere, writer, near) == made
            assert await nearest(talk.client, writer, near) == made


async def nearest(client: httpx.AsyncClient, key: dict[str, str], text: str) -> str:
    started = (await client.post("/v1/conversations", json={}, headers=key)).json()
    path = f"/v1/conversations/{started['conversation_id']}/messages?explain=true"
    exchange = (await client.post(path, json={"text": text}, headers=key)).json()
    found: str = exchange["candidates"][0]["answer_id"]
    return found
