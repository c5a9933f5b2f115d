"""Several questions in one message: cut apart by their signs, and answered each where every one of them surely has its own answer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import prod

from retrieval.decision import Decision, Outcome
from retrieval.follow_ups import cues_of
from retrieval.lexical import tokenize_lexical
from retrieval.normalize import normalize

MOST_QUESTIONS = 3
LEAST_TERMS = 2
"""A part of fewer is an exclamation ("hi!", "thanks!") and goes with its neighbour."""
SEVERAL_QUESTIONS = "several_questions"
"""The rule of such a reply."""

# A point ends a sentence before a blank only: "4.90" and "support@lumo.example" are whole.
_END = re.compile(r"(?<=[?？!！。;；])\s*|(?<=[.])\s+(?=[^\W\d])|\n+")


def questions_in(text: str) -> tuple[str, ...]:
    """The questions of a message that has 2 to MOST_QUESTIONS of them, else nothing."""
    parts: list[str] = []
    short = ""
    for piece in filter(None, map(normalize, _END.split(text))):
        if len(tokenize_lexical(piece)) >= LEAST_TERMS:
            parts.append(f"{short} {piece}".strip())
            short = ""
        elif parts:
            parts[-1] = f"{parts[-1]} {piece}"
        else:
            short = f"{short} {piece}".strip()
    return tuple(parts) if 2 <= len(parts) <= MOST_QUESTIONS else ()


def leans_on_the_first(parts: Sequence[str]) -> bool:
    """Whether a later part reads like a follow-up ("Do you repair phones? How much is it?"), which alone asks something else."""
    cues = [cues_of(part) for part in parts[1:]]
    return any(each.opens or each.ends or each.refers for each in cues)


def answers_each(whole: Decision, parts: Sequence[Decision]) -> bool:
    """Whether the parts are to be answered each: all surely, differently, and none worse than the whole message.

    A whole that is answered like one of the parts has lost the others, however sure it is.
    """
    if len(parts) < 2 or any(part.outcome is not Outcome.ANSWERED for part in parts):
        return False
    given = {part.answers[0].candidate.answer_id for part in parts}
    if len(given) < len(parts):
        return False
    answered_in_part = whole.outcome is Outcome.ANSWERED and whole.answers[0].candidate.answer_id in given
    return answered_in_part or min(part.confidence for part in parts) >= whole.confidence


def joint_confidence(parts: Sequence[Decision]) -> float:
    """P(all are right), as if they erred independently."""
    return prod(part.confidence for part in parts)
