import json
from pathlib import Path

import pytest

from bot.imports.mining_benchmark import half_of, is_task_label, main, measure, read_labelled
from tests.fixtures.fakes import HashEncoder


def write(path: Path, dialogues: list[dict[str, object]]) -> Path:
    path.write_text("\n".join(json.dumps(entry) for entry in dialogues), encoding="utf-8")
    return path


def labelled(name: str, question: str, reply: str, label: str | None) -> dict[str, object]:
    turns = [{"role": "customer", "text": question}, {"role": "agent", "text": reply, "label": label}]
    return {"conversation_id": name, "turns": [*turns, {"role": "customer", "text": "thanks"}]}


DIALOGUES = [
    labelled("a", "Is my table booked?", "Your table for Monday is reserved then.", "table_confirmed"),
    labelled("b", "Is my table booked?", "Your table for Friday is reserved then.", "table_confirmed"),
    labelled("c", "When do you open?", "The kitchen opens in the early evening.", "opening"),
    labelled("d", "When do you open?", "Hello, how can I help?", "hello"),
]


def test_halves_are_fixed_and_generic_labels_are_no_task_replies() -> None:
    assert {half_of(f"conversation-{i}") for i in range(20)} == {"dev", "test"}
    assert half_of("star-1301") == half_of("star-1301")
    assert is_task_label("table_confirmed")
    assert not is_task_label("hello")
    assert not is_task_label("table_bye")


def test_groups_are_measured_against_labels(tmp_path: Path) -> None:
    path = write(tmp_path / "d.jsonl", DIALOGUES)
    measured = measure(list(read_labelled(path, half="all")), encoder=HashEncoder())
    rows = {(row["grouping"], row["replies_of"]): row for row in measured["agreement"]}
    assert rows["reply groups", "task"]["v_measure"] == 1.0
    assert rows["reply groups", "all"]["replies"] == 4
    assert rows["baseline: same text", "task"]["completeness"] < 1.0
    assert measured["turns"] == 12


def test_a_broken_line_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "d.jsonl"
    path.write_text('{"conversation_id": "a", "turns": []}\n{"turns": 3}\n', encoding="utf-8")
    with pytest.raises(ValueError, match="line 2"):
        list(read_labelled(path, half="all"))


def test_a_missing_model_is_a_usage_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path / "d.jsonl", DIALOGUES)
    assert main(["--dialogues", str(path), "--models-dir", str(tmp_path)]) == 2
    assert str(tmp_path) in capsys.readouterr().err
