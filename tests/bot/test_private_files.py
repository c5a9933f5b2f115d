"""Nobody but the user that runs Kefu gets at what it makes."""

import fcntl
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from bot.db.engine import Database
from bot.db.migrating import migrate
from bot.doctor.findings import State
from bot.doctor.machine import check_privacy
from bot.private_files import make_private_file, make_private_folder
from bot.settings import DatabaseSettings, Settings
from tests.fixtures.commands import RunKefu


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def change_mode(path: Path, to: int) -> None:
    path.chmod(to)


@pytest.fixture
def fresh(tmp_path: Path) -> Settings:
    """Nothing is there yet, not even the folder above."""
    return Settings(data_dir=tmp_path / "a new" / "data")


async def test_new_database_with_its_log_is_private(fresh: Settings) -> None:
    database = Database.open(fresh.database_url)
    await migrate(database)
    async with database.read() as session:
        await session.connection()
        modes = {file.name: mode(file) for file in fresh.data_dir.iterdir()}
    await database.close()

    assert modes == {"kefu.db": 0o600, "kefu.db-wal": 0o600, "kefu.db-shm": 0o600}
    assert mode(fresh.data_dir) == 0o700


async def test_existing_folder_and_database_keep_their_rights(fresh: Settings) -> None:
    make_private_folder(fresh.data_dir)
    change_mode(fresh.data_dir, 0o750)
    (fresh.data_dir / "kefu.db").touch(mode=0o640)
    database = Database.open(fresh.database_url)
    await migrate(database)
    await database.close()

    assert (mode(fresh.data_dir), mode(fresh.data_dir / "kefu.db")) == (0o750, 0o640)


def test_backup_and_export_are_private(run_kefu: RunKefu, fresh: Settings, tmp_path: Path) -> None:
    for command in (["migrate"], ["backup", tmp_path / "b"], ["export", "knowledge", tmp_path / "k"]):
        assert run_kefu(*command, KEFU_DATA_DIR=fresh.data_dir).status == 0

    modes = {name: mode(tmp_path / name) for name in ("b", "k", "k.manifest.json", "a new/data")}
    assert modes == {"b": 0o600, "k": 0o600, "k.manifest.json": 0o600, "a new/data": 0o700}


def test_restored_data_dir_is_private(run_kefu: RunKefu, fresh: Settings, tmp_path: Path) -> None:
    run_kefu("migrate", KEFU_DATA_DIR=fresh.data_dir)
    run_kefu("backup", tmp_path / "b", KEFU_DATA_DIR=fresh.data_dir)
    ended = run_kefu("restore", tmp_path / "b", KEFU_DATA_DIR=tmp_path / "other")

    assert ended.status == 0
    assert (mode(tmp_path / "other"), mode(tmp_path / "other" / "kefu.db")) == (0o700, 0o600)


async def test_doctor_warns_of_what_others_can_read(fresh: Settings) -> None:
    assert check_privacy(fresh).state is State.SKIPPED
    database = Database.open(fresh.database_url)
    await migrate(database)
    await database.close()
    assert check_privacy(fresh).state is State.OK

    file = fresh.data_dir / "kefu.db"
    change_mode(file, 0o644)
    assert check_privacy(fresh).state is State.OK, "nobody gets through the folder"
    change_mode(fresh.data_dir, 0o755)
    finding = check_privacy(fresh)

    assert finding.state is State.WARNING
    assert finding.remedy == f"run: chmod 700 '{fresh.data_dir}'; chmod 600 '{file}'"


@pytest.mark.parametrize("name", ["what?", "100%41", "a b#1"])
def test_database_lies_in_the_data_dir_whatever_its_name(
    run_kefu: RunKefu, tmp_path: Path, name: str
) -> None:
    """In a URL some characters mean something else."""
    assert run_kefu("migrate", KEFU_DATA_DIR=tmp_path / name).status == 0
    assert (tmp_path / name / "kefu.db").is_file()
    assert [file.name for file in tmp_path.iterdir()] == [name]


def test_doctor_looks_at_a_database_outside_the_data_dir(fresh: Settings, tmp_path: Path) -> None:
    make_private_folder(fresh.data_dir)
    elsewhere = tmp_path / "elsewhere.db"
    elsewhere.touch(mode=0o644)
    change_mode(tmp_path, 0o755)
    url = f"sqlite+aiosqlite:///{elsewhere}"
    finding = check_privacy(fresh.model_copy(update={"database": DatabaseSettings(url=url)}))

    assert finding.remedy == f"run: chmod 600 {elsewhere}"


def test_warning_does_not_fail_the_doctor(run_kefu: RunKefu, fresh: Settings) -> None:
    run_kefu("migrate", KEFU_DATA_DIR=fresh.data_dir)
    change_mode(fresh.data_dir, 0o755)
    ended = run_kefu("doctor", KEFU_DATA_DIR=fresh.data_dir)

    assert f"warning privacy: other users of this machine may get at {fresh.data_dir}" in ended.out


def test_existing_file_keeps_the_locks_that_this_process_holds_on_it(tmp_path: Path) -> None:
    """SQLite's are such locks; without them another process removes a log that is in use."""
    file = tmp_path / "kefu.db"
    make_private_file(file)
    try_lock = "import fcntl, sys; fcntl.lockf(open(sys.argv[1], 'r+'), fcntl.LOCK_EX | fcntl.LOCK_NB)"
    with file.open("r+") as held:
        fcntl.lockf(held, fcntl.LOCK_EX)
        make_private_file(file)
        other = subprocess.run(
            [sys.executable, "-c", try_lock, str(file)], capture_output=True, text=True, check=False
        )

    assert "BlockingIOError" in other.stderr
