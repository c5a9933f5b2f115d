"""How well groups of replies agree with labels, and two simple groupings to compare with."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from retrieval.normalize import fold


@dataclass(frozen=True, slots=True)
class Agreement:
    """Agreement of groups with labels, each in [0, 1] (Rosenberg and Hirschberg, EMNLP 2007, eqs. 1-3, beta 1).

    `homogeneity`: each group holds one label; `completeness`: each label lies in one group; `v_measure`: their
    harmonic mean.
    """

    replies: int
    labels: int
    groups: int
    homogeneity: float
    completeness: float
    v_measure: float


def agreement(labels: Sequence[Hashable], groups: Sequence[Hashable]) -> Agreement:
    """Compares a grouping with labels; without replies all three measures are 1, as nothing is grouped wrongly."""
    joint = Counter(zip(labels, groups, strict=True))
    by_label, by_group = Counter(labels), Counter(groups)
    label_entropy, group_entropy = _entropy(by_label), _entropy(by_group)
    joint_entropy = _entropy(joint)
    homogeneity = 1 - (joint_entropy - group_entropy) / label_entropy if label_entropy > 0 else 1.0
    completeness = 1 - (joint_entropy - label_entropy) / group_entropy if group_entropy > 0 else 1.0
    both = homogeneity + completeness
    return Agreement(
        replies=len(labels),
        labels=len(by_label),
        groups=len(by_group),
        homogeneity=homogeneity,
        completeness=completeness,
        v_measure=2 * homogeneity * completeness / both if both > 0 else 0.0,
    )


def _entropy(counts: Counter[Hashable] | Counter[tuple[Hashable, Hashable]]) -> float:
    total = sum(counts.values())
    return math.log(total) - sum(n * math.log(n) for n in counts.values()) / total if total else 0.0


def exact_groups(texts: Sequence[str]) -> list[str]:
    """First baseline: replies are one group when they are the same after folding."""
    return [fold(text) for text in texts]


def leader_groups(texts: Sequence[str], *, least_similarity: float = 0.6) -> list[int]:
    """Second baseline: leader clustering on TF-IDF of words, frequent texts first.

    A text joins the leader it is most similar to (cosine at least `least_similarity`) or becomes one itself.
    """
    counts = Counter(fold(text) for text in texts)
    rows = _tfidf(sorted(counts))
    leaders: dict[str, list[tuple[int, float]]] = defaultdict(list)
    home: dict[str, int] = {}
    for text in sorted(counts, key=lambda text: (-counts[text], text)):
        similarities: dict[int, float] = defaultdict(float)
        for word, weight in rows[text].items():
            for leader, leader_weight in leaders[word]:
                similarities[leader] += weight * leader_weight
        best = min(similarities, key=lambda leader: (-similarities[leader], leader), default=None)
        if best is not None and similarities[best] >= least_similarity:
            home[text] = best
            continue
        home[text] = len(home)
        for word, weight in rows[text].items():
            leaders[word].append((home[text], weight))
    return [home[fold(text)] for text in texts]


def _tfidf(texts: Sequence[str]) -> dict[str, dict[str, float]]:
    """Unit rows of (1 + log tf) x smoothed idf, over words or, without blanks, characters."""
    bags = {text: Counter(text.split() if text.isascii() else list(text)) for text in texts}
    frequency = Counter(word for bag in bags.values() for word in bag)
    rows = {}
    for text, bag in bags.items():
        row = {
            word: (1 + math.log(n)) * (math.log((1 + len(texts)) / (1 + frequency[word])) + 1)
            for word, n in bag.items()
        }
        length = math.sqrt(sum(weight * weight for weight in row.values())) or 1.0
        rows[text] = {word: weight / length for word, weight in row.items()}
    return rows
