from math import log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.imports.mining_measures import agreement, exact_groups, leader_groups


def test_agreement_worked_by_hand() -> None:
    # H(label) = H(group) = ln 2; joint: aa:2, bb:1, ba:1 of 4 with groups 1:{a,a,b} 2:{b}
    measured = agreement(["a", "a", "b", "b"], [1, 1, 1, 2])
    joint = -(0.5 * log(0.5) + 2 * 0.25 * log(0.25))
    group = -(0.75 * log(0.75) + 0.25 * log(0.25))
    homogeneity = 1 - (joint - group) / log(2)
    completeness = 1 - (joint - log(2)) / group
    assert (measured.replies, measured.labels, measured.groups) == (4, 2, 2)
    assert measured.homogeneity == pytest.approx(homogeneity)
    assert measured.completeness == pytest.approx(completeness)
    assert measured.v_measure == pytest.approx(2 * homogeneity * completeness / (homogeneity + completeness))


def test_perfect_and_useless_groupings() -> None:
    assert agreement(["a", "b", "b"], [5, 7, 7]).v_measure == pytest.approx(1.0)
    assert agreement(["a", "b"], [1, 1]).v_measure == 0.0
    assert agreement([], []).v_measure == 1.0


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=40))
def test_v_measure_is_symmetric_and_bounded(pairs: list[tuple[int, int]]) -> None:
    labels, groups = [a for a, _ in pairs], [b for _, b in pairs]
    one, other = agreement(labels, groups), agreement(groups, labels)
    assert one.v_measure == pytest.approx(other.v_measure, abs=1e-9)
    assert one.homogeneity == pytest.approx(other.completeness, abs=1e-9)
    assert -1e-9 <= one.v_measure <= 1 + 1e-9


def test_baselines() -> None:
    texts = ["Refunds take five days!", "refunds take five days", "Refunds take nine days", "We are closed"]
    same = exact_groups(texts)
    assert same[0] == same[1] != same[2]
    leaders = leader_groups(texts, least_similarity=0.5)
    assert leaders[0] == leaders[1] == leaders[2] != leaders[3]
    assert leader_groups(texts, least_similarity=0.99)[2] != leaders[0]
