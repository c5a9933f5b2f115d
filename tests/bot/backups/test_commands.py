"""``kefu backup`` and ``kefu restore`` as they are typed."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bot.db.engine import Database
from bot.settings import Settings
from tests.fixtures.commands import RunKefu
from tests.fixtures.databases import in_own_loop
from tests.fixtures.installations import fill_installation


@pytest.fixture
def installation(sqlite_url: str, settings: Settings) -> Path:
    async def fill() -> None:
        database = Database.open(sqlite_url)
        await fill_installation(database, settings.data_dir)
        await database.close()

    in_own_loop(fill())
    return settings.data_dir


def questions_in(data_dir: Path) -> list[tuple[int, str]]:
    with sqlite3.connect(data_dir / "kefu.db") as connection:
        rows = connection.execute("SELECT number, text FROM questions ORDER BY number").fetchall()
    connection.close()
    return rows


def test_backup_and_restore_report_in_json(run_kefu: RunKefu, installation: Path, tmp_path: Path) -> None:
    backup = run_kefu("backup", tmp_path / "b.tar.gz", "--json", KEFU_DATA_DIR=installation)
    assert backup.status == 0, backup.err
    made = backup.json
    assert made["rows"]["questions"] == 6
    assert made["folders"] == ["checkpoints/chk_2", "snapshots/snp_2", "checkpoints/chk_1", "snapshots/snp_1"]
    assert made["left_out"] == []

    restored = run_kefu("restore", tmp_path / "b.tar.gz", "--json", KEFU_DATA_DIR=tmp_path / "new")
    assert restored.status == 0, restored.err
    assert restored.json["rows"] == made["rows"]
    assert restored.json["replaced"] is False
    assert questions_in(tmp_path / "new") == questions_in(installation)

    again = run_kefu("restore", tmp_path / "b.tar.gz", KEFU_DATA_DIR=tmp_path / "new")
    assert again.status == 1
    assert "say --replace" in again.err


def test_lines_for_people_say_how_much_and_how_to_check(
    run_kefu: RunKefu, installation: Path, tmp_path: Path
) -> None:
    backup = run_kefu("backup", tmp_path / "b.tar.gz", KEFU_DATA_DIR=installation)
    assert "4 folders" in backup.out
    assert "SHA-256 " in backup.out
    restored = run_kefu("restore", tmp_path / "b.tar.gz", "--replace", KEFU_DATA_DIR=installation)
    assert restored.status == 0
    assert "see: kefu doctor" in restored.out


def test_incomplete_backup_says_so_by_its_exit_code(
    run_kefu: RunKefu, installation: Path, tmp_path: Path
) -> None:
    (installation / "snapshots/snp_1/questions.jsonl").unlink()
    backup = run_kefu("backup", tmp_path / "b.tar.gz", KEFU_DATA_DIR=installation)
    assert backup.status == 4
    assert "left out snapshots/snp_1" in backup.err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("backup", "/nowhere/b.tar.gz"), "there is no folder /nowhere"),
        (("backup", "."), "exists already"),
        (("restore", "missing.tar.gz"), "does not exist"),
        (("restore", "/etc/hostname"), "not a Kefu backup"),
    ],
)
def test_wrong_arguments_end_with_status_2(
    run_kefu: RunKefu, arguments: tuple[str, ...], says: str, installation: Path
) -> None:
    ended = run_kefu(*arguments, KEFU_DATA_DIR=installation)
    assert ended.status == 2
    assert says in ended.err


@pytest.mark.slow
@pytest.mark.parametrize("after_s", [0.0, 0.1])
def test_killed_restore_leaves_the_old_state(
    run_kefu: RunKefu, after_s: float, installation: Path, tmp_path: Path
) -> None:
    """SIGKILL while the transaction writes, and a little later."""
    assert run_kefu("backup", tmp_path / "b.tar.gz", KEFU_DATA_DIR=installation).status == 0
    with sqlite3.connect(installation / "kefu.db") as connection:
        connection.execute("UPDATE questions SET text = 'edited' WHERE number = 5")
    connection.close()
    before = questions_in(installation)
    original = [(5, "When do I get my money back?"), *before[1:]]

    restoring = subprocess.Popen(
        [sys.executable, "-m", "bot.cli", "restore", str(tmp_path / "b.tar.gz"), "--replace"],
        env={**os.environ, "KEFU_DATA_DIR": str(installation)},
        stderr=subprocess.DEVNULL,
    )
    wait_for_wal(installation / "kefu.db-wal", restoring)
    time.sleep(after_s)
    restoring.send_signal(signal.SIGKILL)
    ended = restoring.wait()

    present = questions_in(installation)
    assert present in (before, original)
    if ended == 0:
        assert present == original
    restored = run_kefu("restore", tmp_path / "b.tar.gz", "--replace", KEFU_DATA_DIR=installation)
    assert restored.status == 0
    assert questions_in(installation) == original


def wait_for_wal(wal: Path, process: subprocess.Popen[bytes]) -> None:
    """Until something is being written, or the process was too quick for us."""
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        if wal.exists() and wal.stat().st_size > 0:
            return
        time.sleep(0.002)
