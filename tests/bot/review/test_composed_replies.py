"""Composed replies in review: first in the queue, and a draft answer in one step."""

from pathlib import Path

import httpx
import pytest

from bot.access.principals import Scope
from bot.db.engine import Database
from bot.knowledge.withdrawals import restore_source, withdraw_source
from bot.settings import Settings
from tests.bot.imports.importing import bring_in
from tests.fixtures.services import fill_knowledge, start_talk

QUESTION = "Can I take my bicycle on the ferry to the islands in winter?"
OTHERS = (
    "Where may guests store their surfboard during heavy autumn storms?",
    "Which telescope shows saturn best from your mountain observatory?",
)
QUOTED = "Yes. A bicycle costs 4 euros."
UMBRELLA = "my umbrella is broken, can you repair it"


@pytest.fixture
async def knowledge(database: Database, settings: Settings, tmp_path: Path) -> dict[str, str]:
    place = tmp_path / "help"
    place.mkdir()
    for number, question in enumerate((QUESTION, *OTHERS)):
        page = (
            f"# Ferry\n\n## {question}\n\n{QUOTED}\n"
            if question == QUESTION
            else f"# {question}\n\nIt says {number} so.\n"
        )
        (place / f"page-{number}.md").write_text(page, encoding="utf-8")
    for number in range(70):
        text = f"# Room {number}\n\nThere is a table for {number} people. The window looks at the yard.\n"
        (place / f"room-{number}.md").write_text(text, encoding="utf-8")
    await bring_in(database, settings, place)
    return await fill_knowledge(database)


@pytest.fixture
async def operator(new_key) -> dict[str, str]:
    return await new_key(Scope.OPERATOR)


async def ask(client: httpx.AsyncClient, text: str) -> str:
    return (await (await start_talk(client)).say(text)).json()["id"]


async def test_composed_reply_comes_first_however_little_it_was_asked(
    client: httpx.AsyncClient, operator: dict[str, str]
) -> None:
    for _ in range(3):
        await ask(client, UMBRELLA)
    composed = await ask(client, QUESTION)
    await ask(client, UMBRELLA)

    items = (await client.get("/v1/review", headers=operator)).json()["items"]
    assert [item["utterance"] for item in items] == [QUESTION, UMBRELLA]
    assert (items[0]["exchange_id"], items[0]["outcome"], items[0]["given"]) == (composed, "composed", None)
    assert [(row["text"], row["heading"]) for row in items[0]["quoted"]] == [
        ("Yes.", f"Ferry › {QUESTION}"),
        ("A bicycle costs 4 euros.", f"Ferry › {QUESTION}"),
    ]
    assert items[1]["quoted"] == []


async def test_accepting_makes_a_draft_with_the_question_and_once_approved_it_answers(
    client: httpx.AsyncClient, operator: dict[str, str]
) -> None:
    exchange = await ask(client, QUESTION)
    made = await client.post(f"/v1/review/{exchange}", json={"verdict": "right"}, headers=operator)

    assert made.status_code == 200, made.text
    label = made.json()["decided"]["label"]
    assert (label["verdict"], label["exchange_id"]) == ("right", exchange)
    path = f"/v1/answers/{label['answer_id']}"
    draft = (await client.get(path, headers=operator)).json()
    assert (draft["text"], draft["state"], draft["tags"]) == (QUOTED, "draft", ["composed"])
    assert (made.json()["next"], made.json()["waiting"]) == (None, 0)
    still = (await (await start_talk(client)).say(QUESTION)).json()
    assert still["outcome"] == "composed"

    approved = await client.patch(path, json={"state": "approved"}, headers=operator)
    assert approved.status_code == 200, approved.text
    answered = (await (await start_talk(client)).say(QUESTION)).json()
    assert (answered["outcome"], answered["reply"]["text"]) == ("answered", QUOTED)
    assert answered["reply"]["parts"][0]["answer_id"] == label["answer_id"]


async def test_withdrawing_who_accepted_it_takes_its_answer_out_and_undoing_that_brings_it_back(
    client: httpx.AsyncClient, operator: dict[str, str], database: Database
) -> None:
    exchange = await ask(client, QUESTION)
    made = await client.post(f"/v1/review/{exchange}", json={"verdict": "right"}, headers=operator)
    label = made.json()["decided"]["label"]
    path = f"/v1/answers/{label['answer_id']}"
    await client.patch(path, json={"state": "approved"}, headers=operator)

    async with database.write() as session:
        out = await withdraw_source(session, label["given_by"], taken_out_by="cli")
    assert (out.labels, out.questions, out.answers) == (1, 1, 1)
    assert (await client.get(path, headers=operator)).json()["state"] == "retired"
    async with database.write() as session:
        back = await restore_source(session, label["given_by"], restored_by="cli")
    assert (back.labels, back.questions, back.answers) == (1, 1, 1)
    assert (await client.get(path, headers=operator)).json()["state"] == "approved"


async def test_accepting_twice_makes_one_draft(client: httpx.AsyncClient, operator: dict[str, str]) -> None:
    exchange = await ask(client, QUESTION)
    first, second = [
        await client.post(f"/v1/review/{exchange}", json={"verdict": "right"}, headers=operator)
        for _ in range(2)
    ]
    assert second.json()["decided"]["repeated"]
    assert second.json()["decided"]["label"]["id"] == first.json()["decided"]["label"]["id"]
    drafts = (await client.get("/v1/answers", params={"state": "draft"}, headers=operator)).json()["items"]
    assert [draft["text"] for draft in drafts] == [QUOTED]


async def test_reply_without_an_answer_still_cannot_be_right(
    client: httpx.AsyncClient, operator: dict[str, str]
) -> None:
    exchange = await ask(client, UMBRELLA)
    refused = await client.post(f"/v1/review/{exchange}", json={"verdict": "right"}, headers=operator)
    assert refused.status_code == 409
    assert "gave no answer" in refused.json()["detail"]


async def test_composed_replies_that_people_find_wrong_end_others_until_they_change_their_mind(
    client: httpx.AsyncClient, operator: dict[str, str]
) -> None:
    async def outcome() -> str:
        return (await (await start_talk(client)).say(QUESTION)).json()["outcome"]

    exchanges = []
    for question in OTHERS:
        assert await outcome() == "composed"
        exchanges.append(await ask(client, question))
        path, verdict = f"/v1/review/{exchanges[-1]}", {"verdict": "out_of_scope"}
        wrong = await client.post(path, json=verdict, headers=operator)
        assert wrong.status_code == 200, wrong.text

    assert await outcome() == "handed_off"

    overruled = {"exchange_id": exchanges[0], "right": True}
    right = await client.post("/v1/labels", json=overruled, headers=operator)
    assert right.status_code == 201, right.text
    assert await outcome() == "composed"
