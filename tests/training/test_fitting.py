"""Which knowledge carries a head, and what the examples for the confidence are."""

import numpy as np
import pytest

from retrieval.records import Knowledge, PassageRecord, QuestionRecord
from tests.fixtures.fakes import HashEncoder
from training.fitting import MOST_ASKED, fit, folds_to_run
from training.remembering import Remembering
from training.school import LOSS, RIGHT_FIRST, right_first
from training.splits import FOLDS, fold_of

TOPICS = ("refund", "invoice", "delivery", "password", "warranty", "battery", "discount", "parking")
WORDS = ("my", "the", "a", "now", "please", "any", "some", "help", "old", "new")


def knowledge(questions: int = 10) -> Knowledge:
    rows = [(topic, f"{topic} {word}") for topic in TOPICS for word in WORDS[:questions]]
    records = [QuestionRecord(n, topic, text, "en") for n, (topic, text) in enumerate(rows, start=1)]
    return Knowledge(records, [PassageRecord(1, "refund", "Refunds take a week.", "en")])


@pytest.mark.parametrize(
    ("instructions", "questions", "tuned", "folds"),
    [
        ("avx512_bf16", 100, False, 4),
        ("avx512_bf16", 12_000, True, 4),
        ("amx_bf16", 12_000, True, 4),
        ("amx_bf16", 12_001, True, 2),
        ("avx2", 6_000, True, 4),
        ("avx2", 6_001, True, 2),
        ("avx2", 100_000, False, 4),
    ],
)
def test_fewer_folds_only_where_tuning_for_all_would_take_too_long(
    monkeypatch: pytest.MonkeyPatch, instructions: str, questions: int, tuned: bool, folds: int
) -> None:
    monkeypatch.setattr("torch.cpu.get_capabilities", lambda: {instructions: True})
    assert folds_to_run(questions, tuned=tuned) == folds


def test_examples_are_the_held_out_questions_of_all_folds() -> None:
    fitted = fit(HashEncoder(), knowledge(), backbone=None)
    folds = [fold_of(knowledge(), number, seed=0) for number in range(FOLDS)]
    known = [example for example in fitted.examples if example.right]
    unknown = [example for example in fitted.examples if not example.right]
    assert len(known) == sum(len(fold.known) for fold in folds) < MOST_ASKED
    assert len(unknown) == sum(len(fold.unknown) for fold in folds) == 80
    assert {candidate.answer_id for e in unknown for candidate in e.retrieved.candidates} <= set(TOPICS)
    assert [example for mock in fitted.mocks for example in mock.examples] == list(fitted.examples)
    asked = {question.text for question in knowledge().questions}
    assert {example.text for example in fitted.examples} <= asked
    for mock in fitted.mocks:
        known_texts = {question.text for question in mock.retriever.view.questions.values()}
        assert known_texts.isdisjoint(example.text for example in mock.examples)
    for example in unknown:  # its own answer was not there to be found
        assert example.group not in {candidate.answer_id for candidate in example.retrieved.candidates}


def test_head_knows_every_answer_and_reads_its_questions_rightly() -> None:
    fitted = fit(HashEncoder(), knowledge(), backbone=None)
    assert fitted.head is not None
    assert fitted.head.answers == tuple(sorted(TOPICS))
    assert fitted.top is None
    for question in knowledge().questions:
        reading = fitted.head.read(HashEncoder().encode_queries([question.text])[0], question.text)
        assert fitted.head.answers[int(reading.meaning.argmax())] == question.answer_id
        assert fitted.head.answers[int(reading.wording.argmax())] == question.answer_id


def test_labelled_unknown_questions_come_last() -> None:
    strange = [("zebra zoo", "en"), ("qwx jkl", "en")]
    fitted = fit(HashEncoder(), knowledge(), backbone=None, out_of_scope=strange)
    assert [example.group for example in fitted.examples[-2:]] == [
        "out of scope: zebra zoo",
        "out of scope: qwx jkl",
    ]


def test_what_is_taken_for_a_wrong_label_is_not_asked_but_an_operators_is() -> None:
    rows = list(knowledge().questions)
    wrong = {number: rows[number - 1].text for number in range(1, len(rows), 10)}  # one of each topic
    rows = [
        QuestionRecord(q.number, TOPICS[(TOPICS.index(q.answer_id) + 3) % len(TOPICS)], q.text, "en")
        if q.number in wrong
        else q
        for q in rows
    ]
    visitors = fit(HashEncoder(), Knowledge(rows), backbone=None)
    assert {issue.number for issue in visitors.label_issues} == set(wrong)
    asked = {example.text for example in visitors.examples}
    assert len(asked & set(wrong.values())) == 4  # a twentieth of 80 questions is doubtful everywhere
    operators = fit(HashEncoder(), Knowledge(rows), backbone=None, sources=dict.fromkeys(wrong, "operator"))
    assert {example.text for example in operators.examples} >= set(wrong.values())


def test_loss_and_share_of_right_ones_are_told() -> None:
    told: list[tuple[str, str, float]] = []
    fitted = fit(HashEncoder(), knowledge(), backbone=None, measured=lambda *each: told.append(each))
    shares = {stage: value for stage, metric, value in told if metric == RIGHT_FIRST}
    assert list(shares) == [f"calibration {number} of 4" for number in (1, 2, 3, 4)]
    assert all(share > 0.9 for share in shares.values())
    losses = [value for stage, metric, value in told if (stage, metric) == ("training", LOSS)]
    assert losses[-1] < losses[0]
    assert right_first(fitted.examples) > 0.9
    assert right_first([]) == 0.0


def test_nothing_is_told_right_where_no_question_could_be_held_out() -> None:
    told: list[str] = []
    alone = Knowledge(
        [QuestionRecord(n, f"a{n}", f"question {n} of {TOPICS[n % 8]}", "en") for n in range(1, 61)],
        [PassageRecord(n, f"a{n}", f"All about {TOPICS[n % 8]} and {n}.", "en") for n in range(1, 61)],
    )
    fitted = fit(HashEncoder(), alone, backbone=None, measured=lambda _, metric, __: told.append(metric))
    assert len(fitted.mocks) == FOLDS
    assert RIGHT_FIRST not in told


def test_text_asked_of_two_answers_is_right_with_both() -> None:
    rows = [*knowledge().questions, QuestionRecord(901, "invoice", "refund my", "en")]
    fitted = fit(HashEncoder(), Knowledge(rows), backbone=None)
    rights = {example.right for example in fitted.examples if example.right}
    assert rights <= {frozenset({topic}) for topic in TOPICS} | {frozenset({"refund", "invoice"})}
    assert {(issue.number, issue.given, issue.suggested) for issue in fitted.label_issues} <= {
        (1, "refund", "invoice"),
        (901, "invoice", "refund"),
    }
    assert len(fitted.label_issues) == 1


def test_knowledge_without_a_head_is_fitted_by_leaving_one_out() -> None:
    fitted = fit(HashEncoder(), knowledge(2), backbone=None)
    assert fitted.head is None
    assert all(candidate.meaning == 0.0 for e in fitted.examples for candidate in e.retrieved.candidates)


def test_remembering_encoder_encodes_each_text_once_and_gives_the_same_rows() -> None:
    class Counting(HashEncoder):
        seen = 0

        def encode_queries(self, texts, *, progress=None):  # type: ignore[no-untyped-def]  # as its parent
            self.seen += len(texts)
            return super().encode_queries(texts, progress=progress)

    inner = Counting()
    remembering = Remembering(inner)
    first = remembering.encode_queries(["a", "b", "a"])
    second = remembering.encode_messages(["b", "c"]).tuned
    assert inner.seen == 3
    np.testing.assert_array_equal(first, HashEncoder().encode_queries(["a", "b", "a"]))
    np.testing.assert_array_equal(second, HashEncoder().encode_queries(["b", "c"]))
    assert remembering.encode_passages([]).shape == (0, 256)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_answer_with_nearly_all_questions_leaves_folds_out_that_cannot_be_taught(seed: int) -> None:
    """A fold without the large answer, whose single questions are asked, would leave one answer or none."""
    rows = [("refund", f"refund {one} {two}") for one in WORDS for two in WORDS[:4]]
    rows += [(topic, f"{topic} please") for topic in ("parcel", "invoice", "voucher")]
    records = [QuestionRecord(n, answer, text, "en") for n, (answer, text) in enumerate(rows, start=1)]
    taught = Knowledge(records, [])

    fitted = fit(HashEncoder(), taught, backbone=None, seed=seed)

    left = [{q.answer_id for q in fold_of(taught, n, seed=seed).knowledge.questions} for n in range(FOLDS)]
    assert len(fitted.mocks) == sum(len(answers) > 1 for answers in left)
    assert fitted.head is not None or not fitted.mocks
    assert fitted.examples


def test_questions_that_differ_by_a_number_alone_are_taught_where_a_fold_keeps_any() -> None:
    """All of them count as one question: one fold leaves all answers out, another one asks all questions."""
    codes = range(100, 160)
    questions = [QuestionRecord(n, f"e{n}", f"What does error {n} mean?", "en") for n in codes]
    texts = [PassageRecord(n, f"e{n}", f"Error {n} is shown when part {n} is missing.", "en") for n in codes]
    taught = Knowledge(questions, texts)

    fitted = fit(HashEncoder(), taught, backbone=None)

    kept = [fold.knowledge for fold in (fold_of(taught, n, seed=0) for n in range(FOLDS))]
    assert [len(each.questions) for each in kept].count(0) == 2
    assert len(fitted.mocks) == 2
    assert fitted.head is not None
