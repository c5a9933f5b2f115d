"""A draft for a gap: the best of what people have replied to its questions. Without such a reply there is none. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from bot.db.base import JsonObject
from bot.imports.mining_turns import ReplyKind, read_reply
from bot.knowledge.likeness import likeness
from retrieval.encoder import Vectors
from retrieval.masking import mask_names_and_numbers

AGENT_REPLY, DIALOGUE = "agent_reply", "dialogue"
ASKED_ALIKE = 0.75
"""Level of similarity from which a question of a past dialogue is taken for one of the gap's."""
COMPARED = 50


@dataclass(frozen=True)
class HumanReply:
    """What a person wrote, what of it states an answer, and to which question; ``origin`` is a label or a dialogue."""

    text: str
    language: str
    source: str
    origin: str
    asked: str

    def to_json(self) -> JsonObject:
        return asdict(self)


def usable_reply(text: str, *, language: str, source: str, origin: str, asked: str) -> HumanReply | None:
    """Without greetings and closing questions; None for "one moment, please" and what is about one customer's own case."""
    read = read_reply(text)
    if read.kind is not ReplyKind.ANSWER:
        return None
    return HumanReply(mask_names_and_numbers(read.core).text, language, source, origin, asked)


def replies_in(turns: Sequence[JsonObject], *, language: str, origin: str) -> Iterable[HumanReply]:
    """Agents' answers in a past dialogue, each to the customer's turn right before it."""
    for before, after in pairwise(turns):
        if before.get("role") == "customer" and after.get("role") == "agent":
            reply = usable_reply(
                after["text"], language=language, source=DIALOGUE, origin=origin, asked=before["text"]
            )
            if reply is not None:
                yield reply


def best_reply(replies: Sequence[HumanReply], *, language: str) -> HumanReply | None:
    """In the language asked in where there is one: the reply that is most like the others, of equals the newest."""
    own = [reply for reply in replies if reply.language == language] or list(replies)
    newest = own[-COMPARED:]
    if not newest:
        return None
    agreement = [sum(likeness(one.text, other.text) for other in newest) for one in newest]
    return newest[max(range(len(newest)), key=lambda place: (round(agreement[place], 6), place))]


def nearest_replies(
    medoid: Vectors, replies: Sequence[HumanReply], asked: Vectors, *, least: float
) -> list[HumanReply]:
    """Those whose question is as like the medoid as ``least``, the most like last; ``asked`` are the questions' vectors."""
    if not len(replies):
        return []
    cosines: Any = np.round(asked @ medoid, 5)
    order = sorted(range(len(replies)), key=lambda place: (cosines[place], place))
    return [replies[place] for place in order if cosines[place] >= least]
