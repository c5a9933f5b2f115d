"""Whether two sentences that are nearly the same say the same: their numbers and their negations have to match."""

from __future__ import annotations

import re

import numpy as np

from retrieval.normalize import to_simplified
from retrieval.sources import Levels

_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
_ENGLISH_NUMBERS = {
    "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8",
    "nine": "9", "ten": "10", "eleven": "11", "twelve": "12", "fourteen": "14", "fifteen": "15",
    "twenty": "20", "thirty": "30", "sixty": "60", "ninety": "90",
}  # fmt: skip
_CHINESE_NUMBER = re.compile(r"[零一二两三四五六七八九十百千万]+(?=[个天日年月周小分元块次件人岁折倍%位名])")
_NEGATION = re.compile(
    r"\b(?:not|no|never|without|cannot|none|neither|nor|unable|except)\b|n['’]t\b|[不没無无未非勿莫]|沒|禁止|除外",
    re.IGNORECASE,
)


def agree(first: str, second: str) -> bool:
    """False where one has a number or a negation that the other has not."""
    return numbers_in(first) == numbers_in(second) and negations_in(first) % 2 == negations_in(second) % 2


def numbers_in(text: str) -> frozenset[str]:
    """Numbers in figures and, as far as they are usual in rules, in words."""
    digits = {match.replace(",", "") for match in _NUMBER.findall(text)}
    words = {
        _ENGLISH_NUMBERS[word] for word in re.findall(r"[a-z]+", text.lower()) if word in _ENGLISH_NUMBERS
    }
    return frozenset(digits | words | set(_CHINESE_NUMBER.findall(to_simplified(text))))


def negations_in(text: str) -> int:
    return len(_NEGATION.findall(text))


def likeness(first: Levels, second: Levels) -> float:
    """Cosine of two int8 directions (d,)."""
    a, b = first.astype(np.float32), second.astype(np.float32)
    return float(a @ b / max(float(np.sqrt((a @ a) * (b @ b))), 1e-9))
