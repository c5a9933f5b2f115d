"""Groups texts that say the same: average-linkage clustering over nearest neighbours, held back by a lexical guard.

Embeddings alone put "turn left" beside "turn right" and "we ship abroad" beside "we do not ship abroad". Two texts are
therefore only joined when neither negation nor a pair of opposites tells them apart.
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bot.imports.mining_phrases import simplified

NEIGHBOURS = 24
"""Neighbours per text that are looked at; enough for groups to connect, and memory stays linear."""
EXACT_UP_TO = 16_000
"""So many texts are compared each with each; of more, each with those of the cells that lie nearest (`_index`)."""
CELLS, LOOKED_INTO = 256, 16
TAUGHT_ON, ROUNDS = 64, 10
"""Texts a cell that its centre is learned from, and rounds of k-means."""


@dataclass(frozen=True, slots=True)
class GroupingItem:
    """A text to group; `block` keeps apart what must never be joined."""

    text: str
    block: str


def group_texts(
    items: Sequence[GroupingItem], vectors: NDArray[np.float32], *, least_similarity: float
) -> NDArray[np.int64]:
    """Groups items by average linkage along nearest-neighbour edges, closest first; deterministic.

    Args:
        items: Distinct texts.
        vectors: `(n, d)` float32, unit rows.
        least_similarity: Two groups join when the mean cosine over all pairs of their members is at least this.

    Returns:
        `(n,)` group numbers; a group is numbered by its first item.
    """
    groups = _Groups(items, vectors)
    queue = [(-similarity, i, j) for similarity, i, j in _neighbour_edges(items, vectors, least_similarity)]
    heapq.heapify(queue)
    # Pair of groups -> its size when its linkage was computed, and where in the queue it stands since (None: not to be joined).
    # Most edges lead from group to group as many others do; while neither has grown, one answer serves all of them.
    known: dict[tuple[int, int], tuple[int, float | None]] = {}
    while queue:
        negated, i, j = heapq.heappop(queue)
        pair = groups.roots(i, j)
        if pair[0] == pair[1]:
            continue
        size = groups.size(*pair)
        earlier_size, stands_at = known.get(pair, (0, None))
        if earlier_size == size and stands_at != negated:
            continue
        linkage = groups.linkage(*pair)
        known[pair] = (size, None)
        if linkage < least_similarity:
            continue
        if -negated > linkage + 1e-6:
            known[pair] = (size, -linkage)
            heapq.heappush(queue, (-linkage, *pair))
        elif groups.compatible(*pair):
            groups.join(*pair)
    return np.array([groups.find(i) for i in range(len(items))], dtype=np.int64)


class _Groups:
    """Union-find whose roots carry the sum of their members' vectors and the distinct signs of all members."""

    def __init__(self, items: Sequence[GroupingItem], vectors: NDArray[np.float32]) -> None:
        self._parent = list(range(len(items)))
        self._sums = {i: vectors[i].astype(np.float64) for i in range(len(items))}
        self._sizes = [1] * len(items)
        self._signs = [{signs_of(item.text)} for item in items]

    def find(self, i: int) -> int:
        while self._parent[i] != i:
            self._parent[i] = self._parent[self._parent[i]]
            i = self._parent[i]
        return i

    def roots(self, i: int, j: int) -> tuple[int, int]:
        """In rising order."""
        a, b = self.find(i), self.find(j)
        return (a, b) if a < b else (b, a)

    def size(self, a: int, b: int) -> int:
        return self._sizes[a] + self._sizes[b]

    def linkage(self, a: int, b: int) -> float:
        return float(self._sums[a] @ self._sums[b]) / (self._sizes[a] * self._sizes[b])

    def compatible(self, a: int, b: int) -> bool:
        return not any(contradict(one, other) for one in self._signs[a] for other in self._signs[b])

    def join(self, a: int, b: int) -> None:
        root, other = min(a, b), max(a, b)
        self._parent[other] = root
        self._sums[root] = self._sums[root] + self._sums.pop(other)
        self._sizes[root] += self._sizes[other]
        self._signs[root] |= self._signs[other]


def _neighbour_edges(
    items: Sequence[GroupingItem], vectors: NDArray[np.float32], least: float
) -> list[tuple[float, int, int]]:
    """Pairs (similarity, i, j), i < j, of each text and its nearest ones in the same block."""
    edges: dict[tuple[int, int], float] = {}
    blocks: dict[str, list[int]] = {}
    for i, item in enumerate(items):
        blocks.setdefault(item.block, []).append(i)
    for members in blocks.values():
        rows = np.array(members)
        similarities, neighbours = nearest(vectors[rows], NEIGHBOURS + 1)
        for i, (row, columns) in enumerate(zip(similarities, neighbours, strict=True)):
            for similarity, j in zip(row.tolist(), columns.tolist(), strict=True):
                if j >= 0 and j != i and similarity >= least:
                    first, second = sorted((members[i], members[j]))
                    edges[first, second] = similarity
    return [(similarity, i, j) for (i, j), similarity in edges.items()]


def nearest(vectors: NDArray[np.float32], k: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Each row's `k` nearest rows by cosine, itself included: `(n, k)` similarities and row numbers (-1: none)."""
    rows = np.ascontiguousarray(vectors)
    similarities, neighbours = _index(rows).search(rows, min(k, len(rows)))
    return similarities, neighbours


def _index(rows: NDArray[np.float32]) -> Any:
    """Exact, or with an inverted file: comparing 50,000 rows each with each takes a core over a minute."""
    import faiss

    exact: Any = faiss.IndexFlatIP(rows.shape[1])
    index: Any = exact
    if len(rows) > EXACT_UP_TO:
        index = faiss.IndexIVFFlat(exact, rows.shape[1], CELLS, faiss.METRIC_INNER_PRODUCT)
        index.cp.max_points_per_centroid = TAUGHT_ON
        index.cp.niter = ROUNDS
        index.nprobe = LOOKED_INTO
        index.train(rows)
    index.add(rows)
    return index


@dataclass(frozen=True, slots=True)
class Signs:
    """What the lexical guard compares: whether a text denies, which sides it takes, and the Chinese names in it.

    English names stand in slots by now, see :mod:`bot.imports.mining_slots`.
    """

    negated: bool
    sides: frozenset[tuple[int, int]]
    names: frozenset[str]


_NEGATION = re.compile(
    r"\b(?:not|no|never|none|neither|nor|cannot|without|unable|unavailable|impossible|unfortunately)\b|n['’]t\b"
    r"|不(?!客气|好意思|错|用谢)|没|无法|未|非(?!常)|别的?|勿",
    re.IGNORECASE,
)
_OPPOSITES: tuple[tuple[str, str], ...] = (
    (r"\bleft\b|左", r"\bright\b(?!,)|右"),
    (r"\bbefore\b|之前|以前", r"\bafter\b|之后|以后"),
    (r"\bfree\b|免费|包邮", r"\b(?:fee|charged?|costs?|paid)\b|收费|自费|运费"),
    (r"\bincorrect\b|\bwrong\b|错误", r"(?<!in)correct\b|正确"),
    (r"\bonline\b|线上|网上", r"\bin[- ]store\b|线下|门店"),
    (r"\b(?:domestic|nationwide)\b|国内|境内", r"\b(?:international|abroad|overseas)\b|国外|国际|境外|海外"),
    (r"\bstandard\b|普通", r"\bexpress\b|加急|特快"),
    (r"\b(?:enable|switch on|turn on)\b|打开|开启", r"\b(?:disable|switch off|turn off)\b|关闭"),
    (r"\b(?:deposit|top up)\b|充值|存入", r"\b(?:withdraw\w*|pay out)\b|提现|取出"),
    (r"\bsuccess\w*", r"\bfail\w*|失败"),
    (r"\bincrease|\bhigher\b|增加", r"\bdecrease|\blower\b|减少"),
    (r"\bwhat day|\bdate\b|哪天", r"\bwhat time|几点"),
)
_OPPOSITE_PATTERNS = tuple(
    (re.compile(one, re.IGNORECASE), re.compile(other, re.IGNORECASE)) for one, other in _OPPOSITES
)


def signs_of(text: str) -> Signs:
    """Reads negation and sides from a text. A text that names both sides of a pair takes none."""
    text = simplified(text)
    sides: set[tuple[int, int]] = set()
    for number, (one, other) in enumerate(_OPPOSITE_PATTERNS):
        found = bool(one.search(text)), bool(other.search(text))
        if found[0] != found[1]:
            sides.add((number, int(found[1])))
    return Signs(negated=bool(_NEGATION.search(text)), sides=frozenset(sides), names=_chinese_names(text))


_HAN = re.compile(r"[㐀-鿿]")
_NAME_TAGS = {"nr", "nrfg", "nrt", "ns", "nt", "nz"}
_MISTAGGED = re.compile(r"[您你们]|^.$")


def _chinese_names(text: str) -> frozenset[str]:
    """Persons, places, organisations and brands by rjieba's part-of-speech tags; single characters are left out."""
    if not _HAN.search(text):
        return frozenset()
    import rjieba

    return frozenset(
        word for word, tag in rjieba.tag(text) if tag in _NAME_TAGS and not _MISTAGGED.search(word)
    )


def contradict(first: Signs, second: Signs) -> bool:
    """Whether one text denies what the other does not, they take two sides, or each names what the other does not."""
    if first.negated != second.negated or (first.names - second.names and second.names - first.names):
        return True
    return any((number, 1 - side) in second.sides for number, side in first.sides)
