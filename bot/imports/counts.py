"""How an import counts what it finds."""

from enum import StrEnum


class Count(StrEnum):
    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    DUPLICATE = "duplicate"
    CONFLICTING = "conflicting"
