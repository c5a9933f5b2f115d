from collections import Counter
from collections.abc import Sequence

import numpy as np

from retrieval.decision import Outcome
from training.evaluation.pipeline import Message
from training.simulation.orders import Asked
from training.simulation.plan import Row
from training.simulation.rankings import Waiting
from training.simulation.visitors import Crowd, Strategy, Visitors

EVERYBODY = Crowd(noise=0.0, voting=1.0)


def asked(
    number: int,
    shown: Sequence[str],
    *,
    intent: str = "refund",
    outcome: Outcome = Outcome.CLARIFIED,
    times: int = 1,
) -> Asked:
    return Asked(
        row=Row(number, Message("a refund", "en"), intent),
        waiting=Waiting(np.ones(1, np.float32), 0.5, 0.2, 0.8, asked=times),
        answers=("refund", "invoice"),
        confidences=(0.5, 0.2),
        neighbours=(0.5, 0.5),
        shown=tuple(shown),
        outcome=outcome,
    )


def visitors(crowd: Crowd) -> Visitors:
    return Visitors(crowd, promoted="invoice", seed=0)


def test_several_who_choose_the_same_teach_it_and_one_does_not() -> None:
    crowd = visitors(EVERYBODY)
    crowd.vote(asked(1, ["refund", "invoice"], times=20), day=1)
    crowd.vote(asked(2, ["refund", "invoice"]), day=1)
    believed = crowd.believed(Counter({"refund": 10}))
    assert [(label.asked.row.number, label.answer, label.weight) for label in believed] == [
        (1, "refund", 0.7)
    ]
    assert [(label.asked.row.number, label.weight) for label in crowd.undefended()] == [(1, 1.0), (2, 1.0)]


def test_visitors_teach_a_fifth_of_an_answers_questions_at_most() -> None:
    crowd = visitors(EVERYBODY)
    for number in range(1, 9):
        crowd.vote(asked(number, ["refund", "invoice"], times=20), day=1)
    assert len(crowd.believed(Counter({"refund": 10}))) == 2


def test_thumbs_down_are_heard_as_dissent() -> None:
    crowd = visitors(EVERYBODY)
    wrong = asked(1, ["invoice"], outcome=Outcome.ANSWERED, times=3)
    crowd.vote(wrong, day=1)
    assert crowd.heard(wrong).waiting.dissent == 3.0
    assert crowd.undefended() == []


def test_one_hostile_network_teaches_nothing_however_often_it_votes() -> None:
    crowd = visitors(Crowd(hostile=1.0, strategy=Strategy.PROMOTE, sessions=10))
    for number in range(1, 200):
        crowd.vote(asked(number, ["refund", "invoice"], times=50), day=1)
    assert crowd.believed(Counter({"invoice": 1000})) == []
    assert {label.answer for label in crowd.undefended()} == {"invoice"}


def test_nobody_votes_where_nothing_was_said() -> None:
    crowd = visitors(EVERYBODY)
    crowd.vote(asked(1, [], outcome=Outcome.HANDED_OFF, times=5), day=1)
    assert crowd.undefended() == []


def test_as_many_come_as_the_mean_says() -> None:
    assert {visitors(EVERYBODY).visits(number) for number in range(100)} == {1}
    many = visitors(Crowd(visits=5.0))
    counts = [many.visits(number) for number in range(2000)]
    assert counts == [many.visits(number) for number in range(2000)]
    assert 4.5 < sum(counts) / 2000 < 5.5
