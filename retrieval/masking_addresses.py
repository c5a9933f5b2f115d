"""Addresses of people and machines in a text: e-mail, IP, and the secrets that links carry."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

from retrieval.masking_spans import Span

_LOCAL = "A-Za-z0-9\u00c0-\u024f._%+-"
_EMAIL = re.compile(
    # Starting only where no address character stands before keeps the search linear.
    rf"(?<![{_LOCAL}])[{_LOCAL}]++@(?:[A-Za-z0-9\u00c0-\u024f-]{{1,63}}\.){{1,8}}[A-Za-z]{{2,24}}(?![A-Za-z0-9])"
    rf"|(?<![{_LOCAL}])[{_LOCAL}]++ ?@ ?(?:gmail|yahoo|hotmail|outlook|icloud|foxmail|qq|163|126|sina)\.c(?:om|n)\b",
    re.IGNORECASE,
)
# Mailboxes of an office, not of a person; answers name them.
_OFFICE = re.compile(
    r"(?:support|service|services|customer[._-]?(?:service|support|care)|care|help|helpdesk|info|contact|hello|hi|team|office|sales"
    r"|orders?|returns?|refunds?|billing|invoices?|accounts?|repairs?|warranty|shipping|delivery|press|business|b2b|wholesale|partners?|marketing|media|events|privacy|legal|jobs"
    r"|careers?|hr|feedback|complaints?|no-?reply|do-?not-?reply|security|abuse|admin|webmaster|postmaster|kefu)@",
    re.IGNORECASE,
)
_PICTURE = re.compile(r"@[1-4]x\.(?:png|jpe?g|gif|svg|webp)$", re.IGNORECASE)

_GIVEN = r"(?!\[secret\])[^\s&#;\"'<>\u0080-\U0010ffff]+"
_SECRETS = (
    re.compile(
        r"(?<=[?&;#])(?:[\w.-]{0,30}?(?:token|passw(?:or)?d|pwd|secret|api[_-]?key|access[_-]?key|session(?:_?id)?|signature)"
        rf"|key|sig|auth|code|otp|sid|pass|hash|jwt)=({_GIVEN})",
        re.IGNORECASE | re.ASCII,
    ),
    re.compile(
        r"(?<![\w?&;#.-])(?:(?:access|auth|refresh|id|api)[_-]?)?(?:token|passw(?:or)?d|pwd|(?:client_)?secret|api_?key)"
        rf" ?= ?({_GIVEN})",
        re.IGNORECASE | re.ASCII,
    ),
    re.compile(r"(?<=://)([^\s/@:\[\]]{1,100}:[^\s/@]{1,200})(?=@)", re.ASCII),
)

_IPV4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w]|\.\d)", re.ASCII)
_IPV6 = re.compile(r"(?<![\w:.])[0-9a-f]{0,4}:[0-9a-f:.]{2,41}(?![\w:])", re.IGNORECASE | re.ASCII)
_VERSION = re.compile(
    r"(?:\b(?:v|ver|version|firmware|build|release|driver|software|os)|版本|固件|驱动|驅動|系统|系統|升级到|更新到)"
    r"(?: ?(?:version|no\.?|number|is|号|號|是|为|為|[:：,，])){0,2} ?$",
    re.IGNORECASE,
)
# The same in every home: they name nobody, and router answers need them.
_SHARED_IPV4 = frozenset(
    ["8.8.8.8", "8.8.4.4", "1.1.1.1", "1.0.0.1", "9.9.9.9", "114.114.114.114", "223.5.5.5", "119.29.29.29"]
)


def find_secrets(view: str) -> Iterator[Span]:
    """Values of token=, key=, password= … in links (and of the plain ones anywhere), and user:password before a host."""
    if "=" not in view and "://" not in view:
        return
    for pattern in _SECRETS:
        for match in pattern.finditer(view):
            yield Span(match.start(1), match.end(1), "url_secret", "[secret]")


def find_emails(view: str) -> Iterator[Span]:
    """E-mail addresses of people; those of offices (support@, returns@ …) stay, and "icon@2x.png" is a picture."""
    if "@" not in view:
        return
    for match in _EMAIL.finditer(view):
        if not _PICTURE.search(match[0]) and not _OFFICE.match(match[0]):
            yield Span(match.start(), match.end(), "email", "[email]")


def find_ips(view: str) -> Iterator[Span]:
    """IPv4 and IPv6 addresses, but not version numbers, nor addresses that are the same everywhere.

    Loopback and unspecified addresses, netmasks, public resolvers and the usual gateways (.1 and .254 of private
    networks) stay: they name no one, and "open 192.168.1.1" is an answer.
    """
    if view.count(".") >= 3:
        for match in _IPV4.finditer(view):
            before = view[max(match.start() - 24, 0) : match.start()]
            if _is_somebodys_ipv4(match[0]) and not _VERSION.search(before):
                yield Span(match.start(), match.end(), "ip", "[ip]")
    if view.count(":") >= 2:
        for match in _IPV6.finditer(view):
            address = match[0].rstrip(":.") if not match[0].endswith("::") else match[0]
            if _is_somebodys_ipv6(address):
                yield Span(match.start(), match.start() + len(address), "ip", "[ip]")


def _is_somebodys_ipv4(address: str) -> bool:
    try:
        parsed = ipaddress.IPv4Address(address)
    except ValueError:
        return False
    gateway = parsed.is_private and address.endswith((".1", ".254"))
    netmask = address.startswith("255.")
    return not (gateway or netmask or parsed.is_loopback or parsed.is_unspecified or address in _SHARED_IPV4)


def _is_somebodys_ipv6(address: str) -> bool:
    # "a::b" and "1::2" also parse; people do not write addresses that short.
    if address.count(":") < 3 and not re.match(r"[0-9a-f]{4}::", address, re.IGNORECASE):
        return False
    try:
        parsed = ipaddress.IPv6Address(address)
    except ValueError:
        return False
    return not (parsed.is_loopback or parsed.is_unspecified)
