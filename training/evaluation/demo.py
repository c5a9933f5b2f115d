"""The demo company's own test questions: they measure, and nothing is ever tuned on them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from retrieval.records import Knowledge, PassageRecord, QuestionRecord
from training.errors import EvaluationError
from training.evaluation.inputs import TrainingData
from training.evaluation.sets import LabelledSet

FAQ_FILE, QUESTIONS_FILE = "faq.jsonl", "test_questions.jsonl"
DEMO = "demo"
OTHER = {"en": "zh", "zh": "en"}

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class DemoCompany:
    """Knowledge rows (one answer in one language each) and test questions (`answer_keys` empty when unanswerable)."""

    answers: tuple[Row, ...]
    questions: tuple[Row, ...]

    @classmethod
    def read(cls, folder: Path) -> DemoCompany:
        """Raises EvaluationError when a file is missing or malformed."""
        return cls(
            json_lines(
                folder / FAQ_FILE, fields=("answer_key", "language", "question", "phrasings", "answer")
            ),
            json_lines(folder / QUESTIONS_FILE, fields=("language", "question", "answer_keys")),
        )

    def as_set(self) -> LabelledSet:
        """All knowledge, all test questions, scored per language."""
        groups = {
            f"{DEMO} {language}": tuple(
                place for place, question in enumerate(self.questions) if question["language"] == language
            )
            for language in OTHER
        }
        return self._labelled(DEMO, self.questions, known_in=tuple(OTHER), groups=groups)

    def across_languages(self, language: str) -> LabelledSet:
        """The answerable questions in `language`, with questions and answers in the other language alone."""
        asked = [q for q in self.questions if q["language"] == language and q["answer_keys"]]
        return self._labelled(
            f"{DEMO}_{language}_from_{OTHER[language]}",
            asked,
            known_in=(OTHER[language],),
            groups={f"{DEMO} {language}, knowledge in {OTHER[language]}": tuple(range(len(asked)))},
        )

    def sets(self) -> tuple[LabelledSet, ...]:
        """All that is measured of the company."""
        return (self.as_set(), *(self.across_languages(language) for language in OTHER))

    def _labelled(
        self, name: str, asked: Sequence[Row], *, known_in: Sequence[str], groups: dict[str, tuple[int, ...]]
    ) -> LabelledSet:
        return LabelledSet(
            name=name,
            training=TrainingData(self._knowledge(known_in), ()),
            texts=tuple(question["question"] for question in asked),
            right=tuple(frozenset(question["answer_keys"]) for question in asked),
            groups=groups,
            is_faq=True,
            chinese=True,
        )

    def _knowledge(self, languages: Sequence[str]) -> Knowledge:
        """The two language variants of an answer are one answer."""
        questions: list[QuestionRecord] = []
        passages: list[PassageRecord] = []
        for row in self.answers:
            key, language = row["answer_key"], row["language"]
            if language not in languages:
                continue
            passages.append(PassageRecord(len(passages) + 1, key, row["answer"], language))
            for text in (row["question"], *row["phrasings"]):
                questions.append(QuestionRecord(len(questions) + 1, key, text, language))
        return Knowledge(questions, passages)


def json_lines(path: Path, *, fields: Sequence[str]) -> tuple[Row, ...]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        rows = [json.loads(line) for line in lines if line.strip()]
    except OSError as error:
        raise EvaluationError(f"{path} cannot be read: {error.strerror or error}") from error
    except ValueError as error:
        raise EvaluationError(f"{path} is not JSON lines in UTF-8: {error}") from error
    for number, row in enumerate(rows, start=1):
        missing = [name for name in fields if name not in row] if isinstance(row, dict) else ["all fields"]
        if missing:
            raise EvaluationError(f"{path}, record {number}, lacks {', '.join(missing)}")
    if not rows:
        raise EvaluationError(f"{path} has no records")
    return tuple(rows)
