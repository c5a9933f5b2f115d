"""Logged messages, asked again: which would be answered otherwise. Nothing is refused for it; people look at the list.

A replay file has one JSON object a line: {"utterance", "language", "outcome", "answer_id", "confidence", "rating"}, `answer_id` and
`rating` ("up", "down") null where there was none. Utterances are masked.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from retrieval.decision import Outcome
from retrieval.engine import Engine
from retrieval.normalize import fold
from training.errors import GateInputError
from training.gate.asking import Question, Replies, ask_plainly

MOST_ASKED = 1000  # utterances, the most frequent ones
MOST_LISTED = 300


@dataclass(frozen=True, slots=True)
class Given:
    """What a reply came to. `answer` is "" where none was given."""

    outcome: str
    answer: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Logged:
    """An utterance and how often it came; `given` is what the last one of them got."""

    utterance: str
    language: str
    given: Given
    count: int
    up: int
    down: int


@dataclass(frozen=True, slots=True)
class Changed:
    """An utterance that would be answered otherwise. `before` is the serving release, or what was logged without one."""

    utterance: str
    language: str
    count: int
    up: int
    down: int
    logged: Given
    before: Given
    after: Given


@dataclass(frozen=True, slots=True)
class Replay:
    """`messages` and `utterances` that were asked again; `changed` by falling traffic."""

    messages: int
    utterances: int
    changed_messages: int
    changed: tuple[Changed, ...]


def read_replay(path: Path) -> tuple[Logged, ...]:
    """Equal utterances together, the most frequent first. Raises GateInputError."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise GateInputError(f"{path} cannot be read as a replay ({error}); export it again") from error
    found: dict[tuple[str, str], Logged] = {}
    for number, line in enumerate(lines, start=1):
        try:
            logged = _logged(json.loads(line))
        except (ValueError, TypeError, KeyError) as error:
            raise GateInputError(
                f"{path}, line {number}: no logged message ({error!r}); export it again"
            ) from error
        key = (fold(logged.utterance), logged.language)
        before = found.get(key)
        found[key] = logged if before is None else _added(before, logged)
    return tuple(sorted(found.values(), key=lambda each: (-each.count, each.utterance)))


def replayed(candidate: Engine, serving: Engine | None, logged: Sequence[Logged]) -> Replay:
    rows = logged[:MOST_ASKED]
    questions = [Question(each.utterance, each.language, "", frozenset(), 0) for each in rows]
    after = given_by(ask_plainly(candidate, questions)) if rows else []
    before = given_by(ask_plainly(serving, questions)) if rows and serving else [each.given for each in rows]
    changed = [
        Changed(each.utterance, each.language, each.count, each.up, each.down, each.given, old, new)
        for each, old, new in zip(rows, before, after, strict=True)
        if (old.outcome, old.answer) != (new.outcome, new.answer)
    ]
    return Replay(
        messages=sum(each.count for each in rows),
        utterances=len(rows),
        changed_messages=sum(each.count for each in changed),
        changed=tuple(changed[:MOST_LISTED]),
    )


def given_by(replies: Replies) -> list[Given]:
    """An answer counts as given only where the outcome is that it is."""
    rows: Iterable[tuple[Outcome, str, float]] = zip(
        replies.outcomes, replies.given, replies.confidence.tolist(), strict=True
    )
    return [
        Given(str(outcome), answer if outcome is Outcome.ANSWERED else "", round(confidence, 4))
        for outcome, answer, confidence in rows
    ]


def _logged(row: dict[str, object]) -> Logged:
    utterance, rating = str(row["utterance"]), row.get("rating")
    if not utterance.strip():
        raise ValueError("the utterance is empty")
    given = Given(
        str(Outcome(str(row["outcome"]))), str(row["answer_id"] or ""), float(str(row["confidence"]))
    )
    return Logged(utterance, str(row["language"]), given, 1, int(rating == "up"), int(rating == "down"))


def _added(before: Logged, logged: Logged) -> Logged:
    return replace(logged, count=before.count + 1, up=before.up + logged.up, down=before.down + logged.down)
