"""The frozen set: the oldest questions that people trusted, asked word for word. What was right stays right."""

from __future__ import annotations

from collections.abc import Sequence

from retrieval.artifacts import JsonValue
from retrieval.records import QuestionRecord
from training.gate.asking import Question, Replies
from training.gate.checks import Check, passed, percent, refused, some

TOLERATED = 0.02


def anchor_questions(anchors: Sequence[QuestionRecord]) -> list[Question]:
    return [Question(q.text, q.language, q.answer_id, frozenset({q.answer_id}), q.number) for q in anchors]


def check_anchors(candidate: Replies, serving: Replies | None) -> Check:
    """Without a serving release all of them should be right; with one, those that it has right."""
    count = len(candidate.asked)
    if not count:
        return passed(
            "anchors", "There is no anchor yet: no trusted question belongs to one answer alone.", anchors=0
        )
    stayed = serving.right if serving is not None else candidate.right | True
    lost = [
        candidate.asked[place].number
        for place, (was, right) in enumerate(zip(stayed, candidate.right, strict=True))
        if was and not right
    ]
    figures: dict[str, JsonValue] = {
        "anchors": count,
        "right": float(candidate.right.mean()),
        "lost": list(lost),
    }
    share = f"{percent(float(candidate.right.mean()))} of {count} anchors are right"
    if len(lost) > TOLERATED * count:
        return refused(
            "anchors", f"{share}; questions {some(lost)} get another answer than approved.", **figures
        )
    return passed("anchors", f"{share}.", **figures)
