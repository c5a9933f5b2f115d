"""A person is asked for: by the visitor, or by the bot that does not know or can't answer."""

from sqlalchemy import Connection

from bot.db.base import now
from bot.db.conversation_tables import CHATWOOT
from bot.handoffs import repository
from bot.handoffs.availability import availability
from bot.handoffs.texts import what_next
from bot.handoffs.transitions import Held, Step, move
from bot.settings import HandoffSettings


def request_person(
    connection: Connection,
    held: Held,
    *,
    reason: str,
    settings: HandoffSettings,
    exchange_id: str | None = None,
) -> Held:
    """Opens a handoff, or puts the one that was missed back into the queue; tells the visitor what to expect."""
    there = availability(connection, settings)
    contact_known = (
        held.handoff is not None and repository.contact_of(connection, held.handoff.id) is not None
    )
    return move(
        connection,
        held,
        Step.REQUEST,
        says=lambda tongue: what_next(
            tongue, there, contact_known=contact_known, bot_goes_on=held.channel != CHATWOOT
        ),
        new_handoff={"exchange_id": exchange_id},
        reason=reason,
        asked_again_at=now() if held.handoff is not None else None,
        taken_by=None,
        taken_at=None,
        reminded_at=None,
    )
