"""Which questions the gate asks: fenced ones that neither release was taught, and the frozen anchors."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from retrieval.checkpoint import Checkpoint
from retrieval.near_duplicates import near_duplicate_key
from retrieval.normalize import fold
from retrieval.records import QuestionRecord
from retrieval.training_export import TrainingExport
from training.fence import LEAST_ROWS, draw_fence, is_trusted, key_digest, withheld_keys
from training.splits import share_of

MOST_ROWS = 1000
MOST_LEFT_OUT = 300
MOST_ANCHORS = 100
FENCED, LEFT_OUT = "fenced", "left out"


@dataclass(frozen=True, slots=True)
class Rows:
    """What is asked of both releases.

    Attributes:
        kind: FENCED where neither was taught the questions. LEFT_OUT where there are too few of those: then heads know
            them, the index alone does not, so the rows tell damage from no damage and nothing finer.
        questions: one for each near-duplicate key, so that rows are independent.
        anchors: asked as they are.
        out_of_scope: (text, language).
    """

    kind: str
    questions: tuple[QuestionRecord, ...]
    anchors: tuple[QuestionRecord, ...]
    out_of_scope: tuple[tuple[str, str], ...]


def choose_rows(export: TrainingExport, checkpoints: Sequence[Checkpoint]) -> Rows:
    """The same rows for the same export and checkpoints, the candidate's first."""
    unseen = [_unseen_by(checkpoint) for checkpoint in checkpoints]
    judged = draw_fence(export).judged
    fenced = _one_each(
        question
        for question in export.knowledge.questions
        if question.number in judged and all(never(question) for never in unseen)
    )
    kind, asked = FENCED, fenced[:MOST_ROWS]
    if len(fenced) < LEAST_ROWS:
        kept_back = withheld_keys(checkpoints[0].manifest.meta)
        taught = (q for q in export.knowledge.questions if is_trusted(export.sources, q))
        kind, asked = LEFT_OUT, _one_each(q for q in taught if _digest(q) not in kept_back)[:MOST_LEFT_OUT]
    return Rows(kind, tuple(asked), anchors_of(export), export.out_of_scope[:MOST_ROWS])


def anchors_of(export: TrainingExport) -> tuple[QuestionRecord, ...]:
    """The oldest trusted question of each answer, of the oldest answers first.

    Numbers rise and are never given again: once there are MOST_ANCHORS, later questions and answers change nothing.
    Texts that are asked of several answers are none.
    """
    owners: dict[str, set[str]] = {}
    for question in export.knowledge.questions:
        owners.setdefault(fold(question.text), set()).add(question.answer_id)
    anchors: dict[str, QuestionRecord] = {}
    for question in sorted(export.knowledge.questions, key=lambda each: each.number):
        if is_trusted(export.sources, question) and len(owners[fold(question.text)]) == 1:
            anchors.setdefault(question.answer_id, question)
    return tuple(list(anchors.values())[:MOST_ANCHORS])


def _unseen_by(checkpoint: Checkpoint) -> Callable[[QuestionRecord], bool]:
    """Whether a question had no part in what was trained; without a head nothing was."""
    is_taught = checkpoint.head is not None or bool(checkpoint.manifest.meta.get("tuned"))
    kept_back = withheld_keys(checkpoint.manifest.meta)
    return lambda question: not is_taught or _digest(question) in kept_back


def _digest(question: QuestionRecord) -> str:
    return key_digest(near_duplicate_key(question.text))


def _one_each(questions: Iterable[QuestionRecord]) -> list[QuestionRecord]:
    """One question for each near-duplicate key, in an order that depends on the keys alone."""
    by_key: dict[str, QuestionRecord] = {}
    for question in sorted(questions, key=lambda each: each.number):
        by_key.setdefault(near_duplicate_key(question.text), question)
    return [by_key[key] for key in sorted(by_key, key=lambda key: share_of(key, salt="gate"))]
