"""An utterance in its conversation: whether it leans on what was said before, and how to search for it then.

Nothing is rewritten. The utterance is searched plain and together with what came before it, and the evidence of both is averaged
(:mod:`retrieval.blending`), by weights learned on dialogues; a gate of few features compares what is found so with what the plain
utterance finds, and where it is unsure the plain search stays. `python -m training benchmark context --choose` and
`follow-ups --fit` learn them again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import exp, log, log1p

import numpy as np
from numpy.typing import NDArray

from retrieval.candidates import Retrieved
from retrieval.follow_ups import Cues
from retrieval.lexical import tokenize_lexical
from retrieval.records import Language

Vectors = NDArray[np.float32]

MOST_TURNS = 3
"""Exchanges before the utterance that count."""
GATE: Mapping[str, float] = {
    "intercept": 1.53,
    "opens": 1.16,
    "ends": 1.24,
    "refers": 0.82,
    "named": -1.23,
    "known": 1.46,
    "alone": -0.57,
    "in_context": 0.61,
    "same": -1.16,
    "apart": -0.68,
}
RESOLVE_AT = 0.65
"""Above one half: a question that stands alone and is answered wrongly costs more than a follow-up handed on."""
MOST_LOG_ODDS = 5.0


@dataclass(frozen=True, slots=True)
class ContextWeights:
    """How much what came before counts.

    Attributes:
        share: of the evidence that the search in context brings; the plain one brings the rest.
        reply: of a short last reply's vector beside that of the messages together, which has 1.
    """

    share: float
    reply: float


WEIGHTS = ContextWeights(share=0.6, reply=0.7)
LONG_REPLY = 20
"""Terms. A longer reply says more than what was asked for, and is left out."""
MOST_TOGETHER = 600
"""Characters that are encoded together, the last ones: an encoder cuts at the end, where the utterance is."""


@dataclass(frozen=True, slots=True)
class Turn:
    """An exchange before the utterance.

    Attributes:
        reply: what the bot said, "" where it was in the bot's own words.
        answer_id: the answer that it gave.
        leads_on: it was itself understood with the turn before it, so that one counts as well.
        unfinished: it was not answered and came but a moment ago: the utterance may be the rest of it.
    """

    utterance: str
    language: Language
    reply: str = ""
    answer_id: str | None = None
    leads_on: bool = False
    unfinished: bool = False


@dataclass(frozen=True, slots=True)
class InContext:
    """What context did to a search.

    Attributes:
        how: "follow_up", "correction", "joined" (with a message just before), or "alone" where the plain utterance was searched.
        turns: the utterances it was searched with, the last one first; those it was compared with where `how` is "alone".
        chance: P(it leans on them), by the gate.
        without: the answer that was left out, since it has just been refused.
    """

    how: str
    turns: tuple[str, ...]
    chance: float
    without: str | None = None

    @property
    def resolved(self) -> bool:
        return self.how != ALONE


FOLLOW_UP, CORRECTION, JOINED, ALONE = "follow_up", "correction", "joined", "alone"


def in_effect(turns: Sequence[Turn]) -> tuple[Turn, ...]:
    """Of the turns, the last one first, those that an utterance can lean on: the last, and what that one leaned on."""
    chosen: list[Turn] = []
    for turn in turns[:MOST_TURNS]:
        chosen.append(turn)
        if not turn.leads_on:
            break
    return tuple(chosen)


def together(utterance: str, turns: Sequence[str]) -> str:
    """An utterance behind those before it (the last one first), in the order in which they came."""
    return " ".join([*reversed(turns), utterance])


def to_encode(utterance: str, turns: Sequence[str]) -> str:
    """What of `together` is encoded."""
    return together(utterance, turns)[-MOST_TOGETHER:]


def in_context(
    messages: Vectors, reply: Vectors | None = None, *, weights: ContextWeights = WEIGHTS
) -> Vectors:
    """(d,) unit row of the messages together (d,) after a short `reply` (d,)."""
    moved = messages if reply is None else messages + weights.reply * reply
    unit: Vectors = (moved / max(float(np.linalg.norm(moved)), 1e-9)).astype(np.float32)
    return unit


def short(reply: str) -> str:
    """The reply, or nothing where it is a long one."""
    return reply if len(tokenize_lexical(reply)) <= LONG_REPLY else ""


def gate_features(
    cues: Cues, plain: Retrieved, leaning: Retrieved, *, alone: float, in_context: float
) -> dict[str, float]:
    """What the gate weighs.

    Args:
        plain, leaning: what the plain utterance finds, and what context does.
        alone, in_context: confidence of the best answer of each.

    "known" is how much of the utterance's weight the texts of its best answer have: words of its own, which no answer has, say what it is about.
    """
    named = log1p(cues.named)
    return {
        "intercept": 1.0,
        "opens": float(cues.opens),
        "ends": float(cues.ends),
        "refers": float(cues.refers),
        "named": named,
        "known": plain.candidates[0].answer_lexical if plain.candidates else 0.0,
        "alone": _log_odds(alone),
        "in_context": _log_odds(in_context),
        "same": float(_best_answer(plain) == _best_answer(leaning)),
        "apart": apart(plain, leaning) * named,
    }


def apart(plain: Retrieved, leaning: Retrieved) -> float:
    """By how many standard deviations what context finds is further from the plain utterance than what that finds itself.

    A follow-up fits its answer with and without context; a question that stands alone only without.
    """
    standings = {each.answer_id: each.standing for each in plain.candidates}
    if not standings or not leaning.candidates:
        return 0.0
    held = standings.get(leaning.candidates[0].answer_id, min(standings.values()))
    return max(standings.values()) - held


def chance_of_leaning(features: Mapping[str, float]) -> float:
    """P(the utterance is to be read in context): a logistic regression."""
    return 1.0 / (1.0 + exp(-sum(GATE[name] * value for name, value in features.items())))


def without_answer(retrieved: Retrieved, answer_id: str | None) -> Retrieved:
    """As if the answer were not there; whoever has just refused it does not want it again."""
    kept = tuple(each for each in retrieved.candidates if each.answer_id != answer_id)
    return retrieved if len(kept) == len(retrieved.candidates) else replace(retrieved, candidates=kept)


def _best_answer(retrieved: Retrieved) -> str | None:
    return retrieved.candidates[0].answer_id if retrieved.candidates else None


def _log_odds(chance: float) -> float:
    held = min(max(chance, 1e-6), 1 - 1e-6)
    return max(-MOST_LOG_ODDS, min(MOST_LOG_ODDS, log(held / (1 - held))))
