"""Conversations of people whom another program knows by a name of its own: one each, until they start anew."""

import hashlib
from dataclasses import dataclass

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from bot.access.idempotency import IdempotentCall, StoredReply
from bot.access.principals import KeyPrincipal
from bot.answering.understanding import Understood, understand
from bot.channels import thread_repository as repository
from bot.conversations import service
from bot.db.base import JsonObject
from bot.db.transactions import Work
from bot.dependencies import Parts


@dataclass(frozen=True)
class Sender:
    """Somebody in a channel, who speaks through a key."""

    channel: str
    key: KeyPrincipal
    name: str

    @property
    def row(self) -> JsonObject:
        hashed = hashlib.sha256(self.name.encode(errors="surrogatepass")).hexdigest()
        return {"channel": self.channel, "owner": self.key.id, "sender_hash": hashed}


@dataclass(frozen=True)
class Answered:
    """The exchange's row; ``understood`` is there where it was worked out just now, from a text."""

    reply: StoredReply
    understood: Understood | None = None


async def answer_sender(parts: Parts, sender: Sender, text: str, call: IdempotentCall) -> Answered:
    """Answers in the sender's conversation, which begins with their first message."""
    language = await parts.database.quick.read(lambda c: _language(c, sender))
    understood = await understand(
        text,
        follower=parts.follower,
        languages=parts.settings.languages,
        conversation_language=language,
    )

    def answer(connection: Connection) -> StoredReply:
        thread = _thread(connection, sender)
        return _stored(service.answer_text(connection, thread, understood, said_by=sender.key))

    return Answered(await _once_more(call, answer), understood)


async def choose_for_sender(sender: Sender, answer_id: str, call: IdempotentCall) -> Answered:
    """Gives an answer that was offered. Raises InvalidInputError where it was not."""

    def choose(connection: Connection) -> StoredReply:
        thread = _thread(connection, sender)
        conversation = service.reachable(connection, thread, sender.key)
        return _stored(service.answer_choice(connection, conversation, answer_id, chosen_by=sender.key))

    return Answered(await _once_more(call, choose))


def start_anew(connection: Connection, sender: Sender) -> None:
    """The conversation stays; the sender's next message begins another one."""
    repository.remove_thread(connection, sender.row)


def _thread(connection: Connection, sender: Sender) -> str:
    return repository.conversation_of(connection, sender.row) or _begin(connection, sender)


def _begin(connection: Connection, sender: Sender) -> str:
    conversation_id = service.open_thread(connection, sender.key, channel=sender.channel)
    repository.add_thread(connection, sender.row, conversation_id)
    return conversation_id


def _language(connection: Connection, sender: Sender) -> str | None:
    thread = repository.conversation_of(connection, sender.row)
    return service.reachable(connection, thread, sender.key).language if thread else None


async def _once_more(call: IdempotentCall, work: Work[StoredReply]) -> StoredReply:
    """Two first messages at once both begin a conversation; the one that comes second finds the other's then."""
    try:
        return await call.run_quick(work)
    except IntegrityError:
        return await call.run_quick(work)


def _stored(row: JsonObject) -> StoredReply:
    return StoredReply(200, {**row, "created_at": row["created_at"].isoformat()})
