"""How long a text is, in English and in Chinese alike."""

import re

CHARACTERS_A_WORD = 1.6
"""Chinese characters that say what an English word does (the length of parallel texts)."""
LONGEST_WORD = 20
"""Characters on average; text of longer ones (codes, addresses, another script) counts by its characters."""

_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u3040-\u30ff]")
_WORD = re.compile(r"[^\W_]+(?:['’.-][^\W_]+)*")


def length_in_words(text: str) -> float:
    """Words, and Chinese characters at their share of a word."""
    characters = len(_HAN.findall(text))
    words = len(_WORD.findall(_HAN.sub(" ", text) if characters else text))
    return max(words + characters / CHARACTERS_A_WORD, len(text) / LONGEST_WORD)
