"""What Chatwoot tells an agent bot, and what it is told back.

Source: Chatwoot's agent bots (webhook of type ``message_created`` and ``message_updated``, signed as ``sha256=`` HMAC of
``timestamp.body``) and its application API (``POST …/conversations/{id}/messages``, ``…/toggle_status``). A conversation that is
``pending`` is the bot's, one that is ``open`` the agents'.
"""

import hmac
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field

from bot.db.base import JsonObject
from bot.errors import UnauthorizedError, UnavailableError
from bot.json_bytes import json_text
from bot.settings import ChatwootSettings
from bot.webhooks.sending import CheckedBackend, Replied, Sender
from retrieval.decision import Outcome

FRESH_S = 300
INCOMING = ("incoming", 0)


class Account(BaseModel):
    id: int


class Conversation(BaseModel):
    id: int
    status: str


class Submitted(BaseModel):
    value: str


class Attributes(BaseModel):
    submitted_values: list[Submitted] | None = None


class ChatwootEvent(BaseModel):
    """The part of a webhook that is read here."""

    model_config = ConfigDict(extra="ignore")

    event: str
    id: int | None = None
    content: str | None = None
    message_type: str | int | None = None
    private: bool = False
    content_attributes: Attributes = Field(default_factory=Attributes)
    conversation: Conversation | None = None
    account: Account | None = None


@dataclass(frozen=True)
class Said:
    """What a visitor said, or which of the offered answers they picked, in a conversation that is the bot's."""

    account: int
    conversation: int
    message: int
    text: str
    is_choice: bool

    @property
    def sender(self) -> str:
        return f"{self.account}/{self.conversation}"

    @property
    def key(self) -> str:
        """The same when Chatwoot tells the same again."""
        return f"chatwoot-{self.account}-{self.message}-{'choice' if self.is_choice else 'text'}"


def said_in(event: ChatwootEvent) -> Said | None:
    """None for what is not the bot's to answer."""
    if event.account is None or event.conversation is None or event.id is None:
        return None
    if event.conversation.status != "pending" or event.private:
        return None
    picked = event.content_attributes.submitted_values
    if event.event == "message_updated" and picked:
        text, is_choice = picked[0].value, True
    elif event.event == "message_created" and event.message_type in INCOMING and event.content:
        text, is_choice = event.content, False
    else:
        return None
    return Said(event.account.id, event.conversation.id, event.id, text, is_choice)


def check_signature(secret: str, body: bytes, *, signature: str, timestamp: str) -> None:
    """Raises UnauthorizedError for a message that is not Chatwoot's, or an old one sent again."""
    wanted = "sha256=" + hmac.digest(secret.encode(), timestamp.encode() + b"." + body, "sha256").hex()
    fresh = timestamp.isdecimal() and len(timestamp) < 12 and abs(time.time() - int(timestamp)) <= FRESH_S
    if not fresh or not hmac.compare_digest(wanted.encode(), signature.encode(errors="replace")):
        raise UnauthorizedError(
            "X-Chatwoot-Signature does not belong to this message, or X-Chatwoot-Timestamp is older than five minutes"
        )


class ChatwootClient:
    def __init__(self, settings: ChatwootSettings) -> None:
        self._base = (settings.url or "").rstrip("/")
        self._token = settings.access_token.get_secret_value() if settings.access_token else ""
        self._sender = Sender(CheckedBackend([urlsplit(self._base).hostname or ""]))

    async def tell(self, said: Said, row: JsonObject) -> None:
        """Says the reply, and leaves the conversation to people where the bot hands over.

        Raises:
            UnavailableError: Chatwoot did not take it; it then opens the conversation to people itself.
        """
        if row["reply"]["text"]:
            await self._post(said, "messages", message_of(row))
        for notice in row["notices"]:
            await self._post(
                said, "messages", {"content": notice, "message_type": "outgoing", "private": False}
            )
        if row["outcome"] == Outcome.HANDED_OFF:
            await self._post(said, "toggle_status", {"status": "open"})

    async def _post(self, said: Said, what: str, body: JsonObject) -> None:
        url = f"{self._base}/api/v1/accounts/{said.account}/conversations/{said.conversation}/{what}"
        replied: Replied = await self._sender.post(
            url, json_text(body).encode(), {"api_access_token": self._token}
        )
        if not replied.heard:
            raise UnavailableError(
                f"Chatwoot did not take the bot's {what} ({replied.status or replied.error}); "
                "check KEFU_CHATWOOT__URL and KEFU_CHATWOOT__ACCESS_TOKEN"
            )


def message_of(row: JsonObject) -> JsonObject:
    message: JsonObject = {"content": row["reply"]["text"], "message_type": "outgoing", "private": False}
    if row["choices"]:
        items = [{"title": choice["question"], "value": choice["answer_id"]} for choice in row["choices"]]
        message |= {"content_type": "input_select", "content_attributes": {"items": items}}
    return message
