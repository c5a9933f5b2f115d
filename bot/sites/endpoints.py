"""/v1/sites: the widget's settings, public; and looking after sites, with an admin key."""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from sqlalchemy.ext.asyncio import AsyncSession

from bot.access.idempotency import StoredReply
from bot.dependencies import (
    ALSO_WITHOUT_TOKEN,
    AdminKey,
    Idempotent,
    OptionalPrincipal,
    PageLimit,
    Parts,
    PartsDep,
)
from bot.errors import (
    ConflictError,
    ForbiddenError,
    InvalidInputError,
    KeyReusedError,
    NotFoundError,
    OriginRefusedError,
    RateLimitedError,
    RequestRunningError,
    TooLargeError,
    UnauthorizedError,
)
from bot.pagination import Page, decode_cursor
from bot.problems import responses
from bot.sites import service
from bot.sites.schemas import SiteChange, SiteIn, SiteOut, SiteWithSecret, WidgetOut

router = APIRouter(prefix="/v1/sites", tags=["sites"])

CACHED_S = 60
_OFTEN = (UnauthorizedError, ForbiddenError, RateLimitedError, InvalidInputError)
_ONCE = (RequestRunningError, KeyReusedError, TooLargeError)


@router.get(
    "/{key}/widget",
    response_model=WidgetOut,
    responses=responses(NotFoundError, UnauthorizedError, OriginRefusedError, RateLimitedError),
    openapi_extra=ALSO_WITHOUT_TOKEN,
)
async def get_widget(
    key: str,
    request: Request,
    parts: PartsDep,
    _: OptionalPrincipal,
) -> Response:
    """What the widget of a site has to know before it opens. Public; a token is not needed."""
    await parts.origins.check_key(request.scope, key)
    async with parts.database.read() as session:
        widget = await service.widget_of(
            session, key, languages=parts.settings.languages, handoffs=parts.settings.handoffs
        )
    headers = {"Cache-Control": f"public, max-age={CACHED_S}"}
    return JSONResponse(widget.model_dump(mode="json"), headers=headers)


@router.get("", response_model=Page[SiteOut], responses=responses(*_OFTEN))
async def list_sites(
    parts: PartsDep, _: AdminKey, cursor: str | None = None, limit: PageLimit = 50
) -> Page[SiteOut]:
    after = decode_cursor(cursor)
    async with parts.database.read() as session:
        return await service.page_of_sites(session, after=after, limit=limit)


@router.post("", status_code=201, response_model=SiteWithSecret, responses=responses(*_OFTEN, *_ONCE))
async def create_site(wish: SiteIn, parts: PartsDep, key: AdminKey, call: Idempotent) -> Response:
    """Makes a site with a public key and a secret to sign identities with, which is shown only here."""

    async def work(session: AsyncSession) -> StoredReply:
        site = await service.create_site(
            session, wish, languages=parts.settings.languages, created_by=key.name
        )
        return StoredReply(201, service.site_out(site).model_dump(mode="json"))

    return await _with_secret(parts, await call.stored() or await call.run(work))


@router.get("/{key}", response_model=SiteOut, responses=responses(*_OFTEN, NotFoundError))
async def get_site(key: str, parts: PartsDep, _: AdminKey) -> SiteOut:
    async with parts.database.read() as session:
        return service.site_out(await service.find_site(session, key))


@router.patch("/{key}", response_model=SiteOut, responses=responses(*_OFTEN, *_ONCE, NotFoundError))
async def change_site(
    key: str, change: SiteChange, parts: PartsDep, admin: AdminKey, call: Idempotent
) -> Response:
    """Replaces what is named. Pages of other origins are refused within a second."""

    async def work(session: AsyncSession) -> StoredReply:
        site = await service.change_site(
            session, key, change, languages=parts.settings.languages, changed_by=admin.name
        )
        return StoredReply(200, service.site_out(site).model_dump(mode="json"))

    reply = await call.stored() or await call.run(work)
    return JSONResponse(reply.body, reply.status)


@router.post(
    "/{key}/secret", response_model=SiteWithSecret, responses=responses(*_OFTEN, *_ONCE, NotFoundError)
)
async def renew_secret(key: str, parts: PartsDep, admin: AdminKey, call: Idempotent) -> Response:
    """Makes a new secret to sign identities with; the one before is worth nothing from then on."""

    async def work(session: AsyncSession) -> StoredReply:
        site = await service.renew_secret(session, key, renewed_by=admin.name)
        return StoredReply(200, service.site_out(site).model_dump(mode="json"))

    return await _with_secret(parts, await call.stored() or await call.run(work))


@router.delete("/{key}", status_code=204, responses=responses(*_OFTEN, *_ONCE, NotFoundError, ConflictError))
async def delete_site(key: str, admin: AdminKey, call: Idempotent) -> Response:
    """Deletes a site that nobody has been on yet."""

    async def work(session: AsyncSession) -> StoredReply:
        await service.delete_site(session, key, deleted_by=admin.name)
        return StoredReply(204, {})

    reply = await call.stored() or await call.run(work)
    return Response(status_code=reply.status)


async def _with_secret(parts: Parts, reply: StoredReply) -> Response:
    """The secret is not among what is stored for repetitions."""
    async with parts.database.read() as session:
        site = await service.find_site(session, reply.body["key"])
    return JSONResponse({**reply.body, "identity_secret": site.identity_secret}, reply.status)
