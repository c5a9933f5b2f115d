import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import training.simulate_cli
from tests.fixtures.fakes import HashEncoder
from tests.training.simulation.files import FRAMES, TOPICS, UNKNOWN, write_files
from tests.training.test_sets import write
from training.__main__ import app


@pytest.fixture(autouse=True)
def hashed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command with an encoder that needs no model."""
    monkeypatch.setattr(training.simulate_cli, "load_encoder", lambda *_, **__: HashEncoder())


def run(folder: Path, *arguments: object) -> tuple[int, str]:
    train, test = write_files(folder)
    fixed = [
        "--train",
        train,
        "--test",
        test,
        "--start",
        4,
        "--budget",
        5,
        "--rounds",
        2,
        "--unknown-share",
        0.1,
    ]
    done = CliRunner().invoke(app, ["simulate", *map(str, [*fixed, *arguments])])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.output


def test_table_has_each_order_day_by_day_and_what_they_are_worth(tmp_path: Path) -> None:
    code, output = run(tmp_path)
    assert code == 0, output
    rows = [line.strip("| ").split(" | ") for line in output.splitlines() if line.startswith("| ")]
    assert [row[:3] for row in rows[2:]] == [
        *([name, str(day), str(5 * day)] for name in ("queue", "random") for day in range(3)),
        ["all", "2", str(len(TOPICS) * (len(FRAMES) - 5) + len(UNKNOWN))],
    ]
    assert "5 rows are in the test file, too" in output
    assert "points below all of them" in output


def test_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    outputs = [run(tmp_path, "--json", "--order", "queue", "--seed", seed)[1] for seed in (0, 0, 1)]
    assert outputs[0] == outputs[1] != outputs[2]
    assert json.loads(outputs[0])["rows"] == {"start": 20, "rest": 38, "test": 16, "left_out": 5}


def test_hostile_visitors_bring_the_undefended_curve_beside(tmp_path: Path) -> None:
    _, output = run(tmp_path, "--json", "--order", "queue", "--hostile", 0.3, "--visits", 2)
    assert [curve["name"] for curve in json.loads(output)["curves"]] == ["queue", "queue, each vote a label"]


def test_page_has_the_curves_and_nobodys_words(tmp_path: Path) -> None:
    code, output = run(tmp_path, "--out", tmp_path / "out")
    assert code == 0, output
    page = (tmp_path / "out" / "simulation.html").read_text(encoding="utf-8")
    kept = (tmp_path / "out" / "simulation.json").read_text(encoding="utf-8")
    assert page.count("<svg") == 3
    assert "<script" not in page
    assert json.loads(kept)["curves"][0]["rounds"][1]["labels"] == 5
    assert not any(text in page + kept for text in ("how does the", "who won", *TOPICS))
    assert run(tmp_path, "--out", tmp_path / "out")[0] == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--start", 40), "--start 40"),
        (("--rounds", 400), "--rounds 400"),
        (("--target-error", 2), "--target-error"),
        (("--train", "nowhere.csv"), "nowhere.csv cannot be read"),
    ],
)
def test_bad_input_ends_with_2_and_a_line_for_people(
    tmp_path: Path, arguments: tuple[object, ...], said: str
) -> None:
    code, output = run(tmp_path, *arguments)
    assert code == 2
    assert said in output
    assert len(output.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("content", "said"), [("text\nhello\n", "no column intent"), ("text,intent\n", "no rows")]
)
def test_test_file_without_labels_ends_with_2(tmp_path: Path, content: str, said: str) -> None:
    write(tmp_path / "bad.csv", content)
    code, output = run(tmp_path, "--test", tmp_path / "bad.csv")
    assert code == 2
    assert said in output
