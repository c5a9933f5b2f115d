"""/console/settings/sites: the websites that Kefu serves."""

from itertools import permutations
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel

from bot.access.principals import Role
from bot.console.access import AsAdmin, AsSupervisor
from bot.console.rendering import go_to, page
from bot.db.access_tables import Site
from bot.dependencies import PartsDep
from bot.pagination import decode_cursor
from bot.settings import SUPPORTED_LANGUAGES
from bot.sites import service
from bot.sites.schemas import SiteChange, SiteIn, SiteOut

router = APIRouter(prefix="/settings/sites")

PAGE = 25


class SiteForm(BaseModel):
    """Lists are filled in line by line, languages by commas."""

    name: str = ""
    origins: str = ""
    languages: str = ""
    greeting_en: str = ""
    greeting_zh: str = ""
    suggestions_en: str = ""
    suggestions_zh: str = ""
    consent_needed: bool = False

    def site(self) -> SiteIn:
        """Raises ValidationError."""
        greeting = {"en": self.greeting_en, "zh": self.greeting_zh}
        suggestions = {"en": _lines(self.suggestions_en), "zh": _lines(self.suggestions_zh)}
        return SiteIn.model_validate(
            {
                "name": self.name,
                "origins": _lines(self.origins),
                "languages": [part for part in self.languages.split(",") if part],
                "greeting": {language: text for language, text in greeting.items() if text.strip()},
                "suggestions": {language: texts for language, texts in suggestions.items() if texts},
                "consent_needed": self.consent_needed,
            }
        )


@router.get("")
async def list_sites(
    request: Request,
    parts: PartsDep,
    caller: AsSupervisor,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
) -> Response:
    async with parts.database.read() as session:
        sites = await service.page_of_sites(session, after=decode_cursor(cursor), limit=PAGE)
    may_change = caller.role.allows(Role.ADMIN)
    return page(request, "settings/sites.html", sites=sites, cursor=cursor, may_change=may_change)


@router.get("/new")
async def new_site(
    request: Request,
    parts: PartsDep,
    caller: AsAdmin,  # noqa: ARG001  # the role is the permission
) -> Response:
    return _form(request, None, served=parts.settings.languages, may_change=True)


@router.post("")
async def create_site(
    request: Request, parts: PartsDep, caller: AsAdmin, form: Annotated[SiteForm, Form()]
) -> Response:
    """Shows the secret that signs identities; no other page ever does."""
    async with parts.database.write() as session:
        site = await service.create_site(
            session, form.site(), languages=parts.settings.languages, created_by=caller.principal.name
        )
    return _with_secret(request, site)


@router.get("/{key}")
async def show_site(key: str, request: Request, parts: PartsDep, caller: AsSupervisor) -> Response:
    async with parts.database.read() as session:
        site = service.site_out(await service.find_site(session, key))
    may_change = caller.role.allows(Role.ADMIN)
    return _form(request, site, served=parts.settings.languages, may_change=may_change)


@router.post("/{key}")
async def change_site(
    key: str, request: Request, parts: PartsDep, caller: AsAdmin, form: Annotated[SiteForm, Form()]
) -> Response:
    change = SiteChange(**form.site().model_dump())
    async with parts.database.write() as session:
        await service.change_site(
            session, key, change, languages=parts.settings.languages, changed_by=caller.principal.name
        )
    return go_to(request, f"/settings/sites/{key}", flash="sites.saved")


@router.post("/{key}/secret")
async def renew_secret(key: str, request: Request, parts: PartsDep, caller: AsAdmin) -> Response:
    async with parts.database.write() as session:
        site = await service.renew_secret(session, key, renewed_by=caller.principal.name)
    return _with_secret(request, site)


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _form(request: Request, site: SiteOut | None, *, served: tuple[str, ...], may_change: bool) -> Response:
    """``orders`` are the languages that may be offered, in each order; none stands for all."""
    orders = [order for count in range(len(served) + 1) for order in permutations(served, count)]
    present = tuple(site.languages) if site else ()
    return page(
        request,
        "settings/site.html",
        site=site,
        present=present,
        orders=orders if present in orders else [*orders, present],
        languages=SUPPORTED_LANGUAGES,
        may_change=may_change,
    )


def _with_secret(request: Request, site: Site) -> Response:
    return page(
        request,
        "settings/secret.html",
        heading="sites.secret_of",
        name=site.name,
        secret=site.identity_secret,
        back=f"/console/settings/sites/{site.public_key}",
    )
