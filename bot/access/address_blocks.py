"""Which network a vote comes from, so that one network's votes don't pass for those of many people.

Of an address only its block is looked at (IPv4 /24, IPv6 /48: what one customer of a provider usually holds at most,
RFC 6177), and of the block only a keyed hash is kept: ``<key>.<HMAC-SHA256, 128 bits>``, with the key's own name in front,
since hashes of two keys can't be compared. The key is a private file in
the data dir, one a period of 90 days; with the next one the old one is deleted, and its hashes can't be traced back to a
network any more, nor compared with later ones. Backups leave the keys out.
"""

import hashlib
import hmac
import ipaddress
import os
import re
import secrets
import time
from contextlib import suppress
from pathlib import Path

from bot.atomic_files import sync_folder
from bot.private_files import make_private_folder
from retrieval.trust import key_of as key_of

PERIOD_DAYS = 90
IPV4_BITS, IPV6_BITS = 24, 48
CALLER_IPV6_BITS = 64
"""One network (RFC 4291, 2.5.1), in which a single machine may take any address it likes."""

FOLDER = "address-keys"
_KEY_FILE = re.compile(r"(\d{1,9})\.key")
_DAY_S = 24 * 3600


def block_of(address: str) -> str | None:
    """The network an address lies in, such as ``203.0.113.0/24``; None for what is no address."""
    parsed = _parsed(address)
    return None if parsed is None else _network(parsed, IPV4_BITS if parsed.version == 4 else IPV6_BITS)


def caller_of(address: str) -> str:
    """Whom limits by address take it for: an IPv4 by itself, an IPv6 for all of its /64; what is no address stays as it is."""
    parsed = _parsed(address)
    if parsed is None:
        return address
    return str(parsed) if parsed.version == 4 else _network(parsed, CALLER_IPV6_BITS)


def _parsed(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """An IPv4 written as an IPv6 is the IPv4."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return None
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
        return parsed.ipv4_mapped
    return parsed


def _network(address: ipaddress.IPv4Address | ipaddress.IPv6Address, bits: int) -> str:
    return str(ipaddress.ip_network((address, bits), strict=False))


class AddressBlocks:
    """Hashes blocks with the installation's key of the present period; all processes share it through the data dir."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._known: tuple[int, bytes] | None = None

    def hashed(self, address: str, *, now_s: float | None = None) -> str | None:
        """None for what is no address, such as a Unix socket's peer."""
        block = block_of(address)
        if block is None:
            return None
        period = int((time.time() if now_s is None else now_s) // (PERIOD_DAYS * _DAY_S))
        key = self._key(period)
        digest = hmac.digest(key, block.encode(), hashlib.sha256)
        return f"{period}-{hashlib.sha256(key).hexdigest()[:6]}.{digest[:16].hex()}"

    def _key(self, period: int) -> bytes:
        if self._known is None or self._known[0] != period:
            self._known = (period, _shared_key(self._data_dir, period))
        return self._known[1]


def _shared_key(data_dir: Path, period: int) -> bytes:
    """The key that whichever process came first has made; keys of earlier periods are deleted."""
    folder = data_dir / FOLDER
    make_private_folder(data_dir)
    make_private_folder(folder)
    file = folder / f"{period}.key"
    if not file.exists():
        _make_key(file)
    for old in folder.iterdir():
        named = _KEY_FILE.fullmatch(old.name)
        if named and int(named[1]) < period:
            old.unlink(missing_ok=True)
    return bytes.fromhex(file.read_text(encoding="ascii"))


def _make_key(file: Path) -> None:
    """Whole or not at all: a link fails where another process was quicker, and its key stays."""
    aside = file.with_name(f".{file.name}.{secrets.token_hex(8)}.partial")
    with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
        stream.write(secrets.token_hex(32))
        stream.flush()
        os.fsync(stream.fileno())
    try:
        with suppress(FileExistsError):
            file.hardlink_to(aside)
    finally:
        aside.unlink(missing_ok=True)
    sync_folder(file.parent)
