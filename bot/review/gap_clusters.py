"""Unanswered questions grouped into gaps, each with a name. Pure and deterministic.

Groups are made by the very function that groups questions of past dialogues (``bot.imports.mining_groups``: average linkage
along nearest neighbours, held back where texts contradict each other), over both languages at once: whether a
question and its translation come together is up to the encoder.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import log

import numpy as np

from bot.imports.mining_groups import GroupingItem, group_texts
from bot.imports.mining_levels import SimilarityScale
from bot.review.repository import AskedRow
from retrieval.encoder import Vectors
from retrieval.lexical import tokenize_lexical

LEVEL = 0.6
"""Of similarity, on average over all pairs of a gap: 0 is as close as unrelated texts, 1 the same."""
LEAST_VISITORS = 2
"""What one visitor asked is no gap yet; it waits in the review queue."""
TERMS = 3
SHORTEST_TERM = 3
_COMMON = frozenset(
    [
        "about",
        "and",
        "any",
        "are",
        "can",
        "could",
        "did",
        "does",
        "doing",
        "for",
        "from",
        "get",
        "got",
        "had",
        "has",
        "have",
        "here",
        "how",
        "isn",
        "just",
        "like",
        "may",
        "much",
        "need",
        "not",
        "now",
        "our",
        "please",
        "shall",
        "should",
        "that",
        "the",
        "their",
        "them",
        "then",
        "there",
        "they",
        "this",
        "want",
        "was",
        "were",
        "what",
        "when",
        "where",
        "which",
        "who",
        "why",
        "will",
        "with",
        "would",
        "you",
        "your",
        "什么",
        "怎么",
        "怎么样",
        "怎样",
        "可以",
        "能不能",
        "是不是",
        "有没有",
        "我们",
        "你们",
        "如何",
        "为什么",
        "多少",
        "哪里",
        "一下",
        "一个",
    ]
)


@dataclass(frozen=True)
class Form:
    """One question in all its near-duplicate spellings, the newest last."""

    key: str
    rows: tuple[AskedRow, ...]

    @property
    def text(self) -> str:
        return self.rows[-1].utterance

    @property
    def language(self) -> str:
        return self.rows[-1].language


@dataclass(frozen=True)
class Cluster:
    """``medoid`` is the form that is most like all the others, in the language of most messages."""

    forms: tuple[Form, ...]
    medoid: Form
    language: str
    terms: tuple[str, ...]
    vector: Vectors
    """Of the medoid."""

    @property
    def rows(self) -> list[AskedRow]:
        return [row for form in self.forms for row in form.rows]


def find_gaps(forms: Sequence[Form], vectors: Vectors, scale: SimilarityScale) -> list[Cluster]:
    """The largest first; ``vectors`` are those of the forms' texts, ``(n, d)`` unit rows."""
    if not forms:
        return []
    items = [GroupingItem(form.text, "") for form in forms]
    numbers = group_texts(items, vectors, least_similarity=scale.cosine_at(LEVEL)).tolist()
    members: dict[int, list[int]] = {}
    for place, number in enumerate(numbers):
        members.setdefault(number, []).append(place)
    large = [places for places in members.values() if _visitors(forms, places) >= LEAST_VISITORS]
    named = zip(large, distinctive_terms([[forms[i].text for i in places] for places in large]), strict=True)
    clusters = [_cluster(forms, vectors, places, terms) for places, terms in named]
    return sorted(clusters, key=lambda cluster: (-len(cluster.rows), cluster.medoid.key))


def distinctive_terms(groups: Sequence[Sequence[str]]) -> list[tuple[str, ...]]:
    """The terms that set each group of texts apart from the others: class-based TF-IDF.

    tf(t, c) * log(1 + A / tf(t)), with A the mean number of terms a group (Grootendorst 2022, "BERTopic",
    arXiv:2203.05794, eq. 1).
    """
    counts = [Counter(term for text in texts for term in _terms(text)) for texts in groups]
    overall: Counter[str] = Counter()
    for count in counts:
        overall.update(count)
    mean = sum(overall.values()) / max(1, len(counts))
    return [
        tuple(
            sorted(count, key=lambda term, c=count: (-c[term] * log(1 + mean / overall[term]), term))[:TERMS]  # type: ignore[misc]  # binds the loop's value
        )
        for count in counts
    ]


def _terms(text: str) -> list[str]:
    """Words with a meaning of their own."""
    terms = [term for term in tokenize_lexical(text) if term not in _COMMON]
    return [term for term in terms if len(term) >= (SHORTEST_TERM if term.isascii() else 2)]


def _visitors(forms: Sequence[Form], places: Sequence[int]) -> int:
    return len({row.visitor for place in places for row in forms[place].rows})


def _cluster(
    forms: Sequence[Form], vectors: Vectors, places: Sequence[int], terms: tuple[str, ...]
) -> Cluster:
    said = Counter(row.language for place in places for row in forms[place].rows)
    language = min(said, key=lambda each: (-said[each], each))
    weights = np.array([len(forms[place].rows) for place in places], dtype=np.float64)  # (m,)
    centre = weights @ vectors[places]  # (d,)
    own = [place for place in places if forms[place].language == language] or list(places)
    closeness = np.round(vectors[own] @ centre, 5)  # (m',)
    medoid = own[min(range(len(own)), key=lambda i: (-closeness[i], forms[own[i]].key))]
    return Cluster(
        forms=tuple(forms[place] for place in places),
        medoid=forms[medoid],
        language=language,
        terms=terms,
        vector=vectors[medoid],
    )
