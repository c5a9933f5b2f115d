"""Examples from the company's own questions, each searched as if it had not been known.

Every sampled question plays two parts. Known: the question and its copies are left out, and its answer is
the right one. Unknown: its whole answer is left out, and nothing is right. Copies have an equal fold or, within
the same answer, nearly the same vector. Where no question of the answer would be left, the question plays the unknown
part only: an answer that is found by its bare text says little about one whose question is there. A passage that carries a left-out question in front of its text
is searched with the next remaining question instead, or as the bare text, so that no example meets itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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
Headings = Mapping[tuple[int, str], NDArray[np.float32]]
"""Number of a passage and the question in front of it -> (d,) its vector."""


@dataclass(frozen=True, slots=True)
class Example:
    """A search with a known outcome.

    Attributes:
        right: the answers that are right, empty for an unknown question.
        group: examples of one group never help to judge each other (cross-fitting).
        text: the utterance; nothing is computed from it.
        stands_for: of messages that were drawn at random from traffic, how many each stands for (1 / the chance of being
            drawn); 0 for all others.
    """

    retrieved: Retrieved
    right: frozenset[str]
    group: str
    text: str = ""
    stands_for: float = 0.0

    @property
    def language(self) -> str:
        return self.retrieved.language

    @property
    def is_out_of_scope(self) -> bool:
        """Whether it is unknown by label, not because its answer was left out."""
        return self.group.startswith(OUT_OF_SCOPE)


@dataclass(frozen=True, slots=True)
class Sampled:
    """A stored question, and what has to be left out for it to be asked as if it were new.

    Attributes:
        right: the answers of its copies and its own.
        copies: numbers of the copies and its own.
        headings: number of a passage that carries a copy in front -> the question to put there instead.
    """

    question: QuestionRecord
    right: frozenset[str]
    copies: frozenset[int]
    headings: Mapping[int, str]


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
    sampled = [sample_of(view, question, copies[fold(question.text)]) for question in chosen]
    bare = encode_headings(retriever, sampled)
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


def sample_of(view: View, question: QuestionRecord, same: Sequence[QuestionRecord]) -> Sampled:
    """`same` are the stored questions that count as copies whatever their vectors say, itself among them."""
    right = frozenset(copy.answer_id for copy in same)
    vector = view.question_index.vectors([question.number])[0]
    near = view.question_index.search(vector, 10)
    copies = {copy.number for copy in same} | {
        number
        for number, similarity in zip(near.numbers.tolist(), near.similarities.tolist(), strict=True)
        if similarity > NEAR_COPY and view.questions[number].answer_id in right
    }
    return Sampled(question, right, frozenset(copies), _other_headings(view, right, copies))


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


def encode_headings(retriever: Retriever, sampled: Sequence[Sampled]) -> Headings:
    """The vectors of all passages that have to carry another question in front."""
    keys = sorted({(number, heading) for item in sampled for number, heading in item.headings.items()})
    passages = retriever.view.passages
    texts = [normalize(passage_text(heading, passages[number].text)) for number, heading in keys]
    return dict(zip(keys, retriever.encoder.encode_passages(texts), strict=True))


def left_out_known(view: View, item: Sampled, encoded: Headings) -> LeftOut | None:
    """What is left out where the question plays a known one; None where no question of its answers would be left."""
    if not _own_questions(view, item) - item.copies:
        return None
    substitutes = {number: encoded[number, heading] for number, heading in item.headings.items()}
    return LeftOut(questions=item.copies, substitutes=substitutes)


def left_out_unknown(view: View, item: Sampled) -> LeftOut:
    """What is left out where it plays an unknown one: its answers, whole."""
    passages = frozenset(n for answer_id in item.right for n in view.passage_numbers.get(answer_id, ()))
    return LeftOut(questions=_own_questions(view, item) | item.copies, passages=passages)


def _own_questions(view: View, item: Sampled) -> frozenset[int]:
    return frozenset(n for answer_id in item.right for n in view.question_numbers.get(answer_id, ()))


def _both_parts(retriever: Retriever, item: Sampled, encoded: Headings, fusion: Fusion) -> list[Example]:
    """The known example, where there can be one, and the unknown one."""
    view = retriever.view
    question = item.question
    vector = view.question_index.vectors([question.number])[0]

    def example(right: frozenset[str], left_out: LeftOut) -> Example:
        found = retriever.search_vector(
            question.text, vector, language=question.language, limit=DEPTH, fusion=fusion, left_out=left_out
        )
        return Example(found, right, min(item.right), question.text)

    unknown = example(frozenset(), left_out_unknown(view, item))
    known = left_out_known(view, item, encoded)
    return [unknown] if known is None else [example(item.right, known), unknown]
