"""One state of the searchable knowledge. Never changed after it was made; a change makes another view."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrieval.background import Backgrounds
from retrieval.bm25 import Bm25
from retrieval.documents import Documents
from retrieval.index import VectorIndex
from retrieval.records import PassageRecord, QuestionRecord
from retrieval.sources import Sources


@dataclass(frozen=True, slots=True)
class Owners:
    """Which answer each record belongs to: `numbers` (n,) rising, `documents` (n,) of the answers, both int64."""

    numbers: NDArray[np.int64]
    documents: NDArray[np.int64]

    @classmethod
    def of(cls, records: Mapping[int, QuestionRecord | PassageRecord], documents: Documents) -> Owners:
        numbers = np.fromiter(sorted(records), np.int64, len(records))
        owners = (documents.numbers[records[number].answer_id] for number in numbers.tolist())
        return cls(numbers, np.fromiter(owners, np.int64, len(records)))

    def __getitem__(self, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        """(m,) documents of records (m,) that there are."""
        owners: NDArray[np.int64] = self.documents[np.searchsorted(self.numbers, numbers)]
        return owners


@dataclass(frozen=True, slots=True)
class View:
    """Everything a search reads.

    Attributes:
        headings: number of a passage -> the question that was encoded in front of its text ("" for none).
        question_numbers, passage_numbers: answer -> numbers of its records, rising.
        question_owners, passage_owners: number of a record -> number of its answer's document.
        lexical: over questions (key 2 * number) and bare answer texts (key 2 * number + 1).
        documents: over answers, all their texts together.
        sources: sections of documents, searched apart from all the above.
    """

    questions: Mapping[int, QuestionRecord]
    passages: Mapping[int, PassageRecord]
    headings: Mapping[int, str]
    question_numbers: Mapping[str, tuple[int, ...]]
    passage_numbers: Mapping[str, tuple[int, ...]]
    question_owners: Owners
    passage_owners: Owners
    question_index: VectorIndex
    passage_index: VectorIndex
    lexical: Bm25
    documents: Documents
    backgrounds: Backgrounds
    sources: Sources

    def is_known(self, answer_id: str) -> bool:
        """Whether the answer has a question or a text to search."""
        return answer_id in self.question_numbers or answer_id in self.passage_numbers

    def texts_of(self, answer_id: str, *, without: Collection[int] = ()) -> list[str]:
        """All texts of an answer but the questions of these numbers."""
        questions = [
            self.questions[n].text for n in self.question_numbers.get(answer_id, ()) if n not in without
        ]
        return questions + [self.passages[n].text for n in self.passage_numbers.get(answer_id, ())]


def question_key(number: int) -> int:
    return 2 * number


def passage_key(number: int) -> int:
    return 2 * number + 1


def numbers_by_answer(records: Iterable[QuestionRecord | PassageRecord]) -> dict[str, tuple[int, ...]]:
    """Answer -> numbers of its records, rising."""
    grouped: dict[str, list[int]] = {}
    for record in records:
        grouped.setdefault(record.answer_id, []).append(record.number)
    return {answer_id: tuple(sorted(numbers)) for answer_id, numbers in grouped.items()}


def texts_by_answer(
    records: Iterable[QuestionRecord | PassageRecord], *, answer_ids: Iterable[str] = ()
) -> dict[str, list[str]]:
    """Answer -> its texts; with `answer_ids` these answers only, also those that have no text any more."""
    texts: dict[str, list[str]] = {answer_id: [] for answer_id in answer_ids}
    wanted = set(texts)
    for record in records:
        if not wanted or record.answer_id in wanted:
            texts.setdefault(record.answer_id, []).append(record.text)
    return texts


def heading_of(passage: PassageRecord, questions: Iterable[QuestionRecord]) -> str:
    """The first question of the passage's answer in the passage's language, "" where there is none.

    `questions` are those of the same answer, in rising order of number.
    """
    return next((question.text for question in questions if question.language == passage.language), "")


def passage_text(heading: str, text: str) -> str:
    """What is encoded for a passage; a heading that opens the text already is not repeated."""
    if not heading or text.startswith(heading):
        return text
    return f"{heading}\n{text}"
