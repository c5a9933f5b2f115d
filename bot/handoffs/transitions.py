"""Who speaks in a conversation, and how that changes: the only place that changes it.

::

    bot ──request──► waiting ──take──► person ──hand_back──► bot
     ▲                  │                 └─────close──────► closed ──reopen──► bot
     └──nobody_came─────┘

A transition holds the conversation's row from before it looks until the commit, as every exchange does (``hold``). Whoever
comes second finds the state that the first one left. Each says to the visitor what happened and what happens next, in the same
transaction.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection

from bot.conversations import repository as conversations
from bot.db.base import now
from bot.db.conversation_tables import HandoffState, TalkState
from bot.db.webhook_tables import EventType
from bot.errors import HandoffStateError
from bot.handoffs import repository
from bot.handoffs.repository import HandoffRow
from bot.handoffs.texts import Tongue, tongue_of
from bot.webhooks.outbox import record


class Step(StrEnum):
    REQUEST = "request"
    TAKE = "take"
    HAND_BACK = "hand_back"
    CLOSE = "close"
    NOBODY_CAME = "nobody_came"
    REOPEN = "reopen"


MOVES: Mapping[tuple[TalkState, Step], TalkState] = {
    (TalkState.BOT, Step.REQUEST): TalkState.WAITING,
    (TalkState.CLOSED, Step.REQUEST): TalkState.WAITING,
    (TalkState.WAITING, Step.TAKE): TalkState.PERSON,
    # A missed handoff: the bot speaks again, and an operator replies later.
    (TalkState.BOT, Step.TAKE): TalkState.PERSON,
    (TalkState.WAITING, Step.HAND_BACK): TalkState.BOT,
    (TalkState.PERSON, Step.HAND_BACK): TalkState.BOT,
    (TalkState.WAITING, Step.CLOSE): TalkState.CLOSED,
    (TalkState.PERSON, Step.CLOSE): TalkState.CLOSED,
    (TalkState.BOT, Step.CLOSE): TalkState.CLOSED,
    (TalkState.WAITING, Step.NOBODY_CAME): TalkState.BOT,
    (TalkState.PERSON, Step.NOBODY_CAME): TalkState.BOT,
    (TalkState.CLOSED, Step.REOPEN): TalkState.BOT,
}
"""All that is allowed; whatever is not here is refused."""

_HANDOFF_AFTER: Mapping[Step, HandoffState] = {
    Step.REQUEST: HandoffState.WAITING,
    Step.TAKE: HandoffState.PERSON,
    Step.HAND_BACK: HandoffState.HANDED_BACK,
    Step.CLOSE: HandoffState.CLOSED,
    Step.NOBODY_CAME: HandoffState.MISSED,
}
_EVENT_OF: Mapping[Step, EventType] = {
    Step.REQUEST: EventType.HANDOFF_REQUESTED,
    Step.TAKE: EventType.HANDOFF_TAKEN,
    Step.HAND_BACK: EventType.HANDOFF_ENDED,
    Step.CLOSE: EventType.HANDOFF_ENDED,
    Step.NOBODY_CAME: EventType.HANDOFF_MISSED,
}
_ENDS_HANDOFF = (Step.HAND_BACK, Step.CLOSE)


@dataclass(frozen=True)
class Held:
    """A conversation whose row this transaction holds, with the handoff that is open in it."""

    id: str
    channel: str
    state: TalkState
    language: str | None
    handoff: HandoffRow | None
    notices: tuple[str, ...] = ()
    """What the system said in this transaction."""


def hold(connection: Connection, conversation_id: str) -> Held:
    """Raises NotFoundError."""
    locked = conversations.lock_conversation(connection, conversation_id)
    handoff = repository.open_handoff(connection, conversation_id)
    return Held(conversation_id, locked.channel, TalkState(locked.state), locked.language, handoff)


def move(
    connection: Connection,
    held: Held,
    step: Step,
    *,
    says: Callable[[Tongue], str],
    new_handoff: Mapping[str, Any] | None = None,
    **changes: Any,
) -> Held:
    """Makes the step; returns the conversation as it is then.

    Args:
        says: What the visitor is told, in their tongue.
        new_handoff: The columns of the handoff that a request opens where none is open.
        changes: Columns of the handoff that change besides its state.

    Raises:
        HandoffStateError: the step is not possible in this state; says which it is, and who holds it.
    """
    after = MOVES.get((held.state, step))
    if after is None or (held.handoff is None and step not in (Step.REQUEST, Step.REOPEN)):
        raise refusal(held, f"{step.value.replace('_', ' ')} is not possible")
    said = announce(connection, held, says, state=after)
    if step in _HANDOFF_AFTER:
        values = {"state": _HANDOFF_AFTER[step], **changes}
        if step in _ENDS_HANDOFF:
            values["closed_at"] = now()
        if held.handoff is not None:
            repository.change_handoff(connection, held.handoff.id, **values)
        else:
            row = {"conversation_id": held.id, **(new_handoff or {}), **values}
            repository.add_handoff(connection, row)
    if (event := _EVENT_OF.get(step)) and (
        told := held.handoff or repository.open_handoff(connection, held.id)
    ):
        payload = {"handoff_id": told.id, "conversation_id": held.id}
        if step is Step.REQUEST:
            payload["exchange_id"] = (new_handoff or {}).get("exchange_id")
        record(connection, event, payload, conversation_id=held.id)
    handoff = repository.open_handoff(connection, held.id)
    return replace(said, state=after, handoff=handoff)


def announce(
    connection: Connection, held: Held, says: Callable[[Tongue], str], *, state: TalkState | None = None
) -> Held:
    """Says something to the visitor as the system; the state stays unless another one is given."""
    last = conversations.last_exchange(connection, held.id)
    text = says(tongue_of(held.language, last.utterance if last else ""))
    position = conversations.take_positions(connection, held.id, count=1, language=held.language, state=state)
    row = conversations.message_row(held.id, position, "system", text, None)
    conversations.add_messages(connection, [row])
    return replace(held, notices=(*held.notices, text))


def refusal(held: Held, what: str) -> HandoffStateError:
    holder = held.handoff.taken_by if held.handoff and held.state is TalkState.PERSON else None
    with_whom = (
        f"held by {holder} since {held.handoff.taken_at:%Y-%m-%d %H:%M} UTC"
        if holder and held.handoff
        else "held by nobody"
    )
    return HandoffStateError(
        f"{what}: conversation {held.id} is in state {held.state.value!r}, {with_whom}",
        state=held.state.value,
        held_by=holder,
    )
