"""What the wording of an utterance says about leaning on what was said before: cheap, no model.

"And for business customers?", "那要多久？" open like a continuation, point back or name nothing of their own. None of it proves
anything: it decides whether a search in context is worth its time, and is evidence for the gate (:mod:`retrieval.context`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from retrieval.lexical import tokenize_lexical
from retrieval.normalize import fold, normalize, to_simplified

LONGEST = 160
"""Characters. Whoever writes more says what it is about."""
MOST_TERMS = 16
FEW_NAMED = 3
"""So many terms that name something, or fewer, may be an ellipsis."""

_OPENS = re.compile(
    r"(?:and|or|but|also|then|so|even|only|because|plus|what about|how about|what if|what then|in that case|if so|if not|"
    r"same|is that|is it|does it|does that|do they|are they|can they|will it|would it|for|with|on|by|before|after|until)\b"
    r"|(?:那|还有|或者|要是|如果|假如|可是|但是?|不过|也|又|然后|所以|因为|另外|之后|以后|同样|已经)"
)
_ENDS = re.compile(r"(?:呢|的话|too|as well|then|either|instead|anyway)[?？!.。~\s]*$")
_REFERS = re.compile(
    r"\b(?:it|its|that|this|these|those|them|they|there|one|ones|same|both|either|another|else|then|afterwards|back)\b"
    r"|它|这个|那个|这些|那些|这样|那样|这|那|同样|一样|其他|别的|另一个|两个"
)
_FUNCTION = frozenset(
    re.findall(
        r"\S+",
        "a about after again all also am an and any anything are as at be been before but by can could did do doe does "
        "doing don for from get give go got had ha has have he her him how i if in instead into is it its just let like long "
        "many may me mean more much must my need no not now of ok on one only or other our out please put same she should so "
        "some something still take than that the their them then there these they thi this those to too until up use very wa "
        "was want we well were what when where which who whom whose why will with would you your ll re ve "
        "的 了 吗 么 呢 吧 啊 呀 我 你 您 他 她 它 我们 你们 他们 是 在 有 没有 没 不 也 还 还有 就 都 和 跟 或者 可以 能 会 要 想 "
        "那 那么 这 这个 那个 这样 什么 怎么 怎样 怎么样 哪 哪里 哪个 哪些 谁 几 多少 多久 多长 多长时间 时候 什么时候 要是 如果 但是 可是 "
        "不过 然后 之后 以后 已经 现在 一下 一个 请 问 请问 用 给 到 去 来 把 被 让 说 做 弄 办 好 行 对 吗 又 再 最 很 得 地 着 过 的话 "
        "因为 所以 不是 是不是 能不能 可不可以 要不要 有没有 该 应该 需要",
    )
)
_CORRECTION = re.compile(
    r"^(?:(?:no+|nope|nah|sorry|wait|not (?:that|this)|that'?s not (?:it|right|what i (?:asked|meant|mean|want(?:ed)?)))\s*[,.;:!-]*\s*)*"
    r"(?:(?:but\s+)?(?:what )?i (?:meant|mean|was asking|am asking|was talking|am talking|did ?n[o']?t mean(?: that)?|asked|want(?:ed)? to know)"
    r"(?: (?:about|for|if|whether|is))?\s*[,.;:-]*\s*|$)",
    re.IGNORECASE,
)
_STARTS_CORRECTING = re.compile(
    r"^(?:no+\b|nope\b|nah\b|not (?:that|this)\b|that'?s not (?:it|right|what i)|(?:sorry,?\s*|wait,?\s*)?i (?:meant|didn'?t mean)\b)",
    re.IGNORECASE,
)
_CORRECTION_ZH = re.compile(
    r"^(?:(?:不是|不对|错了|不是这个|不是问这个|不是说这个|你理解错了|答非所问)[，,。.！!；;、\s]*)*"
    r"(?:(?:我(?:的意思)?是(?:说|想问|问)|我(?:想|要)?(?:说|问)的(?:其实)?是|我的意思是)[，,：:\s]*|$)"
)
_STARTS_CORRECTING_ZH = re.compile(
    r"^(?:不是(?:[，,。！!\s]|这个|问|说|$)|不对|错了|你理解错|答非所问|我(?:的意思)?是(?:说|想问)|我的意思是|我(?:说|问)的(?:其实)?是)"
)
_BARE_NO = frozenset({"no", "nope", "nah", "不是", "不对", "sorry", "wait"})
"""May answer any question of the bot's as well as refuse its answer."""


@dataclass(frozen=True, slots=True)
class Cues:
    """`opens`, `ends`: like a continuation; `refers`: points at something; `named`: terms that name something."""

    opens: bool
    ends: bool
    refers: bool
    named: int
    terms: int


def cues_of(utterance: str) -> Cues:
    text = to_simplified(normalize(utterance).casefold())
    terms = tokenize_lexical(utterance)
    return Cues(
        opens=bool(_OPENS.match(text)),
        ends=bool(_ENDS.search(text)),
        refers=bool(_REFERS.search(text)),
        named=sum(term not in _FUNCTION and not _is_part(term, terms) for term in terms),
        terms=len(terms),
    )


def _is_part(term: str, terms: list[str]) -> bool:
    """Chinese words are given whole and in parts."""
    return not term.isascii() and any(term in other and term != other for other in terms)


def may_follow_up(utterance: str) -> bool:
    """Whether a search in context is worth its time."""
    if len(utterance) > LONGEST:
        return False
    cues = cues_of(utterance)
    return cues.terms <= MOST_TERMS and (cues.opens or cues.ends or cues.refers or cues.named <= FEW_NAMED)


def correction(utterance: str) -> str | None:
    """What is asked instead, "" where only the answer is refused; None where nothing is corrected.

    "no, I meant express" → "express"; "不是，我是说加急" → "加急"; "that's not what I meant" → "".
    """
    text = normalize(utterance)
    if len(text) > LONGEST or fold(text) in _BARE_NO:
        return None
    for begins, whole in ((_STARTS_CORRECTING, _CORRECTION), (_STARTS_CORRECTING_ZH, _CORRECTION_ZH)):
        if begins.match(text) and (found := whole.match(text)) and (found.end() or not text):
            return text[found.end() :].strip(" ,.;:!?，。；：！？")
    return None
