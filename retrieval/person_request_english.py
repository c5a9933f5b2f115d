"""English wordings of "give me a person", on one clause in lower case."""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import lru_cache


def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


_WORD = re.compile(r"[a-z]+(?:'[a-z]+|1)?|[0-9]+")

# Words whose misspellings at one edit count as the word; shorter words have neighbours that are words themselves.
_KEYWORDS = _words("""
    person people operator manager supervisor representative customer service support someone somebody connect transfer contact
    assistant advisor employee technician specialist consultant talking speaking chatting contacting
""")
_WORDS_OF_THEIR_OWN = _words("""
    manage managed manages contract contacts taking walking sneaking peaking personal persons connects
    connected supports services customers operators operate employer employers
""")
_VARIANTS = {
    variant: word
    for word, variants in {
        "human": "humans humen humna huamn hooman humam humann hummann hman humn huan hunan huma humane humanbeing",
        "agent": "agents agnet agant agnt agemt agetn angent agen aggent ajent aget",
        "talk": "tlak takl tallk taalk tak talkk tolk",
        "speak": "speek spaek spek speack speakk speka spk",
        "chat": "caht chta chatt cht",
        "person": "persons",
        "representative": "rep reps representitive represenative representitve representive",
        "customer": "costumer custumer custmer customers",
        "service": "services servise",
        "real": "reall rael",
        "someone": "sum1 some1 smone",
        "want": "wanna wnat",
        "with": "wiht wth wirh w",
        "please": "pls plz plis pleas plese",
        "robot": "robots",
        "bot": "bots chatbot chatbots",
        "operator": "operators operater",
        "manager": "managers",
        "advisor": "adviser advisors advisers",
    }.items()
    for variant in variants.split()
}


def _deletions(word: str) -> set[str]:
    return {word, *(word[:place] + word[place + 1 :] for place in range(len(word)))}


# Symmetric deletion (Garbe, SymSpell): two words at one edit share a form with at most one letter left out of each.
_BY_DELETION = {form: word for word in _KEYWORDS for form in _deletions(word)}

_DET = r"(?:(?:a|an|the|your|ur|some|any|one|another|of|one of your|my) )*"
_KIND = (
    r"(?:(?:real|live|actual|human|living|physical|proper|genuine|breathing|different|new|competent|senior|qualified|good"
    r"|customer|service|support|sales|care|technical|tech|help|desk|call|center|centre|online) )*"
)
_STAFF = (
    r"(?:human(?: being)?|(?:team )?members? of (?:the |your )?(?:staff|team)|team member|colleagues?|person|people|agent|representative|operator|manager|supervisor|advisor|(?<!the )(?<!voice )assistant|associate"
    r"|specialist|consultant|technician|employee|expert|staff|team|someone|somebody|anyone|anybody|some one|some body"
    r"|(?:customer |client |technical |tech )?(?:service|support|care|assistance)|boss|live chat)"
)
_WHO = rf"{_DET}{_KIND}{_STAFF}\b(?! else)"
_REAL_WHO = (
    r"(?:human(?: being)?|person|agent|representative|operator|manager|supervisor|advisor|specialist|employee|(?<=your )boss"
    r"|live chat|live support|human (?:help|support|assistance|service)|customer (?:service|support|care))"
)
_SURE = r"(?:real|live|actual|human|living|physical|proper|genuine|flesh and blood)"
_NOTHING_MORE = (
    r"(?= ?$| (?:please|now|asap|to (?:help|talk|speak|assist|look|call|contact|handle|explain|answer|deal|solve|fix|sort"
    r"|review|check|chat|take)|who|that can|which can|here|instead|not|right|immediately|on (?:this|the|my|here)|about"
    r"|for (?:this|my|help)|today|urgently|in (?:this|the) chat|really|with|i can|rather|at once|or|over|because)\b)"
)
_AND_THAT_IS_ALL = r"(?= back| please| now| asap| today| tomorrow| on | about | at | regarding| urgently|$)"
_TALK = (
    r"(?:talk|speak|chat|talking|speaking|chatting|discuss|communicate|deal|get in touch|in touch|converse)"
)
_SURE_WHO = rf"(?:human(?: being)?|agent|representative|operator|manager|supervisor|{_SURE} {_STAFF})\b"
_HANDLE = (
    r"(?:answer|read|look|help|handle|check|review|reply|respond|take|call|contact|write|deal|see|fix|solve|assist|explain|join|sort"
    r"|talk|speak|chat|confirm|get back)"
)
_TO_ME = r"(?:call|phone|ring|contact|email|get in touch with|get back to|reach out to|write to) me"
_MOVE = (
    r"(?:connect(?:ing|ed)?|transfer(?:ring|red|ed)?|put(?:ting)?|hand(?:ing|ed)?|switch(?:ing|ed)?|forward(?:ing|ed)?|redirect(?:ing|ed)?"
    r"|rout(?:e|ing|ed)|escalat(?:e|ing|ed)|patch(?:ing|ed)?|get(?:ting)?)"
)
_ASKING = (
    # talk to an agent, speak with someone from your team
    rf"\b{_TALK} (?:directly |again |live |now |it |this |about \w+ \w+ |(?:on|over) the phone |in person )?"
    rf"(?:(?:to|with|too|2|ot) (?:{_WHO}|whoever\b)|{_DET}{_KIND}(?:human|agent|representative|operator|person|manager)\b)",
    r"\bwho (?:can|could|may) (?:i|we) (?:talk|speak|chat|complain|escalate)\b",
    rf"^(?:i |i'd |just )*(?:want|need|would like|like|prefer) to {_TALK}(?: now| please)?$",
    # connect me with support, get through to a person, escalate this to a manager
    rf"\b(?!transfer to (?:someone|somebody|anyone|people)){_MOVE} (?:(?:to )?(?:me|this|us|it|my \w+|the chat|over|off|on|through|back|hold|straight|directly|issue|case) )*"
    rf"(?:to|with|onto|through to|of|on) {_WHO}",
    rf"\b(?:send|bring|pass|move|direct) (?:me|us|this|it) (?:over |through |on )?(?:to|with) {_WHO}",
    r"\bescalate(?: this| it| my \w+)?$",
    # get me a real agent, I need a person
    r"\b(?:get|give|find|send|bring(?: in)?|fetch|want|need|like|prefer|have|demand|require|request|requesting|gimme|reach|see"
    r"|(?<!the )(?<!my )(?<!your )(?<!a )contact|contacting|call(?! cent)|demanding|involve|loop in|ask|asking)"
    rf" (?:me |us )?(?:to have |to get |to see |to reach |to contact )?{_DET}{_KIND}{_REAL_WHO}{_NOTHING_MORE}",
    r"\b(?:get|find|give|send|bring) (?:me|us) (?:someone|somebody|anyone)\b",
    rf"\b(?:reach|contact|contacting|call|get|getting|find|see|want|need) (?:a |an |the |to )*{_SURE} {_STAFF}\b",
    r"\b(?:(?<!the )(?<!my )(?<!your )(?<!a )contact|contacting|reach) (?:a |an |the |some |your )?(?:someone|somebody|agent"
    rf"|operator|assistant|representative|human|person|advisor)\b{_NOTHING_MORE}",
    # let a human answer, could a real person read this
    rf"\b(?:can|could|may|let|have|please|will|would|want|need|make|get) (?:a |an |the |some |your |one of your )*{_SURE_WHO}"
    rf" (?:please |just |to |actually |could |can )*{_HANDLE}\b",
    r"\b(?:person|staff|team|people) (?:ever |actually |really |please |to |can |could |will )*(?:answer|help|reply to|respond to|talk to) me\b",
    r"\bwhere(?:'s| is| are) (?:the|your|a|my) (?:human|agent|staff|real person|representative)\b",
    # … a real person … me: whatever the words between
    rf"\b(?:i|i'd|i'll|i'm|i've|me|please|let|gimme)\b(?: (?!(?:if|are|you're|am|no|not|don't|dont|don)\b)\S+){{0,12}}? (?<![0-9] )(?:human|{_SURE} {_STAFF})\b(?! being {_STAFF}){_NOTHING_MORE}",
    # complain to a real person
    rf"\b(?:complain|explain|report|show|say|complaining|explaining) (?:\w+ ){{0,3}}to (?:a |an |the |some )?{_SURE} {_STAFF}\b",
    # is there a human I can …, any human around
    rf"\b(?:is there|are there|isn't there|is|are|have you got|do you have|any) {_DET}(?:{_SURE} )?"
    r"(?:human|person|people|agent|operator|representative|manager|someone|somebody|anyone|anybody)(?: being)?"
    r" (?:i can|i could|to (?:talk|speak|chat|help me)|around|here|available|that i can|who can help|real|online)\b",
    # have someone call me back
    r"\b(?:can|could|would|will|please|have|get|let|want|need|ask|tell|like|may) (?:\w+ ){0,3}?"
    r"(?:someone|somebody|agent|manager|you|team|staff|employee|representative|person|human|specialist|support)"
    rf" (?:from \w+(?: \w+)? )?(?:to |please |can |could |should |just )*{_TO_ME}{_AND_THAT_IS_ALL}",
    rf"^(?:please |just |can you |could you |can u )*(?:call|phone|ring) me{_AND_THAT_IS_ALL}",
    r"\b(?:give me a|want a|need a|request a|arrange a|like a) (?:call back|callback|phone call|call|ring)\b",
    r"^(?:please )?(?:call ?back)(?: please| request)?$",
    # I don't want to talk to a robot, no bots
    rf"\b(?:don't|dont|do not|not|stop|hate|tired of|sick of|instead of|rather than|than) (?:\w+ ){{0,3}}?{_TALK}"
    r" (?:\w+ ){0,1}?(?:to|with) (?:a |an |the |this |your |some )?(?:bot|robot|machine|ai|computer)\b",
    r"\b(?:tired|sick|enough) (?:of|with) (?:this |your |the |these |all )?bot\b",
    r"^(?:no|not|without) (?:more |a |an )?(?:bot|robot|machine)(?: please)?$",
    r"\b(?:human|person|agent|representative) not (?:a |an )?(?:bot|robot|machine|ai|computer)\b",
)
_ASKS = re.compile("|".join(_ASKING))

_BARE_STAFF = _words("""
    human person people agent representative operator manager supervisor advisor specialist employee
    staff customer service support care chat helpdesk being somebody someone help
""")
_BARE_ENOUGH = re.compile(
    r"\b(?:human|person|real people|agent|representative|operator|manager|supervisor|advisor|employee|staff|support"
    r"|customer (?:service|support|care)|live chat|service agent|(?:real|live) (?:someone|somebody))\b"
)
_OATHS = _words("fucking fuckin damn goddamn goddam bloody freaking effing stupid f")
# No rule holds without one of these.
_TRIGGERS = _words("""
    human person people agent representative operator manager supervisor advisor assistant associate specialist consultant technician
    employee expert staff team member members colleague colleagues someone somebody anyone anybody some service support care assistance boss
    chat whoever talk speak call callback phone ring contact email touch reach escalate bot robot machine ai computer talking speaking
    chatting discuss communicate deal converse
""")
_FILLERS = _words("""
    please now asap a an the i i'd want need would like get give me my your hello hi hey ok okay yes
    yeah yep thanks thank you right away immediately instead just only real live actual physical proper
    urgent urgently is there any are around here available can could have with to in this for us let's
    lets go bring send fetch one some still again really quickly fast sir dear must got
""")
_NATURE = re.compile(
    r"\b(?:thank you for|thanks for|are you|you are|you're|r u|are u|ur|u are|is this|is it|am i|was i|this is|it is|it's)\b"
)

_ABOUT_THE_SERVICE = re.compile(
    r"^(?:\w+ ){0,3}?(?:when|at what time|what time|what hours|how long|how late|how soon|how often|how much|how many)\b"
    r"|\b(?:what|which|your|opening|business|working|support|service|office|the) (?:hours|times?|days)\b"
    r"|\b(?:email|e mail|phone|telephone|free|hotline|contact|whatsapp) (?:number|address)|\bnumber (?:of|to|for|is)\b|\baddress\b"
    r"|\b(?:do|must|should|would|will|did|does|can|could) (?:i|we|one|you|they|he|she) (?:have|need) to\b(?! do)|\bshould i\b|\bwithout\b"
    r"|\b(?:what|name) .*\bcall me$"
    r"|\bif i (?:talk|speak|contact|call)|\bbehalf\b|\bwhat happens\b|\bdo i need\b(?! to do)|\bwho (?:is|are|was)\b"
)
_PAST = re.compile(
    r"\b(?:had|was|were|been|yesterday|already|last (?:week|month|time|night)|ago|after|while)\b"
)
# What happened before one of these is another matter ("i was charged twice i want to speak to a person").
_WISHES_NOW = re.compile(
    r"(?<!\bif )(?<!\bwhen )(?<!\bwhere )(?<!\bwhile )(?<!\buntil )(?<!\bunless )\b(?:i (?:just |really |still |now |only )?"
    r"(?:want|need|wish|would like|demand)|i'd (?:just |really )?(?:like|rather)|let me|please"
    r"|(?:can|could|may) (?:i|we|you|u|someone|somebody|an?))\b"
)
_REFUSED = re.compile(
    r"\b(?:don't|dont|do not|don t|no need|need not|needn't|never|no longer|without|stop|avoid|not)"
    r"(?: (?:really|actually|even|just|want|need|wish|like|have|to|for|a|an|me|any|trying|ever|be|yet)){0,4} ?$"
    r"|\b(?:am i|are you|is this|were you|am) $"
)


def asks_in_english(clause: str) -> bool:
    """Whether the clause asks for a person."""
    words = [_spelt_right(word) for word in _WORD.findall(clause.replace("’", "'")) if word not in _OATHS]
    text = " ".join(words)
    if _TRIGGERS.isdisjoint(words):
        return False
    if _is_bare(words, text):
        return True
    about = _ABOUT_THE_SERVICE.search(text) is not None
    wishes = [0, *(wish.start() for wish in _WISHES_NOW.finditer(text))]
    return any(
        not about
        and not _REFUSED.search(text[: match.start()])
        and not _PAST.search(text, _last_up_to(match.start(), wishes), match.start())
        for match in _ASKS.finditer(text)
    )


def _last_up_to(place: int, places: list[int]) -> int:
    return places[bisect_right(places, place) - 1]


def _is_bare(words: list[str], text: str) -> bool:
    """Nothing but the name of who is wanted, and words of asking."""
    return (
        all(word in _BARE_STAFF or word in _FILLERS for word in words)
        and _BARE_ENOUGH.search(text) is not None
        and not _NATURE.search(text)
    )


@lru_cache(maxsize=4096)
def _spelt_right(word: str) -> str:
    if word in _VARIANTS:
        return _VARIANTS[word]
    if len(word) < 5 or len(word) > 16 or word in _WORDS_OF_THEIR_OWN:
        return word
    return next(
        (
            _BY_DELETION[form]
            for form in sorted(_deletions(word), key=len, reverse=True)
            if form in _BY_DELETION
        ),
        word,
    )
