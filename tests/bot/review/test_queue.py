"""The review queue through HTTP: what stands first and why, one decision at a time, what leaves with it."""

import asyncio
from datetime import timedelta

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import func, select, update

from bot.access.principals import Scope
from bot.db.base import now
from bot.db.conversation_tables import Exchange
from bot.db.engine import Database
from bot.db.knowledge_tables import Label
from bot.db.review_tables import ReviewSkip
from bot.knowledge.folding import folded_hash
from bot.review import audit_repository, repository
from tests.bot.feedback.crowds import choose, spread_over_days, vote
from tests.bot.knowledge.replies import best_match
from tests.fixtures.services import Talk, start_talk

UMBRELLA = "my umbrella is broken, can you repair it"
DRONE = "do you rent out camera drones"
REPAIR = "We repair umbrellas in our shop in Bonn."


@pytest.fixture(autouse=True)
def always_ranked_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """However busy the machine is: a queue that took long to rank would stay for a while."""
    monkeypatch.setattr("bot.review.desk.QUICK_S", 60.0)


@pytest.fixture
async def operator(new_key) -> dict[str, str]:
    return await new_key(Scope.OPERATOR)


async def ask(client: httpx.AsyncClient, text: str, *, times: int = 1) -> list[str]:
    """By different visitors; the exchanges' ids."""
    return [(await (await start_talk(client)).say(text)).json()["id"] for _ in range(times)]


async def queue(client: httpx.AsyncClient, key: dict[str, str], **wanted: object) -> list[dict]:
    response = await client.get("/v1/review", params=wanted, headers=key)
    assert response.status_code == 200, response.text
    return response.json()["items"]


async def decide(client: httpx.AsyncClient, key: dict[str, str], id: str, **body: object) -> httpx.Response:
    return await client.post(f"/v1/review/{id}", json=body, headers=key)


async def set_confidences(database: Database, utterance: str, *confidences: float, answer_at: float) -> None:
    async with database.write() as session:
        rows = (await session.execute(select(Exchange).where(Exchange.utterance == utterance))).scalars()
        for row in rows:
            row.candidates = [
                {**candidate, "confidence": confidence}
                for candidate, confidence in zip(row.candidates, confidences, strict=False)
            ]
            row.evidence = {**row.evidence, "answer_at": answer_at}


async def test_often_asked_comes_first_and_the_numbers_are_those_of_the_formula(
    client: httpx.AsyncClient, database: Database, operator: dict[str, str], knowledge: dict[str, str]
) -> None:
    await ask(client, DRONE)
    *_, newest = [
        *await ask(client, UMBRELLA),
        *await ask(client, f"Hello! {UMBRELLA}?"),
        *await ask(client, f"{UMBRELLA} please", times=2),
    ]
    await set_confidences(database, f"{UMBRELLA} please", 0.5, 0.3, answer_at=0.5)

    first, second = await queue(client, operator)

    assert (first["exchange_id"], first["utterance"]) == (newest, f"{UMBRELLA} please")
    assert (first["asked"], second["asked"]) == (4, 1)
    # A lead of .2, for four visitors.
    assert first["why"] == {
        "gain": pytest.approx(3.2, abs=0.6), "uncertainty": 0.8, "doubt": 0.8, "settles": pytest.approx(4, abs=1),
    }  # fmt: skip
    assert [c["confidence"] for c in first["candidates"][:2]] == [0.5, 0.3]
    assert {c["answer_id"] for c in first["candidates"]} <= set(knowledge.values())
    assert (second["utterance"], second["language"]) == (DRONE, "en")
    assert second["votes"] == {"up": 0, "down": 0, "reasons": {}, "comments": []}


async def test_one_who_asks_again_and_again_counts_once(talk: Talk, operator: dict[str, str]) -> None:
    for _ in range(3):
        await talk.say(UMBRELLA)

    (item,) = await queue(talk.client, operator)

    assert item["asked"] == 1


async def test_decision_takes_near_duplicates_along_and_shows_what_is_next(
    client: httpx.AsyncClient, operator: dict[str, str]
) -> None:
    *_, umbrella = await ask(client, UMBRELLA, times=2)
    await ask(client, f"{UMBRELLA}, please")
    (drone,) = await ask(client, DRONE)

    made = await decide(client, operator, umbrella, verdict="new_answer", text=REPAIR, language="en")

    assert made.status_code == 200, made.text
    decided = made.json()["decided"]
    assert (decided["verdict"], decided["repeated"]) == ("new_answer", False)
    assert (decided["label"]["verdict"], decided["label"]["exchange_id"]) == ("new_answer", umbrella)
    assert (made.json()["next"]["exchange_id"], made.json()["waiting"]) == (drone, 1)
    assert await best_match(client, operator, UMBRELLA) == decided["label"]["answer_id"]

    last = (await decide(client, operator, drone, verdict="out_of_scope")).json()
    assert (last["next"], last["waiting"]) == (None, 0)
    assert last["decided"]["label"]["out_of_scope"]


async def test_right_and_other_answer_are_labels_like_others(
    client: httpx.AsyncClient, operator: dict[str, str], knowledge: dict[str, str]
) -> None:
    (known,) = await ask(client, "Can I return something?")
    (drone,) = await ask(client, DRONE)

    right = (await decide(client, operator, known, verdict="right")).json()["decided"]["label"]
    other = await decide(client, operator, drone, verdict="other_answer", answer_id=knowledge["invoice"])

    assert (right["verdict"], right["answer_id"]) == ("right", knowledge["returns"])
    assert other.json()["decided"]["label"]["answer_id"] == knowledge["invoice"]
    assert await best_match(client, operator, DRONE) == knowledge["invoice"]


async def test_same_decision_again_changes_nothing_and_another_one_is_refused(
    client: httpx.AsyncClient, database: Database, operator: dict[str, str], knowledge: dict[str, str]
) -> None:
    (umbrella,) = await ask(client, UMBRELLA)
    body = {"verdict": "new_answer", "text": REPAIR, "language": "en"}
    first = (await decide(client, operator, umbrella, **body)).json()

    again = await decide(client, operator, umbrella, **body)
    otherwise = await decide(client, operator, umbrella, verdict="out_of_scope")

    assert again.status_code == 200, again.text
    assert again.json()["decided"] == {**first["decided"], "repeated": True}
    assert (otherwise.status_code, otherwise.json()["type"]) == (409, "urn:kefu:problem:conflict")
    assert first["decided"]["label"]["answer_id"] in otherwise.json()["detail"]
    async with database.read() as session:
        assert (await session.execute(select(func.count()).select_from(Label))).scalar_one() == 1


async def test_two_who_decide_at_once_do_not_overrule_each_other(
    client: httpx.AsyncClient, database: Database, operator: dict[str, str], knowledge: dict[str, str]
) -> None:
    (umbrella,) = await ask(client, UMBRELLA)

    replies = await asyncio.gather(
        *(
            decide(client, operator, umbrella, verdict="other_answer", answer_id=knowledge[name])
            for name in ("invoice", "returns", "invoice")
        )
    )

    assert sorted(reply.status_code for reply in replies) in ([200, 200, 409], [200, 409, 409])
    async with database.read() as session:
        (label,) = (await session.execute(select(Label))).scalars().all()
    won = next(r for r in replies if r.status_code == 200 and not r.json()["decided"]["repeated"])
    assert won.json()["decided"]["label"]["answer_id"] == label.answer_id


async def test_idempotency_key_replays_the_decision(
    client: httpx.AsyncClient, operator: dict[str, str]
) -> None:
    (umbrella,) = await ask(client, UMBRELLA)
    key = operator | {"Idempotency-Key": "one"}

    first = await decide(client, key, umbrella, verdict="out_of_scope")
    again = await decide(client, key, umbrella, verdict="out_of_scope")
    other = await decide(client, key, umbrella, verdict="skip")

    assert first.json() == again.json()
    assert (other.status_code, other.json()["type"]) == (422, "urn:kefu:problem:idempotency-key-reused")


async def test_skipped_question_comes_back(
    client: httpx.AsyncClient, database: Database, operator: dict[str, str]
) -> None:
    (umbrella,) = await ask(client, UMBRELLA)
    until = (now() + timedelta(hours=3)).isoformat()

    skipped = (await decide(client, operator, umbrella, verdict="skip", until=until)).json()
    assert (skipped["decided"]["label"], skipped["next"]) == (None, None)
    await ask(client, f"{UMBRELLA}, please")  # a near-duplicate waits as long
    assert await queue(client, operator) == []

    async with database.write() as session:
        await session.execute(update(ReviewSkip).values(until=now() - timedelta(seconds=1)))
    (item,) = await queue(client, operator)
    assert item["asked"] == 2


async def test_votes_signals_and_choices_raise_doubt_and_are_shown(
    app: FastAPI,
    client: httpx.AsyncClient,
    database: Database,
    operator: dict[str, str],
    knowledge: dict[str, str],
) -> None:
    await vote(app, "Can I return something?", "down", networks=range(2))
    await choose(app, database, UMBRELLA, knowledge["returns"], networks=range(10))
    await spread_over_days(database)

    items = {item["utterance"]: item for item in await queue(client, operator)}

    voted, chosen = items["Can I return something?"], items[UMBRELLA]
    assert voted["votes"]["down"] == 2
    # Two networks against it: a quarter of the certainty is left.
    assert voted["why"]["doubt"] == pytest.approx(1 - (1 - voted["why"]["uncertainty"]) / 4, abs=1e-3)
    assert voted["proposal"] is None
    assert (chosen["proposal"]["answer_id"], chosen["proposal"]["eligible"]) == (knowledge["returns"], True)
    assert (chosen["proposal"]["support"], chosen["signals"]) == (10.0, {"chose": 10})


async def test_withdrawn_decision_puts_the_question_back(
    client: httpx.AsyncClient, database: Database, operator: dict[str, str]
) -> None:
    (umbrella,) = await ask(client, UMBRELLA)
    await decide(client, operator, umbrella, verdict="out_of_scope")
    assert await queue(client, operator) == []

    async with database.write() as session:
        await session.execute(update(Label).values(withdrawn_at=now()))

    assert [item["exchange_id"] for item in await queue(client, operator)] == [umbrella]


async def test_question_whose_answer_was_retired_or_has_run_out_waits_again(
    client: httpx.AsyncClient, operator: dict[str, str]
) -> None:
    first, second = [*await ask(client, UMBRELLA), *await ask(client, DRONE)]
    made = await decide(client, operator, first, verdict="new_answer", text=REPAIR, language="en")
    answer_id = made.json()["decided"]["label"]["answer_id"]
    await decide(client, operator, second, verdict="other_answer", answer_id=answer_id)
    assert await queue(client, operator) == []
    for body in ({"valid_until": (now() - timedelta(days=1)).isoformat()}, {"state": "retired"}):
        changed = await client.patch(f"/v1/answers/{answer_id}", json=body, headers=operator)
        assert changed.status_code == 200, changed.text
        assert {item["utterance"] for item in await queue(client, operator)} == {UMBRELLA, DRONE}
    anew = await decide(client, operator, first, verdict="out_of_scope")
    assert anew.status_code == 200, "nothing stands that it would overrule"
    assert [item["utterance"] for item in await queue(client, operator)] == [DRONE]


async def test_decision_that_was_overruled_does_not_come_back_with_the_newer_answers_end(
    client: httpx.AsyncClient, operator: dict[str, str]
) -> None:
    (exchange,) = await ask(client, UMBRELLA)
    await decide(client, operator, exchange, verdict="out_of_scope")
    made = await client.post(
        "/v1/labels", json={"exchange_id": exchange, "text": REPAIR, "language": "en"}, headers=operator
    )
    path = f"/v1/answers/{made.json()['answer_id']}"
    assert await queue(client, operator) == []
    await client.patch(path, json={"state": "retired"}, headers=operator)
    assert [item["utterance"] for item in await queue(client, operator)] == [UMBRELLA]


async def test_candidate_accepted_after_a_decision_is_the_newer_word(
    client: httpx.AsyncClient, operator: dict[str, str], database: Database
) -> None:
    talk = await start_talk(client)
    await talk.say(UMBRELLA)
    await talk.say("I want to talk to a person")
    path = f"/v1/conversations/{talk.id}/agent-replies"
    await client.post(path, json={"text": REPAIR}, headers=operator)
    listed = await client.get("/v1/labels", params={"state": "candidate"}, headers=operator)
    (candidate,) = listed.json()["items"]
    (exchange,) = await ask(client, UMBRELLA)
    decided = await decide(client, operator, exchange, verdict="out_of_scope")
    accepted = await client.post(f"/v1/labels/{candidate['id']}/accept", headers=operator)
    assert candidate["id"] < decided.json()["decided"]["label"]["id"]
    answer_id = accepted.json()["answer_id"]

    async with database.read() as session:
        newest = await repository.decision_on(session, folded_hash(UMBRELLA))
        *_, said = await audit_repository.verdicts(session, [folded_hash(UMBRELLA)])
    assert newest is not None
    assert [newest.answer_id, said.answer_id] == [answer_id, answer_id]


async def test_pages_and_languages(client: httpx.AsyncClient, operator: dict[str, str]) -> None:
    await ask(client, UMBRELLA, times=3)
    await ask(client, DRONE, times=2)
    await ask(client, "你们修雨伞吗")

    first = (await client.get("/v1/review?limit=2", headers=operator)).json()
    rest = (await client.get(f"/v1/review?limit=2&cursor={first['next_cursor']}", headers=operator)).json()

    assert ([len(first["items"]), len(rest["items"])], first["waiting"]) == ([2, 1], 3)
    assert rest["next_cursor"] is None
    assert [item["utterance"] for item in await queue(client, operator, language="zh")] == ["你们修雨伞吗"]


async def test_queue_that_takes_long_to_rank_goes_on_with_what_was_asked_and_decided_meanwhile(
    client: httpx.AsyncClient, app: FastAPI, operator: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await queue(client, operator) == []  # what the service ranks at its start is over
    monkeypatch.setattr("bot.review.desk.QUICK_S", -1.0)
    monkeypatch.setattr("bot.review.desk.REST", 1_000_000)
    await ask(client, UMBRELLA)
    (first,) = await queue(client, operator)
    await ask(client, DRONE)
    await ask(client, UMBRELLA)

    still = await queue(client, operator)
    assert [item["utterance"] for item in still] == [UMBRELLA, DRONE]
    assert still[0] == first
    assert still[1]["why"]["gain"] == 0.0

    for item in still:
        await decide(client, operator, item["exchange_id"], verdict="out_of_scope")
    await ask(client, UMBRELLA)
    assert await queue(client, operator) == []
    assert app.state.parts.desk.renewal is None  # all of it without ranking anew


async def test_queue_that_takes_long_to_rank_is_ranked_anew_behind_the_scenes(
    client: httpx.AsyncClient, app: FastAPI, operator: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await queue(client, operator) == []
    monkeypatch.setattr("bot.review.desk.QUICK_S", -1.0)
    monkeypatch.setattr("bot.review.desk.REST", 0)
    await ask(client, UMBRELLA)
    await queue(client, operator)
    await ask(client, DRONE)

    assert (await queue(client, operator))[1]["why"]["gain"] == 0.0
    await app.state.parts.desk.renewal

    assert {item["utterance"]: item["why"]["gain"] > 0 for item in await queue(client, operator)} == {
        UMBRELLA: True,
        DRONE: True,
    }


async def test_greetings_and_wishes_for_a_person_do_not_wait(
    client: httpx.AsyncClient, operator: dict[str, str]
) -> None:
    await ask(client, "hello")
    await ask(client, "I want to talk to a person")
    await ask(client, "???")

    assert await queue(client, operator) == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"verdict": "perhaps"}, 422),
        ({"verdict": "other_answer"}, 422),
        ({"verdict": "right", "answer_id": "ans_1"}, 422),
        ({"verdict": "new_answer"}, 422),
        ({"verdict": "out_of_scope", "until": "2100-01-01T00:00:00Z"}, 422),
        ({"verdict": "skip", "until": "2020-01-01T00:00:00Z"}, 422),
        ({"verdict": "skip", "until": "9999-12-31T23:59:59-05:00"}, 422),
        ({"verdict": "right"}, 409),  # a reply in the bot's own words
        ({"verdict": "other_answer", "answer_id": "ans_nobody"}, 404),
    ],
)
async def test_wrong_decisions_are_refused(
    client: httpx.AsyncClient, operator: dict[str, str], body: dict[str, object], status: int
) -> None:
    (umbrella,) = await ask(client, UMBRELLA)

    refused = await decide(client, operator, umbrella, **body)

    assert refused.status_code == status, refused.text
    assert refused.headers["content-type"] == "application/problem+json"
    assert len(await queue(client, operator)) == 1


async def test_scopes(talk: Talk, new_key, operator: dict[str, str]) -> None:
    exchange = (await talk.say(UMBRELLA)).json()["id"]
    reader, writer = await new_key(Scope.READ), await new_key(Scope.WRITE)

    assert (await talk.client.get("/v1/review", headers=reader)).status_code == 200
    for headers, status in ((reader, 403), (writer, 403), (talk.headers, 403), ({}, 401)):
        assert (await decide(talk.client, headers, exchange, verdict="out_of_scope")).status_code == status
    assert (await talk.client.get("/v1/review", headers=talk.headers)).status_code == 403
    assert (await decide(talk.client, operator, "exc_nobody", verdict="out_of_scope")).status_code == 404
