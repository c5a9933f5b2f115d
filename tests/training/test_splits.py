"""What is held out meets nothing of what is learned, also after questions were added."""

from hypothesis import given, settings
from hypothesis import strategies as st

from retrieval.near_duplicates import near_duplicate_key
from retrieval.records import Knowledge, PassageRecord, QuestionRecord
from training.splits import FOLDS, capped, families_of, fold_of, share_of, spread

WORDS = ("refund", "card", "order", "late", "退款", "快递", "where", "my", "7", "42")
NAMES = ("ant", "bee", "cat", "dog", "elk", "fox", "gnu", "hen")
TEXTS = st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map(" ".join)
ROWS = st.lists(st.tuples(TEXTS, st.sampled_from("abcdefgh")), min_size=1, max_size=40)


def knowledge(rows: list[tuple[str, str]]) -> Knowledge:
    questions = [QuestionRecord(n, answer, text, "en") for n, (text, answer) in enumerate(rows, start=1)]
    return Knowledge(questions, [PassageRecord(1, "a", "some text", "en")])


def test_near_duplicates_share_a_key() -> None:
    same = ("Where is my order 123?", "where is my ORDER 77", "my order 5: where is", "where is my orders 9")
    assert {near_duplicate_key(text) for text in same} == {"0 i my order where"}
    assert near_duplicate_key("運費多少") == near_duplicate_key("多少运费")
    assert near_duplicate_key("where is my card") != near_duplicate_key("where is my order")
    assert near_duplicate_key("?!") == ""


def test_share_of_a_key_depends_on_key_and_salt_alone() -> None:
    assert share_of("a", salt="x") == share_of("a", salt="x")
    assert share_of("a", salt="x") != share_of("a", salt="y")
    shares = [share_of(str(n), salt="x") for n in range(4000)]
    assert abs(sum(share < 0.25 for share in shares) / 4000 - 0.25) < 0.03


@given(ROWS, st.integers(0, FOLDS - 1), st.integers(0, 3))
@settings(max_examples=200, deadline=None)
def test_nothing_that_is_asked_is_known_in_other_words(
    rows: list[tuple[str, str]], number: int, seed: int
) -> None:
    fold = fold_of(knowledge(rows), number, seed=seed)
    learned = {near_duplicate_key(question.text) for question in fold.knowledge.questions}
    asked = {near_duplicate_key(question.text) for question in fold.known}
    assert not learned & asked
    assert not learned & {near_duplicate_key(question.text) for question in fold.unknown}
    assert not asked & {near_duplicate_key(question.text) for question in fold.unknown}


@given(ROWS, st.integers(0, FOLDS - 1))
@settings(max_examples=200, deadline=None)
def test_known_questions_have_an_answer_left_and_unknown_ones_have_none(
    rows: list[tuple[str, str]], number: int
) -> None:
    fold = fold_of(knowledge(rows), number, seed=0)
    answers = {question.answer_id for question in fold.knowledge.questions}
    passages = {passage.answer_id for passage in fold.knowledge.passages}
    assert {question.answer_id for question in fold.known} <= answers
    assert not {question.answer_id for question in fold.unknown} & (answers | passages)


@given(ROWS, ROWS, st.integers(0, FOLDS - 1))
@settings(max_examples=200, deadline=None)
def test_question_asked_once_is_not_learned_after_others_were_added(
    rows: list[tuple[str, str]], more: list[tuple[str, str]], number: int
) -> None:
    """As long as the answers stay the same ones: which of them are left out depends on all of them."""
    answers = {answer for _, answer in rows}
    before = fold_of(knowledge(rows), number, seed=0)
    after = fold_of(knowledge([*rows, *(row for row in more if row[1] in answers)]), number, seed=0)
    learned = {(question.text, question.answer_id) for question in after.knowledge.questions}
    assert not learned & {(question.text, question.answer_id) for question in before.known}


def test_every_answer_is_unknown_in_exactly_one_fold() -> None:
    rows = [(f"{word} {answer}", answer) for word in WORDS for answer in "abcdefgh"]
    left_out = [{q.answer_id for q in fold_of(knowledge(rows), n, seed=0).unknown} for n in range(FOLDS)]
    assert sorted(answer for answers in left_out for answer in answers) == sorted("abcdefgh")
    assert [len(answers) for answers in left_out] == [2] * FOLDS


def test_spread_takes_the_same_ones_whatever_else_is_there() -> None:
    rows = [QuestionRecord(n, "a", f"question {n}", "en") for n in range(1, 101)]
    chosen = spread(rows, 10, seed=0)
    assert chosen == sorted(chosen, key=lambda row: row.number)
    assert spread(rows[:60], 60, seed=0) == rows[:60]
    assert set(spread(rows, 20, seed=0)) > set(chosen)


def test_largest_answers_lose_questions_first() -> None:
    """10, 4 and 1 questions to 11 at most: 6, 4 and 1."""
    rows = [
        (f"{answer} {n}", answer) for answer, count in (("a", 10), ("b", 4), ("c", 1)) for n in range(count)
    ]
    kept = capped(knowledge(rows).questions, 11, seed=0)
    assert [sum(q.answer_id == answer for q in kept) for answer in "abc"] == [6, 4, 1]
    assert capped(knowledge(rows).questions, 15, seed=0) == list(knowledge(rows).questions)
    assert len(capped(knowledge(rows).questions, 1, seed=0)) == 3
    assert capped([], 5, seed=0) == []


def test_answers_that_share_half_of_their_questions_are_one_family() -> None:
    """b has both questions of a, c one of b's three (and one of its own three), d one of its two."""
    rows = {
        "a": ["refund please", "money back"],
        "b": ["please refund", "money back", "late order"],
        "c": ["late order", "where is it", "track it"],
        "d": ["card lost", "track it"],
        "e": ["hello there"],
    }
    asked = [(answer, text) for answer, texts in rows.items() for text in texts]
    known = Knowledge(
        [QuestionRecord(n, answer, text, "en") for n, (answer, text) in enumerate(asked, start=1)],
        [PassageRecord(1, "told", "some text", "en")],
    )
    assert families_of(known) == {"a": "a", "b": "a", "c": "c", "d": "c", "e": "e", "told": "told"}
    for number in range(FOLDS):
        fold = fold_of(known, number, seed=0)
        gone = {question.answer_id for question in fold.unknown}
        assert ("a" in gone) == ("b" in gone)
        assert ("c" in gone) == ("d" in gone)


def test_question_whose_answer_is_left_its_text_alone_is_bare() -> None:
    known = Knowledge(
        [QuestionRecord(n, f"a{n}", f"question of {word}", "en") for n, word in enumerate(NAMES, start=1)],
        [PassageRecord(n, f"a{n}", "some text", "en") for n in range(1, len(NAMES) + 1)],
    )
    for number in range(FOLDS):
        fold = fold_of(known, number, seed=0)
        kept = {question.answer_id for question in fold.knowledge.questions}
        assert not fold.known
        assert {q.answer_id for q in fold.bare} == {
            p.answer_id for p in fold.knowledge.passages if p.answer_id not in kept
        }
    assert {q for n in range(FOLDS) for q in fold_of(known, n, seed=0).bare}
