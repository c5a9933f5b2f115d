"""Where the model's address may lead.

Whoever sets it runs the machine, so that this network and this machine are allowed, and meant: a model that one hosts
oneself. What is kept from mistakes is customers' words: without TLS they go to addresses inside only. Addresses that hand out a cloud
machine's credentials are never asked.
"""

import ipaddress
from collections.abc import Sequence

import httpcore

from bot.checked_connections import CheckedConnections, Resolve, resolve
from bot.webhooks.addresses import is_public

_CREDENTIALS = frozenset(
    ipaddress.ip_address(each) for each in ("168.63.129.16", "100.100.100.200", "fd00:ec2::254")
)
"""Services of Azure, Alibaba and Amazon; link-local addresses have the others."""


class ModelAddressError(Exception):
    """The name leads to where no question may be sent."""


class ModelBackend(CheckedConnections):
    """``plain`` says that the connection has no TLS."""

    def __init__(
        self,
        *,
        plain: bool,
        resolve: Resolve = resolve,
        backend: httpcore.AsyncNetworkBackend | None = None,
    ) -> None:
        def check(host: str, addresses: Sequence[str]) -> None:
            for address in addresses:
                check_address(host, address, plain=plain)

        super().__init__(check, resolve=resolve, backend=backend)


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
