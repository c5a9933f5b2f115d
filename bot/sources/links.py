"""A link of a page as a plain text has it, so that the widget makes a link of it again (bot/widget/src/tokens.ts)."""

import re
from urllib.parse import quote, urlsplit

from bot.sources.blocks import clean_line

LONGEST_ADDRESS = 2_000
LONGEST_LABEL = 200
_NAMES_A_HOST = re.compile(r"(?:[\w-]+\.)+[a-z]{2,}", re.IGNORECASE | re.ASCII)
_SCHEME = re.compile(r"^(?:https?://|mailto:|tel:)", re.IGNORECASE)


def linked(label: str, address: str) -> str:
    """``[label](address)``; the address alone where the label is it, and in brackets where the label looks like another one.

    Addresses that lead nowhere without their page, or run something, are left out.
    """
    label = clean_line(label)
    whole = _whole(address)
    if whole is None:
        return label
    if _bare(label) == _bare(address.strip()):
        return whole if whole.startswith("http") else label
    unclear = _NAMES_A_HOST.search(label) or "[" in label or "]" in label or len(label) > LONGEST_LABEL
    return f"{label} ({whole})" if unclear else f"[{label}]({whole})"


def _whole(address: str) -> str | None:
    address = re.sub(r"[\t\r\n]", "", address).strip()
    address = f"https:{address}" if address.startswith("//") else address
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    leads = parts.hostname and "@" not in parts.netloc if parts.scheme in ("http", "https") else parts.path
    if parts.scheme not in ("http", "https", "mailto", "tel") or not leads:
        return None
    if parts.scheme == "tel":
        address = re.sub(r"\s", "", address)
    written = quote(address, safe="%/:?#[]@!$&*+,;=~")
    return written if len(written) <= LONGEST_ADDRESS else None


def _bare(address: str) -> str:
    """What two ways to write an address have in common; of a telephone number its digits."""
    bare = _SCHEME.sub("", address).removeprefix("www.").rstrip("/").casefold()
    if re.fullmatch(r"\+?[\d\s()/.-]+", bare):
        return re.sub(r"\D", "", bare)
    return bare.split("?")[0] if "@" in bare else bare
