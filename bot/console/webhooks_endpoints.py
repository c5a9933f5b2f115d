"""/console/settings/webhooks: who is told what happens, the log of telling them, and telling them again."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response

from bot.access.principals import Role
from bot.console.access import AsAdmin, AsSupervisor
from bot.console.rendering import go_to, page
from bot.db.webhook_tables import DeliveryState, EventType
from bot.dependencies import PartsDep
from bot.pagination import decode_cursor
from bot.webhooks import service
from bot.webhooks.schemas import WebhookIn

router = APIRouter(prefix="/settings/webhooks")

LIST = "/settings/webhooks"
PAGE = 25
Cursor = Annotated[str | None, Query(max_length=200)]


@router.get("")
async def list_webhooks(
    request: Request, parts: PartsDep, caller: AsSupervisor, cursor: Cursor = None
) -> Response:
    async with parts.database.read() as session:
        webhooks = await service.page_of_webhooks(session, after=decode_cursor(cursor), limit=PAGE)
    return page(
        request,
        "settings/webhooks.html",
        webhooks=webhooks,
        cursor=cursor,
        events=list(EventType),
        may_change=caller.role.allows(Role.ADMIN),
    )


@router.post("")
async def create_webhook(
    request: Request,
    parts: PartsDep,
    caller: AsAdmin,
    url: Annotated[str, Form()] = "",
    events: Annotated[list[EventType] | None, Form()] = None,
) -> Response:
    """Shows the secret that signs what is sent; no other page ever does."""
    wish = WebhookIn(url=url.strip(), events=events or [])
    async with parts.database.write() as session:
        made = await service.create_webhook(
            session,
            wish,
            allowed_hosts=parts.settings.webhooks.allowed_hosts,
            created_by=caller.principal.name,
        )
    return page(
        request,
        "settings/secret.html",
        heading="webhooks.secret_of",
        name=made.url,
        secret=made.secret,
        back=f"/console{LIST}/{made.id}",
    )


@router.get("/{webhook_id}")
async def show_webhook(
    webhook_id: str,
    request: Request,
    parts: PartsDep,
    caller: AsSupervisor,
    state: DeliveryState | None = None,
    cursor: Cursor = None,
) -> Response:
    """With what it was told in the last 30 days, and what came of it."""
    async with parts.database.read() as session:
        webhook = service.webhook_out(await service.find_webhook(session, webhook_id))
        deliveries = await service.page_of_deliveries(
            session, webhook_id, state=state, before=decode_cursor(cursor), limit=PAGE
        )
    return page(
        request,
        "settings/webhook.html",
        webhook=webhook,
        deliveries=deliveries,
        state=state,
        states=list(DeliveryState),
        cursor=cursor,
        may_change=caller.role.allows(Role.ADMIN),
    )


@router.post("/{webhook_id}/disable")
async def disable_webhook(webhook_id: str, request: Request, parts: PartsDep, caller: AsAdmin) -> Response:
    async with parts.database.write() as session:
        await service.disable_webhook(session, webhook_id, disabled_by=caller.principal.name)
    return go_to(request, f"{LIST}/{webhook_id}", flash="webhooks.disabled_now")


@router.post("/{webhook_id}/enable")
async def enable_webhook(webhook_id: str, request: Request, parts: PartsDep, caller: AsAdmin) -> Response:
    async with parts.database.write() as session:
        await service.enable_webhook(session, webhook_id, enabled_by=caller.principal.name)
    return go_to(request, f"{LIST}/{webhook_id}", flash="webhooks.enabled_now")


@router.post("/deliveries/{delivery_id}/replay")
async def replay_delivery(delivery_id: str, request: Request, parts: PartsDep, caller: AsAdmin) -> Response:
    """Tells the same event again, with the same webhook-id."""
    async with parts.database.write() as session:
        again = await service.replay(session, delivery_id, replayed_by=caller.principal.name)
    return go_to(request, f"{LIST}/{again.webhook_id}", flash="webhooks.replayed")
