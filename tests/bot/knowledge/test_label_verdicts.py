"""The four verdicts of an operator on a reply: right, another answer, a new one, out of scope."""

import httpx
import pytest

from bot.access.principals import Scope
from tests.bot.knowledge.replies import best_match, text_given
from tests.fixtures.services import Talk

ASKED = "Can I return something?"
NEW = "my umbrella is broken, can you repair it"
REPAIR = "We repair umbrellas in our shop in Bonn."


@pytest.fixture
async def writer(new_key) -> dict[str, str]:
    return await new_key(Scope.WRITE)


async def label(client: httpx.AsyncClient, key: dict[str, str], **body: object) -> httpx.Response:
    return await client.post("/v1/labels", json=body, headers=key)


async def test_verdict_says_what_the_label_makes_of_the_reply(
    talk: Talk, writer: dict[str, str], knowledge: dict[str, str]
) -> None:
    exchange = (await talk.say(ASKED)).json()
    about = {"exchange_id": exchange["id"]}

    right = (await label(talk.client, writer, right=True, **about)).json()
    named = (await label(talk.client, writer, answer_id=knowledge["returns"], **about)).json()
    other = (await label(talk.client, writer, answer_id=knowledge["invoice"], **about)).json()
    new = (await label(talk.client, writer, text=REPAIR, utterance=NEW, **about)).json()
    none = (await label(talk.client, writer, out_of_scope=True, **about)).json()
    detached = (await label(talk.client, writer, utterance=NEW, answer_id=knowledge["invoice"])).json()

    labels = (right, named, other, new, none, detached)
    assert [given["verdict"] for given in labels] == [
        "right", "right", "other_answer", "new_answer", "out_of_scope", None,
    ]  # fmt: skip
    assert right["answer_id"] == knowledge["returns"]
    assert right["utterance"] == none["utterance"] == ASKED
    assert {given["state"] for given in labels} == {"counted"}


async def test_new_answer_is_approved_and_given_for_its_question_at_once(
    client: httpx.AsyncClient, writer: dict[str, str]
) -> None:
    given = (await label(client, writer, utterance=NEW, text=REPAIR, language="en")).json()

    assert await best_match(client, writer, NEW) == given["answer_id"]
    assert await text_given(client, writer, NEW) == REPAIR
    answer = (await client.get(f"/v1/answers/{given['answer_id']}", headers=writer)).json()
    assert (answer["state"], answer["questions"], answer["language"]) == ("approved", 1, "en")


async def test_new_answer_beside_one_that_says_nearly_the_same_is_refused(
    client: httpx.AsyncClient, writer: dict[str, str], knowledge: dict[str, str]
) -> None:
    text = "You can send it back within sixty days."

    refused = await label(client, writer, utterance=NEW, text=text)
    forced = await label(client, writer, utterance=NEW, text=text, force=True)

    assert refused.status_code == 409
    assert refused.json()["errors"][0]["answer_id"] == knowledge["returns"]
    assert "force: true" in refused.json()["detail"]
    assert forced.status_code == 201


async def test_new_answer_to_a_question_that_another_has_nearly_is_refused(
    client: httpx.AsyncClient, writer: dict[str, str], knowledge: dict[str, str]
) -> None:
    refused = await label(client, writer, utterance="How long does the delivery take?", text=REPAIR)

    assert refused.status_code == 409
    (rival,) = refused.json()["errors"]
    assert (rival["kind"], rival["answer_id"]) == ("question", knowledge["delivery"])
    assert rival["text"] == "How long does delivery take?"
    assert rival["question_id"].startswith("qst_")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"right": True}, 422),
        ({"right": True, "out_of_scope": True, "exchange_id": "exc_1"}, 422),
        ({"utterance": NEW, "text": REPAIR, "answer_id": "ans_1"}, 422),
        ({"utterance": NEW, "text": REPAIR, "language": "fr"}, 422),
        ({"utterance": NEW, "out_of_scope": True, "language": "en"}, 422),
        ({"right": True, "exchange_id": "exc_none"}, 404),
    ],
)
async def test_senseless_verdict_is_refused(
    client: httpx.AsyncClient, writer: dict[str, str], body: dict[str, object], status: int
) -> None:
    assert (await label(client, writer, **body)).status_code == status
    assert (await client.get("/v1/labels", headers=writer)).json()["items"] == []


async def test_reply_without_an_answer_cannot_be_called_right(talk: Talk, writer: dict[str, str]) -> None:
    exchange = (await talk.say("hello")).json()
    refused = await label(talk.client, writer, right=True, exchange_id=exchange["id"])
    assert refused.status_code == 409
    assert "gave no answer" in refused.json()["detail"]


async def test_labels_are_listed_by_source_and_state(
    client: httpx.AsyncClient, writer: dict[str, str]
) -> None:
    given = (await label(client, writer, utterance=NEW, out_of_scope=True)).json()

    async def ids(query: str) -> list[str]:
        listed = await client.get(f"/v1/labels?{query}", headers=writer)
        return [item["id"] for item in listed.json()["items"]]

    assert await ids("source=operator&state=counted") == [given["id"]]
    assert await ids("source=visitor_choice") == await ids("state=candidate") == []
