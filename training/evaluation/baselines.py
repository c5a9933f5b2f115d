"""Simple baselines, from the same texts by the same command, so that every figure has something to be compared with.

Features as in the literature's usual floors: TF-IDF over words (1-2-grams) and characters (2-5-grams), for Chinese over
characters (1-3-grams); BM25 (Robertson and Zaragoza 2009) with k1 1.2 and b 0.75 over words, of Chinese over characters
and pairs of them. "Frozen" ones use the encoder's vectors as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from time import perf_counter
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from retrieval.retriever import Retriever

DEPTH = 10
BLOCK = 256  # messages compared at once, so that memory stays flat
K1, B = 1.2, 0.75
# On unit vectors the usual 1.0 is so strong a pull to zero that it underfits; fixed beforehand, not tuned.
LOGISTIC_C = 10.0

_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
_RUN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]+|[^\W\u3400-\u9fff\uf900-\ufaff]+")

Matrix: TypeAlias = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Ranking:
    """What a baseline says: per message its best answers, each once, and how sure it is of the first (any unit)."""

    name: str
    answers: tuple[tuple[str, ...], ...]
    sureness: tuple[float, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class Corpus:
    """Texts and the answer each leads to, against which messages are compared.

    `chinese` chooses the TF-IDF features; texts in both languages count as Chinese, too.
    """

    texts: Sequence[str]
    owners: Sequence[str]
    chinese: bool


def linear_svc(corpus: Corpus, messages: Sequence[str]) -> Ranking:
    """TF-IDF and a linear support vector machine, C = 1."""
    from sklearn.svm import LinearSVC

    started = perf_counter()
    stored, asked = _tfidf(corpus, messages)
    machine = LinearSVC(C=1.0, random_state=0).fit(stored, corpus.owners)
    return _from_classes("TF-IDF + LinearSVC", machine.classes_, machine.decision_function(asked), started)


def tfidf_nearest(corpus: Corpus, messages: Sequence[str]) -> Ranking:
    """The answer of the nearest text by TF-IDF cosine."""
    started = perf_counter()
    stored, asked = _tfidf(corpus, messages)
    blocks = (
        (asked[start : start + BLOCK] @ stored.T).toarray() for start in range(0, asked.shape[0], BLOCK)
    )
    return _from_texts("TF-IDF 1-NN", corpus.owners, blocks, started)


def bm25(corpus: Corpus, messages: Sequence[str], *, name: str = "BM25") -> Ranking:
    """The answer of the best text by BM25."""
    from sklearn.feature_extraction.text import CountVectorizer

    started = perf_counter()
    counter = CountVectorizer(analyzer=_bm25_terms)
    counts = counter.fit_transform(corpus.texts).tocsr().astype(np.float32)  # (n, v)
    lengths = np.asarray(counts.sum(axis=1)).ravel()
    rarity = np.log1p((counts.shape[0] - counts.getnnz(axis=0) + 0.5) / (counts.getnnz(axis=0) + 0.5))
    norm = np.repeat(K1 * (1 - B + B * lengths / lengths.mean()), np.diff(counts.indptr))
    counts.data = counts.data * (K1 + 1) / (counts.data + norm) * rarity[counts.indices]
    asked = counter.transform(messages).astype(np.float32)
    blocks = (
        (asked[start : start + BLOCK] @ counts.T).toarray() for start in range(0, asked.shape[0], BLOCK)
    )
    return _from_texts(name, corpus.owners, blocks, started)


def frozen_logistic(retriever: Retriever, vectors: Matrix, *, seed: int) -> Ranking:
    """Logistic regression on the encoder's vectors of the questions; `vectors` (m, d) are the messages'."""
    from sklearn.linear_model import LogisticRegression

    started = perf_counter()
    stored, owners = _questions(retriever)
    model = LogisticRegression(C=LOGISTIC_C, max_iter=1000, random_state=seed).fit(stored, owners)
    return _from_classes(
        "frozen encoder + logistic regression", model.classes_, model.predict_proba(vectors), started
    )


def frozen_nearest(retriever: Retriever, vectors: Matrix) -> Ranking:
    """The answer of the nearest question by the encoder's cosine."""
    started = perf_counter()
    stored, owners = _questions(retriever)
    return _from_texts("frozen 1-NN over questions", owners, _cosines(vectors, stored), started)


def frozen_nearest_passage(retriever: Retriever, vectors: Matrix) -> Ranking:
    """The nearest "question + answer text" by the encoder's cosine."""
    started = perf_counter()
    stored, owners = _passages(retriever)
    return _from_texts("frozen 1-NN over question + answer", owners, _cosines(vectors, stored), started)


def frozen_larger(retriever: Retriever, vectors: Matrix) -> Ranking:
    """The larger of the two cosines: of the question, and of question + answer text."""
    started = perf_counter()
    questions, question_owners = _questions(retriever)
    passages, passage_owners = _passages(retriever)
    stored = np.concatenate([questions, passages])
    owners = [*question_owners, *passage_owners]
    return _from_texts("frozen, larger of question and passage", owners, _cosines(vectors, stored), started)


def _bm25_terms(text: str) -> list[str]:
    """Lower-case words; of Chinese, characters and pairs of neighbours."""
    terms: list[str] = []
    for run in _RUN.findall(text.lower()):
        terms += [*run, *map("".join, pairwise(run))] if _HAN.match(run) else [run]
    return terms


def _tfidf(corpus: Corpus, messages: Sequence[str]) -> tuple[Any, Any]:
    """(n, v) of the stored texts and (m, v) of the messages, sparse, unit rows."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import FeatureUnion
    from sklearn.preprocessing import normalize

    def kind(**shape: Any) -> Any:
        return TfidfVectorizer(sublinear_tf=True, dtype=np.float32, **shape)

    kinds = [("characters", kind(analyzer="char", ngram_range=(1, 3)))]
    if not corpus.chinese:
        kinds = [
            ("words", kind(ngram_range=(1, 2))),
            ("characters", kind(analyzer="char_wb", ngram_range=(2, 5))),
        ]
    features = FeatureUnion(kinds)
    stored = normalize(features.fit_transform(corpus.texts).tocsr())
    return stored, normalize(features.transform(messages).tocsr())


def _questions(retriever: Retriever) -> tuple[Matrix, list[str]]:
    view = retriever.view
    numbers = sorted(view.questions)
    return view.question_index.vectors(numbers), [view.questions[number].answer_id for number in numbers]


def _passages(retriever: Retriever) -> tuple[Matrix, list[str]]:
    view = retriever.view
    numbers = sorted(view.passages)
    return view.passage_index.vectors(numbers), [view.passages[number].answer_id for number in numbers]


def _cosines(vectors: Matrix, stored: Matrix) -> Iterator[Matrix]:
    return (vectors[start : start + BLOCK] @ stored.T for start in range(0, len(vectors), BLOCK))


def _from_texts(name: str, owners: Sequence[str], blocks: Iterable[NDArray[Any]], started: float) -> Ranking:
    """Each answer counts as much as its best text; equal ones stay in the order of the texts."""
    places: dict[str, int] = {}
    columns = np.array([places.setdefault(owner, len(places)) for owner in owners])
    order = np.argsort(columns, kind="stable")
    starts = np.searchsorted(columns[order], np.arange(len(places)))
    best = (np.maximum.reduceat(block[:, order], starts, axis=1) for block in blocks)  # each (b, answers)
    return _ranked(name, list(places), best, started)


def _from_classes(name: str, classes: Sequence[str], values: NDArray[Any], started: float) -> Ranking:
    if values.ndim == 1:  # two classes give one column
        values = np.column_stack([-values, values])
    return _ranked(name, [str(each) for each in classes], [values], started)


def _ranked(name: str, answers: Sequence[str], blocks: Iterable[NDArray[Any]], started: float) -> Ranking:
    ranked: list[tuple[str, ...]] = []
    sureness: list[float] = []
    for block in blocks:
        for row in block:
            order = np.argsort(-row, kind="stable")[:DEPTH]
            ranked.append(tuple(answers[place] for place in order))
            sureness.append(float(row[order[0]]))
    return Ranking(name, tuple(ranked), tuple(sureness), perf_counter() - started)
