"""Every search path against exact search in numpy."""

import numpy as np
import pytest
from numpy.typing import NDArray

from retrieval.errors import RetrievalError
from retrieval.index import VectorIndex

EAST, NORTH = [1.0, 0.0], [0.0, 1.0]


def unit_rows(count: int, dimension: int = 16, seed: int = 0) -> NDArray[np.float32]:
    rows = np.random.default_rng(seed).normal(size=(count, dimension)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def exact(
    rows: dict[int, NDArray[np.float32]], vector: NDArray[np.float32], count: int, exclude: set[int]
) -> list[int]:
    similarity = {number: float(row @ vector) for number, row in rows.items() if number not in exclude}
    return sorted(similarity, key=lambda number: (-similarity[number], number))[:count]


def test_similarities_are_cosines_and_fall() -> None:
    rows = np.array([EAST, NORTH, [0.6, 0.8]], np.float32)
    found = VectorIndex.of([7, 3, 5], rows, dimension=2).search(np.array(EAST, np.float32), 3)
    assert found.numbers.tolist() == [7, 5, 3]
    assert found.similarities.tolist() == pytest.approx([1.0, 0.6, 0.0])


def test_more_neighbours_than_rows_gives_all_rows() -> None:
    index = VectorIndex.of([1, 2], np.array([EAST, NORTH], np.float32), dimension=2)
    assert index.search(np.array(EAST, np.float32), 10).numbers.tolist() == [1, 2]


def test_empty_index_finds_nothing_and_can_be_filled() -> None:
    index = VectorIndex.of([], np.empty((0, 2), np.float32), dimension=2)
    assert index.search(np.array(EAST, np.float32), 5).numbers.tolist() == []
    filled = index.changed(add=[4], vectors=np.array([NORTH], np.float32))
    assert filled.search(np.array(EAST, np.float32), 5).numbers.tolist() == [4]
    assert len(index) == 0
    assert len(filled) == 1


def test_equal_rows_come_in_order_of_number() -> None:
    index = VectorIndex.of([9, 2, 5], np.array([EAST, EAST, EAST], np.float32), dimension=2)
    assert index.search(np.array(EAST, np.float32), 3).numbers.tolist() == [2, 5, 9]


def test_a_number_given_again_is_replaced() -> None:
    index = VectorIndex.of([1, 2], np.array([EAST, NORTH], np.float32), dimension=2)
    changed = index.changed(add=[1], vectors=np.array([[-1.0, 0.0]], np.float32))
    assert changed.search(np.array(EAST, np.float32), 2).numbers.tolist() == [2, 1]
    assert index.search(np.array(EAST, np.float32), 2).numbers.tolist() == [1, 2]
    removed = changed.changed(add=[], vectors=np.empty((0, 2), np.float32), remove=[1])
    again = removed.changed(add=[1], vectors=np.array([EAST], np.float32))
    assert again.search(np.array(EAST, np.float32), 2).numbers.tolist() == [1, 2]


def test_removing_what_is_not_there_changes_nothing() -> None:
    index = VectorIndex.of([1], np.array([EAST], np.float32), dimension=2)
    assert index.changed(add=[], vectors=np.empty((0, 2), np.float32), remove=[8]).numbers().tolist() == [1]


@pytest.mark.parametrize("exact_limit", [50_000, 20])
def test_deltas_agree_with_exact_search(monkeypatch: pytest.MonkeyPatch, exact_limit: int) -> None:
    """300 rows with additions, replacements and removals; the limit of 20 makes HNSW of it."""
    monkeypatch.setattr("retrieval.index.EXACT_LIMIT", exact_limit)
    monkeypatch.setattr("retrieval.index.SIDE_LIMIT", 40)
    random = np.random.default_rng(1)
    vectors = unit_rows(300)
    rows = dict(zip(range(1, 301), vectors, strict=True))
    index = VectorIndex.of(list(rows), vectors, dimension=16)
    assert index.exact == (exact_limit > 20)
    for step in range(12):
        gone = random.choice(sorted(rows), size=15, replace=False).tolist()
        new = [*range(1000 + 10 * step, 1010 + 10 * step), *random.choice(sorted(set(rows) - set(gone)), 3)]
        new_vectors = unit_rows(len(new), seed=100 + step)
        index = index.changed(add=new, vectors=new_vectors, remove=gone)
        rows = {number: row for number, row in rows.items() if number not in gone}
        rows |= dict(zip((int(number) for number in new), new_vectors, strict=True))
        assert index.numbers().tolist() == sorted(rows)
        barred = set(random.choice(sorted(rows), size=30, replace=False).tolist())
        for query in unit_rows(5, seed=200 + step):
            found = index.search(query, 10, exclude=barred).numbers.tolist()
            assert found == exact(rows, query, 10, barred)
    some = sorted(rows)[::7]
    np.testing.assert_allclose(index.vectors(some), np.stack([rows[number] for number in some]))


def test_unknown_number_has_no_vector() -> None:
    index = VectorIndex.of([1], np.array([EAST], np.float32), dimension=2)
    with pytest.raises(RetrievalError, match="number 2"):
        index.vectors([2])


def test_repeated_numbers_and_wrong_shapes_are_refused() -> None:
    with pytest.raises(RetrievalError, match="Number 4 is given twice"):
        VectorIndex.of([4, 4], np.array([EAST, NORTH], np.float32), dimension=2)
    with pytest.raises(RetrievalError, match=r"shape \(1, 2\)"):
        VectorIndex.of([4], np.array([EAST, NORTH], np.float32), dimension=2)
