import numpy as np
import pytest

from bot.imports import mining_groups
from bot.imports.mining_groups import GroupingItem, contradict, group_texts, nearest, signs_of


def unit(*degrees: float) -> np.ndarray:
    angles = np.radians(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def items(*texts: str, block: str = "") -> list[GroupingItem]:
    return [GroupingItem(text, block) for text in texts]


def test_groups_join_by_mean_similarity() -> None:
    # cos 10° = .985, cos 50° = .643; {a, b} to c: mean of cos 50° and cos 40° = .704 < .75
    groups = group_texts(items("a", "b", "c"), unit(0, 10, 50), least_similarity=0.75)
    assert groups.tolist() == [0, 0, 2]
    # cos 40° = .766 alone would have joined b and c: no chain through one near member
    assert group_texts(items("b", "c"), unit(10, 50), least_similarity=0.75).tolist() == [0, 0]


def test_blocks_are_never_joined() -> None:
    mixed = [GroupingItem("a", "answer/en"), GroupingItem("b", "answer/zh")]
    assert group_texts(mixed, unit(0, 0), least_similarity=0.5).tolist() == [0, 1]


def test_the_guard_keeps_opposites_apart_however_close_they_are() -> None:
    texts = items("We ship abroad.", "We do not ship abroad.", "Turn left there.", "Turn right there.")
    assert group_texts(texts, unit(0, 0, 90, 90), least_similarity=0.5).tolist() == [0, 1, 2, 3]


def test_the_guard_holds_for_every_member_of_a_group() -> None:
    texts = items("Turn there.", "Turn left there.", "Turn right there.")
    groups = group_texts(texts, unit(0, 1, -1.5), least_similarity=0.5).tolist()
    assert groups == [0, 0, 2]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("You can return it.", "You can't return it."),
        ("可以退货", "不可以退货"),
        ("沒有開封可以退", "開封可以退"),
        ("左转后直行", "右转后直行"),
        ("Delivery is free.", "Delivery costs five euros."),
        ("境内包裹三天到", "国际包裹三天到"),
        ("附近的景点有天安门广场", "附近的景点有颐和园"),
    ],
)
def test_contradictions_are_seen(first: str, second: str) -> None:
    assert contradict(signs_of(first), signs_of(second))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Could I have your name?", "May I get your name?"),
        ("Returns are free within 30 days.", "Within 30 days a return is free of charge."),
        ("七天内可以退", "收到后七天内能退"),
    ],
)
def test_other_words_for_the_same_do_not_contradict(first: str, second: str) -> None:
    assert not contradict(signs_of(first), signs_of(second))


def test_nearest_equals_exact_search() -> None:
    vectors = np.random.default_rng(7).normal(size=(200, 16)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    similarities, neighbours = nearest(vectors, 5)
    exact = vectors @ vectors.T
    expected = np.argsort(-exact, axis=1, kind="stable")[:, :5]
    assert neighbours.tolist() == expected.tolist()
    np.testing.assert_allclose(similarities, np.take_along_axis(exact, expected, axis=1), atol=1e-6)


def test_many_texts_find_their_neighbours_in_cells_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(0)
    centres = random.normal(size=(30, 32))
    vectors = np.repeat(centres, 20, axis=0) + 0.3 * random.normal(size=(600, 32))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    texts = items(*(f"text {number}" for number in range(600)))
    exact = group_texts(texts, vectors, least_similarity=0.6)
    monkeypatch.setattr(mining_groups, "EXACT_UP_TO", 500)
    monkeypatch.setattr(mining_groups, "CELLS", 16)
    monkeypatch.setattr(mining_groups, "LOOKED_INTO", 4)

    assert group_texts(texts, vectors, least_similarity=0.6).tolist() == exact.tolist()
    assert exact.tolist() == [20 * (number // 20) for number in range(600)]
