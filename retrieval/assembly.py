"""From the hits of the three searches to one candidate per answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from retrieval.background import Background, background_of
from retrieval.bm25 import LexicalHits
from retrieval.candidates import Candidate
from retrieval.fusion import SUPPORT_FLOOR, Fusion
from retrieval.index import Neighbours
from retrieval.intents import IntentReading
from retrieval.view import View

# Width of a neighbour's weight exp(z / TEMPERATURE), in standard deviations of the background.
TEMPERATURE = 0.35
# So many of the nearest questions vote; on BANKING77 20 to 300 do equally well.
VOTERS = 50
PASSAGE_VOTERS = 20
FITTING = 5  # answers that each reading of the intent head brings in
NOWHERE = -1.0

Floats: TypeAlias = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What a search must act as if it were not there (leave-one-out).

    Attributes:
        questions, passages: numbers of records that are ignored.
        substitutes: number of a passage -> (d,) unit row to use instead of the stored one.
    """

    questions: frozenset[int] = frozenset()
    passages: frozenset[int] = frozenset()
    substitutes: Mapping[int, Floats] = field(default_factory=dict)


NOTHING_LEFT_OUT = LeftOut()


@dataclass(frozen=True, slots=True)
class Hits:
    """Results of the three searches; lexical keys are those of `retrieval.view`.

    `documents` are the answers' lexical shares as whole documents; `exact` are the answers that have the utterance
    among their questions, word for word.
    """

    questions: Neighbours
    passages: Neighbours
    lexical: LexicalHits
    documents: LexicalHits
    exact: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Table:
    """One row per answer that any search has hit, named by its document; columns as in `Candidate`."""

    documents: NDArray[np.int64]
    question_numbers: NDArray[np.int64]
    questions: Floats
    passages: Floats
    question_lexical: Floats
    passage_lexical: Floats
    answer_lexical: Floats
    support: Floats
    meaning: Floats
    wording: Floats


def assemble(
    view: View,
    vector: Floats,
    hits: Hits,
    *,
    language: str,
    fusion: Fusion,
    limit: int,
    left_out: LeftOut = NOTHING_LEFT_OUT,
    reading: IntentReading | None = None,
) -> tuple[Candidate, ...]:
    """The `limit` best candidates by falling relevance, ties by rising answer id."""
    background = background_of(view.backgrounds, language)
    table = _table(view, hits, background, reading)
    _compare_rest(view, table, vector, hits, left_out)
    standings = _standings(table, background)
    parts = np.stack(
        [
            standings.max(axis=0),
            standings[1],
            np.log(table.support + SUPPORT_FLOOR),
            table.question_lexical,
            table.passage_lexical,
            table.answer_lexical,
            table.meaning,
            table.wording,
            np.zeros_like(table.wording),  # an echo comes from traffic, after the search
        ],
        axis=1,
    )  # (a, p)
    same = [view.documents.numbers[answer_id] for answer_id in hits.exact]
    exact = np.isin(table.documents, same) if same else np.zeros(len(table.documents), bool)
    relevance = fusion.relevance(parts, exact, language=language)
    return tuple(
        _candidate(view, table, standings, row, exact=bool(exact[row]), relevance=float(relevance[row]))
        for row in _best(view, table, relevance, limit)
    )


def _best(view: View, table: _Table, relevance: NDArray[np.float64], limit: int) -> list[int]:
    """The `limit` rows of highest relevance; names are looked up for these and their ties only."""
    order = np.argsort(-relevance)
    if len(order) > limit:
        order = order[relevance[order] >= relevance[order[limit - 1]]]
    names = view.documents.answers
    keyed = [(-relevance[row], names[table.documents[row]], row) for row in order.tolist()]
    return [row for _, _, row in sorted(keyed)[:limit]]


def _table(view: View, hits: Hits, background: Background, reading: IntentReading | None) -> _Table:
    of_passage = hits.lexical.keys % 2 == 1
    worded = hits.lexical.keys // 2
    found = [
        view.question_owners[hits.questions.numbers],
        view.passage_owners[hits.passages.numbers],
        view.question_owners[worded[~of_passage]],
        view.passage_owners[worded[of_passage]],
        hits.documents.keys,
        _fitting(view, reading),
    ]
    documents, rows = np.unique(np.concatenate(found), return_inverse=True)
    asked, told, asked_words, told_words, whole, _ = np.split(
        rows, np.cumsum([len(part) for part in found[:-1]])
    )
    questions, passages = np.full((2, len(documents)), NOWHERE, np.float32)
    question_lexical, passage_lexical, answer_lexical, support = np.zeros((4, len(documents)), np.float32)
    np.maximum.at(questions, asked, hits.questions.similarities)
    np.maximum.at(passages, told, hits.passages.similarities)
    np.maximum.at(question_lexical, asked_words, hits.lexical.shares[~of_passage])
    np.maximum.at(passage_lexical, told_words, hits.lexical.shares[of_passage])
    answer_lexical[whole] = hits.documents.shares
    if len(asked) or len(told):
        voters = np.concatenate([asked[:VOTERS], told[:PASSAGE_VOTERS]])
        np.add.at(support, voters, _vote(hits, background))
    fits = np.zeros((len(documents), 2), np.float32)
    if reading is not None:
        fits = reading.of([view.documents.answers[number] for number in documents.tolist()])
    numbers = np.zeros(len(documents), np.int64)
    numbers[asked[::-1]] = hits.questions.numbers[::-1]  # the nearest comes last and stays
    return _Table(
        documents,
        numbers,
        questions,
        passages,
        question_lexical,
        passage_lexical,
        answer_lexical,
        support,
        meaning=fits[:, 0],
        wording=fits[:, 1],
    )


def _fitting(view: View, reading: IntentReading | None) -> NDArray[np.int64]:
    """(m,) documents of the answers that the intent head finds most fitting, as far as they are still there."""
    answers = reading.best(FITTING) if reading is not None else []
    numbers = [view.documents.numbers[answer] for answer in answers if view.is_known(answer)]
    return np.array(numbers, np.int64)


def _vote(hits: Hits, background: Background) -> Floats:
    """(m,) part of each voting question and of each passage hit in the vote; together 1."""
    standings = np.concatenate(
        [
            background.questions.standing(hits.questions.similarities[:VOTERS]),
            background.passages.standing(hits.passages.similarities[:PASSAGE_VOTERS]),
        ]
    )
    weights = np.exp((standings - standings.max()) / TEMPERATURE)
    shares: Floats = weights / weights.sum()
    return shares


def _standings(table: _Table, background: Background) -> Floats:
    """(2, a) of question and passage; what an answer lacks stands as high as what it has."""
    questions = background.questions.standing(table.questions)
    passages = background.passages.standing(table.passages)
    return np.stack(
        [
            np.where(table.questions > NOWHERE, questions, passages),
            np.where(table.passages > NOWHERE, passages, questions),
        ]
    )


def _compare_rest(view: View, table: _Table, vector: Floats, hits: Hits, left_out: LeftOut) -> None:
    """Fills in similarities of answers that were found in another way than by this kind of text.

    Such an answer's question is the one with the same words, or its first: the others are farther away
    than all the neighbours found.
    """
    lacking = np.flatnonzero((table.question_numbers == 0) | (table.passages == NOWHERE)).tolist()
    if not lacking:
        return
    worded = {
        view.questions[key // 2].answer_id: key // 2
        for key in reversed(hits.lexical.keys.tolist())
        if not key % 2
    }
    rows: list[int] = []
    numbers: list[int] = []
    passage_rows: list[int] = []
    passage_numbers: list[int] = []
    for row in lacking:
        answer_id = view.documents.answers[int(table.documents[row])]
        if not table.question_numbers[row]:
            own = view.question_numbers.get(answer_id, ())
            first = next((number for number in own if number not in left_out.questions), 0)
            number = worded.get(answer_id, first)
            if number:
                rows.append(row)
                numbers.append(number)
        if table.passages[row] == NOWHERE:
            for number in view.passage_numbers.get(answer_id, ()):
                if number not in left_out.passages and number not in left_out.substitutes:
                    passage_rows.append(row)
                    passage_numbers.append(number)
    if rows:
        table.question_numbers[rows] = numbers
        table.questions[rows] = view.question_index.vectors(numbers) @ vector
    if passage_rows:
        np.maximum.at(table.passages, passage_rows, view.passage_index.vectors(passage_numbers) @ vector)


def _candidate(
    view: View, table: _Table, standings: Floats, row: int, *, exact: bool, relevance: float
) -> Candidate:
    number = int(table.question_numbers[row])
    question_similarity, passage_similarity = float(table.questions[row]), float(table.passages[row])
    return Candidate(
        answer_id=view.documents.answers[int(table.documents[row])],
        question=view.questions[number].text if number else "",
        question_number=number,
        similarity=max(question_similarity, passage_similarity),
        question_similarity=question_similarity,
        passage_similarity=passage_similarity,
        question_standing=float(standings[0, row]),
        passage_standing=float(standings[1, row]),
        question_lexical=float(table.question_lexical[row]),
        passage_lexical=float(table.passage_lexical[row]),
        answer_lexical=float(table.answer_lexical[row]),
        support=float(table.support[row]),
        meaning=float(table.meaning[row]),
        wording=float(table.wording[row]),
        exact=exact,
        relevance=relevance,
    )
