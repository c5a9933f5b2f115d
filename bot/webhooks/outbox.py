"""What happened is written down where it happens, in the same transaction: nothing is lost, nothing told that was undone."""

from sqlalchemy import Connection, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.db.base import JsonObject, new_id, now
from bot.db.webhook_tables import DeliveryState, EventType, Webhook, WebhookDelivery, WebhookEvent

_LISTENING = select(Webhook.id, Webhook.events).where(Webhook.disabled_at.is_(None))


def record(
    connection: Connection, event: EventType, payload: JsonObject, *, conversation_id: str | None = None
) -> None:
    """Keeps an event for each webhook that wants to hear of it; where none does, nothing is kept.

    The payload holds ids, never a customer's words. ``conversation_id`` lets the event go with the conversation.
    """
    wanted = [row.id for row in connection.execute(_LISTENING) if not row.events or event in row.events]
    if not wanted:
        return
    moment = now()
    happened = {
        "id": new_id("evt"),
        "type": event.value,
        "conversation_id": conversation_id,
        "payload": payload,
        "created_at": moment,
    }
    connection.execute(insert(WebhookEvent), happened)
    pending = {"event_id": happened["id"], "state": DeliveryState.PENDING.value, "next_attempt_at": moment}
    rows = [{"id": new_id("dlv"), "webhook_id": webhook_id, **pending} for webhook_id in wanted]
    connection.execute(insert(WebhookDelivery), rows)


async def record_in_session(
    session: AsyncSession, event: EventType, payload: JsonObject, *, conversation_id: str | None = None
) -> None:
    """As ``record``, for work on a session; what it has not written yet is written first."""
    await session.flush()
    connection = await session.connection()
    await connection.run_sync(record, event, payload, conversation_id=conversation_id)
