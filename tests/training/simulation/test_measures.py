"""What `benchmark loop` computes, on cases worked by hand and on tiny data."""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from tests.fixtures.fakes import HashEncoder
from tests.training.simulation.files import plan_of
from tests.training.test_sets import write
from training.errors import EvaluationError
from training.evaluation.pipeline import FitSettings, Message
from training.evaluation.records import Measurement
from training.simulation.loop import Curve, Round
from training.simulation.measures.flipped import CLEAN, Aim, flipped, measure_flipped, nearest_others
from training.simulation.measures.later import (
    FROM_A_FIFTH,
    FROM_LITTLE,
    measure_later,
    plan_in_time,
    read_openings,
)
from training.simulation.measures.needed import figures_of, measure_needed
from training.simulation.measures.paired import chance_of_such_a_difference, paired_figures
from training.simulation.measures.ratings import Rated, Use, read_ratings, taught_by
from training.simulation.measures.report import BEGIN, END, loop_tables, write_loop_report
from training.simulation.plan import Row

SETTINGS = FitSettings(unknown_share=0.1)


def row(number: int, text: str, intent: str) -> Row:
    return Row(number, Message.of(text), intent)


def test_difference_of_paired_rows_is_won_less_lost() -> None:
    before = [True, False, False, False, True, True, False, True, True, True]
    after = [False, True, True, True, True, True, False, True, True, True]
    found = paired_figures(before, after)
    assert found["difference"] == pytest.approx(0.2)
    assert found["chance"] == pytest.approx(0.625)  # 2 * (1 + 4) / 2**4
    assert found["difference_low"] < 0.2 < found["difference_high"]


def test_equal_bots_differ_by_nothing() -> None:
    found = paired_figures([True, False], [True, False])
    assert found == {"difference": 0.0, "difference_low": 0.0, "difference_high": 0.0, "chance": 1.0}
    assert chance_of_such_a_difference(10, 0) == pytest.approx(2 / 2**10)


def test_bootstrap_interval_is_that_of_the_normal_approximation() -> None:
    before = [True] * 500 + [False] * 500
    after = [True] * 450 + [False] * 50 + [True] * 100 + [False] * 400
    found = paired_figures(before, after)
    spread = 1.96 * np.sqrt((0.15 - 0.05**2) / 1000)
    assert found["difference_low"] == pytest.approx(0.05 - spread, abs=0.002)
    assert found["difference_high"] == pytest.approx(0.05 + spread, abs=0.002)


def curve(name: str, *rounds: tuple[int, float, float, float, float]) -> Curve:
    made = (
        Round(day, labels, 0, 0, accuracy, coverage, error, 0.02, 0.0, possible)
        for day, (labels, accuracy, coverage, error, possible) in enumerate(rounds)
    )
    return Curve(name, tuple(made))


def test_figures_of_curves_are_their_ends_and_the_worst_of_their_rounds() -> None:
    found = figures_of(
        [
            curve("all", (100, 0.9, 0.8, 0.05, 0.9)),
            curve("queue", (0, 0.5, 0.3, 0.01, 0.5), (30, 0.9, 0.7, 0.12, 0.8)),
            curve("random", (0, 0.5, 0.4, 0.02, 0.5), (30, 0.7, 0.6, 0.08, 0.6)),
        ],
        rest=100,
    )
    queue = found["queue"]
    assert (queue["share_of_labels"], queue["below_all"]) == (0.3, 0.0)
    assert queue["share_of_random"] == pytest.approx(0.5)  # 15 of 30: half-way from 0.5 to 0.9
    assert (queue["largest_error"], queue["selective_error"]) == (0.12, 0.12)
    assert queue["unused_in_the_mean"] == pytest.approx(0.15)
    assert "share_of_random" not in found["random"]
    assert found["all"]["labels"] == 100


def test_labels_needed_are_measured_on_every_order(tmp_path: Path) -> None:
    plan = plan_of(tmp_path)
    found = measure_needed(plan, HashEncoder(), settings=SETTINGS)
    assert list(found) == ["all", "queue", "queue, a fifth of the labels at random", "random"]
    assert {each["labels"] for name, each in found.items() if name != "all"} == {
        12
    }  # 30 % of 38, in 3 days of 4


def test_exactly_the_share_is_flipped_and_never_to_the_own_intent() -> None:
    rows = [row(number, f"text {number}", "ab"[number % 2]) for number in range(20)]
    labels = flipped(rows, share=0.2, nearest=None, seed=0)
    changed = [(each.intent, intent) for each, intent in labels if each.intent != intent]
    assert len(changed) == 4
    assert [each for each, _ in labels] == rows
    assert flipped(rows, share=0.2, nearest=None, seed=0) == labels
    assert flipped(rows, share=0.2, nearest=None, seed=1) != labels
    nearest = {"a": "c", "b": "a"}
    aimed = [
        (each.intent, i) for each, i in flipped(rows, share=0.5, nearest=nearest, seed=0) if each.intent != i
    ]
    assert set(aimed) == {("a", "c"), ("b", "a")}


def test_nearest_other_intent_is_that_of_the_nearest_mean() -> None:
    rows = [
        row(1, "red car", "car"),
        row(2, "red cart", "cart"),
        row(3, "red cart wheel", "cart"),
        row(4, "unrelated weather", "rain"),
    ]
    encoder = HashEncoder()
    vectors = encoder.encode_queries([each.message.utterance for each in rows])
    means = np.stack([vectors[0], vectors[1:3].mean(0), vectors[3]])
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    from_rain = ["car", "cart"][int(np.argmax(means[:2] @ means[2]))]
    found = nearest_others(rows, encoder)
    assert set(found) == {"car", "cart", "rain"}
    assert found["rain"] == from_rain


def test_flipped_labels_are_measured_with_defence_and_without(tmp_path: Path) -> None:
    found = measure_flipped(plan_of(tmp_path), HashEncoder(), settings=SETTINGS, aims=[Aim.ANY])
    assert list(found) == [
        CLEAN,
        "10% flipped to any other answer",
        "20% flipped to any other answer",
        f"{CLEAN}, undefended",
        "10% flipped to any other answer, undefended",
        "20% flipped to any other answer, undefended",
    ]
    assert "difference" not in found[CLEAN]
    assert all(-1 <= each["difference"] <= 1 for name, each in found.items() if CLEAN not in name)


def test_plan_in_time_keeps_the_order_and_asks_nothing_that_was_learned() -> None:
    rows = [row(number, f"question number {'abcdefghijklmnopqrst'[number]}", "x") for number in range(20)]
    rows[5] = row(5, "Question number T!", "x")  # asked later, too
    plan = plan_in_time(rows, FROM_LITTLE, days=2)
    assert [each.number for each in plan.start] == [0]
    assert [[each.number for each in day] for day in plan.days] == [
        [1, 2, 3, 4, 6, 7],
        [8, 9, 10, 11, 12, 13],
    ]
    assert [each.number for each in plan.test] == [14, 15, 16, 17, 18, 19]
    assert plan.left_out == 1


def dialogue(number: int, batch: int, text: str, *tasks: str) -> dict[str, object]:
    turns = [{"turn": 0, "role": "customer", "text": text}]
    return {"conversation_id": f"star-{number}", "batch": f"woz_{batch}", "tasks": tasks, "turns": turns}


def test_openings_are_read_in_the_order_of_their_batches(tmp_path: Path) -> None:
    path = tmp_path / "dialogues.jsonl.gz"
    rows = [
        dialogue(1, 200, "please book me a room", "hotel"),
        dialogue(2, 100, "what is my bank balance", "bank"),
        dialogue(3, 150, "hello", "bank"),
        dialogue(4, 150, "a taxi and a room please", "ride", "hotel"),
        dialogue(5, 150, "I need a ride home", "ride"),
    ]
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.write("\n".join(json.dumps(each) for each in rows))
    plan = read_openings(path, FROM_LITTLE, days=1)
    everything = [*plan.start, *plan.traffic, *plan.test]
    assert [each.intent for each in everything] == ["bank", "ride", "hotel"]
    with pytest.raises(EvaluationError, match="cannot be read as STAR's dialogues"):
        read_openings(tmp_path / "none.gz", FROM_LITTLE, days=1)


def test_later_messages_are_asked_of_every_bot(tmp_path: Path) -> None:
    made = plan_of(tmp_path)
    rows = sorted([*made.start, *made.traffic], key=lambda each: each.number * 7 % 60)
    known = [each for each in rows if not each.is_unknown]
    found = measure_later(plan_in_time(known, FROM_A_FIFTH, days=2), HashEncoder(), settings=SETTINGS)
    assert len(found) == 5
    assert "difference" not in found["not retrained"]
    assert found["retrained on that and a fifth of the messages decided by a person"]["labels"] > 0


RATED = (
    Rated("is it open", "p1", (3, 2), ("says when", "clear")),
    Rated("is it free", "p2", (3, 1), ("good", "")),
    Rated("is it far", "p3", (0, 1), ("wrong", "off")),
)


@pytest.mark.parametrize(
    ("use", "taught"),
    [
        (Use.NOTHING, []),
        (Use.BOTH_GOOD, [("is it open", "p1")]),
        (Use.MEAN_GOOD, [("is it open", "p1"), ("is it free", "p2")]),
        (Use.COMMENTS, [("is it open", "p1"), ("says when", "p1"), ("clear", "p1"), ("good", "p2")]),
    ],
)
def test_ratings_are_taught_as_said(use: Use, taught: list[tuple[str, str]]) -> None:
    assert list(taught_by(RATED, use)) == taught


def test_ratings_of_the_test_questions_are_never_read(tmp_path: Path) -> None:
    def line(split: str, source: str = "CDC") -> str:
        more = {"ratings": ["Bad", "Excellent"], "feedback": ["no", "yes"]}
        return json.dumps({"source": source, "split": split, "question": "q", "passage_id": split, **more})

    with gzip.open(tmp_path / "feedback.jsonl.gz", "wt", encoding="utf-8") as file:
        file.write("\n".join([line("valid"), line("test"), line("valid", "Australia")]))
    assert read_ratings(tmp_path, "CDC") == [Rated("q", "valid", (0, 3), ("no", "yes"))]
    write(tmp_path / "feedback.jsonl.gz", "not gzip")
    with pytest.raises(EvaluationError, match="cannot be read as FeedbackQA's ratings"):
        read_ratings(tmp_path, "CDC")


def measurement(method: str, commit: str, **figures: float) -> Measurement:
    return Measurement("flipped", "Flipped labels", method, commit, 0, "encoder", 0.1, figures)


def test_report_shows_what_was_measured_last_between_its_markers(tmp_path: Path) -> None:
    page = tmp_path / "benchmarks.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n", encoding="utf-8")
    rows = [
        measurement("clean", "old", right_first=0.5),
        measurement("clean", "new", right_first=0.912),
        measurement(
            "10%", "new", right_first=0.9, difference=-0.012, difference_low=-0.02, difference_high=0.001
        ),
    ]
    write_loop_report(page, rows)
    text = page.read_text(encoding="utf-8")
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "| clean | 91.2 % |  |" in text
    assert "| 10% | 90.0 % | -1.2 (-2.0 to +0.1) |" in text
    assert "50.0 %" not in text
    assert "old" not in text
    write_loop_report(page, rows)
    assert page.read_text(encoding="utf-8") == text
    write_loop_report(tmp_path / "new.md", rows)
    assert (tmp_path / "new.md").read_text(encoding="utf-8").startswith("# Benchmarks\n\n## The loop\n")
    page.write_text(BEGIN, encoding="utf-8")
    with pytest.raises(EvaluationError, match="lacks the lines"):
        write_loop_report(page, rows)


def test_table_leaves_out_columns_that_nothing_has() -> None:
    assert "ECE" not in loop_tables([measurement("a", "c", right_first=1.0)])
