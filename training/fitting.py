"""From knowledge to everything a checkpoint holds: tuned layers, intent head, and examples to fit the confidence on.

The examples come from mock installations (:mod:`training.splits`): a quarter of the answers is left out and a quarter
of the other questions, a head is trained on the rest, and what was left out is asked. So every number that the confidence is
fitted on comes from a head that had not seen the question, and unknown questions meet one that has never seen
their answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from retrieval.encoder import Encoded, Encoder
from retrieval.evidence import RIVALS
from retrieval.intents import IntentHead
from retrieval.leave_one_out import Example, leave_one_out
from retrieval.normalize import fold as fold_text
from retrieval.normalize import normalize
from retrieval.records import Knowledge, QuestionRecord
from retrieval.retriever import Retriever
from training.label_errors import LabelIssue, find_label_issues
from training.label_weights import question_weights
from training.splits import FOLDS, Fold, capped, fold_of, spread

if TYPE_CHECKING:
    from training.backbones import Backbone
    from training.encoder_tuning import States, Trunk, TunedTop

# A head needs several answers to choose from and several questions of each; below that, neighbours know as much.
LEAST_ANSWERS = 4
LEAST_QUESTIONS_AN_ANSWER = 3.0
MOST_TAUGHT = 20_000  # questions that a head learns from: their states take 25 kB each
MOST_ASKED = 1500  # held-out questions of each kind, over all folds

Progress = Callable[[str, int, int], None]
"""Called with the stage, steps done and steps in all."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """What training found.

    Attributes:
        top: the tuned layers, None where nothing was tuned.
        label_issues: questions that probably belong to another answer, most doubtful first.
    """

    retriever: Retriever
    head: IntentHead | None
    top: TunedTop | None
    examples: tuple[Example, ...]
    label_issues: tuple[LabelIssue, ...]


def is_headed(knowledge: Knowledge) -> bool:
    """Whether there are enough questions for an intent head."""
    counts = {(q.answer_id, fold_text(q.text)) for q in knowledge.questions}
    answers = {answer for answer, _ in counts}
    return len(answers) >= LEAST_ANSWERS and len(counts) >= LEAST_QUESTIONS_AN_ANSWER * len(answers)


def fit(
    encoder: Encoder,
    knowledge: Knowledge,
    *,
    backbone: Backbone | None,
    out_of_scope: Sequence[tuple[str, str]] = (),
    sources: Mapping[int, str] | None = None,
    seed: int = 0,
    sample: int = 2000,
    progress: Progress | None = None,
) -> Fitted:
    """Trains on `knowledge`, as far as it carries a head; `backbone` None leaves the encoder as it is.

    Args:
        encoder: the frozen backbone as it serves.
        out_of_scope: (text, language) of questions known to have no answer.
        sources: question number -> who said that it belongs to its answer (`training.label_weights`).
    """
    retriever = Retriever.build(encoder, knowledge, progress=_stage(progress, "index"))
    taught = Knowledge(capped(knowledge.questions, MOST_TAUGHT, seed=seed), knowledge.passages)
    issues = _issues(retriever, taught.questions, seed)
    if not is_headed(knowledge):
        examples = leave_one_out(
            retriever,
            sample=sample,
            seed=seed,
            out_of_scope=out_of_scope,
            progress=_stage(progress, "leave one out"),
        )
        return Fitted(retriever, None, None, tuple(examples), issues)
    trunk = _trunk(encoder, backbone)
    school = _School(retriever, trunk, taught, sources=sources or {}, seed=seed, progress=progress)
    numbers = range(folds_to_run(len(taught.questions), tuned=backbone is not None))
    examples = [
        example
        for number in numbers
        for example in school.ask(
            fold_of(taught, number, seed=seed),
            most=-(-MOST_ASKED // len(numbers)),
            out_of_scope=out_of_scope if number == numbers[-1] else (),
            stage=f"calibration {number + 1} of {len(numbers)}",
        )
    ]
    head, top = school.teach(taught.questions, issues, stage="training")
    return Fitted(
        retriever,
        head,
        top if backbone is not None else None,
        tuple(examples),
        issues,
    )


def _issues(retriever: Retriever, questions: Sequence[QuestionRecord], seed: int) -> tuple[LabelIssue, ...]:
    vectors = retriever.view.question_index.vectors([question.number for question in questions])
    return find_label_issues(questions, vectors, seed=seed)


def _trunk(encoder: Encoder, backbone: Backbone | None) -> Trunk:
    from training.encoder_tuning import FrozenTrunk, LayeredTrunk

    return FrozenTrunk(encoder) if backbone is None else LayeredTrunk(backbone)


def folds_to_run(questions: int, *, tuned: bool) -> int:
    """Large sets have enough held-out questions in one fold; small ones need more, which costs time."""
    if questions > 4000:
        return 1
    return 2 if tuned or questions > 1500 else FOLDS


class Remembering:
    """An encoder that encodes no text twice: folds share most of theirs."""

    def __init__(self, encoder: Encoder) -> None:
        self.name, self.dimension, self.fingerprint = encoder.name, encoder.dimension, encoder.fingerprint
        self._encoder = encoder
        self._queries: dict[str, NDArray[np.float32]] = {}
        self._passages: dict[str, NDArray[np.float32]] = {}

    def encode_queries(
        self, texts: Sequence[str], *, progress: Callable[[int, int], None] | None = None
    ) -> NDArray[np.float32]:
        return self._remembered(texts, self._queries, self._encoder.encode_queries)

    def encode_messages(
        self, texts: Sequence[str], *, progress: Callable[[int, int], None] | None = None
    ) -> Encoded:
        rows = self.encode_queries(texts)
        return Encoded(rows, rows)

    def encode_passages(
        self, texts: Sequence[str], *, progress: Callable[[int, int], None] | None = None
    ) -> NDArray[np.float32]:
        return self._remembered(texts, self._passages, self._encoder.encode_passages)

    def count_tokens(self, text: str) -> int:
        return self._encoder.count_tokens(text)

    def _remembered(
        self,
        texts: Sequence[str],
        known: dict[str, NDArray[np.float32]],
        encode: Callable[[Sequence[str]], NDArray[np.float32]],
    ) -> NDArray[np.float32]:
        new = list(dict.fromkeys(text for text in texts if text not in known))
        if new:
            known.update(zip(new, encode(new), strict=True))
        if not texts:
            return np.empty((0, self.dimension), np.float32)
        return np.stack([known[text] for text in texts])


class _School:
    """Trains heads on parts of the questions, and asks what they did not learn."""

    def __init__(
        self,
        retriever: Retriever,
        trunk: Trunk,
        knowledge: Knowledge,
        *,
        sources: Mapping[int, str],
        seed: int,
        progress: Progress | None,
    ) -> None:
        self._retriever = retriever
        self._encoder = Remembering(retriever.encoder)
        self._sources = sources
        self._trunk = trunk
        self._seed = seed
        self._progress = progress
        self._right = _answers_by_text(knowledge)
        texts = list(dict.fromkeys(question.text for question in knowledge.questions))
        states = trunk.states(texts, progress=_stage(progress, "lower layers"))
        self._states = dict(zip(texts, states, strict=True))

    def teach(
        self, questions: Sequence[QuestionRecord], issues: Sequence[LabelIssue], *, stage: str
    ) -> tuple[IntentHead, TunedTop]:
        """A head over the answers of these questions, and the tuned layers it reads from."""
        from training.encoder_tuning import TuningSettings, tune
        from training.wording import fit_wording

        answers = sorted({question.answer_id for question in questions})
        columns = {answer: column for column, answer in enumerate(answers)}
        labels = np.array([columns[question.answer_id] for question in questions], np.int64)
        weights = question_weights(questions, issues, self._sources)
        top = tune(
            self._trunk,
            [self._states[question.text] for question in questions],
            labels,
            settings=TuningSettings(epochs=self._trunk.epochs(len(questions)), seed=self._seed),
            weights=weights,
            progress=_stage(self._progress, stage),
        )
        texts = [question.text for question in questions]
        wording = fit_wording(texts, labels, seed=self._seed, weights=weights)
        head = IntentHead(
            answers=tuple(answers),
            meaning=np.ascontiguousarray(top.weights.T),
            meaning_bias=top.biases,
            rarity=wording.rarity,
            wording=wording.weights,
            wording_bias=wording.biases,
        )
        return head, top

    def ask(
        self, fold: Fold, *, most: int, out_of_scope: Sequence[tuple[str, str]], stage: str
    ) -> list[Example]:
        """What a mock installation finds for the questions it has not seen; `out_of_scope` come last."""
        # Judged anew, so that what is asked has had no say in what was taught.
        issues = _issues(self._retriever, fold.knowledge.questions, self._seed)
        head, top = self.teach(fold.knowledge.questions, issues, stage=stage)
        retriever = Retriever.build(self._encoder, fold.knowledge)
        known = spread(fold.known, most, seed=self._seed)
        asked = [(q.text, q.language, self._right[fold_text(q.text)], q.answer_id) for q in known]
        asked += [
            (q.text, q.language, frozenset[str](), q.answer_id)
            for q in spread(fold.unknown, most, seed=self._seed)
        ]
        asked += [
            (text, language, frozenset[str](), f"out of scope: {text}") for text, language in out_of_scope
        ]
        texts = [text for text, *_ in asked]
        vectors = self._encoder.encode_queries([normalize(text) for text in texts])
        tuned = self._trunk.vectors(self._all_states(texts), top.layers)
        return [
            Example(
                retriever.search_vector(
                    text, vector, language=language, limit=RIVALS, reading=head.read(row, text)
                ),
                right,
                group,
            )
            for (text, language, right, group), vector, row in zip(asked, vectors, tuned, strict=True)
        ]

    def _all_states(self, texts: Sequence[str]) -> States:
        new = [text for text in dict.fromkeys(texts) if text not in self._states]
        self._states.update(zip(new, self._trunk.states(new), strict=True))
        return [self._states[text] for text in texts]


def _answers_by_text(knowledge: Knowledge) -> Mapping[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for question in knowledge.questions:
        found.setdefault(fold_text(question.text), set()).add(question.answer_id)
    return {text: frozenset(answers) for text, answers in found.items()}


def _stage(progress: Progress | None, stage: str) -> Callable[[int, int], None] | None:
    return None if progress is None else lambda done, total: progress(stage, done, total)
