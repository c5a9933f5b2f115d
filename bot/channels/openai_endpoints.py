"""/v1/chat/completions and /v1/models: Kefu for programs that speak OpenAI's protocol.

Stateless: the last user message is the question, the user messages before it are its context, and each call is a conversation of
its own, in which nobody would read what a person writes: none is asked for. With
``metadata.conversation_id`` or the header ``X-Kefu-Conversation`` it goes on in a stored conversation.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Header
from fastapi.responses import JSONResponse, Response, StreamingResponse
from starlette.background import BackgroundTask

from bot.access.idempotency import StoredReply
from bot.access.principals import KeyPrincipal
from bot.answering.choosing import chosen_place
from bot.answering.serving import Serving
from bot.answering.understanding import Understood
from bot.channels.openai_errors import ModelUnknownError, OpenAiRoute, openai_responses
from bot.channels.openai_schemas import (
    MODEL,
    AssistantMessage,
    ChatCompletion,
    ChatCompletionRequest,
    CompletionChoice,
    KefuDetails,
    ModelCard,
    ModelList,
    Usage,
)
from bot.conversations import service
from bot.conversations.streaming import event_stream, pieces
from bot.conversations.turns import Turn, take_turn
from bot.db.base import JsonObject
from bot.db.transactions import Connection
from bot.dependencies import CONVERSATION_HEADER, Idempotent, Parts, PartsDep, ReadKey, WriteKey
from bot.errors import InvalidInputError, NotFoundError, TooLargeError
from bot.json_bytes import json_text
from bot.problems import responses
from retrieval.normalize import normalize

router = APIRouter(
    prefix="/v1", tags=["openai"], route_class=OpenAiRoute, responses=openai_responses(401, 403, 422, 429)
)

OFFERED = "- "
"""Before each question of a question back."""
ConversationHeader = Annotated[str | None, Header(alias=CONVERSATION_HEADER)]


@router.get("/models")
async def list_models(key: ReadKey, parts: PartsDep) -> ModelList:  # noqa: ARG001  # the key is the permission
    return ModelList(object="list", data=[_model_card()])


@router.get("/models/{model}", responses=openai_responses(404))
async def get_model(model: str, key: ReadKey) -> ModelCard:  # noqa: ARG001
    _check_model(model)
    return _model_card()


@router.post(
    "/chat/completions",
    response_model=ChatCompletion,
    responses={
        **openai_responses(400, 404, 409, 503),
        **responses(TooLargeError),
        200: {"content": {"text/event-stream": {}}},
    },
)
async def create_chat_completion(
    request: ChatCompletionRequest,
    key: WriteKey,
    parts: PartsDep,
    call: Idempotent,
    conversation_header: ConversationHeader = None,
) -> Response:
    """Answers the last user message with an approved answer, a question back, or a handoff."""
    _check_model(request.model)
    stored, after = await call.stored(), None
    if stored is None:
        wish = (request.metadata or {}).get("conversation_id") or conversation_header
        stored, after = await _answered(
            request, key, parts, call, conversation_id=str(wish) if wish else None
        )
    response: Response = JSONResponse(stored.body)
    if request.stream:
        usage_wanted = bool(request.stream_options and request.stream_options.include_usage)
        response = _stream(ChatCompletion.model_validate(stored.body), usage_wanted=usage_wanted)
    response.background = after
    return response


async def _answered(
    request: ChatCompletionRequest,
    key: KeyPrincipal,
    parts: Parts,
    call: Idempotent,
    *,
    conversation_id: str | None,
) -> tuple[StoredReply, BackgroundTask | None]:
    """The reply, and what is to be done once it is sent."""
    asked = [message.text for message in reversed(request.messages) if message.role == "user"]
    question = _question_meant(request) if conversation_id is None else next(iter(asked), "")
    if not question.strip():
        raise InvalidInputError("messages: the last message with role 'user' has no text")
    conversation = None
    if conversation_id is not None:
        wanted = conversation_id
        if not wanted.isascii():  # half a character can't even be looked up
            raise NotFoundError(f"no conversation {wanted!r}")
        conversation = await parts.database.quick.read(lambda c: service.reachable(c, wanted, key))

    prompt = await asyncio.to_thread(_prompt_tokens, request, parts.follower.serving)

    def shown(row: JsonObject, understood: Understood | None) -> JsonObject:
        return _completion(row, understood, prompt_tokens=prompt).model_dump(mode="json")

    def begin(connection: Connection) -> str:
        return service.open_thread(connection, key, channel="openai")

    turn = Turn(
        question,
        key,
        conversation,
        shown,
        begin=begin,
        asked_before=asked[1:],
        person_can_reply=conversation is not None,
    )
    taken = await take_turn(parts, call, turn)
    if taken.answered is None or taken.row is None:
        return taken.reply, None
    return taken.reply, BackgroundTask(parts.shadows.offer, taken.answered, taken.row)


def _question_meant(request: ChatCompletionRequest) -> str:
    """The last user message; where it answers a question back in words, the question that it chooses.

    A caller without a conversation sends what was offered as it was told: as lines of the message before.
    """
    said = [message for message in request.messages if message.role in ("user", "assistant")]
    question = next((message.text for message in reversed(said) if message.role == "user"), "")
    if len(said) < 2 or said[-2].role != "assistant":
        return question
    offered = [line[len(OFFERED) :] for line in said[-2].text.splitlines() if line.startswith(OFFERED)]
    place = chosen_place(question, offered=len(offered))
    return question if place is None else offered[place]


def _prompt_tokens(request: ChatCompletionRequest, serving: Serving | None) -> int:
    """Counted before the turn: in its transaction a long chat would hold up everybody else's."""
    if serving is None:
        return 0
    count = serving.engine.retriever.encoder.count_tokens
    return sum(count(normalize(message.text)) for message in request.messages)


def _completion(row: JsonObject, understood: Understood | None, *, prompt_tokens: int) -> ChatCompletion:
    """Where the bot did not read the message, no tokens were used."""
    text = _with_choices(row)
    prompt = completion = 0
    if understood is not None:
        prompt = prompt_tokens
        completion = understood.serving.engine.retriever.encoder.count_tokens(text)
    message = AssistantMessage(role="assistant", content=text, refusal=None)
    return ChatCompletion(
        id=f"chatcmpl-{row['id']}",
        object="chat.completion",
        created=int(time.time()),
        model=MODEL,
        choices=[CompletionChoice(index=0, message=message, logprobs=None, finish_reason="stop")],
        usage=Usage(prompt_tokens=prompt, completion_tokens=completion, total_tokens=prompt + completion),
        kefu=KefuDetails(
            conversation_id=row["conversation_id"], exchange_id=row["id"], outcome=row["outcome"]
        ),
    )


def _with_choices(row: JsonObject) -> str:
    """This protocol has no buttons and no events, so what can be chosen, and what the system says, stand in the text."""
    lines = [
        row["reply"]["text"],
        *(f"{OFFERED}{choice['question']}" for choice in row["choices"]),
        *row["notices"],
    ]
    return "\n".join(lines)


def _stream(completion: ChatCompletion, *, usage_wanted: bool) -> StreamingResponse:
    def chunk(delta: JsonObject, finish_reason: str | None = None, **more: Any) -> bytes:
        choices = [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}]
        body = {
            "id": completion.id,
            "object": "chat.completion.chunk",
            "created": completion.created,
            "model": MODEL,
            "choices": choices,
            **({"usage": None} if usage_wanted else {}),
            **more,
        }
        return f"data: {json_text(body)}\n\n".encode()

    async def chunks() -> AsyncIterator[bytes]:
        yield chunk({"role": "assistant", "content": ""}, kefu=completion.kefu.model_dump())
        for piece in pieces(completion.choices[0].message.content):
            yield chunk({"content": piece})
        yield chunk({}, "stop")
        if usage_wanted:
            yield chunk({}, choices=[], usage=completion.usage.model_dump())
        yield b"data: [DONE]\n\n"

    return event_stream(chunks())


def _check_model(model: str) -> None:
    if model != MODEL:
        raise ModelUnknownError(f"the model {model!r} does not exist; this service has {MODEL!r}")


def _model_card() -> ModelCard:
    return ModelCard(id=MODEL, object="model", created=1_795_219_200, owned_by="kefu")
