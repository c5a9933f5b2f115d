"""Which column or JSON key means what: canonical names, the other names accepted for them, and good advice on a miss."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache

from bot.imports.source import ImportFileError

_SEPARATORS = re.compile(r"[\s_\-./*:：\ufeff\u200b]+")
_NUMBER_AT_END = re.compile(r"\d+$")


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """A kind of table. `names` maps a canonical column to what else it may be called, best first, in folded form."""

    title: str
    needed: tuple[str, ...]
    names: Mapping[str, tuple[str, ...]]
    repeatable: frozenset[str] = frozenset()

    def canonical(self, name: str) -> str | None:
        """The canonical column of a header cell; `repeatable` ones also match with a number behind."""
        folded = fold_name(name)
        for column, accepted in self.names.items():
            if folded in accepted:
                return column
            if column in self.repeatable and _NUMBER_AT_END.sub("", folded) in accepted:
                return column
        return None


FAQ = Layout(
    title="FAQ",
    needed=("question", "answer"),
    names={
        "question": ("question", "questions", "query", "q", "问题", "標準問題", "标准问题", "标准问", "问句", "提问", "問題"),
        "answer": ("answer", "answers", "a", "reply", "response", "答案", "标准答案", "標準答案", "回答", "回复", "回覆", "答复"),
        "phrasings": (
            "phrasings", "phrasing", "furtherphrasings", "furtherphrasing", "alternatives", "alternative",
            "similarquestions", "similarquestion", "variants", "variant",
            "相似问法", "相似问题", "相似问", "扩展问", "其他问法", "相似問法", "相似問題",
        ),
        "intent": ("intent", "意图", "意圖"),
        "language": ("language", "lang", "locale", "语言", "語言", "语种"),
        "tags": ("tags", "tag", "labels", "label", "标签", "標籤"),
        "answer_key": ("answerkey", "answerid", "key", "答案编号", "答案編號"),
        "valid_from": ("validfrom", "生效时间", "生效日期", "生效時間"),
        "valid_until": ("validuntil", "validto", "失效时间", "失效日期", "失效時間"),
    },
    repeatable=frozenset({"phrasings"}),
)  # fmt: skip
DIALOGUES = Layout(
    title="dialogues",
    needed=("conversation_id", "role", "text"),
    names={
        "conversation_id": (
            "conversationid", "conversation", "dialogueid", "dialogid", "dialogue", "sessionid", "chatid", "threadid",
            "ticketid", "会话id", "会话编号", "对话id", "对话编号", "工单号", "會話id", "對話id", "會話編號", "對話編號",
        ),
        "role": ("role", "speaker", "sender", "author", "from", "角色", "发送者", "发送方", "发言人", "發送者", "發言人"),
        "text": ("text", "message", "content", "body", "utterance", "内容", "消息内容", "消息", "文本", "內容", "訊息"),
        "at": (
            "at", "timestamp", "time", "datetime", "date", "createdat", "sentat", "时间", "发送时间", "时间戳", "時間",
            "發送時間",
        ),
        "language": ("language", "lang", "locale", "语言", "語言", "语种"),
        "turns": ("turns", "messages", "对话", "對話"),
    },
)  # fmt: skip


def fold_name(name: str) -> str:
    """A header as it is compared: full-width, case, byte order mark, blanks and separators don't count."""
    return _SEPARATORS.sub("", unicodedata.normalize("NFKC", name)).casefold()


@dataclass(frozen=True, slots=True)
class Columns:
    """Where the canonical columns stand in a row of `width` cells."""

    at: Mapping[str, int]
    phrasings: tuple[int, ...]
    width: int


def match_columns(header: Sequence[str], layout: Layout) -> Columns | None:
    """The places of the columns, or None where a needed one is missing.

    Raises ImportFileError where a canonical column stands twice under the very same name.
    """
    found: dict[str, int] = {}
    repeated: list[int] = []
    for place, name in enumerate(header):
        column = layout.canonical(name)
        if column is None:
            continue
        if column in layout.repeatable:
            repeated.append(place)
        elif column not in found:
            found[column] = place
        else:
            found[column] = _preferred(header, layout.names[column], (found[column], place))
    if any(column not in found for column in layout.needed):
        return None
    return Columns(found, tuple(repeated), len(header))


def _preferred(header: Sequence[str], accepted: Sequence[str], places: tuple[int, int]) -> int:
    first, second = (accepted.index(fold_name(header[place])) for place in places)
    if first == second:
        raise ImportFileError(
            f"the column {header[places[0]]!r} stands twice in the header: rename or remove one"
        )
    return places[0] if first < second else places[1]


@lru_cache(maxsize=512)
def canonical_keys(keys: tuple[str, ...], layout: Layout) -> Mapping[str, str]:
    """Canonical name → the key that stands for it, for the keys of one JSON object."""
    found: dict[str, str] = {}
    for key in keys:
        column = layout.canonical(key)
        if column is not None and (column not in found or fold_name(key) == fold_name(column)):
            found[column] = key
    return found


def explain_columns(header: Sequence[str], layouts: Sequence[Layout]) -> str:
    """What a header lacks, for an error message: columns found, columns needed, and likely slips."""
    shown = ", ".join(repr(name[:40]) for name in header[:20]) + (", …" if len(header) > 20 else "")
    needed = "; or ".join(f"for {layout.title}: {', '.join(layout.needed)}" for layout in layouts)
    advice = [hint for layout in layouts for hint in _near_misses(header, layout)]
    return f"found the columns {shown}; needed {needed}" + (f". {' '.join(advice)}" if advice else "")


def _near_misses(header: Sequence[str], layout: Layout) -> list[str]:
    unknown = {fold_name(name): name for name in header if layout.canonical(name) is None}
    hints = []
    for column in layout.needed:
        if any(layout.canonical(name) == column for name in header):
            continue
        for accepted in layout.names[column]:
            close = get_close_matches(accepted, unknown, n=1, cutoff=0.7)
            if close and len(accepted) > 1:
                hints.append(f"Did you mean {column!r} by {unknown[close[0]]!r}? Rename it.")
                break
    return hints
