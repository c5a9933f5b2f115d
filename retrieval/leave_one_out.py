"""Examples from the company's own questions, each searched as if it had not been known.

Every sampled question plays two parts. Known: the question and its copies are left out, and its answer is
the right one. Unknown: its whole answer is left out, and nothing is right. Copies have an equal fold or, within
the same answer, nearly the same vector. Where no question of the answer would be left, the question plays the unknown
part only: an answer that is found by its bare text says little about one whose question is there. A passage that carries a left-out question in front of its text
is searched with the next remaining question instead, or as the bare text, so that no example meets itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrieval.assembly import LeftOut
from retrieval.candidates import Retrieved
from retrieval.evidence import RIVALS
from retrieval.fusion import PRIOR_FUSION, Fusion
from retrieval.normalize import fold, normalize
from retrieval.records import QuestionRecord
from retrieval.retriever import Retriever
from retrieval.view import View, heading_of, passage_text

NEAR_COPY = 0.98
DEPTH = RIVALS  # candidates kept per example
OUT_OF_SCOPE = "out of scope: "  # begins the groups of examples that are unknown by label

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Example:
    """A search with a known outcome.

    Attributes:
        right: the answers that are right, empty for an unknown question.
        group: examples of one group never help to judge each other (cross-fitting).
        text: the utterance; nothing is computed from it.
    """

    retrieved: Retrieved
    right: frozenset[str]
    group: str
    text: str = ""

    @property
    def language(self) -> str:
        return self.retrieved.language


@dataclass(frozen=True, slots=True)
class _Sampled:
    question: QuestionRecord
    right: frozenset[str]
    copies: frozenset[int]
    headings: dict[int, str]  # passage -> heading to use instead


def leave_one_out(
    retriever: Retriever,
    *,
    sample: int,
    seed: int,
    out_of_scope: Sequence[tuple[str, str]] = (),
    fusion: Fusion = PRIOR_FUSION,
    progress: Progress | None = None,
) -> list[Example]:
    """Known and unknown examples of at most `sample` questions; `out_of_scope` are (text, language)."""
    view = retriever.view
    chosen = _chosen(view, sample, np.random.default_rng(seed))
    copies = _copies_by_fold(view)
    sampled = [_sampled(view, question, copies) for question in chosen]
    bare = _encode_headings(retriever, sampled)
    examples: list[Example] = []
    for done, item in enumerate(sampled):
        examples += _both_parts(retriever, item, bare, fusion)
        if progress is not None:
            progress(done + 1, len(sampled))
    for text, language in out_of_scope:
        vector = retriever.encode(text)
        found = retriever.search_vector(text, vector, language=language, limit=DEPTH, fusion=fusion)
        examples.append(Example(found, frozenset(), f"{OUT_OF_SCOPE}{fold(text)}", text))
    return examples


def _chosen(view: View, sample: int, random: np.random.Generator) -> list[QuestionRecord]:
    numbers = sorted(view.questions)
    if len(numbers) > sample:
        numbers = sorted(random.choice(numbers, size=sample, replace=False).tolist())
    return [view.questions[number] for number in numbers]


def _copies_by_fold(view: View) -> dict[str, list[QuestionRecord]]:
    copies: dict[str, list[QuestionRecord]] = {}
    for question in view.questions.values():
        copies.setdefault(fold(question.text), []).append(question)
    return copies


def _sampled(view: View, question: QuestionRecord, by_fold: dict[str, list[QuestionRecord]]) -> _Sampled:
    same = by_fold[fold(question.text)]
    right = frozenset(copy.answer_id for copy in same)
    vector = view.question_index.vectors([question.number])[0]
    near = view.question_index.search(vector, 10)
    copies = {copy.number for copy in same} | {
        number
        for number, similarity in zip(near.numbers.tolist(), near.similarities.tolist(), strict=True)
        if similarity > NEAR_COPY and view.questions[number].answer_id in right
    }
    return _Sampled(question, right, frozenset(copies), _other_headings(view, right, copies))


def _other_headings(view: View, right: frozenset[str], copies: set[int]) -> dict[int, str]:
    headings: dict[int, str] = {}
    for answer_id in right:
        own = view.question_numbers[answer_id]
        left = [view.questions[number] for number in own if number not in copies]
        gone = {view.questions[number].text for number in own if number in copies}
        for number in view.passage_numbers.get(answer_id, ()):
            if view.headings[number] in gone:
                headings[number] = heading_of(view.passages[number], left)
    return headings


def _encode_headings(
    retriever: Retriever, sampled: Sequence[_Sampled]
) -> dict[tuple[int, str], NDArray[np.float32]]:
    keys = sorted({(number, heading) for item in sampled for number, heading in item.headings.items()})
    passages = retriever.view.passages
    texts = [normalize(passage_text(heading, passages[number].text)) for number, heading in keys]
    return dict(zip(keys, retriever.encoder.encode_passages(texts), strict=True))


def _both_parts(
    retriever: Retriever,
    item: _Sampled,
    encoded: dict[tuple[int, str], NDArray[np.float32]],
    fusion: Fusion,
) -> list[Example]:
    """The known example, where there can be one, and the unknown one."""
    view = retriever.view
    question = item.question
    vector = view.question_index.vectors([question.number])[0]
    own_questions = frozenset(n for answer_id in item.right for n in view.question_numbers[answer_id])
    own_passages = frozenset(n for answer_id in item.right for n in view.passage_numbers.get(answer_id, ()))

    def example(right: frozenset[str], left_out: LeftOut) -> Example:
        found = retriever.search_vector(
            question.text, vector, language=question.language, limit=DEPTH, fusion=fusion, left_out=left_out
        )
        return Example(found, right, min(item.right), question.text)

    unknown = example(frozenset(), LeftOut(questions=own_questions | item.copies, passages=own_passages))
    if not own_questions - item.copies:
        return [unknown]
    substitutes = {number: encoded[number, heading] for number, heading in item.headings.items()}
    return [example(item.right, LeftOut(questions=item.copies, substitutes=substitutes)), unknown]
