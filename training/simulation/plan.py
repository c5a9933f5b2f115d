"""What a simulation is about: labelled rows to start from, those that customers ask day by day, and those that are asked in the end."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from retrieval.near_duplicates import near_duplicate_key
from retrieval.normalize import fold
from training.errors import EvaluationError
from training.evaluation.inputs import OUT_OF_SCOPE, check_filled, read_table
from training.evaluation.pipeline import Message
from training.splits import share_of

COLUMNS = ("text", "intent")


@dataclass(frozen=True, slots=True)
class Row:
    """A message with its true intent; `number` is its question number once it is learned."""

    number: int
    message: Message
    intent: str

    @property
    def is_unknown(self) -> bool:
        return self.intent == OUT_OF_SCOPE


@dataclass(frozen=True, slots=True)
class Plan:
    """Who is asked what, and when.

    Attributes:
        start: labelled from the beginning.
        days: what customers ask, in the order of coming.
        left_out: rows of the training file that the test file has too, so that no test row is ever learned.
    """

    start: tuple[Row, ...]
    days: tuple[tuple[Row, ...], ...]
    test: tuple[Row, ...]
    left_out: int

    @property
    def traffic(self) -> tuple[Row, ...]:
        return tuple(row for day in self.days for row in day)


def read_plan(train: Path, test: Path, *, start: int, rounds: int, seed: int, part: float = 1.0) -> Plan:
    """`start` rows of each intent, the others in `rounds` days of equal size; what is out of scope all comes as traffic.

    Of both files only a hashed `part` of the rows is read; near-duplicates are in it together.

    Raises:
        EvaluationError: a file cannot be used, or leaves nothing to start from or nothing to ask.
    """
    asked = _rows(test, part)
    learnable, left_out = _apart(_rows(train, part), asked)
    ordered = sorted(learnable, key=lambda row: share_of(str(row.number), salt=f"arrival {seed}"))
    first: list[Row] = []
    later: list[Row] = []
    taken: Counter[str] = Counter()
    for row in ordered:
        is_first = not row.is_unknown and taken[row.intent] < start
        taken[row.intent] += is_first
        (first if is_first else later).append(row)
    _check(train, first, later, start=start, rounds=rounds)
    days = tuple(tuple(later[day::rounds]) for day in range(rounds))
    return Plan(tuple(first), days, asked, left_out)


def _rows(path: Path, part: float) -> tuple[Row, ...]:
    """Rows without a word that is left after normalising are skipped."""
    table = read_table(path, columns=COLUMNS)
    check_filled(path, table, columns=COLUMNS)
    rows = (Row(number, Message.of(row["text"]), row["intent"]) for number, row in enumerate(table, start=1))
    return tuple(
        row
        for row in rows
        if row.message.utterance and share_of(near_duplicate_key(row.message.utterance), salt="part") < part
    )


def _apart(rows: tuple[Row, ...], asked: tuple[Row, ...]) -> tuple[list[Row], int]:
    """The rows whose text is not in the test file, and how many others there were."""
    barred = {fold(row.message.utterance) for row in asked}
    kept = [row for row in rows if fold(row.message.utterance) not in barred]
    return kept, len(rows) - len(kept)


def _check(train: Path, first: list[Row], later: list[Row], *, start: int, rounds: int) -> None:
    intents = {row.intent for row in first}
    if len(intents) < 2:
        raise EvaluationError(
            f"{train} has {len(intents)} intents besides {OUT_OF_SCOPE!r} that the test file lacks; at least two are needed"
        )
    if not any(not row.is_unknown for row in later):
        raise EvaluationError(
            f"--start {start} takes every row of {train}, so that nothing is left to ask; choose a smaller number"
        )
    if len(later) < rounds:
        raise EvaluationError(f"--rounds {rounds} is more than the {len(later)} rows that are left to ask")
