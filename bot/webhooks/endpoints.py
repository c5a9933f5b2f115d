"""/v1/webhooks: who is told what happens, the log of telling them, and telling them again. With an admin key."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response
from sqlalchemy.ext.asyncio import AsyncSession

from bot.access.idempotency import StoredReply
from bot.db.webhook_tables import DeliveryState
from bot.dependencies import AdminKey, Idempotent, PageLimit, PartsDep
from bot.errors import (
    ForbiddenError,
    InvalidInputError,
    KeyReusedError,
    NotFoundError,
    RateLimitedError,
    RequestRunningError,
    TooLargeError,
    UnauthorizedError,
)
from bot.pagination import Page, decode_cursor
from bot.problems import responses
from bot.webhooks import service
from bot.webhooks.schemas import DeliveryOut, WebhookIn, WebhookOut, WebhookWithSecret

router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"])

_OFTEN = (UnauthorizedError, ForbiddenError, RateLimitedError, InvalidInputError)
_WRITING = responses(*_OFTEN, NotFoundError, RequestRunningError, KeyReusedError, TooLargeError)


@router.get("", response_model=Page[WebhookOut], responses=responses(*_OFTEN))
async def list_webhooks(
    parts: PartsDep, _: AdminKey, cursor: str | None = None, limit: PageLimit = 50
) -> Page[WebhookOut]:
    after = decode_cursor(cursor)
    async with parts.database.read() as session:
        return await service.page_of_webhooks(session, after=after, limit=limit)


@router.post("", status_code=201, response_model=WebhookWithSecret, responses=_WRITING)
async def create_webhook(wish: WebhookIn, parts: PartsDep, key: AdminKey, call: Idempotent) -> Response:
    """Adds an address. The secret that signs what it is sent is shown only here."""

    async def work(session: AsyncSession) -> StoredReply:
        hosts = parts.settings.webhooks.allowed_hosts
        webhook = await service.create_webhook(session, wish, allowed_hosts=hosts, created_by=key.name)
        return StoredReply(201, service.webhook_out(webhook).model_dump(mode="json"))

    reply = await call.stored() or await call.run(work)
    async with parts.database.read() as session:
        webhook = await service.find_webhook(session, reply.body["id"])
    return JSONResponse({**reply.body, "secret": webhook.secret}, reply.status)


@router.post("/{webhook_id}/enable", response_model=WebhookOut, responses=_WRITING)
async def enable_webhook(webhook_id: str, key: AdminKey, call: Idempotent) -> Response:
    """Tells a webhook again that was disabled, also what still waits from before."""

    async def work(session: AsyncSession) -> StoredReply:
        webhook = await service.enable_webhook(session, webhook_id, enabled_by=key.name)
        return StoredReply(200, service.webhook_out(webhook).model_dump(mode="json"))

    reply = await call.stored() or await call.run(work)
    return JSONResponse(reply.body, reply.status)


@router.delete("/{webhook_id}", status_code=204, responses=_WRITING)
async def delete_webhook(webhook_id: str, key: AdminKey, call: Idempotent) -> Response:
    """Deletes a webhook with its log; what still waits for it is not sent."""

    async def work(session: AsyncSession) -> StoredReply:
        await service.delete_webhook(session, webhook_id, deleted_by=key.name)
        return StoredReply(204, {})

    reply = await call.stored() or await call.run(work)
    return Response(status_code=reply.status)


@router.get(
    "/{webhook_id}/deliveries", response_model=Page[DeliveryOut], responses=responses(*_OFTEN, NotFoundError)
)
async def list_deliveries(
    webhook_id: str,
    parts: PartsDep,
    _: AdminKey,
    state: DeliveryState | None = None,
    cursor: str | None = None,
    limit: PageLimit = 50,
) -> Page[DeliveryOut]:
    """What a webhook was told in the last 30 days, the newest first, and what came of it."""
    before = decode_cursor(cursor)
    async with parts.database.read() as session:
        return await service.page_of_deliveries(session, webhook_id, state=state, before=before, limit=limit)


@router.post(
    "/deliveries/{delivery_id}/replay", status_code=201, response_model=DeliveryOut, responses=_WRITING
)
async def replay_delivery(delivery_id: str, key: AdminKey, call: Idempotent) -> Response:
    """Tells the same event again, with the same webhook-id."""

    async def work(session: AsyncSession) -> StoredReply:
        again = await service.replay(session, delivery_id, replayed_by=key.name)
        return StoredReply(201, again.model_dump(mode="json"))

    reply = await call.stored() or await call.run(work)
    return JSONResponse(reply.body, reply.status)
