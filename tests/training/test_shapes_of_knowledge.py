"""Few classes, many classes, skew and dirt: training ends, and what it makes answers sensibly."""

from collections.abc import Sequence

import pytest

from retrieval.confidence import fit_examples
from retrieval.engine import Engine
from retrieval.records import Knowledge, PassageRecord, QuestionRecord
from tests.fixtures.fakes import HashEncoder
from training.fitting import Fitted, fit

CONSONANTS, VOWELS = "bcdfghklmnprstvz", "aeiou"


def word(number: int) -> str:
    """Pronounceable, and another one for every number below 512,000."""
    syllables = []
    for _ in range(3):
        number, place = divmod(number, len(CONSONANTS) * len(VOWELS))
        syllables.append(CONSONANTS[place // len(VOWELS)] + VOWELS[place % len(VOWELS)])
    return "".join(syllables)


def knowledge(rows: Sequence[tuple[str, str]], passages: Sequence[tuple[str, str]] = ()) -> Knowledge:
    """Rows and passages are (answer, text)."""
    return Knowledge(
        [QuestionRecord(n, answer, text, "en") for n, (answer, text) in enumerate(rows, start=1)],
        [PassageRecord(n, answer, text, "en") for n, (answer, text) in enumerate(passages, start=1)],
    )


def engine(stored: Knowledge) -> tuple[Engine, Fitted]:
    fitted = fit(HashEncoder(), stored, backbone=None, sample=60)
    model = fit_examples(fitted.examples, target_error=0.1, unknown_share=0.2, seed=0)
    return Engine(fitted.retriever, model, fitted.head), fitted


def best(served: Engine, text: str) -> str:
    return served.respond(text, "en").retrieved.candidates[0].answer_id


FRAMES = ("my {}", "the {} please", "about {}", "is {} possible", "help with {}", "{} again")


def test_two_classes() -> None:
    served, fitted = engine(knowledge([(t, f.format(t)) for t in ("refund", "invoice") for f in FRAMES]))
    assert fitted.head is None
    assert [best(served, f"what about the {topic}") for topic in ("refund", "invoice")] == [
        "refund",
        "invoice",
    ]


def test_one_class() -> None:
    served, _ = engine(knowledge([("refund", frame.format("refund")) for frame in FRAMES]))
    assert best(served, "where is my refund") == "refund"
    strange, known = (served.respond(text, "en").decision.scored[0] for text in ("qxj wvk", "my refund"))
    assert strange.confidence < known.confidence


def test_two_thousand_classes_with_one_question_each() -> None:
    served, fitted = engine(knowledge([(f"a{n}", f"how about {word(n * 7)} now") for n in range(2000)]))
    assert fitted.head is None
    assert fitted.label_issues == ()
    numbers = (0, 3, 777, 1999)
    assert [best(served, f"{word(n * 7)}, how about it") for n in numbers] == [f"a{n}" for n in numbers]


@pytest.mark.slow
def test_one_class_has_a_thousand_questions_and_the_others_one_to_three() -> None:
    rows = [("large", f"where is parcel {word(n * 31)}") for n in range(1000)]
    rows += [
        (t, f.format(t)) for t, count in (("refund", 1), ("invoice", 3), ("login", 2)) for f in FRAMES[:count]
    ]
    served, fitted = engine(knowledge(rows))
    assert fitted.head is not None
    asked = ("my refund", "i need an invoice", "the login", "where is my parcel")
    assert [best(served, text) for text in asked] == ["refund", "invoice", "login", "large"]


def test_answers_that_exist_only_as_a_text_are_found() -> None:
    rows = [(t, f.format(t)) for t in ("refund", "invoice", "delivery", "login") for f in FRAMES]
    served, fitted = engine(
        knowledge(rows, [("parking", "You can park behind the shop."), ("refund", "Refunds take a week.")])
    )
    assert fitted.head is not None
    assert "parking" not in fitted.head.answers
    assert best(served, "can I park behind the shop") == "parking"
    assert best(served, "refund again please") == "refund"


def test_long_and_contradictory_texts_are_learned_from() -> None:
    rows = [(t, f.format(t)) for t in ("refund", "invoice", "delivery", "login") for f in FRAMES]
    long = " ".join(word(n) for n in range(5000 // 7))
    rows += [("refund", long), ("login", long.upper()), ("invoice", "?!"), ("delivery", "🙂")]
    served, fitted = engine(knowledge(rows))
    assert len(long) > 4900
    assert [(issue.number in (25, 26)) for issue in fitted.label_issues].count(True) == 1
    assert best(served, "about my delivery") == "delivery"


@pytest.mark.parametrize("questions", [1, 2])
def test_hardly_anything(questions: int) -> None:
    served, _ = engine(knowledge([("refund", "my refund"), ("login", "the login")][:questions]))
    assert best(served, "refund") == "refund"
