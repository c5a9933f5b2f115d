"""Whether questions lead to the answers, or texts."""

import pytest

from retrieval.knowledge_shape import is_headed, is_led_by_texts
from retrieval.records import Knowledge, PassageRecord, QuestionRecord

TOPICS = ("refund", "invoice", "delivery", "password")
SENTENCE = "We pay back within seven days of your asking."


def knowledge(questions_each: int, *, topics: tuple[str, ...] = TOPICS, text: str = SENTENCE) -> Knowledge:
    asked = [(topic, f"{topic} {number}") for topic in topics for number in range(questions_each)]
    return Knowledge(
        [QuestionRecord(number, topic, words, "en") for number, (topic, words) in enumerate(asked, start=1)],
        [PassageRecord(number, topic, text, "en") for number, topic in enumerate(topics, start=1)],
    )


def test_head_needs_four_questions_an_answer_and_four_answers() -> None:
    assert is_headed(knowledge(4))
    assert not is_headed(knowledge(3))
    assert not is_headed(knowledge(20, topics=TOPICS[:3]))
    repeated = [QuestionRecord(n, topic, f"{topic}?", "en") for n, topic in enumerate(TOPICS * 5, start=1)]
    assert not is_headed(Knowledge(repeated))


@pytest.mark.parametrize(
    ("given", "led"),
    [
        (knowledge(1), False),
        (knowledge(2), True),
        (knowledge(3), True),
        (knowledge(3, topics=TOPICS[:1]), True),
        (knowledge(0), False),
        (knowledge(4), False),
        (knowledge(20, topics=TOPICS[:3]), False),
        (knowledge(2, text="card arrival"), False),
        (knowledge(2, text="a" * 39), False),
        (knowledge(2, text="a" * 40), True),
        (Knowledge(knowledge(2).questions), False),
        (Knowledge(), False),
    ],
)
def test_texts_lead_where_there_are_two_or_three_questions_each_and_texts_say_something(
    given: Knowledge, led: bool
) -> None:
    assert is_led_by_texts(given) is led
