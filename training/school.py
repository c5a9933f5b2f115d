"""Heads trained on a part of the questions, and what a mock installation with such a head finds for the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from retrieval.candidates import Retrieved
from retrieval.encoder import Encoder
from retrieval.evidence import RIVALS
from retrieval.intents import IntentHead
from retrieval.leave_one_out import OUT_OF_SCOPE, Example
from retrieval.normalize import fold as fold_text
from retrieval.normalize import normalize
from retrieval.records import Knowledge, PassageRecord, QuestionRecord
from retrieval.retriever import Retriever
from training.kept_examples import candidates_as_tensors, candidates_of_tensors
from training.label_errors import LabelIssue, find_label_issues
from training.label_weights import by_size, question_weights
from training.matching import fit_matching
from training.splits import Fold, spread

if TYPE_CHECKING:
    import torch

    from training.encoder_tuning import Trunk, TunedTop
    from training.work_folder import Kept, Part, WorkFolder

Progress = Callable[[str, int, int], None]
"""Called with the stage, steps done and steps in all."""

LOSS, RIGHT_FIRST = "loss", "right first"
Measured = Callable[[str, str, float], None]
"""Called with the stage and LOSS, a running mean, or RIGHT_FIRST, the share of held-out known questions."""


def label_issues(encoder: Encoder, questions: Sequence[QuestionRecord], seed: int) -> tuple[LabelIssue, ...]:
    vectors = encoder.encode_queries([normalize(question.text) for question in questions])
    return find_label_issues(questions, vectors, seed=seed)


@dataclass(frozen=True, slots=True)
class MockInstallation:
    """What a part of the knowledge finds for questions that it has not seen.

    Attributes:
        bare: examples whose answer was left its text alone. They show roughly how near known questions are; a confidence
            fitted on them would be far too low for answers that have a question.
        traffic: what it finds for unlabelled messages.
    """

    retriever: Retriever
    examples: tuple[Example, ...]
    bare: tuple[Example, ...]
    traffic: tuple[Retrieved, ...] = ()


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question to a mock installation; `right` and `group` as in `Example`. Of traffic nobody knows what is right."""

    text: str
    language: str
    right: frozenset[str]
    group: str
    is_bare: bool = False
    is_traffic: bool = False

    @property
    def is_full(self) -> bool:
        return not (self.is_bare or self.is_traffic)


class School:
    """Trains heads on parts of the questions, and asks what they did not learn."""

    def __init__(
        self,
        encoder: Encoder,
        trunk: Trunk | None,
        knowledge: Knowledge,
        *,
        sources: Mapping[int, str],
        trust: Mapping[int, float],
        fair: frozenset[int],
        seed: int,
        work: WorkFolder | None,
        progress: Progress | None,
        measured: Measured | None,
    ) -> None:
        self._encoder = encoder
        self._sources = sources
        self._trust = trust
        self._fair = fair
        self._trunk = trunk
        self._seed = seed
        self._progress = progress
        self._measured = measured
        self._work = work
        self._knowledge = knowledge
        self._right = _answers_by_text(knowledge)
        self._states: dict[str, torch.Tensor] = {}
        if trunk is not None:
            texts = [question.text for question in knowledge.questions]
            texts += [passage.text for passage in knowledge.passages]
            self._remember_states(trunk, texts, progress=staged(progress, "lower layers"))

    def teach(
        self, knowledge: Knowledge, issues: Sequence[LabelIssue], *, stage: str
    ) -> tuple[IntentHead, TunedTop | None]:
        """A head over the answers of these questions, and what it reads from, where it is more than the frozen vector."""
        weights = question_weights(knowledge.questions, issues, self._sources, self._trust)
        if self._trunk is None:
            return fit_matching(self._encoder, knowledge, weights, seed=self._seed), None
        return self._classify(self._trunk, knowledge, weights, stage=stage)

    def _classify(
        self, trunk: Trunk, knowledge: Knowledge, weights: NDArray[np.float32], *, stage: str
    ) -> tuple[IntentHead, TunedTop]:
        """An answer's text counts as one more question of it."""
        from training.encoder_tuning import TuningSettings, tune
        from training.wording import fit_wording

        answers = sorted({question.answer_id for question in knowledge.questions})
        columns = {answer: column for column, answer in enumerate(answers)}
        told = [passage for passage in knowledge.passages if passage.answer_id in columns]
        taught: list[QuestionRecord | PassageRecord] = [*knowledge.questions, *told]
        labels = np.array([columns[each.answer_id] for each in taught], np.int64)
        weights = np.append(weights, np.ones(len(told), np.float32)) * by_size(labels)
        top = tune(
            trunk,
            [self._states[each.text] for each in taught],
            self._vectors(taught),
            labels,
            settings=TuningSettings(epochs=trunk.epochs(len(taught)), seed=self._seed),
            weights=weights,
            part=self._tuning_part(stage),
            progress=staged(self._progress, stage),
            told_loss=self._told(stage, LOSS),
        )
        wording = fit_wording([each.text for each in taught], labels, seed=self._seed, weights=weights)
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
        self,
        fold: Fold,
        *,
        number: int,
        most: int,
        out_of_scope: Sequence[tuple[str, str]],
        traffic: Sequence[tuple[str, str]] = (),
        stage: str,
    ) -> MockInstallation:
        """What a mock installation finds for the questions it has not seen; `out_of_scope` come last.

        `out_of_scope` and `traffic` are (text, language).
        """
        asked = self._asked(fold, most, out_of_scope)
        asked += [_Asked(text, own, frozenset(), text, is_traffic=True) for text, own in traffic]
        # Built even where the examples were kept: which texts are encoded together changes the last bits of their vectors.
        retriever = Retriever.build(self._encoder, fold.knowledge)
        part = self._work.part(f"examples-{number}") if self._work else None
        kept = part.find() if part else None
        if kept is not None:
            examples = self._remembered(asked, kept)
        else:
            found = self._found(fold, retriever, asked, stage=stage)
            if part:
                part.keep(candidates_as_tensors(found, self._knowledge))
            if tuning := self._tuning_part(stage):
                tuning.drop()
            examples = [
                Example(one, each.right, each.group, each.text)
                for one, each in zip(found, asked, strict=True)
            ]
        kinds = list(zip(examples, asked, strict=True))
        full = tuple(example for example, each in kinds if each.is_full)
        told = self._told(stage, RIGHT_FIRST)
        if told and any(example.right for example in full):
            told(right_first(full))
        return MockInstallation(
            retriever,
            full,
            bare=tuple(example for example, each in kinds if each.is_bare),
            traffic=tuple(example.retrieved for example, each in kinds if each.is_traffic),
        )

    def _found(
        self, fold: Fold, retriever: Retriever, asked: Sequence[_Asked], *, stage: str
    ) -> list[Retrieved]:
        # Judged anew, so that what is asked has had no say in what was taught.
        issues = label_issues(self._encoder, fold.knowledge.questions, self._seed)
        head, top = self.teach(fold.knowledge, issues, stage=stage)
        vectors = self._vectors(asked)
        tuned = vectors
        if self._trunk is not None and top is not None:
            texts = [each.text for each in asked]
            self._remember_states(self._trunk, texts)
            tuned = self._trunk.vectors([self._states[text] for text in texts], top.layers)
        return [
            retriever.search_vector(
                each.text, vector, language=each.language, limit=RIVALS, reading=head.read(row, each.text)
            )
            for each, vector, row in zip(asked, vectors, tuned, strict=True)
        ]

    def _told(self, stage: str, metric: str) -> Callable[[float], None] | None:
        measured = self._measured
        return None if measured is None else lambda value: measured(stage, metric, value)

    def _asked(self, fold: Fold, most: int, out_of_scope: Sequence[tuple[str, str]]) -> list[_Asked]:
        known, unknown, bare = (
            spread([q for q in rows if q.number in self._fair], most, seed=self._seed)
            for rows in (fold.known, fold.unknown, fold.bare)
        )
        return [
            *(_Asked(q.text, q.language, self._right[fold_text(q.text)], q.answer_id) for q in known),
            *(_Asked(q.text, q.language, frozenset(), q.answer_id) for q in unknown),
            *(_Asked(q.text, q.language, self._right[fold_text(q.text)], q.answer_id, True) for q in bare),
            *(_Asked(text, own, frozenset(), f"{OUT_OF_SCOPE}{text}") for text, own in out_of_scope),
        ]

    def _vectors(self, asked: Sequence[_Asked | QuestionRecord | PassageRecord]) -> NDArray[np.float32]:
        return self._encoder.encode_queries([normalize(each.text) for each in asked])

    def _remembered(self, asked: Sequence[_Asked], kept: Kept) -> list[Example]:
        found = candidates_of_tensors(kept.tensors, self._knowledge)
        return [
            Example(
                Retrieved(vector, candidates, each.language, words, nearness=nearness),
                each.right,
                each.group,
                each.text,
            )
            for each, vector, (words, nearness, candidates) in zip(
                asked, self._vectors(asked), found, strict=True
            )
        ]

    def _tuning_part(self, stage: str) -> Part | None:
        """Heads alone are trained in a minute: only layers are kept."""
        if self._work is None or self._trunk is None or not self._trunk.is_tuned:
            return None
        return self._work.part("tuning-" + stage.replace(" ", "-"))

    def _remember_states(
        self, trunk: Trunk, texts: Sequence[str], *, progress: Callable[[int, int], None] | None = None
    ) -> None:
        new = [text for text in dict.fromkeys(texts) if text not in self._states]
        self._states.update(zip(new, trunk.states(new, progress=progress), strict=True))


def right_first(examples: Sequence[Example]) -> float:
    """Share of the known questions whose first candidate, before any weights are fitted, is right."""
    known = [example for example in examples if example.right]
    firsts = [example.retrieved.candidates[:1] for example in known]
    hits = [
        any(each.answer_id in example.right for each in first)
        for example, first in zip(known, firsts, strict=True)
    ]
    return float(np.mean(hits)) if hits else 0.0


def _answers_by_text(knowledge: Knowledge) -> Mapping[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for question in knowledge.questions:
        found.setdefault(fold_text(question.text), set()).add(question.answer_id)
    return {text: frozenset(answers) for text, answers in found.items()}


def staged(progress: Progress | None, stage: str) -> Callable[[int, int], None] | None:
    return None if progress is None else lambda done, total: progress(stage, done, total)
