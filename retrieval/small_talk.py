"""Greetings, thanks and goodbyes: messages that ask nothing, so nothing is searched for them."""

from enum import StrEnum

from retrieval.normalize import fold


class SmallTalk(StrEnum):
    GREETING = "greeting"
    THANKS = "thanks"
    GOODBYE = "goodbye"


_PHRASES = {
    SmallTalk.GREETING: (
        "hi, hello, hey, hi there, hello there, hey there, hiya, good morning, good afternoon, good evening, "
        "good day, greetings, howdy, hi bot, hello bot, yo, anyone there, anybody there, is anyone there, "
        "你好, 您好, 你好啊, 你好呀, 您好啊, 哈喽, 哈啰, 嗨, 嘿, 早, 早上好, 上午好, 中午好, 下午好, 晚上好, 在吗, 在么, "
        "在不在, 有人吗, 有人在吗, 亲, 亲在吗, 客服在吗, 客服你好, 人在吗, 你好在吗, 您好在吗"
    ),
    SmallTalk.THANKS: (
        "thanks, thank you, thx, ty, tysm, thank you very much, thank you so much, thanks a lot, many thanks, "
        "thanks so much, cheers, great thanks, ok thanks, okay thanks, ok thank you, perfect thanks, got it thanks, "
        "thanks for your help, thank you for your help, that helped, that helps, "
        "谢谢, 谢谢你, 谢谢您, 多谢, 谢啦, 谢了, 感谢, 非常感谢, 好的谢谢, 好谢谢, 知道了谢谢, 明白了谢谢, 谢谢啦, 十分感谢, "
        "谢谢帮忙, 麻烦你了, 麻烦您了, 辛苦了"
    ),
    SmallTalk.GOODBYE: (
        "bye, goodbye, good bye, bye bye, see you, see ya, cya, have a nice day, have a good day, good night, "
        "thats all, that is all, no thats all, nothing else, no thanks bye, thanks bye, "
        "再见, 拜拜, 拜, 88, 回见, 没事了, 没有了, 没别的了, 先这样, 就这样, 晚安"
    ),
}
_MEANING = {
    fold(phrase): kind
    for kind, phrases in _PHRASES.items()
    for phrase in phrases.split(",")
    if phrase.strip()
}
_LONGEST = max(map(len, _MEANING))


def small_talk(utterance: str) -> SmallTalk | None:
    """The kind of small talk the whole utterance is; None as soon as there is anything else in it."""
    if len(utterance) > 2 * _LONGEST:
        return None
    return _MEANING.get(fold(utterance))
