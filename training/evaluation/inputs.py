"""CSV files of a benchmark, read with errors that name the file, the line and the remedy."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from retrieval.language import detect_language
from retrieval.records import Knowledge, PassageRecord, QuestionRecord
from training.errors import EvaluationError
from training.evaluation.pipeline import Message

OUT_OF_SCOPE = "oos"
_CASE_CHANGE = re.compile(r"(?<=[a-z])(?=[A-Z])")
_WORD = re.compile(r"[^\W\d_]{2}|[\u3400-\u9fff]")

Row: TypeAlias = dict[str, str]


@dataclass(frozen=True, slots=True)
class TrainingData:
    """What a trial is fitted on; every answer id is one that a reply may name."""

    knowledge: Knowledge
    out_of_scope: tuple[Message, ...]

    def texts(self) -> list[str]:
        """Everything that the encoder will have to read."""
        return [
            *(question.text for question in self.knowledge.questions),
            *(passage.text for passage in self.knowledge.passages),
            *(message.utterance for message in self.out_of_scope),
        ]


def read_table(path: Path, *, columns: Sequence[str]) -> list[Row]:
    """The rows of a CSV file, in order, with these columns alone and white space stripped.

    Raises:
        EvaluationError: missing, not UTF-8, not CSV, without rows, without one of `columns` or with it twice, or with a row
            of more cells than the header has.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, restval="")
            found = [name.strip() for name in reader.fieldnames or ()]
            reader.fieldnames = found
            _check_columns(path, found=found, needed=columns)
            rows = []
            for row in reader:
                if None in row:  # DictReader puts what is beyond the header there
                    raise EvaluationError(
                        f"{path}, line {reader.line_num}: more cells than the header has; quote texts that hold commas"
                    )
                rows.append({name: (row[name] or "").strip() for name in columns})
    except OSError as error:
        raise EvaluationError(f"{path} cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise EvaluationError(f"{path} is not UTF-8 (byte {error.start}); save it as UTF-8") from error
    except csv.Error as error:
        raise EvaluationError(f"{path} is not a CSV file that can be read: {error}") from error
    if not rows:
        raise EvaluationError(f"{path} has a header but no rows")
    return rows


def intents_data(path: Path) -> TrainingData:
    """Training rows `text,intent`: each row a question, each intent an answer whose text is the words of its name.

    Raises:
        EvaluationError: see `read_table`; a row lacks its text or intent; fewer than two intents.
    """
    rows = read_table(path, columns=("text", "intent"))
    check_filled(path, rows, columns=("text", "intent"))
    questions: list[QuestionRecord] = []
    out_of_scope: list[Message] = []
    for row in rows:
        message = Message.of(row["text"])
        if row["intent"] == OUT_OF_SCOPE:
            out_of_scope.append(message)
        elif message.utterance:
            questions.append(
                QuestionRecord(len(questions) + 1, row["intent"], message.utterance, message.language)
            )
    intents = sorted({question.answer_id for question in questions})
    if len(intents) < 2:
        raise EvaluationError(
            f"{path} has {f'only the intent {intents[0]!r}' if intents else 'no intent'} besides {OUT_OF_SCOPE!r}; "
            "at least two are needed"
        )
    return TrainingData(Knowledge(questions, named_passages(intents)), tuple(out_of_scope))


def named_passages(intents: Iterable[str]) -> list[PassageRecord]:
    """What the names of intents say; a name without a word of two letters, as "q17", says nothing."""
    told = [(intent, _words_of(intent)) for intent in intents]
    return [
        PassageRecord(number, intent, words, detect_language(words))
        for number, (intent, words) in enumerate(((i, w) for i, w in told if w), start=1)
    ]


def _words_of(name: str) -> str:
    """ "card_arrival", "CardArrival" and "card-arrival" are "card arrival"."""
    parted = _CASE_CHANGE.sub(" ", name).replace("_", " ").replace("-", " ")
    words = " ".join(parted.split()).lower()
    return words if _WORD.search(words) else ""


def questions_of(rows: Sequence[tuple[str, str]]) -> Knowledge:
    """Texts and their intents, each intent an answer whose text is the words of its name."""
    messages = [(Message.of(text), intent) for text, intent in rows]
    return Knowledge(
        [
            QuestionRecord(number, intent, message.utterance, message.language)
            for number, (message, intent) in enumerate(messages, start=1)
        ],
        named_passages(sorted({intent for _, intent in rows})),
    )


def faq_data(path: Path, *, labels: Path | None = None) -> TrainingData:
    """FAQ rows `faq_id,question,answer`: each row an answer, its question and its text; labels add questions.

    Raises:
        EvaluationError: see `read_table`; a row without id or text, an id twice, a label for an id that is not there.
    """
    rows = read_table(path, columns=("faq_id", "question", "answer"))
    check_filled(path, rows, columns=("faq_id",))
    questions: list[QuestionRecord] = []
    passages: list[PassageRecord] = []
    for row in rows:
        question, answer = Message.of(row["question"]), Message.of(row["answer"])
        if not question.utterance and not answer.utterance:
            raise EvaluationError(f"{path}: faq_id {row['faq_id']!r} has neither question nor answer")
        if question.utterance:
            questions.append(_question(questions, row["faq_id"], question))
        if answer.utterance:
            passages.append(
                PassageRecord(len(passages) + 1, row["faq_id"], answer.utterance, answer.language)
            )
    known = Counter(row["faq_id"] for row in rows)
    repeated = next((faq_id for faq_id, count in known.items() if count > 1), None)
    if repeated is not None:
        raise EvaluationError(
            f"{path}: faq_id {repeated!r} is there {known[repeated]} times; ids must differ"
        )
    for row in _label_rows(labels, known=known, faq=path) if labels else ():
        questions.append(_question(questions, row["faq_id"], Message.of(row["query"])))
    return TrainingData(Knowledge(questions, passages), ())


def _question(questions: Sequence[QuestionRecord], answer_id: str, message: Message) -> QuestionRecord:
    return QuestionRecord(len(questions) + 1, answer_id, message.utterance, message.language)


def _label_rows(path: Path, *, known: Counter[str], faq: Path) -> list[Row]:
    rows = read_table(path, columns=("query_id", "query", "faq_id"))
    check_filled(path, rows, columns=("query", "faq_id"))
    for row in rows:
        if row["faq_id"] not in known:
            raise EvaluationError(
                f"{path}: query {row['query_id']!r} has the faq_id {row['faq_id']!r}, not in {faq}"
            )
    return rows


def _check_columns(path: Path, *, found: Sequence[str], needed: Sequence[str]) -> None:
    if not found:
        raise EvaluationError(f"{path} is empty; it needs a header row with the columns {', '.join(needed)}")
    if missing := [name for name in needed if name not in found]:
        raise EvaluationError(
            f"{path} has no column {', '.join(missing)}; found {', '.join(found)}, needed {', '.join(needed)}"
        )
    if twice := [name for name in needed if found.count(name) > 1]:
        raise EvaluationError(f"{path} has the column {', '.join(twice)} more than once; rename all but one")


def check_filled(path: Path, rows: Sequence[Row], *, columns: Sequence[str]) -> None:
    for number, row in enumerate(rows, start=1):
        if blank := [name for name in columns if not row[name]]:
            raise EvaluationError(
                f"{path}: row {number} (header not counted) has no {' and no '.join(blank)}"
            )
