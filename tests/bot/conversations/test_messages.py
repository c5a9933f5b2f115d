"""The way of one message through HTTP, on both databases."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from sqlalchemy import func, select

from bot.access.principals import Scope
from bot.answering.texts import TEXTS
from bot.db.conversation_tables import Conversation, Exchange, Handoff, Message
from bot.db.engine import Database
from bot.db.knowledge_tables import Answer, AnswerText, Label
from tests.fixtures.services import Talk, start_talk


async def count(database: Database, table: type) -> int:
    async with database.read() as session:
        return (await session.execute(select(func.count()).select_from(table))).scalar_one()


async def test_stored_question_gets_its_answer_in_each_language(
    talk: Talk, knowledge: dict[str, str]
) -> None:
    english = (await talk.say("How long does delivery take?")).json()
    chinese = (await talk.say("快递要多久才能到？")).json()

    assert (english["outcome"], chinese["outcome"]) == ("answered", "answered")
    assert english["reply"] == {
        "text": "Parcels arrive within two working days.",
        "language": "en",
        "parts": [{"text": "Parcels arrive within two working days.", "answer_id": knowledge["delivery"]}],
    }
    assert chinese["reply"]["text"] == "包裹两个工作日内送达。"
    assert chinese["reply"]["parts"][0]["answer_id"] == knowledge["delivery"]


async def test_exchange_has_exactly_the_fields_of_the_contract(talk: Talk) -> None:
    exchange = (await talk.say("Can I return something?")).json()

    assert set(exchange) == {
        "id", "conversation_id", "outcome", "reply", "choices", "suggestions", "release", "created_at",
    }  # fmt: skip
    assert exchange["conversation_id"] == talk.id


async def test_messages_are_kept_in_order_with_their_exchange(talk: Talk) -> None:
    first = (await talk.say("Can I return something?")).json()
    second = (await talk.say("thank you")).json()

    kept = [(m["role"], m["text"], m["exchange_id"]) for m in await talk.messages()]

    assert kept == [
        ("customer", "Can I return something?", first["id"]),
        ("bot", "You can send it back within thirty days.", first["id"]),
        ("customer", "thank you", second["id"]),
        ("bot", TEXTS["en"].thanks, second["id"]),
    ]


@pytest.mark.parametrize(("text", "language"), [("ok, got it", "en"), ("好的", "zh")])
async def test_acknowledgement_is_replied_to_without_a_handoff(talk: Talk, text: str, language: str) -> None:
    exchange = (await talk.say(text)).json()

    assert (exchange["outcome"], exchange["reply"]["text"]) == ("answered", TEXTS[language].acknowledgement)


async def test_personal_data_is_masked_before_it_is_stored(talk: Talk, database: Database) -> None:
    await talk.say("I am bob@example.com, where is my invoice?")

    assert (await talk.messages())[0]["text"] == "I am [email], where is my invoice?"
    async with database.read() as session:
        exchange = (await session.execute(select(Exchange))).scalar_one()
    assert exchange.utterance == "I am [email], where is my invoice?"
    assert exchange.evidence["masked"] == {"email": 1}


@pytest.mark.parametrize(("wish", "language"), [("I want to talk to a human", "en"), ("转人工", "zh")])
async def test_wish_for_a_person_is_obeyed_and_opens_one_handoff(
    talk: Talk, database: Database, wish: str, language: str
) -> None:
    exchange = (await talk.say(wish)).json()
    await talk.say(wish)

    assert exchange["outcome"] == "handed_off"
    assert exchange["reply"]["text"] == TEXTS[language].person_requested
    assert await count(database, Handoff) == 1
    async with database.read() as session:
        assert (await session.execute(select(Conversation.state))).scalar_one() == "waiting"


async def test_retired_answer_is_not_given_any_more(
    talk: Talk, database: Database, knowledge: dict[str, str]
) -> None:
    async with database.write() as session:
        answer = await session.get(Answer, knowledge["delivery"])
        assert answer is not None
        answer.state = "retired"

    exchange = (await talk.say("How long does delivery take?")).json()

    assert all(part["answer_id"] != knowledge["delivery"] for part in exchange["reply"]["parts"])


async def test_edited_text_counts_at_once(talk: Talk, database: Database, knowledge: dict[str, str]) -> None:
    async with database.write() as session:
        where = (AnswerText.answer_id == knowledge["delivery"], AnswerText.language == "en")
        text = (await session.execute(select(AnswerText).where(*where))).scalar_one()
        text.text = "Parcels arrive within three working days."

    exchange = (await talk.say("How long does delivery take?")).json()

    assert exchange["reply"]["text"] == "Parcels arrive within three working days."


async def test_repeated_key_returns_the_stored_reply(talk: Talk, database: Database) -> None:
    first = await talk.say("Can I return something?", idempotency_key="k-1")
    again = await talk.say("Can I return something?", idempotency_key="k-1")

    assert again.json() == first.json()
    assert await count(database, Exchange) == 1
    assert await count(database, Message) == 2


async def test_repeated_key_with_another_body_is_refused(talk: Talk, database: Database) -> None:
    await talk.say("Can I return something?", idempotency_key="k-1")
    other = await talk.say("Where is my invoice?", idempotency_key="k-1")

    assert other.status_code == 422
    assert other.json()["type"] == "urn:kefu:problem:idempotency-key-reused"
    assert await count(database, Exchange) == 1


async def test_same_key_of_two_visitors_is_two_keys(client: httpx.AsyncClient, database: Database) -> None:
    for talk in (await start_talk(client), await start_talk(client)):
        assert (await talk.say("Can I return something?", idempotency_key="k-1")).status_code == 200

    assert await count(database, Exchange) == 2


async def test_key_of_a_running_request_is_refused_and_only_one_exchange_is_made(
    talk: Talk, database: Database
) -> None:
    replies = await asyncio.gather(
        *(talk.say("Can I return something?", idempotency_key="k-1") for _ in range(8))
    )

    statuses = {reply.status_code for reply in replies}
    assert statuses <= {200, 409}
    assert 200 in statuses
    assert len({reply.json()["id"] for reply in replies if reply.status_code == 200}) == 1
    assert {r.json()["type"] for r in replies if r.status_code == 409} <= {"urn:kefu:problem:request-running"}
    assert await count(database, Exchange) == 1


async def test_failed_validation_stores_no_key(talk: Talk) -> None:
    assert (await talk.say("   ", idempotency_key="k-1")).status_code == 422
    assert (await talk.say("Can I return something?", idempotency_key="k-1")).status_code == 200


async def test_messages_sent_at_once_get_distinct_places(talk: Talk, database: Database) -> None:
    await asyncio.gather(*(talk.say("Can I return something?") for _ in range(10)))

    async with database.read() as session:
        places = (await session.execute(select(Message.position).order_by(Message.position))).scalars().all()
    assert places == list(range(1, 21))


async def test_foreign_and_missing_conversation_get_the_same_404(
    client: httpx.AsyncClient, talk: Talk
) -> None:
    stranger = await start_talk(client)
    foreign = await client.get(f"/v1/conversations/{talk.id}/messages", headers=stranger.headers)
    missing = await client.get("/v1/conversations/cnv_none/messages", headers=stranger.headers)

    assert foreign.status_code == missing.status_code == 404
    assert foreign.json()["detail"].replace(talk.id, "") == missing.json()["detail"].replace("cnv_none", "")


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer kv_wrong"}, {"Authorization": "Bearer x"}])
async def test_no_or_wrong_token_is_401(
    client: httpx.AsyncClient, talk: Talk, headers: dict[str, str]
) -> None:
    response = await client.get(f"/v1/conversations/{talk.id}/messages", headers=headers)

    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"
    assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"text": ""},
        {"text": "hi", "choice": "ans_x"},
        {"text": "x" * 4001},
        {"text": 7},
        {"text": "\u0000\u200b"},
        {"choice": "ans_not_offered"},
    ],
)
async def test_senseless_body_is_422_and_nothing_is_stored(
    talk: Talk, database: Database, body: object
) -> None:
    response = await talk.send(body)

    assert response.status_code == 422
    assert response.json()["type"] == "urn:kefu:problem:invalid-input"
    assert await count(database, Message) == 0


async def test_body_over_64_kb_is_refused(talk: Talk) -> None:
    response = await talk.send({"text": "hello", "more": "x" * 66_000})

    assert response.status_code == 413
    assert response.json()["type"] == "urn:kefu:problem:too-large"


@pytest.mark.parametrize("path", ["/v1/conversations", "/v1/chat/completions"])
async def test_body_that_does_not_tell_its_length_is_refused_once_it_is_too_large(
    client: httpx.AsyncClient, path: str
) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b" " * 8192

    response = await client.post(path, content=endless(), headers={"Content-Type": "application/json"})

    assert "content-length" not in response.request.headers
    assert response.status_code == 413
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["type"] == "urn:kefu:problem:too-large"
    assert path in response.json()["detail"]


async def test_key_sees_the_explanation_and_a_visitor_does_not(talk: Talk, new_key, knowledge) -> None:
    key = await new_key(Scope.WRITE)
    path = f"/v1/conversations/{talk.id}/messages?explain=true"
    body = {"text": "Where is my invoice?"}

    explained = (await talk.client.post(path, json=body, headers=key)).json()
    plain = (await talk.client.post(path, json=body, headers=talk.headers)).json()

    assert "candidates" not in plain
    assert explained["candidates"][0]["answer_id"] == knowledge["invoice"]
    assert explained["candidates"][0]["question"] == "Where is my invoice?"
    assert explained["candidates"][0]["similarity"] == pytest.approx(1.0, abs=1e-3)
    assert 0 <= explained["confidence"] <= 1
    assert explained["intent"] == "invoice"
    assert explained["rule"] == "known_question"
    assert set(explained["latency_ms"]) >= {"encode", "search", "total"}


async def test_reading_key_may_not_write(talk: Talk, new_key) -> None:
    key = await new_key(Scope.READ)
    path = f"/v1/conversations/{talk.id}/messages"

    assert (await talk.client.get(path, headers=key)).status_code == 200
    refused = await talk.client.post(path, json={"text": "hi"}, headers=key)
    assert (refused.status_code, refused.json()["type"]) == (403, "urn:kefu:problem:forbidden")


async def test_messages_are_paged_without_gap_or_repetition(talk: Talk) -> None:
    for text in ("thanks", "bye", "hello"):
        await talk.say(text)
    seen, cursor = [], None
    while True:
        query = {"limit": 4} | ({"cursor": cursor} if cursor else {})
        path = f"/v1/conversations/{talk.id}/messages"
        page = (await talk.client.get(path, params=query, headers=talk.headers)).json()
        seen += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == [message["id"] for message in await talk.messages()]
    assert len(set(seen)) == 6


async def test_stream_brings_the_text_in_pieces_and_the_exchange_last(talk: Talk) -> None:
    response = await talk.say("Can I return something?", accept="text/event-stream")

    assert response.headers["content-type"].startswith("text/event-stream")
    events = [block.split("\n") for block in response.text.strip().split("\n\n")]
    names = [lines[0].removeprefix("event: ") for lines in events]
    bodies = [httpx.Response(200, text=lines[1].removeprefix("data: ")).json() for lines in events]
    assert names == ["delta"] * (len(names) - 1) + ["exchange"]
    assert "".join(body["text"] for body in bodies[:-1]) == "You can send it back within thirty days."
    assert bodies[-1]["reply"]["text"] == "You can send it back within thirty days."


async def test_choice_gives_the_chosen_answer_and_keeps_a_label(
    talk: Talk, database: Database, knowledge: dict[str, str]
) -> None:
    await talk.say("Can I return something?")
    async with database.write() as session:
        exchange = (await session.execute(select(Exchange))).scalar_one()
        exchange.choices = [{"answer_id": knowledge["invoice"], "question": "Where is my invoice?"}]

    chosen = (await talk.send({"choice": knowledge["invoice"]})).json()

    assert chosen["outcome"] == "answered"
    assert chosen["reply"]["text"] == "Invoices are under My orders."
    async with database.read() as session:
        label = (await session.execute(select(Label))).scalar_one()
    assert (label.utterance, label.answer_id, label.source) == (
        "Can I return something?",
        knowledge["invoice"],
        "visitor_choice",
    )


async def test_asking_twice_for_a_person_opens_one_handoff(talk: Talk) -> None:
    path = f"/v1/conversations/{talk.id}/handoff"
    first = (await talk.client.post(path, headers=talk.headers)).json()
    second = (await talk.client.post(path, json={"reason": "again"}, headers=talk.headers)).json()

    assert first == second
    assert (first["state"], first["reason"]) == ("waiting", "visitor_asked")
    assert [message["role"] for message in await talk.messages()] == ["system"]


async def test_reason_for_wanting_a_person_is_kept_without_personal_data(talk: Talk) -> None:
    body = {"reason": "write to bob@example.com"}
    asked = await talk.client.post(f"/v1/conversations/{talk.id}/handoff", json=body, headers=talk.headers)

    assert asked.json()["reason"] == "write to [email]"


async def test_same_visitor_may_have_several_conversations(talk: Talk) -> None:
    again = await talk.client.post("/v1/conversations", json={"language": "zh-TW"}, headers=talk.headers)

    started = again.json()
    assert again.status_code == 201
    assert started["visitor_token"] == talk.headers["Authorization"].removeprefix("Bearer ")
    assert started["greeting"] == TEXTS["zh"].greeting
    assert started["suggestions"] == ["快递要多久才能到？", "可以退货吗？"]


async def test_feedback_is_kept_and_foreign_exchange_is_404(client: httpx.AsyncClient, talk: Talk) -> None:
    exchange = (await talk.say("Can I return something?")).json()
    path = f"/v1/exchanges/{exchange['id']}/feedback"
    body = {"rating": "down", "reason": "outdated", "comment": "call me at bob@example.com"}

    given = await client.post(path, json=body, headers=talk.headers)
    foreign = await client.post(path, json=body, headers=(await start_talk(client)).headers)

    assert given.status_code == 201
    assert given.json()["comment"] == "call me at [email]"
    assert (given.json()["rating"], given.json()["reason"]) == ("down", "outdated")
    assert foreign.status_code == 404


async def test_unknown_rating_is_refused_with_the_field_named(talk: Talk) -> None:
    exchange = (await talk.say("Can I return something?")).json()
    path = f"/v1/exchanges/{exchange['id']}/feedback"

    response = await talk.client.post(path, json={"rating": "meh"}, headers=talk.headers)

    assert response.status_code == 422
    assert response.json()["errors"][0]["where"] == "body.rating"


async def test_unknown_site_is_named(client: httpx.AsyncClient) -> None:
    response = await client.post("/v1/conversations", json={"site": "nowhere"})

    assert response.status_code == 422
    assert "nowhere" in response.json()["detail"]


async def test_asking_for_a_person_at_once_opens_one_handoff(talk: Talk, database: Database) -> None:
    path = f"/v1/conversations/{talk.id}/handoff"

    replies = await asyncio.gather(
        *(talk.client.post(path, headers=talk.headers) for _ in range(6)), talk.say("talk to a human")
    )

    assert [reply.status_code for reply in replies] == [200] * 7
    assert await count(database, Handoff) == 1
