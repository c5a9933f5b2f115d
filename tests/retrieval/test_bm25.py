"""Lexical scores against numbers worked by hand and against the bm25s package."""

from math import log

import bm25s
import numpy as np
import pytest

from retrieval.bm25 import K1, Bm25

TEXTS = {
    10: ["refund", "order"],
    20: ["order", "late", "order", "status"],
    30: ["open", "hour", "shop"],
}


def built() -> Bm25:
    return Bm25.of(list(TEXTS), TEXTS.values())


def test_share_is_bm25_over_the_largest_bm25_possible() -> None:
    """N = 3, mean length 3. "refund": df 1; length of text 10 is 2: norm = 1.2 (0.25 + 0.75 * 2/3) = 0.9."""
    found = built().search(["refund"], 5)
    assert found.keys.tolist() == [10]
    assert found.shares.tolist() == pytest.approx([(K1 + 1) * 1 / (1 + 0.9) / (K1 + 1)])


def test_terms_are_weighed_by_rarity_and_unknown_terms_count_as_missed() -> None:
    """idf(order) = ln(1 + 1.5/2.5), idf(zebra) = ln(1 + 3.5/0.5)."""
    idf_order, idf_zebra = log(1 + 1.5 / 2.5), log(1 + 3.5 / 0.5)
    assert built().idf(["order", "zebra"]) == pytest.approx({"order": idf_order, "zebra": idf_zebra})
    found = built().search(["order", "zebra"], 5)
    assert found.keys.tolist() == [20, 10]
    part_20 = 2 / (2 + K1 * (0.25 + 0.75 * 4 / 3))
    part_10 = 1 / (1 + K1 * (0.25 + 0.75 * 2 / 3))
    expected = [part * idf_order / (idf_order + idf_zebra) for part in (part_20, part_10)]
    assert found.shares.tolist() == pytest.approx(expected)


def test_scores_agree_with_bm25s() -> None:
    random = np.random.default_rng(0)
    words = [f"w{place}" for place in range(60)]
    texts = [random.choice(words, size=random.integers(1, 12)).tolist() for _ in range(200)]
    peer = bm25s.BM25(method="lucene", k1=K1, b=0.75)
    peer.index(texts, show_progress=False)
    index = Bm25.of(range(200), texts)
    for _ in range(20):
        query = sorted(set(random.choice(words, size=5).tolist()))
        theirs = peer.get_scores(query)
        found = index.search(query, 200)
        ceiling = sum(index.idf(query).values())
        ours = np.zeros(200)
        ours[found.keys] = found.shares * ceiling
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)


def test_no_term_or_no_text_finds_nothing() -> None:
    assert built().search([], 5).keys.tolist() == []
    assert built().search(["zebra"], 5).keys.tolist() == []
    assert Bm25.of([], []).search(["zebra"], 5).keys.tolist() == []


def test_changes_count_at_once_and_leave_the_old_index_alone() -> None:
    index = built()
    changed = index.changed(add={40: ["refund", "zebra"], 20: ["refund"]}, remove=[10])
    assert sorted(changed.search(["refund"], 5).keys.tolist()) == [20, 40]
    assert changed.search(["late"], 5).keys.tolist() == []
    assert changed.search(["zebra"], 5).keys.tolist() == [40]
    assert changed.search(["shop"], 5).keys.tolist() == [30]
    assert index.search(["refund"], 5).keys.tolist() == [10]
    back = changed.changed(add={10: ["refund", "order"]}, remove=[40])
    assert sorted(back.search(["refund"], 5).keys.tolist()) == [10, 20]


def test_added_text_scores_as_if_it_had_been_there_with_old_statistics() -> None:
    """Text 50 equals text 10, so it gets the same share."""
    found = built().changed(add={50: TEXTS[10]}).search(["refund"], 5)
    assert found.keys.tolist() == [10, 50]
    assert found.shares[0] == pytest.approx(found.shares[1])


def test_excluded_texts_make_room_for_others() -> None:
    texts = {number: ["order"] * number for number in range(1, 6)}
    index = Bm25.of(list(texts), texts.values())
    assert index.search(["order"], 2).keys.tolist() == [5, 4]
    assert index.search(["order"], 2, exclude=[5, 4, 3]).keys.tolist() == [2, 1]
