"""A backup file is somebody's file: whatever is in it, nothing is changed before it has been found sound."""

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from sqlalchemy import text

from bot.backups import archive
from bot.backups.archive import verify
from bot.backups.backing_up import back_up
from bot.backups.restoring import restore
from bot.db.engine import Database
from bot.errors import ConflictError, InvalidInputError
from bot.settings import Settings
from tests.fixtures.installations import fill_installation

Change = Callable[[tarfile.TarInfo, bytes], tuple[tarfile.TarInfo, bytes] | None]


def rewritten(
    source: Path, target: Path, change: Change, *, more: tuple[tuple[str, bytes], ...] = ()
) -> Path:
    """The backup with changed members and a manifest that vouches for them, as an attacker would make it."""
    members: dict[str, dict[str, object]] = {}
    with tarfile.open(source) as old, tarfile.open(target, "w:gz", format=tarfile.USTAR_FORMAT) as new:
        for header in old:
            stream = old.extractfile(header)
            content = stream.read() if stream else b""
            if header.name == "manifest.json":
                for name, extra in more:
                    add(new, name, extra, members)
                manifest = {**json.loads(content), "members": members}
                changed = change(header, json.dumps(manifest).encode())
            else:
                changed = change(header, content)
            if changed is not None:
                add(new, changed[0].name, changed[1], members, header=changed[0])
    return target


def add(
    new: tarfile.TarFile,
    name: str,
    content: bytes,
    members: dict[str, Any],
    *,
    header: tarfile.TarInfo | None = None,
) -> None:
    header = header or tarfile.TarInfo(name)
    header.size = len(content) if header.isreg() else 0
    new.addfile(header, io.BytesIO(content))
    members[name] = {"sha256": hashlib.sha256(content).hexdigest(), "size": header.size}


def unchanged(header: tarfile.TarInfo, content: bytes) -> tuple[tarfile.TarInfo, bytes]:
    return header, content


def edited_manifest(edit: Callable[[dict[str, Any]], None]) -> Change:
    def change(header: tarfile.TarInfo, content: bytes) -> tuple[tarfile.TarInfo, bytes]:
        if header.name != "manifest.json":
            return header, content
        manifest = json.loads(content)
        edit(manifest)
        return header, json.dumps(manifest).encode()

    return change


@pytest.fixture
async def sound(sqlite_database: Database, settings: Settings, tmp_path: Path) -> Path:
    await fill_installation(sqlite_database, settings.data_dir)
    return (await back_up(sqlite_database, settings, tmp_path / "sound.tar.gz")).path


@pytest.fixture
def target(settings: Settings, tmp_path: Path) -> Settings:
    return settings.model_copy(update={"data_dir": tmp_path / "target"})


async def refused(target: Settings, file: Path, *, match: str) -> None:
    """Restoring raises and leaves neither a table nor a file."""
    database = Database.open(target.database_url)
    try:
        with pytest.raises((InvalidInputError, ConflictError), match=match):
            await restore(database, target, file, replace=True)
        async with database.read() as session:
            found = await session.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'"))
            assert found.all() == []
    finally:
        await database.close()
    left = [path.name for path in target.data_dir.rglob("*") if path.is_file()]
    assert [name for name in left if not name.startswith("kefu.db")] == []


async def test_rewritten_backup_without_changes_is_sound(
    sound: Path, target: Settings, tmp_path: Path
) -> None:
    """Shows that the refusals below are due to what they change."""
    file = rewritten(sound, tmp_path / "same.tar.gz", unchanged)
    database = Database.open(target.database_url)
    try:
        report = await restore(database, target, file, replace=False)
    finally:
        await database.close()
    assert report.rows["questions"] == 6


@pytest.mark.parametrize(
    "name",
    [
        "../evil", "/etc/cron.d/evil", "folders/../../evil", "folders/checkpoints/../evil", "folders/exports/x/y",
        "folders/checkpoints/x/../../y", "folders/checkpoints/.hidden/y", "folders/checkpoints/x", "kefu.db",
        "tables/visitors/1.jsonl", "tables/../000000.jsonl", "tables/visitors/000000.jsonl/x", "C:\\evil", "",
    ],
)  # fmt: skip
async def test_member_names_that_no_backup_has_are_refused(
    name: str, sound: Path, target: Settings, tmp_path: Path
) -> None:
    file = rewritten(sound, tmp_path / "evil.tar.gz", unchanged, more=((name, b"evil"),))
    await refused(target, file, match="that no backup has")


@pytest.mark.parametrize(
    "kind",
    [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.CONTTYPE],
)
async def test_links_and_devices_are_refused(
    kind: bytes, sound: Path, target: Settings, tmp_path: Path
) -> None:
    def change(header: tarfile.TarInfo, content: bytes) -> tuple[tarfile.TarInfo, bytes]:
        if header.name == "folders/checkpoints/chk_2/encoder.onnx":
            header.type, header.linkname = kind, "/etc/passwd"
        return header, content

    await refused(target, rewritten(sound, tmp_path / "evil.tar.gz", change), match="that no backup has")


@pytest.mark.parametrize("format", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
async def test_extended_headers_are_refused(
    format: int, sound: Path, target: Settings, tmp_path: Path
) -> None:
    """They could state another name or a size of their own, and are read into memory by tar readers."""
    file = tmp_path / "evil.tar.gz"
    with tarfile.open(file, "w:gz", format=format) as tar:
        header = tarfile.TarInfo("folders/checkpoints/" + "x" * 120 + "/encoder.onnx")
        tar.addfile(header, io.BytesIO())
    await refused(target, file, match="that no backup has")


async def test_two_members_of_one_name_are_refused(sound: Path, target: Settings, tmp_path: Path) -> None:
    twice = (("tables/visitors/000000.jsonl", b"{}\n"),)
    file = rewritten(sound, tmp_path / "evil.tar.gz", unchanged, more=twice)
    await refused(target, file, match="is there twice")


async def test_content_that_differs_from_the_manifest_is_refused(
    sound: Path, target: Settings, tmp_path: Path
) -> None:
    with gzip.open(sound) as stream:
        tar = bytearray(stream.read())
    place = tar.index(b"Two working days.")
    tar[place : place + 3] = b"Six"
    (tmp_path / "evil.tar.gz").write_bytes(gzip.compress(bytes(tar)))
    await refused(target, tmp_path / "evil.tar.gz", match="is not what its manifest says")


def truncated(source: Path, target: Path, share: float) -> Path:
    content = source.read_bytes()
    target.write_bytes(content[: int(len(content) * share)])
    return target


@pytest.mark.parametrize("share", [0.0, 0.2, 0.5, 0.9, 0.999])
async def test_truncated_backup_is_refused(
    share: float, sound: Path, target: Settings, tmp_path: Path
) -> None:
    await refused(target, truncated(sound, tmp_path / "cut.tar.gz", share), match="damaged")


async def test_unfinished_backup_is_refused(sound: Path, target: Settings, tmp_path: Path) -> None:
    def change(header: tarfile.TarInfo, content: bytes) -> tuple[tarfile.TarInfo, bytes] | None:
        return None if header.name == "manifest.json" else (header, content)

    await refused(target, rewritten(sound, tmp_path / "cut.tar.gz", change), match="never finished")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"kefu",
        b"SQLite format 3\0",
        gzip.compress(b""),
        gzip.compress(b"x" * 5000),
        gzip.compress(b"\0" * 10240),
    ],
    ids=["empty", "text", "database", "nothing packed", "text packed", "zeros packed"],
)
async def test_foreign_files_are_refused(content: bytes, target: Settings, tmp_path: Path) -> None:
    (tmp_path / "foreign").write_bytes(content)
    await refused(target, tmp_path / "foreign", match="backup")


async def test_something_after_the_end_is_refused(sound: Path, target: Settings, tmp_path: Path) -> None:
    with gzip.open(sound) as stream:
        (tmp_path / "more.tar.gz").write_bytes(gzip.compress(stream.read() + b"more"))
    await refused(target, tmp_path / "more.tar.gz", match="something follows its end")


async def test_members_beyond_their_limit_are_refused_before_they_are_read(
    target: Settings, tmp_path: Path
) -> None:
    header = tarfile.TarInfo("tables/visitors/000000.jsonl")
    header.size = archive.LARGEST_ROWS_MEMBER + 1
    (tmp_path / "bomb.tar.gz").write_bytes(gzip.compress(header.tobuf(tarfile.USTAR_FORMAT)))
    await refused(target, tmp_path / "bomb.tar.gz", match=r"67,108,865 bytes")


async def test_too_much_in_all_is_refused(
    sound: Path, target: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as limited:
        limited.setattr(archive, "MOST_MEMBERS", 5)
        await refused(target, sound, match="more than 5 files")
    with monkeypatch.context() as limited:
        limited.setattr(archive, "LARGEST_BACKUP", 1000)
        await refused(target, sound, match=r"or 1,000 bytes")


async def test_folders_that_do_not_fit_on_the_disk_are_refused(
    sound: Path, target: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=0))
    await refused(target, sound, match="0 bytes free")


def _newer_format(manifest: dict[str, Any]) -> None:
    manifest.update(format_version=2, kefu_version="9.0")


def _newer_schema(manifest: dict[str, Any]) -> None:
    manifest.update(schema_revision="ffffffffffff", kefu_version="9.0")


def _foreign_format(manifest: dict[str, Any]) -> None:
    manifest["format"] = "mongodump"


def _more_rows(manifest: dict[str, Any]) -> None:
    manifest["tables"]["questions"]["rows"] = 7


def _unknown_table(manifest: dict[str, Any]) -> None:
    manifest["tables"]["sqlite_master"] = {"rows": 0, "last_number": None}


def _other_digest(manifest: dict[str, Any]) -> None:
    manifest["folders"][0]["digest"] = "0" * 64


def _folder_without_files(manifest: dict[str, Any]) -> None:
    manifest["folders"].append({"path": "checkpoints/chk_9", "kind": "checkpoint", "digest": "0" * 64})


def _folder_outside(manifest: dict[str, Any]) -> None:
    manifest["folders"][0]["path"] = "../../etc"


def _files_without_folder(manifest: dict[str, Any]) -> None:
    del manifest["folders"][0]


@pytest.mark.parametrize(
    ("edit", "match"),
    [
        (_newer_format, r"install Kefu 9\.0"),
        (_newer_schema, r"schema ffffffffffff of Kefu 9\.0"),
        (_foreign_format, "its manifest can't be read"),
        (_more_rows, "6 rows of questions in it, its manifest says 7"),
        (_unknown_table, r"not those of its schema \(sqlite_master\)"),
        (_other_digest, "'checkpoints/chk_2' is not what its manifest says"),
        (_folder_without_files, "nothing of the folder 'checkpoints/chk_9'"),
        (_folder_outside, "its manifest can't be read"),
        (_files_without_folder, "does not name the folder 'checkpoints/chk_2'"),
    ],
)
async def test_manifests_that_do_not_fit_are_refused(
    edit: Callable[[dict[str, Any]], None], match: str, sound: Path, target: Settings, tmp_path: Path
) -> None:
    file = rewritten(sound, tmp_path / "evil.tar.gz", edited_manifest(edit))
    await refused(target, file, match=match)


@pytest.mark.parametrize(
    ("line", "match"),
    [
        (b"not json\n", "can't be read"),
        (b"[]\n", "its columns are not those of the table"),
        (b'{"id": "vis_x"}\n', "its columns are not those of the table"),
        (
            b'{"id": "v", "site_id": "s", "token_hash": "t", "subject_hash": null, "merged_into": null, "created_at": "yesterday"}\n',
            "isoformat",
        ),
        (
            b'{"id": "v", "site_id": "s", "token_hash": "t", "subject_hash": null, "merged_into": null, "created_at": "2026-01-01"}\n',
            "time without zone",
        ),
        (
            b'{"id": "v", "site_id": "s", "token_hash": "t", "subject_hash": null, "merged_into": null, "created_at": 5}\n',
            "can't be read",
        ),
        (b"[" * 200_000 + b"\n", "can't be read"),
    ],
)
async def test_rows_that_make_no_sense_are_refused(
    line: bytes, match: str, sound: Path, target: Settings, tmp_path: Path
) -> None:
    def change(header: tarfile.TarInfo, content: bytes) -> tuple[tarfile.TarInfo, bytes]:
        return header, line if header.name.startswith("tables/visitors/") else content

    await refused(target, rewritten(sound, tmp_path / "evil.tar.gz", change), match=match)


@given(content=st.binary(max_size=3000), packed=st.booleans())
@examples(max_examples=150, deadline=None)
def test_arbitrary_bytes_never_pass_nor_crash(content: bytes, packed: bool) -> None:
    stream = io.BytesIO(gzip.compress(content) if packed else content)
    with pytest.raises(InvalidInputError):
        verify(stream)


@given(share=st.floats(0, 1, exclude_max=True), value=st.integers(1, 255))
@examples(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_changed_byte_is_noticed(sound_tar: bytes, share: float, value: int) -> None:
    """Of the tar; gzip's own checksum is taken out of the way by packing it again."""
    changed = bytearray(sound_tar)
    changed[int(share * len(sound_tar))] ^= value
    manifest = verify(io.BytesIO(gzip.compress(sound_tar, 1)))
    try:
        found = verify(io.BytesIO(gzip.compress(bytes(changed), 1)))
    except InvalidInputError:
        return
    # What is left are bytes without a meaning: owner, mode and time in headers, padding between members.
    assert found == manifest


@pytest.fixture
def sound_tar(tmp_path: Path) -> bytes:
    file = tmp_path / "small.tar.gz"
    manifest = archive.Manifest(
        format="kefu-backup",
        format_version=1,
        kefu_version="0",
        created_at="2026-01-01T00:00:00Z",  # type: ignore[arg-type]  # parsed
        schema_revision="a",
        tables={},
        folders=(),
        members={},
    )
    with file.open("wb") as stream, archive.archive_to(stream) as writer:
        writer.add_bytes("tables/visitors/000000.jsonl", b'{"id": "vis_1"}\n')
        writer.add_bytes("folders/checkpoints/chk_1/encoder.onnx", b"weights" * 200)
        writer.finish(manifest.model_copy(update={"members": dict(writer.members)}))
    with gzip.open(file) as packed:
        return packed.read()
