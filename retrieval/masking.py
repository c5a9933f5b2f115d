"""Personal data out of texts, before they are stored.

`mask` runs on every message: it puts placeholders such as [email] in place of what identifies a person and can be told by form
alone. Order numbers stay, as the conversation needs them. `mask_names_and_numbers` is for answers mined from old
dialogues, which will be shown to others: names, order numbers and appointments go too.
Texts should be normalised first: digits split by zero-width characters are not put together here.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from retrieval.masking_addresses import find_emails, find_ips, find_secrets
from retrieval.masking_codes import find_codes, find_personal_dates
from retrieval.masking_names import find_names
from retrieval.masking_numbers import find_cards, find_ibans, find_ids
from retrieval.masking_phones import find_phones
from retrieval.masking_spans import Span, replace_spans, without_overlaps

Finder = Callable[[str], Iterator[Span]]

_DIGIT = re.compile("[0-9]")
_NUMBER_RUN = re.compile(r"[+(]{0,2}[0-9][0-9 .()/+-]{5,}[0-9Xx]")
_LINK = re.compile(r"(?:https?://|www\.)[!-~]+", re.IGNORECASE)
# Full-width characters, dashes and blanks as their ASCII twins, one for one, so that places stay the same.
_ASCII_TWINS = (
    {0xFF01 + offset: 0x21 + offset for offset in range(94)}
    | dict.fromkeys((*range(0x2010, 0x2016), 0x2212, 0xFE58, 0xFE63), ord("-"))
    | dict.fromkeys((0xA0, *range(0x2000, 0x200B), 0x202F, 0x3000), ord(" "))
)
_ANY_TWIN = re.compile("[" + "".join(map(chr, _ASCII_TWINS)) + "]")
_FEWEST_DIGITS = 7
PUBLIC_CONTACTS = frozenset({"email", "phone", "ip"})
"""Kinds that a company publishes of itself, and so leaves in its own answers."""

_GAP = re.compile(r"[^\S\n]+")
_GAP_BEFORE_SIGN = re.compile(r" +(?=[,.!?;:，。！？](?:\s|$))")
_DOUBLE_COMMA = re.compile(r"([,，.!！。])\s?[,，]")
_SIGNS_AT_ENDS = re.compile(r"^[\s,，.。!！~～:：;；]+|[\s,，]+$")


@dataclass(frozen=True, slots=True)
class Masked:
    """A text without its personal data, and how many of each kind it held.

    Kinds: email, phone, card, id_number, iban, ip, url_secret; from mined answers also name, order_number,
    tracking_number, ticket_number, date.
    """

    text: str
    counts: Mapping[str, int]


def mask(text: str) -> Masked:
    """Replace what identifies a person by its form. Masking twice changes nothing and counts nothing."""
    return _mask_until_settled(text, _find_personal)


def mask_names_and_numbers(text: str) -> Masked:
    """Replace, besides, what belongs to one customer or agent: for answers that other customers will read.

    Order, tracking and ticket numbers become {order_number}, {tracking_number} and {ticket_number}, dates of
    appointments and parcels {date}; names go with their greeting, introduction or signature, or become {name}. Found by wording
    alone, with more care for what must stay than for finding every name: a person approves the answers.
    """
    return _mask_until_settled(text, _find_particulars)


def _mask_until_settled(text: str, find: Finder) -> Masked:
    # What follows a replaced number may only then be recognised ("…8000-139…"), hence the loop; each round that
    # goes on has taken something out, and nearly every text needs one round.
    counts: Counter[str] = Counter()
    while spans := without_overlaps(find(_view(text))):
        counts.update(span.kind for span in spans)
        text = replace_spans(text, spans)
        if any(not span.replacement for span in spans):
            text = _close_gaps(text)
    return Masked(text, dict(counts))


def _view(text: str) -> str:
    return text.translate(_ASCII_TWINS) if _ANY_TWIN.search(text) else text


def _find_personal(view: str) -> Iterator[Span]:
    yield from find_secrets(view)
    yield from find_emails(view)
    yield from _find_numbers(view)
    yield from find_ips(view)


def _find_particulars(view: str) -> Iterator[Span]:
    yield from _find_personal(view)
    yield from find_codes(view)
    yield from find_personal_dates(view)
    yield from find_names(view)


def _close_gaps(text: str) -> str:
    """Blanks and commas that a dropped name leaves behind."""
    text = _GAP_BEFORE_SIGN.sub("", _GAP.sub(" ", text))
    return _SIGNS_AT_ENDS.sub("", _DOUBLE_COMMA.sub(r"\1", text))


def _find_numbers(view: str) -> Iterator[Span]:
    runs = [run.span() for run in _NUMBER_RUN.finditer(view) if len(_DIGIT.findall(run[0])) >= _FEWEST_DIGITS]
    if not runs:
        return
    yield from find_ibans(view)
    links = [match.span() for match in _LINK.finditer(view)] if "://" in view or "www." in view else []
    for find in (find_ids, find_cards, find_phones):
        for start, end in runs:
            for span in find(view, start, end):
                if not links or not _names_a_page(view, span, links):
                    yield span


def _names_a_page(view: str, span: Span, links: list[tuple[int, int]]) -> bool:
    """Whether the number is part of a link's path; after "=" it is a value that somebody filled in."""
    return any(start < span.start < end for start, end in links) and view[span.start - 1] not in "=:"
