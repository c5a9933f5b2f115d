"""What a release replies to the rows: through its own encoder, head, index and confidence, as it would to customers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrieval.assembly import NOTHING_LEFT_OUT, LeftOut
from retrieval.decision import Outcome
from retrieval.engine import Engine
from retrieval.leave_one_out import (
    Headings,
    Sampled,
    encode_headings,
    left_out_known,
    left_out_unknown,
    sample_of,
)
from retrieval.normalize import normalize
from retrieval.person_request import asks_for_person
from retrieval.records import QuestionRecord
from retrieval.view import View
from training.gate.rows import Rows
from training.splits import near_duplicate_key

Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]

MOST_UNKNOWN = 400


@dataclass(frozen=True, slots=True)
class Question:
    """One row as it is asked. `answer` is the question's own, "" where it is out of scope by label.

    `right` are the answers that count as right: none for a row that plays an unknown question.
    """

    text: str
    language: str
    answer: str
    right: frozenset[str]
    number: int


@dataclass(frozen=True, slots=True)
class Replies:
    """What one release replied to n rows; `aligned` makes the rows of two releases the same.

    Attributes:
        given: the best answer of each, "" without one.
        confidence: (n,) of it.
        outcomes: what the bot would do.
    """

    asked: tuple[Question, ...]
    given: tuple[str, ...]
    confidence: Floats
    outcomes: tuple[Outcome, ...]

    @property
    def known(self) -> Flags:
        return np.array([bool(row.right) for row in self.asked], bool)

    @property
    def right(self) -> Flags:
        """Whether the best answer is right; an unknown row's never is."""
        return np.array([g in row.right for g, row in zip(self.given, self.asked, strict=True)], bool)

    @property
    def answered(self) -> Flags:
        return np.array([outcome is Outcome.ANSWERED for outcome in self.outcomes], bool)

    def only(self, rows: Flags) -> Replies:
        places = np.flatnonzero(rows).tolist()
        return Replies(
            tuple(self.asked[place] for place in places),
            tuple(self.given[place] for place in places),
            self.confidence[rows],
            tuple(self.outcomes[place] for place in places),
        )


def aligned(candidate: Replies, serving: Replies) -> tuple[Replies, Replies]:
    """The rows that both were asked: which copies a question has by vectors depends on the encoder."""
    both = set(candidate.asked) & set(serving.asked)
    first, second = (
        each.only(np.array([row in both for row in each.asked], bool)) for each in (candidate, serving)
    )
    return first, second


def ask(engine: Engine, rows: Rows) -> Replies:
    """Every question with its copies left out; MOST_UNKNOWN once more without its answers, and what is out of scope.

    A release that does not know a question's answer any more is asked all the same: whoever asks gets no answer.
    """
    view = engine.retriever.view
    sampled = samples(view, rows.questions)
    bare = encode_headings(engine.retriever, sampled)
    plan = list(_plan(view, sampled, bare, rows))
    return _replies(engine, plan)


def ask_plainly(engine: Engine, questions: Sequence[Question]) -> Replies:
    """Nothing is left out: as customers would get it."""
    return _replies(engine, [(row, NOTHING_LEFT_OUT) for row in questions])


def samples(view: View, questions: Sequence[QuestionRecord]) -> list[Sampled]:
    """With everything left out that has the same words."""
    by_key: dict[str, list[QuestionRecord]] = {}
    for stored in view.questions.values():
        by_key.setdefault(near_duplicate_key(stored.text), []).append(stored)
    return [sample_of(view, question, by_key[near_duplicate_key(question.text)]) for question in questions]


def _plan(
    view: View, sampled: Sequence[Sampled], bare: Headings, rows: Rows
) -> Iterator[tuple[Question, LeftOut]]:
    for item in sampled:
        left_out = left_out_known(view, item, bare)
        if left_out is not None:
            yield _asked(item, item.right), left_out
    for item in sampled[:MOST_UNKNOWN]:
        yield _asked(item, frozenset()), left_out_unknown(view, item)
    for text, language in rows.out_of_scope:
        yield Question(text, language, "", frozenset(), 0), NOTHING_LEFT_OUT


def _asked(item: Sampled, right: frozenset[str]) -> Question:
    question = item.question
    return Question(question.text, question.language, question.answer_id, right, question.number)


def _replies(engine: Engine, plan: Sequence[tuple[Question, LeftOut]]) -> Replies:
    texts = list(dict.fromkeys(row.text for row, _ in plan))  # each is encoded once
    encoded = engine.retriever.encoder.encode_messages([normalize(text) for text in texts])
    places = {text: place for place, text in enumerate(texts)}
    given: list[str] = []
    confidence: list[float] = []
    outcomes: list[Outcome] = []
    for row, left_out in plan:
        tuned = encoded.tuned[places[row.text]]
        found = engine.retriever.search_vector(
            row.text,
            encoded.embeddings[places[row.text]],
            language=row.language,
            fusion=engine.confidence.fusion,
            left_out=left_out,
            reading=None if engine.head is None else engine.head.read(tuned, row.text),
        )
        if engine.traffic is not None and (row.right or left_out is NOTHING_LEFT_OUT):
            # Traffic was judged with all answers: it would give away those that are left out.
            (found,) = engine.traffic.surround([found], engine.confidence.fusion)
        decision = engine.decide(found, asks_for_person=asks_for_person(row.text))
        given.append(decision.scored[0].candidate.answer_id if decision.scored else "")
        confidence.append(decision.confidence)
        outcomes.append(decision.outcome)
    return Replies(
        tuple(row for row, _ in plan), tuple(given), np.array(confidence, np.float64), tuple(outcomes)
    )
