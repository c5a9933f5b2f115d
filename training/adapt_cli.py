"""``python -m training adapt``: make a backbone's adaptation to what customers write. Kefu comes with them; nobody else needs this."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from retrieval.models import BACKBONES
from training.corpus import CORPUS, corpus_digest, read_corpus
from training.errors import TrainingError

BAD_INPUT, FAILED = 2, 1
EVERY = 10  # steps between two lines of progress

console = Console(stderr=True, soft_wrap=True)


def adapt(
    role: Annotated[str, typer.Argument(help=f"One of {', '.join(BACKBONES)}.")],
    *,
    corpus: Annotated[Path, typer.Option(help="Folder of the support corpus.", exists=True)] = CORPUS,
    to: Annotated[Path | None, typer.Option(help="File to write; default: where Kefu looks for it.")] = None,
) -> None:
    """Train low-rank factors on the support corpus: some 5 minutes (english) or 15 (multilingual) on two cores."""
    from training import adaptation
    from training.backbones import load_backbone

    if role not in BACKBONES:
        console.print(f"{role!r} is not one of {', '.join(BACKBONES)}")
        raise typer.Exit(BAD_INPUT)
    settings = adaptation.SETTINGS[role]
    losses: list[float] = []

    def report(done: int, total: int, loss: float) -> None:
        losses.append(loss)
        if done % EVERY == 0 or done == total:
            console.print(f"step {done} of {total}, loss {sum(losses[-EVERY:]) / len(losses[-EVERY:]):.3f}")

    try:
        needs = read_corpus(corpus)
        found = adaptation.adapt(load_backbone(role, plain=True), needs, settings, progress=report)
        fresh = adaptation.adapted(load_backbone(role, plain=True), found)
        if fresh.neutral is not None:
            found = adaptation.Adaptation(found.factors, adaptation.corpus_neutral(fresh, needs))
        target = to or adaptation.adaptation_file(BACKBONES[role])
        adaptation.write_adaptation(
            target, found, meta=adaptation.describe(settings, corpus=corpus_digest(corpus))
        )
    except (TrainingError, OSError) as error:
        console.print(str(error))
        raise typer.Exit(FAILED) from error
    console.print(f"written: {target}")
