"""The set phrases of a support chat, sentence by sentence, in English and Chinese.

Each pattern must match a whole sentence (without its final punctuation), so that "thanks" is a courtesy and
"thanks to the warranty you pay nothing" is not. Traditional characters are turned into simplified ones first.
"""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache

from retrieval.normalize import normalize, to_simplified


class Phrase(StrEnum):
    """What a sentence does in the chat when it says nothing about the matter itself."""

    GREETING = "greeting"
    CLOSING = "closing"
    THANKS = "thanks"
    ACKNOWLEDGEMENT = "acknowledgement"
    HOLD = "hold"
    SYMPATHY = "sympathy"
    MORE_HELP = "more_help"
    NOT_UNDERSTOOD = "not_understood"
    HANDOVER = "handover"
    OWN_NAME = "own_name"


_WHO = r"(?:\s+(?:there|again|everyone|all|team|sir|madam|ma'am|guys|dear|mate|friend))*"
_NAME = r"(?:[,\s]+(?:mr|mrs|ms|dr)?\.?\s*[A-Za-z][\w'’-]*){0,2}"
_SOFT = r"(?:(?:ok(?:ay)?|yes|yeah|sure|well|oh|so|great|perfect|all right|alright|right|no|nope|nah|and|please|hi|hello|very well)[,!.\s]+)*"
_ME = r"(?:i|we)(?:['’]ll| will|['’]m going to| am going to|['’]d like to| can|['’]ve| have|['’]m| am|['’]re| are)?"
_PAUSE = r"(?:one|a|just a|just one|1)\s*(?:sec(?:ond)?s?|moment|minutes?|min|mins|tick)"

_ENGLISH: dict[Phrase, tuple[str, ...]] = {
    Phrase.GREETING: (
        rf"(?:hi+|hello+|hey+|hiya|yo|greetings|howdy|good\s*(?:morning|afternoon|evening|day)|welcome(?: back| to .{{1,40}})?){_WHO}{_NAME}",
        rf"dear{_NAME}",
        r"(?:thanks|thank you)(?: so much| very much)? for (?:contacting|reaching|getting in touch|calling|writing|chatting|messaging|your (?:message|inquiry|enquiry|question|email|interest)).*",
        rf"{_SOFT}(?:how|what|where) (?:can|may|could) (?:i|we) (?:help|assist|do|be of)(?! (?:with )?(?:my|our|if|when)\b).{{0,40}}",
        r"(?:you(?:['’]re| are)|u r) (?:chatting|speaking|talking|through|connected).*",
        r"(?:can|could|would) (?:you|anyone|anybody|someone|somebody) (?:please )?(?:help|assist)(?: me| us)?(?: out)?(?: please)?(?: with (?:something|this|a (?:question|problem|thing)))?",
        r"(?:i|we) (?:need|want|would like|could use) (?:some |a bit of |your )?(?:help|assistance|info|information)(?: please)?",
        r"(?:i have|i['’]ve got|got|just) (?:a|one|another|a quick|some) (?:questions?|problems?|issues?)(?: please| for you)?",
        r"(?:is )?(?:anyone|anybody|somebody|someone) (?:there|here|around|online)",
        r"how are you(?: doing)?(?: today)?",
        r"(?:i(?:['’]m| am) )?(?:happy|glad|pleased|here) to (?:help|assist).*",
    ),
    Phrase.OWN_NAME: (
        r"(?:my name(?:['’]s| is)|i(?:['’]m| am)|this is|it(?:['’]s| is)|you can call me|call me)\s+[A-Za-z][\w'’-]*(?:\s+[A-Z][\w'’-]*)?(?:\s+(?:from|at|with|of|in|here)\b.{0,30})?",
        r"[A-Z][a-zà-ÿ]+ (?:here|speaking|(?:from|at|with)(?: the)? [A-Za-z]+(?: [A-Za-z]+)?)",
        r"(?:name|mine)(?:['’]s| is|:)\s*[A-Za-z][\w'’-]*(?:\s+[A-Z][\w'’-]*)?",
    ),
    Phrase.CLOSING: (
        r"(?:good\s*)?(?:bye+|bye[- ]bye|goodnight|good night|cya|see (?:you|ya)|take care|cheers|ciao|ttyl)(?: (?:now|then|soon|later|for now|and .{1,40}))?"
        + _NAME,
        rf"{_SOFT}(?:thanks|thank you)(?: so much| very much)?(?:,| and)? (?:good\s*)?bye.*",
        rf"{_SOFT}(?:have|enjoy) (?:a|an|your|the)\b.{{0,40}}",
        rf"{_SOFT}(?:thanks|thank you)(?: so much| very much)?[,.! ]+(?:and )?have (?:a|an) .{{1,30}}",
        r"(?:you too|same to you|nice playing with you.*|nice (?:chatting|talking|speaking) (?:to|with) you.*)",
        r"(?:(?:best|kind|warm|many)\s+)?(?:regards|wishes)\b.{0,30}|yours (?:sincerely|truly)\b.{0,30}|sincerely\b.{0,30}",
        r"[-–—~]\s*[A-Z][a-z]+(?:\s+[A-Z][a-z]+)?",
    ),
    Phrase.THANKS: (
        rf"{_SOFT}(?:(?:many )?thanks?(?: (?:you|u|a lot|a bunch|a million|again|so much|very much|in advance|kindly))*|thx+|ty|tysm|thank you.{{0,60}}|thanks for .{{1,60}}|much appreciated|(?:i )?(?:really )?appreciate (?:it|that|your .{{1,30}}))"
        rf"(?:[,! ]+(?:for .{{1,40}}|that['’]?s .{{1,30}}|everyone|again|bye|goodbye|so much|very much))*{_NAME}",
        r"(?:you(?:['’]re| are) )?(?:very |most )?welcome|(?:it['’]?s )?(?:my|our) pleasure|(?:no|not a) (?:problem|worries|prob)(?: at all)?|any\s*time|don['’]t mention it",
        r"(?:that|this|it)(?:['’]s| is| was|['’]ll be| will be)(?: very| so| really| all| super)? (?:helpful|all|it|great|perfect|everything|fine|good|awesome|wonderful|all i need(?:ed)?)(?: for (?:now|today))?(?:,? thank.{0,20})?",
        rf"{_SOFT}that(?:['’]s| is| will be|['’]ll be| would be)? (?:all|it|everything)(?: (?:for|i).{{0,25}})?",
        r"(?:glad|happy|pleased)(?: that)? (?:i|we|to) .{1,40}",
        r"you(?:['’]ve| have) been .{1,30}",
    ),
    Phrase.ACKNOWLEDGEMENT: (
        r"(?:(?:ok(?:ay|ey|ie)?|k+|kk|yes|yep|yup|yeah|ya|no|nope|nah|sure(?: thing)?|right|all ?right|alright|fine|great|perfect|cool|awesome|nice|excellent|wonderful|fantastic|lovely|super|good|sounds good|got it|gotcha|i see|i understand|understood|noted|of course|certainly|absolutely|definitely|indeed|exactly|correct|please|yes please|no thanks?|no thank you|oh|ah|hmm+|lol|haha+|wow|amazing|brilliant|very well|very good|will do|done|not (?:yet|really|now)|i do|i am|i did|it is|it does|that(?:['’]s| is) (?:right|correct|fine|ok|okay|good|great|cool)|(?:good|great) question|sounds (?:great|perfect|fine)|go ahead|makes sense|good to know|too bad|whatever)(?:[,.!~\s]+|$))+(?:then|so|now|for that|for the info|sir|madam)?",
        r"[\W_]*",
    ),
    Phrase.HOLD: (
        rf"{_SOFT}(?:can you |could you )?(?:please )?(?:hold(?: on| the line)?|hang on|wait|bear with me|stand by|give me|allow me)(?:[,\s]+(?:please|for|just|{_PAUSE}|a (?:moment|minute|second|bit|while)|two minutes|while i .{{1,60}}|to .{{1,60}}|so i can .{{1,40}}))*",
        rf"{_SOFT}{_PAUSE}(?:,? please)?(?:,? (?:while i|and i['’]ll|i['’]ll|let me|i am|i['’]m) .{{1,60}})?",
        rf"{_SOFT}(?:please )?let me (?:just |quickly )?(?:check|see|look|have a look|take a look|find out|find|pull|double[- ]check|verify|get|ask|go and|search)\b.{{0,70}}",
        rf"(?!.*\b(?:contact|reach|email) you){_SOFT}{_ME} (?:just |now |quickly )*(?:check(?:ing)?|look(?:ing)?|hav(?:e|ing) a look|tak(?:e|ing) a look|find(?:ing)? out|pull(?:ing)?|double[- ]check(?:ing)?|search(?:ing)?|see if)\b.{{0,70}}",
        r"(?:checking|looking)\b.{0,40}",
        r"(?:thank(?:s| you) for (?:waiting|holding|your patience|bearing).{0,40})",
        r"(?:still )?(?:there|with me)",
    ),
    Phrase.SYMPATHY: (
        rf"{_SOFT}(?:i(?:['’]m| am)|we(?:['’]re| are))? ?(?:so |very |really |terribly |truly |deeply )*(?:sorry|apologi[sz]e)(?: about| for| to hear)?(?: (?:that|this|the (?:inconvenience|trouble|wait|delay|confusion|mix-up|hassle)|any .{{1,40}}|about that|it|your .{{1,30}}|you .{{1,50}}))?(?: {_NAME})?",
        r"(?:my|our|please accept my|please accept our)? ?(?:sincere |deepest |sincerest )?apologies\b.{0,60}",
        r"(?:i|we) (?:completely |totally |fully |can )?(?:understand|see|imagine|know) (?:how|your|that must|why|the) .{1,60}",
        r"(?:oh no|oh dear|that(?:['’]s| is| must be| sounds) (?:annoying|frustrating|unfortunate|a pity|a shame|strange|odd|terrible|awful|not good|not great|no good)).{0,50}",
        r"(?:don['’]t worry|no need to worry)(?: about (?:it|that))?",
    ),
    Phrase.MORE_HELP: (
        rf"{_SOFT}(?:is there |do you (?:have|need) |did you (?:have|need) |was there |will there be |can i (?:help|assist) (?:you )?with |may i (?:help|assist) (?:you )?with |would you like )?(?:anything|something|any(?:thing)? other|any more|any further|any) ?(?:else|questions?|help|more|other)\b.{{0,70}}",
        rf"{_SOFT}(?:please )?(?:just )?(?:let (?:me|us) know|feel free|do not hesitate|don['’]t hesitate|contact us|reach out|get back to us|message us|come back)\b(?:.{{0,40}}\b(?:if|should|with|anytime|when|to (?:ask|contact|reach|write|message))\b.{{0,60}}|)",
        r"(?:if|should) you (?:have|need) (?:any|more|anything|further|other|some)\b.{0,80}",
        r"(?:hope|i hope|hopefully) (?:this|that|it|i) .{0,40}(?:help|clear|answer|useful|sense).{0,30}",
    ),
    Phrase.NOT_UNDERSTOOD: (
        r".{0,30}\b(?:don['’]t|do not|didn['’]t|did not|can['’]t|cannot|not sure i) (?:quite |really |fully )?(?:understand|follow|catch|get (?:what|your|that|the question))\b.{0,50}",
        r"(?:could|can|would) you (?:please )?(?:rephrase|repeat|clarify|say that again|elaborate|explain)\b.{0,40}",
        r"(?:i am|i['’]m|we are|we['’]re) (?:only|just) able to .{1,80}",
        r"(?:sorry|pardon|what|huh|come again|what do you mean)",
        r"(?:please )?(?:rephrase|repeat) .{0,30}",
    ),
    Phrase.HANDOVER: (
        rf"{_SOFT}(?:please wait while i |let me |{_ME} )(?:now |just |going to )*(?:transfer|connect|forward|escalat|pass|hand|put|refer|rout)\w*\b.{{0,80}}",
        r"(?:you will|you['’]ll|you are|you['’]re) (?:be(?:ing)? |now )*(?:transferred|connected|forwarded|contacted)\b.{0,60}",
        r"(?:a|one of our|our) (?:colleagues?|agents?|specialists?|supervisors?|team)\b.{0,20}\b(?:will|is going to) (?:contact|call|get back|reach|be with|email|take over)\b.{0,50}",
    ),
}

_SOFT_ZH = r"(?:(?:好的|好|嗯|恩|哦|噢|喔|行|可以|没问题|是的|对|那|亲亲?|您|哈|啊|呀|麻烦|请|收到|明白|了解|知道)[了的呢啊呀哈~，,、\s]*)*"
_TAIL_ZH = r"[了的呢啊呀哈哦喔噢哟呐吧嘛哒~～\s]*"

_CHINESE: dict[Phrase, tuple[str, ...]] = {
    Phrase.GREETING: (
        rf"(?:您好|你好|亲+|亲爱的|哈喽|嗨|hi|hello|早|早上好|上午好|中午好|下午好|晚上好|在吗|在么|在不在|有人吗|有人么|有人在吗|客服在吗|客服)(?:[，,\s]*(?:您好|你好|亲+|在吗|在么|客服|在的|有人吗|[一-龥]{{1,2}}(?:先生|女士|小姐)))*{_TAIL_ZH}",
        r"(?:欢迎|感谢|谢谢).{0,12}(?:光临|咨询|来电|联系|致电|使用).{0,15}",
        r".{0,14}(?:很高兴|竭诚|将|来)?为[您你](?:提供)?服务.{0,8}",
        r".{0,8}(?:请问)?有(?:什么|啥|何)(?:问题|事|需要)?.{0,6}(?:帮|效劳|为您做|咨询|需要).{0,10}",
        r"(?:我)?(?:想|要)?(?:咨询|请教|请问|问|打听)(?:一下|下|个|一个|你|您|问题|事|点事|个事|件事|一件事|一下问题)*"
        + _TAIL_ZH,
        r"(?:能|可以)?(?:麻烦|请)?(?:您|你)?帮(?:我|个)?(?:一?个?忙)?(?:吗|么|一下)?",
    ),
    Phrase.OWN_NAME: (
        r"(?:我叫|我是|我姓|本人|名字是|姓名是?|这里是|这边是)[:：]?[一-龥A-Za-z·]{1,12}",
        r"(?:小[一-龥]|[一-龥](?:姐|哥))(?:在|在的|在呢|来了|来啦|这就来)",
        r"(?:工号|客服)\s*[A-Za-z0-9]{1,8}.{0,8}",
    ),
    Phrase.CLOSING: (
        rf"{_SOFT_ZH}(?:再见|拜拜|拜|白白|88|回见|下次见|晚安|慢走)(?:[，,\s]*(?:再见|拜拜))*{_TAIL_ZH}",
        r"(?:也?祝|愿)(?:您|你|亲).{0,20}",
        r"(?:欢迎|期待).{0,8}(?:再次|下次|随时).{0,10}",
    ),
    Phrase.THANKS: (
        rf"{_SOFT_ZH}(?:太|非常|十分|真是|真的|多)?(?:(?:谢谢|感谢|多谢|谢了|谢啦|谢|感激不尽)[^，,]{{0,12}}|(?:辛苦|麻烦|劳烦)(?:您|你)?(?:了|啦))(?:[，,\s]*(?:谢谢|再见|拜拜|辛苦了|麻烦了))*{_TAIL_ZH}",
        rf"{_SOFT_ZH}(?:不用|不必|别|甭|不)?(?:客气|谢|这么客气|那么客气){_TAIL_ZH}|没(?:关系|事)(?:儿|的)?{_TAIL_ZH}|(?:您|你)?(?:太)?客气{_TAIL_ZH}|应该的{_TAIL_ZH}|(?:这)?都?是?(?:举手之劳|我(?:们)?应该做的){_TAIL_ZH}",
        rf"{_SOFT_ZH}(?:我)?(?:没有|没|暂时没有?|暂无)(?:其他|别的|什么|啥)?(?:问题|事|需要|疑问)?{_TAIL_ZH}",
        rf"(?:我)?(?:都|全)?(?:记住|记下|清楚|明白|知道|了解|懂|收到|搞定|解决){_TAIL_ZH}",
        r".{0,8}(?:很|真)?高兴.{0,4}(?:帮|能).{0,8}",
    ),
    Phrase.ACKNOWLEDGEMENT: (
        r"(?:(?:好的?|嗯|恩|哦|噢|喔|行|可以|没问题|是的?|对的?|不是|没有|有的?|不用|不要|不需要|要的?|需要|知道|明白|了解|收到|ok|okay|yes|no|当然|必须的?|没错|是这样|这样|原来如此|这样啊|稍等|太好|不错|还行|哈|呵|嘿|唉|啊|呀|哇|呃|那好|那行|就这样|就这个)[了的呢啊呀哈哦吧嘛啦~～，,。！!、\s]*)+",
        r"[\W_]*",
    ),
    Phrase.HOLD: (
        rf"{_SOFT_ZH}(?:请|麻烦|烦请)?(?:您|你)?(?:真的[，,])?(?:再|先)?(?:你等|稍等|稍候|稍后|等一下|等下|等等|等一等|等会儿?|稍微等)(?:一下|一会儿?|片刻|下|几分钟|我|哈|哦|，|,|\s)*(?:.{{0,14}}(?:查|看|核实|确认|问).{{0,12}})?",
        rf"{_SOFT_ZH}(?:我|这边|我这边|我们)?(?:先|马上|现在|立刻|正在|这就|去|来)*(?:帮|给|为)?(?:您|你|亲)?(?:正在|再)?(?:查|看|核实|查询|确认|核对|问(?=一下|下|问))(?:一?下|看|询|看看|一查|问)?(?:.{{0,6}})",
        r".{0,5}(?:来)?(?:帮|给|为)(?:您|你|亲)(?:看|查|找|核实|确认|处理|解答)?(?:一下|看看|看|下|一看)?"
        + _TAIL_ZH,
        r"(?:感谢|谢谢)?.{0,4}(?:耐心)?等待.{0,8}|让(?:您|你)?久等.{0,6}|正在.{0,4}查.{0,8}",
    ),
    Phrase.SYMPATHY: (
        rf"{_SOFT_ZH}(?:真是|真的|非常|十分|很|实在|太)*(?:抱歉|不好意思|对不起|sorry)(?:[，,\s]*(?:给您?|让您?|为您?).{{0,20}})?{_TAIL_ZH}",
        r".{0,10}(?:理解|明白|体谅)(?:您|你)的.{0,10}|(?:您|你|请)?(?:先)?别(?:着急|担心|急).{0,4}|给(?:您|你)(?:带来|添).{0,14}",
    ),
    Phrase.MORE_HELP: (
        r".{0,8}(?:还|其他|别的|另外).{0,10}(?:问题|需要|帮|疑问|咨询).{0,12}(?:吗|么|呢|嘛)?",
        r".{0,3}(?:如|若|要是|如果|有).{0,14}(?:问题|需要|疑问|不清楚|不明白).{0,6}(?:随时|欢迎|请|可以|再|都可).{0,16}",
        r"(?:随时|欢迎).{0,6}(?:联系|咨询|找|问).{0,8}|希望.{0,10}帮.{0,8}",
    ),
    Phrase.NOT_UNDERSTOOD: (
        r".{0,8}(?:没|不)(?:太|大|是很)?(?:明白|理解|看懂|听懂|懂|清楚)(?:您|你|你的|您的|你说|您说|什么|意思).{0,14}",
        r".{0,8}(?:换|再)(?:个|一|一个|种)?(?:说法|方式|说一遍|说一次|描述).{0,8}|什么意思|啥意思",
    ),
    Phrase.HANDOVER: (
        rf"{_SOFT_ZH}(?:.{{0,6}})(?:帮|为|给)?(?:您|你)?(?:转接?|转到|接通|接入)(?:.{{0,4}})(?:人工|客服|专员|同事|主管|技术|部门|售后).{{0,10}}",
        r".{0,8}(?:专员|同事|主管|技术|售后|工作人员).{0,6}(?:会|将|稍后).{0,6}(?:联系|回复|致电|跟进|处理).{0,12}",
    ),
}


_PATTERNS: tuple[tuple[Phrase, re.Pattern[str]], ...] = tuple(
    (
        phrase,
        re.compile(
            "|".join(
                f"(?:{pattern})"
                for pattern in (*_ENGLISH[phrase], *(zh.replace(".", "[^，,]") for zh in _CHINESE[phrase]))
            ),
            re.IGNORECASE,
        ),
    )
    for phrase in Phrase
)
_EDGE = " \t\n.!?。！？~～…,，;；:：)）(（\"'“”😊🙏👍"
_TELLING = tuple(phrase for phrase in Phrase if phrase is not Phrase.ACKNOWLEDGEMENT)


@lru_cache(maxsize=20_000)
def phrase_of(sentence: str) -> Phrase | None:
    """The set phrase a whole sentence is, or None when it says something about the matter.

    A sentence whose parts between commas are set phrases is one too ("好的，谢谢").
    """
    sentence = simplified(sentence)
    whole = _match(sentence)
    if whole is not None:
        return whole
    parts = [part for part in re.split(r"[,，、;；]", sentence) if part.strip(_EDGE)]
    if len(parts) < 2:
        return None
    phrases = [_match(part) for part in parts]
    if None in phrases:
        return None
    return next((phrase for phrase in _TELLING if phrase in phrases), Phrase.ACKNOWLEDGEMENT)


def simplified(text: str) -> str:
    """The text as the patterns expect it: normalised, Chinese in simplified characters."""
    return text if text.isascii() else to_simplified(normalize(text))


def _match(sentence: str) -> Phrase | None:
    bare = sentence.strip(_EDGE)
    return next((phrase for phrase, pattern in _PATTERNS if pattern.fullmatch(bare)), None)
