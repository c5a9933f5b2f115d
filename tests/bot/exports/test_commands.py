"""``kefu export`` as it is typed."""

import json
from pathlib import Path

import pytest

from bot.db.engine import Database
from bot.settings import Settings
from tests.fixtures.commands import RunKefu
from tests.fixtures.databases import in_own_loop
from tests.fixtures.installations import ANA, CANARY, conversation_id, exchange_id, fill_installation


@pytest.fixture
def installation(sqlite_url: str, settings: Settings) -> Path:
    async def fill() -> None:
        database = Database.open(sqlite_url)
        await fill_installation(database, settings.data_dir)
        await database.close()

    in_own_loop(fill())
    return settings.data_dir


def test_each_kind_is_written_and_reported(run_kefu: RunKefu, installation: Path, tmp_path: Path) -> None:
    for kind, rows, more in (
        ("exchanges", 4, ()),
        ("knowledge", 3, ()),
        ("labels", 2, ()),
        ("conversation", 1, ("--id", conversation_id(ANA, 1))),
    ):
        path = tmp_path / kind
        ended = run_kefu("export", kind, path, *more, "--json", KEFU_DATA_DIR=installation)
        assert ended.status == 0, ended.err
        assert (ended.json["kind"], ended.json["rows"], ended.json["path"]) == (kind, rows, str(path))
        beside = json.loads(Path(ended.json["manifest"]).read_text(encoding="utf-8"))
        assert beside["sha256"] == ended.json["sha256"]


def test_lines_for_people_tell_rows_and_hash(run_kefu: RunKefu, installation: Path, tmp_path: Path) -> None:
    ended = run_kefu("export", "exchanges", tmp_path / "e.jsonl", KEFU_DATA_DIR=installation)
    assert "4 rows" in ended.out
    assert "SHA-256 " in ended.out


def test_labels_are_counted_by_source_and_say_who_gave_them(
    run_kefu: RunKefu, installation: Path, tmp_path: Path
) -> None:
    path = tmp_path / "labels.jsonl"
    ended = run_kefu("export", "labels", path, KEFU_DATA_DIR=installation)
    assert "By source: 2 visitor_choice" in ended.out
    manifest = json.loads((tmp_path / "labels.jsonl.manifest.json").read_text(encoding="utf-8"))
    assert manifest["label_sources"] == {"visitor_choice": 2}
    first = json.loads(path.read_text(encoding="utf-8").split("\n")[0])
    assert first == {
        "label_id": "lbl_1",
        "utterance": CANARY,
        "language": "en",
        "answer_id": "ans_delivery",
        "out_of_scope": False,
        "source": "visitor_choice",
        "state": "counted",
        "withdrawn_at": None,
        "given_by": f"visitor:{ANA}",
        "exchange_id": exchange_id(ANA, 1),
        "at": "2026-03-01T09:54:00.123456+00:00",
    }


def test_wrong_arguments_end_with_status_2(run_kefu: RunKefu, installation: Path, tmp_path: Path) -> None:
    for arguments, says in (
        (("conversation", tmp_path / "c"), "--id"),
        (("conversation", tmp_path / "c", "--id", "cnv_nobody"), "no conversation 'cnv_nobody'"),
        (("everything", tmp_path / "c"), "No such command"),
        (("exchanges", tmp_path), "exists already"),
        (("exchanges", tmp_path / "none/e"), "there is no folder"),
    ):
        ended = run_kefu("export", *arguments, KEFU_DATA_DIR=installation)
        assert ended.status == 2, ended.err
        assert says in ended.err
