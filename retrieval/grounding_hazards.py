"""What has no business in a customer's reply, and what in a text speaks to a language model instead of to a reader."""

from __future__ import annotations

import re

from retrieval.normalize import normalize, to_simplified

_CITATION = re.compile(
    r"\s?[\[【(（]\s?(?:sources?|来源|sentences?|句)?\s?#?(\d{1,3}(?:\s?[,，、-]\s?\d{1,3})*)\s?[\]】)）](?!\()",
    re.IGNORECASE,
)
_LIST_MARK = re.compile(r"^\s*(?:[-*•·]\s+|\d{1,2}[.)、]\s*(?=\D)|#{1,6}\s+|>\s+)")
_EMPHASIS = re.compile(r"(\*\*|__)(?=\S)(.+?)(?<=\S)\1")
_MARKUP = re.compile(
    r"<\s*/?\s*[a-z!?]|&(?:#\d+|#x[0-9a-f]+|[a-z]{2,8});|\]\s*\(|!\[|`|\{\{|\}\}|\{%|\$\{|\|\s*-{3}|<\||\|>|\[/?[A-Za-z]+\]"
    r"|-->|/\*|\*/|~~~|\\[a-z(\[]|\b(?:javascript|data|vbscript):|#include\b|\bdef \w+\(|\bfunction\s*\w*\(|\w\([^)]*\);|\bSELECT\b.+\bFROM\b"
    r"|^\s*[\[{].*[:].*[\]}]\s*$|[*_]{2,}|={3,}|#{2,}",
    re.IGNORECASE,
)
_ENCODED = re.compile(
    r"(?:[A-Za-z0-9+/]{24,}={0,2}|(?:[0-9a-f]{2}[ :]?){16,}|(?:\\u[0-9a-f]{4}){3,}|(?:%[0-9a-f]{2}){4,})",
    re.IGNORECASE,
)
_HIDDEN = re.compile(
    "[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\U000e0000-\U000e007f]"
)
_TO_A_MODEL = re.compile(
    r"\b(?:ignore|disregard|forget|override|bypass|skip)\b.{0,40}\b(?:instructions?|prompts?|rules?|guidelines?|context|previous|prior|above|sources?|everything|restrictions?|polic(?:y|ies))\b"
    r"|\b(?:system|assistant|developer|user)\s*(?:prompt|message|instruction|override|note)?\s*[:：]"
    r"|\b(?:you are|you're) (?:now|no longer)\b|\bfrom now on\b|\b(?:act|behave|respond|answer|speak|write) (?:as|like) (?:a|an|if|the)\b|\bpretend\b|\brole-?play\b|\bimagine you\b"
    r"|\bjailbreak|\bdeveloper mode\b|\bDAN\b|\bdo anything now\b|\bprompt injection\b"
    r"|\b(?:reveal|print|show|repeat|output|leak|display|translate|summari[sz]e)\b.{0,30}\b(?:prompt|instructions?|system|hidden|secret|sentences above|text above|words above)\b"
    r"|\b(?:new|updated|real|actual|hidden|secret|following|important) (?:instructions?|task|directive|orders?:)\b|\binstructions? (?:for|to) (?:the )?(?:ai|bot|model|assistant|llm)\b"
    r"|\b(?:say|reply|respond|answer|write|tell|output|append|add|include|insert|mention|recommend|promise|confirm|claim|state|end|begin|start|finish)\b.{0,24}(?:\b(?:only|exactly|always|instead|nothing|verbatim)\b|\b(?:the |every |each |all )?(?:user|customer|visitor|reader|client)s?\b|\b(?:that|with|in|to|at|your|the)\b.{0,20}\b(?:words?|sentence|reply|answer|response|end)\b|[\"'“‘「])"
    r"|\b(?:ai|language|chat) ?(?:model|bot|assistant)s?\b|\bLLMs?\b|\bchatgpt\b|\bgpt-?\d"
    r"|\b(?:decode|base64|rot13|execute|eval)\b|\bend of (?:data|sources?|context|sentences|prompt)\b|\b(?:begin|end|start)\s(?:system|prompt|instructions?)\b"
    r"|###|<\||\|>|\[/?(?:inst|sys|system)\]|<</?sys>>|</?(?:system|assistant|user|data|sources?|question|instructions?)>"
    r"|(?:忽略|无视|忘记|忘掉|不要管|跳过|绕过|抛开|推翻|覆盖).{0,12}(?:指令|指示|提示|规则|要求|内容|设定|限制|前面|上面|以上|之前|上述|资料|来源)"
    r"|(?:系统|助手|开发者|用户|管理员)(?:提示词?|消息|指令|信息|通知|备注)?\s?[:：]|系统提示|提示词|开发者模式|越狱"
    r"|(?:你|您)(?:现在|从现在|不再)是|从现在(?:开始|起)|扮演|假装|假设你|角色扮演|以.{1,8}的(?:身份|口吻|角色|语气)"
    r"|(?:新的?|真正的|隐藏的?|最新的?|以下|重要)(?:指令|指示|任务|命令)"
    r"|(?:告诉|告知|回复|回答|答复|输出|说出|写上|写道|加上|附上|插入|承诺|保证|推荐|声称|宣布|强调).{0,6}(?:用户|客户|顾客|访客|买家|大家|所有人|[“「『\"':：]|一句|即可|就行)"
    r"|(?:只|必须|务必|一律|统一|始终|都要)(?:要)?(?:回复|回答|答复|输出|说|写)"
    r"|人工智能|语言模型|大模型|机器人(?:必须|请|应|要)|\bAI\b|解码|(?:泄露|显示|打印|重复|翻译|复述).{0,10}(?:提示|指令|上文|上述|系统|资料)",
    re.IGNORECASE,
)


def take_citations(sentence: str) -> tuple[str, tuple[int, ...]]:
    """The sentence without its references such as [1] or [2, 3], and their numbers."""
    numbers = [
        int(number) for found in _CITATION.finditer(sentence) for number in re.findall(r"\d+", found[1])
    ]
    return _CITATION.sub("", sentence).strip(), tuple(numbers)


def without_list_marks(line: str) -> str:
    """A line as a sentence: no bullet, number or heading sign before it, no stars for emphasis."""
    return _EMPHASIS.sub(r"\2", _LIST_MARK.sub("", line)).strip()


def has_markup(text: str) -> bool:
    """Tags, entities, code, links with a text of their own, JSON, and what is encoded or can't be seen."""
    return any(pattern.search(text) for pattern in (_MARKUP, _ENCODED, _HIDDEN))


def speaks_to_a_model(text: str) -> bool:
    """Whether a text (also) tells a language model or a bot what to do, or hides something from a reader.

    Meant to be too strict: what it finds is only kept away from the model.
    """
    if _HIDDEN.search(text) or _ENCODED.search(text) or "<!--" in text:
        return True
    plain = normalize(text)
    return _TO_A_MODEL.search(plain) is not None or _TO_A_MODEL.search(to_simplified(plain)) is not None
