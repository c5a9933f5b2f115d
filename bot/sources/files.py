"""Finds documents on disk and reads each as what it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bot.imports.source import ImportFileError, TextSource
from bot.sources.blocks import DocumentError, ReadDocument, clean_line
from bot.sources.docx_reader import read_docx
from bot.sources.html_reader import read_html
from bot.sources.markdown_reader import read_markdown
from bot.sources.pdf_reader import read_pdf
from bot.sources.text_reader import read_text

MOST_BYTES = 50 << 20
"""Of one document's file. A book of 1,000 pages has some 5 MB."""
MOST_CHARACTERS = 5_000_000

_TEXTS: dict[str, Callable[[str], ReadDocument]] = {
    ".md": read_markdown,
    ".markdown": read_markdown,
    ".html": read_html,
    ".htm": read_html,
    ".xhtml": read_html,
    ".txt": read_text,
    ".text": read_text,
}
_BINARY: dict[str, Callable[[Path], ReadDocument]] = {".pdf": read_pdf, ".docx": read_docx}
SUFFIXES = (*_TEXTS, *_BINARY)
SURE_SUFFIXES = frozenset(SUFFIXES) - {".txt", ".text"}
"""Files that can't be a table of questions or dialogues."""


@dataclass(frozen=True, slots=True)
class FoundFile:
    """``key`` is the path by which the document is known again: the folder's own name, then the way below it."""

    key: str
    path: Path

    def read(self) -> ReadDocument:
        return read_document(self.path)


def find_files(path: Path) -> Iterator[FoundFile]:
    """The file itself, or all documents of a folder and those below it, in the order of their names.

    Hidden files, links and what is no document (images, scripts) are passed over.
    """
    if not path.is_dir():
        yield FoundFile(clean_line(path.name), path)
        return
    root = path.resolve()
    for file in sorted(root.rglob("*")):
        below = file.relative_to(root)
        hidden = any(part.startswith(".") for part in below.parts)
        if file.suffix.casefold() in SUFFIXES and not hidden and not file.is_symlink() and file.is_file():
            yield FoundFile(clean_line(f"{root.name}/{below.as_posix()}"), file)


def read_document(path: Path) -> ReadDocument:
    """Raises DocumentError naming what is wrong with the file, without its name."""
    _check_size(path)
    suffix = path.suffix.casefold()
    if (read_binary := _BINARY.get(suffix)) is not None:
        return read_binary(path)
    reader = _TEXTS.get(suffix)
    if reader is None:
        raise DocumentError(f"{path.suffix or 'a file without extension'!r} is no document: {accepted()}")
    return reader(read_characters(path))


def accepted() -> str:
    return f"accepted are {', '.join(SUFFIXES)}"


def read_characters(path: Path) -> str:
    """The text of a file in one of the accepted encodings (``bot.imports.encodings``)."""
    try:
        text = TextSource.inspect(path).read_document(limit=MOST_CHARACTERS)
    except ImportFileError as error:
        raise DocumentError(
            str(error).removeprefix(f"{path.name} ").removeprefix(f"{path.name}: ")
        ) from error
    if not text.strip():
        raise DocumentError("holds no text")
    return text


def _check_size(path: Path) -> None:
    try:
        size = path.stat().st_size
    except OSError as error:
        raise DocumentError(f"can't be read: {error}") from error
    if size > MOST_BYTES:
        raise DocumentError(
            f"has {size:,} bytes, the limit for a document is {MOST_BYTES:,}: split it, or leave its images out"
        )
