"""No example may meet itself: neither as a copy nor in front of its answer's text."""

import pytest

from retrieval.leave_one_out import Example, leave_one_out
from retrieval.records import Knowledge, PassageRecord, QuestionRecord
from retrieval.retriever import Retriever
from tests.fixtures.fakes import HashEncoder

KNOWLEDGE = Knowledge(
    [
        QuestionRecord(1, "refund", "How do I get my money back?", "en"),
        QuestionRecord(2, "refund", "how do i get my MONEY back", "en"),
        QuestionRecord(3, "refund", "Refund please", "en"),
        QuestionRecord(4, "hours", "What are your opening hours?", "en"),
        QuestionRecord(5, "map", "What are your opening hours!", "en"),
        QuestionRecord(6, "hours", "When may I come?", "en"),
        QuestionRecord(7, "parking", "Where can I park?", "en"),
    ],
    [
        PassageRecord(1, "refund", "The card is credited within five days.", "en"),
        PassageRecord(2, "hours", "Nine to six.", "en"),
        PassageRecord(3, "map", "We are in Paris, open from nine.", "en"),
        PassageRecord(4, "parking", "Behind the house.", "en"),
    ],
)


def found(**options) -> dict[str, list[Example]]:
    """Examples by the question that is asked, the known part first."""
    retriever = Retriever.build(HashEncoder(), KNOWLEDGE)
    examples = leave_one_out(retriever, **({"sample": 100, "seed": 0} | options))
    grouped: dict[str, list[Example]] = {}
    for example in examples:
        grouped.setdefault(example.text, []).append(example)
    return grouped


def candidate(example: Example, answer_id: str):
    return next((c for c in example.retrieved.candidates if c.answer_id == answer_id), None)


def test_every_question_plays_known_and_unknown() -> None:
    examples = found()
    assert [each.right for each in examples.pop("Where can I park?")] == [frozenset()]
    assert list(examples) == [each.text for each in KNOWLEDGE.questions[:-1]]
    for known, unknown in examples.values():
        assert known.right
        assert unknown.right == frozenset()
        assert known.group == unknown.group
        assert not any(c.answer_id in known.right for c in unknown.retrieved.candidates)
        assert not any(c.exact for c in known.retrieved.candidates)


def test_copies_are_left_out_with_their_question() -> None:
    """Of "refund" only "Refund please" is left, in the passage, too."""
    known, _ = found()["How do I get my money back?"]
    refund = candidate(known, "refund")
    assert refund is not None
    assert refund.question_number == 3
    encoder = HashEncoder()
    asked = encoder.encode_queries(["How do I get my money back?"])[0]
    passage = encoder.encode_passages(["Refund please The card is credited within five days."])[0]
    assert refund.passage_similarity == pytest.approx(float(asked @ passage), abs=1e-6)


def test_question_with_two_answers_has_two_right_ones_and_leaves_what_else_they_have() -> None:
    known, _ = found()["What are your opening hours?"]
    assert known.right == {"hours", "map"}
    encoder = HashEncoder()
    asked = encoder.encode_queries(["What are your opening hours?"])[0]
    left_over = (
        ("hours", 6, "When may I come? Nine to six."),
        ("map", 0, "We are in Paris, open from nine."),
    )
    for answer_id, number, text in left_over:
        left = candidate(known, answer_id)
        assert left is not None
        assert left.question_number == number
        expected = float(asked @ encoder.encode_passages([text])[0])
        assert left.passage_similarity == pytest.approx(expected, abs=1e-6)


def test_question_whose_answer_has_nothing_left_plays_the_unknown_part_only() -> None:
    retriever = Retriever.build(
        HashEncoder(),
        Knowledge([QuestionRecord(1, "a", "one question", "en"), QuestionRecord(2, "b", "another", "en")]),
    )
    assert [example.right for example in leave_one_out(retriever, sample=10, seed=0)] == [frozenset()] * 2


def test_out_of_scope_questions_are_unknown_examples() -> None:
    retriever = Retriever.build(HashEncoder(), KNOWLEDGE)
    examples = leave_one_out(retriever, sample=0, seed=0, out_of_scope=[("tell me a joke", "en")])
    assert [(e.right, e.language) for e in examples] == [(frozenset(), "en")]
    assert len(examples[0].retrieved.candidates) == 4


def test_sample_is_drawn_by_the_seed() -> None:
    retriever = Retriever.build(HashEncoder(), KNOWLEDGE)

    def groups(seed: int) -> list[str]:
        return [example.group for example in leave_one_out(retriever, sample=2, seed=seed)]

    assert len(groups(1)) == 4
    assert groups(1) == groups(1)
    assert len({tuple(groups(seed)) for seed in range(20)}) > 1


def test_progress_counts_questions() -> None:
    seen: list[tuple[int, int]] = []
    retriever = Retriever.build(HashEncoder(), KNOWLEDGE)
    leave_one_out(retriever, sample=100, seed=0, progress=lambda done, total: seen.append((done, total)))
    assert seen[0] == (1, 7)
    assert seen[-1] == (7, 7)
