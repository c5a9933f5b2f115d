"""What answers are found by: many questions each, or what they say."""

from __future__ import annotations

from statistics import median

from retrieval.normalize import fold
from retrieval.records import Knowledge

# A head needs several answers to choose from and several questions of each; below that, neighbours know as much.
LEAST_ANSWERS = 4
LEAST_QUESTIONS_AN_ANSWER = 4.0
# With fewer, hardly any question is a customer's own, and questions are asked much as they are written (docs/decisions/0039).
LEAST_LED_QUESTIONS = 2.0
LEAST_TEXT = 40  # characters: a sentence, and more than the name of an intent


def is_headed(knowledge: Knowledge) -> bool:
    """Whether there are enough questions for an intent head."""
    answers, questions = _answers_and_questions(knowledge)
    return answers >= LEAST_ANSWERS and questions >= LEAST_QUESTIONS_AN_ANSWER * answers


def is_led_by_texts(knowledge: Knowledge) -> bool:
    """Whether answers have some questions, too few for a head, and texts that say something."""
    answers, questions = _answers_and_questions(knowledge)
    if (
        not knowledge.passages
        or not LEAST_LED_QUESTIONS * answers <= questions < LEAST_QUESTIONS_AN_ANSWER * answers
    ):
        return False
    return median(len(passage.text) for passage in knowledge.passages) >= LEAST_TEXT


def _answers_and_questions(knowledge: Knowledge) -> tuple[int, int]:
    """How many answers have questions, and how many different ones these are."""
    different = {(question.answer_id, fold(question.text)) for question in knowledge.questions}
    return len({answer for answer, _ in different}), len(different)
