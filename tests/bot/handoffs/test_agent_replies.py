"""What agents write during a handoff reaches the visitor, and teaches nothing before an operator accepts it."""

from uuid import uuid4

import httpx
import pytest
from sqlalchemy import select

from bot.access.principals import Scope
from bot.db.access_tables import AuditEntry, IdempotencyKey
from bot.db.engine import Database
from bot.erasing.service import erase
from bot.settings import Settings
from tests.bot.knowledge.replies import best_match, text_given
from tests.fixtures.services import Talk

ASKED = "do you repair broken umbrellas"
SAID = "We repair umbrellas in our shop in Bonn. Regards, Ana"


@pytest.fixture
async def operator(new_key) -> dict[str, str]:
    return await new_key(Scope.OPERATOR)


async def hand_over(talk: Talk) -> None:
    await talk.client.post(f"/v1/conversations/{talk.id}/handoff", headers=talk.headers)


async def reply(talk: Talk, key: dict[str, str], text: str = SAID) -> httpx.Response:
    path = f"/v1/conversations/{talk.id}/agent-replies"
    return await talk.client.post(path, json={"text": text}, headers=key)


async def labels(talk: Talk, key: dict[str, str], query: str = "") -> list[dict[str, object]]:
    items: list[dict[str, object]] = (await talk.client.get(f"/v1/labels{query}", headers=key)).json()[
        "items"
    ]
    return items


async def test_reply_is_said_and_becomes_a_draft_for_what_was_asked_before(
    talk: Talk, operator: dict[str, str]
) -> None:
    asked = (await talk.say(ASKED)).json()
    await talk.say("thanks")
    await talk.say("I want to talk to a person")

    replied = await reply(talk, operator, "Call 0228 123456.\n\nWe repair umbrellas in Bonn.")

    assert replied.status_code == 201
    assert (await talk.messages())[-1]["text"] == "Call 0228 123456.\n\nWe repair umbrellas in Bonn."
    assert (await talk.messages())[-1]["role"] == "agent"
    (label,) = await labels(talk, operator, "?state=candidate")
    assert label["id"] == replied.json()["label_id"]
    assert (label["utterance"], label["exchange_id"], label["answer_id"]) == (ASKED, asked["id"], None)
    assert (label["source"], label["state"]) == ("agent_reply", "candidate")
    assert label["draft_text"] == "Call [phone].\n\nWe repair umbrellas in Bonn."
    assert await best_match(talk.client, operator, ASKED) is None


async def test_accepted_draft_is_an_answer_at_once(
    talk: Talk, operator: dict[str, str], database: Database
) -> None:
    await talk.say(ASKED)
    await hand_over(talk)
    label_id = (await reply(talk, operator)).json()["label_id"]
    words = {"text": "We repair umbrellas in our shop in Bonn."}

    accepted = await talk.client.post(f"/v1/labels/{label_id}/accept", json=words, headers=operator)
    again = await talk.client.post(f"/v1/labels/{label_id}/accept", headers=operator)

    label = accepted.json()
    assert (accepted.status_code, again.status_code) == (200, 409)
    assert (label["state"], label["source"]) == ("counted", "agent_reply")
    assert label["decided_by"] == label["given_by"]
    assert await text_given(talk.client, operator, ASKED) == words["text"]
    async with database.read() as session:
        audit = (await session.execute(select(AuditEntry).where(AuditEntry.target == label_id))).scalar_one()
    assert audit.action == "accept_label"


async def test_draft_can_lead_to_an_answer_that_says_it_already(
    talk: Talk, operator: dict[str, str], knowledge: dict[str, str]
) -> None:
    await talk.say(ASKED)
    await hand_over(talk)
    label_id = (await reply(talk, operator)).json()["label_id"]
    body = {"answer_id": knowledge["returns"]}

    accepted = await talk.client.post(f"/v1/labels/{label_id}/accept", json=body, headers=operator)

    assert accepted.json()["answer_id"] == knowledge["returns"]
    assert await best_match(talk.client, operator, ASKED) == knowledge["returns"]


async def test_draft_that_an_answer_says_already_is_refused_with_that_answer(
    talk: Talk, operator: dict[str, str], knowledge: dict[str, str]
) -> None:
    await talk.say(ASKED)
    await hand_over(talk)
    said = "You can send it back within thirty days, yes."
    label_id = (await reply(talk, operator, said)).json()["label_id"]
    path = f"/v1/labels/{label_id}/accept"

    refused = await talk.client.post(path, headers=operator)
    forced = await talk.client.post(path, json={"force": True}, headers=operator)

    assert refused.status_code == 409
    assert refused.json()["type"] == "urn:kefu:problem:rivals"
    assert refused.json()["errors"] == [
        {
            "kind": "text",
            "answer_id": knowledge["returns"],
            "text": "You can send it back within thirty days.",
        }
    ]
    assert forced.status_code == 200
    assert await text_given(talk.client, operator, ASKED) == said


async def test_rejected_draft_is_put_aside(talk: Talk, operator: dict[str, str]) -> None:
    await talk.say(ASKED)
    await hand_over(talk)
    label_id = (await reply(talk, operator)).json()["label_id"]

    rejected = await talk.client.post(f"/v1/labels/{label_id}/reject", headers=operator)
    accepted = await talk.client.post(f"/v1/labels/{label_id}/accept", headers=operator)

    assert (rejected.json()["state"], accepted.status_code) == ("rejected", 409)
    assert await best_match(talk.client, operator, ASKED) is None


async def test_reply_without_a_question_before_is_said_only(talk: Talk, operator: dict[str, str]) -> None:
    await hand_over(talk)
    replied = await reply(talk, operator)
    assert (replied.status_code, replied.json()["label_id"]) == (201, None)
    assert await labels(talk, operator) == []


async def test_agents_speak_only_where_a_person_was_asked_for(
    talk: Talk, operator: dict[str, str], new_key
) -> None:
    early = await reply(talk, operator)
    await hand_over(talk)
    by_integrator = await reply(talk, await new_key(Scope.WRITE))
    by_visitor = await reply(talk, talk.headers)
    missing = await talk.client.post(
        "/v1/conversations/cnv_none/agent-replies", json={"text": SAID}, headers=operator
    )
    by_admin = await reply(talk, await new_key(Scope.ADMIN))

    statuses = [r.status_code for r in (early, by_integrator, by_visitor, missing, by_admin)]
    assert statuses == [409, 403, 403, 404, 201]


async def test_repeated_reply_is_said_once_and_erasing_leaves_nothing_of_it(
    talk: Talk, operator: dict[str, str], database: Database, tiny_settings: Settings
) -> None:
    await talk.say(ASKED)
    await hand_over(talk)
    once = operator | {"Idempotency-Key": str(uuid4())}

    replies = [(await reply(talk, once)).json() for _ in range(2)]

    assert replies[0] == replies[1]
    assert [message["role"] for message in await talk.messages()].count("agent") == 1
    await erase(database, tiny_settings, talk.id, with_labels=False, erased_by="cli")
    async with database.read() as session:
        assert (await session.execute(select(IdempotencyKey))).first() is None
    assert await labels(talk, operator) == []


@pytest.mark.parametrize(
    "text",
    [
        "Your label: https://shop.example/labels/print?token=a8f3kd93jfk2l&order=4711",
        "Please transfer it to DE89 3704 0044 0532 0130 00, or call +49 228 123456.",
    ],
)
async def test_what_an_agent_writes_arrives_as_written_and_its_draft_is_masked(
    talk: Talk, operator: dict[str, str], text: str
) -> None:
    await talk.say(ASKED)
    await hand_over(talk)

    replied = await reply(talk, operator, f"  {text}\u200b\n")

    assert (await talk.messages())[-1]["text"] == replied.json()["message"]["text"] == text
    (label,) = await labels(talk, operator, "?state=candidate")
    assert "a8f3kd93jfk2l" not in str(label["draft_text"])
    assert "3704" not in str(label["draft_text"])


async def test_agents_text_of_which_nothing_can_be_seen_is_refused(
    talk: Talk, operator: dict[str, str]
) -> None:
    await hand_over(talk)

    refused = await reply(talk, operator, "\u200b \n")

    assert refused.status_code == 422
    assert "nothing that can be seen" in refused.json()["detail"]
