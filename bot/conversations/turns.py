"""One text of a visitor, through whichever door it came: understood, answered, or kept for the person who is there.

What a person has taken over is not even read by the bot. Where the takeover comes while the bot is at it, its reply is dropped in
the transaction that would have stored it. Where the bot can't answer, for want of a release or because something broke, a person is
asked for if one is there; else the error is what the caller gets.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import structlog
from sqlalchemy.exc import SQLAlchemyError

from bot.access.idempotency import IdempotentCall, StoredReply
from bot.access.principals import Principal
from bot.answering.choosing import chosen_place, may_choose
from bot.answering.companions import Assigned
from bot.answering.context import RECENT, turns_before, turns_of
from bot.answering.given_answers import PERSON_IS_HERE
from bot.answering.serving import Serving
from bot.answering.understanding import Understood, clean, spoken_language, understand
from bot.conversations import service
from bot.conversations.repository import ConversationRow, last_exchange
from bot.conversations.service import Spoken
from bot.conversations.wording import worded
from bot.db.base import JsonObject, now
from bot.db.conversation_tables import TalkState
from bot.db.transactions import Connection
from bot.dependencies import Parts
from bot.errors import KefuError, NoReleaseError
from bot.handoffs.transitions import hold
from retrieval import context

log = structlog.get_logger(__name__)
Shown = Callable[[JsonObject, Understood | None], JsonObject]
"""The body of the reply, of an exchange's row and of what the bot understood, if it did."""


@dataclass(frozen=True)
class Turn:
    """A text and where it belongs: ``conversation`` is None for a thread that begins with it, and which ``begin`` opens.

    ``asked_before`` is what its caller says was asked before, the last one first, for such a thread; ``address_block`` is
    where a visitor's choice comes from. ``person_can_reply`` is False where the caller would not hear what a person writes.
    """

    text: str
    said_by: Principal
    conversation: ConversationRow | None
    shown: Shown
    begin: Callable[[Connection], str] | None = None
    asked_before: Sequence[str] = ()
    address_block: str | None = None
    person_can_reply: bool = True

    def thread(self, connection: Connection) -> str:
        if self.conversation is not None:
            return str(self.conversation.id)
        assert self.begin is not None, "visitors speak in conversations that they have opened"
        return self.begin(connection)


@dataclass(frozen=True)
class Taken:
    """``answered`` is what the bot understood and replied to just now, as the exchange ``row``.

    None where a person has the message, and where the reply is an earlier one's.
    """

    reply: StoredReply
    row: JsonObject | None = None
    answered: Understood | None = None


class _BotIsBackError(Exception):
    """The person left between the look at the conversation and the transaction."""


class _NobodyThereError(Exception):
    pass


async def take_turn(parts: Parts, call: IdempotentCall, turn: Turn) -> Taken:
    """Raises as ``understand`` and ``service.answer_text`` do."""
    started = time.perf_counter()
    if turn.conversation is not None and turn.conversation.state == TalkState.PERSON:
        try:
            return await _kept_for_person(parts, call, turn, started=started)
        except _BotIsBackError:
            pass
    try:
        return await _answered(parts, call, turn)
    except NoReleaseError as error:
        return await _handed_over(parts, call, turn, error, started=started)
    except (KefuError, SQLAlchemyError):
        raise
    except Exception as error:
        log.error("bot_failed", conversation=turn.conversation and turn.conversation.id, exc_info=error)
        return await _handed_over(parts, call, turn, error, started=started)


async def _answered(parts: Parts, call: IdempotentCall, turn: Turn) -> Taken:
    came_at = now()
    async with parts.in_order.of(turn.conversation.id if turn.conversation else None):
        return await _answered_in_order(parts, call, turn, came_at=came_at)


async def _answered_in_order(parts: Parts, call: IdempotentCall, turn: Turn, *, came_at: datetime) -> Taken:
    chosen = await _chosen_in_words(parts, turn, came_at)
    if chosen is not None:
        return await _choice_given(parts, call, turn, chosen)
    conversation = turn.conversation
    assign: Callable[[Serving], Assigned] = Assigned
    if conversation is not None:
        assign = partial(
            parts.companions.assign, visitor_id=conversation.visitor_id, began_at=conversation.created_at
        )
    understood = await understand(
        turn.text,
        follower=parts.follower,
        languages=parts.settings.languages,
        conversation_language=conversation.language if conversation else None,
        assign=assign,
        turns=await _turns_before(parts, turn, came_at),
    )
    understood = await worded(understood, phrasing=parts.phrasing, quick=parts.database.quick)
    written: list[tuple[StoredReply, JsonObject]] = []

    def answer(connection: Connection) -> StoredReply:
        row = service.answer_text(
            connection,
            turn.thread(connection),
            understood,
            said_by=turn.said_by,
            settings=parts.settings.handoffs,
            visitor_id=conversation.visitor_id if conversation else None,
            person_can_reply=turn.person_can_reply,
        )
        written.append((StoredReply(200, turn.shown(row, understood)), row))
        return written[-1][0]

    reply = await call.run_quick(answer)
    row = next((row for mine, row in reversed(written) if mine is reply), None)
    if row is None:  # done by another process meanwhile
        return Taken(reply)
    if row["rule"] == PERSON_IS_HERE:
        log.info("bot_reply_dropped", conversation=row["conversation_id"], exchange=row["id"])
        return Taken(reply)
    return Taken(reply, row, understood)


async def _chosen_in_words(parts: Parts, turn: Turn, came_at: datetime) -> str | None:
    """The answer's id, where the bot has just asked back and the text says which of its questions is meant."""
    conversation = turn.conversation
    if conversation is None or not may_choose(turn.text):
        return None
    asked = await parts.database.quick.read(lambda c: last_exchange(c, conversation.id))
    if asked is None or came_at - asked.created_at > RECENT:
        return None
    place = chosen_place(turn.text, offered=len(asked.choices))
    return None if place is None else str(asked.choices[place]["answer_id"])


async def _choice_given(parts: Parts, call: IdempotentCall, turn: Turn, answer_id: str) -> Taken:
    conversation = turn.conversation
    assert conversation is not None, "what was offered was offered in a conversation"

    def give_choice(connection: Connection) -> StoredReply:
        row = service.answer_choice(
            connection,
            conversation,
            answer_id,
            chosen_by=turn.said_by,
            settings=parts.settings.handoffs,
            address_block=turn.address_block,
            in_words=clean(turn.text)[0],
        )
        return StoredReply(200, turn.shown(row, None))

    return Taken(await call.run_quick(give_choice))


async def _turns_before(parts: Parts, turn: Turn, came_at: datetime) -> tuple[context.Turn, ...]:
    conversation = turn.conversation
    if conversation is None:
        return turns_of(turn.asked_before, languages=parts.settings.languages)
    return await parts.database.quick.read(lambda c: turns_before(c, conversation.id, at=came_at))


async def _kept_for_person(parts: Parts, call: IdempotentCall, turn: Turn, *, started: float) -> Taken:
    assert turn.conversation is not None, "a thread that begins is with the bot"
    conversation = turn.conversation
    utterance = clean(turn.text)[0]
    language = spoken_language(utterance, languages=parts.settings.languages, before=conversation.language)
    spoken = Spoken(utterance, language, None, {}, started)

    def keep(connection: Connection) -> StoredReply:
        held = hold(connection, conversation.id)
        if held.state is not TalkState.PERSON:
            raise _BotIsBackError
        return StoredReply(200, turn.shown(service.keep_for_person(connection, held, spoken), None))

    return Taken(await call.run_quick(keep))


async def _handed_over(
    parts: Parts, call: IdempotentCall, turn: Turn, error: Exception, *, started: float
) -> Taken:
    if not turn.person_can_reply:
        raise error
    utterance = clean(turn.text)[0]

    def hand_over(connection: Connection) -> StoredReply:
        row = service.hand_over_unanswered(
            connection, turn.thread(connection), utterance, settings=parts.settings, started=started
        )
        if row is None:
            raise _NobodyThereError
        return StoredReply(200, turn.shown(row, None))

    try:
        return Taken(await call.run_quick(hand_over))
    except _NobodyThereError:
        raise error from None
