"""A search in context and the plain one become one search: of each answer, the weighted mean of its evidence in both.

What was said before brings its own answers back, most of all where the utterance is short; the utterance alone does not know what it is
about. An answer that fits both is meant.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from retrieval.candidates import FOUND, Candidate, Retrieved

WIDTH = 60
"""Candidates of each search. An answer that only one of them has counts as the last one of the other."""
TWO_SOURCES = 1.25
"""Relevance is the mean times this, since two searches know more than one. On the follow-ups for choosing a conditional logit weighed them
by 0.75 and 0.45, together 1.2; with 1.0 a sixth fewer of them were answered, no less of these wrongly."""
_MEAN = (*FOUND, "echo")


def blended(leaning: Retrieved, plain: Retrieved, *, share: float, limit: int) -> Retrieved:
    """`leaning`, the search in context, with `share` of the evidence, and `plain` with the rest; the `limit` best candidates."""
    if not leaning.candidates or not plain.candidates:
        return leaning
    others = {each.answer_id: each for each in plain.candidates}
    own = {each.answer_id: each for each in leaning.candidates}
    pairs = [(each, others.get(each.answer_id, plain.candidates[-1])) for each in leaning.candidates]
    found = [_mean(*pair, of=pair[0], share=share) for pair in pairs]
    found += [
        _mean(leaning.candidates[-1], each, of=replace(each, exact=False), share=share)
        for each in plain.candidates
        if each.answer_id not in own
    ]
    return replace(leaning, candidates=_best(found, limit))


def _mean(leaning: Candidate, plain: Candidate, *, of: Candidate, share: float) -> Candidate:
    """The numbers of both, for the answer and the question of `of`."""

    def mean(name: str) -> float:
        return share * float(getattr(leaning, name)) + (1 - share) * float(getattr(plain, name))

    numbers: dict[str, Any] = {name: mean(name) for name in _MEAN}
    return replace(of, **numbers, relevance=TWO_SOURCES * mean("relevance"))


def _best(found: Sequence[Candidate], limit: int) -> tuple[Candidate, ...]:
    return tuple(sorted(found, key=lambda each: (-each.relevance, each.answer_id))[:limit])
