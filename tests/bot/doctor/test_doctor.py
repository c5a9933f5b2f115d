"""The doctor sees what is wrong, says what to do, and touches nothing."""

import errno
import sqlite3
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from pydantic import ValidationError
from sqlalchemy import text

from bot.db.base import now
from bot.db.engine import Database
from bot.doctor import machine
from bot.doctor.examination import examine
from bot.doctor.findings import Finding, State
from bot.settings import DatabaseSettings, RateLimitSettings, Settings
from tests.fixtures.commands import RunKefu
from tests.fixtures.installations import fill_installation

CHECKS = [
    "settings", "versions", "data dir", "privacy", "rate limits", "backbone", "database", "integrity", "schema", "clock",
    "knowledge", "release", "self-test",
]  # fmt: skip


async def examined(settings: Settings, *, ahead: timedelta = timedelta()) -> dict[str, Finding]:
    return {finding.check: finding async for finding in examine(settings, moment=now() + ahead)}


def problems(findings: dict[str, Finding]) -> dict[str, tuple[str, str | None]]:
    return {f.check: (f.detail, f.remedy) for f in findings.values() if f.state is State.PROBLEM}


def change(path: Path, edit: Callable[[Path], object]) -> None:
    edit(path)


async def test_running_installation_is_sound(tiny_settings: Settings, release: str) -> None:
    findings = await examined(tiny_settings)
    assert problems(findings) == {}
    assert list(findings) == CHECKS
    assert release in findings["release"].detail
    assert findings["knowledge"].detail.startswith(
        "en: 6 questions to 3 answers, zh: 4 questions to 2 answers; 0 drafts"
    )
    assert "(en, zh)" in findings["self-test"].detail


async def test_empty_installation_names_the_next_steps(
    sqlite_url: str, settings: Settings, tmp_path: Path
) -> None:
    findings = await examined(settings.model_copy(update={"models_dir": tmp_path / "models"}))
    found = problems(findings)
    assert set(found) == {"backbone", "knowledge", "release"}
    assert found["backbone"][1] == "run: kefu models get multilingual"
    assert found["release"] == ("none is promoted", "run: kefu demo, or kefu import FILE --approve")
    assert findings["self-test"].state is State.SKIPPED


async def test_nothing_is_made_where_nothing_is(tmp_path: Path) -> None:
    findings = await examined(Settings(data_dir=tmp_path / "none"))
    assert problems(findings)["data dir"][0].startswith("there is no folder")
    assert findings["database"].state is State.SKIPPED
    assert not (tmp_path / "none").exists()


async def test_missing_database_is_not_made(settings: Settings) -> None:
    found = problems(await examined(settings))
    assert found["database"] == (
        f"there is no {settings.data_dir / 'kefu.db'}",
        "run: kefu demo, or kefu migrate",
    )
    assert not (settings.data_dir / "kefu.db").exists()


async def test_damaged_database_is_a_problem(sqlite_url: str, settings: Settings) -> None:
    change(settings.data_dir / "kefu.db", lambda file: file.write_bytes(b"not a database" * 1000))
    found = problems(await examined(settings))
    assert "file is not a database" in found["database"][0]


async def test_damaged_pages_are_found(sqlite_database: Database, settings: Settings) -> None:
    await fill_installation(sqlite_database, settings.data_dir)
    await sqlite_database.close()
    change(settings.data_dir / "kefu.db", overwrite_a_page_of_exchanges)
    found = problems(await examined(settings))
    assert found["integrity"][1] == "stop the service, run: kefu restore BACKUP --replace"


def overwrite_a_page_of_exchanges(file: Path) -> None:
    connection = sqlite3.connect(file)
    root, size = connection.execute(
        "SELECT rootpage, (SELECT page_size FROM pragma_page_size) FROM sqlite_master WHERE name = 'exchanges'"
    ).fetchone()
    connection.close()
    content = bytearray(file.read_bytes())
    content[(root - 1) * size : root * size] = b"\xff" * size
    file.write_bytes(bytes(content))


async def test_orphans_are_found(sqlite_database: Database, settings: Settings) -> None:
    await fill_installation(sqlite_database, settings.data_dir)
    await sqlite_database.close()
    change(settings.data_dir / "kefu.db", delete_visitors_without_foreign_keys)
    assert problems(await examined(settings))["integrity"][0] == "9 rows refer to rows that are gone"


def delete_visitors_without_foreign_keys(file: Path) -> None:
    connection = sqlite3.connect(file)
    connection.execute("DELETE FROM visitors")
    connection.commit()
    connection.close()


async def test_unreachable_server_is_a_problem_without_its_password(settings: Settings) -> None:
    url = "postgresql+psycopg://kefu:secret@127.0.0.1:1/kefu"
    findings = await examined(settings.model_copy(update={"database": DatabaseSettings(url=url)}))
    detail, remedy = problems(findings)["database"]
    assert "does not answer" in detail
    assert "secret" not in detail
    assert remedy == "start it, or mend KEFU_DATABASE__URL"


@pytest.mark.parametrize(
    ("revision", "says"), [("847f5b46c81f", "instead of"), ("ffffffffffff", "is newer than")]
)
async def test_other_schemas_are_a_problem(
    database: Database, database_settings: Settings, revision: str, says: str
) -> None:
    async with database.write() as session:
        await session.execute(text(f"UPDATE alembic_version SET version_num = '{revision}'"))
    findings = await examined(database_settings)
    assert says in problems(findings)["schema"][0]
    assert "knowledge, release, self-test, clock" in findings


@pytest.mark.parametrize("folder", ["checkpoints/chk_2/encoder.onnx", "snapshots/snp_2/questions.jsonl"])
async def test_damaged_release_is_a_problem(
    database: Database, database_settings: Settings, folder: str
) -> None:
    await fill_installation(database, database_settings.data_dir)
    change(database_settings.data_dir / folder, lambda file: file.write_bytes(b"bitrot"))
    findings = await examined(database_settings)
    assert Path(folder).parts[1] in problems(findings)["release"][0]
    assert findings["self-test"].state is State.SKIPPED


async def test_folder_of_another_release_is_a_problem(
    database: Database, database_settings: Settings
) -> None:
    await fill_installation(database, database_settings.data_dir)
    async with database.write() as session:
        await session.execute(text("UPDATE index_snapshots SET digest = 'x' WHERE id = 'snp_2'"))
    assert (
        "another folder than the database names" in problems(await examined(database_settings))["release"][0]
    )


async def test_release_that_can_not_be_loaded_is_a_problem(
    database: Database, database_settings: Settings
) -> None:
    """Its folders are as the database says, but what is in them is no model."""
    await fill_installation(database, database_settings.data_dir)
    found = problems(await examined(database_settings))
    assert found["self-test"][0].startswith("the release can't be loaded")


async def test_clock_behind_what_was_stored_is_a_problem(
    database: Database, database_settings: Settings
) -> None:
    await fill_installation(database, database_settings.data_dir)
    async with database.write() as session:
        await session.execute(text("UPDATE audit_log SET created_at = '2030-01-02 03:04:05'"))
    assert "something was stored at 2030-01-02" in problems(await examined(database_settings))["clock"][0]
    ahead = problems(await examined(database_settings, ahead=timedelta(days=365 * 10)))
    assert ("clock" in ahead) != database_settings.uses_sqlite  # the server's clock tells
    behind = problems(await examined(database_settings, ahead=timedelta(days=-365 * 10)))
    assert "before this version was made" in behind["clock"][0]


def test_full_and_read_only_disks_are_problems(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=5_000_000))
    finding = machine.check_data_dir(settings)
    assert (finding.state, "only 5.0 MB free" in finding.detail) == (State.PROBLEM, True)

    def refuse(*_: object, **__: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("tempfile.NamedTemporaryFile", refuse)
    finding = machine.check_data_dir(settings)
    assert (finding.state, "Read-only file system" in finding.detail) == (State.PROBLEM, True)
    assert finding.remedy == "give this user the right to write there"


def test_disk_without_room_for_a_byte_is_told_to_need_room(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("tempfile.NamedTemporaryFile", full)
    assert machine.check_data_dir(settings).remedy == "make room: 1.1 GB at least"


@pytest.mark.postgres
def test_missing_data_dir_is_made_by_what_the_doctor_says(
    run_kefu: RunKefu, empty_postgres_url: str, tmp_path: Path
) -> None:
    variables = {"KEFU_DATA_DIR": tmp_path / "new", "KEFU_DATABASE__URL": empty_postgres_url}
    assert "run: kefu demo, or kefu migrate" in run_kefu("doctor", **variables).out
    assert run_kefu("migrate", **variables).status == 0
    assert f"data dir: {tmp_path / 'new'} can be written to" in run_kefu("doctor", **variables).out


def test_missing_packages_are_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "PACKAGES", ("onnxruntime", "no-such-package"))
    finding = machine.check_versions()
    assert (finding.state, finding.detail) == (State.PROBLEM, "not installed: no-such-package")


def test_rate_limits_are_told(settings: Settings) -> None:
    assert machine.check_rate_limits(settings).detail.startswith("off")
    limited = settings.model_copy(update={"rate_limit": RateLimitSettings(visitor_per_minute=7)})
    assert "visitor 7," in machine.check_rate_limits(limited).detail


def test_command_ends_with_1_when_something_is_wrong(
    run_kefu: RunKefu, sqlite_url: str, settings: Settings
) -> None:
    variables = {"KEFU_DATA_DIR": settings.data_dir, "KEFU_MODELS_DIR": "/nowhere"}
    ended = run_kefu("doctor", "--json", **variables)
    assert ended.status == 1
    assert ended.json["ok"] is False
    wrong = [finding["check"] for finding in ended.json["findings"] if finding["state"] == "problem"]
    assert wrong == ["backbone", "knowledge", "release"]
    lines = run_kefu("doctor", **variables)
    assert lines.status == 1
    assert "problem release: none is promoted\n        → run: kefu demo" in lines.out


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg//kefu:secret@db/kefu",
        "postgresql+psycopg:/kefu:secret@db/kefu",
        "kefu:secret@db/kefu",
        "postgresql+psycopg://kefu:secret",
        "postgresql+psycopg://kefu:secret/kefu",
        "postgres://kefu:secret@db/kefu",
        "postgresql+psycopg://kefu:top@secret@db/kefu",
        "postgresql+psycopg://kefu:top@sec/ret@db/kefu",
    ],
)
def test_mistyped_url_of_the_database_is_told_without_its_password(run_kefu: RunKefu, url: str) -> None:
    for command in (("doctor",), ("doctor", "--json"), ("sites", "list")):
        ended = run_kefu(*command, KEFU_DATABASE__URL=url)
        assert "KEFU_DATABASE__URL" in ended.out + ended.err
        assert "secret" not in ended.out + ended.err
        assert "ret@db" not in ended.out + ended.err
    with pytest.raises(ValidationError) as error:
        Settings(database={"url": url})  # type: ignore[arg-type]
    assert "secret" not in str(error.value)


def test_wrong_settings_are_a_finding_too(run_kefu: RunKefu) -> None:
    ended = run_kefu("doctor", "--json", KEFU_LANGUAGES="en,fr")
    assert ended.status == 1
    (finding,) = ended.json["findings"]
    assert finding["check"] == "settings"
    assert "'fr'" in finding["detail"]
    assert finding["remedy"] == "mend KEFU_LANGUAGES in the environment"
    assert "→ mend KEFU_LANGUAGES" in run_kefu("doctor", KEFU_LANGUAGES="en,fr").out
