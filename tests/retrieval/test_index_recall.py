"""HNSW finds what exact search finds, at the size and with the settings that the service uses it.

The vectors are made to be like those of a support corpus: 10,000 answers with ten phrasings each. Centres lie in a
space of `INTRINSIC` directions within 384 (sentence encoders use few of theirs), with directions of falling weight;
phrasings scatter around their centre, and queries are further phrasings. Uniformly random vectors would be another
problem: there all neighbours are equally far, and which of them are the ten nearest means nothing.
"""

import time
from pathlib import Path

import faiss
import numpy as np
import pytest
from numpy.typing import NDArray

from retrieval.index import VectorIndex

DIMENSION, INTRINSIC = 384, 40
CENTRES, PHRASINGS, QUERIES, COUNT = 10_000, 10, 500, 10
SCATTER = 0.6
"""Of a phrasing around its centre, as a share of the centre's length: similarities within an answer are about 0.74."""


def corpus_like(random: np.random.Generator) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """(100000, 384) phrasings and (500, 384) queries, float32 unit rows."""
    basis, _ = np.linalg.qr(random.standard_normal((DIMENSION, INTRINSIC)))  # (d, k) orthonormal columns
    weights = 1 / np.sqrt(1 + np.arange(INTRINSIC))
    centres = random.standard_normal((CENTRES, INTRINSIC)) * weights  # (c, k)

    def phrasings(of: NDArray[np.intp]) -> NDArray[np.float32]:
        noise = random.standard_normal((len(of), INTRINSIC)) * weights * SCATTER  # (n, k)
        outside = (
            random.standard_normal((len(of), DIMENSION)) * 0.01
        )  # (n, d): none lies in the space exactly
        rows = (centres[of] + noise) @ basis.T + outside  # (n, d)
        return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)

    rows = phrasings(np.repeat(np.arange(CENTRES), PHRASINGS))
    return rows, phrasings(random.integers(CENTRES, size=QUERIES))


@pytest.mark.slow
def test_hnsw_finds_99_of_100_neighbours_among_100_000_in_little_memory(tmp_path: Path) -> None:
    rows, queries = corpus_like(np.random.default_rng(0))
    exact = faiss.IndexFlatIP(DIMENSION)
    exact.add(rows)
    _, wanted = exact.search(queries, COUNT)  # (q, 10)

    index = VectorIndex.of(np.arange(len(rows)), rows, dimension=DIMENSION)
    started = time.perf_counter()
    found = [index.search(query, COUNT).numbers for query in queries]
    per_query_ms = (time.perf_counter() - started) / QUERIES * 1000
    hits = [len(np.intersect1d(mine, theirs)) for mine, theirs in zip(found, wanted, strict=True)]
    recall = float(np.mean(hits)) / COUNT
    index.write(tmp_path / "vectors.faiss")
    size = (tmp_path / "vectors.faiss").stat().st_size  # as in memory: vectors and links
    print(f"recall@10 {recall:.4f}, {per_query_ms:.2f} ms a query, {size / 1e6:.0f} MB")
    assert not index.exact
    assert recall >= 0.99
    assert size <= 300_000_000
