"""Where sentences begin and end, in English and Chinese, as places in the text: what is quoted stands in its source.

A line that ends with a colon takes the list below it along, since an item alone says nothing. Lines that were broken for their
width are one sentence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

Span = tuple[int, int]

LONGEST = 500  # characters of one sentence; a longer one is cut at a space or comma
LONGEST_LIST = 400  # characters of a lead-in with its items; further items stand alone
LOOKED_BACK = 40  # characters before a mark that tell whether it ends a sentence
WRAPPED_AT = 60  # a line at least so long that ends without a mark goes on in the next one

_ABBREVIATIONS = frozenset(
    re.findall(
        r"\S+",
        "e.g i.e etc vs mr mrs ms dr prof st no nos approx dept est fig inc ltd co corp jan feb mar apr jun jul aug "
        "sep sept oct nov dec a.m p.m u.s u.k u.n cf al ext tel vol art",
    )
)
_SELDOM_LAST = frozenset(
    ["e.g", "i.e", "vs", "mr", "mrs", "ms", "dr", "prof", "approx", "cf", "u.s", "u.k", "u.n"]
)
_LATIN_END = re.compile(r"[.!?]+[\"'”’)\]]*(?=\s)")
_HAN_END = re.compile(r"[。！？；…]+[”’』」）》】]*")
_LAST_WORD = re.compile(r"[A-Za-z.]+$")
_BREAK = re.compile(r"[,;，、；\s]")
_BULLET = re.compile(r"\s*(?:[-*•·▪◦‣–]|\(?\d{1,2}[.)、]|\(?[a-z][.)])\s+")
_JOINING = frozenset(
    re.findall(
        r"\S+", "a an and are as at by for from in is of on or our than that the their this to with your"
    )
)
_FINAL = tuple(".!?。！？;；:：")


def sentence_spans(text: str) -> list[Span]:
    """Begin and end of every sentence in `text`, rising, without the white space around it."""
    lines = list(_lines(text))
    spans: list[Span] = []
    row = 0
    while row < len(lines):
        begin, end = lines[row]
        row += 1
        if text[begin:end].endswith((":", "：")):
            while row < len(lines) and lines[row][1] - begin <= LONGEST_LIST:
                if spans_in_line(text, *lines[row]) > 1:
                    break
                end = lines[row][1]
                row += 1
            spans.append((begin, end))
        else:
            spans += _sentences(text, begin, end)
    return [part for span in spans for part in _cut(text, *span)]


def split_sentences(text: str) -> list[str]:
    """The sentences of `text`, each as it stands there."""
    return [text[begin:end] for begin, end in sentence_spans(text)]


def spans_in_line(text: str, begin: int, end: int) -> int:
    return sum(1 for _ in _sentences(text, begin, end))


def _lines(text: str) -> Iterator[Span]:
    """Lines without the space around them; those that were broken for their width are one."""
    pending: Span | None = None
    last_length = 0
    for match in re.finditer(r"[^\n]+", text):
        stripped = match.group().strip()
        if not stripped:
            continue
        begin = match.start() + match.group().index(stripped[0])
        end = begin + len(stripped)
        if pending is not None:
            adjoining = text.count("\n", pending[1], begin) == 1
            open_ended = not (_is_closed(text[slice(*pending)]) or _BULLET.match(text, begin))
            goes_on = last_length >= WRAPPED_AT or _is_broken(text[slice(*pending)], stripped)
            if adjoining and open_ended and goes_on:
                pending, last_length = (pending[0], end), len(stripped)
                continue
            yield pending
        pending, last_length = (begin, end), len(stripped)
    if pending is not None:
        yield pending


def _is_closed(line: str) -> bool:
    """Whether the line's last mark ends a sentence: "that the U.S." goes on in the next line."""
    if not line.endswith("."):
        return line.endswith(_FINAL)
    return _last_word(line[:-1][-LOOKED_BACK:]) not in _SELDOM_LAST


def _is_broken(line: str, following: str) -> bool:
    """Whether one sentence runs over both lines, as where a link stood on a line of its own."""
    return following[0].islower() or line.split()[-1].lower() in _JOINING


def _sentences(text: str, begin: int, end: int) -> Iterator[Span]:
    start = begin
    for place in _ends(text, begin, end):
        if text[start:place].strip():
            yield start, place
        start = place
        while start < end and text[start].isspace():
            start += 1
    if start < end:
        yield start, end


def _ends(text: str, begin: int, end: int) -> list[int]:
    latin = (
        match.end() for match in _LATIN_END.finditer(text, begin, end) if _closes(text, begin, match, end)
    )
    han = (match.end() for match in _HAN_END.finditer(text, begin, end))
    return sorted({place for place in (*latin, *han) if place < end})


def _closes(text: str, begin: int, match: re.Match[str], end: int) -> bool:
    """Whether the mark ends a sentence rather than an abbreviation, an initial or a list's number."""
    if match.group()[0] != ".":
        return True
    following = text[match.end() : end].lstrip()[:1]
    if following.islower():
        return False
    before = text[max(begin, match.start() - LOOKED_BACK) : match.start()]
    if re.search(r"(?:^|\s)(?:\d{1,2}|[A-Z])$", before):
        return False
    return _last_word(before) not in _ABBREVIATIONS


def _last_word(before: str) -> str:
    word = _LAST_WORD.search(before)
    return word.group().lower().strip(".") if word else ""


def _cut(text: str, begin: int, end: int) -> Iterator[Span]:
    while end - begin > LONGEST:
        breaks = [match.end() for match in _BREAK.finditer(text, begin + LONGEST // 2, begin + LONGEST)]
        place = breaks[-1] if breaks else begin + LONGEST
        yield begin, begin + len(text[begin:place].rstrip())
        begin = place
        while begin < end and text[begin].isspace():
            begin += 1
    if begin < end:
        yield begin, end
