"""Words that turn a sentence round (not, must, only if, usually, from … to …), and words that say nothing.

Ways of saying the same are one value; whatever is in none of these lists is a word like any other and must be in the source.
"""

from __future__ import annotations

import re

from retrieval.grounding_tokens import Kind, Token

_NEGATION = {
    "cannot": r"can ?not|can't|cannot|could not|couldn't|may not|(?:is|are|am) (?:not|un)able to|isn't able to|aren't able to|不能够?|不可以|无法|没法",
    "forbidden": r"must not|mustn't|(?:is|are) (?:not allowed|not permitted|forbidden|prohibited)|not (?:allowed|permitted)|forbidden|prohibited|不得|禁止|严禁|不允许|不准|不许|请勿|勿",
    "needless": r"(?:do|does|need)(?: not|n't) (?:need|have)(?: to)?|need ?n't|need not|no need(?: to| for)?|without (?:having|needing) to|not (?:required|necessary|needed)|无需|无须|不必|不用|不需要?",
    "never": r"never|从不|从未|永不|绝不",
    "without": r"without|free of|无",
    "not": r"(?:do|does|did|is|are|was|were|will|would|should|has|have|had)(?: not|n't)|won't|not|no longer|no|none|nothing|nobody|neither|nor|non|没有?|不会|不是|不|未|非|别",
}
_MODALITY = {
    "must": r"must|(?:need|needs|have|has) to|(?:is|are) (?:required|obliged) to|required|mandatory|obligatory|必须|必需|务必|需要?|须|应当?|要求",
    "should": r"should|ought to|recommended?|advised?|建议|最好|推荐",
    "may": r"can|may|could|(?:is|are) (?:able|allowed|permitted) to|be able to|可以|可|能够?|允许",
    "might": r"might|possibly|perhaps|maybe|可能|或许|也许",
}
_CONDITION = {
    "if": r"if|in case(?: of| that)?|provided(?: that)?|as long as|on condition that|whenever|when|where|while|once|如果|如|若|要是|假如|只要|倘若|的话|情况下|当|时",
    "unless": r"unless|除非",
    "except": r"except(?:ing|ion|ions)?(?: for)?|apart from|other than|exclud(?:e|es|ed|ing)|除了?|以外|之外|除外|不含|不包括",
    "only": r"only|solely|exclusively|仅限?|只有|只限?|才",
    "but": r"but|however|although|though|otherwise|但是?|不过|然而|否则|虽然",
    "until": r"until|till|as soon as|unlike|直到|一旦",
}
_HEDGE = {
    "usually": r"usually|normally|generally|typically|mostly|as a rule|in general|通常|一般|正常情况下|多数",
    "sometimes": r"sometimes|occasionally|有时",
    "about": r"about|approximately|around|roughly|大约|大概|约|左右",
    "some": r"some|several|a few|certain|部分|某些|有些",
    "up_to": r"up to|at most|最多|最高",
    "at_least": r"at least|至少",
}
_PERSON = {
    "we": r"we|us|ours|ourselves|我们|我司|本店|本公司",
    "you": r"you|yours|yourself|您|你们?",
    "our": r"our|我们的",
    "your": r"your|您的|你们?的",
}
_DIRECTION = r"from|to|for|before|after|since|by|via|above|below|under|over|against|instead of|between|during|with|per|or|within"
_SAYS_NOTHING = (
    r"a|an|the|is|are|was|were|be|been|being|am|do|does|did|will|shall|would|it|its|it's|they|their|them|this|that|these|those"
    r"|there|here|which|who|that's|of|in|on|at|as|and|also|please|kindly|then|simply|please note(?: that)?|note that|in addition|additionally"
    r"|furthermore|moreover|as well(?: as)?|so that|has|have|had"
    r"|请注意|请|另外|此外|同时|还有|并且|以及|而且|并|且|和|与|及|而|则|的|了|着|地|在|于|为|将会?|会|就|也|还|把|被|是|这些|那些|这|那|该|此|其|它们?"
    r"|啊|呢|吧|哦|呀|您好|亲"
)


def _phrases() -> list[tuple[str, Token | None]]:
    tables = (
        (_NEGATION, Kind.NEGATION),
        (_MODALITY, Kind.MODALITY),
        (_CONDITION, Kind.CONDITION),
        (_HEDGE, Kind.HEDGE),
        (_PERSON, Kind.PERSON),
    )
    listed: list[tuple[str, Token | None]] = [
        (pattern, Token(f"{kind.value}:{name}", kind))
        for table, kind in tables
        for name, pattern in table.items()
    ]
    listed += [(each, Token(each, Kind.DIRECTION)) for each in _DIRECTION.split("|")]
    return [*listed, (_SAYS_NOTHING, None)]


def _alternatives() -> list[tuple[str, Token | None]]:
    """Single phrases: those with parts in the order of the tables ("do not need to" before "do not"), then the longest first."""
    single = [(each, token) for pattern, token in _phrases() for each in _split_alternatives(pattern)]
    with_parts = [item for item in single if "(" in item[0]]
    plain = [item for item in single if "(" not in item[0]]
    return with_parts + sorted(plain, key=lambda item: len(item[0]), reverse=True)


def _split_alternatives(pattern: str) -> list[str]:
    """The alternatives of a pattern at its top level."""
    parts, depth, start = [], 0, 0
    for place, character in enumerate(pattern):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == "|" and depth == 0:
            parts.append(pattern[start:place])
            start = place + 1
    return [*parts, pattern[start:]]


_ALTERNATIVES = _alternatives()
PHRASES = re.compile(
    "|".join(
        rf"((?<![a-z0-9'\u00c0-\u024f])(?:{each})(?![a-z0-9'\u00c0-\u024f]))"
        if each.isascii()
        else rf"({each})"
        for each, _ in _ALTERNATIVES
    )
)
"""One group an alternative; see `phrase_token`."""


def phrase_token(found: re.Match[str]) -> Token | None:
    """What a match of `PHRASES` stands for; None for words that say nothing."""
    assert found.lastindex is not None
    return _ALTERNATIVES[found.lastindex - 1][1]


_IRREGULAR: dict[str, str] = {
    form: stem
    for stem, forms in {
        "pay": "paid",
        "send": "sent",
        "buy": "bought purchase",
        "give": "gave given",
        "take": "took taken",
        "make": "made",
        "get": "got gotten",
        "keep": "kept",
        "lose": "lost",
        "sell": "sold",
        "find": "found",
        "choose": "chose chosen",
        "hold": "held",
        "leave": "left",
        "break": "broke broken",
        "deliver": "delivery",
    }.items()
    for form in re.findall(r"\w+", forms)
}
_WEEKDAYS: dict[str, str] = {
    day[:3]: day for day in re.findall(r"\w+", "monday tuesday wednesday thursday friday saturday sunday")
}
_ENDINGS = (("ies", "y"), ("ied", "y"), ("sses", "ss"), ("ing", ""), ("ed", ""), ("es", "e"), ("s", ""))
_DOUBLED = re.compile(r"([bdgmnprt])\1$")


def stem(word: str) -> str:
    """A word without the endings of number and tense; "un-" and "-able" stay, since they change what is said."""
    word = word.replace("'s", "").replace("’s", "")
    if word in _WEEKDAYS:
        return _WEEKDAYS[word]
    for ending, instead in _ENDINGS:
        kept = len(word) - len(ending)
        if word.endswith(ending) and kept >= 3 and not word.endswith(("ss", "us")):
            word = word[:kept] + instead
            break
    word = _IRREGULAR.get(word, _IRREGULAR.get(f"{word}e", word))
    word = _DOUBLED.sub(r"\1", word)
    return word[:-1] if word.endswith("e") and len(word) > 3 else word
