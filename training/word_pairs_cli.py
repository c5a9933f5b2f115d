"""``python -m training word-pairs``: make `retrieval.word_pairs`'s file. Kefu comes with it; nobody else needs this."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from retrieval.word_pairs import FILE
from training.corpus import CORPUS, read_corpus
from training.errors import TrainingError
from training.word_pairs import word_pairs

FAILED = 1

console = Console(stderr=True, soft_wrap=True)


def make(
    *,
    corpus: Annotated[Path, typer.Option(help="Folder of the support corpus.", exists=True)] = CORPUS,
    to: Annotated[Path, typer.Option(help="File to write.")] = FILE,
) -> None:
    """Pair the words of both languages in the support corpus, in some seconds."""
    try:
        pairs = word_pairs(read_corpus(corpus))
        lines = (f"{chinese}\t{english}\t{dice}\n" for chinese, english, dice in pairs)
        to.write_text("".join(lines), encoding="utf-8")
    except (TrainingError, OSError) as error:
        console.print(str(error))
        raise typer.Exit(FAILED) from error
    console.print(f"{len(pairs)} pairs written: {to}")
