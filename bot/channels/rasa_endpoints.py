"""/webhooks/rest/webhook: Kefu for programs that speak to Rasa's REST channel.

Source: Rasa's documentation of the channel and its response format (``recipient_id``, ``text``, ``buttons``). A client needs
another address and an API key; each sender has one conversation, until they send ``/restart``.
"""

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.background import BackgroundTask

from bot.access.idempotency import StoredReply
from bot.answering.understanding import LONGEST_MESSAGE
from bot.channels.keys import ChannelKey
from bot.channels.threads import Answered, Sender, answer_sender, choose_for_sender, start_anew
from bot.db.base import JsonObject
from bot.db.transactions import Connection
from bot.dependencies import Idempotent, PartsDep
from bot.errors import (
    ForbiddenError,
    InvalidInputError,
    KeyReusedError,
    RateLimitedError,
    RequestRunningError,
    TooLargeError,
    UnauthorizedError,
    UnavailableError,
)
from bot.problems import responses

router = APIRouter(prefix="/webhooks/rest", tags=["rasa"])

CHANNEL = "rasa"
RESTART = "/restart"
CHOICE = "/choose "
"""What the payload of a button begins with; the answer's id follows."""


class RasaMessage(BaseModel):
    """Rasa's further fields (``input_channel``, ``metadata``) are ignored."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"sender": "user-7", "message": "Where is my order?"}]}
    )

    sender: str = Field(min_length=1, max_length=255)
    message: str = Field(min_length=1, max_length=LONGEST_MESSAGE)


class RasaButton(BaseModel):
    title: str
    payload: str = Field(description="What to send as the message when it is pressed")


class RasaMetadata(BaseModel):
    """Ours, beside Rasa's fields: what feedback and reading on need."""

    conversation_id: str
    exchange_id: str
    outcome: str


class RasaReply(BaseModel):
    recipient_id: str
    text: str
    buttons: list[RasaButton] | None = None
    metadata: RasaMetadata


@router.post(
    "/webhook",
    response_model=list[RasaReply],
    response_model_exclude_none=True,
    responses=responses(
        UnauthorizedError,
        ForbiddenError,
        RateLimitedError,
        RequestRunningError,
        KeyReusedError,
        InvalidInputError,
        TooLargeError,
        UnavailableError,
    ),
)
async def post_message(message: RasaMessage, parts: PartsDep, key: ChannelKey, call: Idempotent) -> Response:
    """Answers in the sender's conversation. The list is empty where the bot has nothing to say, as after `/restart`."""
    sender, said = Sender(CHANNEL, key, message.sender), message.message
    stored = await call.stored()
    if stored is not None:
        answered = Answered(stored)
    elif said.strip() == RESTART:

        def restart(connection: Connection) -> StoredReply:
            start_anew(connection, sender)
            return StoredReply(200, {})

        answered = Answered(await call.run_quick(restart))
    elif said.startswith(CHOICE):
        answered = await choose_for_sender(parts, sender, said.removeprefix(CHOICE).strip(), call)
    else:
        answered = await answer_sender(parts, sender, said, call)
    response = JSONResponse(replies_of(answered.reply.body, message.sender))
    if answered.understood is not None:
        response.background = BackgroundTask(parts.shadows.offer, answered.understood, answered.reply.body)
    return response


def replies_of(row: JsonObject, recipient: str) -> list[JsonObject]:
    """What the bot says, then what the system says of the handoff: this protocol has no events that would bring it."""
    if not row:
        return []
    metadata = RasaMetadata(
        conversation_id=row["conversation_id"], exchange_id=row["id"], outcome=row["outcome"]
    )
    buttons = [
        RasaButton(title=choice["question"], payload=CHOICE + choice["answer_id"])
        for choice in row["choices"]
    ]
    said = [(row["reply"]["text"], buttons or None), *((notice, None) for notice in row["notices"])]
    replies = [
        RasaReply(recipient_id=recipient, text=text, buttons=under, metadata=metadata)
        for text, under in said
        if text
    ]
    return [reply.model_dump(mode="json", exclude_none=True) for reply in replies]
