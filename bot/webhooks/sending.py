"""Sends one request to an address that somebody configured, and to no other.

The connection is made to an address that was checked (``bot.checked_connections``). Redirects are not followed, proxies of the environment
not used, and of the reply at most a kilobyte is read.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpcore

from bot.checked_connections import CheckedConnections, Resolve, resolve
from bot.errors import InvalidInputError
from bot.webhooks.addresses import is_public

TIMEOUT_S = 15.0
CONNECT_TIMEOUT_S = 5.0
KEPT_OF_REPLY = 1024
LONGEST_URL = 2000


class AddressRefusedError(Exception):
    """The name leads to an address inside, and is not among the hosts that are allowed to."""


@dataclass(frozen=True)
class Replied:
    """``status`` is None where no reply came; ``error`` then says why."""

    status: int | None
    text: str = ""
    error: str | None = None

    @property
    def heard(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


class CheckedBackend(CheckedConnections):
    """Connects to public addresses only, but for the hosts that are named as allowed."""

    def __init__(
        self,
        allowed_hosts: Iterable[str],
        *,
        resolve: Resolve = resolve,
        backend: httpcore.AsyncNetworkBackend | None = None,
    ) -> None:
        allowed = frozenset(host.lower() for host in allowed_hosts)

        def check(host: str, addresses: Sequence[str]) -> None:
            inside = [address for address in addresses if not is_public(address)]
            if inside and host.lower() not in allowed:
                raise AddressRefusedError(
                    f"{host} leads to {inside[0]}, which is not a public address; "
                    "if that is meant, add the host to KEFU_WEBHOOKS__ALLOWED_HOSTS"
                )

        super().__init__(check, resolve=resolve, backend=backend)


class Sender:
    """Posts with a connection of its own each time: receivers are few and far between."""

    def __init__(self, backend: CheckedBackend) -> None:
        self._backend = backend

    async def post(self, url: str, body: bytes, headers: dict[str, str]) -> Replied:
        """The status counts from the moment it is there: a body that breaks off or never ends is kept as far as it came."""
        status, read = None, b""
        try:
            async with asyncio.timeout(TIMEOUT_S), self._reply(url, body, headers) as reply:
                status = reply.status
                async for piece in reply.aiter_stream():
                    read += piece
                    if len(read) >= KEPT_OF_REPLY:
                        break
        except AddressRefusedError as refused:
            error = str(refused)
        except TimeoutError:
            error = f"no reply within {TIMEOUT_S:.0f} s"
        except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError, OSError) as broken:
            error = f"{type(broken).__name__}: {broken}"[:300]
        if status is None:
            return Replied(None, error=error)
        return Replied(status, _readable(read[:KEPT_OF_REPLY]))

    @asynccontextmanager
    async def _reply(
        self, url: str, body: bytes, headers: dict[str, str]
    ) -> AsyncIterator[httpcore.Response]:
        sent = {"content-type": "application/json", "user-agent": "Kefu-Webhooks", **headers}
        timeouts = {"timeout": {"connect": CONNECT_TIMEOUT_S, "read": TIMEOUT_S, "write": TIMEOUT_S}}
        async with (
            httpcore.AsyncConnectionPool(network_backend=self._backend, keepalive_expiry=0) as pool,
            pool.stream("POST", url, headers=list(sent.items()), content=body, extensions=timeouts) as reply,
        ):
            yield reply


def _readable(content: bytes) -> str:
    """At most so many characters as there are bytes; none that PostgreSQL does not take."""
    return content.decode(errors="replace").replace("\x00", "�")


def checked_url(url: str, *, allowed_hosts: Iterable[str]) -> str:
    """The URL, if a webhook may have it. Raises InvalidInputError; where its name leads is only known when it is called."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or not url.isascii() or not url.isprintable() or " " in url or len(url) > LONGEST_URL:
        raise InvalidInputError(f"{url[:200]!r} is no URL such as https://example.com/hooks (in ASCII)")
    if not _can_be_looked_up(host):
        raise InvalidInputError(
            f"{host[:200]!r} is no host name: between its dots there are 1 to 63 characters each"
        )
    allowed = host in {name.lower() for name in allowed_hosts}
    if parts.scheme != "https" and not (parts.scheme == "http" and allowed):
        raise InvalidInputError(
            f"{url[:200]!r} does not begin with https://; http:// is for hosts in KEFU_WEBHOOKS__ALLOWED_HOSTS"
        )
    if parts.username is not None or parts.fragment:
        raise InvalidInputError(
            "a webhook's URL holds no user name and no fragment; messages are signed instead"
        )
    if not allowed and _is_inside(host):
        raise InvalidInputError(
            f"{host} is not a public address; if that is meant, add it to KEFU_WEBHOOKS__ALLOWED_HOSTS"
        )
    return url


def _can_be_looked_up(host: str) -> bool:
    try:
        host.encode("idna")  # as the look-up does (RFC 1035, 2.3.4)
    except UnicodeError:
        return False
    return True


def _is_inside(host: str) -> bool:
    try:
        return not is_public(host)
    except ValueError:  # a name
        return host == "localhost" or host.endswith(".localhost")
