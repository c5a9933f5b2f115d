"""Places in a text that masking replaces, and the replacing itself."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from typing import NamedTuple


class Span(NamedTuple):
    """Characters `start` to `end` (exclusive) of a text, what they are, and what stands there afterwards."""

    start: int
    end: int
    kind: str
    replacement: str


def without_overlaps(spans: Iterable[Span]) -> list[Span]:
    """The spans in order of their place; of two that overlap, the one that came first in `spans`."""
    kept: list[Span] = []
    for span in spans:
        place = bisect_left(kept, span)
        after_previous = place == 0 or kept[place - 1].end <= span.start
        before_next = place == len(kept) or span.end <= kept[place].start
        if after_previous and before_next:
            kept.insert(place, span)
    return kept


def replace_spans(text: str, spans: list[Span]) -> str:
    """`text` with every span (sorted, none overlapping) replaced."""
    pieces: list[str] = []
    position = 0
    for span in spans:
        pieces += (text[position : span.start], span.replacement)
        position = span.end
    return "".join([*pieces, text[position:]])
