"""What answers are found by: many questions each, or what they say."""

from __future__ import annotations

from statistics import median

from retrieval.normalize import fold
from retrieval.records import Knowledge

# A head needs several answers to choose from and several questions of each; below that, neighbours know as much.
LEAST_ANSWERS = 4
LEAST_QUESTIONS_AN_ANSWER = 4.0
LEAST_TEXT = 40  # characters: a sentence, and more than the name of an intent


def is_headed(knowledge: Knowledge) -> bool:
    """Whether there are enough questions for an intent head."""
    counts = {(q.answer_id, fold(q.text)) for q in knowledge.questions}
    answers = {answer for answer, _ in counts}
    return len(answers) >= LEAST_ANSWERS and len(counts) >= LEAST_QUESTIONS_AN_ANSWER * len(answers)


def is_led_by_texts(knowledge: Knowledge) -> bool:
    """Whether answers have too few questions for a head, but texts that say something."""
    if not knowledge.passages or is_headed(knowledge):
        return False
    return median(len(passage.text) for passage in knowledge.passages) >= LEAST_TEXT
