"""What a check says. Reasons go into the database and its backups: they name ids and numbers, never a customer's words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from retrieval.artifacts import JsonValue

MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    Attributes:
        reason: a sentence for people, also where it passed.
        figures: what the reason rests on, by name.
    """

    name: str
    passed: bool
    reason: str
    figures: Mapping[str, JsonValue]


def passed(name: str, reason: str, **figures: JsonValue) -> Check:
    return Check(name, True, reason, figures)


def refused(name: str, reason: str, **figures: JsonValue) -> Check:
    return Check(name, False, reason, figures)


def some(values: list[str] | list[int]) -> str:
    """The first of them for a sentence, and how many more there are."""
    named = ", ".join(str(value) for value in values[:MOST_NAMED])
    more = len(values) - MOST_NAMED
    return named if more <= 0 else f"{named} and {more} more"


def percent(share: float) -> str:
    return f"{100 * share:.1f} %"
