"""Names in agents' replies, found by what stands around them: greetings, introductions, titles, signatures.

No model and no list of first names: a capitalised word counts as a name only in a place where replies have names. Where the
sentence does without, the name goes ("Hi Mrs. Miller, …" → "Hi, …"; "我是小林，" and "Best, Tom" vanish); elsewhere it becomes
{name}.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from retrieval.masking_spans import Span

# Capitalised words that stand where names do. Nouns of the trade, greetings, sentence starts, days and months.
_NO_NAMES = """
    There All Everyone Everybody Folks Guys Team Sir Madam Maam Customer Customers Client Guest Friend Friends Member Members World
    Again Thanks Thank Welcome Yes Yeah No Nope Not Sure Sorry Good Great Nice Perfect Fine Ok Okay Right Correct Done Enjoy Cheers
    Best Regards Kind Warm Please Have Just How What When Where Why Who Which Can Could Would Should Will Do Does Did Is Are Was If In
    On At For From To And But Or So As By With Of The This That These Those It Its We Our Us You Your They He She My Me Any Some Let
    Lets May Hello Hi Hey Bye Goodbye Byebye Dear Valued Back Support Service Sales Care Help Desk Online Live Chat Agent Bot Assistant Click
    Tap See Press Look Come Over Only Also Then Now Today Tomorrow Tonight Goodnight Yesterday Always Never Happy Merry New Unfortunately Glad
    Hope Monday Tuesday Wednesday Thursday Friday Saturday Sunday January February March April June July August September October
    November December Christmas Easter English Chinese German French American British
"""
_NO_NAME = "|".join(re.findall(r"\w+", _NO_NAMES))
_NAME = rf"(?!(?:{_NO_NAME})\b)[A-Z][a-z\u00df-\u00ff\u0101-\u024f]+(?:['’-][A-Z][a-z]+)?(?!['’\w])"
_FULL_NAME = rf"{_NAME}(?: (?:[A-Z]\. )?{_NAME}){{0,2}}"
_TITLE = r"(?:Mr|Mrs|Ms|Mx|Miss|Dr|Prof)\b\.?"
_HELLO = r"(?:(?i:hi|hello|hey|good (?:morning|afternoon|evening|day)|greetings)(?: there)?[,.!~]? )"
_SENTENCE = r"(?:^|(?<=[.!?~)] )|(?<=\n))"

_LOWER_NO_NAME = (
    "there|all|again|everyone|everybody|folks|guys|team|sir|madam|maam|dear|dears|friend|mate|hi|hello|hey|yes|yeah|yep|no|nope|sure|sorry"
    "|thanks|thank|good|great|nice|cool|fine|ok|okay|right|back|welcome|customer|you|both|world|please|just|how|what|haha|lol|oh|and|so|we"
)

_ENGLISH = (
    # Dear Mr. Smith,
    rf"{_SENTENCE}(?P<drop>Dear (?:{_TITLE} )?{_FULL_NAME} ?[,:!.]? ?)",
    # Hi Mrs. Miller, · Thank you, Tom!
    rf"{_SENTENCE}(?i:hi|hello|hey|good (?:morning|afternoon|evening)|welcome(?: back)?|thanks|thank you(?: (?:very|so) much)?"
    r"|sorry|bye|goodbye|you(?:'re| are) welcome|no problem|take care)"
    rf"(?P<drop>,? (?:{_TITLE} {_NAME}(?: {_NAME})?|{_FULL_NAME}))(?=[,.!?:;~]|$| [-–—])",
    rf"^(?i:hi|hello|hey)(?P<drop>,? (?!(?:{_LOWER_NO_NAME})\b)[a-z]{{3,12}})(?=[,.!])",
    # Hi, this is Anna from Lumo. · Mara here! · hey pete here,
    rf"(?:{_SENTENCE}|{_HELLO})(?P<drop>(?:(?i:this is|i am|i'm|i’m|my name is|my name's|it's|you(?:'re| are) (?:chatting|speaking|talking)"
    rf" (?:with|to)) {_FULL_NAME}(?: here)?|{_FULL_NAME} here|[a-z]{{3,12}} here(?<!right here)(?<!click here)(?<!look here))"
    r"(?: (?:from|at|of|with) (?:the )?[A-Z][\w-]*(?: [A-Z][\w-]*| team| support| customer| service| care)*)?(?:[.!~]+|,|$) ?)",
    rf"(?:^|{_HELLO})(?P<drop>{_NAME} (?:from|at) [A-Z][\w-]*(?: [A-Z][\w-]*| team| support)*[.!,] ?)",
    # my name is Anna and …
    rf"\b(?i:my name is|my name's|you(?:'re| are) (?:chatting|speaking|talking) (?:with|to)|names? (?:is|was)) (?P<name>{_FULL_NAME})",
    rf"\b(?i:this is|i'm|i am) (?P<name>{_FULL_NAME})(?= (?:from|with|at|and I|here|speaking|your)\b)",
    rf"\b(?i:my|our|your) (?i:colleague|manager|supervisor|teammate|co-?worker|team lead|driver|technician|agent|advisor)(?:,| is)?"
    rf" (?P<name>{_FULL_NAME})",
    rf"\b(?P<name>{_TITLE} (?!(?:Martens|Pepper|Coffee|Oetker|Dre|Scholl|Bean|Muscle|Clean)\b){_NAME}(?: {_NAME})?)",
    # Best regards, Tom · … through the link. Jonas · -- Tom
    rf"(?P<drop>(?:^|(?<=[.!?~)…\n]))\s{{0,2}}(?i:best|all the best|best (?:regards|wishes)|(?:kind|kindest|warm|warmest) regards|regards|cheers|yours"
    rf"(?: sincerely| truly| faithfully)?|sincerely(?: yours)?|many thanks|respectfully)[,.!]?\s{{1,2}}(?:[-–—] ?)?{_FULL_NAME}"
    r"(?:[,|]?\s[A-Z][\w&-]*(?: [\w&-]+){0,3})?[.!]?$)",
    rf"(?<=[.!?~)…])(?P<drop>\s(?:[-–—]{{1,2}} ?)?{_NAME}$)",
    rf"(?P<drop> ?(?:[-–—]{{1,2}}|\^) ?{_NAME}$)",
)

_SURNAME = (
    "(?:欧阳|歐陽|司马|司馬|上官|诸葛|諸葛|[王李张張刘劉陈陳杨楊黄黃赵趙吴吳周徐孙孫马馬朱胡郭何林高罗羅郑鄭梁谢謝宋唐许許韩韓冯馮邓鄧曹彭曾肖萧蕭田董袁潘于蒋蔣"
    "蔡余杜叶葉程苏蘇魏吕呂丁任沈姚卢盧姜崔钟鐘谭譚陆陸汪范範金石廖贾賈夏韦韋付方白邹鄒孟熊秦邱江尹薛闫閻段雷侯龙龍史陶黎贺賀顾顧毛郝龚龔邵万萬钱錢严嚴覃武戴莫孔向汤湯])"
)
_HAN = "[\u4e00-\u9fff]"
_STOP = r"(?:[,，。.!！~～]+ ?|$)"
_OPEN = r"(?:^|(?<=[,，。.!！?？~～:： ])|(?<=[您你]好)|(?<=[呀啊哦呢啦吧]))"
_NICK = rf"(?:[小阿](?![米度爱鹏编时]){_HAN}|{_SURNAME}[姐哥工])"
_AGENT = rf"(?:{_NICK}|{_SURNAME}{_HAN}{{1,2}}|[A-Z][a-z]+)"
_ROLE = "(?:您的|你的|咱们的|您|)(?:专属|在线|售后|售前|高级|金牌|專屬|線上|)(?:客服|顾问|顧問|专员|專員|管家|助手|)"
_ADDRESSED = (
    rf"(?:尊敬的|亲爱的|親愛的|)(?!黄金|黃金|白金|高级|高端){_SURNAME}{_HAN}{{0,2}}?(?:先生|女士|小姐|太太)"
)

_CHINESE = (
    # 我是您的客服小林，· 周姐为您服务。
    rf"{_OPEN}(?P<drop>(?:我是|我叫|这里是|這裡是|這裏是){_ROLE}{_AGENT}(?:很高兴|很高興|竭诚|竭誠|)(?:为您服务|為您服務|)[呀啊哦呢]?{_STOP})",
    rf"{_OPEN}(?P<drop>(?:客服|顾问|顧問|)(?:{_AGENT}|工号 ?[:：]?\d{{2,8}}|工號 ?[:：]?\d{{2,8}}|\d{{3,8}}号客服)(?:很高兴|竭诚|)[为為][您你](?:服务|服務|解答){_STOP})",
    # 小林帮您看看
    rf"{_OPEN}(?P<drop>客服{_NICK}|小{_SURNAME}|{_SURNAME}[姐哥])(?=帮[您你]|幫[您你]|[为為给給跟和][您你]|这边|這邊|来|來|在[~～,，。!！这這呢的哦]|马上|馬上|理解|明白|知道|看到|建议|建議|先)",
    # 尊敬的王先生，· 登记好啦刘女士。
    rf"{_OPEN}(?P<drop>{_ADDRESSED}[,，:：!！]? ?)(?=[您你])",
    rf"(?:^|(?<=[,，。.!！?？~～:： ]))(?P<drop>{_ADDRESSED}(?:[,，:：!！~～。] ?))",
    rf"(?:{_OPEN}|(?<=好的)|(?<=[了的]))(?P<drop>[,，]?{_ADDRESSED})(?={_STOP})",
    rf"(?P<name>(?<=[联聯]系)(?:{_ADDRESSED})|(?<=[找为為给給和与與请請由帮幫是让讓叫向跟]){_ADDRESSED}|{_OPEN}{_ADDRESSED}(?=的))",
    # 收件人：王小明
    rf"(?:收件人|收货人|收貨人|联系人|聯絡人|姓名|我的名字)(?:[:：是为為叫] ?){{1,2}}(?P<name>{_SURNAME}{_HAN}{{1,2}})(?!{_HAN})",
    r"(?:工号|工號)(?:[:：是为為] ?)?(?P<name>\d{2,8})",
    rf"[您你]好[,，!！~～ ]{{0,2}}(?P<drop>{_NAME}[,，!！~～] ?)",
)
_NAMES = tuple(re.compile(pattern) for pattern in (*_ENGLISH, *_CHINESE))


def find_names(text: str) -> Iterator[Span]:
    """Names, and the introductions and signatures that consist of one."""
    for pattern in _NAMES:
        for match in pattern.finditer(text):
            for group, replacement in (("drop", ""), ("name", "{name}")):
                if match.groupdict().get(group):
                    yield Span(match.start(group), match.end(group), "name", replacement)
