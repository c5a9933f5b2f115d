"""Greetings, thanks, goodbyes, acknowledgements and openers ("I have a question"): messages that ask nothing, so nothing is
searched for them.

A message may have several ("great, thank you, bye"); whatever else is in it makes it a question ("ok and how long does it take",
"I have a question about my refund"). A bare "yes" or "no" is not among them: it may answer something.
"""

import re
from collections.abc import Sequence
from enum import StrEnum

from retrieval.normalize import fold


class SmallTalk(StrEnum):
    """The weakest first: of several, the strongest is replied to."""

    ACKNOWLEDGEMENT = "acknowledgement"
    GREETING = "greeting"
    THANKS = "thanks"
    GOODBYE = "goodbye"
    OPENER = "opener"


LONGEST = 80
"""Characters. Longer messages are not even looked at."""
_PHRASES = {
    SmallTalk.ACKNOWLEDGEMENT: (
        "ok, okay, okey, k, kk, okie, okay then, ok then, alright, alright then, all right, got it, gotcha, i got it, i see, "
        "i understand, understood, noted, makes sense, that makes sense, good to know, sounds good, sounds great, great, perfect, "
        "cool, nice, fine, thats fine, thats great, thats good, thats all good, all good, awesome, excellent, wonderful, amazing, "
        "brilliant, very good, good, sure, sure thing, will do, never mind, nevermind, nvm, no problem, no worries, no thanks, no thank you, "
        "no thank u, im good, "
        "好, 好的, 好的好的, 好吧, 好嘞, 好滴, 好哒, 好呀, 好啊, 行, 行吧, 可以了, 嗯, 嗯嗯, 嗯呢, 哦, 哦哦, 噢, 明白, 明白了, 知道了, 我知道了, "
        "我明白了, 了解, 了解了, 懂了, 我懂了, 收到, 清楚了, 原来如此, 没问题, 没关系, 不用了, 算了"
    ),
    SmallTalk.GREETING: (
        "hi, hello, hey, hi there, hello there, hey there, hiya, good morning, good afternoon, good evening, "
        "good day, greetings, howdy, hi bot, hello bot, yo, anyone there, anybody there, is anyone there, how are you, "
        "你好, 您好, 你好啊, 你好呀, 您好啊, 哈喽, 哈啰, 嗨, 嘿, 早, 早安, 午安, 早上好, 上午好, 中午好, 下午好, 晚上好, 在吗, 在么, "
        "在不在, 有人吗, 有人在吗, 亲, 亲在吗, 客服在吗, 客服你好, 人在吗, 你好在吗, 您好在吗"
    ),
    SmallTalk.THANKS: (
        "thanks, thank you, thank u, thankyou, thanku, thx, tnx, ty, tysm, thank you very much, thank you so much, thanks a lot, "
        "thanks so much, thanks very much, thanks a million, thanks again, thank you again, many thanks, cheers, "
        "thanks for your help, thank you for your help, thanks for the help, thank you for the help, much appreciated, "
        "i appreciate it, that helped, that helps, great help, big help, "
        "谢谢, 谢谢你, 谢谢您, 多谢, 谢啦, 谢了, 感谢, 感谢你, 感谢您, 非常感谢, 非常谢谢, 谢谢啦, 谢谢了, 太谢谢了, 十分感谢, 谢谢帮忙, "
        "谢谢帮助, 谢谢你的帮助, 谢谢您的帮助, 谢谢你的帮忙, 谢谢你帮忙, 感谢你的帮助, 感谢您的帮助, 麻烦你了, 麻烦您了, 辛苦了, 3q, 唔该"
    ),
    SmallTalk.GOODBYE: (
        "bye, goodbye, good bye, bye bye, see you, see ya, cya, have a nice day, have a good day, have a great day, good night, "
        "thats all, that is all, thats it, thatll be all, no thats all, no thats it, nothing else, "
        "再见, 拜拜, 拜, 88, 回见, 没事了, 没有了, 没别的了, 先这样, 就这样, 晚安"
    ),
}
_HOW_MANY = (
    r"(?:(?:an?|one|some|a few|a couple of|quick|another|(?:one )?more|(?:just |only )?(?:a|one)"
    r"(?: (?:quick|short|small|little|simple))?) )?"
)
_PLEASE = "(?: please| pls)?"
_OPENER = re.compile(
    r"(?:(?:yes|yeah|and|but|also|actually) )?"
    rf"(?:i (?:just |still |also )?(?:have|had|got)|ive(?: got)?|im having|have|got|there is|theres) {_HOW_MANY}"
    r"(?:questions?(?: for (?:you|u))?|query|problem|issue)"
    rf"|{_HOW_MANY}question(?: for (?:you|u))?{_PLEASE}"
    r"|(?:(?:can|could|may) i (?:just )?|let me |(?:i (?:just )?)?(?:want to|wanted to|need to|wanna|would like to) |id (?:just )?like to )"
    rf"ask(?: (?:you|u))? (?:{_HOW_MANY}questions?|something|one thing){_PLEASE}"
    r"|(?:(?:can|could|would|will) (?:you|u) )?(?:please |pls |kindly )?"
    rf"(?:help(?: me)?(?: out| with something)?|assist(?: me)?|answer (?:a|my) question){_PLEASE}"
    rf"|(?:i (?:really |just )?)?need (?:some |your |a bit of |a little )?(?:help|assistance)(?: with something)?{_PLEASE}"
    r"|我?(?:这边|这里)?(?:还?有|碰到|遇到)(?:[个点些]|[一几两][个点些])?小?(?:问题|疑问|事[情儿]?)"
    r"|我?(?:想要?|要|来|可以|可不可以|能|能不能|能否|麻烦)?(?:[跟向和][你您])?(?:请问|问|咨询|请教)[你您]?"
    r"(?:一?下|(?:[一几]?个|一?[些点]|件)小?(?:问题|事[情儿]?))?[你您]?吗?"
    r"|(?:想?请|麻烦|需要)?[你您]?(?:可以|可不可以|能|能不能|能否)?(?:帮帮?我(?:一下)?|帮一?下我|帮[个帮一]?下?忙)吗?"
    r"|我?想?(?:需要(?:帮助|帮忙)|了解一下|求助)"
    r"|打扰[你您]?(?:了|一?下)"
)
"""Announces a question and does not ask it yet; of a folded text."""

_FILLERS = (
    "sorry, excuse me, 不好意思, 抱歉, u, man, mate, bro, sir, madam, maam, dear, guys, all, then, so, now, well, oh, ah, very much, so much, a lot, again, for now, "
    "亲, 亲爱的, 你, 您, 你们, 啊, 呀, 哈, 啦, 了, 那, 那就, 真的, 客服"
)
_HAN_OR_WORD = re.compile("[\u3400-\u9fff]|[^\\s\u3400-\u9fff]+")
_STRENGTH = tuple(SmallTalk)


_MEANING: dict[str, SmallTalk | None] = {
    **{fold(filler): None for filler in _FILLERS.split(",")},
    **{fold(phrase): kind for kind, phrases in _PHRASES.items() for phrase in phrases.split(",")},
}
_MOST_WORDS = 14
"""Of a phrase. Chinese is written without blanks: each of its characters counts as a word."""


def small_talk(utterance: str) -> SmallTalk | None:
    """The strongest kind of small talk in the utterance; None as soon as there is anything else in it."""
    if len(utterance) > LONGEST:
        return None
    kinds = [kind for kind in _fewest_phrases(fold(utterance)) if kind is not None]
    return max(kinds, key=_STRENGTH.index, default=None)


def _fewest_phrases(folded: str) -> Sequence[SmallTalk | None]:
    """The kinds of the phrases that the text consists of, a filler being None; nothing where it holds anything else.

    With the fewest phrases "no thats all" is one and not a bare "no" before another.
    """
    words = [match.span() for match in _HAN_OR_WORD.finditer(folded)]
    until: list[Sequence[SmallTalk | None] | None] = [()]
    for end in range(1, len(words) + 1):
        ways: list[Sequence[SmallTalk | None]] = []
        for start in range(max(end - _MOST_WORDS, 0), end):
            before, phrase = until[start], folded[words[start][0] : words[end - 1][1]]
            if before is not None and phrase in _MEANING:
                ways.append((*before, _MEANING[phrase]))
            elif before is not None and _OPENER.fullmatch(phrase):
                ways.append((*before, SmallTalk.OPENER))
        until.append(min(ways, key=len, default=None))
    return until[-1] or ()
