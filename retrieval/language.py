"""Which of the site's languages a message is written in, by counting scripts.

General detectors fail on messages of a few words ("refund" is Swahili to them); the site's own languages are few and written
in different scripts. In a text of both, function words decide where only one language has any: "iPhone 15 Pro Max 退款" is Chinese
with the name of a product, "my address is 北京市朝阳区建国路88号" English with an address. Otherwise counting does: a Chinese character
against a Latin word, function words counting double, so that "my order 还没 arrived" is Chinese.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from retrieval.normalize import to_simplified, to_traditional

_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af]")
_HAN_FUNCTION = re.compile(
    "[的了吗嗎么麼呢吧怎什请請我你您们們这這那哪是不没沒有在为為和能会會要还還就都给給把被跟]"
)
# Addresses and the placeholders of masking are in no language.
_NO_LANGUAGE = re.compile(
    r"(?:https?://|www\.)[!-~]+|[\w.+-]{1,64}@[!-~]+|\[[a-z_]+\]|\{[a-z_]+\}", re.IGNORECASE
)
_LATIN_WORD = re.compile(
    r"(?<![\w-])[A-Za-z\u00c0-\u024f]+(?:['’-][A-Za-z\u00c0-\u024f]+)*(?![\w-])", re.ASCII
)
_ENGLISH_FUNCTION = frozenset(
    re.findall(
        r"\S+",
        "a about am an and any are at be been but by can can't cannot could did didn't do does doesn't don't for from get "
        "had has hasn't have haven't how i i'm i've if in is isn't it it's me mean means my no not of on or our please should "
        "some that the their them there these they this to was we what what's when where which who why will with won't "
        "would you your",
    )
)
_SURELY_A_SENTENCE = 2
"""English function words; a single one may be of a name ("Made in USA")."""
_CHINESE = "zh"


def detect_language(text: str, *, languages: Sequence[str] = ("en", "zh"), default: str | None = None) -> str:
    """One of `languages`, the site's, in its own spelling.

    Chinese wins over Latin script when it outweighs the words; Latin script means `default` where that is not
    Chinese (say, "de"), else the first such language. A text without a word of either (digits, emoji, order numbers),
    or in a script the site has no language for, is in `default`, or in the first language where there is none.

    Raises:
        ValueError: `languages` is empty or does not hold `default`.
    """
    if not languages or (default is not None and default not in languages):
        raise ValueError(
            f"The default language {default!r} must be one of the site's languages {languages!r}."
        )
    fallback = languages[0] if default is None else default
    if len(languages) == 1:
        return fallback
    chinese, latin = _weights(text)
    if chinese == latin == 0:
        return fallback
    in_script = [code for code in languages if _is_chinese(code) == (chinese >= latin)]
    return fallback if fallback in in_script or not in_script else in_script[0]


def is_traditional(text: str) -> bool:
    """Whether the Chinese in a normalised text is written in traditional characters.

    Characters that simplification changes are counted against those that it has changed; a text that looks the same in
    both is taken for simplified.
    """
    simplified, traditional = to_simplified(text), to_traditional(text)
    return _differences(text, simplified) > _differences(text, traditional)


def _weights(text: str) -> tuple[int, int]:
    """How much of the text is Chinese and how much Latin, in words; nothing of what is but quoted in the other."""
    chinese = 0 if text.isascii() else len(_HAN.findall(text))
    if "@" in text or "[" in text or "{" in text or "://" in text or "www." in text:
        text = _NO_LANGUAGE.sub(" ", text)
    words = _LATIN_WORD.findall(text)
    if not chinese:
        return 0, len(words)
    functions = sum(word.lower().replace("’", "'") in _ENGLISH_FUNCTION for word in words)
    if functions == 0:
        return chinese, 0
    chinese_functions = len(_HAN_FUNCTION.findall(text))
    if functions >= _SURELY_A_SENTENCE and chinese_functions == 0:
        return 0, len(words)
    return chinese + chinese_functions, len(words) + functions


def _is_chinese(code: str) -> bool:
    return code.split("-")[0].lower() == _CHINESE


def _differences(text: str, other: str) -> int:
    # The tables keep the length but for a handful of compatibility forms, which normalising has removed.
    return sum(a != b for a, b in zip(text, other, strict=False))
