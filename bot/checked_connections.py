"""Connections to the very addresses that were checked.

The name is looked up here, each address found is checked, and the connection is made to one of these: a name server that answers
otherwise a moment later changes nothing.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence

import httpcore

Resolve = Callable[[str, int], Awaitable[list[str]]]
AddressCheck = Callable[[str, Sequence[str]], None]
"""Gets the name and all addresses that it leads to; raises where one of them may not be connected to."""
SocketOptions = Iterable[
    tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]
]


async def resolve(host: str, port: int) -> list[str]:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[4][0]) for address in found]


class CheckedConnections(httpcore.AsyncNetworkBackend):
    """What a pool of connections connects through."""

    def __init__(
        self,
        check: AddressCheck,
        *,
        resolve: Resolve = resolve,
        backend: httpcore.AsyncNetworkBackend | None = None,
    ) -> None:
        self._check = check
        self._resolve = resolve
        self._backend = backend or httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  # as the base class has it
        local_address: str | None = None,
        socket_options: SocketOptions | None = None,
    ) -> httpcore.AsyncNetworkStream:
        try:
            addresses = await self._resolve(host, port)
        except (OSError, UnicodeError) as error:  # the latter for a label that is empty or too long
            raise httpcore.ConnectError(f"the name {host} can't be looked up") from error
        self._check(host, addresses)
        failure: Exception = httpcore.ConnectError(f"the name {host} has no address")
        for address in addresses:
            try:
                return await self._backend.connect_tcp(
                    address, port, timeout=timeout, local_address=local_address, socket_options=socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ASYNC109
        socket_options: SocketOptions | None = None,
    ) -> httpcore.AsyncNetworkStream:
        raise httpcore.ConnectError("sockets of this machine can't be reached")

    async def sleep(self, seconds: float) -> None:
        await self._backend.sleep(seconds)
