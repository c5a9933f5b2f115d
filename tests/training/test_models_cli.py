"""``python -m training models``: exit codes, and what is printed."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from training import backbones, known_pairs
from training.__main__ import app
from training.errors import BackboneError, UnknownBackboneError
from training.known_pairs import KnownPair

runner = CliRunner()


def invoke(*arguments: str) -> tuple[int, str]:
    done = runner.invoke(app, ["models", *arguments])
    return done.exit_code, done.output


@pytest.mark.usefixtures("quick_export")
def test_get_makes_what_is_named_and_says_where_and_how_long(tmp_path: Path) -> None:
    code, output = invoke("get", "english", "org/own-model", "--models-dir", str(tmp_path))
    assert code == 0
    assert "exporting and comparing with torch" in output
    assert str(tmp_path / "all-MiniLM-L6-v2") in output
    assert str(tmp_path / "own-model") in output
    assert " s, " in output
    again, output = invoke("get", "english", "--models-dir", str(tmp_path))
    assert again == 0
    assert "exporting" not in output


@pytest.mark.usefixtures("quick_export")
def test_get_all_makes_both_backbones(tmp_path: Path) -> None:
    assert invoke("get", "--all", "--models-dir", str(tmp_path))[0] == 0
    assert (tmp_path / "all-MiniLM-L6-v2" / "manifest.json").is_file()
    assert (tmp_path / "multilingual-e5-small" / "manifest.json").is_file()


def test_get_without_a_name_is_a_usage_error(tmp_path: Path) -> None:
    code, output = invoke("get", "--models-dir", str(tmp_path))
    assert (code, output.strip()) == (2, "Name a backbone or say --all.")


@pytest.mark.parametrize(("error", "code"), [(UnknownBackboneError, 2), (BackboneError, 1)])
def test_get_tells_errors_in_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[BackboneError], code: int
) -> None:
    def fail(name: str) -> None:
        raise error(f"{name}: [not] there")

    monkeypatch.setattr(backbones, "load_backbone", fail)
    found, output = invoke("get", "some/model", "--models-dir", str(tmp_path))
    assert found == code
    assert output.splitlines()[-1] == "some/model: [not] there"
    assert not (tmp_path / "model").exists()


@pytest.mark.usefixtures("quick_export")
def test_list_gives_states_and_hashes_as_json_and_as_a_table(tmp_path: Path) -> None:
    invoke("get", "english", "--models-dir", str(tmp_path))
    code, output = invoke("list", "--json", "--models-dir", str(tmp_path))
    english, multilingual = json.loads(output)["items"]
    assert code == 0
    assert (english["state"], english["precision"]) == ("ready", "fp32")
    assert english["sources"] == {"tiny": "0" * 64}
    assert len(english["sha256"]) == 64
    assert (multilingual["state"], multilingual["sha256"], multilingual["bytes"]) == ("missing", "", 0)
    assert "missing" in invoke("list", "--models-dir", str(tmp_path))[1]


@pytest.mark.usefixtures("quick_export")
def test_check_compares_pairs_and_fails_when_one_is_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    invoke("get", "english", "--models-dir", str(tmp_path))
    same = KnownPair("same", "cat", "cat", 1.0, 0.001)
    monkeypatch.setattr(known_pairs, "KNOWN_PAIRS", {"tiny-bert": [same]})
    code, output = invoke("check", "english", "--models-dir", str(tmp_path))
    assert code == 0
    assert "ok" in output
    assert "0" * 64 in output

    off = KnownPair("off", "cat", "refund my card", 1.0, 0.0001)
    monkeypatch.setattr(known_pairs, "KNOWN_PAIRS", {"tiny-bert": [same, off]})
    code, output = invoke("check", "english", "--json", "--models-dir", str(tmp_path))
    (item,) = json.loads(output)["items"]
    assert code == 1
    assert [pair["agrees"] for pair in item["pairs"]] == [True, False]
    assert "OFF" in invoke("check", "english", "--models-dir", str(tmp_path))[1]


@pytest.mark.usefixtures("quick_export")
def test_check_uses_the_passage_prefix_for_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    invoke("get", "english", "--models-dir", str(tmp_path))
    pair = KnownPair("answer", "cat", "cat", 1.0, 0.001, passage=True)
    monkeypatch.setattr(known_pairs, "KNOWN_PAIRS", {"tiny-bert": [pair]})
    assert invoke("check", "english", "--models-dir", str(tmp_path))[0] == 1


def test_check_of_what_is_not_there_names_the_remedy(tmp_path: Path) -> None:
    code, output = invoke("check", "english", "--models-dir", str(tmp_path))
    assert code == 1
    assert "kefu models get sentence-transformers/all-MiniLM-L6-v2" in output.replace("\n", " ")


@pytest.mark.model
def test_both_real_backbones_pass_their_check(english_folder: Path, multilingual_folder: Path) -> None:
    assert english_folder.parent == multilingual_folder.parent
    code, output = invoke("check", "--json", "--models-dir", str(english_folder.parent))
    assert code == 0, output
    english, multilingual = json.loads(output)["items"]
    assert (len(english["pairs"]), len(multilingual["pairs"])) == (3, 11)
