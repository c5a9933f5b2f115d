"""Artifact folders are whole or absent, and nothing altered passes for whole."""

import errno
import hashlib
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors import SafetensorError

from retrieval.artifacts import (
    Manifest,
    read_manifest,
    sweep_partial_folders,
    verify_artifact,
    write_artifact,
)
from retrieval.errors import ArtifactError, UnreadableArtifactError

KIND = "encoder"


def writes(content: bytes) -> Callable[[Path], None]:
    def write(file: Path) -> None:
        file.write_bytes(content)

    return write


def make(
    target: Path, *, files: dict[str, bytes] | None = None, meta: dict[str, Any] | None = None
) -> Manifest:
    contents = {"a.bin": b"alpha", "b.json": b"{}"} if files is None else files
    return write_artifact(
        target,
        kind=KIND,
        files={name: writes(content) for name, content in contents.items()},
        meta=meta or {},
    )


def edit_manifest(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    document = json.loads((folder / "manifest.json").read_text())
    change(document)
    (folder / "manifest.json").write_text(json.dumps(document))


def test_folder_holds_the_files_and_a_manifest_with_their_hashes(tmp_path: Path) -> None:
    written = make(tmp_path / "deep" / "x", meta={"name": "测试", "parts": [1, 2.5, None, True]})

    assert sorted(file.name for file in (tmp_path / "deep" / "x").iterdir()) == [
        "a.bin",
        "b.json",
        "manifest.json",
    ]
    assert json.loads((tmp_path / "deep" / "x" / "manifest.json").read_text(encoding="utf-8")) == {
        "kind": "encoder",
        "schema_version": 1,
        "files": {
            # sha256sum of "alpha" and of "{}"
            "a.bin": {
                "sha256": "8ed3f6ad685b959ead7022518e1af76cd816f8e8ec7ccdda1ed4018e8f2223f8",
                "size": 5,
            },
            "b.json": {
                "sha256": "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
                "size": 2,
            },
        },
        "meta": {"name": "测试", "parts": [1, 2.5, None, True]},
    }
    read = verify_artifact(tmp_path / "deep" / "x", kind=KIND)
    assert read == written
    payload = (tmp_path / "deep" / "x" / "manifest.json").read_bytes()
    assert read.digest == hashlib.sha256(payload).hexdigest()


def test_nothing_but_the_folder_is_left_beside_it(tmp_path: Path) -> None:
    make(tmp_path / "x")
    assert [entry.name for entry in tmp_path.iterdir()] == ["x"]


def test_artifact_without_files_is_valid(tmp_path: Path) -> None:
    make(tmp_path / "x", files={})
    assert verify_artifact(tmp_path / "x", kind=KIND).files == {}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(data=st.data(), contents=st.dictionaries(st.sampled_from("abc"), st.binary(max_size=40), min_size=1))
def test_any_flipped_bit_in_any_file_is_noticed(
    tmp_path: Path, data: st.DataObject, contents: dict[str, bytes]
) -> None:
    folder = tmp_path / os.urandom(8).hex()
    make(folder, files=contents, meta={"k": "v"})
    original = verify_artifact(folder, kind=KIND)
    victim = folder / data.draw(st.sampled_from([*contents, "manifest.json"]))
    content = bytearray(victim.read_bytes())
    if not content:
        victim.write_bytes(b"x")
    else:
        content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
        victim.write_bytes(content)

    try:
        found = verify_artifact(folder, kind=KIND)
    except ArtifactError:
        return
    # Only a change of the manifest's meta can parse; its digest tells.
    assert victim.name == "manifest.json"
    assert found.files == original.files
    assert found.digest != original.digest


@pytest.mark.parametrize("missing", ["a.bin", "b.json", "manifest.json"])
def test_missing_file_is_named(tmp_path: Path, missing: str) -> None:
    make(tmp_path / "x")
    (tmp_path / "x" / missing).unlink()
    with pytest.raises(ArtifactError, match="is missing") as caught:
        verify_artifact(tmp_path / "x", kind=KIND)
    assert caught.value.file == missing
    assert str(tmp_path / "x" / missing) in str(caught.value)


@pytest.mark.parametrize("refused", ["lstat", "read_bytes", "open", "iterdir"])
def test_what_cannot_be_looked_at_is_not_called_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: str
) -> None:
    """As root, who runs some of these tests, may read everything, the file system's refusal is played."""
    make(tmp_path / "x")

    def refuse(path: Path, *_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, refused, refuse)
    with pytest.raises(UnreadableArtifactError, match=r"x: cannot be read \(Permission denied\)"):
        verify_artifact(tmp_path / "x", kind=KIND)


def test_longer_file_is_refused_by_its_size(tmp_path: Path) -> None:
    make(tmp_path / "x")
    with (tmp_path / "x" / "a.bin").open("ab") as file:
        file.write(b"!")
    with pytest.raises(ArtifactError, match="has 6 bytes instead of 5"):
        verify_artifact(tmp_path / "x", kind=KIND)


@pytest.mark.parametrize("extra", ["model.pkl", ".hidden", "folder/"])
def test_unlisted_file_is_refused(tmp_path: Path, extra: str) -> None:
    make(tmp_path / "x")
    path = tmp_path / "x" / extra
    path.mkdir() if extra.endswith("/") else path.write_bytes(b"")
    with pytest.raises(ArtifactError, match="is not in the manifest") as caught:
        verify_artifact(tmp_path / "x", kind=KIND)
    assert caught.value.file == extra.rstrip("/")


def test_link_to_an_equal_file_is_refused(tmp_path: Path) -> None:
    make(tmp_path / "x")
    (tmp_path / "elsewhere").write_bytes(b"alpha")
    (tmp_path / "x" / "a.bin").unlink()
    (tmp_path / "x" / "a.bin").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ArtifactError, match="not a plain file"):
        verify_artifact(tmp_path / "x", kind=KIND)


def test_linked_manifest_is_refused(tmp_path: Path) -> None:
    make(tmp_path / "x")
    (tmp_path / "x" / "manifest.json").rename(tmp_path / "elsewhere")
    (tmp_path / "x" / "manifest.json").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ArtifactError, match="not a plain file"):
        verify_artifact(tmp_path / "x", kind=KIND)


def test_named_pipe_is_refused_without_being_read(tmp_path: Path) -> None:
    make(tmp_path / "x")
    (tmp_path / "x" / "a.bin").unlink()
    os.mkfifo(tmp_path / "x" / "a.bin")
    with pytest.raises(ArtifactError, match="not a plain file"):
        verify_artifact(tmp_path / "x", kind=KIND)


def test_folder_may_be_reached_through_a_link(tmp_path: Path) -> None:
    make(tmp_path / "x")
    (tmp_path / "current").symlink_to(tmp_path / "x")
    assert verify_artifact(tmp_path / "current", kind=KIND).kind == KIND


def test_truncated_manifest_is_refused_at_every_length(tmp_path: Path) -> None:
    make(tmp_path / "x")
    manifest = tmp_path / "x" / "manifest.json"
    payload = manifest.read_bytes()
    for length in range(len(payload)):
        manifest.write_bytes(payload[:length])
        with pytest.raises(ArtifactError, match="is not JSON"):
            verify_artifact(tmp_path / "x", kind=KIND)


@pytest.mark.parametrize(
    "name", ["../x", "/etc/passwd", "a/b", "..", ".", "", ".hidden", "a\\b", "manifest.json", "a\n"]
)
def test_name_that_leaves_the_folder_is_refused_on_reading_and_writing(tmp_path: Path, name: str) -> None:
    make(tmp_path / "x")
    entry = {"sha256": hashlib.sha256(b"alpha").hexdigest(), "size": 5}
    edit_manifest(tmp_path / "x", lambda document: document["files"].update({name: entry}))
    with pytest.raises(ArtifactError, match="unusable entry"):
        verify_artifact(tmp_path / "x", kind=KIND)
    with pytest.raises(ValueError, match="cannot be a file of an artifact"):
        make(tmp_path / "y", files={name: b""})
    assert not (tmp_path / "y").exists()


@pytest.mark.parametrize(
    "entry",
    [
        {"sha256": "0" * 64},
        {"sha256": "0" * 63, "size": 5},
        {"sha256": "G" * 64, "size": 5},
        {"sha256": 0, "size": 5},
        {"sha256": "0" * 64, "size": -1},
        {"sha256": "0" * 64, "size": True},
        {"sha256": "0" * 64, "size": 5.0},
        {"sha256": "0" * 64, "size": 5, "mode": 1},
        [],
        None,
    ],
)
def test_malformed_entry_is_refused(tmp_path: Path, entry: object) -> None:
    make(tmp_path / "x")
    edit_manifest(tmp_path / "x", lambda document: document["files"].update({"a.bin": entry}))
    with pytest.raises(ArtifactError, match="unusable entry 'a\\.bin'"):
        verify_artifact(tmp_path / "x", kind=KIND)


@pytest.mark.parametrize(
    ("payload", "problem"),
    [
        (b"[]", "must hold exactly"),
        (b'"text"', "must hold exactly"),
        (b"{}", "must hold exactly"),
        (b"\xff\xfe\x00", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b'{"kind": 1, "schema_version": 1, "files": {}, "meta": {}}', "wrong type"),
        (b'{"kind": "encoder", "schema_version": 1, "files": [], "meta": {}}', "wrong type"),
        (b'{"kind": "encoder", "schema_version": 1, "files": {}, "meta": null}', "wrong type"),
        (b'{"kind": "encoder", "schema_version": 2, "files": {}, "meta": {}}', "schema version 2"),
        (
            b'{"kind": "encoder", "schema_version": 1, "files": {}, "meta": {}, "more": 1}',
            "must hold exactly",
        ),
        (b" " * 1_000_001, "too large"),
    ],
)
def test_malformed_manifest_is_refused(tmp_path: Path, payload: bytes, problem: str) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "manifest.json").write_bytes(payload)
    with pytest.raises(ArtifactError, match=problem):
        verify_artifact(tmp_path / "x", kind=KIND)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(
    payload=st.binary(max_size=200)
    | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(json.dumps)
)
def test_arbitrary_manifest_raises_nothing_but_artifact_error(tmp_path: Path, payload: bytes | str) -> None:
    folder = tmp_path / "x"
    folder.mkdir(exist_ok=True)
    (folder / "manifest.json").write_bytes(payload if isinstance(payload, bytes) else payload.encode())
    with pytest.raises(ArtifactError):
        verify_artifact(folder, kind=KIND)


def test_other_kind_is_refused_and_both_are_named(tmp_path: Path) -> None:
    make(tmp_path / "x")
    with pytest.raises(ArtifactError, match="holds a 'encoder', not a 'checkpoint'"):
        verify_artifact(tmp_path / "x", kind="checkpoint")


@pytest.mark.parametrize("kind", ["missing", "file"])
def test_path_that_is_no_folder_is_refused(tmp_path: Path, kind: str) -> None:
    if kind == "file":
        (tmp_path / "x").write_bytes(b"")
    with pytest.raises(ArtifactError, match="no encoder folder here"):
        read_manifest(tmp_path / "x", kind=KIND)


@pytest.mark.parametrize("present", ["artifact", "empty folder", "file", "dangling link"])
def test_what_is_there_is_never_overwritten(tmp_path: Path, present: str) -> None:
    target = tmp_path / "x"
    if present == "artifact":
        make(target)
    elif present == "empty folder":
        target.mkdir()
    elif present == "file":
        target.write_bytes(b"precious")
    else:
        target.symlink_to(tmp_path / "nowhere")
    before = sorted(path.name for path in tmp_path.rglob("*"))
    with pytest.raises(ArtifactError, match="exists already"):
        make(target, files={"other": b""})
    assert sorted(path.name for path in tmp_path.rglob("*")) == before


def test_writer_that_loses_the_race_leaves_the_winner_untouched(tmp_path: Path) -> None:
    target = tmp_path / "x"

    def write_while_another_finishes(file: Path) -> None:
        file.write_bytes(b"loser")
        make(target)

    with pytest.raises(ArtifactError, match="could not be written"):
        write_artifact(target, kind=KIND, files={"late": write_while_another_finishes}, meta={})
    assert verify_artifact(target, kind=KIND).files.keys() == {"a.bin", "b.json"}
    assert [entry.name for entry in tmp_path.iterdir()] == ["x"]


def test_full_disk_leaves_nothing_and_says_so(tmp_path: Path) -> None:
    def fill(file: Path) -> None:
        file.write_bytes(b"some")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(ArtifactError, match="No space left on device"):
        write_artifact(tmp_path / "x", kind=KIND, files={"a": writes(b"whole"), "b": fill}, meta={})
    assert list(tmp_path.iterdir()) == []


def test_error_of_a_writer_comes_through_and_leaves_nothing(tmp_path: Path) -> None:
    def fail(_: Path) -> None:
        raise LookupError("no such weight")

    with pytest.raises(LookupError, match="no such weight"):
        write_artifact(tmp_path / "x", kind=KIND, files={"a": fail}, meta={})
    assert list(tmp_path.iterdir()) == []


def test_number_that_json_does_not_know_is_refused_in_meta(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        make(tmp_path / "x", meta={"loss": float("nan")})
    assert list(tmp_path.iterdir()) == []


def test_killed_writer_leaves_no_artifact_and_a_later_write_sweeps_its_folder(tmp_path: Path) -> None:
    # The child stops between writing its file and the manifest, as a kill at the worst moment would.
    script = textwrap.dedent("""
        import sys, time
        from pathlib import Path
        from retrieval.artifacts import write_artifact

        def write(file):
            file.write_bytes(b"half")
            print("ready", flush=True)
            time.sleep(60)

        write_artifact(Path(sys.argv[1]) / "x", kind="encoder", files={"a.bin": write}, meta={})
    """)
    with subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
        child.send_signal(signal.SIGKILL)
    (leftover,) = tmp_path.iterdir()
    assert leftover.name.endswith(".partial")
    with pytest.raises(ArtifactError, match="no encoder folder here"):
        verify_artifact(tmp_path / "x", kind=KIND)

    make(tmp_path / "x")
    assert verify_artifact(tmp_path / "x", kind=KIND).files.keys() == {"a.bin", "b.json"}
    assert leftover.exists(), "a folder touched just now may belong to a living writer"

    hours_ago = time.time() - 7200
    os.utime(leftover, (hours_ago, hours_ago))
    (tmp_path / "y").mkdir()
    sweep_partial_folders(tmp_path / "x")
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["x", "y"]


def test_sweeping_keeps_the_partial_folders_of_other_artifacts(tmp_path: Path) -> None:
    for name in (".x.1.partial", ".xy.1.partial", "x.partial"):
        (tmp_path / name).mkdir()
    sweep_partial_folders(tmp_path / "x", older_than=timedelta(0))
    assert sorted(entry.name for entry in tmp_path.iterdir()) == [".xy.1.partial", "x.partial"]


@pytest.mark.parametrize(
    "error",
    [
        SafetensorError("Error while serializing: No space left on device (os error 28)"),
        RuntimeError(
            "Error in void faiss::write_index(...) at index_write.cpp:1\nError: 'ret == 1': write error in x: 0 != 1 (No space left on device)"
        ),
    ],
)
def test_full_disk_is_told_as_such_whichever_library_writes(tmp_path: Path, error: Exception) -> None:
    def fill(file: Path) -> None:
        file.write_bytes(b"some")
        raise error

    with pytest.raises(
        ArtifactError, match=r"could not be written: .*No space left on device.*Check free space"
    ):
        write_artifact(tmp_path / "x", kind=KIND, files={"b": fill}, meta={})
    assert list(tmp_path.iterdir()) == []
