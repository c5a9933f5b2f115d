"""What goes into a backup comes out again, on the same kind of database and on the other one."""

import json
import stat
import tarfile
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text, update

from bot.backups.backing_up import back_up
from bot.backups.restoring import restore
from bot.db.base import now
from bot.db.engine import Database
from bot.db.knowledge_tables import AnswerText, Question
from bot.db.migrating import current_revision, migrate, newest_revision
from bot.db.release_tables import Checkpoint, IndexSnapshot, Release, ReleasePointer
from bot.db.tables import metadata
from bot.db.training_tables import TrainingRun
from bot.errors import ConflictError, InvalidInputError
from bot.settings import Settings
from retrieval.artifacts import verify_artifact
from tests.bot.db.test_migrations import FIRST_REVISION, fill
from tests.bot.db.test_migrations import rows as rows_at_first_revision
from tests.fixtures.installations import HIGHEST_QUESTION, fill_installation


async def all_rows(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table as Python values, by key."""
    async with database.read() as session:
        return {
            table.name: [
                tuple(row) for row in await session.execute(select(table).order_by(*table.primary_key))
            ]
            for table in metadata.sorted_tables
        }


def elsewhere(settings: Settings, tmp_path: Path, name: str = "elsewhere") -> Settings:
    return settings.model_copy(update={"data_dir": tmp_path / name})


async def new_question_number(database: Database) -> int:
    async with database.write() as session:
        question = Question(
            id=f"qst_{now().timestamp()}", answer_id="ans_refund", text="new", folded="0" * 64, language="en",
            source="operator", revision=9,
        )  # fmt: skip
        session.add(question)
        await session.flush()
        return question.number


async def test_installation_fills_every_table(database: Database, settings: Settings) -> None:
    """A table that is added has to get a row in tests/fixtures/installations.py, so that backups are tested with it."""
    await fill_installation(database, settings.data_dir)
    assert [name for name, rows in (await all_rows(database)).items() if not rows] == []


@pytest.mark.postgres
@pytest.mark.parametrize(("source", "target"), [("sqlite", "postgres"), ("postgres", "sqlite")])
async def test_rows_survive_the_move_to_another_database(
    source: str, target: str, request: pytest.FixtureRequest, sqlite_url: str, postgres_url: str, settings: Settings,
    tmp_path: Path,
) -> None:  # fmt: skip
    urls = {"sqlite": sqlite_url, "postgres": postgres_url}
    first, second = Database.open(urls[source]), Database.open(urls[target])
    back_again = Database.open(f"sqlite+aiosqlite:///{tmp_path / 'third.db'}")
    try:
        await fill_installation(first, settings.data_dir)
        rows = await all_rows(first)
        await back_up(first, settings, tmp_path / "one.tar.gz")
        await restore(second, elsewhere(settings, tmp_path), tmp_path / "one.tar.gz", replace=False)
        assert await all_rows(second) == rows

        await back_up(second, elsewhere(settings, tmp_path), tmp_path / "two.tar.gz")
        await restore(
            back_again, elsewhere(settings, tmp_path, "third"), tmp_path / "two.tar.gz", replace=False
        )
        assert await all_rows(back_again) == rows
        assert await new_question_number(second) == HIGHEST_QUESTION + 1
        assert await new_question_number(back_again) == HIGHEST_QUESTION + 1
    finally:
        for database in (first, second, back_again):
            await database.close()


async def test_numbers_of_deleted_rows_are_never_given_again(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    await fill_installation(database, settings.data_dir)
    await back_up(database, settings, tmp_path / "b.tar.gz")
    await restore(database, settings, tmp_path / "b.tar.gz", replace=True)

    assert await new_question_number(database) == HIGHEST_QUESTION + 1
    async with database.write() as session:
        words = AnswerText(
            answer_id="ans_draft", language="zh", text="问经销商", text_hash="0" * 64, revision=9
        )
        session.add(words)
        await session.flush()
        assert words.number == 22


async def test_restored_folders_are_those_of_the_database(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    await fill_installation(database, settings.data_dir)
    report = await back_up(database, settings, tmp_path / "b.tar.gz")
    assert report.folders == ["checkpoints/chk_2", "snapshots/snp_2", "checkpoints/chk_1", "snapshots/snp_1"]
    assert report.left_out == []
    assert report.rows["questions"] == 6
    assert report.schema_revision == newest_revision()

    target = elsewhere(settings, tmp_path)
    await restore(database, target, tmp_path / "b.tar.gz", replace=True)
    for path, kind in (("checkpoints/chk_2", "checkpoint"), ("snapshots/snp_1", "index_snapshot")):
        assert verify_artifact(target.data_dir / path, kind=kind) == verify_artifact(
            settings.data_dir / path, kind=kind
        )
    assert sorted(file.name for file in target.data_dir.rglob("*")) == [
        "checkpoints", "chk_1", "chk_2", "encoder.onnx", "encoder.onnx", "manifest.json", "manifest.json",
        "manifest.json", "manifest.json", "questions.jsonl", "questions.jsonl", "snapshots", "snp_1", "snp_2",
    ]  # fmt: skip


async def test_backup_can_be_read_by_its_owner_only_and_is_plain_jsonl(
    sqlite_database: Database, settings: Settings, tmp_path: Path
) -> None:
    await fill_installation(sqlite_database, settings.data_dir)
    report = await back_up(sqlite_database, settings, tmp_path / "b.tar.gz")
    assert stat.S_IMODE(report.path.stat().st_mode) == 0o600
    assert report.path.stat().st_size == report.bytes
    with tarfile.open(report.path) as tar:
        content = tar.extractfile("tables/visitors/000000.jsonl")
        assert content is not None
        assert json.loads(content.readline()) == {
            "id": "vis_" + "a" * 32,
            "site_id": "ste_default",
            "token_hash": "a" * 64,
            "subject_hash": "a" * 64,
            "merged_into": None,
            "created_at": "2026-03-01T09:31:00.123456+00:00",
        }
        assert tar.getnames()[-1] == "manifest.json"


async def test_backup_refuses_to_overwrite(
    sqlite_database: Database, settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "b.tar.gz").write_text("precious")
    with pytest.raises(InvalidInputError, match="exists already"):
        await back_up(sqlite_database, settings, tmp_path / "b.tar.gz")
    assert (tmp_path / "b.tar.gz").read_text() == "precious"


async def test_backup_names_a_damaged_folder_and_keeps_the_rest(
    sqlite_database: Database, settings: Settings, tmp_path: Path
) -> None:
    await fill_installation(sqlite_database, settings.data_dir)
    (settings.data_dir / "checkpoints/chk_1/encoder.onnx").write_bytes(b"bitrot!" * 1000)
    report = await back_up(sqlite_database, settings, tmp_path / "b.tar.gz")
    assert [(left.path, "content differs" in left.reason) for left in report.left_out] == [
        ("checkpoints/chk_1", True)
    ]
    assert report.folders == ["checkpoints/chk_2", "snapshots/snp_2", "snapshots/snp_1"]


async def test_restore_refuses_a_database_that_holds_something(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    await fill_installation(database, settings.data_dir)
    await back_up(database, settings, tmp_path / "b.tar.gz")
    rows = await all_rows(database)
    with pytest.raises(ConflictError, match="not empty"):
        await restore(database, elsewhere(settings, tmp_path), tmp_path / "b.tar.gz", replace=False)
    assert await all_rows(database) == rows
    assert list((tmp_path / "elsewhere").iterdir()) == []


async def test_replacing_makes_running_workers_look_again(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    """Workers compare the pointer's generation; restored with the one they have, they would go on with old folders."""
    await fill_installation(database, settings.data_dir)
    await back_up(database, settings, tmp_path / "b.tar.gz")
    rows = await all_rows(database)
    async with database.write() as session:
        await session.execute(text("UPDATE release_pointer SET generation = 5"))
        await session.execute(text("DELETE FROM messages"))

    report = await restore(database, settings, tmp_path / "b.tar.gz", replace=True)

    assert report.replaced
    restored = await all_rows(database)
    assert restored.pop("release_pointer") == [(1, "rel_2", 6)]
    rows.pop("release_pointer")
    assert restored == rows


@pytest.mark.parametrize("speaking", ["rel_3", None])
async def test_releases_whose_folders_are_not_in_the_backup_come_back_as_removed(
    database: Database, settings: Settings, tmp_path: Path, speaking: str | None
) -> None:
    """The one that speaks is not marked, though its folders were damaged when the backup was made."""
    await fill_installation(database, settings.data_dir)
    async with database.write() as session:
        for number in (3, 4):
            chk, snp = f"chk_{number}", f"snp_{number}"
            session.add(Checkpoint(id=chk, path=f"checkpoints/{chk}", digest="0" * 64, summary={}))
            await session.flush()
            session.add(
                IndexSnapshot(
                    id=snp,
                    checkpoint_id=chk,
                    path=f"snapshots/{snp}",
                    digest="0" * 64,
                    revision=1,
                    summary={},
                )
            )
            await session.flush()
            session.add(Release(id=f"rel_{number}", checkpoint_id=chk, snapshot_id=snp, created_by="cli"))
        await session.execute(update(ReleasePointer).values(release_id=speaking))
    await back_up(database, settings, tmp_path / "b.tar.gz")

    await restore(database, elsewhere(settings, tmp_path), tmp_path / "b.tar.gz", replace=True)

    async with database.read() as session:
        rows = await session.execute(select(Release.id).where(Release.removed_at.is_not(None)))
    assert set(rows.scalars()) == ({"rel_1", "rel_4"} if speaking else {"rel_3", "rel_4"})


async def test_folders_of_the_replaced_state_go_and_those_of_the_restored_one_stay(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    await fill_installation(database, settings.data_dir)
    await back_up(database, settings, tmp_path / "b.tar.gz")
    later = (
        "checkpoints/chk_3",
        "snapshots/snp_3",
        "snapshots/snp_3.later",
        "checkpoints/chk_4",
        "snapshots/snp_4",
        "reports/chk_3",
    )
    (settings.data_dir / "reports").mkdir()
    for path in (*later, "snapshots/snp_2.later", "checkpoints/chk_foreign", "reports/chk_1"):
        (settings.data_dir / path).mkdir()
    async with database.write() as session:
        session.add(Checkpoint(id="chk_3", path="checkpoints/chk_3", digest="0" * 64, summary={}))
        await session.flush()
        session.add(
            IndexSnapshot(
                id="snp_3",
                checkpoint_id="chk_3",
                path="snapshots/snp_3",
                digest="0" * 64,
                revision=1,
                summary={},
            )
        )
        run = update(TrainingRun).values(checkpoint_id="chk_4", leftovers=["snp_4", "../../outside"])
        await session.execute(run)

    await restore(database, settings, tmp_path / "b.tar.gz", replace=True)

    assert sorted(folder.name for folder in settings.data_dir.glob("*/*")) == [
        "chk_1", "chk_1", "chk_2", "chk_foreign", "snp_1", "snp_2", "snp_2.later",
    ]  # fmt: skip


async def test_failing_restore_leaves_the_old_state(
    database: Database, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The failure comes at the last moment, when tables are dropped, made anew and filled."""
    await fill_installation(database, settings.data_dir)
    await back_up(database, settings, tmp_path / "b.tar.gz")
    async with database.write() as session:
        await session.execute(text("DELETE FROM feedback"))
    rows = await all_rows(database)

    def full_disk(self: object) -> list[str]:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("bot.backups.folders.FolderPlacer.finish", full_disk)
        with pytest.raises(OSError, match="No space left"):
            await restore(database, elsewhere(settings, tmp_path), tmp_path / "b.tar.gz", replace=True)

    assert await all_rows(database) == rows
    assert await current_revision(database) == newest_revision()
    assert [file for file in (tmp_path / "elsewhere").rglob("*") if file.is_file()] == []


async def test_restore_mends_a_damaged_folder(
    sqlite_database: Database, settings: Settings, tmp_path: Path
) -> None:
    await fill_installation(sqlite_database, settings.data_dir)
    await back_up(sqlite_database, settings, tmp_path / "b.tar.gz")
    damaged = settings.data_dir / "checkpoints/chk_2"
    (damaged / "encoder.onnx").write_bytes(b"bitrot")
    await restore(sqlite_database, settings, tmp_path / "b.tar.gz", replace=True)
    assert (damaged / "encoder.onnx").read_bytes() == b"weights" * 1000
    assert sorted(file.name for file in damaged.parent.iterdir()) == ["chk_1", "chk_2"]


async def test_large_tables_are_split_into_members(
    sqlite_database: Database, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.backups.backing_up.ROWS_MEMBER_BYTES", 300)
    await fill_installation(sqlite_database, settings.data_dir)
    rows = await all_rows(sqlite_database)
    await back_up(sqlite_database, settings, tmp_path / "b.tar.gz")
    with tarfile.open(tmp_path / "b.tar.gz") as tar:
        assert len([name for name in tar.getnames() if name.startswith("tables/questions/")]) == 6
    other = Database.open(f"sqlite+aiosqlite:///{tmp_path / 'other.db'}")
    try:
        await restore(other, elsewhere(settings, tmp_path), tmp_path / "b.tar.gz", replace=False)
        assert await all_rows(other) == rows
    finally:
        await other.close()


async def test_progress_reaches_its_end(
    sqlite_database: Database, settings: Settings, tmp_path: Path
) -> None:
    await fill_installation(sqlite_database, settings.data_dir)
    last: dict[str, tuple[int, int]] = {}

    def note(stage: str, done: int, total: int) -> None:
        last[stage] = (done, total)

    await back_up(sqlite_database, settings, tmp_path / "b.tar.gz", progress=note)
    count = sum(len(rows) for rows in (await all_rows(sqlite_database)).values())
    assert last == {"rows": (count, count), "folders": (4, 4), "check": (1, 1)}


async def test_backup_of_an_older_schema_is_restored_and_migrated(
    empty_database_url: str, sqlite_database: Database, settings: Settings, tmp_path: Path
) -> None:
    """One backs up before migrating; at the first schema answer_texts had no column "active"."""
    older = Database.open(empty_database_url)
    try:
        await migrate(older, to=FIRST_REVISION)
        await fill(older)
        before = await rows_at_first_revision(older)
        report = await back_up(older, settings, tmp_path / "old.tar.gz")
        assert report.schema_revision == FIRST_REVISION
        assert await current_revision(older) == FIRST_REVISION
        await restore(older, settings, tmp_path / "old.tar.gz", replace=True)
        restored = await rows_at_first_revision(older)
        assert [json.loads(d[4]) if isinstance(d[4], str) else d[4] for d in restored.pop("dialogues")] == [
            [
                {"role": "customer", "text": "退款多久到账"}
            ]  # SQLite keeps JSON as text, written in more than one way
        ]
        assert restored == {table: rows for table, rows in before.items() if table != "dialogues"}
    finally:
        await older.close()

    await restore(sqlite_database, settings, tmp_path / "old.tar.gz", replace=False)
    assert await current_revision(sqlite_database) == newest_revision()
    async with sqlite_database.read() as session:
        assert (await session.execute(text("SELECT number, active FROM answer_texts"))).one() == (41, True)


async def test_unknown_schema_is_neither_backed_up_nor_replaced(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    await back_up(database, settings, tmp_path / "b.tar.gz")
    async with database.write() as session:
        await session.execute(text("UPDATE alembic_version SET version_num = 'ffffffffffff'"))
    with pytest.raises(ConflictError, match="ffffffffffff"):
        await back_up(database, settings, tmp_path / "c.tar.gz")
    with pytest.raises(ConflictError, match="ffffffffffff"):
        await restore(database, settings, tmp_path / "b.tar.gz", replace=True)
    assert not (tmp_path / "c.tar.gz").exists()


async def test_metadata_that_is_no_json_elsewhere_stops_no_backup(
    sqlite_database: Database, settings: Settings, tmp_path: Path
) -> None:
    """Versions before took half characters, NUL and NaN from whoever began a conversation."""
    await fill_installation(sqlite_database, settings.data_dir)
    async with sqlite_database.write() as session:
        stored = r"""{"page": "half \ud83d", "nul": "a\u0000b", "load": NaN, "back": "\\u0000"}"""
        await session.execute(text("UPDATE conversations SET metadata = :stored"), {"stored": stored})

    await back_up(sqlite_database, settings, tmp_path / "one.tar.gz")

    third = Database.open(f"sqlite+aiosqlite:///{tmp_path / 'third.db'}")
    try:
        await restore(third, elsewhere(settings, tmp_path), tmp_path / "one.tar.gz", replace=False)
        async with third.read() as session:
            kept = set(await session.scalars(text("SELECT metadata FROM conversations")))
    finally:
        await third.close()
    assert [json.loads(each) for each in kept] == [
        {"page": "half \ufffd", "nul": "a\ufffdb", "load": None, "back": "\\u0000"}
    ]
