"""The demo company's second questions: follow-ups, which lean on the first, and others that stand alone after an unrelated one.

A line has {"id", "language", "kind": "follow_up" | "stand_alone", "first", "then", "answer_key"}. Half of the answers are for choosing,
the other half is held out, told apart by a hash of the answer, so that a follow-up and its translation are on one side.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from retrieval.candidates import Retrieved
from retrieval.confidence_model import known_question
from retrieval.context import Turn
from retrieval.decision import Decision, Outcome
from retrieval.engine import Engine
from retrieval.follow_ups import may_follow_up
from retrieval.records import Language
from retrieval.resolving import search_both_ways, weighed
from training.errors import EvaluationError
from training.evaluation.demo import FAQ_FILE, QUESTIONS_FILE, json_lines

PAIRS_FILE = "follow_ups.jsonl"
FOLLOW_UP, STAND_ALONE = "follow_up", "stand_alone"


@dataclass(frozen=True, slots=True)
class Pair:
    first: str
    then: str
    language: Language
    kind: str
    answer_key: str

    @property
    def held_out(self) -> bool:
        return hashlib.sha256(self.answer_key.encode()).digest()[0] % 2 == 1


@dataclass(frozen=True, slots=True)
class Answers:
    """Answer ids of a release by the keys of the company's files, and the other way round."""

    keys: Mapping[str, str]

    @classmethod
    def of(cls, engine: Engine, demo: Path) -> Answers:
        """Found by the questions; raises EvaluationError where the release knows other ones."""
        fields = ("answer_key", "language", "question")
        keys = {
            (row["question"], row["language"]): row["answer_key"]
            for row in json_lines(demo / FAQ_FILE, fields=fields)
        }
        known = engine.retriever.view.questions.values()
        found = {
            each.answer_id: keys[each.text, each.language]
            for each in known
            if (each.text, each.language) in keys
        }
        if not found:
            raise EvaluationError(
                f"the release knows none of the questions of {demo / FAQ_FILE}; name one that does"
            )
        return cls(found)

    def best(self, retrieved: Retrieved) -> str | None:
        return self.keys.get(retrieved.candidates[0].answer_id) if retrieved.candidates else None


@dataclass(frozen=True, slots=True)
class BothWays:
    """A pair that was asked: what the second question finds alone and in context, and the gate's features; None where
    its wording rules context out."""

    pair: Pair
    plain: Retrieved
    leaning: Retrieved
    features: Mapping[str, float] | None


def read_pairs(demo: Path) -> tuple[Pair, ...]:
    """Raises EvaluationError."""
    fields = ("language", "kind", "first", "then", "answer_key")
    return tuple(
        Pair(**{name: row[name] for name in fields}) for row in json_lines(demo / PAIRS_FILE, fields=fields)
    )


def test_questions_after(demo: Path, pairs: Sequence[Pair]) -> tuple[Pair, ...]:
    """The company's test questions, each after a first question about something else."""
    firsts = {
        language: [p for p in pairs if p.language == language and p.kind == FOLLOW_UP]
        for language in ("en", "zh")
    }
    asked = []
    for place, row in enumerate(
        json_lines(demo / QUESTIONS_FILE, fields=("language", "question", "answer_keys"))
    ):
        if row["answer_keys"]:
            others = [p for p in firsts[row["language"]] if p.answer_key not in row["answer_keys"]]
            first = others[(7 * place) % len(others)].first
            asked.append(Pair(first, row["question"], row["language"], STAND_ALONE, row["answer_keys"][0]))
    return tuple(asked)


def ask_both_ways(engine: Engine, pair: Pair) -> BothWays:
    """The second question after the first one, to which the engine has replied as it does."""
    turn = _replied(engine, pair)
    if not may_follow_up(pair.then):
        plain = engine.retrieve(pair.then, language=pair.language)
        return BothWays(pair, plain, plain, None)
    plain, leaning = search_both_ways(engine, pair.then, language=pair.language, turns=[turn])
    features = None if known_question(plain) else weighed(engine, pair.then, plain, leaning)
    return BothWays(pair, plain, leaning, features)


def _replied(engine: Engine, pair: Pair) -> Turn:
    decision: Decision = engine.decide(
        engine.retrieve(pair.first, language=pair.language), asks_for_person=False
    )
    if decision.outcome is not Outcome.ANSWERED:
        return Turn(pair.first, pair.language)
    answer_id = decision.answers[0].candidate.answer_id
    view = engine.retriever.view
    passages = [view.passages[number] for number in view.passage_numbers.get(answer_id, ())]
    text = next((each.text for each in passages if each.language == pair.language), "")
    return Turn(pair.first, pair.language, text, answer_id)
