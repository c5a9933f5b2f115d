"""Account and identity numbers in a text, told from order numbers by their form and check digits."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from retrieval.masking_codes import is_called_a_code
from retrieval.masking_spans import Span

# Runs of three and more digits; nobody writes a card number in pairs.
_CARD = re.compile(
    r"(?<![A-Za-z0-9_])(?<![A-Za-z][-_#])(?<![0-9][.,])\d{3,19}(?:[ -]\d{3,19}){0,5}(?![A-Za-z0-9_])"
)
_DIGITS = re.compile(r"\d+")
_CARD_IN_FOURS = re.compile(r"\d{4}([ -])\d{4}\1\d{4}\1\d{4}(?:\1\d{1,3})?")
# First digits of the card schemes and the lengths they issue (ISO/IEC 7812 registrations, as listed by the schemes):
# American Express, Diners, JCB, Visa, Mastercard, Maestro, Discover and UnionPay, older Chinese debit cards.
_CARD_SCHEMES = tuple(
    (re.compile(prefix), lengths)
    for prefix, lengths in (
        (r"3[47]", (15,)),
        (r"3[0689]", (14,)),
        (r"35(?:2[89]|[3-8])", (16,)),
        (r"4", (13, 16, 19)),
        (r"5[1-5]|2(?:22[1-9]|2[3-9]|[3-6]|7[01]|720)", (16,)),
        (r"50|5[6-9]", (16, 17, 18, 19)),
        (r"6|81|9[058]", (16, 17, 18, 19)),
    )
)
_DOUBLED = {ord(str(digit)): str(digit * 2 if digit < 5 else digit * 2 - 9) for digit in range(10)}

_RESIDENT_ID = re.compile(
    r"(?<![0-9])[1-9]\d{5}[ -]?(?:18|19|20)\d{2}[ -]?\d{2}[ -]?\d{2}[ -]?\d{3}[0-9Xx](?![A-Za-z0-9_])"
)
_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)  # GB 11643-1999
_ID_CHECKS = "10X98765432"
_US_SOCIAL_SECURITY = re.compile(
    r"(?<![A-Za-z0-9_])(?<![0-9]-)(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![A-Za-z0-9_]|-\d)"
)

_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}(?:[ -]?[A-Za-z0-9]){11,30}")
# Length by country, IBAN registry (SWIFT, release 99).
_IBAN_LENGTHS = {
    country: length
    for length, countries in {
        15: "NO",
        16: "BE",
        18: "DK FI FO GL NL SD",
        19: "MK SI",
        20: "AT BA EE KZ LT LU MN XK",
        21: "CH HR LI LV",
        22: "BG BH CR DE GB GE IE ME RS VA",
        23: "AE GI IL IQ OM SO TL",
        24: "AD CZ ES MD PK RO SA SE SK TN VG",
        25: "LY PT ST",
        26: "IS TR",
        27: "BI DJ FR GR IT MC MR SM",
        28: "AL AZ BY CY DO GT HU LB NI PL SV",
        29: "BR EG PS QA UA",
        30: "JO KW MU",
        31: "MT SC",
        32: "LC",
        33: "RU",
    }.items()
    for country in countries.split()
}


def find_ibans(view: str) -> Iterator[Span]:
    """International bank account numbers of a known country, its length, and the right remainder (ISO 13616)."""
    for match in _IBAN.finditer(view):
        length = _IBAN_LENGTHS.get(match[0][:2].upper())
        if length is None:
            continue
        places = [place for place in range(match.start(), match.end()) if view[place].isalnum()][:length]
        end = places[-1] + 1
        ends_there = end == len(view) or not (view[end].isascii() and view[end].isalnum())
        if len(places) == length and ends_there and _is_iban("".join(view[place] for place in places)):
            yield Span(match.start(), end, "iban", "[iban]")


def find_ids(view: str, start: int, end: int) -> Iterator[Span]:
    """Chinese resident ids (18 places, a real date, the right check digit) and US social security numbers."""
    for match in _RESIDENT_ID.finditer(view, start, end + 2):
        if _is_resident_id(re.sub("[ -]", "", match[0]).upper()):
            yield Span(match.start(), match.end(), "id_number", "[id_number]")
    for match in _US_SOCIAL_SECURITY.finditer(view, start, end + 2):
        yield Span(match.start(), match.end(), "id_number", "[id_number]")


def find_cards(view: str, start: int, end: int) -> Iterator[Span]:
    """Bank cards from `start` to `end`: 13 to 19 digits, right by Luhn, of a known scheme or written in fours."""
    for run in _CARD.finditer(view, start, end + 1):
        groups = [(group.start(), group.end()) for group in _DIGITS.finditer(view, run.start(), run.end())]
        first = 0
        while first < len(groups):
            count = _groups_of_card(view, groups[first:])
            if count:
                yield Span(groups[first][0], groups[first + count - 1][1], "card", "[card]")
            first += count or 1


def _groups_of_card(view: str, groups: list[tuple[int, int]]) -> int:
    """How many of the first groups make a card number, the longest reading first; 0 for none."""
    start = groups[0][0]
    for count in range(min(len(groups), 6), 0, -1):
        end = groups[count - 1][1]
        if not 13 <= end - start - (count - 1) <= 19:
            continue
        written = view[start:end]
        digits = re.sub("[ -]", "", written)
        looks_like_one = _CARD_IN_FOURS.fullmatch(written) or (
            _is_of_a_scheme(digits) and not is_called_a_code(view, start)
        )
        if looks_like_one and passes_luhn(digits):
            return count
    return 0


def passes_luhn(digits: str) -> bool:
    """Whether a string of digits ends in the right check digit (ISO/IEC 7812-1, annex B)."""
    plain, doubled = digits[-1::-2], digits[-2::-2].translate(_DOUBLED)
    return len(set(digits)) > 1 and sum(map(int, plain + doubled)) % 10 == 0


def _is_of_a_scheme(digits: str) -> bool:
    return any(len(digits) in lengths and prefix.match(digits) for prefix, lengths in _CARD_SCHEMES)


def _is_resident_id(number: str) -> bool:
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return False
    total = sum(weight * int(digit) for weight, digit in zip(_ID_WEIGHTS, number, strict=False))
    return born.year >= 1890 and number[17] == _ID_CHECKS[total % 11]


def _is_iban(number: str) -> bool:
    if not number.isascii():
        return False
    rearranged = number[4:] + number[:4]
    return int("".join(str(int(character, 36)) for character in rearranged)) % 97 == 1
