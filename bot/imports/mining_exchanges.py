"""Follows a past dialogue turn by turn: which question stands open, which reply resolves it, how well."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby

from bot.imports.mining_turns import (
    CustomerKind,
    Reply,
    ReplyKind,
    read_customer_turn,
    read_reply,
    word_count,
)
from bot.imports.records import Dialogue, Turn
from retrieval.normalize import fold


@dataclass(frozen=True, slots=True)
class SourceTurn:
    """A turn of an imported dialogue; `turn_index` counts from 0."""

    conversation_id: str
    turn_index: int
    role: str
    text: str


@dataclass(frozen=True, slots=True)
class AgentReply:
    """What an agent said in one go (consecutive turns joined), read."""

    source: SourceTurn
    reply: Reply
    dialogue_language: str | None


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question with the reply it got.

    `weight` in (0, 1]: how much this reply speaks for itself as the answer (what the customer did next, whether
    it came first, its length).
    """

    question: str
    asked: SourceTurn
    reply: AgentReply
    weight: float


@dataclass(frozen=True, slots=True)
class ReadDialogue:
    """A dialogue's agent replies (of every kind, in order), its exchanges, and why turns were passed over."""

    replies: tuple[AgentReply, ...]
    exchanges: tuple[Exchange, ...]
    skipped: tuple[str, ...]


# Weights of an answer by what the customer did next. Judged by hand on a sample of dialogues: thanks are the
# clearest sign of a resolved question, a repeated question the clearest of a wrong reply.
_AFTER: dict[CustomerKind | None, float] = {
    CustomerKind.PRAISE: 1.0,
    CustomerKind.QUESTION: 0.8,
    CustomerKind.FOLLOW_UP: 0.8,
    None: 0.7,
    CustomerKind.COURTESY: 0.8,
    CustomerKind.STATEMENT: 0.6,
    CustomerKind.DETAIL: 0.5,
    CustomerKind.COMPLAINT: 0.1,
}
_ASKED_AGAIN = 0.1
_LATER_REPLY = 0.5
_FOLLOW_UP = 0.5
_LONG_REPLY_WORDS, _LONG_REPLY = 150, 0.5
_LONGEST_QUESTION_WORDS = 60
_SAME_QUESTION = 0.7


@dataclass(slots=True)
class _Open:
    """The question that stands open; `root` is what a follow-up to it leans on."""

    text: str
    root: str
    asked: SourceTurn
    factor: float
    answered: bool = False


class DialogueReader:
    """Reads dialogues; remembers how it read a text, as agents repeat themselves."""

    def __init__(self, *, mask: Callable[[str], str]) -> None:
        self._mask = mask
        self._replies: dict[str, Reply] = {}

    def read(self, dialogue: Dialogue) -> ReadDialogue:
        """Finds the exchanges of one dialogue. Turns of other roles than customer and agent are passed over."""
        walk = _Walk(dialogue, mask=self._mask, read_reply=self._read_reply)
        for role, turns in groupby(_spoken(dialogue), key=lambda numbered: numbered[1].role):
            (walk.hear_customer if role == "customer" else walk.hear_agent)(list(turns))
        walk.settle(None)
        return ReadDialogue(tuple(walk.replies), tuple(walk.exchanges), tuple(walk.skipped))

    def _read_reply(self, text: str) -> Reply:
        known = self._replies.get(text)
        if known is None:
            known = self._replies[text] = read_reply(text)
        return known


def _spoken(dialogue: Dialogue) -> Iterator[tuple[int, Turn]]:
    for index, turn in enumerate(dialogue.turns):
        if turn.role in ("customer", "agent") and turn.text.strip():
            yield index, turn


class _Walk:
    def __init__(
        self, dialogue: Dialogue, *, mask: Callable[[str], str], read_reply: Callable[[str], Reply]
    ) -> None:
        self._dialogue = dialogue
        self._mask = mask
        self._read_reply = read_reply
        self._open: _Open | None = None
        self._asked_back = False
        self._unsettled: list[tuple[_Open, AgentReply, float]] = []
        self.replies: list[AgentReply] = []
        self.exchanges: list[Exchange] = []
        self.skipped: list[str] = []

    def hear_customer(self, turns: list[tuple[int, Turn]]) -> None:
        read = [
            (
                index,
                turn,
                read_customer_turn(turn.text, answers_question=self._asked_back, opens=self._open is None),
            )
            for index, turn in turns
        ]
        carrying = [entry for entry in read if entry[2].kind in _CARRYING]
        kind = carrying[0][2].kind if carrying else read[-1][2].kind
        text = " ".join(entry[2].core for entry in carrying)
        again = bool(text) and self._open is not None and _overlap(text, self._open.text) >= _SAME_QUESTION
        self.settle(kind, asked_again=again)
        if not carrying or (kind is CustomerKind.STATEMENT and self._open is not None):
            self.skipped.extend(f"customer_{entry[2].kind}" for entry in read)
            return
        index, turn, _ = carrying[0]
        self._take_question(kind, text, self._source(index, turn))

    def _take_question(self, kind: CustomerKind, text: str, asked: SourceTurn) -> None:
        if word_count(text) > _LONGEST_QUESTION_WORDS:
            self._open = None
            self.skipped.append("question_too_long")
            return
        before = self._open
        if kind is CustomerKind.FOLLOW_UP and before is not None:
            self._open = _Open(f"{before.root} {text}", before.root, asked, _FOLLOW_UP)
        else:
            self._open = _Open(text, text, asked, _FOLLOW_UP if kind is not CustomerKind.QUESTION else 1.0)

    def hear_agent(self, turns: list[tuple[int, Turn]]) -> None:
        text = "\n".join(turn.text.strip() for _, turn in turns)
        reply = AgentReply(
            source=SourceTurn(self._dialogue.conversation_id, turns[0][0], "agent", text),
            reply=self._read_reply(text),
            dialogue_language=self._dialogue.language,
        )
        self.replies.append(reply)
        self._asked_back = reply.reply.kind is ReplyKind.ASKS_BACK
        if reply.reply.kind is not ReplyKind.ANSWER:
            self.skipped.append(f"reply_{reply.reply.kind}")
        elif self._open is None:
            self.skipped.append("reply_without_question")
        else:
            self._unsettled.append((self._open, reply, _LATER_REPLY if self._open.answered else 1.0))
            self._open.answered = True

    def settle(self, after: CustomerKind | None, *, asked_again: bool = False) -> None:
        """Weighs the replies since the last customer turn by what came after them."""
        outcome = _ASKED_AGAIN if asked_again else _AFTER[after]
        for question, reply, position in self._unsettled:
            length = _LONG_REPLY if word_count(reply.reply.core) > _LONG_REPLY_WORDS else 1.0
            self.exchanges.append(
                Exchange(
                    self._mask(question.text),
                    question.asked,
                    reply,
                    question.factor * position * outcome * length,
                )
            )
        self._unsettled.clear()

    def _source(self, index: int, turn: Turn) -> SourceTurn:
        return SourceTurn(self._dialogue.conversation_id, index, turn.role, turn.text)


_CARRYING = {CustomerKind.QUESTION, CustomerKind.FOLLOW_UP, CustomerKind.STATEMENT}


def _overlap(first: str, second: str) -> float:
    """Jaccard overlap of the words (English) or characters (Chinese) of two texts."""
    one, other = _pieces(first), _pieces(second)
    return len(one & other) / len(one | other) if one and other else 0.0


def _pieces(text: str) -> set[str]:
    folded = fold(text)
    return set(folded.split()) if folded.isascii() else set(folded.replace(" ", ""))
