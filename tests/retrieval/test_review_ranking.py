"""The order of the review queue, worked out by hand."""

import numpy as np
import pytest

from retrieval.near_duplicates import same_question_key
from retrieval.review_ranking import Formula, Undecided, doubt, rank_for_review, uncertainty


def utterance(
    key: str = "u", *, asked: int = 1, sure: tuple[float, ...] = (0.3,), **voices: float
) -> Undecided:
    return Undecided(key, asked, sure, **voices)  # type: ignore[arg-type]  # signals is an int


def at(*degrees: float) -> np.ndarray:
    radians = np.radians(degrees)
    return np.stack([np.cos(radians), np.sin(radians)], axis=1).astype(np.float32)


@pytest.mark.parametrize(
    ("confidences", "expected"),
    [
        ((0.6, 0.6), 1.0),
        ((0.6,), 0.4),  # a lead of .6 over nothing
        ((0.3, 0.1), 0.8),
        ((1.0,), 0.0),
        ((), 1.0),
    ],
)
def test_uncertainty_is_how_near_the_second_best_is_to_the_best(
    confidences: tuple[float, ...], expected: float
) -> None:
    assert uncertainty(utterance(sure=confidences)) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("voices", "expected"),
    [
        ({}, 0.7),
        ({"against": 1.0}, 0.85),  # 1 - 0.3 / 2
        ({"against": 2.0}, 0.925),
        ({"signals": 4}, 0.85),  # four signals are a voice
        ({"in_favour": 1.0}, 0.35),
        ({"in_favour": 99.0}, 0.35),  # nobody votes it out of the queue
        ({"in_favour": 1.0, "against": 1.0}, 0.675),  # contested: 1 - 0.65 / 2
    ],
)
def test_voices_shift_the_doubt(voices: dict[str, float], expected: float) -> None:
    assert doubt(utterance(**voices)) == pytest.approx(expected)


def test_traffic_counts_as_much_as_doubt() -> None:
    ranked = rank_for_review(
        [utterance("rare", asked=2), utterance("sure", asked=9, sure=(5 / 6,)), utterance("often", asked=5)],
        at(0, 90, 180),
    )

    assert [each.row for each in ranked] == [2, 1, 0]
    assert [each.gain for each in ranked] == pytest.approx([3.5, 1.5, 1.4])
    assert [each.settles for each in ranked] == pytest.approx([5, 9, 2])


def test_one_of_a_cluster_comes_first_and_its_siblings_fall() -> None:
    """Three at 0°, 60° and 120°: at cos 60° = .5 half is settled when shares grow from cosine 0 on; and one far off."""
    formula = Formula(settles_from=0.0)
    utterances = [utterance(key) for key in ("left", "middle", "right")] + [utterance("alone")]

    ranked = rank_for_review(utterances, at(0, 60, 120, 270), formula=formula)

    # The middle one settles itself and half of both others; then each of these has half its doubt left.
    assert [each.row for each in ranked] == [1, 3, 0, 2]
    assert [each.gain for each in ranked] == pytest.approx([1.4, 0.7, 0.35, 0.35])
    assert [each.settles for each in ranked] == pytest.approx([2.0, 1.0, 1.5, 1.5])


def test_what_is_like_something_decided_falls() -> None:
    ranked = rank_for_review([utterance("a"), utterance("b")], at(0, 90), settled=at(0))

    assert [(each.row, each.gain) for each in ranked] == [(1, pytest.approx(0.7)), (0, pytest.approx(0.0))]


def test_similarity_is_measured_from_what_unrelated_texts_have() -> None:
    """Cosine .8 is nothing where unrelated texts have .8, and level .8 where they have 0: a third of the way from .7 to 1."""
    near = np.array([[1, 0], [0.8, 0.6]], dtype=np.float32)

    assert rank_for_review([utterance("a"), utterance("b")], near, unrelated=0.8)[0].settles == pytest.approx(
        1
    )
    assert rank_for_review([utterance("a"), utterance("b")], near)[0].settles == pytest.approx(4 / 3)


def test_ties_go_by_key_and_the_limit_is_kept() -> None:
    ranked = rank_for_review([utterance("b"), utterance("c"), utterance("a")], at(0, 90, 180), limit=2)

    assert [each.row for each in ranked] == [2, 0]
    assert rank_for_review([], np.zeros((0, 2), dtype=np.float32)) == []


def test_lazy_order_is_that_of_looking_at_all_each_time() -> None:
    random = np.random.default_rng(0)
    vectors = random.normal(size=(30, 4)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    utterances = [utterance(f"{i:02}", asked=int(random.integers(1, 9))) for i in range(30)]

    ranked = rank_for_review(utterances, vectors)

    shares = np.clip((vectors @ vectors.T - 0.7) / 0.3, 0, 1).astype(np.float64)
    np.fill_diagonal(shares, 1.0)
    worth = np.array([each.asked * 0.7 for each in utterances])
    waiting = np.ones(30, dtype=bool)
    for each in ranked:
        gains = np.where(waiting, shares @ worth, 0)
        assert each.gain == pytest.approx(gains.max(), abs=1e-4)
        worth *= 1 - shares[each.row]
        waiting[each.row] = False


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Hello, where is my parcel?", "where is my parcel please", True),
        ("请问快递多久能到？", "快递多久能到", True),
        ("Is order 1234 late?", "is order 99 late", True),
        ("can I return it", "can I not return it", False),
        ("可以退货吗", "不可以退货吗", False),
    ],
)
def test_near_duplicates_differ_in_courtesies_and_numbers_only(one: str, other: str, same: bool) -> None:
    assert (same_question_key(one) == same_question_key(other)) is same
