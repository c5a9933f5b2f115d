from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from training.simulation.rankings import RankingParts, Waiting, density, kinship, rank, uncertainty

ALONE = RankingParts(density=False, diversity=False)


def at(degrees: float) -> NDArray[np.float32]:
    return np.array([np.cos(np.radians(degrees)), np.sin(np.radians(degrees))], np.float32)


def waiting(degrees: float = 0.0, *, confidence: float = 0.5, second: float = 0.3, asked: int = 1) -> Waiting:
    return Waiting(at(degrees), confidence, second, answer_at=0.8, asked=asked)


def test_smallest_gap_between_the_two_best_comes_first() -> None:
    sure, torn, lost = (
        waiting(confidence=0.9, second=0.05),
        waiting(confidence=0.48, second=0.47),
        waiting(confidence=0.2, second=0.1),
    )
    assert rank([sure, torn, lost], parts=ALONE) == [1, 2, 0]


def test_what_is_asked_often_comes_before_what_is_asked_once() -> None:
    assert rank([waiting(), waiting(asked=4)], parts=ALONE) == [1, 0]


def test_visitors_who_disagree_make_a_sure_reply_doubtful() -> None:
    sure = waiting(confidence=0.9, second=0.1)
    assert uncertainty(sure) == pytest.approx(0.2)
    assert uncertainty(replace(sure, dissent=1.0)) == pytest.approx(0.6)
    assert rank([sure, replace(sure, dissent=1.0)], parts=ALONE) == [1, 0]


def test_oddity_comes_after_what_others_ask_in_other_words() -> None:
    rows = [waiting(90.0), waiting(0.0), waiting(10.0), waiting(20.0)]
    assert rank(rows, parts=RankingParts(diversity=False))[-1] == 0


def test_after_one_of_a_cluster_another_cluster_has_its_turn() -> None:
    rows = [waiting(0.0, confidence=0.3), waiting(1.0, confidence=0.31), waiting(90.0, confidence=0.6)]
    assert rank(rows, parts=ALONE) == [0, 1, 2]
    assert rank(rows, parts=RankingParts(density=False)) == [0, 2, 1]


def test_order_names_everything_once_however_few_are_chosen_with_diversity() -> None:
    random = np.random.default_rng(0)
    rows = [waiting(float(angle)) for angle in random.uniform(0, 180, 40)]
    for most in (None, 0, 5, 100):
        assert sorted(rank(rows, most=most)) == list(range(40))
    assert rank(rows)[:5] == rank(rows, most=5)[:5]
    assert rank(rows) == rank(rows)


def test_nothing_waiting_and_one_waiting() -> None:
    assert rank([]) == []
    assert rank([waiting()]) == [0]
    assert density(np.stack([at(0.0)])).tolist() == [1.0]


def test_kinship_is_all_for_the_same_and_none_for_what_is_far() -> None:
    assert kinship(np.array([1.0, 0.8, 0.5], np.float32)).tolist() == pytest.approx([1.0, 0.5, 0.0])
