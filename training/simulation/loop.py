"""The loop itself: customers ask, visitors vote, a person labels what comes first, the bot is trained again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from retrieval.engine import Engine
from retrieval.person_request import asks_for_person
from retrieval.records import Knowledge, QuestionRecord
from training.evaluation.inputs import named_passages
from training.evaluation.pipeline import RANKS_GIVEN, FitSettings, run_trial
from training.evaluation.scoring import reply_figures
from training.remembering import Remembering
from training.simulation.orders import Asked, Order, first_of
from training.simulation.plan import Plan, Row
from training.simulation.rankings import Waiting
from training.simulation.visitors import Crowd, VisitorLabel, Visitors
from training.traffic_sample import TrafficSample

if TYPE_CHECKING:
    from training.backbones import Backbone
    from training.evaluation.pipeline import Trial

Told = Callable[[str, int, int], None]
"""Called with the name of the curve, days done and days in all."""
Judged = Callable[["Round", "Trial"], None]
"""Called with each round and the trained bot that it is about."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds on every day.

    Attributes:
        budget: labels that a person gives a day.
        retrain_every: days from one training to the next; what is labelled is searchable at once all the same.
        rereads: whether what waits is judged anew by each new model; else the reply that it got counts.
        undefended: each vote is learned as a label.
        at_random: share of the budget that goes to messages drawn at random from those of the day, before anything is ranked.
    """

    budget: int
    retrain_every: int = 1
    rereads: bool = True
    undefended: bool = False
    at_random: float = 0.0


@dataclass(frozen=True, slots=True)
class Round:
    """What the bot is worth on the test file at the end of a day; day 0 is before the first one.

    Attributes:
        labels: that a person has given, beyond the start.
        from_visitors, wrong_from_visitors: labels learned from visitors, and those of them that are wrong.
        selective_error: share of wrong among the answered.
        coverage_in_hindsight: the most that could have been answered at the tolerated error, had the cut-off been chosen with the labels.
    """

    day: int
    labels: int
    from_visitors: int
    wrong_from_visitors: int
    accuracy: float
    coverage: float
    selective_error: float
    ece: float
    unknown_share_assumed: float
    coverage_in_hindsight: float


@dataclass(frozen=True, slots=True)
class Curve:
    name: str
    rounds: tuple[Round, ...]


@dataclass(slots=True)
class _State:
    """What the installation has at some hour."""

    learned: dict[int, Row]
    visitors: Visitors
    random: np.random.Generator
    labels: int = 0
    drawn: dict[int, float] = field(default_factory=dict)
    waiting: dict[int, Asked] = field(default_factory=dict)
    believed: list[VisitorLabel] = field(default_factory=list)


class Simulation:
    """One plan, run under different orders; every text is encoded once for all of them."""

    def __init__(
        self,
        plan: Plan,
        encoder: Remembering,
        settings: FitSettings,
        crowd: Crowd,
        *,
        backbone_for: Callable[[Knowledge], Backbone | None] = lambda _: None,
    ) -> None:
        self._plan = plan
        self._encoder = encoder
        self._settings = settings
        self._crowd = crowd
        self._backbone_for = backbone_for
        self._right = [frozenset() if row.is_unknown else frozenset({row.intent}) for row in plan.test]

    def run(
        self, name: str, order: Order, terms: Terms, *, told: Told | None = None, judged: Judged | None = None
    ) -> Curve:
        """Day by day; under `ALL` one training on everything."""
        state = self._morning()
        if order is Order.ALL:
            state.learned |= {row.number: row for row in self._plan.traffic}
            state.labels = len(self._plan.traffic)
            return Curve(name, (self._judged(len(self._plan.days), state, self._trained(state), judged),))
        trial = self._trained(state)
        rounds = [self._judged(0, state, trial, judged)]
        for day, rows in enumerate(self._plan.days, start=1):
            self._open(state, trial.engine, rows, day=day)
            self._decide(state, order, trial.engine, rows, terms)
            if day % terms.retrain_every == 0 or day == len(self._plan.days):
                trial = self._trained(state)
                if terms.rereads:
                    self._reread(state, trial.engine)
                rounds.append(self._judged(day, state, trial, judged))
            if told is not None:
                told(name, day, len(self._plan.days))
        return Curve(name, tuple(rounds))

    def _morning(self) -> _State:
        seed = self._settings.seed
        promoted = min(row.intent for row in self._plan.start)
        visitors = Visitors(self._crowd, promoted=promoted, seed=seed)
        first = {row.number: row for row in self._plan.start}
        return _State(first, visitors, np.random.default_rng([seed, len(first)]))

    def _open(self, state: _State, engine: Engine, rows: Sequence[Row], *, day: int) -> None:
        """Customers ask, read the reply and vote."""
        for asked in replied(engine, rows, visits=state.visitors.visits):
            state.visitors.vote(asked, day=day)
            state.waiting[asked.row.number] = state.visitors.heard(asked)

    def _decide(
        self, state: _State, order: Order, engine: Engine, today: Sequence[Row], terms: Terms
    ) -> None:
        """A person labels what was drawn at random from what came today, and then what the order puts first."""
        count = min(round(terms.budget * terms.at_random), len(today))
        drawn: list[int] = []
        if count:
            places = state.random.permutation(len(today))[:count].tolist()
            drawn = [today[place].number for place in places]
            state.drawn |= dict.fromkeys(drawn, len(today) / count)
        waiting = [asked for number, asked in state.waiting.items() if number not in state.drawn]
        ranked = first_of(
            order,
            waiting,
            budget=terms.budget - count,
            unrelated=engine.retriever.view.backgrounds[""].questions.mean,
            random=state.random,
        )
        self._label(state, engine, [*(state.waiting[number] for number in drawn), *ranked], terms)

    def _label(self, state: _State, engine: Engine, chosen: Sequence[Asked], terms: Terms) -> None:
        """A person says the truth about the chosen ones; it counts in the next search, and in the next training."""
        for each in chosen:
            del state.waiting[each.row.number]
            state.learned[each.row.number] = each.row
        state.labels += len(chosen)
        state.believed = self._from_visitors(state, terms)
        taught = [_question(each.row) for each in chosen if not each.row.is_unknown]
        engine.retriever.apply(upsert=Knowledge(taught))

    def _from_visitors(self, state: _State, terms: Terms) -> list[VisitorLabel]:
        """Never against what a person has said."""
        questions = Counter(row.intent for row in state.learned.values())
        said = state.visitors.undefended() if terms.undefended else state.visitors.believed(questions)
        return [label for label in said if label.asked.row.number not in state.learned]

    def _trained(self, state: _State) -> Trial:
        rows = sorted(state.learned.values(), key=lambda row: row.number)
        questions = [_question(row) for row in rows if not row.is_unknown]
        questions += [_question(label.asked.row, label.answer) for label in state.believed]
        intents = sorted({question.answer_id for question in questions})
        knowledge = Knowledge(questions, named_passages(intents))
        return run_trial(
            self._encoder,
            knowledge,
            [row.message for row in self._plan.test],
            settings=self._settings,
            out_of_scope=[row.message for row in rows if row.is_unknown],
            trust={label.asked.row.number: label.weight for label in state.believed},
            drawn=_sample(state.drawn, rows),
            backbone=self._backbone_for(knowledge),
        )

    def _reread(self, state: _State, engine: Engine) -> None:
        rows = [asked.row for asked in state.waiting.values()]
        for asked in replied(engine, rows, visits=state.visitors.visits):
            before = state.waiting[asked.row.number].waiting
            state.waiting[asked.row.number] = asked.with_voices(before.support, before.dissent)

    def _judged(self, day: int, state: _State, trial: Trial, judged: Judged | None) -> Round:
        figures = reply_figures(
            trial.replies, self._right, target_error=self._settings.target_error, single_label=False
        )
        wrong = sum(label.answer != label.asked.row.intent for label in state.believed)
        found = Round(
            day=day,
            labels=state.labels,
            from_visitors=len(state.believed),
            wrong_from_visitors=wrong,
            accuracy=figures["right_first"],
            coverage=figures["coverage"],
            selective_error=figures["selective_error"],
            ece=figures["ece"],
            unknown_share_assumed=trial.unknown_share,
            coverage_in_hindsight=figures["coverage_in_hindsight"],
        )
        if judged is not None:
            judged(found, trial)
        return found


def replied(engine: Engine, rows: Sequence[Row], *, visits: Callable[[int], int]) -> list[Asked]:
    """What the service replies to these messages, each asked by so many visitors."""
    messages = [(row.message.utterance, row.message.language) for row in rows]
    asked = []
    for row, found in zip(rows, engine.retrieve_all(messages, limit=RANKS_GIVEN), strict=True):
        decision = engine.decide(found, asks_for_person=asks_for_person(row.message.utterance))
        confidences = tuple(item.confidence for item in decision.scored)
        waiting = Waiting(
            vector=found.vector,
            confidence=confidences[0] if confidences else 0.0,
            second=confidences[1] if len(confidences) > 1 else 0.0,
            answer_at=engine.confidence.cutoffs_for(found.language).answer_at,
            asked=visits(row.number),
        )
        asked.append(
            Asked(
                row=row,
                waiting=waiting,
                answers=tuple(item.candidate.answer_id for item in decision.scored),
                confidences=confidences,
                neighbours=tuple(item.candidate.support for item in decision.scored),
                shown=tuple(item.candidate.answer_id for item in decision.answers),
                outcome=decision.outcome,
            )
        )
    return asked


def _sample(drawn: Mapping[int, float], rows: Sequence[Row]) -> TrafficSample:
    return TrafficSample(
        {row.number: drawn[row.number] for row in rows if row.number in drawn and not row.is_unknown},
        {
            (row.message.utterance, row.message.language): drawn[row.number]
            for row in rows
            if row.number in drawn and row.is_unknown
        },
    )


def _question(row: Row, answer: str | None = None) -> QuestionRecord:
    return QuestionRecord(row.number, answer or row.intent, row.message.utterance, row.message.language)
