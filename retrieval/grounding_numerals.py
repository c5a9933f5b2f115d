"""Numbers as people write them: digits with separators, English and Chinese numerals, 万 and 亿."""

from __future__ import annotations

import re
from decimal import Decimal

_SMALL = {
    name: value
    for value, name in enumerate(
        re.findall(
            r"\w+",
            "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
            "seventeen eighteen nineteen",
        )
    )
}
_TENS = {
    name: 10 * value
    for value, name in enumerate(
        re.findall(r"\w+", "twenty thirty forty fifty sixty seventy eighty ninety"), start=2
    )
}
_GREAT = {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9}
_WORD = "|".join(sorted([*_SMALL, *_TENS, *_GREAT], key=len, reverse=True))
_DIGITS = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?(?!\d)|\d+(?:\.\d+)?"
_HAN_DIGITS = {
    character: value
    for value, characters in enumerate(["零〇", "一", "二两", *"三四五六七八九"])
    for character in characters
}
_HAN_TENS = {"十": 10, "百": 100, "千": 1000}
_HAN_GREAT = {"万": 10**4, "亿": 10**8}

_GREATER = "(?:hundred|thousand|million|billion)"
_AFTER_GREATER = r"(?:(?<=hundred)|(?<=thousand)|(?<=million)|(?<=billion))"
_MORE = (
    r"(?:(?<=ty)[-\s](?:one|two|three|four|five|six|seven|eight|nine)"
    rf"|\s{_GREATER}|{_AFTER_GREATER}(?:\sand)?\s(?:{_WORD}))*"
)

NUMBER = (
    rf"(?:(?:{_DIGITS})(?:\s?[十百千]?[万亿]|\s{_GREATER}\b|k\b)?"
    rf"|(?:\ban?\s(?={_GREATER}\b))?\b(?:{_WORD}){_MORE}\b"
    r"|[零〇一二两三四五六七八九十百千半][零〇一二两三四五六七八九十百千万亿]*)"
)
"""A pattern without groups for one number in a folded text."""

_TWO_DIGITS = re.compile(
    "(?P<before>(?:.*[十百千万])?)(?P<low>[一二两三四五六七八九])(?P<high>[一二两三四五六七八九])(?P<after>[十百千万亿]*)"
)
_WRITTEN_DIGITS = re.compile(rf"({_DIGITS})\s?(\S*)")


def value_of(written: str) -> str:
    """The number in one spelling ("1,000", "one thousand", "一千" and "1k" are "1000")."""
    digits = _WRITTEN_DIGITS.fullmatch(written)
    if digits:
        number = Decimal(digits[1].replace(",", "")) * _factor(digits[2])
    elif written.isascii():
        number = Decimal(_english(written))
    else:
        number = Decimal("0.5") if written == "半" else Decimal(_chinese(written.replace("半", "")))
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def rough_range(written: str) -> str | None:
    """两三 as "2-3", 三四十 as "30-40", 十七八 as "17-18": two digits side by side, the second greater, where things are counted.

    Three digits and more are read out one by one, as years and room numbers are.
    """
    found = _TWO_DIGITS.fullmatch(written)
    if not found or _HAN_DIGITS[found["low"]] >= _HAN_DIGITS[found["high"]]:
        return None
    return "-".join(value_of(f"{found['before']}{found[end]}{found['after']}") for end in ("low", "high"))


def _factor(written: str) -> int:
    if written in _GREAT:
        return _GREAT[written]
    factor = 1000 if written == "k" else 1
    for character in written:
        factor *= _HAN_TENS.get(character) or _HAN_GREAT.get(character) or 1
    return factor


def _english(written: str) -> int:
    total = part = 0
    for word in re.findall(r"[a-z]+", written):
        if word in _SMALL or word in _TENS:
            part += _SMALL.get(word, 0) + _TENS.get(word, 0)
        elif word == "hundred":
            part = max(part, 1) * 100
        elif word in _GREAT:
            total, part = total + max(part, 1) * _GREAT[word], 0
    return total + part


def _chinese(written: str) -> int:
    if all(character in _HAN_DIGITS for character in written):
        return int("".join(str(_HAN_DIGITS[character]) for character in written) or 0)
    total = part = digit = 0
    for character in written:
        if character in _HAN_DIGITS:
            digit = _HAN_DIGITS[character]
        elif character in _HAN_TENS:
            part, digit = part + max(digit, 1) * _HAN_TENS[character], 0
        else:
            total, part, digit = (total + part + digit) * _HAN_GREAT[character], 0, 0
    return total + part + digit
