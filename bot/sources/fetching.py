"""Gets a page of one's own site: over TLS, from a host that the operator named, at a public address, and from nowhere else.

Each address is checked when the connection is made (``bot.webhooks.sending``), so a name that leads inside is refused whatever
it led to before. A redirect is refused, since it could lead anywhere.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpcore

from bot.sources.blocks import DocumentError
from bot.webhooks.sending import AddressRefusedError, CheckedBackend

MOST_BYTES = 10 << 20
TIMEOUT_S = 30.0
GIVEN_UP_AFTER = 5
"""Pages in a row that no reply comes for; the rest is not asked for."""
LONGEST_URL = 2_000
SETTING = "KEFU_SOURCES__ALLOWED_HOSTS"
_SUFFIXES = {
    "text/html": ".html",
    "application/xhtml+xml": ".html",
    "text/plain": ".txt",
    "text/markdown": ".md",
    "application/pdf": ".pdf",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
}


@dataclass(frozen=True, slots=True)
class Fetched:
    """The bytes of a page, and the extension that files of its kind have."""

    content: bytes
    suffix: str


class Fetcher:
    """Asks for one page after the other."""

    def __init__(
        self, allowed_hosts: Iterable[str], *, backend: httpcore.AsyncNetworkBackend | None = None
    ) -> None:
        self._allowed = frozenset(host.lower() for host in allowed_hosts)
        self._backend = backend or CheckedBackend(())
        self._unheard = 0

    def check(self, url: str) -> None:
        """Raises DocumentError for an address that may not be asked for."""
        try:
            parts = urlsplit(url)
            host, _ = parts.hostname, parts.port
        except ValueError:
            host = None
        if not host or not url.isascii() or not url.isprintable() or " " in url or len(url) > LONGEST_URL:
            raise DocumentError("is no address such as https://shop.example/help (in ASCII)")
        if host not in self._allowed:
            raise DocumentError(
                f"the host {host!r} is not allowed, and there is no such file beside the sitemap; if it is your own "
                f"site, add it to {SETTING}"
            )
        if parts.scheme != "https" or parts.username is not None:
            raise DocumentError("does not begin with https://, or holds a user name")

    def fetch(self, url: str) -> Fetched:
        """Raises DocumentError. Runs an event loop of its own, so it is called from a thread without one."""
        self.check(url)
        if self._unheard >= GIVEN_UP_AFTER:
            raise DocumentError(f"not asked for: the {GIVEN_UP_AFTER} pages before got no reply")
        try:
            fetched = asyncio.run(self._fetch(url))
        except AddressRefusedError as error:
            raise DocumentError(
                "its name leads to an address that is not public; import files from disk instead"
            ) from error
        except (
            TimeoutError,
            httpcore.NetworkError,
            httpcore.TimeoutException,
            httpcore.ProtocolError,
            OSError,
        ) as error:
            self._unheard += 1
            raise DocumentError(f"no reply ({type(error).__name__}: {error})"[:300]) from error
        self._unheard = 0
        return fetched

    async def _fetch(self, url: str) -> Fetched:
        headers = {
            "accept": "text/html, */*;q=0.1",
            "accept-encoding": "identity",
            "user-agent": "Kefu-Sources",
        }
        async with (
            asyncio.timeout(TIMEOUT_S),
            httpcore.AsyncConnectionPool(network_backend=self._backend, keepalive_expiry=0) as pool,
            pool.stream("GET", url, headers=list(headers.items())) as reply,
        ):
            said = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in reply.headers}
            _check_reply(reply.status, said)
            content = bytearray()
            async for piece in reply.aiter_stream():
                content += piece
                if len(content) > MOST_BYTES:
                    raise DocumentError(f"has more than {MOST_BYTES:,} bytes")
        kind = said.get("content-type", "text/html").partition(";")[0].strip().lower()
        if kind not in _SUFFIXES:
            raise DocumentError(f"is {kind!r}, which is no document")
        return Fetched(bytes(content), _SUFFIXES[kind])


def _check_reply(status: int, headers: dict[str, str]) -> None:
    if 300 <= status < 400:
        where = headers.get("location", "elsewhere")[:200]
        raise DocumentError(f"redirects to {where}, which is not followed: list that address in the sitemap")
    if status != 200:
        raise DocumentError(f"the site replied with {status}")
    if headers.get("content-encoding", "identity").lower() != "identity":
        raise DocumentError("is sent packed, although it was not asked for that way")
