"""A training run as somebody sees who waits for it: what it says, and a bar for each stage, on the error stream."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from bot.commands.console import err
from bot.retraining.log_files import LogTail


@contextmanager
def watched_run(log: Path, *, from_end: bool = False) -> Iterator[Callable[[Mapping[str, Any]], None]]:
    """Call the yielded function with the run's progress now and then; new lines of the log are shown, too."""
    tail = LogTail(log, from_end=from_end)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[note]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=err, transient=True) as bars:
        stages: dict[str, TaskID] = {}

        def show_lines() -> None:
            for line in tail.new_lines():
                bars.console.print(Text(line), soft_wrap=True)

        def told(progress: Mapping[str, Any]) -> None:
            show_lines()
            if not progress:
                return
            stage = str(progress["stage"])
            if stage not in stages:
                stages[stage] = bars.add_task(stage, total=progress["total"], note="")
            bars.update(
                stages[stage], completed=progress["done"], total=progress["total"], note=_note(progress)
            )

        yield told
        show_lines()


def _note(progress: Mapping[str, Any]) -> str:
    notes = []
    if progress.get("loss") is not None:
        notes.append(f"loss {progress['loss']:.3f}")
    if progress.get("seconds_left"):
        notes.append(f"{progress['seconds_left']} s left")
    return ", ".join(notes)
