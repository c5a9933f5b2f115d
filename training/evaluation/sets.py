"""The public sets of `benchmark all`: where their files lie, what is right, and which groups of messages are scored apart.

Training and FAQ files are read as anybody's would be (:mod:`training.evaluation.inputs`). What is right is read here, for
scoring only, and never reaches the pipeline.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from training.evaluation.inputs import OUT_OF_SCOPE, TrainingData, faq_data, intents_data, read_table

Right = frozenset[str]


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
    """Read one of `SETS` from its folder below `data`.

    Raises:
        EvaluationError: a file is missing or not as the set's README says.
    """
    return SETS[name](data / name)


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


def _intents(name: str, *, chinese: bool = False) -> Callable[[Path], LabelledSet]:
    def read(folder: Path) -> LabelledSet:
        rows = read_table(folder / "test.csv", columns=("text", "intent"))
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


SETS: Mapping[str, Callable[[Path], LabelledSet]] = {
    "stackfaq": _stackfaq,
    "taipei_faq_zh": _taipei,
    "banking77": _intents("banking77"),
    "clinc150": _intents("clinc150"),
    "massive_zh_cn": _intents("massive_zh_cn", chinese=True),
}
