"""What a clause says, as a row of tokens that can be compared with another clause's.

A token has a kind, so that a difference can be named: "a number that no source has" says more than "differs".
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class Kind(StrEnum):
    WORD = "word"
    PERSON = "person"
    NAME = "name"
    CODE = "code"
    LINK = "link"
    NUMBER = "number"
    LIMIT = "limit"
    NEGATION = "negation"
    MODALITY = "modality"
    CONDITION = "condition"
    HEDGE = "hedge"
    DIRECTION = "direction"


class Token(NamedTuple):
    """`value` is what is compared; kinds never make a difference between equal values."""

    value: str
    kind: Kind


BINDING = frozenset({Kind.NEGATION, Kind.MODALITY, Kind.LIMIT, Kind.DIRECTION, Kind.HEDGE})
"""Kinds that mean nothing without what comes after them: "not bags" is another thing than "not shoes"."""

LEFT_OUT_FREELY = frozenset({Kind.PERSON})
"""Kinds that a sentence may leave out ("your order" becomes "the order"; but for `WE`), but not exchange."""

YOUR = "person:your"
"""What a sentence may add where its source speaks of nobody: "the refund" becomes "your refund"."""

WE = "person:we"
"""What can't be left out."""

YOU = "person:you"
"""What it may add there before what can, must or need not be done: 可以退货 becomes 您可以退货."""


@dataclass(frozen=True, slots=True)
class Span:
    """Characters `start` to `end` of a folded clause, and the tokens that stand for them."""

    start: int
    end: int
    tokens: tuple[Token, ...]
