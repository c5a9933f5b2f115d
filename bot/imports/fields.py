"""Single values of an import: cleaned texts, roles, times, languages, lists. A value that can't be used is a FieldError."""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache

from retrieval.normalize import normalize
from retrieval.radicals import as_characters

MAX_QUESTION_CHARACTERS = 4_000
MAX_ANSWER_CHARACTERS = 20_000
MAX_PHRASINGS = 1_000
MAX_ID_CHARACTERS = 200

ROLE_NAMES: Mapping[str, tuple[str, ...]] = {
    "customer": (
        "customer", "user", "visitor", "client", "guest", "buyer", "caller", "human", "enduser", "end-user", "end_user",
        "consumer", "requester", "客户", "顾客", "用户", "访客", "买家", "客人", "客戶", "顧客", "用戶", "訪客", "買家",
    ),
    "agent": (
        "agent", "assistant", "operator", "staff", "support", "employee", "representative", "rep", "seller", "admin",
        "advisor", "adviser", "human_agent", "客服", "人工客服", "坐席", "座席", "员工", "卖家", "商家", "店员", "員工", "賣家",
    ),
    "bot": ("bot", "chatbot", "robot", "machine", "机器人", "智能客服", "機器人", "智能助手"),
    "system": ("system", "event", "系统", "系統", "系统消息"),
}  # fmt: skip
_ROLE_OF = {name: role for role, names in ROLE_NAMES.items() for name in names}
_LANGUAGE_NAMES = {
    "english": "en", "英文": "en", "英语": "en", "英語": "en", "chinese": "zh", "中文": "zh", "汉语": "zh", "漢語": "zh",
    "mandarin": "zh", "简体中文": "zh", "繁体中文": "zh", "繁體中文": "zh", "cn": "zh",
}  # fmt: skip
_LANGUAGE_TAG = re.compile(r"([a-z]{2,3})(?:[-_][a-z0-9]{1,8})*")
_LIST_SEPARATORS = re.compile(r"[|｜\n]")
_TAG_SEPARATORS = re.compile(r"[|｜\n,，;；、]")
_EMPTY_LINES = re.compile(r"\n{3,}")
_EPOCH = re.compile(r"\d{9,13}(\.\d{1,9})?")
_LOOSE_DATE = re.compile(r"^(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?!\d)(?:(?:T|\s+)(\d{1,2}):)?")
_EARLIEST, _LATEST = datetime(1973, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff0-\ufffb]"
)
_HALF_CHARACTERS = re.compile("[\ud800-\udfff]")
_ERROR_CELLS = frozenset({"#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!"})


class FieldError(Exception):
    """A value of one line that can't be used; the message names it and the remedy."""


def question_text(value: object, *, name: str = "question") -> str:
    """A question in the form it is stored and compared in, see `retrieval.normalize`."""
    return _limited(normalize(_string(value, name=name)), name=name, limit=MAX_QUESTION_CHARACTERS)


def answer_text(value: object, *, name: str = "answer") -> str:
    """An answer as its author typed it: paragraphs and full-width punctuation stay, only what nobody sees goes."""
    text = visible(_string(value, name=name))
    if "\n" in text or "\r" in text:
        text = "\n".join(" ".join(line.split()) for line in text.splitlines())
        text = _EMPTY_LINES.sub("\n\n", text).strip()
    else:
        text = " ".join(text.split())
    return _limited(text, name=name, limit=MAX_ANSWER_CHARACTERS)


def turn_text(value: object, *, role: str) -> str:
    """What was said: as it is compared for customers, as its author typed it for the others (it may become an answer)."""
    if role != "customer":
        return answer_text(value, name="text")
    return _limited(normalize(_string(value, name="text")), name="text", limit=MAX_ANSWER_CHARACTERS)


def visible(text: str) -> str:
    """The text in NFC without control, zero-width and bidi characters; half characters become U+FFFD."""
    if text.isascii() and text.isprintable():
        return text
    return as_characters(unicodedata.normalize("NFC", _UNSEEN.sub("", _HALF_CHARACTERS.sub("\ufffd", text))))


def _string(value: object, *, name: str) -> str:
    if value is None:
        raise FieldError(f"there is no {name}: fill it in or remove the line")
    if not isinstance(value, str):
        raise FieldError(f"the {name} is {shown(value)}, not a text: put it in quotes")
    return value


def _limited(text: str, *, name: str, limit: int) -> str:
    if not text:
        raise FieldError(f"the {name} is empty: fill it in or remove the line")
    if text in _ERROR_CELLS:
        raise FieldError(f"the {name} is the spreadsheet error {text}: mend the formula")
    if len(text) > limit:
        raise FieldError(
            f"the {name} {shown(text)} has {len(text):,} characters, the limit is {limit:,}: shorten it"
        )
    return text


def shown(value: object, *, limit: int = 40) -> str:
    """A value as it appears in a reason: texts quoted and short, numbers as they are, anything else by its kind."""
    if isinstance(value, str):
        text = " ".join(visible(value[: limit * 10]).split())
        return f"'{text[:limit]}…'" if len(text) > limit else f"'{text}'"
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, float) or (isinstance(value, int) and abs(value) < 10**limit):
        return str(value)
    return {"dict": "an object", "list": "a list", "int": "a huge number"}.get(
        type(value).__name__, "a value"
    )


def identifier(value: object, *, name: str) -> str:
    """A conversation id or answer key: a text or a whole number."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**18:
        return str(value)
    return _identifier(_string(value, name=name), name)


@lru_cache(maxsize=4096)
def _identifier(value: str, name: str) -> str:
    return _limited(normalize(value), name=name, limit=MAX_ID_CHARACTERS)


@lru_cache(maxsize=1024)
def _role_named(name: str) -> str | None:
    return _ROLE_OF.get(normalize(name).casefold())


def role(value: object) -> str:
    """customer, agent, bot or system."""
    name = _string(value, name="role")
    known = _role_named(name) if len(name) <= MAX_ID_CHARACTERS else None
    if known is None:
        raise FieldError(f"the role {shown(name)} is unknown: use customer, agent, bot or system")
    return known


def language(value: object) -> str | None:
    """A primary language subtag such as "en" or "zh"; None where the field is absent or blank."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    name = normalize(_string(value, name="language")).casefold()
    if name in _LANGUAGE_NAMES:
        return _LANGUAGE_NAMES[name]
    match = _LANGUAGE_TAG.fullmatch(name)
    if match is None:
        raise FieldError(
            f"the language {shown(value)} is unknown: use a code such as en or zh, or leave it empty"
        )
    return match[1]


def short_text(value: object, *, name: str) -> str | None:
    """An optional name such as an intent."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    return _limited(normalize(_string(value, name=name)), name=name, limit=MAX_ID_CHARACTERS)


def tags(value: object) -> tuple[str, ...]:
    """Tags from a list, or from a text with `|`, comma, semicolon or line end between them."""
    entries = [normalize(entry) for entry in _entries(value, name="tags", separators=_TAG_SEPARATORS)]
    kept = tuple(dict.fromkeys(entry for entry in entries if entry))
    for entry in kept:
        _limited(entry, name="tag", limit=MAX_ID_CHARACTERS)
    return kept


def phrasings(value: object) -> tuple[str, ...]:
    """Further phrasings from a list, a JSON list in a text, or a text with `|` or line ends between them."""
    entries = listed_phrasings(value)
    kept = tuple(
        dict.fromkeys(question_text(entry, name="phrasing") for entry in entries if normalize(entry))
    )
    if len(kept) > MAX_PHRASINGS:
        raise FieldError(
            f"there are {len(kept):,} phrasings, the limit is {MAX_PHRASINGS:,}: spread them over several lines"
        )
    return kept


def listed_phrasings(value: object) -> list[str]:
    """The phrasings of one field as they are written."""
    return _entries(value, name="phrasings", separators=_LIST_SEPARATORS)


def _entries(value: object, *, name: str, separators: re.Pattern[str]) -> list[str]:
    if value is None:
        return []
    if isinstance(value, str):
        listed = _json_list(value)
        if listed is None:
            return separators.split(value)
        value = listed
    if not isinstance(value, list):
        raise FieldError(f"the {name} are {shown(value)}, not a list of texts")
    return [_string(entry, name=f"entry among the {name}") for entry in value]


def _json_list(text: str) -> list[object] | None:
    if not text.lstrip().startswith("["):
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, list) else None


def time(value: object, *, name: str = "time") -> datetime | None:
    """A moment in aware UTC from ISO 8601 (naive means UTC) or from epoch seconds or milliseconds; None where absent."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    moment: datetime | None = None
    if isinstance(value, int | float) and not isinstance(value, bool):
        moment = _from_epoch(float(value)) if abs(value) < 1e15 else None
    elif isinstance(value, str):
        moment = _from_text(normalize(value) if len(value) <= 100 else "")
    if moment is None:
        raise FieldError(
            f"the {name} {shown(value)} can't be read: write it like 2026-03-01T09:30:00Z, or as epoch seconds"
        )
    return moment


def _from_epoch(number: float) -> datetime | None:
    if not math.isfinite(number):
        return None
    seconds = number / 1000 if number >= 1e11 else number
    if not _EARLIEST.timestamp() <= seconds < _LATEST.timestamp():
        return None
    return datetime.fromtimestamp(seconds, UTC)


def _from_text(text: str) -> datetime | None:
    if _EPOCH.fullmatch(text):
        return _from_epoch(float(text))
    return _from_iso(text) or _from_iso(_LOOSE_DATE.sub(_strict_date, text, count=1))


def _from_iso(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _strict_date(match: re.Match[str]) -> str:
    """2026/3/1 9:30 → 2026-03-01T09:30, as spreadsheets in China write it."""
    year, month, day, hour = match.groups()
    return f"{year}-{int(month):02}-{int(day):02}" + (f"T{int(hour):02}:" if hour else "")
