"""What the import readers hand on: dialogues, FAQ rows and the lines they had to reject."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of a past dialogue; `role` is customer, agent, bot or system; `at` is aware UTC.

    `html` is whether the file had the text as HTML; it says nothing about the turn and is not compared.
    """

    role: str
    text: str
    at: datetime | None = None
    html: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Dialogue:
    """A past conversation, turns in the order they were said; `language` only where the file states it.

    `line` is where its first turn stands in the file; it says nothing about the dialogue and is not compared.
    """

    conversation_id: str
    turns: tuple[Turn, ...]
    language: str | None = None
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class FaqRow:
    """One question with its answer; `line` is the 1-based line (or spreadsheet row) it came from, dates are aware UTC.

    `html` is how many of its texts the file had as HTML; not compared.
    """

    question: str
    answer: str
    phrasings: tuple[str, ...] = ()
    intent: str | None = None
    language: str | None = None
    tags: tuple[str, ...] = ()
    answer_key: str | None = None
    line: int = 0
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    html: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class RejectedLine:
    """A line that could not be taken in, numbered from 1, with the reason as the operator reads it."""

    line: int
    reason: str
