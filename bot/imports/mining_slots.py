"""Takes the parts of a reply that vary from customer to customer out of it: names, times, numbers, links.

Agents' replies are mostly fixed sentences around a few such values. With the values replaced by slots, replies
of one kind get the same *skeleton*, in the manner of log-template miners (He et al., "Drain", ICWS 2017, where
numeric tokens are masked before grouping). Rules only, no model: capitalised runs inside an English sentence
and quoted text count as names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
_DAYS = "Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday"
_NUMBER_WORDS = "two|three|four|five|six|seven|eight|nine|ten|eleven|twelve"
_NOT_A_NAME = (
    r"(?!(?:I|I'm|I’m|I'll|I’ll|I've|I’ve|I'd|I’d|OK|Ok|ID|PIN|FAQ|VAT|PDF|QR|SMS|USB|TV|PC|APP|App)\b)"
)
_CAPITALISED = rf"{_NOT_A_NAME}[A-Z][A-Za-z0-9À-ÿ’']*"

# `\\b` knows no border between a Chinese character and a digit, hence the spelled-out look-arounds.
_START, _END = r"(?<![A-Za-z0-9])", r"(?![A-Za-z0-9])"

_VALUE = re.compile(
    "|".join(
        (
            r"(?P<slot>\{\w+\}|\[\w+\](?!\())",
            r"(?P<link>https?://[^\s)\u3000-\uffef]+|www\.[^\s)\u3000-\uffef]+|[\w.+-]+@[\w-]+\.[A-Za-z.]+)",
            r"(?P<quoted>(?<!\w)'(?=\S)[^'\n]{1,60}?'(?!\w)|\"[^\"\n]{1,60}\"|“[^”\n]{1,60}”|[「『《][^」』》\n]{1,60}[」』》])",
            rf"(?P<time>{_START}\d{{1,2}}(?::\d\d)?\s*(?:am|pm|a\.m\.|p\.m\.)(?!\w)|{_START}\d{{1,2}}[:：]\d\d{_END}"
            rf"|{_START}(?:{_DAYS})s?{_END}|{_START}(?:{_MONTHS})(?=\s*\d)|{_START}\d{{1,2}}(?:st|nd|rd|th){_END}"
            r"|\b(?:today|tomorrow|tonight)\b|(?:周|星期|礼拜)[一二三四五六日天]|今天|明天|后天)",
            rf"(?P<number>{_START}(?:[$€£¥￥#]|(?<!\S)[+-])?[A-Z]{{0,4}}-?\d(?:[A-Za-z0-9.,:-]*[A-Za-z0-9])?%?"
            rf"|{_START}(?:{_NUMBER_WORDS}){_END}|[二两三四五六七八九十百]+(?=[天日个年月周次元块]))",
            rf"(?P<name>(?<!^)(?<!\n)(?<![.!?…:]\s)(?<![\"“‘(]){_START}(?:(?:Dr|Mr|Mrs|Ms|St)\.\s+)?{_CAPITALISED}"
            rf"(?:(?:\s+(?:of|on|de|and|&)\s+|\s+|-){_CAPITALISED})*)",
        )
    )
)
_KINDS = {"link": "{link}", "quoted": "{name}", "time": "{time}", "number": "{number}", "name": "{name}"}
_RUN = re.compile(r"(\{\w+\})(?:\s*(?:-|–|~|to|at|@|,|，|、|and|&|和|至|到)?\s*\1)+")


@dataclass(frozen=True, slots=True)
class Templated:
    """A reply with its varying parts as slots; `values` are those parts as written, left to right."""

    skeleton: str
    values: tuple[str, ...]


def template_of(text: str) -> Templated:
    """Replaces names, times, numbers and links by slots such as ``{name}``; slots side by side become one."""
    values: list[str] = []

    def take(match: re.Match[str]) -> str:
        kind = match.lastgroup or "slot"
        values.append(match.group())
        return _KINDS.get(kind, match.group())

    return Templated(skeleton=_RUN.sub(r"\1", _VALUE.sub(take, text)), values=tuple(values))


def slot_names(text: str) -> Iterator[str]:
    """What stands in a text for one customer's own values, ``{name}`` as well as masked ``[phone]``, in order; not a link's ``[label](address)``."""
    for match in re.finditer(r"[{\[](\w+)[}\]](?!\(https?:)", text):
        yield match.group(1)
