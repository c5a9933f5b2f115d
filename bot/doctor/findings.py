"""What an examination says: one finding a check, each with what was seen and, if it is not well, what to do."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    OK = "ok"
    WARNING = "warning"
    """Works, but should be otherwise."""

    PROBLEM = "problem"
    SKIPPED = "skipped"
    """Could not be looked at, since an earlier check failed."""


@dataclass(frozen=True)
class Finding:
    check: str
    state: State
    detail: str
    remedy: str | None = None


def ok(check: str, detail: str) -> Finding:
    return Finding(check, State.OK, detail)


def warning(check: str, detail: str, *, remedy: str) -> Finding:
    return Finding(check, State.WARNING, detail, remedy)


def problem(check: str, detail: str, *, remedy: str) -> Finding:
    return Finding(check, State.PROBLEM, detail, remedy)


def skipped(check: str, *, needs: str) -> Finding:
    return Finding(check, State.SKIPPED, f"not checked: it needs the {needs}")
