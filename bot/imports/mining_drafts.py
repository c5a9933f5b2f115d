"""From grouped exchanges to drafts: one per stated fact, worded, and merged where agents put the same differently."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bot.imports.mining_exchanges import Exchange, SourceTurn
from bot.imports.mining_slots import slot_names, template_of
from bot.imports.mining_wording import choose_wording, facts_of, open_ended
from retrieval.normalize import fold, normalize


@dataclass(frozen=True, slots=True)
class Draft:
    """Exchanges whose replies state the same; `vector` `(d,)` float32 is the unit mean of the replies' vectors."""

    exchanges: tuple[Exchange, ...]
    text: str
    language: str
    with_slots: bool
    vector: NDArray[np.float32]

    @property
    def outcome(self) -> float:
        """Mean weight of the exchanges, in (0, 1]."""
        return sum(exchange.weight for exchange in self.exchanges) / len(self.exchanges)

    @property
    def conversations(self) -> frozenset[str]:
        """The dialogues it was said in."""
        return frozenset(exchange.asked.conversation_id for exchange in self.exchanges)


@dataclass(frozen=True, slots=True)
class MinedQuestion:
    """A phrasing that led to an answer; `weight` is the summed weight of its exchanges (at most 1 each)."""

    text: str
    source: SourceTurn
    weight: float


def questions_of(exchanges: Sequence[Exchange]) -> list[MinedQuestion]:
    """The distinct phrasings (by :func:`retrieval.normalize.fold`), heaviest first."""
    first: dict[str, Exchange] = {}
    weights: dict[str, float] = defaultdict(float)
    for exchange in exchanges:
        key = fold(exchange.question) or exchange.question
        first.setdefault(key, exchange)
        weights[key] += exchange.weight
    ordered = sorted(first, key=lambda key: (-weights[key], key))
    return [MinedQuestion(first[key].question, first[key].asked, weights[key]) for key in ordered]


def draft_answers(
    exchanges: Sequence[Exchange],
    groups: NDArray[np.int64],
    languages: Sequence[str],
    vectors: NDArray[np.float32],
) -> list[Draft]:
    """One draft per group of replies, or several where its replies state different facts.

    Args:
        exchanges: Questions with replies.
        groups: `(n,)` the group of each exchange's reply.
        languages: The language of each reply.
        vectors: `(n, d)` float32, unit rows, of the replies.
    """
    members: dict[int, list[int]] = defaultdict(list)
    for i, group in enumerate(groups.tolist()):
        members[group].append(i)
    return [
        _draft([exchanges[i] for i in part], languages[part[0]], vectors[part], with_slots=with_slots)
        for group in sorted(members)
        for part, with_slots in _split_by_facts(members[group], exchanges)
    ]


def _draft(
    exchanges: Sequence[Exchange], language: str, vectors: NDArray[np.float32], *, with_slots: bool
) -> Draft:
    mean = vectors.mean(axis=0)
    return Draft(
        exchanges=tuple(exchanges),
        text=choose_wording([(e.reply.reply.core, e.weight) for e in exchanges], with_slots=with_slots),
        language=language,
        with_slots=with_slots,
        vector=mean / max(float(np.linalg.norm(mean)), 1e-12),
    )


def _split_by_facts(rows: list[int], exchanges: Sequence[Exchange]) -> Iterator[tuple[list[int], bool]]:
    """Parts a group into replies that state the same facts; (rows, whether their values become slots)."""
    facts = [facts_of(template_of(normalize(exchanges[i].reply.reply.core))) for i in rows]
    if open_ended(facts):
        yield rows, True
        return
    parts: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for i, values in zip(rows, facts, strict=True):
        parts[values].append(i)
    for part in parts.values():
        yield part, False


def merged_drafts(drafts: Sequence[Draft], parts: Sequence[Sequence[int]]) -> list[Draft]:
    """Drafts joined as `parts` say; the parts name each draft once."""
    joined = []
    for part in parts:
        if len(part) == 1:
            joined.append(drafts[part[0]])
            continue
        members = [drafts[i] for i in part]
        sizes = Counter({i: len(member.exchanges) for i, member in enumerate(members)})
        vectors = np.concatenate([np.repeat(m.vector[None], sizes[i], axis=0) for i, m in enumerate(members)])
        exchanges = [exchange for member in members for exchange in member.exchanges]
        with_slots = any(member.with_slots for member in members)
        joined.append(_draft(exchanges, members[0].language, vectors, with_slots=with_slots))
    return joined


def has_open_slots(text: str) -> bool:
    """Whether a person has to fill something in before the text can be used."""
    return any(slot_names(text))
