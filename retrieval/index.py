"""Nearest neighbours by cosine, with additions and removals that count at once.

`VectorIndex` hides its backend: FAISS exact search (IndexFlatIP) up to `EXACT_LIMIT` rows, HNSW beyond
(Malkov and Yashunin 2018). Rows are named by numbers the caller gives. An index never changes: `changed`
returns another one that shares the large part, so that a search under way sees all of a change or
nothing of it. Additions go into a small exact side block, removals into a mask; both parts are searched
together.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retrieval.errors import RetrievalError

EXACT_LIMIT = 50_000
SIDE_LIMIT = 2_000  # an exact index folds its side block in beyond this; a copy of 50k x 384 takes some 30 ms
HNSW_LINKS = 32
HNSW_BUILD_BREADTH = 200
HNSW_SEARCH_BREADTH = 128

Numbers = NDArray[np.int64]
Vectors = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Neighbours:
    """`similarities` (m,) float32 falling, `numbers` (m,) int64; m may be less than asked for."""

    similarities: NDArray[np.float32]
    numbers: Numbers


class VectorIndex:
    """Unit rows under numbers. Build with `of`, read with `load`."""

    def __init__(
        self,
        *,
        dimension: int,
        main: Any,
        numbers: Numbers,
        alive: NDArray[np.bool_] | None,
        side: Vectors,
        side_numbers: Numbers,
    ) -> None:
        self.dimension = dimension
        self._main = main  # faiss.Index or None; row i of it is numbers[i], and numbers rise
        self._numbers = numbers
        self._alive = alive  # None: no row of the main part is removed
        self._dead = 0 if alive is None else int(len(alive) - np.count_nonzero(alive))
        self._side = side
        self._side_numbers = side_numbers

    @classmethod
    def of(cls, numbers: Collection[int] | Numbers, vectors: Vectors, *, dimension: int) -> VectorIndex:
        """Indexes `vectors` ((n, d) float32 unit rows) under `numbers` (n,), each of them given once."""
        keys, rows = _checked(numbers, vectors, dimension)
        return cls(
            dimension=dimension,
            main=_faiss_index(rows, dimension) if len(keys) else None,
            numbers=keys,
            alive=None,
            side=np.empty((0, dimension), np.float32),
            side_numbers=np.empty(0, np.int64),
        )

    @classmethod
    def load(cls, path: Path, numbers: Numbers, *, dimension: int) -> VectorIndex:
        """Reads what `write` wrote; the caller has checked the file's hash before."""
        import faiss

        main = faiss.read_index(str(path))
        if main.d != dimension or main.ntotal != len(numbers):
            raise RetrievalError(
                f"{path} holds {main.ntotal} rows of {main.d}, expected {len(numbers)} of {dimension}; build it anew"
            )
        if isinstance(main, faiss.IndexHNSW):
            main.hnsw.efSearch = HNSW_SEARCH_BREADTH
        return cls(
            dimension=dimension,
            main=main if len(numbers) else None,
            numbers=numbers,
            alive=None,
            side=np.empty((0, dimension), np.float32),
            side_numbers=np.empty(0, np.int64),
        )

    def whole(self) -> VectorIndex:
        """The same rows without a side block and without removed ones."""
        return self if not (self._dead or len(self._side)) else self._merged()

    def write(self, path: Path) -> Numbers:
        """Writes all live rows as one FAISS file and returns their numbers in row order."""
        import faiss

        whole = self.whole()
        main = whole._main if whole._main is not None else faiss.IndexFlatIP(self.dimension)
        faiss.write_index(main, str(path))
        return whole._numbers

    def __len__(self) -> int:
        return len(self._numbers) - self._dead + len(self._side_numbers)

    @property
    def exact(self) -> bool:
        return self._main is None or _is_flat(self._main)

    def numbers(self) -> Numbers:
        """(n,) of all live rows, rising."""
        live = self._numbers if self._alive is None else self._numbers[self._alive]
        return np.sort(np.concatenate([live, self._side_numbers]))

    def changed(self, *, add: Collection[int], vectors: Vectors, remove: Collection[int] = ()) -> VectorIndex:
        """A new index without `remove` and with `add`; a number that is there already is replaced."""
        keys, rows = _checked(add, vectors, self.dimension)
        gone = np.union1d(np.fromiter(remove, np.int64, len(remove)), keys)
        keep = ~np.isin(self._side_numbers, gone)
        alive = self._alive
        hit = np.isin(self._numbers, gone)
        if hit.any():
            alive = ~hit if alive is None else alive & ~hit
        after = VectorIndex(
            dimension=self.dimension,
            main=self._main,
            numbers=self._numbers,
            alive=alive,
            side=np.concatenate([self._side[keep], rows]),
            side_numbers=np.concatenate([self._side_numbers[keep], keys]),
        )
        return after._merged() if self.exact and len(after._side) > SIDE_LIMIT else after

    def search(self, vector: Vectors, count: int, *, exclude: Collection[int] = ()) -> Neighbours:
        """The `count` nearest rows to `vector` (d,), without the numbers in `exclude`.

        Equal similarities come in rising order of number, as far as the search found them all.
        """
        barred = np.fromiter(exclude, np.int64, len(exclude))
        similarities, numbers = self._search_main(vector, count, barred)
        if len(self._side_numbers):
            free = ~np.isin(self._side_numbers, barred) if len(barred) else slice(None)
            similarities = np.concatenate([similarities, self._side[free] @ vector])
            numbers = np.concatenate([numbers, self._side_numbers[free]])
        order = np.lexsort((numbers, -similarities))[:count]
        return Neighbours(similarities[order], numbers[order])

    def vectors(self, numbers: Collection[int]) -> Vectors:
        """(n, d) rows of the given numbers, in their order. Raises RetrievalError for one that is not there."""
        wanted = np.fromiter(numbers, np.int64, len(numbers))
        rows = np.empty((len(wanted), self.dimension), np.float32)
        in_main, main_rows = self._main_rows(wanted)
        if in_main.any():
            rows[in_main] = self._stored()[main_rows[in_main]]
        for place in np.flatnonzero(~in_main):
            found = np.flatnonzero(self._side_numbers == wanted[place])
            if not len(found):
                raise RetrievalError(f"No vector has the number {wanted[place]}")
            rows[place] = self._side[found[0]]
        return rows

    def _search_main(self, vector: Vectors, count: int, barred: Numbers) -> tuple[Vectors, Numbers]:
        total = len(self._numbers)
        hidden = self._dead + len(barred)
        breadth = min(total, count + min(hidden, count))
        while breadth > 0:
            similarities, rows = _search_alone(self._main, vector, breadth)
            found = rows >= 0  # HNSW pads with -1
            similarities, rows = similarities[found], rows[found]
            free = np.ones(len(rows), bool) if self._alive is None else self._alive[rows]
            if len(barred):
                free &= ~np.isin(self._numbers[rows], barred)
            if np.count_nonzero(free) >= count or breadth == total:
                return similarities[free], self._numbers[rows[free]]
            breadth = min(total, breadth * 4)
        return np.empty(0, np.float32), np.empty(0, np.int64)

    def _main_rows(self, wanted: Numbers) -> tuple[NDArray[np.bool_], NDArray[np.intp]]:
        if not len(self._numbers):
            return np.zeros(len(wanted), bool), np.zeros(len(wanted), np.intp)
        rows = np.minimum(np.searchsorted(self._numbers, wanted), len(self._numbers) - 1)
        there = self._numbers[rows] == wanted
        if self._alive is not None:
            there &= self._alive[rows]
        return there, rows

    def _stored(self) -> Vectors:
        """(n, d) view of the main part's rows; no copy."""
        import faiss

        flat: Any = self._main if _is_flat(self._main) else faiss.downcast_index(self._main.storage)
        view: Vectors = faiss.rev_swig_ptr(flat.get_xb(), flat.ntotal * self.dimension)
        return view.reshape(-1, self.dimension)  # (n, d)

    def _merged(self) -> VectorIndex:
        numbers = self.numbers()
        return VectorIndex.of(numbers, self.vectors(numbers), dimension=self.dimension)


def _checked(numbers: Collection[int] | Numbers, vectors: Vectors, dimension: int) -> tuple[Numbers, Vectors]:
    keys = np.fromiter(numbers, np.int64, len(numbers))
    if vectors.shape != (len(keys), dimension):
        raise RetrievalError(
            f"{len(keys)} numbers need vectors of shape ({len(keys)}, {dimension}), not {vectors.shape}"
        )
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    if len(keys) > 1 and not (np.diff(keys) > 0).all():
        raise RetrievalError(f"Number {keys[:-1][np.diff(keys) == 0][0]} is given twice")
    return keys, np.ascontiguousarray(vectors[order], np.float32)


def _faiss_index(rows: Vectors, dimension: int) -> Any:
    import faiss

    faiss.omp_set_num_threads(os.cpu_count() or 1)
    index: Any
    if len(rows) <= EXACT_LIMIT:
        index = faiss.IndexFlatIP(dimension)
    else:
        index = faiss.IndexHNSWFlat(dimension, HNSW_LINKS, faiss.METRIC_INNER_PRODUCT)
        index.hnsw.efConstruction = HNSW_BUILD_BREADTH
        index.hnsw.efSearch = HNSW_SEARCH_BREADTH
    index.add(rows)
    return index


def _search_alone(index: Any, vector: Vectors, count: int) -> tuple[Vectors, Numbers]:
    """(count,) similarities and rows, found on the calling thread alone.

    OpenMP's threads wait for each other by spinning: one query on two of them takes ten times the processor time,
    which other messages need. The number is OpenMP's per calling thread, so it is said at each call.
    """
    import faiss

    faiss.omp_set_num_threads(1)
    similarities, rows = index.search(vector[None, :], count)  # (1, count) each
    return similarities[0], rows[0]


def _is_flat(index: Any) -> bool:
    import faiss

    return isinstance(index, faiss.IndexFlat)
