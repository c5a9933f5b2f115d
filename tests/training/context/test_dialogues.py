"""Right replies of ten, by vectors that can be worked by hand."""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from retrieval.context import ContextWeights
from tests.fixtures.fakes import HashEncoder
from training.context.dialogues import FILE, Nearness, Said, encoded, nearness, read_part, right_of_ten
from training.context.measuring import gain_over, worth_of_context
from training.errors import EvaluationError

TURNS = [
    {"turn": 0, "role": "customer", "text": "Hello"},
    {"turn": 1, "role": "agent", "text": "Hello, how can I help?", "label": "hello"},
    {"turn": 2, "role": "customer", "text": "My balance, please"},
    {"turn": 3, "role": "agent", "text": "Your name?", "label": "ask_name"},
    {"turn": 4, "role": "agent", "text": "And the account?", "label": "ask_account"},
    {"turn": 5, "role": "customer", "text": "Ann"},
    {"turn": 6, "role": "agent", "text": "Let me see.", "label": "custom"},
    {"turn": 7, "role": "customer", "text": "Well?"},
    {"turn": 8, "role": "agent", "text": "It is 5."},
]


def write_dialogues(folder: Path, count: int = 60) -> Path:
    folder.mkdir(exist_ok=True)
    rows = [{"conversation_id": f"c{number}", "turns": TURNS} for number in range(count)]
    with gzip.open(folder / FILE, "wt", encoding="utf-8") as lines:
        lines.writelines(json.dumps(row) + "\n" for row in rows)
    return folder


def said(dialogue: str, label: str, message: str = "m") -> Said:
    return Said(dialogue, message, (), "", label)


def test_standard_replies_to_a_customer_are_read_with_what_came_before(tmp_path: Path) -> None:
    found = read_part(write_dialogues(tmp_path), "history")

    assert [(each.message, each.questions, each.reply, each.label) for each in found[:2]] == [
        ("Hello", (), "", "hello"),
        ("My balance, please", ("Hello",), "Hello, how can I help?", "ask_name"),
    ]
    assert {each.label for each in found} == {"hello", "ask_name"}


def test_no_dialogue_is_in_two_parts(tmp_path: Path) -> None:
    folder = write_dialogues(tmp_path)
    parts = [{each.dialogue for each in read_part(folder, part)} for part in ("history", "choosing", "test")]

    assert sum(map(len, parts)) == len(set.union(*parts)) == 60


def test_damaged_file_is_named(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"no gzip")
    with pytest.raises(EvaluationError, match=r"dialogues\.jsonl\.gz cannot be read"):
        read_part(tmp_path, "test")
    with pytest.raises(EvaluationError, match="cannot be read"):
        read_part(tmp_path / "missing", "test")


def test_cosine_in_context_is_the_mean_of_both() -> None:
    rows = encoded(
        HashEncoder(), [Said("a", "and then?", ("first",), "so", "x"), said("b", "y", "and then?")]
    )
    weights = ContextWeights(share=0.75, reply=0.25)
    both = rows.in_context(weights)

    together, so = HashEncoder().encode_queries(["first and then?", "so"])
    moved = (together + 0.25 * so) / np.linalg.norm(together + 0.25 * so)
    alone = rows.alone[0]
    np.testing.assert_allclose(both[0] @ both[1], 0.75 * moved @ alone + 0.25, rtol=1e-5)
    np.testing.assert_allclose(both[0] @ rows.twice(weights)[1], 0.75 * moved @ alone + 0.25, rtol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(both, axis=1), [1, 1], rtol=1e-5)


def test_long_replies_and_messages_further_back_are_left_out() -> None:
    long = Said("a", "e", ("d", "c", "b", "a"), "word " * 30, "x")
    rows = encoded(HashEncoder(), [long])

    np.testing.assert_array_equal(rows.together[0], HashEncoder().encode_queries(["b c d e"])[0])
    assert not rows.reply.any()


def test_reply_is_right_when_its_messages_are_nearest() -> None:
    history = [said("a", "x"), said("b", "y"), said("c", "z")]
    index = np.eye(3, dtype=np.float32)
    asked = [said("d", "x"), said("e", "y"), said("f", "never seen")]
    queries = np.array([[0.9, 0.1, 0], [0.8, 0.2, 0], [0, 0, 1]], np.float32)

    found = nearness(history, index=index, queries=queries)

    np.testing.assert_allclose(found.cosines, queries)
    assert found.given.tolist() == [1, 1, 1]
    for evenly in (False, True):
        assert right_of_ten(found, asked, seed=0, evenly=evenly).tolist() == [True, False, False]


def test_frequent_replies_are_drawn_more_often() -> None:
    """Ten labels are asked about twelve; the one that is nearer than the right one was given 1000 times as often as the others."""
    labels = [f"l{number:02}" for number in range(12)]
    cosines = np.array([[0.5, 0.9] + [0.1] * 10] * 200, np.float32)
    given = np.array([1, 1000] + [1] * 10)
    found, asked = Nearness(tuple(labels), given, cosines), [said("a", "l00")] * 200

    assert not right_of_ten(found, asked, seed=0).any()
    assert 0.1 < right_of_ten(found, asked, seed=0, evenly=True).mean() < 0.3


def test_interval_draws_whole_dialogues() -> None:
    rows = [said("a", "x"), said("a", "x"), said("b", "x"), said("b", "x")]
    alone = np.array([False, False, True, True])
    better = np.array([True, True, True, True])

    gain = gain_over(alone, better, rows, seed=0)

    assert (gain.share, gain.gain) == (1.0, 0.5)
    assert (gain.low, gain.high) == (0.0, 1.0)
    assert gain_over(better, better, rows, seed=0).high == 0.0


def test_same_seed_gives_the_same_figures(tmp_path: Path) -> None:
    folder = write_dialogues(tmp_path)
    first, again = (worth_of_context(HashEncoder(), folder, seed=3) for _ in range(2))

    assert first == again
    assert first.alone == first.in_context.share == 1.0
