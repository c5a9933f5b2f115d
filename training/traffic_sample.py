"""Messages drawn at random from traffic and labelled, whatever the review queue thinks of them.

What a queue puts first is harder than what comes, so that cut-offs fitted on it alone are kept with much room to spare
(docs/decisions/0026-a-part-of-the-labels-at-random.md). A drawn message is learned like any other. To see how it would be answered,
it is asked of an installation that knows everything but the drawn ones, which is nearly all that the served one knows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from retrieval.confidence_model import ConfidenceModel
from retrieval.leave_one_out import Example
from retrieval.records import Knowledge, Language
from training.school import School
from training.splits import Fold
from training.surroundings import surround

STAGE = "calibration on traffic"


@dataclass(frozen=True, slots=True)
class TrafficSample:
    """How many messages each drawn one stands for: 1 / the chance with which it was drawn.

    Attributes:
        questions: by question number.
        out_of_scope: by (text, language), of those that nothing answers.
    """

    questions: Mapping[int, float]
    out_of_scope: Mapping[tuple[str, str], float]

    def __len__(self) -> int:
        return len(self.questions) + len(self.out_of_scope)

    def fold(self, knowledge: Knowledge) -> Fold:
        """Everything but the drawn questions, which are asked; unknown is one whose answer has no other question."""
        kept = [question for question in knowledge.questions if question.number not in self.questions]
        drawn = [question for question in knowledge.questions if question.number in self.questions]
        left = {question.answer_id for question in kept}
        return Fold(
            Knowledge(kept, [passage for passage in knowledge.passages if passage.answer_id in left]),
            known=tuple(question for question in drawn if question.answer_id in left),
            unknown=tuple(question for question in drawn if question.answer_id not in left),
            bare=(),
        )


def ask_drawn(
    school: School,
    knowledge: Knowledge,
    sample: TrafficSample,
    *,
    number: int,
    traffic: Sequence[tuple[str, Language]],
    judge: ConfidenceModel,
) -> tuple[Example, ...]:
    """The drawn messages with what is found for each of them, in their surroundings (`training.surroundings`).

    `number` is this fold's, after those of the mock installations.
    """
    fold = sample.fold(knowledge)
    mock = school.ask(
        fold,
        number=number,
        most=len(sample),
        out_of_scope=tuple(sample.out_of_scope),
        traffic=traffic,
        stage=STAGE,
    )
    (surrounded,) = surround([mock], judge)
    # Asked in this order: see `School.ask`.
    numbers = [*sorted(q.number for q in fold.known), *sorted(q.number for q in fold.unknown)]
    stand_for = [*(sample.questions[each] for each in numbers), *sample.out_of_scope.values()]
    return tuple(
        replace(example, stands_for=each)
        for example, each in zip(surrounded.examples, stand_for, strict=True)
    )
