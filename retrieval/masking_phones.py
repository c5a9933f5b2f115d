"""Telephone numbers in a text: mainland China, North America, international and national forms, and whatever is called one.

Bare runs of digits count only in forms that numbers of orders, parcels and models do not take, or after a word such as
"phone" or 电话; after a word such as "order" or 单号 they never do. Hotlines (400/800 in China, 8xx toll-free
in America) are companies' and stay.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from retrieval.masking_codes import is_called_a_code
from retrieval.masking_spans import Span

# A number that continues a code ("LM-1380…", "SF1380…", "#1380…", "1.380…") is part of it.
_START = (
    r"(?:(?<![A-Za-z0-9_])(?<![A-Za-z][-_#])(?<!#)(?<![0-9]\.)"
    r"|(?<=tel)|(?<=phone)|(?<=mobile)|(?<=mob)|(?<=cell))"
)
_END = r"(?![0-9_]|\.\d)"
_GAP = r"(?: ?[-.] ?| )?"
_EXTENSION = re.compile(r"(?:-| ?转 ?| ?轉 ?| ?ext\.? ?| ?x)\d{1,6}(?![0-9])", re.IGNORECASE)
_CHINA = r"(?:(?:\+ ?|00)?86[ -]?|\((?:\+ ?|00)?86\) ?)?"

_PHONE = re.compile(
    rf"{_START}(?:"
    # 138 0013 8000, 1380 013 8000, 13800 138000, 138 001 38000, 1 3 8 0 …
    rf"{_CHINA}1(?:[3-9]\d(?:{_GAP}\d{{4}}{_GAP}\d{{4}}|{_GAP}\d{{3}}{_GAP}\d{{5}})"
    rf"|[3-9]\d\d(?:{_GAP}\d{{3}}{_GAP}\d{{4}}|\d{_GAP}\d{{6}})| [3-9](?: \d){{9}})"
    # 010-12345678, (0755) 2600 1234
    rf"|{_CHINA}\(?0(?:10|2\d|[3-9]\d\d)\)?{_GAP}[1-9]\d{{2,3}}{_GAP}\d{{4}}"
    # (555) 123-4567, 1-555-123-4567
    rf"|(?<![0-9]-)(?:1[ .-]?)?(?:\(\d{{3}}\)[ -]?|\d{{3}}[ .-])\d{{3}}[ .-]\d{{4}}"
    # (555)2234567, 555-2234567: neither three-digit group begins with 0 or 1 (North American Numbering Plan)
    rf"|(?<![0-9]-)(?:\([2-9]\d\d\)|[2-9]\d\d-)[2-9]\d{{6}}(?!-\d)"
    # 020 7946 0958, 06 12 34 56 78, 0912345678: a trunk prefix and nine to eleven digits in all
    rf"|(?P<national>(?=(?:[ .()-]{{0,3}}\d){{9}})\(?0[1-9]\d{{0,3}}\)?(?:[ .-]?\d{{2,9}}){{1,4}})"
    # +44 (0)20 7946 0958, 0044 20 …
    rf"|(?<!\+)(?:\+ ?|(?<![-.])00(?=[1-9]))\(?\d{{1,3}}\)?(?:[ .()/-]{{0,3}}\d){{6,13}}"
    rf"){_END}",
    re.IGNORECASE,
)
_DATE = re.compile(r"0?\d[-. ]\d{1,2}[-. ]\d{4}|0?\d[-.]\d\d[-.]\d\d[ -]")
_LINK_WORD = r"(?: ?(?:numbers?|no\.?|num|is|are|at|on|to|号码|號碼|号|號|是|为|為|改成|改为|改為|换成|[:：,，#=])){0,4} ?"
_PHONE_LABEL = re.compile(
    r"(?:(?<![a-z])(?:(?:tele|cell)?phone|tel|mobile|mob|cell|ph|whats ?app(?: me| us)?|fax"
    r"|(?:call|text|ring|reach|contact) (?:me|us|him|her|back)|contact(?= n)|(?:please|pls|plz) contact"
    r"|(?<!the )(?<!a )(?<!your )(?<!my )(?<!this )(?:call|ring|dial|text|sms)|my number)|手机|手機|电话|電話|座机|座機|传真|傳真|致电|回电|联系方式|聯絡方式)"
    rf"{_LINK_WORD}[+(]?$",
    re.IGNORECASE,
)
# "The phone number on my order is …" names a telephone, whatever the word before "is" says.
_PHONE_OF_AN_ORDER = re.compile(
    r"(?<![a-z])(?:phone|mobile|cell|contact number)(?: (?!orders?\b|and\b|or\b)[a-z']+){0,4} (?:on|for|under|with|in) "
    r"(?:my|the|this|our|that) (?:last |latest |recent )?(?:orders?|booking|parcel|package|invoice|shipment) ?(?:is|was|:) ?[+(]?$",
    re.IGNORECASE,
)
_LABELLED_NUMBER = re.compile(rf"\d(?:[ .()-]{{0,2}}\d){{6,14}}{_END}")
# Written out: 18000000000 without a break is a mobile number in China.
_HOTLINE = re.compile(
    r"(?:\+1[ .-]?|1[ .-])?\(?8(?:00|88|77|66|55|44|33)\)?[ .-]?\d{3}[ .-]?\d{4}"
    r"|(?:\+86[ -]?)?[48]00[ -]?(?:\d{3}[ -]?\d{4}|\d{4}[ -]?\d{3})|95\d{3,6}"
)

_NO_DIGIT = re.compile(r"[^0-9]")
_REACH_OF_LABEL = 32
_REACH_OVER_AN_ORDER = 80


def find_phones(view: str, start: int, end: int) -> Iterator[Span]:
    """Telephone numbers, with their extensions, in the run of digits and separators from `start` to `end`."""
    position = start
    while match := _PHONE.search(view, position, end + 1):
        found_to = _end_of_phone(view, match)
        if found_to:
            yield Span(match.start(), found_to, "phone", "[phone]")
        position = found_to or match.start() + 1
    number = _LABELLED_NUMBER.match(view, start)
    if number and _is_called_a_phone(view, start) and not _is_hotline(number[0]):
        yield Span(start, number.end(), "phone", "[phone]")


def _end_of_phone(view: str, match: re.Match[str]) -> int:
    """Where the number ends that seems to begin with `match`; 0 when it is none."""
    national = match["national"]
    if national and (_DATE.match(national) or not 9 <= len(_NO_DIGIT.sub("", national)) <= 11):
        return 0
    extension = _EXTENSION.match(view, match.end())
    end = extension.end() if extension else match.end()
    goes_on = end < len(view) and view[end].isascii() and view[end].isalnum()
    is_code = is_called_a_code(view, match.start()) and not _is_of_an_order(view, match.start())
    return 0 if goes_on or _is_hotline(match[0]) or is_code else end


def _is_called_a_phone(view: str, start: int) -> bool:
    label = _PHONE_LABEL.search(view[max(start - _REACH_OF_LABEL, 0) : start])
    return label is not None or _is_of_an_order(view, start)


def _is_of_an_order(view: str, start: int) -> bool:
    return _PHONE_OF_AN_ORDER.search(view[max(start - _REACH_OVER_AN_ORDER, 0) : start]) is not None


def _is_hotline(number: str) -> bool:
    return _HOTLINE.fullmatch(number) is not None
