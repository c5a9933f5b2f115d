"""Mock companies: what choices about the confidence are made on. Cut by hash from rows that no test figure is made of.

Each is a company with some intents, and as many messages that nothing answers as messages that something does: questions of intents
that it does not have, and where the set has them rows that are out of scope by label. "sampled" ones have learned from messages as they
come, "written" ones from 3 to 40 questions of each intent, whatever customers ask most.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from retrieval.near_duplicates import near_duplicate_key
from training.evaluation.inputs import OUT_OF_SCOPE, TrainingData, questions_of, read_table
from training.evaluation.sets import LabelledSet
from training.splits import share_of

SAMPLED, WRITTEN = "sampled", "written"
FEWEST, MOST = 3, 40  # questions of a written intent
USUAL = 13  # and in the mean of a sampled one
MESSAGES = 300  # of each kind
DRAWS = 2

Labelled = list[tuple[str, str]]
_Learn = Callable[[Labelled, Sequence[str]], Labelled]


@dataclass(frozen=True, slots=True)
class _Source:
    """Where labelled rows come from, and how many of the intents a company has and lacks."""

    folder: str
    rows: Callable[[Path], Labelled]
    known: int
    unknown: int
    chinese: bool = False


def company_names() -> list[str]:
    return [
        f"{source}_{kind}_{draw}"
        for source in _SOURCES
        for kind in (SAMPLED, WRITTEN)
        for draw in range(DRAWS)
    ]


def read_company(name: str, *, data: Path) -> LabelledSet:
    """One of `company_names` from the folders below `data`; raises EvaluationError."""
    source_name, kind, draw = name.split("_")
    source = _SOURCES[source_name]
    salt = f"company {draw}"
    rows = _shuffled(_without_copies(source.rows(data / source.folder)), salt)
    return _company(
        name, source, rows, learn=_sampled if kind == SAMPLED else partial(_written, salt=salt), salt=salt
    )


def _company(name: str, source: _Source, rows: Labelled, *, learn: _Learn, salt: str) -> LabelledSet:
    intents = sorted({intent for _, intent in rows} - {OUT_OF_SCOPE}, key=partial(share_of, salt=salt))
    known, unknown = intents[: source.known], intents[source.known : source.known + source.unknown]
    learned = learn([row for row in rows if row[1] in set(known)], known)
    taken = {text for text, _ in learned}
    asked = [row for row in rows if row[0] not in taken]
    answerable = [row for row in asked if row[1] in set(known)][:MESSAGES]
    foreign = [row for row in asked if row[1] in {*unknown, OUT_OF_SCOPE}][: len(answerable)]
    texts = [text for text, _ in (*answerable, *foreign)]
    right = [*(frozenset({intent}) for _, intent in answerable), *[frozenset[str]()] * len(foreign)]
    return LabelledSet(
        name=name,
        training=TrainingData(questions_of(learned), ()),
        texts=tuple(texts),
        right=tuple(right),
        groups={name: tuple(range(len(texts)))},
        is_faq=False,
        chinese=source.chinese,
    )


def _sampled(rows: Labelled, known: Sequence[str]) -> Labelled:
    return rows[: USUAL * len(known)]


def _written(rows: Labelled, known: Sequence[str], *, salt: str) -> Labelled:
    """As many small intents as large ones on a logarithmic scale; half of an intent's rows at least are left to ask."""
    learned: Labelled = []
    for intent in known:
        own = [row for row in rows if row[1] == intent]
        size = int(FEWEST * (MOST / FEWEST) ** share_of(intent, salt=f"size {salt}"))
        learned += own[: max(FEWEST, min(size, len(own) // 2))]
    return learned


def _without_copies(rows: Labelled) -> Labelled:
    """One row of each near-duplicate key, so that what is asked was not learned in other words."""
    first: dict[str, tuple[str, str]] = {}
    for text, intent in rows:
        first.setdefault(near_duplicate_key(text), (text, intent))
    return list(first.values())


def _shuffled(rows: Labelled, salt: str) -> Labelled:
    return sorted(rows, key=lambda row: share_of(row[0], salt=f"rows {salt}"))


def _intents(*files: str) -> Callable[[Path], Labelled]:
    def read(folder: Path) -> Labelled:
        tables = [read_table(folder / name, columns=("text", "intent")) for name in files]
        return [(row["text"], row["intent"]) for table in tables for row in table]

    return read


_SOURCES = {
    "banking": _Source("banking77", _intents("train.csv"), known=30, unknown=30),
    "clinc": _Source("clinc150", _intents("train.csv", "val.csv"), known=40, unknown=40),
    "massive": _Source("massive_zh_cn", _intents("train.csv", "dev.csv"), known=25, unknown=20, chinese=True),
}
