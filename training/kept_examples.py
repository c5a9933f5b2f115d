"""Examples for the confidence as numbers alone: the texts they are about come from the export again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from retrieval.candidates import FOUND, Candidate, Retrieved
from retrieval.records import Knowledge
from training.work_folder import Tensors

NUMBERS = (*FOUND, "relevance")


def candidates_as_tensors(found: Sequence[Retrieved], knowledge: Knowledge) -> Tensors:
    """Of n searches: how many candidates and words each has; of all m candidates, one after the other, the numbers."""
    columns = {answer: column for column, answer in enumerate(_answers(knowledge))}
    every = [candidate for retrieved in found for candidate in retrieved.candidates]
    return {
        "counts": np.array([len(retrieved.candidates) for retrieved in found], np.int64),
        "words": np.array([retrieved.words for retrieved in found], np.int64),
        "nearness": np.array([retrieved.nearness for retrieved in found], np.float64),
        "answers": np.array([columns[candidate.answer_id] for candidate in every], np.int64),
        "questions": np.array([candidate.question_number for candidate in every], np.int64),
        "exact": np.array([candidate.exact for candidate in every], np.bool_),
        "numbers": np.array([[getattr(each, name) for name in NUMBERS] for each in every], np.float64),
    }


def candidates_of_tensors(
    tensors: Tensors, knowledge: Knowledge
) -> list[tuple[int, float, tuple[Candidate, ...]]]:
    """For each search its words, its nearness and its candidates, as they were."""
    answers = _answers(knowledge)
    texts: Mapping[int, str] = {0: ""} | {question.number: question.text for question in knowledge.questions}
    rows = zip(
        tensors["answers"].tolist(),
        tensors["questions"].tolist(),
        tensors["exact"].tolist(),
        tensors["numbers"].tolist(),
        strict=True,
    )
    every = [
        Candidate(
            answer_id=answers[column],
            question=texts[number],
            question_number=number,
            exact=exact,
            **dict(zip(NUMBERS, numbers, strict=True)),
        )
        for column, number, exact, numbers in rows
    ]
    ends = np.cumsum(tensors["counts"]).tolist()
    starts = [0, *ends[:-1]]
    firsts = zip(tensors["words"].tolist(), tensors["nearness"].tolist(), starts, ends, strict=True)
    return [(words, nearness, tuple(every[start:end])) for words, nearness, start, end in firsts]


def _answers(knowledge: Knowledge) -> list[str]:
    return sorted({q.answer_id for q in knowledge.questions} | {p.answer_id for p in knowledge.passages})
