"""When two utterances are the same question for a person who decides about one of them."""

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
def same_question_key(text: str) -> str:
    """Equal for texts with the same words, in whatever order, whatever their numbers and courtesies.

    Negations are words like others. A text of courtesies alone, or without any word, has its folded form for a key.
    """
    terms = {_DIGITS.sub("0", term) for term in tokenize_lexical(text)} - _POLITE
    return " ".join(sorted(terms)) or fold(text)
