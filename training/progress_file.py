"""How far a training run is, in a file that others read while it runs.

The file holds one JSON object and is replaced as a whole, twice a second at most::

    {"stage": "training", "done": 12, "total": 32, "loss": 0.41, "seconds_left": 95}

`loss` and `seconds_left` (of the stage) are null while nothing tells. What was found is told as lines of text.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

SECONDS_BETWEEN = 0.5


@dataclass(slots=True)
class ProgressFile:
    """Takes the place of the bars where nobody watches a terminal."""

    path: Path
    say: Callable[[str], None]
    clock: Callable[[], float] = time.monotonic
    _stage: str = field(default="", init=False)
    _loss: float | None = field(default=None, init=False)
    _begun: float = field(default=0.0, init=False)
    _written: float = field(default=float("-inf"), init=False)

    def stepped(self, stage: str, done: int, total: int) -> None:
        now = self.clock()
        if stage != self._stage:
            self._stage, self._loss, self._begun = stage, None, now
        elif done < total and now - self._written < SECONDS_BETWEEN:
            return
        left = (now - self._begun) / done * (total - done) if done else None
        self._write(
            {
                "stage": stage,
                "done": done,
                "total": total,
                "loss": self._loss,
                "seconds_left": None if left is None else round(left),
            }
        )
        self._written = now
        if done == total:
            self.say(f"{stage}: {total} of {total}" + self._with_loss())

    def measured(self, stage: str, metric: str, value: float) -> None:
        from training.school import LOSS

        if metric == LOSS:
            self._loss = round(value, 4)
        else:
            self.say(f"{stage}: {value:.1%} of the held-out questions right first")

    def _with_loss(self) -> str:
        return "" if self._loss is None else f", loss {self._loss:.3f}"

    def _write(self, facts: dict[str, object]) -> None:
        """A disk that is full is no reason to stop training."""
        aside = self.path.with_name(f".{self.path.name}.partial")
        try:
            with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
                json.dump(facts, file)
            aside.replace(self.path)
        except OSError:
            self._written = self.clock()
