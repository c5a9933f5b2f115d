"""FeedbackQA as documents: page sections to compose from, and questions with the section that is right."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from pathlib import Path

from retrieval.records import SectionRecord
from training.errors import EvaluationError
from training.evaluation.inputs import read_table

SOURCES = ("Australia", "CDC")
SPLITS = ("train", "valid", "test")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question and the number of the section that is right."""

    question: str
    number: int


@dataclass(frozen=True, slots=True)
class DocumentSet:
    """One company's sections, numbered from 1 in their order, and the questions of one split."""

    name: str
    sections: tuple[SectionRecord, ...]
    asked: tuple[Asked, ...]


def read_document_sets(data: Path, *, split: str) -> tuple[DocumentSet, ...]:
    """Of the folder "feedbackqa" below `data`.

    Raises:
        EvaluationError: the split is unknown, or a file is missing.
    """
    if split not in SPLITS:
        raise EvaluationError(f"--split {split!r} is none of {', '.join(SPLITS)}")
    folder = data / "feedbackqa"
    pages = _pages(folder / "passages.jsonl.gz")
    questions = read_table(folder / "questions.csv", columns=("source", "split", "question", "passage_id"))
    return tuple(_document_set(source, pages, questions, split) for source in SOURCES)


def _document_set(
    source: str, pages: list[dict[str, object]], questions: list[dict[str, str]], split: str
) -> DocumentSet:
    sections = tuple(
        SectionRecord(
            number=number,
            section_id=str(page["passage_id"]),
            document_id=str(page["url"]),
            heading=" › ".join([str(page["page_title"]), *_headers(page)]),
            text=str(page["content"]),
            language="en",
        )
        for number, page in enumerate((page for page in pages if page["source"] == source), start=1)
    )
    numbers = {section.section_id: section.number for section in sections}
    asked = tuple(
        Asked(row["question"], numbers[row["passage_id"]])
        for row in questions
        if row["source"] == source and row["split"] == split
    )
    return DocumentSet(source, sections, asked)


def _headers(page: dict[str, object]) -> list[str]:
    headers = page["headers"]
    return [str(each) for each in headers] if isinstance(headers, list) else []


def _pages(file: Path) -> list[dict[str, object]]:
    try:
        with gzip.open(file, "rt", encoding="utf-8") as stream:
            return [json.loads(line) for line in stream]
    except OSError as error:
        raise EvaluationError(f"{file} cannot be read: {error.strerror or error}") from error
