"""The files that `benchmark intents` and `benchmark faq` write (columns as promised in the design, CSV with a header)."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from training.errors import EvaluationError, TrainingError
from training.evaluation.pipeline import Reply


def check_target(path: Path) -> None:
    """Raises EvaluationError when nothing can be written at `path`, before any work is done for it."""
    if path.is_dir():
        raise EvaluationError(f"{path} is a folder; name a file to write")
    if path.exists() and not path.is_file():  # writing ends with a rename, which would take its place
        raise EvaluationError(f"{path} is a device or a pipe; name a plain file to write")
    if not path.parent.is_dir():
        raise EvaluationError(f"{path} cannot be written: there is no folder {path.parent}")
    if not os.access(path.parent, os.W_OK):
        raise EvaluationError(f"{path} cannot be written: no permission in {path.parent}")


def write_intents(path: Path, texts: Sequence[str], replies: Sequence[Reply]) -> None:
    """`text,intent,confidence,outcome`, a row per text in order."""
    rows = (
        (text, reply.answers[0], f"{reply.confidences[0]:.6f}", reply.outcome.value)
        for text, reply in zip(texts, replies, strict=True)
    )
    _write(path, ("text", "intent", "confidence", "outcome"), rows)


def write_run(path: Path, query_ids: Sequence[str], replies: Sequence[Reply]) -> None:
    """`query_id,rank,faq_id,confidence,outcome`, rows of a query together, ranks from 1."""
    rows = (
        (query_id, rank, answer, f"{confidence:.6f}", reply.outcome.value)
        for query_id, reply in zip(query_ids, replies, strict=True)
        for rank, (answer, confidence) in enumerate(
            zip(reply.answers, reply.confidences, strict=True), start=1
        )
    )
    _write(path, ("query_id", "rank", "faq_id", "confidence", "outcome"), rows)


def _write(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with aside.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(header)
            writer.writerows(rows)
        aside.replace(path)
    except OSError as error:
        raise TrainingError(f"{path} cannot be written: {error.strerror or error}") from error
    finally:
        aside.unlink(missing_ok=True)
