"""Which websites' pages may call for which site.

A page's browser says where the page comes from (the ``Origin`` header, RFC 6454). Those that ``KEFU_CORS_ORIGINS`` lists may
call for every site, those that a site lists for that site. Where neither lists any, pages from everywhere may. Pages that
Kefu serves itself always may; programs that are no browsers send no ``Origin``.
"""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection, select
from starlette.datastructures import Headers
from starlette.types import Scope

from bot.db.access_tables import Site
from bot.db.engine import Database
from bot.errors import OriginRefusedError
from bot.settings import exact_origin

FRESH_S = 1.0
_SITES = select(Site.id, Site.public_key, Site.origins)


@dataclass(frozen=True)
class _Known:
    by_site: Mapping[str, frozenset[str]] = field(default_factory=dict)
    id_by_key: Mapping[str, str] = field(default_factory=dict)


class SiteOrigins:
    """Asks the database at most once a second."""

    def __init__(self, database: Database, everywhere: tuple[str, ...]) -> None:
        self._database = database
        self._everywhere = frozenset(everywhere)
        self._known = _Known()
        self._read_at = float("-inf")
        self._reading = asyncio.Lock()

    async def refresh(self, *, now: bool = False) -> None:
        asked_at = time.monotonic()
        if not now and asked_at - self._read_at < FRESH_S:
            return
        async with self._reading:
            if self._read_at < asked_at:
                began = time.monotonic()
                self._known = await self._database.quick.read(_load)
                self._read_at = began

    def allowed_somewhere(self, origin: str) -> bool:
        """As the last ``refresh`` has found it. Before a request itself, a browser asks without saying for which site."""
        listed = self._known.by_site.values()
        return any(self._allows(origins, origin) for origins in listed) or origin in self._everywhere

    async def check_site(self, scope: Scope, site_id: str) -> None:
        """Raises OriginRefusedError where a page of another website asks."""
        origin = foreign_origin(scope)
        if origin is None:
            return
        await self.refresh(now=site_id not in self._known.by_site)
        if not self._allows(self._known.by_site.get(site_id, frozenset()), origin):
            scope.setdefault("state", {})["origin_refused"] = True
            raise OriginRefusedError(
                f"pages of {origin} may not call for this site; add the origin to the site's (kefu sites set)"
            )

    async def check_key(self, scope: Scope, public_key: str) -> None:
        """The same by a site's public key; one that is not known is left to whoever looks it up."""
        if foreign_origin(scope) is None:
            return
        await self.refresh(now=public_key not in self._known.id_by_key)
        if site_id := self._known.id_by_key.get(public_key):
            await self.check_site(scope, site_id)

    def _allows(self, listed: frozenset[str], origin: str) -> bool:
        allowed = listed | self._everywhere
        return not allowed or origin in allowed


def foreign_origin(scope: Scope) -> str | None:
    """Where the calling page comes from, if that is another host than the one that is called."""
    headers = Headers(scope=scope)
    origin = headers.get("origin")
    if origin is None or origin.partition("://")[2] == headers.get("host"):
        return None
    return origin


def _load(connection: Connection) -> _Known:
    rows = connection.execute(_SITES).all()
    return _Known(
        {row.id: frozenset(map(_as_browsers_write, row.origins)) for row in rows},
        {row.public_key: row.id for row in rows},
    )


def _as_browsers_write(listed: str) -> str:
    """Sites that were saved before origins were checked as strictly keep what they list, matched or not."""
    try:
        return exact_origin(listed)
    except ValueError:
        return listed
