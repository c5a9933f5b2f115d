"""Addresses that a webhook must not reach: whoever may add one could else have Kefu ask machines behind the firewall."""

import ipaddress

_NAT64, _LOCAL_NAT64 = ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("64:ff9b:1::/48")
_CLOUD_METADATA = frozenset({ipaddress.ip_address("168.63.129.16")})
"""Azure's, which looks public; the others' are link-local, unique-local or shared addresses."""


def is_public(address: str) -> bool:
    """Whether anybody on the internet could reach it, also looked at through the ways of writing an IPv4 in an IPv6."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        if found.teredo is not None or found.is_site_local or found in _LOCAL_NAT64:
            return False
        inner = found.ipv4_mapped or found.sixtofour or _behind_nat64(found)
        if inner is not None:
            return is_public(str(inner))
        if int(found) < 1 << 32:  # the deprecated IPv4-compatible form, and :: itself (RFC 4291, 2.5.5.1)
            return False
    return found.is_global and not found.is_multicast and found not in _CLOUD_METADATA


def _behind_nat64(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF) if address in _NAT64 else None
