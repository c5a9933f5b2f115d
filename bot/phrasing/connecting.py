"""Where the model's address may lead.

Whoever sets it runs the machine, so that this network and this machine are allowed, and meant: a model that one hosts
oneself. What is kept from mistakes is customers' words: without TLS they go to addresses inside only. Addresses that hand out a cloud
machine's credentials are never asked.
"""

import ipaddress

import httpcore

from bot.webhooks.addresses import is_public
from bot.webhooks.sending import Resolve, SocketOptions, resolve

_CREDENTIALS = frozenset(
    ipaddress.ip_address(each) for each in ("168.63.129.16", "100.100.100.200", "fd00:ec2::254")
)
"""Services of Azure, Alibaba and Amazon; link-local addresses have the others."""


class ModelAddressError(Exception):
    """The name leads to where no question may be sent."""


class ModelBackend(httpcore.AsyncNetworkBackend):
    """``plain`` says that the connection has no TLS."""

    def __init__(
        self,
        *,
        plain: bool,
        resolve: Resolve = resolve,
        backend: httpcore.AsyncNetworkBackend | None = None,
    ) -> None:
        self._plain = plain
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
        except OSError as error:
            raise httpcore.ConnectError(f"the name {host} can't be looked up") from error
        for address in addresses:
            check_address(host, address, plain=self._plain)
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
        raise ModelAddressError("sockets of this machine can't be reached")

    async def sleep(self, seconds: float) -> None:
        await self._backend.sleep(seconds)


def check_address(host: str, address: str, *, plain: bool) -> None:
    """Raises ModelAddressError."""
    found = ipaddress.ip_address(address.partition("%")[0])
    inner = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped else found
    if inner.is_link_local or inner.is_multicast or inner.is_unspecified or inner in _CREDENTIALS:
        raise ModelAddressError(f"{host} leads to {address}, where no model server is")
    if plain and is_public(address):
        raise ModelAddressError(
            f"{host} leads to {address}, which is not in your own network: use https:// in KEFU_PHRASING__URL"
        )
