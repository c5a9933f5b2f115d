"""Nobody is left waiting in silence: who waits long is told so, and where nobody comes the bot speaks again and asks for contact.

Only the time in which the office is open counts. Every worker looks; under the lock on the conversation each sees what the others
have done already, so nothing is said twice.
"""

import asyncio
from datetime import datetime, timedelta
from enum import Enum, auto
from functools import partial

import structlog
from sqlalchemy import Connection

from bot.db.base import now
from bot.db.conversation_tables import HandoffState, TalkState
from bot.db.engine import Database
from bot.errors import NotFoundError
from bot.handoffs import repository
from bot.handoffs.availability import availability
from bot.handoffs.repository import HandoffRow
from bot.handoffs.texts import called_away, handoff_texts, nobody_came, still_waiting
from bot.handoffs.transitions import Held, Step, announce, hold, move
from bot.settings import HandoffSettings

LOOK_EVERY_S = 15
FORGOTTEN_AFTER = timedelta(hours=12)
"""So long after the last word of a person, nobody remembers that the conversation was never handed back."""

log = structlog.get_logger(__name__)


class Due(Enum):
    REMINDER = auto()
    RETURN = auto()
    HAND_BACK = auto()


async def watch_handoffs(database: Database, settings: HandoffSettings) -> None:
    """Runs until cancelled. A fault, such as a database that is away, is logged and all is looked at again the next time."""
    while True:
        try:
            await attend_to_waiting(database, settings)
        except Exception as error:
            log.error("handoffs_not_watched", error=repr(error))
        await asyncio.sleep(LOOK_EVERY_S)


async def attend_to_waiting(
    database: Database, settings: HandoffSettings, *, at: datetime | None = None
) -> int:
    """Does what is due, each conversation in a transaction of its own; returns in how many there was something to do."""
    moment = at or now()
    found = await database.quick.read(partial(_found_due, settings=settings, at=moment))
    done = 0
    for conversation_id in found:
        done += await database.quick.write(
            partial(_attend, conversation_id=conversation_id, settings=settings, at=moment)
        )
    return done


def _found_due(connection: Connection, *, settings: HandoffSettings, at: datetime) -> list[str]:
    handoffs = [*repository.waiting_or_taken(connection, before=at)]
    return [each.conversation_id for each in handoffs if _due(connection, each, settings, at)]


def _attend(connection: Connection, *, conversation_id: str, settings: HandoffSettings, at: datetime) -> bool:
    try:
        held = hold(connection, conversation_id)
    except NotFoundError:  # erased meanwhile
        return False
    handoff = held.handoff
    due = _due(connection, handoff, settings, at) if handoff else None
    if handoff is None or due is None:
        return False
    contact_known = repository.contact_of(connection, handoff.id) is not None
    if due is Due.REMINDER:
        there = availability(connection, settings, at=at)
        announce(connection, held, lambda tongue: still_waiting(tongue, there, contact_known=contact_known))
        repository.change_handoff(connection, handoff.id, reminded_at=at)
    elif due is Due.HAND_BACK:
        move(connection, held, Step.HAND_BACK, says=lambda tongue: handoff_texts(tongue).handed_back)
    else:
        _return_to_bot(connection, held, contact_known=contact_known)
    return True


def _return_to_bot(connection: Connection, held: Held, *, contact_known: bool) -> None:
    sorry = called_away if held.state is TalkState.PERSON else nobody_came
    move(
        connection,
        held,
        Step.NOBODY_CAME,
        says=lambda tongue: sorry(tongue, contact_known=contact_known),
        taken_by=None,
        taken_at=None,
    )


def _due(connection: Connection, handoff: HandoffRow, settings: HandoffSettings, at: datetime) -> Due | None:
    if handoff.state == HandoffState.PERSON:
        return _due_of_taken(connection, handoff, settings, at)
    if handoff.state != HandoffState.WAITING:
        return None
    office = settings.office
    if office.open_time(handoff.waiting_since, at) >= settings.return_after:
        return Due.RETURN
    last_told = handoff.reminded_at or handoff.waiting_since
    if not office.is_open(at):
        return Due.REMINDER if office.is_open(last_told) else None
    told_in_these_hours = handoff.reminded_at is not None and office.is_open(handoff.reminded_at)
    if told_in_these_hours or office.open_time(last_told, at) < settings.remind_after:
        return None
    return Due.REMINDER


def _due_of_taken(
    connection: Connection, handoff: HandoffRow, settings: HandoffSettings, at: datetime
) -> Due | None:
    """The visitor waits from their first message that nobody replied to, or since the handoff was taken without a word.

    Where the office is closed the person has gone home, and every minute counts.
    """
    office = settings.office
    replied = repository.last_reply(connection, handoff.conversation_id)
    waiting = handoff.taken_at
    assert waiting is not None, "who takes a handoff takes it at a moment"
    if replied is not None and replied >= waiting:
        unanswered = repository.first_said_after(connection, handoff.conversation_id, replied)
        if unanswered is None:
            return Due.HAND_BACK if at - replied >= FORGOTTEN_AFTER else None
        waiting = unanswered
    waited = office.open_time(waiting, at) if office.is_open(at) else at - waiting
    return Due.RETURN if waited >= settings.silent_after else None
