"""``kefu import``, ``kefu imports`` and ``kefu releases``: output and exit codes, on both databases."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bot.cli import main

FAQ = "question,answer\nDo you ship to Mars?,Not yet.\nWhat colours are there?,Red and blue.\n"


@dataclass(frozen=True)
class Ended:
    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Kefu = Callable[..., Ended]


@pytest.fixture
def kefu(
    database_url: str,
    data_dir: Path,
    models_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Kefu:
    """Runs the command in this process."""
    monkeypatch.setenv("KEFU_DATA_DIR", str(data_dir))
    monkeypatch.setenv("KEFU_DATABASE__URL", database_url)
    monkeypatch.setenv("KEFU_MODELS_DIR", str(models_dir))

    def run(*arguments: str | Path) -> Ended:
        monkeypatch.setattr("sys.argv", ["kefu", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return Ended(int(ended.value.code or 0), said.out, said.err)

    return run


@pytest.fixture
def faq(tmp_path: Path) -> Path:
    path = tmp_path / "faq.csv"
    path.write_text(FAQ, encoding="utf-8")
    return path


def test_import_reports_in_json_what_it_did(kefu: Kefu, faq: Path) -> None:
    tried = kefu("import", faq, "--dry-run", "--json")
    done = kefu("import", faq, "--json")
    again = kefu("import", faq, "--json")

    assert (tried.status, done.status, again.status) == (0, 0, 0)
    assert (tried.json["new"], tried.json["batch_id"], tried.json["dry_run"]) == (2, None, True)
    assert (done.json["new"], done.json["rejected"]) == (2, [])
    assert done.json["batch_id"].startswith("imp_")
    assert (again.json["unchanged"], again.json["batch_id"]) == (2, None)


def test_rejected_lines_are_named_and_exit_with_4(kefu: Kefu, faq: Path) -> None:
    faq.write_text(FAQ + "alone\n", encoding="utf-8")

    done = kefu("import", faq)

    assert done.status == 4
    assert "line 4:" in done.err
    assert "new" in done.out


def test_file_without_one_good_line_exits_with_2(kefu: Kefu, faq: Path) -> None:
    faq.write_text("question,answer\nalone\n", encoding="utf-8")

    assert kefu("import", faq).status == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nothing.csv"], "does not exist"),
        (["faq.csv", "--format", "excel"], "'excel' is no format"),
        ([], "Missing argument"),
    ],
)
def test_bad_use_is_one_clear_error_with_status_2(
    kefu: Kefu, faq: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], words: str
) -> None:
    monkeypatch.chdir(faq.parent)

    ended = kefu("import", *arguments)

    assert ended.status == 2
    assert words in ended.err
    assert "Traceback" not in ended.err


def test_imports_are_listed_shown_and_undone_once(kefu: Kefu, faq: Path) -> None:
    batch_id = kefu("import", faq, "--json").json["batch_id"]

    listed = kefu("imports", "list", "--json").json["items"]
    shown = kefu("imports", "show", batch_id)
    table = kefu("imports", "list")
    undone = kefu("imports", "undo", batch_id, "--json")
    twice = kefu("imports", "undo", batch_id)
    missing = kefu("imports", "show", "imp_nope")

    assert [batch["id"] for batch in listed] == [batch_id]
    assert "faq.csv" in shown.out
    assert batch_id in table.out
    assert (undone.json["questions"], undone.json["answers"]) == (2, 2)
    assert (twice.status, missing.status) == (1, 2)
    assert "was undone at" in twice.err


def test_approved_import_makes_a_release_that_can_be_shown_and_rolled_back(
    kefu: Kefu, faq: Path, tmp_path: Path
) -> None:
    kefu("import", faq, "--approve")
    more = tmp_path / "more.csv"
    rows = "".join(f"What is part {n * 7}{n}?,It is number {n}.\n" for n in range(5))
    more.write_text("question,answer\n" + rows, encoding="utf-8")
    kefu("import", more, "--approve")

    newer, older = kefu("releases", "list", "--json").json["items"]
    shown = kefu("releases", "show", newer["id"], "--json").json
    back = kefu("releases", "rollback", "--json").json
    forth = kefu("releases", "promote", newer["id"], "--json").json
    named = kefu("releases", "rollback", older["id"])
    missing = kefu("releases", "promote", "rel_nope")

    assert (newer["promoted"], older["promoted"]) == (True, False)
    assert set(shown["checkpoint"]) >= {"path", "onnx", "tokenizer"}
    assert Path(shown["checkpoint"]["onnx"]).is_file()
    assert Path(shown["checkpoint"]["tokenizer"]).is_file()
    assert Path(shown["snapshot"]["path"]).is_dir()
    assert shown["snapshot"]["summary"]["questions"] == 7
    assert (back["id"], back["promoted"]) == (older["id"], True)
    assert (forth["id"], forth["promoted"]) == (newer["id"], True)
    assert named.status == 0
    assert older["id"] in named.out
    assert (missing.status, "rel_nope" in missing.err) == (2, True)


def test_rollback_without_an_earlier_release_fails_and_says_so(kefu: Kefu, faq: Path) -> None:
    kefu("import", faq, "--approve")

    ended = kefu("releases", "rollback")

    assert ended.status == 1
    assert "no release was promoted before" in ended.err


def test_train_makes_a_candidate_release_that_can_speak(kefu: Kefu, tmp_path: Path, data_dir: Path) -> None:
    """Five phrasings of each of five answers carry an intent head; the export is gone afterwards."""
    things = ("refund", "invoice", "parcel", "password", "battery")
    frames = ("{}", "my {} please", "about the {}", "{} help", "where is the {}")
    rows = [f"{frame.format(thing)},About {thing}s." for thing in things for frame in frames]
    path = tmp_path / "many.csv"
    path.write_text("question,answer\n" + "\n".join(rows) + "\n", encoding="utf-8")
    assert kefu("import", path, "--approve").status == 0
    before = kefu("releases", "list", "--json").json["items"]

    made = kefu("train", "--backbone", "multilingual", "--no-tune", "--json")

    assert made.status == 0, made.err
    assert made.json["promoted"] is False
    assert Path(made.json["checkpoint"]["path"], "head.safetensors").is_file()
    assert list((data_dir / "training").iterdir()) == []
    assert Path(made.json["report"]) == data_dir / "reports" / made.json["checkpoint"]["id"] / "report.html"
    report = Path(made.json["report"]).read_text(encoding="utf-8")
    assert any(f"my {thing} please" in report for thing in things)
    assert len(kefu("releases", "list", "--json").json["items"]) == len(before) + 1
    again = kefu("train", "--backbone", "multilingual", "--no-tune", "--promote")
    assert again.status == 0
    assert "speaks now" in again.out
    asked = kefu("ask", "the password is lost", "--explain", "--json")
    assert asked.status == 0
    assert "password" in asked.json["candidates"][0]["question"]
    assert asked.json["release"] == kefu("releases", "list", "--json").json["items"][0]["id"]
