"""What a message costs, measured in turn with both releases, so that a busy machine slows both."""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter

import numpy as np

from retrieval.engine import Engine
from training.gate.asking import Question
from training.gate.checks import Check, passed, refused

TIMED = 40
WARMING = 3
SLOWEST_RATIO = 2.0
SLOWEST_MS = 150.0  # alone, or with another encoder than the serving release


def check_speed(candidate: Engine, serving: Engine | None, questions: Sequence[Question]) -> Check:
    """Median milliseconds of single messages; a ratio where both have the same encoder's architecture."""
    asked = list(questions[:TIMED])
    if not asked:
        return passed("speed", "There is no question to time.", messages=0)
    for engine in (candidate, serving):
        for row in asked[:WARMING] if engine else ():
            _milliseconds(engine, row)
    times = [(_milliseconds(candidate, row), _milliseconds(serving, row)) for row in asked]
    new, old = (float(np.median(each)) for each in zip(*times, strict=True))
    figures = {"messages": len(asked), "candidate_ms": new}
    if serving is None or serving.retriever.encoder.name != candidate.retriever.encoder.name:
        reason = f"A message takes {new:.1f} ms; {SLOWEST_MS:.0f} ms are the limit."
        return (refused if new > SLOWEST_MS else passed)("speed", reason, **figures)
    figures |= {"serving_ms": old, "ratio": new / old}
    reason = f"A message takes {new:.1f} ms, {old:.1f} ms with the serving release; {SLOWEST_RATIO:g} times as long is the limit."
    return (refused if new > SLOWEST_RATIO * old else passed)("speed", reason, **figures)


def _milliseconds(engine: Engine | None, row: Question) -> float:
    if engine is None:
        return 0.0
    started = perf_counter()
    engine.respond(row.text, row.language)
    return (perf_counter() - started) * 1000
