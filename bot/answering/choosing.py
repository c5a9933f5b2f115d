"""Which of the offered questions a customer means who answers in words: "yes", "the second one", "2", 第一个.

Buttons are not everywhere: on channels of plain text the questions stand in the reply, and people type.
"""

from retrieval.normalize import fold

_YES = (
    "yes, yes please, yes pls, yes it is, yes thats it, yes that one, yes exactly, yep, yeah, yup, ya, y, correct, exactly, right, thats right, "
    "thats it, that one, this one, it is, sure, "
    "是, 是的, 是啊, 是呀, 是这个, 就是这个, 就这个, 对, 对的, 对啊, 对呀, 对对, 对对对, 没错, 嗯, 嗯嗯, 嗯是的, 好的是的, 正是"
)
_PLACES = (
    "1, one, first, 1st, the first, the first one, first one, the 1st one, number 1, number one, option 1, no 1, "
    "一, 第一, 第一个, 第1个, 第1, 1号, 选1, 选一, 选第一个, 第一条, 第一项, 前面那个, 上面那个",
    "2, two, second, 2nd, the second, the second one, second one, the 2nd one, number 2, number two, option 2, no 2, "
    "二, 第二, 第二个, 第2个, 第2, 2号, 选2, 选二, 选第二个, 第二条, 第二项",
    "3, three, third, 3rd, the third, the third one, third one, the 3rd one, number 3, number three, option 3, no 3, "
    "三, 第三, 第三个, 第3个, 第3, 3号, 选3, 选三, 选第三个, 第三条, 第三项",
)


def _folded(phrases: str) -> frozenset[str]:
    return frozenset(fold(phrase) for phrase in phrases.split(","))


_AGREES = _folded(_YES)
_PLACE = {phrase: place for place, phrases in enumerate(_PLACES) for phrase in _folded(phrases)}
_LONGEST = max(map(len, (*_AGREES, *_PLACE)))


def may_choose(utterance: str) -> bool:
    """Whether the whole utterance is such words, so that it is worth looking up what was offered."""
    if len(utterance) > 2 * _LONGEST:
        return False
    folded = fold(utterance)
    return folded in _AGREES or folded in _PLACE


def chosen_place(utterance: str, *, offered: int) -> int | None:
    """The place among so many offered questions, from 0; None where the words choose none. A yes chooses the only one."""
    if not may_choose(utterance):
        return None
    place = _PLACE.get(fold(utterance), 0 if offered == 1 else offered)
    return place if place < offered else None
