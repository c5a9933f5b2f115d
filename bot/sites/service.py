"""Sites: what they are called, whose pages may call for them, and what their widget says."""

import secrets
from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from bot.access.tokens import new_token
from bot.answering.knowledge_lookup import suggested_questions
from bot.answering.texts import texts_for
from bot.db.access_tables import DEFAULT_SITE_ID, Site
from bot.db.base import JsonObject, new_id
from bot.errors import ConflictError, InvalidInputError, NotFoundError
from bot.handoffs.availability import availability
from bot.knowledge.audit import record_audit
from bot.pagination import Page, cut
from bot.settings import HandoffSettings
from bot.sites import repository
from bot.sites.schemas import SiteChange, SiteIn, SiteOut, WidgetOut

SECRET_PREFIX = "kis_"  # noqa: S105  # what such a secret begins with
UNNAMED = "Default site"
"""What the first migration calls the site that is there from the start: nothing to show to customers."""


async def create_site(
    session: AsyncSession, wish: SiteIn, *, languages: tuple[str, ...], created_by: str
) -> Site:
    """A site with a public key and a secret of its own."""
    _check_languages(wish.languages, languages)
    site = Site(
        id=new_id("ste"),
        public_key=f"ks_{secrets.token_hex(8)}",
        identity_secret=new_token(SECRET_PREFIX),
        **wish.model_dump(mode="json"),
    )
    session.add(site)
    await session.flush()
    await record_audit(session, actor=created_by, action="create_site", target=site.id)
    return site


async def find_site(session: AsyncSession, public_key: str) -> Site:
    site = await repository.by_key(session, public_key)
    if site is None:
        raise NotFoundError(f"no site {public_key!r}; see: kefu sites list")
    return site


async def page_of_sites(session: AsyncSession, *, after: str | None, limit: int) -> Page[SiteOut]:
    rows = await repository.page(session, after=after, limit=limit + 1)
    page, next_cursor = cut(rows, limit=limit, key=lambda site: site.id)
    return Page(items=[site_out(site) for site in page], next_cursor=next_cursor)


async def change_site(
    session: AsyncSession, public_key: str, change: SiteChange, *, languages: tuple[str, ...], changed_by: str
) -> Site:
    """Raises NotFoundError, and InvalidInputError for a language that is not served."""
    site = await find_site(session, public_key)
    _check_languages(change.languages or [], languages)
    wished: JsonObject = change.model_dump(mode="json", exclude_none=True)
    changed = {name: value for name, value in wished.items() if getattr(site, name) != value}
    for name, value in changed.items():
        setattr(site, name, value)
    await record_audit(
        session, actor=changed_by, action="change_site", target=site.id, details={"fields": sorted(changed)}
    )
    return site


async def renew_secret(session: AsyncSession, public_key: str, *, renewed_by: str) -> Site:
    """Identities signed with the secret before are refused from then on."""
    site = await find_site(session, public_key)
    site.identity_secret = new_token(SECRET_PREFIX)
    await record_audit(session, actor=renewed_by, action="renew_site_secret", target=site.id)
    return site


async def delete_site(session: AsyncSession, public_key: str, *, deleted_by: str) -> None:
    """Raises ConflictError for the default site, and for one that visitors have been on."""
    site = await find_site(session, public_key)
    if site.id == DEFAULT_SITE_ID:
        raise ConflictError("the default site stays: it takes conversations that name no site")
    if await repository.is_used(session, site.id):
        raise ConflictError(
            f"site {public_key!r} has visitors or conversations, which would have no site; erase them first"
        )
    await repository.remove(session, site.id)
    await record_audit(session, actor=deleted_by, action="delete_site", target=site.id)


def site_out(site: Site) -> SiteOut:
    return SiteOut(
        id=site.id,
        key=site.public_key,
        name=site.name,
        origins=site.origins,
        languages=site.languages,
        greeting=site.greeting,
        suggestions=site.suggestions,
        consent_needed=site.consent_needed,
        signs_visitors=site.identity_secret is not None,
        created_at=site.created_at,
    )


async def widget_of(
    session: AsyncSession, public_key: str, *, languages: tuple[str, ...], handoffs: HandoffSettings
) -> WidgetOut:
    """Raises NotFoundError."""
    site = await find_site(session, public_key)
    connection = await session.connection()
    there = await connection.run_sync(availability, handoffs)
    spoken = site_languages(site, languages)
    return WidgetOut(
        name="" if site.name == UNNAMED else site.name,
        greeting={language: greeting_in(site, language) for language in spoken},
        suggestions={language: await suggestions_in(session, site, language) for language in spoken},
        languages=list(spoken),
        consent_needed=site.consent_needed,
        people_online=there.people_online,
        opens_at=there.opens_at,
    )


def site_languages(site: Site, served: tuple[str, ...]) -> tuple[str, ...]:
    """The default one first; all that are served where the site names none of them."""
    return tuple(language for language in site.languages if language in served) or served


def greeting_in(site: Site, language: str) -> str:
    return site.greeting.get(language) or texts_for(language).greeting


async def suggestions_in(session: AsyncSession, site: Site, language: str) -> list[str]:
    return site.suggestions.get(language) or await suggested_questions(session, language=language)


def _check_languages(wished: Sequence[str], served: tuple[str, ...]) -> None:
    unserved = [language for language in wished if language not in served]
    if unserved:
        raise InvalidInputError(
            f"{', '.join(unserved)} is not served; this installation serves {', '.join(served)} (KEFU_LANGUAGES)"
        )
