"""Gaps through HTTP: found, named, drafted, answered, dismissed; their ids stay."""

from datetime import timedelta

import httpx
import pytest
from sqlalchemy import select, update

from bot.access.principals import Scope
from bot.db.base import now
from bot.db.conversation_tables import Exchange
from bot.db.engine import Database
from bot.db.import_tables import Dialogue, ImportBatch
from bot.db.review_tables import Gap, GapMember
from bot.erasing.service import erase
from bot.figures.counting import count_traffic
from bot.settings import Settings
from tests.bot.knowledge.replies import best_match
from tests.fixtures.services import Talk, start_talk

ASKED = ("my umbrella is broken can you repair it", "my umbrella is broken, can you repair that")
REPAIR = "We repair umbrellas of all kinds in our shop in Bonn within two days."


@pytest.fixture
async def operator(new_key) -> dict[str, str]:
    return await new_key(Scope.OPERATOR)


async def ask_unanswered(client: httpx.AsyncClient, database: Database, *texts: str) -> list[Talk]:
    """Each by another visitor; the bot hands all of them off."""
    talks = [await start_talk(client) for _ in texts]
    for talk, text in zip(talks, texts, strict=True):
        await talk.say(text)
    async with database.write() as session:
        await session.execute(
            update(Exchange)
            .where(Exchange.rule != "visitor_choice")
            .values(outcome="handed_off", rule="nothing_close")
        )
    return talks


async def find(client: httpx.AsyncClient, key: dict[str, str]) -> list[dict]:
    found = await client.post("/v1/gaps/find", headers=key)
    assert found.status_code == 200, found.text
    items = (await client.get("/v1/gaps?state=open", headers=key)).json()["items"]
    assert found.json() == {"open": len(items)}
    return items


async def test_gap_has_name_size_examples_and_trend_and_keeps_its_id(
    client: httpx.AsyncClient, database: Database, operator: dict[str, str]
) -> None:
    await ask_unanswered(client, database, *ASKED, "do you rent out camera drones")

    (gap,) = await find(client, operator)

    assert gap["name"] in ASKED
    assert (gap["messages"], gap["visitors"], gap["languages"]) == (2, 2, {"en": 2})
    assert {example["utterance"] for example in gap["examples"]["en"]} == set(ASKED)
    week = now().isocalendar()
    assert gap["trend"] == [{"week": f"{week[0]}-W{week[1]:02}", "messages": 2}]
    assert (gap["draft"], gap["actual"], gap["state"]) == (None, None, "open")
    assert {"repair", "umbrella"} & set(gap["terms"])

    await ask_unanswered(client, database, ASKED[0])
    (again,) = await find(client, operator)
    assert (again["id"], again["messages"]) == (gap["id"], 3)


async def test_draft_is_what_an_agent_replied_and_answers_the_questions(
    client: httpx.AsyncClient, database: Database, operator: dict[str, str]
) -> None:
    first, _ = await ask_unanswered(client, database, *ASKED)
    await client.post(f"/v1/conversations/{first.id}/handoff", headers=first.headers)
    for said in ("One moment, please.", f"Hello! {REPAIR}"):
        replied = await client.post(
            f"/v1/conversations/{first.id}/agent-replies", json={"text": said}, headers=operator
        )
        assert replied.status_code == 201
    (gap,) = await find(client, operator)
    assert (gap["draft"]["text"], gap["draft"]["source"]) == (REPAIR, "agent_reply")
    assert gap["forecast"]["per_week"] == pytest.approx(2.5 * gap["forecast"]["coverage"], abs=1e-3)

    answered = await client.post(f"/v1/gaps/{gap['id']}/answer", headers=operator)

    assert answered.status_code == 200, answered.text
    done = answered.json()
    # Both became questions of it, but nobody had asked the second in the words of the first: others will differ from both.
    assert (done["state"], done["forecast"]["coverage"]) == ("answered", 0.5)
    assert (done["forecast"]["per_week"], done["forecast"]["low"], done["forecast"]["high"]) == (1.25, 0, 4)
    for text in ASKED:
        assert await best_match(client, operator, text) == done["answer_id"]
    again = await client.post(f"/v1/gaps/{gap['id']}/answer", headers=operator)
    assert again.status_code == 409
    assert await find(client, operator) == []


async def test_forecast_takes_for_known_what_had_been_asked_in_these_words_before(
    client: httpx.AsyncClient, database: Database, operator: dict[str, str]
) -> None:
    """Two of five repeat earlier words; of the three others one in two is answered, as nothing was near an answer of late."""
    await ask_unanswered(client, database, *ASKED, ASKED[0], ASKED[0].upper(), "can you repair my umbrella")
    (gap,) = await find(client, operator)
    assert (gap["messages"], gap["forecast"]["coverage"]) == (5, pytest.approx((2 + 3 * 0.5) / 5))

    chosen = {"text": REPAIR, "language": "en", "exchange_ids": [gap["examples"]["en"][1]["exchange_id"]]}
    answered = (await client.post(f"/v1/gaps/{gap['id']}/answer", json=chosen, headers=operator)).json()

    assert gap["examples"]["en"][1]["asked"] == 1  # these words have not been repeated
    assert answered["forecast"]["coverage"] == pytest.approx(0.5)


async def test_forecast_is_compared_with_what_happened(
    client: httpx.AsyncClient, database: Database, operator: dict[str, str]
) -> None:
    await ask_unanswered(client, database, *ASKED)
    (gap,) = await find(client, operator)
    body = {"text": REPAIR, "language": "en"}
    await client.post(f"/v1/gaps/{gap['id']}/answer", json=body, headers=operator)
    for _ in range(3):
        assert (await (await start_talk(client)).say(ASKED[0])).json()["reply"]["text"] == REPAIR
    async with database.write() as session:
        await session.execute(update(Gap).values(decided_at=now() - timedelta(days=14)))
    await count_traffic(database)

    shown = (await client.get(f"/v1/gaps/{gap['id']}", headers=operator)).json()

    assert shown["actual"] == {
        "answered": 3, "weeks": pytest.approx(2, abs=0.01), "per_week": pytest.approx(1.5, abs=0.01), "within": True,
    }  # fmt: skip
    assert shown["forecast"]["messages"] == 2


async def test_gap_without_reply_has_no_draft_and_says_so(
    client: httpx.AsyncClient, database: Database, operator: dict[str, str], knowledge: dict[str, str]
) -> None:
    await ask_unanswered(client, database, *ASKED)
    (gap,) = await find(client, operator)

    refused = await client.post(f"/v1/gaps/{gap['id']}/answer", headers=operator)
    assert (refused.status_code, "no draft" in refused.json()["detail"]) == (409, True)

    chosen = {"answer_id": knowledge["returns"], "exchange_ids": [gap["examples"]["en"][0]["exchange_id"]]}
    answered = (await client.post(f"/v1/gaps/{gap['id']}/answer", json=chosen, headers=operator)).json()
    assert answered["answer_id"] == knowledge["returns"]
    assert await best_match(client, operator, gap["examples"]["en"][0]["utterance"]) == knowledge["returns"]
    assert await best_match(client, operator, gap["examples"]["en"][1]["utterance"]) is None
    assert answered["forecast"]["coverage"] < 1


async def test_past_dialogue_gives_the_draft_where_no_agent_did(
    client: httpx.AsyncClient, database: Database, operator: dict[str, str]
) -> None:
    await ask_unanswered(client, database, *ASKED)
    turns = [{"role": "customer", "text": ASKED[0]}, {"role": "agent", "text": REPAIR}]
    async with database.write() as session:
        session.add(
            ImportBatch(
                id="bat_1", filename="d.jsonl", file_hash="1" * 64, format="dialogues", approved=False, imported_by="cli",
                report={},
            )
        )  # fmt: skip
        await session.flush()
        session.add(
            Dialogue(
                id="dlg_1", conversation_id="c-1", content_hash="2" * 64, language="en", turns=turns, batch_id="bat_1"
            )
        )  # fmt: skip

    (gap,) = await find(client, operator)

    assert gap["draft"] == {
        "text": REPAIR, "language": "en", "source": "dialogue", "origin": "c-1", "asked": ASKED[0],
    }  # fmt: skip


async def test_dismissed_gap_does_not_come_up_again(
    client: httpx.AsyncClient, database: Database, operator: dict[str, str]
) -> None:
    await ask_unanswered(client, database, *ASKED)
    (gap,) = await find(client, operator)

    for _ in range(2):
        dismissed = await client.post(f"/v1/gaps/{gap['id']}/dismiss", headers=operator)
        assert (dismissed.status_code, dismissed.json()["state"]) == (200, "dismissed")
    await ask_unanswered(client, database, ASKED[1])

    assert await find(client, operator) == []
    shown = (await client.get("/v1/gaps?state=dismissed", headers=operator)).json()["items"]
    assert [(each["id"], each["messages"]) for each in shown] == [(gap["id"], 3)]


async def test_decided_questions_leave_their_gap(
    client: httpx.AsyncClient, database: Database, operator: dict[str, str]
) -> None:
    await ask_unanswered(client, database, *ASKED)
    (gap,) = await find(client, operator)
    for question in gap["examples"]["en"]:
        decided = await client.post(
            f"/v1/review/{question['exchange_id']}", json={"verdict": "out_of_scope"}, headers=operator
        )
        assert decided.status_code == 200

    assert await find(client, operator) == []
    assert (await client.get(f"/v1/gaps/{gap['id']}", headers=operator)).status_code == 404


async def test_question_whose_answer_was_retired_is_a_gap_again(
    client: httpx.AsyncClient, database: Database, operator: dict[str, str]
) -> None:
    talks = await ask_unanswered(client, database, *["do you rent out camera drones"] * 3)
    (gap,) = await find(client, operator)
    exchange = gap["examples"]["en"][0]["exchange_id"]
    body = {"verdict": "new_answer", "text": "We rent drones for 30 euros a day.", "language": "en"}
    made = await client.post(f"/v1/review/{exchange}", json=body, headers=operator)
    answer_id = made.json()["decided"]["label"]["answer_id"]
    assert await find(client, operator) == []
    await client.patch(f"/v1/answers/{answer_id}", json={"state": "retired"}, headers=operator)
    (again,) = await find(client, operator)
    assert again["messages"] == len(talks)


async def test_erased_visitor_leaves_nothing_in_a_gap(
    client: httpx.AsyncClient, database: Database, database_settings: Settings, operator: dict[str, str]
) -> None:
    first, second = await ask_unanswered(client, database, *ASKED)
    (gap,) = await find(client, operator)

    await erase(database, database_settings, first.id, with_labels=False, erased_by="cli")

    shown = (await client.get(f"/v1/gaps/{gap['id']}", headers=operator)).json()
    assert (shown["messages"], shown["name"], shown["terms"]) == (1, ASKED[1], [])
    await erase(database, database_settings, second.id, with_labels=False, erased_by="cli")
    assert (await client.get(f"/v1/gaps/{gap['id']}", headers=operator)).status_code == 404
    async with database.read() as session:
        assert (await session.execute(select(GapMember))).all() == []


async def test_scopes_and_unknown_gaps(talk: Talk, new_key, operator: dict[str, str]) -> None:
    reader = await new_key(Scope.READ)

    assert (await talk.client.get("/v1/gaps", headers=reader)).json() == {"items": [], "next_cursor": None}
    for path in ("find", "gap_1/answer", "gap_1/dismiss"):
        for headers, status in ((reader, 403), (talk.headers, 403), ({}, 401)):
            assert (await talk.client.post(f"/v1/gaps/{path}", headers=headers)).status_code == status
    for path in ("gap_1/answer", "gap_1/dismiss"):
        assert (await talk.client.post(f"/v1/gaps/{path}", headers=operator)).status_code == 404
    assert (await talk.client.get("/v1/gaps?cursor=bm8", headers=operator)).status_code == 422
