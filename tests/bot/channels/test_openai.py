"""The OpenAI-compatible endpoint, through the official client."""

import json
import threading
from collections.abc import AsyncIterator

import httpx
import openai
import pytest
from fastapi import FastAPI
from sqlalchemy import func, select

from bot.access.principals import Scope
from bot.db.conversation_tables import Conversation, Exchange, Handoff
from bot.db.engine import Database

QUESTION = {"role": "user", "content": "Can I return something?"}
ANSWER = "You can send it back within thirty days."


@pytest.fixture
async def write_key(new_key) -> str:
    header: dict[str, str] = await new_key(Scope.WRITE)
    return header["Authorization"].removeprefix("Bearer ")


@pytest.fixture
async def chat(app: FastAPI, write_key: str) -> AsyncIterator[openai.AsyncOpenAI]:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        httpx.AsyncClient(transport=transport) as http,
        openai.AsyncOpenAI(
            base_url="http://kefu.test/v1", api_key=write_key, http_client=http, max_retries=0
        ) as client,
    ):
        yield client


async def test_completion_holds_the_approved_answer_and_its_usage(chat: openai.AsyncOpenAI) -> None:
    completion = await chat.chat.completions.create(model="kefu", messages=[QUESTION])

    choice = completion.choices[0]
    assert (choice.message.role, choice.message.content, choice.finish_reason) == (
        "assistant",
        ANSWER,
        "stop",
    )
    assert completion.object == "chat.completion"
    assert completion.model == "kefu"
    assert completion.usage is not None
    assert completion.usage.prompt_tokens > 0
    assert completion.usage.completion_tokens > 0
    assert (
        completion.usage.total_tokens == completion.usage.prompt_tokens + completion.usage.completion_tokens
    )


async def test_stream_joins_to_the_same_text_and_ends_with_stop_and_usage(chat: openai.AsyncOpenAI) -> None:
    stream = await chat.chat.completions.create(
        model="kefu", messages=[QUESTION], stream=True, stream_options={"include_usage": True}
    )
    chunks = [chunk async for chunk in stream]

    assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == ANSWER
    assert chunks[0].choices[0].delta.role == "assistant"
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "stop"
    assert chunks[-1].choices == []
    assert chunks[-1].usage is not None
    assert len({chunk.id for chunk in chunks}) == 1


async def test_stream_without_options_has_no_usage(chat: openai.AsyncOpenAI) -> None:
    stream = await chat.chat.completions.create(model="kefu", messages=[QUESTION], stream=True)

    assert all(chunk.usage is None for chunk in [chunk async for chunk in stream])


async def test_parameters_without_meaning_here_are_ignored(chat: openai.AsyncOpenAI) -> None:
    completion = await chat.chat.completions.create(
        model="kefu",
        messages=[{"role": "system", "content": "Be brief."}, QUESTION],
        temperature=0.2,
        top_p=0.5,
        max_tokens=10,
        seed=3,
        tools=[{"type": "function", "function": {"name": "f", "parameters": {}}}],
        extra_body={"nobody_knows": True},
    )
    assert completion.choices[0].message.content == ANSWER


async def test_content_parts_are_read(chat: openai.AsyncOpenAI) -> None:
    parts = [{"type": "text", "text": "Can I return something?"}]
    completion = await chat.chat.completions.create(
        model="kefu", messages=[{"role": "user", "content": parts}]
    )

    assert completion.choices[0].message.content == ANSWER


async def test_each_call_is_stored_as_a_conversation_of_its_own(
    chat: openai.AsyncOpenAI, database: Database
) -> None:
    await chat.chat.completions.create(model="kefu", messages=[QUESTION])
    await chat.chat.completions.create(model="kefu", messages=[QUESTION])

    async with database.read() as session:
        channels = (await session.execute(select(Conversation.channel))).scalars().all()
        exchanges = (await session.execute(select(func.count()).select_from(Exchange))).scalar_one()
    assert (channels, exchanges) == (["openai", "openai"], 2)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("I want to talk to a human", "Nobody can join this chat; please contact our team directly."),
        ("转人工", "人工客服无法加入本次对话，请直接联系我们的客服团队。"),
        (
            "Who won yesterday?",
            "I don't know that one, so I won't guess. Nobody can join this chat; please contact our team directly.",
        ),
    ],
)
async def test_call_of_its_own_is_promised_no_person_who_could_not_answer_there(
    chat: openai.AsyncOpenAI, database: Database, text: str, said: str
) -> None:
    asked = [{"role": "user", "content": text}]
    completion = await chat.chat.completions.create(model="kefu", messages=asked)  # type: ignore[arg-type]  # plain dicts

    details = completion.model_extra["kefu"]  # type: ignore[index]
    assert (completion.choices[0].message.content, details["outcome"]) == (said, "handed_off")
    async with database.read() as session:
        assert (await session.execute(select(Handoff.id))).first() is None

    thread = {"conversation_id": details["conversation_id"]}
    await chat.chat.completions.create(model="kefu", messages=asked, metadata=thread)  # type: ignore[arg-type]  # plain dicts
    async with database.read() as session:
        waiting = (await session.execute(select(Handoff.conversation_id, Handoff.state))).all()
    assert waiting == [(details["conversation_id"], "waiting")], (
        "with a conversation that it names, one is asked for"
    )


@pytest.mark.parametrize("way", ["metadata", "header"])
async def test_conversation_can_be_continued(chat: openai.AsyncOpenAI, database: Database, way: str) -> None:
    first = await chat.chat.completions.create(model="kefu", messages=[QUESTION])
    thread = first.model_extra["kefu"]["conversation_id"]  # type: ignore[index]
    named = (
        {"metadata": {"conversation_id": thread}}
        if way == "metadata"
        else {"extra_headers": {"X-Kefu-Conversation": thread}}
    )

    second = await chat.chat.completions.create(model="kefu", messages=[QUESTION], **named)

    assert second.model_extra["kefu"]["conversation_id"] == thread  # type: ignore[index]
    async with database.read() as session:
        assert (await session.execute(select(Conversation.last_position))).scalars().all() == [4]


async def test_wrong_key_is_an_authentication_error(chat: openai.AsyncOpenAI) -> None:
    with pytest.raises(openai.AuthenticationError) as caught:
        await chat.with_options(api_key="kk_wrong").chat.completions.create(model="kefu", messages=[QUESTION])
    assert caught.value.code == "invalid_api_key"


async def test_unknown_model_is_named(chat: openai.AsyncOpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as caught:
        await chat.chat.completions.create(model="gpt-x", messages=[QUESTION])
    assert (caught.value.code, caught.value.param) == ("model_not_found", "model")
    assert "gpt-x" in caught.value.message


@pytest.mark.parametrize(
    "messages",
    [
        [],
        [{"role": "user", "content": ""}],
        [{"role": "nobody", "content": "x"}],
        [{"role": "system", "content": "x"}],
    ],
)
async def test_senseless_messages_are_bad_requests(chat: openai.AsyncOpenAI, messages: list[object]) -> None:
    with pytest.raises((openai.BadRequestError, openai.UnprocessableEntityError)) as caught:
        await chat.chat.completions.create(model="kefu", messages=messages)  # type: ignore[arg-type]
    assert caught.value.type == "invalid_request_error"


async def test_long_chat_goes_on_with_its_last_messages(chat: openai.AsyncOpenAI) -> None:
    long_ago = {"role": "user", "content": "one two three four"}
    recent = [{"role": "user", "content": "thank you"}, {"role": "assistant", "content": "Welcome."}] * 100

    short = await chat.chat.completions.create(model="kefu", messages=[*recent[1:], QUESTION])  # type: ignore[list-item]
    long = await chat.chat.completions.create(model="kefu", messages=[long_ago, *recent, QUESTION])  # type: ignore[list-item]

    assert long.choices[0].message.content == ANSWER
    assert long.usage == short.usage, "what is not read is not counted"


async def test_unknown_conversation_is_not_found(chat: openai.AsyncOpenAI) -> None:
    with pytest.raises(openai.NotFoundError):
        await chat.chat.completions.create(
            model="kefu", messages=[QUESTION], metadata={"conversation_id": "cnv_none"}
        )


async def test_models_are_listed_and_shown(chat: openai.AsyncOpenAI) -> None:
    listed = [model.id async for model in chat.models.list()]

    assert listed == ["kefu"]
    assert (await chat.models.retrieve("kefu")).owned_by == "kefu"
    with pytest.raises(openai.NotFoundError):
        await chat.models.retrieve("other")


async def test_repeated_idempotency_key_returns_the_same_completion(
    chat: openai.AsyncOpenAI, database: Database
) -> None:
    headers = {"Idempotency-Key": "k-1"}
    first = await chat.chat.completions.create(model="kefu", messages=[QUESTION], extra_headers=headers)
    second = await chat.chat.completions.create(model="kefu", messages=[QUESTION], extra_headers=headers)

    assert second == first
    async with database.read() as session:
        assert (await session.execute(select(func.count()).select_from(Exchange))).scalar_one() == 1


async def test_same_key_for_another_conversation_is_refused(chat: openai.AsyncOpenAI) -> None:
    threads = [
        (await chat.chat.completions.create(model="kefu", messages=[QUESTION])).model_extra["kefu"]  # type: ignore[index]
        for _ in range(2)
    ]

    async def ask(thread: dict[str, str]) -> str:
        headers = {"Idempotency-Key": "k-1", "X-Kefu-Conversation": thread["conversation_id"]}
        completion = await chat.chat.completions.create(
            model="kefu", messages=[QUESTION], extra_headers=headers
        )
        return str(completion.id)

    assert await ask(threads[0]) == await ask(threads[0])
    with pytest.raises(openai.UnprocessableEntityError) as caught:
        await ask(threads[1])
    assert caught.value.code == "idempotency-key-reused"


async def test_prompt_is_counted_outside_of_the_transaction(
    chat: openai.AsyncOpenAI, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = app.state.parts.follower.serving.engine.retriever.encoder
    count, counted = encoder.count_tokens, {}

    def watched(text: str) -> int:
        counted[text] = threading.current_thread().name
        return int(count(text))

    monkeypatch.setattr(type(encoder), "count_tokens", lambda _, text: watched(text))
    await chat.chat.completions.create(model="kefu", messages=[QUESTION])

    assert set(counted) == {QUESTION["content"], ANSWER}
    assert counted[QUESTION["content"]] != counted[ANSWER], "the reply is known in the transaction only"


async def test_yes_to_what_was_offered_in_a_call_without_conversation_gets_that_answer(
    chat: openai.AsyncOpenAI,
) -> None:
    offered = "I'm not quite sure. Is this what you mean?\n- Can I return something?"
    said = [
        {"role": "user", "content": "the thing I got"},
        {"role": "assistant", "content": offered},
        {"role": "user", "content": "Yes, please"},
    ]

    completion = await chat.chat.completions.create(model="kefu", messages=said)  # type: ignore[arg-type]  # plain dicts

    assert completion.choices[0].message.content == ANSWER


@pytest.mark.parametrize("where", ["history", "question", "conversation"])
async def test_half_an_emoji_breaks_no_call(app: FastAPI, write_key: str, where: str) -> None:
    earlier = [{"role": "user", "content": "Hello \ud83d"}, {"role": "assistant", "content": "Hi"}]
    body: dict[str, object] = {"model": "kefu", "messages": [*earlier, QUESTION]}
    if where == "question":
        body["messages"] = [{"role": "user", "content": "Can I return something? \ud83d"}]
    if where == "conversation":
        body["metadata"] = {"conversation_id": "cnv_\ud800"}
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://kefu.test") as client:
        response = await client.post(
            "/v1/chat/completions",
            content=json.dumps(body),
            headers={"Authorization": f"Bearer {write_key}", "Content-Type": "application/json"},
        )

    assert response.status_code == (404 if where == "conversation" else 200), response.text
