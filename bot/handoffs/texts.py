"""What visitors are told about a handoff: what has happened, what happens next, and when.

English, Chinese in simplified characters, and Chinese in traditional ones, for visitors who write them.
"""

from dataclasses import dataclass, fields
from datetime import datetime
from functools import cache
from typing import Literal

from bot.handoffs.availability import Availability
from retrieval.language import is_traditional
from retrieval.normalize import to_traditional

Tongue = Literal["en", "zh", "zh-Hant"]


@dataclass(frozen=True)
class HandoffTexts:
    """``closed_now`` takes the ``{time}`` of opening; ``soon_without_bot`` is for channels in which the bot is silent meanwhile."""

    soon: str
    soon_without_bot: str
    nobody_here: str
    closed_now: str
    leave_contact: str
    contact_known: str
    contact_kept: str
    still_waiting: str
    taken: str
    nobody_came: str
    called_away: str
    handed_back: str
    withdrawn: str
    closed: str
    reopened: str


_ENGLISH = HandoffTexts(
    soon="A person will answer here as soon as somebody is free. Until then you can go on asking me.",
    soon_without_bot="A person will answer here as soon as somebody is free.",
    nobody_here="Nobody of our team is here at the moment. Your question is kept, and you will be answered here.",
    closed_now="Our team is not here now; we open {time}. Your question is kept, and you will be answered here.",
    leave_contact="If you leave an email address or a telephone number, we can reach you, too.",
    contact_known="We have your contact details and will get in touch.",
    contact_kept="Thank you. We will get in touch with you, and answer here, too.",
    still_waiting="You are still in the queue; nobody is free yet. Until then you can go on asking me.",
    taken="A person is here now and reads along. I'll be quiet meanwhile.",
    nobody_came="I'm sorry, nobody has been free so far. Your question is kept; until we get back to you I'll go on answering here.",
    called_away="I'm sorry, the person had to leave. Your message is kept; until we get back to you I'll answer here.",
    handed_back="The person has left, and I answer again. Say “a person” at any time.",
    withdrawn="All right, I answer again. Say “a person” at any time.",
    closed="This conversation is closed. Write again at any time, and I'll answer.",
    reopened="The conversation is open again, and I answer. Say “a person” at any time.",
)
_CHINESE = HandoffTexts(
    soon="客服人员有空时会在这里回复您。在此期间您可以继续向我提问。",
    soon_without_bot="客服人员有空时会在这里回复您。",
    nobody_here="现在没有客服人员在线。您的问题已经保存，我们会在这里回复您。",
    closed_now="现在不是客服时间，{time}开始有人服务。您的问题已经保存，我们会在这里回复您。",
    leave_contact="留下邮箱或电话，我们也可以直接联系您。",
    contact_known="我们已经有您的联系方式，会主动与您联系。",
    contact_kept="谢谢！我们会与您联系，也会在这里回复您。",
    still_waiting="您仍在排队，客服人员暂时还没有空。在此期间您可以继续向我提问。",
    taken="客服人员已经接入，正在看您的问题。在此期间我不再自动回复。",
    nobody_came="抱歉，到现在还没有客服人员有空。您的问题已经保存；在我们回复之前，由我继续回答您。",
    called_away="抱歉，客服人员有事离开了。您的信息已经保存；在我们回复之前，由我回答您。",
    handed_back="客服人员已经离开，由我继续回答您。需要时随时说“转人工”。",
    withdrawn="好的，由我继续回答您。需要时随时说“转人工”。",
    closed="本次对话已经结束。您随时可以再写信息，由我回答您。",
    reopened="对话已经重新开始，由我回答您。需要时随时说“转人工”。",
)

_WEEKDAYS = {
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "zh": ("周一", "周二", "周三", "周四", "周五", "周六", "周日"),
}
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def tongue_of(language: str | None, last_words: str) -> Tongue:
    """In which writing somebody is addressed who writes this language, and wrote these words last."""
    if language != "zh":
        return "en"
    return "zh-Hant" if is_traditional(last_words) else "zh"


@cache
def handoff_texts(tongue: Tongue) -> HandoffTexts:
    if tongue == "zh-Hant":
        words = {each.name: to_traditional(getattr(_CHINESE, each.name)) for each in fields(_CHINESE)}
        return HandoffTexts(**words)
    return _CHINESE if tongue == "zh" else _ENGLISH


def what_next(tongue: Tongue, there: Availability, *, contact_known: bool, bot_goes_on: bool = True) -> str:
    """What a visitor who asked for a person can expect."""
    texts = handoff_texts(tongue)
    if there.people_online:
        return texts.soon if bot_goes_on else texts.soon_without_bot
    said = texts.nobody_here
    if there.opens_at is not None:
        time = opening_time(tongue, there.opens_at, at=there.at)
        said = texts.closed_now.format(time=time)
    return _joined(tongue, said, contact_line(texts, contact_known=contact_known))


def still_waiting(tongue: Tongue, there: Availability, *, contact_known: bool) -> str:
    """What somebody is told who has waited for some time."""
    if not there.office_open:
        return what_next(tongue, there, contact_known=contact_known)
    texts = handoff_texts(tongue)
    return _joined(tongue, texts.still_waiting, contact_line(texts, contact_known=contact_known))


def nobody_came(tongue: Tongue, *, contact_known: bool) -> str:
    texts = handoff_texts(tongue)
    return _joined(tongue, texts.nobody_came, contact_line(texts, contact_known=contact_known))


def called_away(tongue: Tongue, *, contact_known: bool) -> str:
    """After a person has taken over and then said nothing for too long."""
    texts = handoff_texts(tongue)
    return _joined(tongue, texts.called_away, contact_line(texts, contact_known=contact_known))


def contact_line(texts: HandoffTexts, *, contact_known: bool) -> str:
    return texts.contact_known if contact_known else texts.leave_contact


def opening_time(tongue: Tongue, opens_at: datetime, *, at: datetime) -> str:
    """The day and the time, with the offset from UTC, since nobody knows where the visitor is: ``Monday at 9:00 (UTC+1)``.

    Both moments are in the time zone of the office.
    """
    days = (opens_at.date() - at.date()).days
    clock, zone = f"{opens_at:%H:%M}", f"UTC{_offset(opens_at)}"
    weekday = _WEEKDAYS["en" if tongue == "en" else "zh"][opens_at.weekday()]
    if tongue == "en":
        far = f"on {weekday}, {opens_at.day} {_MONTHS[opens_at.month - 1]},"
        day = {0: "today", 1: "tomorrow"}.get(days, weekday if days < 7 else far)
        return f"{day} at {clock} ({zone})"
    day = {0: "今天", 1: "明天"}.get(
        days, weekday if days < 7 else f"{opens_at.month}月{opens_at.day}日（{weekday}）"
    )
    said = f"{day} {clock}（{zone}）"
    return to_traditional(said) if tongue == "zh-Hant" else said


def _offset(moment: datetime) -> str:
    written = f"{moment:%z}"
    sign, hours, minutes = written[0], int(written[1:3]), written[3:5]
    if hours == 0 and minutes == "00":
        return ""
    return f"{sign}{hours}" + (f":{minutes}" if minutes != "00" else "")


def _joined(tongue: Tongue, *sentences: str) -> str:
    return (" " if tongue == "en" else "").join(sentences)
