"""Whether a customer asks for a person instead of the bot, in English and Chinese.

A wish for a person is always obeyed, so wordings, misspellings and traditional characters are met generously; but a question
*about* the service ("人工客服几点上班", "do I have to call an agent to cancel?") is a question. Decided here:

- Naming the service is asking for it: "agent", "customer service", "客服", "联系客服".
- Asking how to reach a *person* is asking for one ("how do I get a human", "怎么转人工"); asking for telephone numbers,
  hours, or how to reach "customer service" (怎么联系客服) has an answer.
- Refusing the bot counts ("I don't want to talk to a robot", "不要机器人"), asking what it is does not ("are you human?").
- "anyone there?", "有人吗", "客服在吗" open a conversation: a greeting follows, which says how to get a person.

Each clause is looked at by itself, so that "what are your hours? I want to talk to a human" is a request.
"""

from __future__ import annotations

import re

from retrieval.normalize import normalize, to_simplified
from retrieval.person_request_chinese import asks_in_chinese
from retrieval.person_request_english import asks_in_english

# A blank between Chinese words is often all that stands before the wish ("我的快递什么时候到 找人工").
_BLANK_BEFORE_A_WISH = (
    r"(?<=[\u4e00-\u9fff]{4})(?<![不别想需])(?<!不用)(?<!不要)(?<!不必)(?<!需要)(?<!必要)"
    r" (?=[\u4e00-\u9fff]{0,4}(?:找|要|转|接|换|给我))"
)
_CLAUSE = re.compile(
    rf"[,.;!?~、，。！？；…\n]+|(?<= )(?:but|and|so|because)(?= )|而且|但是|所以|{_BLANK_BEFORE_A_WISH}"
)
_CHINESE = re.compile("[\u4e00-\u9fff]|ren ?gong|zhen ?ren|ke ?fu|zrg")
_LATIN = re.compile("[a-z]")


def asks_for_person(text: str) -> bool:
    """Whether the message, in whole or in one of its clauses, asks to be served by a person."""
    simplified = to_simplified(normalize(text).casefold())
    return any(
        (_LATIN.search(clause) is not None and asks_in_english(clause))
        or (_CHINESE.search(clause) is not None and asks_in_chinese(clause))
        for clause in _CLAUSE.split(simplified)
    )
