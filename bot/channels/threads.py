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
    """Answers in the sender's conversation, which begins with their first message.

    Of two first messages at once the second goes into the conversation that the first has begun: here it waits for it, in
    another process its transaction fails on the sender's row.
    """
    if (thread := await _thread_of(parts, sender)) is not None:
        return await _answered(parts, sender, text, call, thread)
    async with parts.in_order.of(str(sender.row)):
        try:
            return await _answered(parts, sender, text, call, await _thread_of(parts, sender))
        except IntegrityError:
            return await _answered(parts, sender, text, call, await _thread_of(parts, sender))


async def _answered(
    parts: Parts, sender: Sender, text: str, call: IdempotentCall, thread: str | None
) -> Answered:
    conversation = None
    if thread is not None:
        conversation = await parts.database.quick.read(lambda c: service.reachable(c, thread, sender.key))

    def begin(connection: Connection) -> str:
        conversation_id = service.open_thread(connection, sender.key, channel=sender.channel)
        repository.add_thread(connection, sender.row, conversation_id)
        return conversation_id

    turn = Turn(text, sender.key, conversation, lambda row, _: _storable(row), begin=begin)
    taken = await take_turn(parts, call, turn)
    return Answered(taken.reply, taken.answered)


async def _thread_of(parts: Parts, sender: Sender) -> str | None:
    return await parts.database.quick.read(lambda c: repository.conversation_of(c, sender.row))


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


def _storable(row: JsonObject) -> JsonObject:
    return {**row, "created_at": row["created_at"].isoformat()}
