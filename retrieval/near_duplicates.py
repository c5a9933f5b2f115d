"""When two texts are the same question: for splits by their words, and for a person who decides about one of them."""

from __future__ import annotations

import re
from functools import lru_cache

from retrieval.lexical import tokenize_lexical
from retrieval.normalize import fold

_DIGITS = re.compile(r"\d+")
_POLITE = frozenset(
    [
        "please",
        "pls",
        "hi",
        "hello",
        "hey",
        "thank",
        "thanks",
        "you",
        "the",
        "a",
        "an",
        "请问",
        "请",
        "你好",
        "您好",
        "谢谢",
        "吗",
        "呢",
        "啊",
        "呀",
        "吧",
        "哦",
        "嘛",
        "了",
        "的",
    ]
)


@lru_cache(maxsize=1 << 16)
def near_duplicate_key(text: str) -> str:
    """Equal for texts with the same words, in whatever order, whatever their numbers. A text without a word has its folded form."""
    return " ".join(sorted(_words(text))) or fold(text)


@lru_cache(maxsize=1 << 16)
def same_question_key(text: str) -> str:
    """As `near_duplicate_key`, whatever the courtesies. Negations are words like others; courtesies alone have their folded form."""
    return " ".join(sorted(_words(text) - _POLITE)) or fold(text)


def _words(text: str) -> set[str]:
    return {_DIGITS.sub("0", term) for term in tokenize_lexical(text)}
