"""Measurements kept as JSON lines, one per set, group, method, commit and seed; only ever appended to."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from training.errors import EvaluationError

MEASURED_PACKAGES = ("retrieval", "training")
UNKNOWN_COMMIT = "unknown"
CHANGED = "+changes"


@dataclass(frozen=True, slots=True)
class Measurement:
    """Figures of one method on one group of messages of a set.

    `commit` is the last one that touched what is measured, with "+changes" when it is not all committed.
    """

    set: str
    group: str
    method: str
    commit: str
    seed: int
    backbone: str
    target_error: float
    figures: Mapping[str, float]


def read_measurements(path: Path) -> list[Measurement]:
    """All measurements in order of writing; none where there is no file.

    Raises:
        EvaluationError: a line is not a measurement.
    """
    if not path.exists():
        return []
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            found.append(Measurement(**json.loads(line)))
        except (ValueError, TypeError) as error:
            raise EvaluationError(
                f"{path}, line {number} is not a measurement ({error}); remove the line"
            ) from error
    return found


def append_measurements(path: Path, measurements: Iterable[Measurement]) -> None:
    lines = [json.dumps(_rounded(each), ensure_ascii=False, sort_keys=True) + "\n" for each in measurements]
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write("".join(lines))


def is_measured(measurements: Sequence[Measurement], *, name: str, commit: str, seed: int) -> bool:
    """Whether set `name` is there for this very state of the code; a state with changes never is."""
    if commit == UNKNOWN_COMMIT or commit.endswith(CHANGED):
        return False
    return any((each.set, each.commit, each.seed) == (name, commit, seed) for each in measurements)


def current_commit(folder: Path) -> str:
    """Short hash of the last commit to the measured packages, "+changes" added for uncommitted ones."""
    try:
        commit = _git(folder, "log", "-1", "--format=%h", "--", *MEASURED_PACKAGES)
        changes = _git(folder, "status", "--porcelain", "--", *MEASURED_PACKAGES)
    except (OSError, subprocess.CalledProcessError):
        return UNKNOWN_COMMIT
    return f"{commit or UNKNOWN_COMMIT}{CHANGED if commit and changes else ''}"


def _git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603  # no shell
    return done.stdout.strip()


def _rounded(measurement: Measurement) -> dict[str, object]:
    figures = {name: round(value, 4) for name, value in measurement.figures.items()}
    return asdict(measurement) | {"figures": figures}
