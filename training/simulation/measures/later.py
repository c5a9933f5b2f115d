"""Does training on what people said help with what comes later? STAR's dialogues, in the order of the days they were held.

The first of them are history, the next come as traffic and get votes, the last are asked in the end. A message is
how a customer opens a conversation about one task; the answer is the task. The same votes are also applied as others do
it: each adds to, or takes from, the similarity of the stored question that led to the answer, for whoever asks next.
"""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from retrieval.candidates import Retrieved
from retrieval.decision import Outcome
from retrieval.encoder import Encoder
from retrieval.normalize import fold
from retrieval.trust import Kind
from training.errors import EvaluationError
from training.evaluation.pipeline import RANKS_GIVEN, FitSettings, Message, Reply
from training.remembering import Remembering
from training.simulation.loop import Curve, Round, Simulation, Terms, Told, replied
from training.simulation.measures.paired import hits_of, paired_figures
from training.simulation.orders import Order
from training.simulation.plan import Plan, Row
from training.simulation.visitors import Crowd, Visitors

if TYPE_CHECKING:
    from training.evaluation.pipeline import Trial

LEAST_WORDS = 4  # "hello" and "hi there" open every task alike
CROWD = Crowd(noise=0.1, voting=0.5, visits=3.0)
BUDGET_SHARE, AT_RANDOM = 0.2, 0.2
A_VOTE = 0.05
"""Of cosine, for each vote more in favour than against; as much as separates a good match from the next one."""
MOST_VOTES = 4


@dataclass(frozen=True, slots=True)
class Parts:
    """Which shares of the dialogues are known at the start, and asked in the end."""

    history: float
    asked: float


FROM_A_FIFTH, FROM_LITTLE = Parts(0.2, 0.2), Parts(0.05, 0.3)


def read_openings(path: Path, parts: Parts, *, days: int) -> Plan:
    """The dialogues of STAR by the time of their batch, as a plan.

    Raises:
        EvaluationError: the file is missing or not STAR's.
    """
    try:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            dialogues = [json.loads(line) for line in file]
        rows = _rows(sorted(dialogues, key=_time_of))
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        raise EvaluationError(f"{path} cannot be read as STAR's dialogues: {error!r}") from error
    return plan_in_time(rows, parts, days=days)


def plan_in_time(rows: Sequence[Row], parts: Parts, *, days: int) -> Plan:
    """`rows` in order of time; what is asked later is never in history or traffic word for word."""
    first, last = round(parts.history * len(rows)), round((1 - parts.asked) * len(rows))
    asked = {fold(row.message.utterance) for row in rows[last:]}
    start = tuple(row for row in rows[:first] if fold(row.message.utterance) not in asked)
    traffic = [row for row in rows[first:last] if fold(row.message.utterance) not in asked]
    bounds = [round(day * len(traffic) / days) for day in range(days + 1)]
    return Plan(
        start,
        tuple(tuple(traffic[low:high]) for low, high in pairwise(bounds)),
        tuple(rows[last:]),
        last - len(start) - len(traffic),
    )


def _time_of(dialogue: Mapping[str, Any]) -> tuple[int, int]:
    return int(dialogue["batch"].rpartition("_")[2]), int(dialogue["conversation_id"].rpartition("-")[2])


def _rows(dialogues: Sequence[Mapping[str, Any]]) -> list[Row]:
    rows = []
    for number, dialogue in enumerate(dialogues, start=1):
        said = [turn["text"] for turn in dialogue["turns"] if turn["role"] == "customer"]
        if len(dialogue["tasks"]) == 1 and said and len(said[0].split()) >= LEAST_WORDS:
            rows.append(Row(number, Message.of(said[0]), dialogue["tasks"][0]))
    return rows


@dataclass
class _Kept:
    """The bots at the beginning and at the end of a run."""

    trials: list[Trial] = field(default_factory=list)

    def __call__(self, _: Round, trial: Trial) -> None:
        self.trials.append(trial)


def measure_later(
    plan: Plan, encoder: Encoder, *, settings: FitSettings, told: Told | None = None
) -> dict[str, dict[str, float]]:
    """Figures by what was done with the same votes; `difference` is against the bot that was not retrained."""
    simulation = Simulation(plan, Remembering(encoder), settings, CROWD)
    right = [frozenset({row.intent}) for row in plan.test]
    budget = round(BUDGET_SHARE * len(plan.traffic) / len(plan.days))
    once = len(plan.days)  # trained when all of it has come
    visitors, person = _Kept(), _Kept()
    by_visitors = simulation.run("visitors", Order.QUEUE, Terms(0, once), told=told, judged=visitors)
    by_person = simulation.run(
        "person", Order.QUEUE, Terms(budget, once, at_random=AT_RANDOM), told=told, judged=person
    )
    before = visitors.trials[0]
    votes = votes_by_row(plan, before, seed=settings.seed)
    replies: Mapping[str, Sequence[Reply]] = {
        "not retrained": before.replies,
        "not retrained, nearest question alone": [_nearest(found, {}) for found in before.found],
        "… and each vote adds to the similarity of its question": [
            _nearest(found, votes) for found in before.found
        ],
        "retrained on what the rules of trust believe of the votes": visitors.trials[-1].replies,
        "retrained on that and a fifth of the messages decided by a person": person.trials[-1].replies,
    }
    learned = [{}, {}, {}, _learned(by_visitors), _learned(by_person)]
    hits = {name: hits_of(each, right) for name, each in replies.items()}
    return {
        name: {"right_first": sum(each) / len(each)}
        | (paired_figures(hits["not retrained"], each) if name != "not retrained" else {})
        | more
        for (name, each), more in zip(hits.items(), learned, strict=True)
    }


def _learned(curve: Curve) -> dict[str, float]:
    last = curve.rounds[-1]
    return {
        "labels": last.labels,
        "from_visitors": last.from_visitors,
        "wrong_from_visitors": last.wrong_from_visitors,
    }


def votes_by_row(plan: Plan, trial: Trial, *, seed: int) -> Counter[int]:
    """Stored question -> votes in favour less votes against, where the bot stays as it is while the traffic comes.

    A vote counts for the question that led to the answer it is about, as far as that answer was a candidate.
    """
    visitors = Visitors(CROWD, promoted="", seed=seed)
    rows = plan.traffic
    messages = [(row.message.utterance, row.message.language) for row in rows]
    led = {
        row.number: {candidate.answer_id: candidate.question_number for candidate in found.candidates}
        for row, found in zip(rows, trial.engine.retrieve_all(messages, limit=RANKS_GIVEN), strict=True)
    }
    for asked in replied(trial.engine, rows, visits=visitors.visits):
        visitors.vote(asked, day=1)
    votes: Counter[int] = Counter()
    for number, voices in visitors.spoken():
        for voice in voices:
            question = led[number].get(voice.answer_id, 0)
            votes[question] += -1 if voice.kind is Kind.DOWN else 1
    del votes[0]
    return votes


def _nearest(found: Retrieved, votes: Mapping[int, int]) -> Reply:
    """Answers by the similarity of their nearest question, with what the votes add to it."""

    def similarity(question: int, cosine: float) -> float:
        net = max(-MOST_VOTES, min(MOST_VOTES, votes.get(question, 0)))
        return cosine + A_VOTE * net

    ranked = sorted(
        found.candidates, key=lambda each: -similarity(each.question_number, each.question_similarity)
    )
    answers = tuple(candidate.answer_id for candidate in ranked)
    return Reply(answers, (0.0,) * len(answers), Outcome.ANSWERED)
