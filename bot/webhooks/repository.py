"""Queries on webhooks, events and deliveries."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import TypeAlias

from sqlalchemy import Connection, Row, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.db.base import JsonObject
from bot.db.webhook_tables import DeliveryState, Webhook, WebhookDelivery, WebhookEvent

DueRow: TypeAlias = Row[str, str, str, str, str, str, JsonObject, datetime, int, datetime]
"""id, webhook_id, url, secret, event_id, type, payload, happened_at, attempts, next_attempt_at"""
LoggedDelivery: TypeAlias = Row[WebhookDelivery, str]

_DUE = (
    select(
        WebhookDelivery.id,
        WebhookDelivery.webhook_id,
        Webhook.url,
        Webhook.secret,
        WebhookEvent.id.label("event_id"),
        WebhookEvent.type,
        WebhookEvent.payload,
        WebhookEvent.created_at.label("happened_at"),
        WebhookDelivery.attempts,
        WebhookDelivery.next_attempt_at,
    )
    .join(Webhook, Webhook.id == WebhookDelivery.webhook_id)
    .join(WebhookEvent, WebhookEvent.id == WebhookDelivery.event_id)
)


def due(
    connection: Connection,
    *,
    at: datetime,
    busy: Collection[str],
    under_way: Collection[str],
    limit: int,
    limit_each: int,
) -> Sequence[DueRow]:
    """Deliveries whose time has come, but those under way here and those to webhooks that have enough under way.

    Of one webhook at most ``limit_each``, and the first of every webhook before the second of any, so that one with a backlog
    leaves room for the others.
    """
    oldest_first = (WebhookDelivery.next_attempt_at, WebhookDelivery.id)
    place = func.row_number().over(partition_by=WebhookDelivery.webhook_id, order_by=oldest_first)
    placed = (
        select(WebhookDelivery.id, place.label("place"))
        .join(Webhook, Webhook.id == WebhookDelivery.webhook_id)
        .where(
            WebhookDelivery.state == DeliveryState.PENDING,
            Webhook.disabled_at.is_(None),
            WebhookDelivery.next_attempt_at <= at,
            WebhookDelivery.webhook_id.not_in(busy),
            WebhookDelivery.id.not_in(under_way),
        )
        .subquery()
    )
    wanted = _DUE.join(placed, placed.c.id == WebhookDelivery.id).where(placed.c.place <= limit_each)
    return connection.execute(wanted.order_by(placed.c.place, *oldest_first).limit(limit)).all()


def claim(connection: Connection, delivery: DueRow, *, until: datetime) -> bool:
    """Whether it is ours to make the next attempt: nobody has moved it on since it was seen."""
    seen = (WebhookDelivery.id == delivery.id, WebhookDelivery.next_attempt_at == delivery.next_attempt_at)
    moved = (
        update(WebhookDelivery)
        .where(*seen, WebhookDelivery.state == DeliveryState.PENDING)
        .values(next_attempt_at=until, attempts=WebhookDelivery.attempts + 1)
    )
    return connection.execute(moved).rowcount == 1


def update_delivery(connection: Connection, delivery_id: str, values: JsonObject) -> None:
    connection.execute(update(WebhookDelivery).where(WebhookDelivery.id == delivery_id).values(**values))


def note_heard(connection: Connection, webhook_id: str) -> None:
    failing = (Webhook.id == webhook_id, Webhook.failing_since.is_not(None))
    connection.execute(update(Webhook).where(*failing).values(failing_since=None))


def note_failure(connection: Connection, webhook_id: str, *, at: datetime) -> datetime | None:
    """Since when nothing gets through; None where the webhook is gone."""
    fine = (Webhook.id == webhook_id, Webhook.failing_since.is_(None))
    connection.execute(update(Webhook).where(*fine).values(failing_since=at))
    return connection.execute(
        select(Webhook.failing_since).where(Webhook.id == webhook_id)
    ).scalar_one_or_none()


def disable(connection: Connection, webhook_id: str, *, at: datetime) -> None:
    connection.execute(update(Webhook).where(Webhook.id == webhook_id).values(disabled_at=at))


async def webhooks(session: AsyncSession, *, after: str | None, limit: int) -> Sequence[Webhook]:
    statement = select(Webhook).order_by(Webhook.id).limit(limit)
    if after is not None:
        statement = statement.where(Webhook.id > after)
    return (await session.execute(statement)).scalars().all()


async def deliveries_before(
    session: AsyncSession, *, webhook_id: str, state: str | None, before: str | None, limit: int
) -> Sequence[LoggedDelivery]:
    """The newest first."""
    statement = (
        select(WebhookDelivery, WebhookEvent.type)
        .join(WebhookEvent, WebhookEvent.id == WebhookDelivery.event_id)
        .where(WebhookDelivery.webhook_id == webhook_id)
        .order_by(WebhookDelivery.id.desc())
        .limit(limit)
    )
    if state is not None:
        statement = statement.where(WebhookDelivery.state == state)
    if before is not None:
        statement = statement.where(WebhookDelivery.id < before)
    return (await session.execute(statement)).all()


async def delivery(session: AsyncSession, delivery_id: str) -> LoggedDelivery | None:
    statement = (
        select(WebhookDelivery, WebhookEvent.type)
        .join(WebhookEvent, WebhookEvent.id == WebhookDelivery.event_id)
        .where(WebhookDelivery.id == delivery_id)
    )
    return (await session.execute(statement)).one_or_none()


async def remove(session: AsyncSession, webhook_id: str) -> None:
    await session.execute(delete(Webhook).where(Webhook.id == webhook_id))


async def forget_events_before(session: AsyncSession, moment: datetime) -> None:
    await session.execute(delete(WebhookEvent).where(WebhookEvent.created_at < moment))
