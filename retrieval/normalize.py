"""Two forms of a text: the one that is stored, shown and encoded, and the one in which equal means "same question".

`normalize` keeps what a reader sees: NFKC (full-width and half-width forms become one), one blank between words, nothing
invisible. `fold` goes further and forgets case, traditional or simplified writing, punctuation and emoji.
Both accept any `str` and never raise: control characters (NUL too), format characters and lone surrogates, which neither
UTF-8 nor a database takes, are removed; line ends and tabs count as white space.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import TYPE_CHECKING

from retrieval.radicals import as_characters

if TYPE_CHECKING:
    from opencc import OpenCC

# Category Cf without the visible Arabic and Kaithi number signs, Cc without white space, Cs, and the letters
# and marks that Unicode calls default-ignorable (Hangul fillers, grapheme joiner, Mongolian selectors).
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u034f\u061c\u070f\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\ud800-\udfff"
    "\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e00ff]"
)
_SIGN_RUN = re.compile(r"[^\w\s]{31,}")
_MARKS_IN_A_ROW = 30

_HAN = "\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
# 著 is written 着 in simplified Chinese but for "work" and "known" (著作, 显著).
_VERBAL_ZHU = re.compile("(?<![显原名土编专论卓译遗巨拙昭])著(?![名作称述书者])")
_ANY_HAN = re.compile(f"[{_HAN}]")
_BLANK_BESIDE_HAN = re.compile(f" (?=[{_HAN}])|(?<=[{_HAN}]) ")
# Variation selectors and enclosing keycaps belong to emoji; apostrophes vanish so that "don’t" is "dont".
_UNSEEN_IN_FOLD = re.compile("['\u2018\u2019\u02bc`\u20e3\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_PUNCTUATION = re.compile(r"[!\"&(-*,-/:-@\[-`{-~\u2010-\u2027\u3001-\u3003\u3008-\u3020]+|[+#]{3,}")
_SIGN = re.compile(r"[^\w\s]")
_SIGNS_KEPT = frozenset({"Mn", "Mc", "Sc"})  # accents, vowel signs, currencies


def normalize(text: str) -> str:
    """The text as it is stored, shown and encoded: NFKC, radicals as characters, nothing invisible, single blanks, stripped.

    Case and script are kept. Of more than 30 combining marks in a row the rest is dropped (UAX #15, "stream-safe
    text"): no language needs them, and putting them in order takes quadratic time.
    """
    visible = _INVISIBLE.sub("", text)
    if not visible.isascii():
        visible = as_characters(_SIGN_RUN.sub(_limit_marks, visible))
        visible = unicodedata.normalize("NFKC", visible)
        visible = _INVISIBLE.sub("", visible)
    return " ".join(visible.split())


def fold(text: str) -> str:
    """The text as it is compared: two texts with equal folds ask the same.

    Lower case, simplified Chinese, no punctuation, no emoji, no blanks beside Chinese. Currency signs, "%" and a "+" or
    "#" at the end of a word stay, since "c#" is not "c". A text of nothing but punctuation folds to "".
    """
    folded = normalize(normalize(text).casefold())
    folded = _PUNCTUATION.sub(" ", _UNSEEN_IN_FOLD.sub("", folded))
    folded = _SIGN.sub(_blank_unless_meant, folded)
    folded = _BLANK_BESIDE_HAN.sub("", " ".join(folded.split()))
    return folded if folded.isascii() else to_simplified(unicodedata.normalize("NFKC", folded))


def to_simplified(text: str) -> str:
    """Chinese in simplified characters, the rest unchanged; `text` must be normalised (no lone surrogates)."""
    if not _ANY_HAN.search(text):
        return text
    # The tables lead from 薴 over 苧 to 苎 and leave 看著 and 甚麼 as Taiwan writes them.
    simplified = _converter("t2s").convert(text.replace("薴", "苧")).replace("甚么", "什么")
    return _VERBAL_ZHU.sub("着", simplified) if "著" in simplified else simplified


def to_traditional(text: str) -> str:
    """Chinese in traditional characters, the rest unchanged; `text` must be normalised (no lone surrogates)."""
    return _converter("s2t").convert(text) if _ANY_HAN.search(text) else text


@cache
def _converter(name: str) -> OpenCC:
    # Loaded at first use: 25 ms that a process without Chinese never spends; a call takes 3 µs on a short message.
    from opencc import OpenCC

    return OpenCC(name)


def _limit_marks(run: re.Match[str]) -> str:
    kept: list[str] = []
    marks = 0
    for character in run[0]:
        marks = marks + 1 if unicodedata.combining(character) else 0
        if marks <= _MARKS_IN_A_ROW:
            kept.append(character)
    return "".join(kept)


def _blank_unless_meant(sign: re.Match[str]) -> str:
    character = sign[0]
    if character in "+#":
        before, after = (
            sign.string[max(sign.start() - 2, 0) : sign.start()],
            sign.string[sign.end() : sign.end() + 1],
        )
        ends_a_word = _is_ascii_word(before[-1:]) or (before[-1:] in "+#" and _is_ascii_word(before[:1]))
        return character if ends_a_word and not _is_ascii_word(after) else " "
    return character if character == "%" or unicodedata.category(character) in _SIGNS_KEPT else " "


def _is_ascii_word(character: str) -> bool:
    return character.isascii() and character.isalnum()
