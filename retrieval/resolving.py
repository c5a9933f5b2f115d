"""Searching for an utterance in its conversation: plain and in context at once, and the gate between the two."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from retrieval.blending import WIDTH, blended
from retrieval.candidates import Retrieved
from retrieval.composition_confidence import judged_composition
from retrieval.confidence_model import known_question
from retrieval.context import (
    ALONE,
    CORRECTION,
    FOLLOW_UP,
    JOINED,
    RESOLVE_AT,
    WEIGHTS,
    InContext,
    Turn,
    chance_of_leaning,
    gate_features,
    in_context,
    in_effect,
    short,
    to_encode,
    together,
    without_answer,
)
from retrieval.encoder import Vectors
from retrieval.follow_ups import correction, cues_of
from retrieval.normalize import fold, normalize
from retrieval.records import Language

if TYPE_CHECKING:
    from retrieval.engine import Engine


def retrieve_in_context(
    engine: Engine, utterance: str, *, language: Language, turns: Sequence[Turn], limit: int = 10
) -> Retrieved:
    """What is found for an utterance after `turns`, the last one first; `Retrieved.context` says what they did to it."""
    turns = in_effect(turns)
    if not turns or fold(utterance) == fold(turns[0].utterance):  # who says it again does not lean on it
        return engine.retrieve(utterance, language=language, limit=limit)
    if turns[0].unfinished:
        return _joined(engine, utterance, language, turns, limit)
    corrected = correction(utterance)
    if corrected is not None and turns[0].answer_id is not None:
        return _corrected(engine, corrected, language, turns, limit)
    return _followed(engine, utterance, language, turns, limit)


def _joined(
    engine: Engine, utterance: str, language: Language, turns: Sequence[Turn], limit: int
) -> Retrieved:
    """Several quick messages are one question, in the order in which they came, unless the last one says more alone."""
    whole = _together(utterance, turns)
    plain, joined = engine.retrieve_all([(utterance, language), (whole, language)], limit=limit)
    alone, jointly = (_best(engine, found) for found in (plain, joined))
    if alone >= jointly or known_question(plain):
        return replace(plain, context=InContext(ALONE, _said(turns), 0.0))
    return replace(joined, context=InContext(JOINED, _said(turns), 1.0))


def _corrected(
    engine: Engine, corrected: str, language: Language, turns: Sequence[Turn], limit: int
) -> Retrieved:
    """The answer just given was not meant; where nothing else was named, the next best one to the same question is searched."""
    refused = turns[0].answer_id
    found = (
        _followed(engine, corrected, language, turns, limit, refused=refused)
        if corrected
        else engine.retrieve(turns[0].utterance, language=language, limit=limit)
    )
    chance = found.context.chance if found.context else 1.0
    told = InContext(CORRECTION, _said(turns), chance, without=refused)
    return replace(without_answer(found, refused), context=told)


def _followed(
    engine: Engine,
    utterance: str,
    language: Language,
    turns: Sequence[Turn],
    limit: int,
    *,
    refused: str | None = None,
) -> Retrieved:
    found = search_both_ways(engine, utterance, language=language, turns=turns, limit=limit)
    plain, leaning = (without_answer(each, refused) for each in found)
    chance = _chance(engine, utterance, plain, leaning)
    how, chosen = (FOLLOW_UP, leaning) if chance >= RESOLVE_AT else (ALONE, plain)
    return replace(chosen, context=InContext(how, _said(turns), round(chance, 4)))


def search_both_ways(
    engine: Engine, utterance: str, *, language: Language, turns: Sequence[Turn], limit: int = 10
) -> tuple[Retrieved, Retrieved]:
    """What the plain utterance finds and what it finds after `turns`, encoded together; the timings are those of both."""
    begin = perf_counter()
    reply = short(turns[0].reply)
    texts = [utterance, to_encode(utterance, _said(turns)), *([reply] if reply else [])]
    encoded = engine.retriever.encoder.encode_messages([normalize(text) for text in texts])
    encode_ms = (perf_counter() - begin) * 1000
    plain = _searched(engine, utterance, encoded.embeddings[0], encoded.tuned[0], language, limit)
    embedding, tuned = (in_context(*rows[1:]) for rows in (encoded.embeddings, encoded.tuned))
    leaning = _searched(engine, _together(utterance, turns), embedding, tuned, language, limit)
    timings = {"encode": encode_ms}
    timings |= {stage: plain.timings_ms[stage] + ms for stage, ms in leaning.timings_ms.items()}
    both = blended(leaning, plain, share=WEIGHTS.share, limit=limit)
    return (
        replace(plain, candidates=plain.candidates[:limit], timings_ms=timings),
        replace(both, timings_ms=timings),
    )


def _chance(engine: Engine, utterance: str, plain: Retrieved, leaning: Retrieved) -> float:
    """0 for an approved question, word for word: it means what it says."""
    if known_question(plain):
        return 0.0
    return chance_of_leaning(weighed(engine, utterance, plain, leaning))


def weighed(engine: Engine, utterance: str, plain: Retrieved, leaning: Retrieved) -> dict[str, float]:
    """The gate's features of an utterance that was searched both ways."""
    alone, with_turns = (_best(engine, found) for found in (plain, leaning))
    return gate_features(cues_of(utterance), plain, leaning, alone=alone, in_context=with_turns)


def _best(engine: Engine, found: Retrieved) -> float:
    """P(right) of the best that could be said: an answer, or what the documents hold."""
    composition = judged_composition(found, unknown_share=engine.confidence.unknown_share)
    return max([*engine.confidences(found), composition.confidence if composition else 0.0], default=0.0)


def _searched(
    engine: Engine, text: str, vector: Vectors, tuned: Vectors, language: Language, limit: int
) -> Retrieved:
    found = engine.retriever.search_vector(
        text,
        np.ascontiguousarray(vector),
        language=language,
        limit=max(WIDTH, limit),
        enough=limit,
        fusion=engine.confidence.fusion,
        reading=None if engine.head is None else engine.head.read(tuned, text),
    )
    found = engine.retriever.with_sections(text, found)
    if engine.traffic is None:
        return found
    return engine.traffic.surround([found], engine.confidence.fusion)[0]


def _together(utterance: str, turns: Sequence[Turn]) -> str:
    return together(utterance, _said(turns))


def _said(turns: Sequence[Turn]) -> tuple[str, ...]:
    return tuple(turn.utterance for turn in turns)
