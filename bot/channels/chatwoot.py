"""What Chatwoot tells an agent bot, and what it is told back.

Source: Chatwoot's agent bots (webhook of type ``message_created`` and ``message_updated``, signed as ``sha256=`` HMAC of
``timestamp.body``) and its application API (``POST …/conversations/{id}/messages``, ``…/toggle_status``). A conversation that is
``pending`` is the bot's, one that is ``open`` the agents'.
"""

import hmac
import time
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict

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


class ChatwootEvent(BaseModel):
    """The part of a webhook that is read here.

    What is in ``content_attributes`` goes by ``content_type``: what was submitted is a list, or an object for a rating.
    """

    model_config = ConfigDict(extra="ignore")

    event: str
    id: int | None = None
    content: str | None = None
    message_type: str | int | None = None
    private: bool | None = None
    content_type: str | None = None
    content_attributes: JsonObject | None = None
    attachments: list[Any] | None = None
    conversation: Conversation | None = None
    account: Account | None = None


class Kind(StrEnum):
    TEXT = "text"
    CHOICE = "choice"
    """The text is the id of an answer that was offered."""
    ATTACHMENT = "attachment"
    """Without a text."""


@dataclass(frozen=True)
class Said:
    """What a visitor said, picked or sent in a conversation that is the bot's."""

    account: int
    conversation: int
    message: int
    kind: Kind
    text: str

    @property
    def sender(self) -> str:
        return f"{self.account}/{self.conversation}"

    @property
    def key(self) -> str:
        """The same when Chatwoot tells the same again."""
        return f"chatwoot-{self.account}-{self.message}-{self.kind}"


def said_in(event: ChatwootEvent) -> Said | None:
    """None for what is not the bot's to answer."""
    if event.account is None or event.conversation is None or event.id is None:
        return None
    if event.conversation.status != "pending" or event.private:
        return None
    said = partial(Said, event.account.id, event.conversation.id, event.id)
    if event.event == "message_updated" and (picked := _picked(event)):
        return said(Kind.CHOICE, picked)
    if event.event == "message_created" and event.message_type in INCOMING:
        if event.content:
            return said(Kind.TEXT, event.content)
        if event.attachments:
            return said(Kind.ATTACHMENT, "")
    return None


def _picked(event: ChatwootEvent) -> str | None:
    match (event.content_attributes or {}).get("submitted_values"):
        case [{"value": str(value)}, *_] if event.content_type != "form":
            return value
    return None


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
            await self._post(said, "messages", _message(notice))
        if row["outcome"] == Outcome.HANDED_OFF:
            await self._open(said)

    async def leave_to_people(self, said: Said, text: str) -> None:
        """Raises as ``tell`` does."""
        await self._post(said, "messages", _message(text))
        await self._open(said)

    async def _open(self, said: Said) -> None:
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
    message = _message(row["reply"]["text"])
    if row["choices"]:
        items = [{"title": choice["question"], "value": choice["answer_id"]} for choice in row["choices"]]
        message |= {"content_type": "input_select", "content_attributes": {"items": items}}
    return message


def _message(text: str) -> JsonObject:
    return {"content": text, "message_type": "outgoing", "private": False}
