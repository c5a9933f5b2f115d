"""Finds drafts in which agents answered the same question with the same facts in other words.

The wording of two such replies may differ a lot, so their similarity alone does not tell; it counts together with
the similarity of the questions they were given to. Numbers and names must not contradict each other.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bot.imports.mining_drafts import Draft
from bot.imports.mining_groups import contradict, nearest, signs_of
from bot.imports.mining_slots import template_of
from bot.imports.mining_wording import facts_of

NEIGHBOURS = 12


@dataclass(frozen=True, slots=True)
class MergingLevels:
    """Cosines of one encoder: least for replies, least for questions, and least for both added up."""

    reply: float
    question: float
    together: float


@dataclass(frozen=True, slots=True)
class _Facts:
    numbers: frozenset[str]
    names: frozenset[str]


def drafts_to_merge(
    drafts: Sequence[Draft], questions: Sequence[NDArray[np.float32]], levels: MergingLevels
) -> list[list[int]]:
    """Partitions the drafts: those in one part say the same.

    Complete linkage: closest pairs first, and every pair in a part is close and free of contradiction.

    Args:
        drafts: All drafts.
        questions: For each draft the vectors `(q, d)` of its heaviest questions.
        levels: From when on two drafts are close enough.
    """
    pairs = _agreeing_pairs(drafts, questions, levels)
    parts: dict[int, list[int]] = {i: [i] for i in range(len(drafts))}
    home = list(range(len(drafts)))
    for i, j in sorted(pairs, key=lambda pair: (-pairs[pair], pair)):
        a, b = sorted((home[i], home[j]))
        if a == b or any((min(x, y), max(x, y)) not in pairs for x in parts[a] for y in parts[b]):
            continue
        for x in parts[b]:
            home[x] = a
        parts[a].extend(parts.pop(b))
    return [parts[i] for i in sorted(parts)]


def _agreeing_pairs(
    drafts: Sequence[Draft], questions: Sequence[NDArray[np.float32]], levels: MergingLevels
) -> dict[tuple[int, int], float]:
    """Pairs (i, j), i < j, that are close and contradict each other in nothing, with their closeness."""
    facts = [_facts(draft.text) for draft in drafts]
    signs = [signs_of(draft.text) for draft in drafts]
    pairs: dict[tuple[int, int], float] = {}
    for i, j, reply in _similar_replies(drafts, least=levels.reply):
        asked = float((questions[i] @ questions[j].T).max())
        if asked < levels.question or reply + asked < levels.together:
            continue
        if not contradict(signs[i], signs[j]) and _agree(facts[i], facts[j]):
            pairs[i, j] = reply + asked
    return pairs


def _similar_replies(drafts: Sequence[Draft], *, least: float) -> Iterator[tuple[int, int, float]]:
    """Neighbours (i, j, cosine), i < j, among the drafts of one language; pairs may come twice."""
    blocks: dict[tuple[str, bool], list[int]] = defaultdict(list)
    for i, draft in enumerate(drafts):
        blocks[draft.language, draft.with_slots].append(i)
    for members in blocks.values():
        similarities, neighbours = nearest(np.stack([drafts[i].vector for i in members]), NEIGHBOURS + 1)
        for i, row, columns in zip(members, similarities, neighbours, strict=True):
            for similarity, column in zip(row.tolist(), columns.tolist(), strict=True):
                if column >= 0 and members[column] != i and similarity >= least:
                    yield min(i, members[column]), max(i, members[column]), similarity


def _facts(text: str) -> _Facts:
    values = facts_of(template_of(text))
    numbers = frozenset(value for value in values if re.search(r"\d|^[二两三四五六七八九十百]+$", value))
    return _Facts(numbers=numbers, names=frozenset(values) - numbers)


def _agree(first: _Facts, second: _Facts) -> bool:
    """Whether the one states no number or name that the other contradicts: one says part of what the other says."""
    if bool(first.numbers) != bool(second.numbers):
        return False
    return _nested(first.numbers, second.numbers) and _nested(first.names, second.names)


def _nested(first: frozenset[str], second: frozenset[str]) -> bool:
    return first <= second or second <= first
