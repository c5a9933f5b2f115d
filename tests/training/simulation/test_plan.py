from collections import Counter
from pathlib import Path

import pytest

from retrieval.normalize import fold
from tests.training.simulation.files import FRAMES, TOPICS, UNKNOWN, plan_of, write_files
from tests.training.test_sets import write
from training.errors import EvaluationError
from training.simulation.plan import read_plan


def test_start_has_so_many_of_each_intent_and_the_rest_comes_day_by_day(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, start=4, rounds=3)
    assert Counter(row.intent for row in plan.start) == dict.fromkeys(TOPICS, 4)
    assert [len(day) for day in plan.days] == [13, 13, 12]
    assert len(plan.traffic) == len(TOPICS) * (len(FRAMES) - 1 - 4) + len(UNKNOWN)
    assert len({row.number for row in (*plan.start, *plan.traffic)}) == len(plan.start) + len(plan.traffic)


def test_rows_of_the_test_file_are_never_learned_whatever_their_case(tmp_path: Path) -> None:
    plan = plan_of(tmp_path)
    asked = {fold(row.message.utterance) for row in plan.test}
    assert plan.left_out == len(TOPICS)
    assert asked.isdisjoint(fold(row.message.utterance) for row in (*plan.start, *plan.traffic))


def test_what_is_out_of_scope_comes_as_traffic(tmp_path: Path) -> None:
    plan = plan_of(tmp_path)
    assert not any(row.is_unknown for row in plan.start)
    assert sum(row.is_unknown for row in plan.traffic) == len(UNKNOWN)


def test_seed_decides_who_comes_when(tmp_path: Path) -> None:
    assert plan_of(tmp_path) == plan_of(tmp_path)
    assert plan_of(tmp_path).start != plan_of(tmp_path, seed=1).start


@pytest.mark.parametrize(("start", "rounds", "said"), [(11, 1, "--start 11"), (4, 1000, "--rounds 1000")])
def test_what_leaves_nothing_to_ask_is_refused(tmp_path: Path, start: int, rounds: int, said: str) -> None:
    train, test = write_files(tmp_path)
    with pytest.raises(EvaluationError, match=said):
        read_plan(train, test, start=start, rounds=rounds, seed=0)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "is empty"),
        ("text,intent\n", "no rows"),
        ("text,label\na,b\n", "no column intent"),
        ("text,intent\nhello,\n", "row 1"),
        ("text,intent\nhello,a\nbye,a\n", "at least two"),
    ],
)
def test_file_that_cannot_be_used_is_named(tmp_path: Path, content: str, said: str) -> None:
    _, test = write_files(tmp_path)
    write(tmp_path / "bad.csv", content)
    with pytest.raises(EvaluationError, match=rf"bad\.csv.*{said}"):
        read_plan(tmp_path / "bad.csv", test, start=1, rounds=1, seed=0)
