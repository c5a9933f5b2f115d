"""FeedbackQA: do the ratings and comments of a deployed system's answers help with the questions that come later?

What is fed back are the ratings of the validation split: three answers each to 247 questions that no other split has, each rated by two people
with a comment. What is asked later are the test questions. Two raters are no crowd that the rules of trust believe (three are needed,
`retrieval.trust`), but they are known people, as agents are: an answer that both rate well becomes a label with an agent's weight.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from retrieval.encoder import Encoder
from retrieval.records import Knowledge, QuestionRecord
from retrieval.trust import Trust
from training.errors import EvaluationError
from training.evaluation.pipeline import FitSettings, Message, Reply, run_trial
from training.evaluation.sets import SOURCES, LabelledSet
from training.remembering import Remembering
from training.simulation.measures.paired import hits_of, paired_figures

GRADES = {"Excellent": 3, "Acceptable": 2, "Could be Improved": 1, "Bad": 0}
GOOD = 2


@dataclass(frozen=True, slots=True)
class Rated:
    """An answer that was shown, and what two people thought of it."""

    question: str
    answer_id: str
    grades: tuple[int, ...]
    comments: tuple[str, ...]


class Use(StrEnum):
    """What is made of the ratings."""

    NOTHING = "ratings not used"
    BOTH_GOOD = "answers that both raters find acceptable, as labels"
    MEAN_GOOD = "answers acceptable in the mean, as labels"
    COMMENTS = "answers that both find acceptable, and the comments of all who do"


def read_ratings(folder: Path, source: str) -> list[Rated]:
    """The validation split's, of one source.

    Raises:
        EvaluationError: the file is missing or not FeedbackQA's.
    """
    path = folder / "feedback.jsonl.gz"
    try:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            rows = [json.loads(line) for line in file]
        return [
            Rated(
                row["question"],
                row["passage_id"],
                tuple(GRADES[rating] for rating in row["ratings"]),
                tuple(row["feedback"]),
            )
            for row in rows
            if row["source"] == source and row["split"] == "valid"
        ]
    except (OSError, ValueError, KeyError) as error:
        raise EvaluationError(f"{path} cannot be read as FeedbackQA's ratings: {error!r}") from error


def measure_ratings(
    sets: Sequence[tuple[LabelledSet, Sequence[Rated]]],
    encoder: Encoder,
    *,
    settings: FitSettings,
    uses: Sequence[Use] = tuple(Use),
) -> dict[str, dict[str, float]]:
    """Figures over all sets together, by what is made of the ratings; `difference` is against the first of `uses`."""
    remembering = Remembering(encoder)
    right = [wanted for labelled, _ in sets for wanted in labelled.right]
    found: dict[str, dict[str, float]] = {}
    first: list[bool] = []
    for use in uses:
        replies: list[Reply] = []
        labels = 0
        for labelled, rated in sets:
            taught = list(taught_by(rated, use))
            labels += len(taught)
            replies += _replies(labelled, taught, remembering, settings)
        hits = hits_of(replies, right)
        first = first or hits
        found[use.value] = {"right_first": sum(hits) / len(hits), "labels": labels} | (
            paired_figures(first, hits) if use is not uses[0] else {}
        )
    return found


def taught_by(rated: Sequence[Rated], use: Use) -> Iterator[tuple[str, str]]:
    """(text, answer) of what is learned."""
    for each in rated:
        both_good = min(each.grades) >= GOOD
        mean_good = sum(each.grades) >= GOOD * len(each.grades)
        if (both_good and use in (Use.BOTH_GOOD, Use.COMMENTS)) or (mean_good and use is Use.MEAN_GOOD):
            yield each.question, each.answer_id
        if use is Use.COMMENTS:
            for comment, grade in zip(each.comments, each.grades, strict=True):
                if grade >= GOOD and comment:
                    yield comment, each.answer_id


def _replies(
    labelled: LabelledSet, taught: Sequence[tuple[str, str]], encoder: Encoder, settings: FitSettings
) -> tuple[Reply, ...]:
    known = labelled.training.knowledge
    first = 1 + max(question.number for question in known.questions)
    more = [
        QuestionRecord(number, answer, message.utterance, message.language)
        for number, (text, answer) in enumerate(taught, start=first)
        for message in [Message.of(text)]
    ]
    return run_trial(
        encoder,
        Knowledge([*known.questions, *more], known.passages),
        [Message.of(text) for text in labelled.texts],
        settings=settings,
        trust={question.number: Trust.AGENT_REPLY.weight for question in more},
    ).replies


def names_of_sets(*, validation: bool = False) -> list[str]:
    """As `training.evaluation.sets.read_set` knows them."""
    return [f"feedbackqa_{source.lower()}{'_validation' if validation else ''}" for source in SOURCES]
