"""Verified folders: encoders, checkpoints and index snapshots on disk.

Layout of an artifact folder (flat, nothing else may lie in it)::

    manifest.json     {"kind", "schema_version", "files": {name: {"sha256", "size"}}, "meta": {...}}
    <name> ...        the files that the manifest lists

Writing: everything goes into a hidden sibling folder ``.<name>.<random>.partial``, each file is fsynced and
hashed, the manifest comes last, then the folder is renamed into place. A reader therefore sees a whole
artifact or none, whenever the writer is killed. Left-over partial folders are ignored by readers and swept by
a later write.

Reading: :func:`verify_artifact` compares every size and hash before any parser gets a byte (FAISS and ONNX
readers have had memory-safety bugs on crafted files). Artifacts are immutable; a changed one is a new folder.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import stat
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeAlias

from safetensors import SafetensorError

from retrieval.errors import ArtifactError, UnreadableArtifactError

JsonValue: TypeAlias = bool | int | float | str | Sequence["JsonValue"] | Mapping[str, "JsonValue"] | None
Writer: TypeAlias = Callable[[Path], None]

MANIFEST_NAME = "manifest.json"
SCHEMA_VERSION = 1
MAX_MANIFEST_BYTES = 1_000_000
# A writer touches its folder at least once a file; nothing we write takes longer than this for one file.
STALE_AFTER = timedelta(hours=1)

_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_MAKE_AGAIN = "Make the folder again or restore it from a backup; do not edit it by hand."


@dataclass(frozen=True, slots=True)
class FileEntry:
    """What the manifest promises of one file; `sha256` in lower-case hex, `size` in bytes."""

    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """The parsed ``manifest.json``; `digest` is the SHA-256 of its bytes: it stands for the whole folder."""

    kind: str
    schema_version: int
    files: Mapping[str, FileEntry]
    meta: Mapping[str, Any]
    digest: str


def write_artifact(
    target: Path, *, kind: str, files: Mapping[str, Writer], meta: Mapping[str, JsonValue]
) -> Manifest:
    """Write a new artifact folder, whole or not at all.

    Args:
        target: folder to appear; its parents are made when missing.
        kind: what the folder is, for example "encoder"; checked again on reading.
        files: file name to a callable that writes the file at the path it is given.
        meta: JSON object kept in the manifest.

    Raises:
        ArtifactError: `target` exists already, or the disk refuses (full, read-only, no permission).
        ValueError: a file name is not plain (separators, leading dot, ``manifest.json``).
    """
    for name in files:
        if not _is_plain_name(name):
            raise ValueError(
                f"{name!r} cannot be a file of an artifact; use letters, digits, dot, dash, underscore"
            )
    if os.path.lexists(target):
        raise ArtifactError(
            target, "exists already", remedy="Artifacts are not rewritten; choose a new folder name."
        )
    partial = target.parent / f".{target.name}.{uuid.uuid4().hex}.partial"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        sweep_partial_folders(target)
        partial.mkdir()
        payload = _write_files(partial, kind=kind, files=files, meta=meta)
        _sync(partial)
        partial.rename(target)
        _sync(target.parent)
    except OSError as error:
        raise ArtifactError(
            target,
            f"could not be written: {error}",
            remedy="Check free space and permissions, then try again.",
        ) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return _parse_manifest(payload, folder=target)


def verify_artifact(path: Path, *, kind: str) -> Manifest:
    """Check a folder against its manifest, byte for byte, and return the manifest.

    Raises:
        ArtifactError: missing folder or file, unlisted file, link instead of a file, wrong size, hash or
            kind, malformed manifest, a name that leaves the folder.
        UnreadableArtifactError: no permission, or an error of the disk.
    """
    manifest = read_manifest(path, kind=kind)
    with _readable(path):
        _refuse_unlisted(path, manifest)
        for name, entry in manifest.files.items():
            _check_size(path, name, entry)
        for name, entry in manifest.files.items():
            if _hash_file(path / name) != entry.sha256:
                raise ArtifactError(path, "content differs from its manifest", remedy=_MAKE_AGAIN, file=name)
    return manifest


def read_manifest(path: Path, *, kind: str) -> Manifest:
    """Parse the manifest without looking at the files it lists: for listings, never before using them.

    Raises:
        ArtifactError: no folder, no manifest, malformed, or of another kind.
        UnreadableArtifactError: no permission, or an error of the disk.
    """
    with _readable(path):
        manifest = _parse_manifest(_manifest_bytes(path, kind), folder=path)
    if manifest.kind != kind:
        raise ArtifactError(
            path, f"holds a {manifest.kind!r}, not a {kind!r}", remedy="Point to a folder of the right kind."
        )
    return manifest


def sweep_partial_folders(target: Path, *, older_than: timedelta = STALE_AFTER) -> None:
    """Remove what killed writers of `target` left behind; a folder touched since `older_than` ago stays.

    A `target` of the name ``*`` stands for whatever is written to its parent.
    """
    deadline = time.time() - older_than.total_seconds()
    for leftover in target.parent.glob(f".{target.name}.*.partial"):
        try:
            stale = leftover.lstat().st_mtime <= deadline
        except FileNotFoundError:  # another process finished or swept it meanwhile
            continue
        if stale:
            shutil.rmtree(leftover, ignore_errors=True)


def _write_files(
    folder: Path, *, kind: str, files: Mapping[str, Writer], meta: Mapping[str, JsonValue]
) -> bytes:
    entries: dict[str, dict[str, str | int]] = {}
    for name, write in files.items():
        write_whole(folder / name, write)
        entries[name] = {"sha256": _hash_file(folder / name), "size": (folder / name).stat().st_size}
    document = {"kind": kind, "schema_version": SCHEMA_VERSION, "files": entries, "meta": meta}
    payload = json.dumps(document, ensure_ascii=False, indent=2, sort_keys=True, allow_nan=False).encode()
    (folder / MANIFEST_NAME).write_bytes(payload)
    _sync(folder / MANIFEST_NAME)
    return payload


def write_whole(file: Path, write: Writer) -> None:
    """Has `write` make the file and forces it to the disk.

    Raises:
        OSError: also where a library tells a full disk in its own way (faiss by a RuntimeError).
    """
    try:
        write(file)
    except (RuntimeError, SafetensorError) as error:
        raise OSError(str(error).strip().splitlines()[-1]) from error
    _sync(file)


@contextmanager
def _readable(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        problem = f"cannot be read ({error.strerror or error})"
        remedy = "Check permissions and the disk, then try again."
        raise UnreadableArtifactError(folder, problem, remedy=remedy) from error


def _manifest_bytes(path: Path, kind: str) -> bytes:
    if not path.is_dir():
        raise ArtifactError(
            path, f"no {kind} folder here", remedy="Check the path, or make the folder first."
        )
    file = path / MANIFEST_NAME
    if not _is_regular(file):
        raise ArtifactError(path, "is missing or not a plain file", remedy=_MAKE_AGAIN, file=MANIFEST_NAME)
    if file.stat().st_size > MAX_MANIFEST_BYTES:
        raise ArtifactError(path, "is too large to be a manifest", remedy=_MAKE_AGAIN, file=MANIFEST_NAME)
    return file.read_bytes()


def _parse_manifest(payload: bytes, *, folder: Path) -> Manifest:
    def malformed(problem: str) -> ArtifactError:
        return ArtifactError(folder, problem, remedy=_MAKE_AGAIN, file=MANIFEST_NAME)

    try:
        document = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise malformed(f"is not JSON ({error})") from error
    if not isinstance(document, dict) or document.keys() != {"kind", "schema_version", "files", "meta"}:
        raise malformed("must hold exactly kind, schema_version, files and meta")
    if document["schema_version"] != SCHEMA_VERSION:
        raise malformed(
            f"has schema version {document['schema_version']!r}; this program reads {SCHEMA_VERSION}"
        )
    kind, files, meta = document["kind"], document["files"], document["meta"]
    if not (isinstance(kind, str) and isinstance(files, dict) and isinstance(meta, dict)):
        raise malformed("has a field of the wrong type")
    for name, entry in files.items():
        if not (_is_plain_name(name) and _is_entry(entry)):
            raise malformed(f"has an unusable entry {name!r}")
    return Manifest(
        kind=kind,
        schema_version=SCHEMA_VERSION,
        files={name: FileEntry(sha256=entry["sha256"], size=entry["size"]) for name, entry in files.items()},
        meta=meta,
        digest=hashlib.sha256(payload).hexdigest(),
    )


def _is_entry(entry: object) -> bool:
    if not isinstance(entry, dict) or entry.keys() != {"sha256", "size"}:
        return False
    sha256, size = entry["sha256"], entry["size"]
    return isinstance(sha256, str) and bool(_SHA256.fullmatch(sha256)) and type(size) is int and size >= 0


def _is_plain_name(name: str) -> bool:
    return bool(_FILE_NAME.fullmatch(name)) and name != MANIFEST_NAME


def _is_regular(file: Path) -> bool:
    """Whether `file` is a file itself; a link could point to something that is swapped after the check."""
    try:
        return stat.S_ISREG(file.lstat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False


def _refuse_unlisted(path: Path, manifest: Manifest) -> None:
    # Libraries pick up files by name, so one that nobody vouched for is as bad as a changed one.
    for present in sorted(entry.name for entry in path.iterdir()):
        if present != MANIFEST_NAME and present not in manifest.files:
            raise ArtifactError(path, "is not in the manifest", remedy="Remove it.", file=present)


def _check_size(path: Path, name: str, entry: FileEntry) -> None:
    if not _is_regular(path / name):
        raise ArtifactError(path, "is missing or not a plain file", remedy=_MAKE_AGAIN, file=name)
    size = (path / name).stat().st_size
    if size != entry.size:
        raise ArtifactError(path, f"has {size} bytes instead of {entry.size}", remedy=_MAKE_AGAIN, file=name)


def _hash_file(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _sync(path: Path) -> None:
    """Force a file or a folder's entries to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
