"""Chooses how a mined answer reads: the best-formed frequent reply, personal parts taken out."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence

from bot.imports.mining_slots import Templated, template_of
from bot.imports.mining_turns import word_count
from retrieval.masking import mask_names_and_numbers
from retrieval.normalize import normalize

_STARTS_WELL = re.compile(r"^[\"'“(]?[A-Z0-9㐀-鿿{\[]")
_ENDS_WELL = re.compile(r"[.!。！)）]$")
_UNTIDY = re.compile(
    r"\.{2,}|!{2,}|！{2,}|\b(?:u|ur|pls|plz|thx|im|dont|cant|wont|ill|ive|youre)\b|[A-Z]{6,}|[~～]|[哦呀哈呢噢啦嘛][。.!！]*$|\s[,.!?]|\b(\w+) \1\b"
)


def open_ended(values: Sequence[tuple[str, ...]]) -> bool:
    """Whether the values in a group of replies are ever new ones (order numbers, names) rather than a few facts.

    The chance that the next reply brings a new value is estimated by the share of values seen once (Good 1953,
    eq. 9). Values of which one makes up half of the replies are a fact with exceptions, whatever the rest.
    """
    counts = Counter(values)
    once = sum(1 for count in counts.values() if count == 1)
    return once / len(values) > UNSEEN_SHARE and max(counts.values()) < len(values) / 2


UNSEEN_SHARE = 0.15


def facts_of(template: Templated) -> tuple[str, ...]:
    """The values of a reply in a form to compare: folded case, in order."""
    return tuple(value.casefold().strip("'\"“”") for value in template.values)


def masked(core: str) -> str:
    """A reply as it may be shown to others: normalised, with names and numbers of one customer taken out."""
    return mask_names_and_numbers(normalize(core)).text


def choose_wording(replies: Sequence[tuple[str, float]], *, with_slots: bool) -> str:
    """The text that stands for a group of replies: frequent first, then well-formed.

    Args:
        replies: Texts of the replies with their weights.
        with_slots: Whether the values in them differ from customer to customer and give way to slots.
    """
    weights: dict[str, float] = defaultdict(float)
    for core, weight in replies:
        text = masked(core)
        weights[template_of(text).skeleton if with_slots else text] += weight
    longest = max(word_count(text) for text in weights)
    return max(sorted(weights), key=lambda text: weights[text] * well_formed(text, longest=longest))


def well_formed(text: str, *, longest: int) -> float:
    """A factor in (0, 1]: capital at the start, punctuation at the end, no chat spelling, not cut short."""
    factor = 1.0
    if not _STARTS_WELL.search(text):
        factor *= 0.7
    if not _ENDS_WELL.search(text):
        factor *= 0.8
    if _UNTIDY.search(text):
        factor *= 0.6
    return factor * (0.5 + 0.5 * min(1.0, word_count(text) / max(1, longest)))
