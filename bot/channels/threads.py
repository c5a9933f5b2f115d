"""Conversations of people whom another program knows by a name of its own: one each, until they start anew."""

import hashlib
from dataclasses import dataclass

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from bot.access.idempotency import IdempotentCall, StoredReply
from bot.access.principals import KeyPrincipal
from bot.answering.understanding import Understood
from bot.channels import thread_repository as repository
from bot.conversations import service
from bot.conversations.repository import offered_choices
from bot.conversations.turns import Turn, take_turn
from bot.db.base import JsonObject
from bot.dependencies import Parts
from bot.errors import InvalidInputError


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
    read = parts.database.quick.read
    thread = await read(lambda c: repository.conversation_of(c, sender.row)) or await _begun(parts, sender)
    conversation = await read(lambda c: service.reachable(c, thread, sender.key))
    turn = Turn(text, sender.key, conversation, lambda row, _: _storable(row), channel=sender.channel)
    taken = await take_turn(parts, call, turn)
    return Answered(taken.reply, taken.answered)


async def choose_for_sender(parts: Parts, sender: Sender, answer_id: str, call: IdempotentCall) -> Answered:
    """Gives an answer that was offered. Raises InvalidInputError where it was not.

    Buttons stay where they were, so one of an earlier reply may be pressed: it asks its question.
    """

    def choose(connection: Connection) -> StoredReply:
        thread = repository.conversation_of(connection, sender.row)
        if thread is None:
            raise InvalidInputError(f"{answer_id!r} was not offered; {sender.name!r} has no conversation yet")
        row = service.answer_choice(
            connection,
            service.reachable(connection, thread, sender.key),
            answer_id,
            chosen_by=sender.key,
            settings=parts.settings.handoffs,
        )
        return StoredReply(200, _storable(row))

    try:
        return Answered(await call.run_quick(choose))
    except InvalidInputError:
        question = await parts.database.quick.read(lambda c: _offered_before(c, sender, answer_id))
        if question is None:
            raise
        return await answer_sender(parts, sender, question, call)


def _offered_before(connection: Connection, sender: Sender, answer_id: str) -> str | None:
    """The question by which the answer was offered, if it ever was."""
    thread = repository.conversation_of(connection, sender.row)
    if thread is None:
        return None
    offered = offered_choices(connection, thread)
    return next((str(c["question"]) for c in offered if c["answer_id"] == answer_id), None)


def start_anew(connection: Connection, sender: Sender) -> None:
    """The conversation stays; the sender's next message begins another one."""
    repository.remove_thread(connection, sender.row)


async def _begun(parts: Parts, sender: Sender) -> str:
    """Two first messages at once both begin a conversation; the one that comes second finds the other's."""

    def begin(connection: Connection) -> str:
        conversation_id = service.open_thread(connection, sender.key, channel=sender.channel)
        repository.add_thread(connection, sender.row, conversation_id)
        return conversation_id

    try:
        return await parts.database.quick.write(begin)
    except IntegrityError:
        found = await parts.database.quick.read(lambda c: repository.conversation_of(c, sender.row))
        if found is None:
            raise
        return found


def _storable(row: JsonObject) -> JsonObject:
    return {**row, "created_at": row["created_at"].isoformat()}
