"""What one turn of a past dialogue is for: a question, a detail asked for, an answer, or set phrases around them."""

from __future__ import annotations

import re
from collections.abc import Set
from dataclasses import dataclass
from enum import StrEnum

from bot.imports.mining_phrases import Phrase, phrase_of, simplified

LONGEST_SET_PHRASE = 160
"""Characters; a longer sentence says something about the matter (and keeps the patterns' running time bounded)."""


class CustomerKind(StrEnum):
    """What a customer's turn does."""

    QUESTION = "question"
    FOLLOW_UP = "follow_up"
    STATEMENT = "statement"
    DETAIL = "detail"
    PRAISE = "praise"
    COMPLAINT = "complaint"
    COURTESY = "courtesy"


class ReplyKind(StrEnum):
    """What an agent's reply does. Only `ANSWER` can become an answer of the bot.

    `OWN_CASE` tells one customer about his own order ("I've resent your invoice"), `FRAGMENT` means nothing without
    its conversation ("Yes, that one.").
    """

    ANSWER = "answer"
    ASKS_BACK = "asks_back"
    GREETING = "greeting"
    CLOSING = "closing"
    HOLD = "hold"
    HANDOVER = "handover"
    OWN_CASE = "own_case"
    FRAGMENT = "fragment"
    NOT_UNDERSTOOD = "not_understood"
    COURTESY = "courtesy"


@dataclass(frozen=True, slots=True)
class Reply:
    """An agent's turn: what it does, and what of it is about the matter.

    `core` is what an answer states, without greetings and closing questions. For every other kind it is the whole
    text without set phrases, or the text itself when it is made of nothing else.
    """

    kind: ReplyKind
    core: str


@dataclass(frozen=True, slots=True)
class CustomerTurn:
    """A customer's turn: what it does, and its text without greetings and thanks."""

    kind: CustomerKind
    core: str


_ABBREVIATION = r"(?<!\bDr\.)(?<!\bMr\.)(?<!\bMs\.)(?<!\bSt\.)(?<!\bNo\.)(?<!\bMrs\.)(?<!\bvs\.)(?<!\be\.g\.)(?<!\bi\.e\.)"
_SENTENCE_END = re.compile(
    rf"(?<=[㐀-鿿][~～])\s*(?=[㐀-鿿])|(?<=[.!?…])(?<![.]{{3}}){_ABBREVIATION}\s+|(?<=[。！？])\s*|\n+"
)

_QUESTION_MARK = re.compile(r"[?？]\W*$")
_ASKS_EN = re.compile(
    r"^(?:and |so |ok(?:ay)?,? |sure,? |great,? |well,? |right,? |thanks,? |also,? |now,? )*"
    r"(?:(?:what|which|who|whose|when|where|why|how)\b(?! to\b)|"
    r"(?:can|could|would|will|may|do|does|did|is|are|was|were|have|has|shall|should) (?:you|i|we|it|this|that|there|the|they|your|my|u)\b)",
    re.IGNORECASE,
)
_ASKS_ZH = re.compile(
    r"(?:吗|么|呢|嘛|没有|不|没)[？?啊呀]*\W*$|请问|多少|哪[里儿个些家种天]|什么|怎么|怎样|如何|为什么|为何|几[点天号个位]|能不能|可不可以|有没有|是不是|可否|能否|咋|啥"
)
_WANTS_DETAIL = re.compile(
    r"^(?:(?:ok(?:ay)?|sure|right|great|thanks|thank you|certainly|of course|and|then|no problem|alright|so|please|kindly|first)[,.! ]+)*"
    r"(?:(?:i|we)(?:['’]ll| will| would| just|['’]d)? (?:just )?(?:need|require|have to ask|like to have|want)(?: to (?:know|have|confirm|verify))?|(?:please |kindly |just )*(?:give|tell|send|provide|share|confirm|enter|type|state|describe|verify|specify)(?: me| us| in| here)?)"
    r"\s(?:.{0,30}\b)?(?:your|the|a|an|his|her|their)\b.{0,60}\b(?:number|id|name|names|email|e-mail|mail|address|pin|code|details?|birth|date|phone|account|info(?:rmation)?|photos?|pictures?|screenshots?|model|serial|postcode|zip|city|time|symptoms?)\b.{0,30}$",
    re.IGNORECASE,
)
_WANTS_DETAIL_ZH = re.compile(
    r"^.{0,8}(?:请|麻烦|烦请|需要|劳烦)(?:您|你|亲)?(?:先|再)?(?:提供|告知|告诉|发|给|报|说|拍|描述|确认|核对|输入|留)(?:一?下|送|我|给我|过来)*.{0,16}(?:号码?|姓名|名字|地址|电话|邮箱|手机|照片|图片|截图|视频|型号|信息|密码|日期|时间|资料|凭证|情况|原因).{0,8}$"
)

_ENDS_ASKING_ZH = re.compile(r"(?:[吗嘛]|怎么样|可以么|行么|好么)\W*$|请问")
_SHORT_QUESTION_ZH = re.compile(
    r"[^，,。！!]{0,14}(?:多少|什么|哪[里儿个些款种]|几[个点号天]|是不是|有没有|还是)[^，,。都]{0,6}"
)
_MISSING_DETAIL = re.compile(r"^(?:\w+[,!.]? )?(?:and )?your .{1,40}\bplease\W*$", re.IGNORECASE)

_REQUEST = re.compile(
    r"^(?:\w+[,.! ]+){0,2}(?:check|get|find|book|show|give|cancel|change|send|make|look up|search|order|track|return|explain|reset|update|let['’]?s|lets)\b|\binstead\b|\balso (?:like|need|want)\b|"
    r"\b(?:i|we)(?:['’]d| would)? (?:need|want|like|wish|am looking|was wondering|wonder|am trying|have to|hope|prefer|plan)\b|\bi['’]m (?:looking|trying|calling|having|wondering|unable|interested|writing|after)\b|\blooking (?:for|to)\b|\bwondering\b"
    r"|\b(?:please|can|could|would|will) (?:you|u|i|we|check|tell|help|send|change|cancel|book|find|give|show|explain)\b|\bplease\b|\bhelp (?:me )?(?:with|to)\b|\btell me\b|\blet me know\b|\bneed to\b"
    r"|\b(?:my|the|our) .{1,40}\b(?:is|are|was|were|has|have|had|does|did|won['’]t|isn['’]t|doesn['’]t|didn['’]t|don['’]t|hasn['’]t|keeps?|stopped|arrived|broke|failed|never|not|can['’]t)\b"
    r"|\bi (?:can['’]t|cannot|couldn['’]t|am unable|forgot|lost|bought|ordered|received|paid|got|have (?:a|an|not|been|received|paid|bought)|haven['’]t|didn['’]t|don['’]t|just (?:bought|got|received|ordered))\b"
    r"|\b(?:not|isn['’]t|won['’]t|doesn['’]t|stopped|never) (?:work|arriv|charg|turn|connect|receiv|deliver|show)|\b(?:broken|damaged|missing|wrong|late|error|problem|issue|defective|faulty|refund|cancel|complain)\b",
    re.IGNORECASE,
)
_REQUEST_ZH = re.compile(
    r"告诉|发(?:给)?我|给.{0,6}(?:说|讲)|把.{1,12}[给发换退改]|找(?:一?[个家]|到)|我(?:还)?(?:想|要|需要|打算|准备|希望|买|的|在|收到|付|下单|忘|丢|们)|帮(?:我|忙|查|看)|给我|麻烦|请(?:帮|给|问|告|推)|想(?:问|要|知道|了解|找|订|买|退|换|咨询)|(?:坏|错|丢|漏|少|破|碎|慢|卡|失灵|失败|不了|不能|无法|没法|没收到|没到|打不开|用不了|充不进|连不上)|退[款货换]|换货|推荐|怎么|取消|投诉|发票|查(?:一下|下|询)"
)
_ASKS_FOLLOW_UP = re.compile(
    r"^(?:and|but|so|ok(?:ay)?|oh|then|also|or)?[,\s]*(?:(?:what|how) about|and (?:the|for|if|with|when|how|what|is|does|do|can|my|your)|what if|why(?: not| so| is that)?\W*$|how (?:come|so|long|much|many)\W*$|when\W*$|where\W*$|really\W*$|is (?:it|that|this|there)|does (?:it|that|this)|do (?:they|these|those)|are (?:they|these|those)|can (?:it|that|they)|will (?:it|that|they)|would (?:it|that)|(?:and|or|but)\b)",
    re.IGNORECASE,
)
_ASKS_FOLLOW_UP_ZH = re.compile(
    r"^(?:那(?!里|边)|.{1,6}呢\W*$|那么|然后|还有|另外|这个|那个|它|它们|这家|那家|这样|为什么[？?]?$|多久[？?]?$|多少[？?]?$|怎么[？?]?$|真的吗|是吗|确定吗)"
)
_BARE_DETAIL = re.compile(
    r"^(?:(?:it['’]?s|its|it is|my|the|order|booking|ticket|tracking|reference|number|id|no|is|name|email|account|pin|code|on|at|for|from|to|sure|yes|ok|okay|hi|here|you|go|this)[\s:,.#]+)*"
    r"(?:[#A-Za-z]{0,6}[-#]?\d[\w\-/.:]*|\S+@\S+|\d[\d\s,./:-]*(?:am|pm|people|persons?|guests?|nights?|days?)?|(?:mon|tues|wednes|thurs|fri|satur|sun)day.{0,12}|today|tomorrow)\W*$"
    r"|^(?:订单号?|单号|号码|电话|手机号?|编号|我的|是|的|：|:|\s)*[A-Za-z]{0,6}\d[\d\-\s]*\W*$",
    re.IGNORECASE,
)
_COMPLAINT = re.compile(
    r"\b(?:that|this|it)(?:['’]s| is| was|['’]s still)? (?:not|n['’]t|isn['’]t|wasn['’]t|wrong)(?: what| my| helpful| right| correct| the| an| true| help| working)?\b.{0,20}(?:ask|mean|question|answer|help|want|need|right|correct|wrong)|\b(?:did(?:n['’]t| not)|do(?:es)?n['’]t|does not) (?:help|work|answer|solve)|\balready (?:tried|did|done|told|said)|\bstill (?:not|doesn['’]t|does not|isn['’]t|the same|no)\b|\bnot what i (?:ask|mean|want)|\byou(?:['’]re| are) not (?:listening|answering|helping|understanding)|\bi (?:just )?(?:said|meant|asked|told you)\b|\b(?:useless|ridiculous|unhelpful|nonsense)\b"
    r"|不是(?:这个|我问|我要|问)|没(?:有)?(?:用|帮助|解决|回答)|答非所问|(?:还是|仍然|依然)(?:不(?!错)|没)|已经(?:试|说|做)过|我(?:问|说)的是|没听懂|胡说|不对",
    re.IGNORECASE,
)
_CUSTOMER_COURTESIES = {
    Phrase.GREETING,
    Phrase.OWN_NAME,
    Phrase.CLOSING,
    Phrase.THANKS,
    Phrase.ACKNOWLEDGEMENT,
    Phrase.SYMPATHY,
}
_PRAISE = {Phrase.THANKS, Phrase.CLOSING}
_HAN = re.compile(r"[㐀-鿿]")


def sentences_of(text: str) -> list[str]:
    """Splits at sentence ends and line breaks; "Dr. Smith", "3.5" and addresses stay whole."""
    return [part.strip() for part in _SENTENCE_END.split(text) if part and part.strip()]


def word_count(text: str) -> int:
    """English words plus half the Chinese characters: a rough common measure of length."""
    han = len(_HAN.findall(text))
    return len(re.findall(r"[A-Za-z0-9][\w'’-]*", _HAN.sub(" ", text))) + (han + 1) // 2


def phrases_of(text: str) -> list[tuple[str, Phrase | None]]:
    """Each sentence with the set phrase it is, None for those about the matter."""
    return [
        (sentence, phrase_of(sentence) if len(sentence) <= LONGEST_SET_PHRASE else None)
        for sentence in sentences_of(text)
    ]


def asks(sentence: str) -> bool:
    """Whether a sentence asks something back, by its mark, its opening words or a request for a detail."""
    sentence = simplified(sentence)
    if _QUESTION_MARK.search(sentence) or _ASKS_EN.match(sentence):
        return True
    if _MISSING_DETAIL.match(sentence) or _WANTS_DETAIL.match(sentence) or _WANTS_DETAIL_ZH.match(sentence):
        return True
    return bool(_ENDS_ASKING_ZH.search(sentence) or _SHORT_QUESTION_ZH.fullmatch(sentence))


LEANING_QUESTION_WORDS = 12
"""A longer question that starts with "and" or 那 mostly says again what it is about."""

SHORT_QUESTION_WORDS = 3
"""A later question of so few words ("TVs?", "怎么寄") leans on the one before it."""

LONGEST_COMPLAINT_WORDS = 20
"""A longer turn with such words tells its own story ("it still does not charge ..."): a question, not a verdict."""

SHORTEST_LEANING_ANSWER_WORDS = 6
"""Below that a reply that leans on what was said before ("Yes, that works then.") is a fragment."""

SHORTEST_BEFORE_QUESTION_WORDS = 6
"""What a reply states before it asks back counts as an answer from here on ("Sure, I can help. Your name?" not)."""

SHORTEST_ANSWER_WORDS = 3
"""Below that ("Yes.", "2 minutes", "已发货") a reply means nothing without its own conversation."""


def read_reply(text: str) -> Reply:
    """Tells what an agent's reply does and strips greetings, small talk and closing questions from around it.

    A question at the end ("Shall I send you the label?") is dropped when enough was said before it; otherwise
    the reply asks back.
    """
    marked = phrases_of(text)
    said = [sentence for sentence, phrase in marked if phrase is None]
    if not said:
        return Reply(kind=_courtesy_kind([phrase for _, phrase in marked if phrase]), core=text.strip())
    stated = _stated(marked)
    core = _joined(stated)
    words = word_count(core)
    if not stated or (words < SHORTEST_BEFORE_QUESTION_WORDS and any(asks(sentence) for sentence in said)):
        return Reply(kind=ReplyKind.ASKS_BACK, core=_joined(said))
    if words < SHORTEST_ANSWER_WORDS or (
        words < SHORTEST_LEANING_ANSWER_WORDS and _LEANS_BACK.search(simplified(core))
    ):
        return Reply(kind=ReplyKind.FRAGMENT, core=_joined(said))
    return Reply(
        kind=ReplyKind.OWN_CASE if _OWN_CASE.search(simplified(_joined(said))) else ReplyKind.ANSWER,
        core=core,
    )


def _joined(sentences: list[str]) -> str:
    """One text again; no blank after Chinese punctuation."""
    text = ""
    for sentence in sentences:
        text += f" {sentence}" if text and text[-1].isascii() else sentence
    return text


def _stated(marked: list[tuple[str, Phrase | None]]) -> list[str]:
    """The sentences about the matter, a leading yes or no kept, without questions at either end."""
    kept: list[str] = []
    for sentence, phrase in marked:
        if phrase is None or (not kept and _YES_NO.match(sentence)):
            kept.append(sentence)
    if kept:
        kept[0] = without_greeting(kept[0])
    if len(kept) > 1 and _SIGNATURE.fullmatch(kept[-1]):
        kept.pop()
    if kept:
        kept[-1] = _SIGNED_ZH.sub("", kept[-1])
    while kept and asks(kept[-1]):
        kept.pop()
    while kept and asks(kept[0]):
        kept.pop(0)
    return [] if all(_YES_NO.match(sentence) for sentence in kept) else kept


def without_greeting(sentence: str) -> str:
    """Drops set phrases before the first comma or so: "Hi Anna, you can ...", "您好，我是小王，可以的"."""
    return _without_openings(sentence, _OPENINGS)


def _without_openings(sentence: str, openings: Set[Phrase]) -> str:
    rest = sentence
    while (cut := _CLAUSE_END.search(rest)) and phrase_of(rest[: cut.start()]) in openings:
        rest = rest[cut.end() :].strip()
    if rest == sentence or _CONTINUES.match(rest):
        return sentence
    return rest[:1].upper() + rest[1:]


_CONTINUES = re.compile(r"(?:but|however|and|or|so|because)\b|但|不过|可是|所以|因为|$", re.IGNORECASE)
_CLAUSE_END = re.compile(r"[,，!！~～]+\s*")
_OPENINGS = {Phrase.GREETING, Phrase.OWN_NAME, Phrase.THANKS, Phrase.SYMPATHY, Phrase.HOLD}
_SIGNATURE = re.compile(r"[-–—~]*\s*[A-Z][a-zà-ÿ]+[.!]?")
_SIGNED_ZH = re.compile(r"\s*[-–—]+\s*[一-龥]{2,4}\s*$")
_LEANS_BACK = re.compile(
    r"^(?:yes|yep|no|nope|then|that|it|those|these|this|same|also|and|or|but|so|both|only)\b|\b(?:then|too|either|instead)\W*$"
    r"|^(?:是的?|不是|对|那|这|也|都|就|可以的?|不行|不可以|没有)",
    re.IGNORECASE,
)
_DONE = (
    "sent|booked|noted|cancell?ed|changed|updated|forwarded|added|reset|refunded|issued|reported|escalated|asked|passed|opened"
    "|extended|resent|submitted|registered|reserved|scheduled|confirmed|completed|shipped|delivered|returned|found|approved|rejected"
)
_OWN_CASE = re.compile(
    rf"\b(?:i|we)(?:['’]ve| have)? (?:just |already |now |also |successfully )*(?:{_DONE})\b|\bi(?:['’]ll| will) (?:book|put|add|send|note|ask|pass|open|cancel|change|forward|report)\b"
    rf"|\byour [\w ]{{1,25}}(?:has|have|was|were)(?: now| just| already| been| successfully| not)* (?:{_DONE}|left|arrived|processed|made)\b"
    rf"|\byour [\w ]{{1,25}}(?:is|are)(?: now| just| already| successfully| all)+ (?:{_DONE}|done|set|ready)\b"
    r"|\byour [\w ]{1,25}is (?:on (?:its|the) way|confirmed|booked|out for delivery)\b|\byour current\b|\b(?:arrives|arriving) (?:today|tomorrow)\b"
    r"|\bthe (?:report|log|tracking|system|carrier|scan|note|warehouse)(?: page)? (?:says|shows|said|showed|confirms|reports)\b|\bi (?:can )?see (?:here|that|your|it|you)\b"
    r"|(?:查|看|找)到(?:了|啦|您)|查了一?下|(?:系统|物流|后台|记录)(?:里|上)?(?:显示|看到)|状态(?:是|为|显示)|我(?:让|已|刚|这就|马上|来)|(?:已|刚)(?:经|刚)?(?:为|帮|给)(?:您|你)"
    r"|(?:您|你)的?(?:订单|包裹|退款|快递|换货|维修|申请)[^，,。]{0,14}(?:已经?|正在|今天|明天|昨天|刚)(?!.{0,8}(?:后|时|前|才))",
    re.IGNORECASE,
)

_YES_NO = re.compile(r"(?:yes|yep|no|nope|是的|不是|可以|可以的|没有|有的)\W*$", re.IGNORECASE)


_COURTESY_KINDS: tuple[tuple[Phrase, ReplyKind], ...] = (
    (Phrase.HANDOVER, ReplyKind.HANDOVER),
    (Phrase.NOT_UNDERSTOOD, ReplyKind.NOT_UNDERSTOOD),
    (Phrase.HOLD, ReplyKind.HOLD),
    (Phrase.MORE_HELP, ReplyKind.CLOSING),
    (Phrase.CLOSING, ReplyKind.CLOSING),
    (Phrase.GREETING, ReplyKind.GREETING),
)


def _courtesy_kind(phrases: list[Phrase]) -> ReplyKind:
    return next((kind for phrase, kind in _COURTESY_KINDS if phrase in phrases), ReplyKind.COURTESY)


def read_customer_turn(text: str, *, answers_question: bool, opens: bool) -> CustomerTurn:
    """Tells whether a customer's turn carries a question.

    Args:
        text: The turn as written.
        answers_question: Whether the agent had just asked something back; short statements then are details.
        opens: Whether nothing was asked before; later, short questions lean on the ones before them.
    """
    marked = phrases_of(text)
    kept = [sentence for sentence, phrase in marked if phrase not in _CUSTOMER_COURTESIES]
    if kept:
        kept[0] = _without_openings(kept[0], _CUSTOMER_COURTESIES)
    core = _joined(kept)
    if not opens and _COMPLAINT.search(simplified(text)) and word_count(text) <= LONGEST_COMPLAINT_WORDS:
        return CustomerTurn(kind=CustomerKind.COMPLAINT, core=core)
    if not kept:
        praise = any(phrase in _PRAISE for _, phrase in marked)
        return CustomerTurn(kind=CustomerKind.PRAISE if praise else CustomerKind.COURTESY, core="")
    return CustomerTurn(kind=_matter_kind(core, answers_question=answers_question, opens=opens), core=core)


def _matter_kind(core: str, *, answers_question: bool, opens: bool) -> CustomerKind:
    core = simplified(core)
    if _BARE_DETAIL.match(core):
        return CustomerKind.DETAIL
    asking = bool(_ASKS_ZH.search(core)) or any(
        _QUESTION_MARK.search(part) or _ASKS_EN.match(part) for part in sentences_of(core)
    )
    wanting = bool(_REQUEST.search(core) or _REQUEST_ZH.search(core))
    words = word_count(core)
    if answers_question and not asking and (words <= 12 or not wanting):
        return CustomerKind.DETAIL
    if not asking and not wanting and words < 4:
        return CustomerKind.DETAIL
    if not asking and not wanting:
        return CustomerKind.STATEMENT
    leans = bool(_ASKS_FOLLOW_UP.match(core) or _ASKS_FOLLOW_UP_ZH.search(core))
    if not opens and (words <= SHORT_QUESTION_WORDS or (leans and words <= LEANING_QUESTION_WORDS)):
        return CustomerKind.FOLLOW_UP
    return CustomerKind.QUESTION
