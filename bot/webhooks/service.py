"""Looking after webhooks, and the log of what they were told."""

from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from bot.db.base import new_id, now
from bot.db.engine import Database
from bot.db.webhook_tables import DeliveryState, Webhook, WebhookDelivery
from bot.errors import NotFoundError
from bot.knowledge.audit import record_audit
from bot.pagination import Page, cut
from bot.webhooks import repository
from bot.webhooks.schemas import DeliveryOut, WebhookIn, WebhookOut
from bot.webhooks.sending import checked_url
from bot.webhooks.signing import new_secret

KEPT_FOR = timedelta(days=30)


async def create_webhook(
    session: AsyncSession, wish: WebhookIn, *, allowed_hosts: tuple[str, ...], created_by: str
) -> Webhook:
    """Raises InvalidInputError for an address that it may not have."""
    webhook = Webhook(
        id=new_id("whk"),
        url=checked_url(wish.url, allowed_hosts=allowed_hosts),
        events=[event.value for event in dict.fromkeys(wish.events)],
        secret=new_secret(),
        created_by=created_by,
        created_at=now(),
    )
    session.add(webhook)
    await record_audit(session, actor=created_by, action="create_webhook", target=webhook.id)
    return webhook


async def find_webhook(session: AsyncSession, webhook_id: str) -> Webhook:
    webhook = await session.get(Webhook, webhook_id)
    if webhook is None:
        raise NotFoundError(f"no webhook {webhook_id!r}; see: kefu webhooks list")
    return webhook


async def page_of_webhooks(session: AsyncSession, *, after: str | None, limit: int) -> Page[WebhookOut]:
    rows = await repository.webhooks(session, after=after, limit=limit + 1)
    page, next_cursor = cut(rows, limit=limit, key=lambda row: row.id)
    return Page(items=[webhook_out(row) for row in page], next_cursor=next_cursor)


async def enable_webhook(session: AsyncSession, webhook_id: str, *, enabled_by: str) -> Webhook:
    """Tells it again, also what still waits from before; five days of failing are counted anew."""
    webhook = await find_webhook(session, webhook_id)
    webhook.disabled_at, webhook.failing_since = None, None
    await record_audit(session, actor=enabled_by, action="enable_webhook", target=webhook_id)
    return webhook


async def disable_webhook(session: AsyncSession, webhook_id: str, *, disabled_by: str) -> Webhook:
    """Tells it nothing until it is enabled; one that is disabled already keeps the time it has been."""
    webhook = await find_webhook(session, webhook_id)
    if webhook.disabled_at is None:
        webhook.disabled_at = now()
        await record_audit(session, actor=disabled_by, action="disable_webhook", target=webhook_id)
    return webhook


async def delete_webhook(session: AsyncSession, webhook_id: str, *, deleted_by: str) -> None:
    await find_webhook(session, webhook_id)
    await repository.remove(session, webhook_id)
    await record_audit(session, actor=deleted_by, action="delete_webhook", target=webhook_id)


async def page_of_deliveries(
    session: AsyncSession, webhook_id: str, *, state: DeliveryState | None, before: str | None, limit: int
) -> Page[DeliveryOut]:
    """The newest first. Raises NotFoundError for a webhook that is not there."""
    await find_webhook(session, webhook_id)
    rows = await repository.deliveries_before(
        session, webhook_id=webhook_id, state=state, before=before, limit=limit + 1
    )
    page, next_cursor = cut(rows, limit=limit, key=lambda row: row.WebhookDelivery.id)
    return Page(items=[_delivery_out(row.WebhookDelivery, row.type) for row in page], next_cursor=next_cursor)


async def replay(session: AsyncSession, delivery_id: str, *, replayed_by: str) -> DeliveryOut:
    """Tells the webhook the same event again, by a delivery of its own. Raises NotFoundError."""
    found = await repository.delivery(session, delivery_id)
    if found is None:
        raise NotFoundError(f"no delivery {delivery_id!r}; see: kefu webhooks deliveries WEBHOOK")
    earlier, moment = found.WebhookDelivery, now()
    again = WebhookDelivery(
        id=new_id("dlv"),
        webhook_id=earlier.webhook_id,
        event_id=earlier.event_id,
        state=DeliveryState.PENDING,
        attempts=0,
        next_attempt_at=moment,
        created_at=moment,
    )
    session.add(again)
    await session.flush()
    await record_audit(
        session, actor=replayed_by, action="replay_delivery", target=again.id, details={"of": delivery_id}
    )
    return _delivery_out(again, found.type)


async def forget_old_events(database: Database) -> None:
    """With their deliveries."""
    async with database.write() as session:
        await repository.forget_events_before(session, now() - KEPT_FOR)


def webhook_out(webhook: Webhook) -> WebhookOut:
    return WebhookOut.model_validate(webhook, from_attributes=True)


def _delivery_out(delivery: WebhookDelivery, type: str) -> DeliveryOut:
    pending = delivery.state == DeliveryState.PENDING
    fields = {name: getattr(delivery, name) for name in DeliveryOut.model_fields if name != "type"}
    return DeliveryOut(
        **fields | {"type": type, "next_attempt_at": delivery.next_attempt_at if pending else None}
    )
