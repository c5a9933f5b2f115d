"""The file of a backup: a gzipped tar (ustar) of plain files, every one of which the manifest vouches for.

    tables/<table>/000000.jsonl     rows as JSON objects, in pieces of some MB; parents before children
    folders/<path>/<file>           checkpoints and index snapshots, path relative to the data dir
    manifest.json                   last: format, schema, counts, SHA-256 and size of every member before it

Reading trusts nothing. Headers are parsed one block at a time and only plain files with expected names and
bounded sizes are let through, so that neither links, "..", extended headers nor bombs get anywhere; nothing
is unpacked by ``tarfile``, whose filters were got round before. ``verify`` reads the whole file once and changes
nothing; what is used later is hashed again while it is read.
"""

import gzip
import hashlib
import io
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Protocol

from pydantic import ValidationError

from bot.backups.manifest import (
    FOLDER_MEMBER,
    FORMAT,
    FORMAT_VERSION,
    MANIFEST_NAME,
    ROWS_MEMBER,
    Manifest,
    Member,
)
from bot.errors import InvalidInputError

BLOCK = tarfile.BLOCKSIZE
PIECE = 1 << 20
LARGEST_ROWS_MEMBER = 64 << 20
LARGEST_FOLDER_MEMBER = (8 << 30) - 1
"""What a ustar header can state."""

LARGEST_MANIFEST = 32 << 20
LARGEST_TRAILER = 1 << 20
LARGEST_BACKUP = 64 << 30
MOST_MEMBERS = 100_000
COMPRESSION = 6


class Readable(Protocol):
    def read(self, size: int = -1, /) -> bytes: ...


@dataclass
class ArchiveWriter:
    """Adds members and remembers what the manifest has to say about them."""

    _tar: tarfile.TarFile
    members: dict[str, Member] = field(default_factory=dict)

    def add_bytes(self, name: str, content: bytes) -> None:
        self._add(name, io.BytesIO(content), len(content))

    def add_file(self, name: str, file: Path) -> None:
        with file.open("rb") as stream:
            self._add(name, stream, file.stat().st_size)

    def finish(self, manifest: Manifest) -> None:
        content = manifest.model_dump_json(indent=1).encode()
        self._add(MANIFEST_NAME, io.BytesIO(content), len(content))

    def _add(self, name: str, stream: BinaryIO, size: int) -> None:
        header = tarfile.TarInfo(name)
        header.size, header.mode = size, 0o600
        hashed = _Hashed(stream)
        self._tar.addfile(header, hashed)
        self.members[name] = Member(sha256=hashed.digest.hexdigest(), size=size)


@contextmanager
def archive_to(stream: BinaryIO) -> Iterator[ArchiveWriter]:
    with (
        gzip.GzipFile(fileobj=stream, mode="wb", compresslevel=COMPRESSION, filename="", mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w|", format=tarfile.USTAR_FORMAT) as tar,
    ):
        yield ArchiveWriter(tar)


@dataclass
class _Hashed:
    """Hashes what is read through it."""

    stream: Readable
    digest: "hashlib._Hash" = field(default_factory=hashlib.sha256)

    def read(self, size: int = -1) -> bytes:
        content = self.stream.read(size)
        self.digest.update(content)
        return content


@dataclass
class MemberStream:
    """One member while the archive stands at it. Read it to its end before the next is asked for."""

    name: str
    size: int
    _archive: Readable
    _left: int
    _digest: "hashlib._Hash" = field(default_factory=hashlib.sha256)

    def pieces(self) -> Iterator[bytes]:
        while self._left:
            piece = _exactly(self._archive, min(PIECE, self._left))
            self._left -= len(piece)
            self._digest.update(piece)
            yield piece

    def content(self) -> bytes:
        return b"".join(self.pieces())

    def summary(self) -> Member:
        """Of what was read; reads the rest first."""
        for _ in self.pieces():
            pass
        return Member(sha256=self._digest.hexdigest(), size=self.size)


def members(stream: BinaryIO) -> Iterator[MemberStream]:
    """The members from the start of the file on.

    Raises:
        InvalidInputError: not such an archive, damaged, cut off, or with a member that has no business there.
    """
    stream.seek(0)
    count = unpacked = 0
    with gzip.GzipFile(fileobj=stream, mode="rb") as packed:
        while (header := _header(_exactly(packed, BLOCK))) is not None:
            count, unpacked = count + 1, unpacked + header.size
            if count > MOST_MEMBERS or unpacked > LARGEST_BACKUP:
                raise InvalidInputError(
                    f"not a sound backup: more than {MOST_MEMBERS:,} files or {LARGEST_BACKUP:,} bytes in it"
                )
            member = MemberStream(header.name, header.size, packed, header.size)
            yield member
            member.summary()
            _exactly(packed, -header.size % BLOCK)
        _refuse_trailer(packed)


def verify(stream: BinaryIO) -> Manifest:
    """Reads everything and returns the manifest that vouches for it. Raises InvalidInputError."""
    seen: dict[str, Member] = {}
    manifest: Manifest | None = None
    for member in members(stream):
        if manifest is not None or member.name in seen:
            raise InvalidInputError(
                f"not a sound backup: {member.name!r} is there twice or after the manifest"
            )
        if member.name == MANIFEST_NAME:
            manifest = _parse(member.content())
        else:
            seen[member.name] = member.summary()
    if manifest is None:
        raise InvalidInputError("not a sound backup: it has no manifest, so it was never finished")
    for name in seen.keys() | manifest.members.keys():
        if seen.get(name) != manifest.members.get(name):
            raise InvalidInputError(f"the backup is damaged: {name!r} is not what its manifest says")
    return manifest


def _header(block: bytes) -> tarfile.TarInfo | None:
    """The next member's header; None at the end of the archive."""
    if not block.strip(b"\0"):
        return None
    with _damage_named():
        header = tarfile.TarInfo.frombuf(block, "ascii", "strict")
    if header.type != tarfile.REGTYPE or not 0 <= header.size <= _largest(header.name):
        raise InvalidInputError(
            f"not a sound backup: {header.name!r} has a name, kind or size ({header.size:,} bytes) that no backup has"
        )
    return header


def _largest(name: str) -> int:
    if name == MANIFEST_NAME:
        return LARGEST_MANIFEST
    if ROWS_MEMBER.fullmatch(name):
        return LARGEST_ROWS_MEMBER
    return LARGEST_FOLDER_MEMBER if FOLDER_MEMBER.fullmatch(name) else -1


def _exactly(stream: Readable, size: int) -> bytes:
    content = b""
    with _damage_named():
        while len(content) < size:
            piece = stream.read(size - len(content))
            if not piece:
                raise EOFError("the file ends too early")
            content += piece
    return content


def _refuse_trailer(packed: Readable) -> None:
    """Reads to the end, where gzip's checksum is; only the zeros that tar pads with may be there."""
    with _damage_named():
        trailer, rest = packed.read(LARGEST_TRAILER), packed.read(1)
    if rest or trailer.strip(b"\0"):
        raise InvalidInputError("not a sound backup: something follows its end")


@contextmanager
def _damage_named() -> Iterator[None]:
    try:
        yield
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile, UnicodeDecodeError) as error:
        raise InvalidInputError(f"not a Kefu backup, or a damaged one: {error}") from error


def _parse(content: bytes) -> Manifest:
    try:
        manifest = Manifest.model_validate_json(content)
    except ValidationError as error:
        raise InvalidInputError(
            f"not a Kefu backup: its manifest can't be read ({error.errors()[0]['msg']})"
        ) from error
    if manifest.format_version > FORMAT_VERSION:
        raise InvalidInputError(
            f"the backup has {FORMAT} format {manifest.format_version}, this version reads {FORMAT_VERSION}; "
            f"install Kefu {manifest.kefu_version} or newer"
        )
    return manifest
