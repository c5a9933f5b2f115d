"""What the index is built from: approved questions, the texts of their answers, and sections of documents.

Numbers are the ids the vectors are stored under. Questions, passages and sections each have a number space of
their own; a number names one record for ever and is never given to another one.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from retrieval.errors import RetrievalError

Language = str


@dataclass(frozen=True, slots=True)
class QuestionRecord:
    """A phrasing that leads to an answer."""

    number: int
    answer_id: str
    text: str
    language: Language


@dataclass(frozen=True, slots=True)
class PassageRecord:
    """The approved text of an answer in one language."""

    number: int
    answer_id: str
    text: str
    language: Language


@dataclass(frozen=True, slots=True)
class SectionRecord:
    """A part of an approved document. It is a source to quote, not an answer.

    `heading` is the path to it, joined with " › ", the document's title first.
    """

    number: int
    section_id: str
    document_id: str
    heading: str
    text: str
    language: Language


@dataclass(frozen=True, slots=True)
class Knowledge:
    """The questions, answer texts and sections that may be used now, or a change to them."""

    questions: Sequence[QuestionRecord] = ()
    passages: Sequence[PassageRecord] = ()
    sections: Sequence[SectionRecord] = ()

    def check(self) -> None:
        """Raises RetrievalError when a number is not positive, is repeated, or a text is blank."""
        _check("question", self.questions)
        _check("passage", self.passages)
        _check("section", self.sections)


def _check(kind: str, records: Iterable[QuestionRecord | PassageRecord | SectionRecord]) -> None:
    counts: Counter[int] = Counter()
    for record in records:
        counts[record.number] += 1
        if record.number <= 0:
            raise RetrievalError(f"{kind} number {record.number} is not positive; numbers start at 1")
        if counts[record.number] > 1:
            raise RetrievalError(
                f"{kind} number {record.number} is given twice; every number names one record"
            )
        if not record.text.strip():
            raise RetrievalError(f"{kind} {record.number} of {_owner(record)} has no text")


def _owner(record: QuestionRecord | PassageRecord | SectionRecord) -> str:
    if isinstance(record, SectionRecord):
        return f"document {record.document_id!r}"
    return f"answer {record.answer_id!r}"
