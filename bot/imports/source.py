"""Opening the file of an import: plain or gzip bytes, their encoding, and its lines as an editor numbers them."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple, TextIO, cast

from bot.imports.encodings import EncodingError, detect_encoding

MAX_FILE_BYTES = 1 << 30
"""Unpacked; a file of 100,000 turns has some 20 MB."""
MAX_LINE_CHARACTERS = 10_000_000
MAX_DOCUMENT_CHARACTERS = 100 << 20
"""For formats that can only be read as a whole (a JSON array, YAML)."""

_KNOWN_BINARY = {
    b"%PDF": "a PDF document: give it the extension .pdf, or copy its questions and answers into a CSV or XLSX file",
    b"\xd0\xcf\x11\xe0": "an old Excel or Word file: save it as .xlsx or as CSV (UTF-8)",
    b"PK\x03\x04": "a zip archive (an .xlsx workbook needs that extension): unpack it and import the files in it",
    b"\x89PNG": "an image: import text files only",
    b"\xff\xd8\xff": "an image: import text files only",
    b"SQLite format 3": "a SQLite database: export the table as CSV",
    b"\x7fELF": "a program: import text files only",
}


class ImportFileError(Exception):
    """The file as a whole can't be used; the message names what was seen and what would be accepted."""


class Line(NamedTuple):
    """One line, numbered from 1; `text` is None where the line is longer than MAX_LINE_CHARACTERS."""

    number: int
    text: str | None


@dataclass(frozen=True, slots=True)
class TextSource:
    """A text file whose bytes have been checked once, whole, in the encoding they will be read with."""

    path: Path
    encoding: str

    @classmethod
    def inspect(cls, path: Path) -> TextSource:
        """Raises ImportFileError for a file that is missing, empty, too large, binary or undecodable."""
        with open_bytes(path) as stream:
            head = stream.read(16)
            if not head:
                raise ImportFileError(f"{path.name} is empty: there is nothing to import")
            for magic, advice in _KNOWN_BINARY.items():
                if head.startswith(magic):
                    raise ImportFileError(f"{path.name} is {advice}")
        try:
            return cls(path, detect_encoding(lambda: _chunks(path)))
        except EncodingError as error:
            raise ImportFileError(f"{path.name}: {error}") from error

    def lines(self) -> Iterator[Line]:
        """Streams the lines; universal newlines, so that every line end an editor honours counts."""
        with self._open() as stream:
            number = 0
            while text := stream.readline(MAX_LINE_CHARACTERS + 1):
                number += 1
                if len(text) <= MAX_LINE_CHARACTERS:
                    yield Line(number, text)
                    continue
                while text and not text.endswith("\n"):
                    text = stream.readline(MAX_LINE_CHARACTERS + 1)
                yield Line(number, None)

    def read_document(self, *, limit: int = MAX_DOCUMENT_CHARACTERS) -> str:
        """The whole text, for formats that can't be read line by line; raises ImportFileError over the limit."""
        with self._open() as stream:
            text = stream.read(limit + 1)
        if len(text) > limit:
            raise ImportFileError(
                f"{self.path.name} has more than {limit:,} characters: split it into several files"
            )
        return text

    @contextmanager
    def _open(self) -> Iterator[TextIO]:
        try:
            with open_bytes(self.path) as raw, io.TextIOWrapper(raw, encoding=self.encoding) as stream:
                yield stream
        except UnicodeDecodeError as error:
            raise ImportFileError(f"{self.path.name} changed while it was read: {error}") from error


@contextmanager
def open_bytes(path: Path) -> Iterator[BinaryIO]:
    """Bytes of the file, unpacked where it is gzip; I/O trouble of any kind becomes ImportFileError."""
    if path.is_dir():
        raise ImportFileError(f"{path} is a folder: name one file in it")
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == b"\x1f\x8b"
            raw.seek(0)
            if not packed:
                yield raw
                return
            with gzip.GzipFile(fileobj=raw) as unpacked:
                yield cast(BinaryIO, unpacked)
    except FileNotFoundError as error:
        raise ImportFileError(f"{path} does not exist") from error
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ImportFileError(
            f"{path.name} is a damaged gzip file ({error}): fetch or pack it again"
        ) from error
    except (OSError, ValueError) as error:
        raise ImportFileError(f"{path} can't be read: {error}") from error


def _chunks(path: Path) -> Iterator[bytes]:
    """The unpacked bytes; refuses to grow past MAX_FILE_BYTES (gzip bombs)."""
    total = 0
    with open_bytes(path) as stream:
        while chunk := stream.read(1 << 20):
            total += len(chunk)
            if total > MAX_FILE_BYTES:
                raise ImportFileError(
                    f"{path.name} is larger than {MAX_FILE_BYTES:,} bytes: split it into several files"
                )
            yield chunk
