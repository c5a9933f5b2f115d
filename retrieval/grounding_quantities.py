"""Amounts, times, dates, percentages, links and codes of a clause, each as one token in one spelling.

"within fourteen days" and "at most 14 days" are the same limit; "14 days" and "14 working days" are not the same time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from retrieval.grounding_numerals import NUMBER, rough_range, value_of
from retrieval.grounding_tokens import Kind, Span, Token

_UNITS = {
    "second": r"seconds?|secs?|秒钟?",
    "minute": r"minutes?|mins?|分钟",
    "hour": r"hours?|hrs?|h|个?小时|个?钟头",
    "working_day": r"(?:business|working|work)[ -]days?|个?工作日",
    "day": r"(?:calendar )?days?|d|天|日",
    "week": r"weeks?|wks?|周|个?星期",
    "month": r"months?|个月|月",
    "year": r"years?|yrs?|年",
    "%": r"%|percent|per cent|pct",
    "usd": r"us ?dollars?|dollars?|usd|美元|美金",
    "eur": r"euros?|eur|欧元",
    "gbp": r"pounds? sterling|pounds?|gbp|英镑",
    "cny": r"yuan|cny|rmb|元人民币|人民币|元|块钱?",
    "hkd": r"hkd|港币|港元",
    "cent": r"cents?",
    "kg": r"kilograms?|kilos?|kgs?|公斤|千克",
    "g": r"grams?|g|克",
    "km": r"kilomet(?:er|re)s?|km|公里|千米",
    "m": r"met(?:er|re)s?|m|米",
    "cm": r"centimet(?:er|re)s?|cm|厘米|公分",
    "mm": r"millimet(?:er|re)s?|mm|毫米",
    "l": r"lit(?:er|re)s?|l|升",
    "ml": r"millilit(?:er|re)s?|ml|毫升",
    "inch": r"inch(?:es)?|英寸|寸",
    "gb": r"gb",
    "mb": r"mb",
    "degree": r"°c?|degrees?|度",
    "ordinal": r"st|nd|rd|th",
    "zh_off": r"折",
    "times": r"倍",
    "count": r"个|件|次|位|人|张|份|双|岁|级|条|台|笔|单|套|种|名|项",
}
_UNIT = "|".join(f"(?P<u{number}>(?:{pattern}))" for number, pattern in enumerate(_UNITS.values()))
_UNIT_NAMES = list(_UNITS)
_ENDS = r"(?![a-z])"
_CURRENCY = {"$": "usd", "us$": "usd", "€": "eur", "£": "gbp", "¥": "cny", "￥": "cny", "hk$": "hkd"}
_SIGN = r"(?:us|hk)?\$|[€£¥￥]|\b(?:usd|eur|gbp|rmb|cny)\b"

_BEFORE = {
    "min": r"at least|no less than|not less than|no fewer than|minimum(?: of)?|至少|最少|不少于|不低于|起码|满",
    "max": r"at (?:the )?most|up to|no more than|not more than|not exceeding|maximum(?: of)?|within|最多|至多|最高|最长|不超过|不多于|不高于",
    "over": r"more than|over|above|longer than|exceeding|超过|多于|高于|大于",
    "under": r"less than|fewer than|under|below|少于|低于|不到|小于|不足",
    "by": r"before|by|until|till|no later than|截至|截止到?",
    "from": r"after|from|since|starting(?: from)?|自从?",
    "about": r"about|around|approximately|approx\.?|roughly|nearly|almost|大约|大概|约|将近|接近",
    "per": r"per|every|each|每",
    "exactly": r"exactly|only|just|仅需?|只需?",
}
_AFTER = {
    "min": r"or (?:more|longer|above|over|higher)|and (?:above|over|more)|at least|minimum|及以上|以上|起",
    "max": r"or (?:less|fewer|under|below)|at most|maximum|max|及以下|以下|以内|之内|内",
    "by": r"之前|以前|前",
    "from": r"之后|以后|后",
    "about": r"左右|上下",
}
_CLASSES = {
    **{f"b_{name}": p for name, p in _BEFORE.items()},
    **{f"a_{name}": p for name, p in _AFTER.items()},
}
_LIMIT_BEFORE = "|".join(rf"(?P<b_{name}>(?:{p}))" for name, p in _BEFORE.items())
_LIMIT_AFTER = "|".join(rf"(?P<a_{name}>(?:{p}))" for name, p in _AFTER.items())

_MONTHS = re.findall(
    r"\w+", "january february march april may june july august september october november december"
)
_MONTH = "|".join(sorted({*_MONTHS, *(month[:3] for month in _MONTHS), "sept"}, key=len, reverse=True))
_DATE = (
    r"(?P<iso>\d{4}-\d{1,2}-\d{1,2}|\d{4}/\d{1,2}/\d{1,2})(?!\d)"
    r"|(?P<zh_date>(?:(?:\d{4}|[零〇一二三四五六七八九]{4})年)?(?:\d{1,2}|[一二三四五六七八九十]{1,3})月(?:\d{1,2}|[一二三四五六七八九十]{1,3})[日号])"
    rf"|(?P<dmy>\d{{1,2}}(?:st|nd|rd|th)?(?: of)? (?:{_MONTH})\b\.?(?:,? \d{{4}})?)"
    rf"|(?P<mdy>\b(?:{_MONTH})\.? \d{{1,2}}(?:st|nd|rd|th)?\b(?!:)(?:,? \d{{4}})?)"
)
_DAYTIME = "凌晨|早上|上午|中午|下午|傍晚|晚上|晚|午夜|半夜|深夜|夜里"
_CLOCK = (
    r"(?P<clock>\d{1,2}(?:[:.]\d{2})? ?(?:[ap]\.?m\b\.?)|\d{1,2}:\d{2}(?!\d)"
    rf"|(?:{_DAYTIME})?(?:\d{{1,2}}|[一二两三四五六七八九十]{{1,3}})(?:点钟?|时)(?:半|\d{{1,2}}分|[一二三四五六七八九十]{{1,3}}分)?)"
)
LINK = r"(?P<link>(?:https?://|ftp://|www\.)[^\s<>\"'，。；！？、（）()\[\]]+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+|(?<![\w.])(?:[a-z0-9-]+\.)+(?:com|net|org|io|cn|de|co|uk|info|biz|shop|example|app|dev|xyz|top|ru)\b(?:/[^\s<>\"'，。；！？、（）()\[\]]*)?)"
_PHONE = r"(?P<phone>(?!\d{4}[-/]\d{1,2}[-/]\d{1,2}(?!\d))\+?\d[\d ()-]{5,}\d|\b\d{7,}\b)"
_CODE = (
    r"(?P<code>(?<![a-z0-9_-])(?=[a-z0-9-]*\d)(?=[a-z0-9-]*[a-z])[a-z0-9]+(?:[-_/][a-z0-9]+)*(?![a-z0-9_]))"
)
_AMOUNT = (
    rf"(?P<between>\bbetween )?(?:(?P<sign>{_SIGN})\s?|(?P<percent>百分之)|(?P<nth>第))?(?P<low>{NUMBER})"
    rf"(?:\s?(?(between)(?:\band\b|\bto\b)|(?:[-–—~～]|\bto\b|至|到))\s?(?:{_SIGN})?(?P<high>{NUMBER}))?"
    rf"(?:[\s-]?(?:{_UNIT}){_ENDS})?"
)
_SCAN = re.compile(
    rf"{LINK}|{_PHONE}|(?:(?<![a-z])(?:{_LIMIT_BEFORE})\s?(?:a |an |the |of |为 ?)?)?"
    rf"(?:{_DATE}|{_CLOCK}|{_AMOUNT})(?:的?\s?(?:{_LIMIT_AFTER}){_ENDS})?|{_CODE}"
)
# 二三年 may be a year, 七八折 a rate; 百分之三五 and 第三五 are read out, too. Nobody says 两 when reading out.
_NOT_COUNTED = frozenset({"year", "zh_off", "%", "ordinal"})
_DECIMAL = re.compile(r"\d+\.\d+")
_HAN_NUMBER = re.compile("[零〇一二两三四五六七八九十百千半]")


def find_quantities(folded: str) -> Iterator[Span]:
    """Numbers, times, dates, links and codes of a folded clause, in order."""
    place = 0
    while (found := _SCAN.search(folded, place)) is not None:
        span = _span(found)
        if span is None:
            place = found.start() + 1
            continue
        yield span
        place = span.end


def _span(found: re.Match[str]) -> Span | None:
    for name in ("link", "phone", "code"):
        if found[name]:
            kind = Kind.LINK if name == "link" else Kind.CODE
            text = found[name].rstrip(".,;:!?") if name == "link" else re.sub(r"[ ()]", "", found[name])
            end = found.start() + len(found[name].rstrip(".,;:!?") if name == "link" else found[name])
            return Span(found.start(), end, (Token(text, kind),))
    value = _time(found) or _amount(found)
    if value is None:
        return None
    limit = next((name[2:] for name in _CLASSES if found[name]), None)
    tokens: tuple[Token, ...] = (Token(value, Kind.NUMBER),)
    if limit is not None:
        tokens = (Token(f"limit:{limit}", Kind.LIMIT), *tokens)
    return Span(found.start(), found.end(), tokens)


def _time(found: re.Match[str]) -> str | None:
    if found["clock"]:
        return f"clock:{_minutes(found['clock'])}"
    date = found["iso"] or found["zh_date"] or found["dmy"] or found["mdy"]
    return f"date:{_day(date)}" if date else None


def _amount(found: re.Match[str]) -> str | None:
    unit = _unit(found)
    if _HAN_NUMBER.match(found["low"]) and unit == "" and not (found["percent"] or found["nth"]):
        return None  # 一般, 统一: no number
    place = found.start()
    if (
        place
        and found.string[place].isalnum()
        and found.string[place - 1].isascii()
        and found.string[place - 1].isalpha()
    ):
        return None  # within a word
    text = _number(found["low"], unit)
    if not found["high"] and (unit not in _NOT_COUNTED or found["low"].startswith("两")):
        text = rough_range(found["low"]) or text
    if found["high"]:
        text += f"-{_number(found['high'], unit)}"
    return f"{text} {unit}".strip()


def _number(written: str, unit: str) -> str:
    """A decimal of nothing may be that of a version: 2.10 is not 2.1, while 2.10 元 is 2.1 元."""
    return value_of(written) if unit or not _DECIMAL.fullmatch(written) else written


def _unit(found: re.Match[str]) -> str:
    if found["percent"]:
        return "%"
    if found["nth"]:
        return "ordinal"
    named = next((name for number, name in enumerate(_UNIT_NAMES) if found[f"u{number}"]), "")
    if found["sign"]:
        return _CURRENCY.get(found["sign"].strip(), _named_currency(found["sign"]))
    return named


def _named_currency(sign: str) -> str:
    return {"rmb": "cny"}.get(sign, sign)


def _minutes(clock: str) -> str:
    """Hour and minute. 晚上12点 is 24:00, which ends a day and does not begin it, as 0:00 and 12 am do; 晚上1点 is 01:00."""
    half = clock.endswith("半")
    numbers = [int(value_of(each)) for each in re.findall(r"\d+|[一二两三四五六七八九十]+", clock)]
    hour, minute = numbers[0], 30 if half else numbers[1] if len(numbers) > 1 else 0
    if re.search("晚|夜", clock):
        hour += 12 if 5 <= hour <= 12 else 0
    elif re.search(r"p\.?m|下午", clock) or ("中午" in clock and hour < 3):
        hour += 12 if hour < 12 else 0
    elif re.search(r"a\.?m|凌晨", clock):
        hour %= 12
    return f"{hour:02d}:{minute:02d}"


def _day(written: str) -> str:
    """Year-month-day; a dash for a year that is not named."""
    named = re.search(rf"({_MONTH})", written)
    numbers = [int(value_of(each)) for each in re.findall(r"\d+|[零〇一二三四五六七八九十]+", written)]
    if named:
        month = next(number for number, name in enumerate(_MONTHS, start=1) if name.startswith(named[1][:3]))
        day, year = numbers[0], numbers[1] if len(numbers) > 1 else None
    else:
        year = numbers[0] if len(numbers) > 2 else None
        month, day = numbers[-2], numbers[-1]
    return f"{year or '-'}-{month}-{day}"
