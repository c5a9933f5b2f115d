"""The public sets of `benchmark all`: where their files lie, what is right, and which groups of messages are scored apart.

Training and FAQ files are read as anybody's would be (:mod:`training.evaluation.inputs`). What is right is read here, for
scoring only, and never reaches the pipeline.
"""

from __future__ import annotations

import csv
import gzip
import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import IO, Any

from retrieval.near_duplicates import near_duplicate_key
from retrieval.records import Knowledge, PassageRecord, QuestionRecord
from training.errors import EvaluationError
from training.evaluation.inputs import (
    OUT_OF_SCOPE,
    Row,
    TrainingData,
    faq_data,
    intents_data,
    questions_of,
    read_table,
)
from training.evaluation.pipeline import Message
from training.splits import share_of

Right = frozenset[str]

DOMAINS = ("insurance", "media", "software")
SOURCES = ("Australia", "CDC")


@dataclass(frozen=True, slots=True)
class LabelledSet:
    """One set, read.

    Attributes:
        texts, right: the messages, and the answers that are right for each (none for an unknown question).
        groups: name in the tables -> the places of its messages; groups may overlap.
        is_faq: answers have texts, and several can be right; otherwise one intent is right.
        chinese: whether any of it is in Chinese.
    """

    name: str
    training: TrainingData
    texts: tuple[str, ...]
    right: tuple[Right, ...]
    groups: Mapping[str, tuple[int, ...]]
    is_faq: bool
    chinese: bool


def read_set(name: str, *, data: Path) -> LabelledSet:
    """Read one of `SETS` or `VALIDATION` from its folder below `data`.

    Raises:
        EvaluationError: a file is missing or not as the set's README says.
    """
    folder, read = {**SETS, **VALIDATION}[name]
    labelled = read(data / folder)
    return replace(labelled, name=name)


def _stackfaq(folder: Path) -> LabelledSet:
    """A hit is any answer of the query's thread, as the relevance file has it."""
    return _faq_set(folder, "stackfaq", scripts=None, chinese=False)


def _taipei(folder: Path) -> LabelledSet:
    """The two scripts are scored apart, each together with the questions that the FAQ cannot answer."""
    return _faq_set(folder, "taipei_faq_zh", scripts=("hant", "hans"), chinese=True)


def _faq_set(folder: Path, name: str, *, scripts: tuple[str, ...] | None, chinese: bool) -> LabelledSet:
    queries = read_table(
        folder / "queries.csv", columns=("query_id", "query", *(("script",) if scripts else ()))
    )
    relevant: dict[str, set[str]] = {}
    for row in read_table(folder / "qrels.csv", columns=("query_id", "faq_id")):
        relevant.setdefault(row["query_id"], set()).add(row["faq_id"])
    unknown = folder / "out_of_scope.csv"
    extra = [row["query"] for row in read_table(unknown, columns=("query",))] if unknown.exists() else []
    texts = (*(row["query"] for row in queries), *extra)
    unknown_places = tuple(range(len(queries), len(texts)))
    groups = {
        f"{name} {script}": (
            *(p for p, row in enumerate(queries) if row["script"] == script),
            *unknown_places,
        )
        for script in scripts or ()
    }
    return LabelledSet(
        name=name,
        training=faq_data(folder / "faq.csv"),
        texts=texts,
        right=(*(frozenset(relevant[row["query_id"]]) for row in queries), *[frozenset[str]()] * len(extra)),
        groups=groups or {name: tuple(range(len(texts)))},
        is_faq=True,
        chinese=chinese,
    )


def _intents(name: str, *, chinese: bool = False, asked: str = "test.csv") -> Callable[[Path], LabelledSet]:
    def read(folder: Path) -> LabelledSet:
        rows = read_table(folder / asked, columns=("text", "intent"))
        return LabelledSet(
            name=name,
            training=intents_data(folder / "train.csv"),
            texts=tuple(row["text"] for row in rows),
            right=tuple(frozenset({row["intent"]} - {OUT_OF_SCOPE}) for row in rows),
            groups={name: tuple(range(len(rows)))},
            is_faq=False,
            chinese=chinese,
        )

    return read


def _few(questions: int, draw: int) -> Callable[[Path], LabelledSet]:
    """BANKING77 with so many questions an intent, drawn by hash."""

    def read(folder: Path) -> LabelledSet:
        whole = _intents("banking77")(folder)
        taken: Counter[str] = Counter()
        rows: list[QuestionRecord] = []
        everything = whole.training.knowledge.questions
        for row in sorted(everything, key=lambda q: share_of(q.text, salt=f"draw {draw}")):
            if taken[row.answer_id] < questions:
                taken[row.answer_id] += 1
                rows.append(row)
        knowledge = Knowledge(sorted(rows, key=lambda row: row.number), whole.training.knowledge.passages)
        name = f"banking77, {questions} an intent"
        return replace(
            whole, training=TrainingData(knowledge, ()), groups={name: tuple(range(len(whole.texts)))}
        )

    return read


def _banking77_validation(folder: Path) -> LabelledSet:
    """A fifth of the training rows, by hash of their near-duplicate key, asked of the others."""
    rows = read_table(folder / "train.csv", columns=("text", "intent"))
    asked = [share_of(near_duplicate_key(row["text"]), salt="validation") < 0.2 for row in rows]
    learned = [(row["text"], row["intent"]) for row, out in zip(rows, asked, strict=True) if not out]
    questions = [row for row, out in zip(rows, asked, strict=True) if out]
    return LabelledSet(
        name="banking77_validation",
        training=TrainingData(questions_of(learned), ()),
        texts=tuple(row["text"] for row in questions),
        right=tuple(frozenset({row["intent"]}) for row in questions),
        groups={"banking77 validation": tuple(range(len(questions)))},
        is_faq=False,
        chinese=False,
    )


def _banking77_oos(folder: Path, *, asked: str = "test.csv", name: str = "banking77_oos") -> LabelledSet:
    """Trained on the 50 known intents alone; unknown questions near and far are scored apart and together."""
    training = [row for row in _scoped(folder / "train.csv") if row["scope"] == "in_scope"]
    rows = _scoped(folder / asked)
    places = {
        scope: tuple(place for place, row in enumerate(rows) if row["scope"] in ("in_scope", scope))
        for scope in ("id_oos", "ood_oos")
    }
    return LabelledSet(
        name=name,
        training=TrainingData(questions_of([(row["text"], row["intent"]) for row in training]), ()),
        texts=tuple(row["text"] for row in rows),
        right=tuple(frozenset({row["intent"]} if row["scope"] == "in_scope" else ()) for row in rows),
        groups={
            name: tuple(range(len(rows))),
            f"{name} near": places["id_oos"],
            f"{name} far": places["ood_oos"],
        },
        is_faq=False,
        chinese=False,
    )


def _multidogo(domain: str, *, asked: str = "test.csv.gz") -> Callable[[Path], LabelledSet]:
    """One domain's customer turns; several labels of a turn are one label together, as in the set's published floor."""

    def read(folder: Path) -> LabelledSet:
        learned, questions = (
            [
                (row["text"], row["intents"])
                for row in _gzipped_table(folder / name)
                if row["domain"] == domain
            ]
            for name in ("train.csv.gz", asked)
        )
        name = f"multidogo {domain}"
        return LabelledSet(
            name=name,
            training=TrainingData(questions_of(learned), ()),
            texts=tuple(text for text, _ in questions),
            right=tuple(frozenset({intent}) for _, intent in questions),
            groups={name: tuple(range(len(questions)))},
            is_faq=False,
            chinese=False,
        )

    return read


def _feedbackqa(source: str, *, asked: str = "test") -> Callable[[Path], LabelledSet]:
    """One source's page sections, each an answer under its heading, and the training questions that lead to them."""

    def read(folder: Path) -> LabelledSet:
        sections = [row for row in _gzipped_lines(folder / "passages.jsonl.gz") if row["source"] == source]
        rows = [
            row
            for row in read_table(
                folder / "questions.csv", columns=("source", "split", "question", "passage_id")
            )
            if row["source"] == source
        ]
        headed = [(_heading(section), section["passage_id"]) for section in sections]
        learned = [(row["question"], row["passage_id"]) for row in rows if row["split"] == "train"]
        passages = [
            PassageRecord(number, section["passage_id"], message.utterance, message.language)
            for number, section in enumerate(sections, start=1)
            for message in [Message.of(section["content"])]
        ]
        questions = [row for row in rows if row["split"] == asked]
        name = f"feedbackqa {source}"
        return LabelledSet(
            name=name,
            training=TrainingData(Knowledge(questions_of([*headed, *learned]).questions, passages), ()),
            texts=tuple(row["question"] for row in questions),
            right=tuple(frozenset({row["passage_id"]}) for row in questions),
            groups={name: tuple(range(len(questions)))},
            is_faq=True,
            chinese=False,
        )

    return read


def _heading(section: Mapping[str, Any]) -> str:
    """The page's title and the headings above the section, the last of which is a FAQ entry's question.

    The nearest of heading and text is right for 47.7 % of the Australian training and validation questions with it, for 43.2 % with the
    last heading alone.
    """
    return " ".join([section["page_title"], *section["headers"]])


def _gzipped_table(path: Path) -> list[Row]:
    with _gzipped(path) as file:
        return list(csv.DictReader(file))


def _gzipped_lines(path: Path) -> list[dict[str, Any]]:
    with _gzipped(path) as file:
        return [json.loads(line) for line in file]


def _gzipped(path: Path) -> IO[str]:
    try:
        return gzip.open(path, "rt", encoding="utf-8", newline="")
    except OSError as error:
        raise EvaluationError(f"{path} cannot be read: {error.strerror or error}") from error


def _scoped(path: Path) -> list[dict[str, str]]:
    return read_table(path, columns=("text", "intent", "scope"))


SETS: Mapping[str, tuple[str, Callable[[Path], LabelledSet]]] = {
    "stackfaq": ("stackfaq", _stackfaq),
    "taipei_faq_zh": ("taipei_faq_zh", _taipei),
    "banking77": ("banking77", _intents("banking77")),
    **{f"banking77_{n}_{draw}": ("banking77", _few(n, draw)) for n in (10, 5) for draw in (0, 1, 2)},
    "banking77_oos": ("banking77_oos", _banking77_oos),
    "clinc150": ("clinc150", _intents("clinc150")),
    "massive_zh_cn": ("massive_zh_cn", _intents("massive_zh_cn", chinese=True)),
    **{f"multidogo_{domain}": ("multidogo", _multidogo(domain)) for domain in DOMAINS},
    **{f"feedbackqa_{source.lower()}": ("feedbackqa", _feedbackqa(source)) for source in SOURCES},
}
"""Name -> its folder, and how that is read."""

VALIDATION: Mapping[str, tuple[str, Callable[[Path], LabelledSet]]] = {
    "banking77_validation": ("banking77", _banking77_validation),
    "banking77_oos_validation": (
        "banking77_oos",
        partial(_banking77_oos, asked="dev.csv", name="banking77_oos validation"),
    ),
    "clinc150_validation": ("clinc150", _intents("clinc150 validation", asked="val.csv")),
    "massive_zh_cn_validation": (
        "massive_zh_cn",
        _intents("massive_zh_cn validation", asked="dev.csv", chinese=True),
    ),
    **{
        f"multidogo_{domain}_validation": ("multidogo", _multidogo(domain, asked="dev.csv.gz"))
        for domain in DOMAINS
    },
    **{
        f"feedbackqa_{source.lower()}_validation": ("feedbackqa", _feedbackqa(source, asked="valid"))
        for source in SOURCES
    },
}
"""What choices are made on, measured only when asked for by name; no test row is read."""
