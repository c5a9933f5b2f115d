"""The numbers that confidence is computed from."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from retrieval.candidates import Retrieved
from retrieval.fusion import PARTS, SUPPORT_FLOOR, parts_of

Floats: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]

FEATURES: tuple[str, ...] = (
    "intercept",
    "standing",  # of the better one of question and passage: standard deviations above unrelated texts
    "passage",  # standing of the passage
    "margin",  # ln odds of this answer against all other candidates, by relevance
    "lexical",
    "support",
    "meaning",
    "wording",
    "intent",  # 1 when this answer is also the best by the head's meaning
    "agreement",  # 1 when this answer is also the best by words
    "length",  # ln(1 + terms of the utterance)
    "chinese",
    "second",  # 1 for the second candidate
    "third",
)
# More of these never lowers a confidence, whatever a small or odd sample says.
NEVER_NEGATIVE = frozenset(
    {"standing", "passage", "margin", "lexical", "support", "meaning", "wording", "intent", "agreement"}
)
RANKS = 3
RIVALS = 6  # candidates that evidence looks at, so that it does not depend on how many were asked for
MARGIN_LIMIT = 6.0
NO_RIVAL_MARGIN = 1.0  # being the only answer there is says little

_STANDING, _PASSAGE, _SUPPORT = (PARTS.index(name) for name in ("standing", "passage", "support"))
_WORDS, _MEANING, _WORDING = (PARTS.index(name) for name in ("answer_lexical", "meaning", "wording"))


def evidence(retrieved: Retrieved, rank: int) -> Floats:
    """(f,) features of the candidate at `rank` (0 is the best, 2 the last), in the order of FEATURES."""
    row: Floats = all_evidence(retrieved)[rank]
    return row


def all_evidence(retrieved: Retrieved) -> Floats:
    """(r, f) features of the at most RANKS best candidates."""
    found = retrieved.candidates[:RIVALS]
    if not found:
        return np.empty((0, len(FEATURES)))
    parts = np.array([[parts_of(candidate) for candidate in found]])  # (1, c, p)
    relevance = np.array([[candidate.relevance for candidate in found]])  # (1, c)
    features = evidence_features(
        parts,
        relevance,
        np.ones((1, len(found)), bool),
        words=np.array([retrieved.words]),
        chinese=np.array([retrieved.language == "zh"]),
    )
    table: Floats = features[0]
    return table


def evidence_features(
    parts: Floats, relevance: Floats, present: Flags, *, words: NDArray[np.int_], chinese: Flags
) -> Floats:
    """Features of the best candidates of n searches.

    Args:
        parts: (n, c, p) as in `retrieval.fusion`, candidates by falling relevance.
        relevance: (n, c).
        present: (n, c) which candidates there are; the others come last and their features mean nothing.
        words, chinese: (n,) of the utterance.

    Returns:
        (n, r, f), r at most RANKS.
    """
    ranks = min(RANKS, parts.shape[1])
    lexical = np.where(present, parts[:, :, _WORDS], 0.0)  # (n, c)
    meaning = np.where(present, parts[:, :, _MEANING], -np.inf)  # (n, c)
    headed = (parts[:, :, [_MEANING, _WORDING]] != 0).any(axis=(1, 2))  # (n,)
    features = np.zeros((len(parts), ranks, len(FEATURES)))
    for rank in range(ranks):
        others = np.arange(parts.shape[1]) != rank
        most_words = lexical[:, others].max(axis=1, initial=0.0)  # (n,)
        own = lexical[:, rank]
        row = features[:, rank]  # (n, f)
        row[:, 0] = 1.0
        row[:, 1] = parts[:, rank, _STANDING]
        row[:, 2] = parts[:, rank, _PASSAGE]
        row[:, 3] = _margin(relevance[:, rank], relevance[:, others], present[:, others])
        row[:, 4] = own
        row[:, 5] = np.exp(parts[:, rank, _SUPPORT]) - SUPPORT_FLOOR
        row[:, 6] = parts[:, rank, _MEANING]
        row[:, 7] = parts[:, rank, _WORDING]
        row[:, 8] = headed & (meaning[:, rank] >= meaning.max(axis=1))
        row[:, 9] = (own > 0) & (own >= most_words)
        row[:, 10] = np.log1p(words)
        row[:, 11] = chinese
        row[:, 12:] = (rank == 1, rank == 2)
    return features


def _margin(relevance: Floats, others: Floats, present: Flags) -> Floats:
    """(n,) ln of e^relevance over the sum of e^others, within MARGIN_LIMIT."""
    gaps = np.where(present, np.minimum(others - relevance[:, None], 50.0), -np.inf)  # (n, c - 1)
    rivals = np.exp(gaps).sum(axis=1)
    with np.errstate(divide="ignore"):
        margin = np.clip(-np.log(rivals), -MARGIN_LIMIT, MARGIN_LIMIT)
    return np.where(present.any(axis=1), margin, NO_RIVAL_MARGIN)
