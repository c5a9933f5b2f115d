"""What is asked: rows that neither release was taught, and anchors that stay."""

from __future__ import annotations

from retrieval.checkpoint import Checkpoint
from retrieval.near_duplicates import near_duplicate_key
from retrieval.records import Knowledge, QuestionRecord
from retrieval.training_export import TrainingExport
from tests.fixtures.shops import shop_knowledge
from tests.training.gate.conftest import Made
from training.fence import draw_fence, key_digest, withheld_keys
from training.gate.rows import MOST_ANCHORS, anchors_of, choose_rows


def export(*questions: QuestionRecord, sources: dict[int, str] | None = None) -> TrainingExport:
    return TrainingExport(Knowledge(questions), (), "d", sources or {})


def test_rows_are_fenced_from_both_releases_and_differ_in_their_words(candidate: Made, serving: Made) -> None:
    checkpoints = [Checkpoint.load(made.folders.checkpoint) for made in (candidate, serving)]
    rows = choose_rows(candidate.export, checkpoints)
    keys = [near_duplicate_key(question.text) for question in rows.questions]
    assert rows.kind == "fenced"
    assert len(set(keys)) == len(keys) >= 40
    assert {question.number for question in rows.questions} <= draw_fence(candidate.export).judged
    for checkpoint in checkpoints:
        assert {key_digest(key) for key in keys} <= withheld_keys(checkpoint.manifest.meta)


def test_without_a_fence_trusted_questions_are_left_out_of_the_index(serving: Made) -> None:
    checkpoint = Checkpoint.load(serving.folders.checkpoint)
    few = shop_knowledge(frames=2)
    mined = {question.number: "mined" for question in few.questions[:10]}
    rows = choose_rows(TrainingExport(few, (), "d", mined), [checkpoint])
    assert rows.kind == "left out"
    assert {question.number for question in rows.questions}.isdisjoint(mined)


def test_anchor_is_the_oldest_trusted_question_of_an_answer_alone() -> None:
    first, second = QuestionRecord(1, "a", "shared words", "en"), QuestionRecord(2, "b", "Shared words", "en")
    third, fourth = QuestionRecord(3, "a", "mined", "en"), QuestionRecord(4, "a", "said by an operator", "en")
    assert anchors_of(export(fourth, third, second, first, sources={3: "mined"})) == (fourth,)


def test_anchors_stay_when_questions_and_answers_are_added() -> None:
    old = [QuestionRecord(n, f"a{n}", f"question {'x' * n}", "en") for n in range(1, MOST_ANCHORS + 20)]
    new = [QuestionRecord(n, f"a{n - 1000}", f"later {'y' * (n - 1000)}", "en") for n in range(1001, 1300)]
    assert anchors_of(export(*old)) == tuple(old[:MOST_ANCHORS])
    assert anchors_of(export(*new, *old)) == tuple(old[:MOST_ANCHORS])
