"""A Word document (.docx) as blocks.

It is a zip of XML. Only the parts that hold text and styles are unpacked, piece by piece, and no more of them than the limits
allow, whatever sizes the archive states; a document type declaration, the vehicle of entity bombs, is refused.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from xml.parsers import expat

from bot.sources.blocks import DocumentError, ReadDocument, clean_line
from bot.sources.docx_text import LEFT_OUT, MOST_CHARACTERS, DocxText

MOST_UNPACKED = 100 << 20
MOST_RATIO = 200
"""Unpacked to packed; text in XML has some 10, repeated empty rows 50."""
FREE_OF_RATIO = 1 << 20
MOST_PARTS = 5_000
DEEPEST = 400
_CHUNK = 1 << 16
_HEADING_STYLE = re.compile(r"(?:heading|überschrift|titre|标题|標題)\s*([1-9])", re.IGNORECASE)

_OF_CONTENTS = re.compile(r"toc\s*[1-9]", re.IGNORECASE)


def read_docx(path: Path) -> ReadDocument:
    """Raises DocumentError for what is no Word document, is encrypted, damaged, or unpacks to too much."""
    try:
        with zipfile.ZipFile(path) as archive:
            if len(archive.infolist()) > MOST_PARTS:
                raise DocumentError(f"has {len(archive.infolist()):,} parts, the limit is {MOST_PARTS:,}")
            if "word/document.xml" not in archive.namelist():
                raise DocumentError("is no Word document: save it as .docx again")
            styles = _Styles()
            _parse(archive, "word/styles.xml", styles)
            notes = _Notes()
            for part in ("word/footnotes.xml", "word/endnotes.xml"):
                _parse(archive, part, notes)
            text = DocxText(styles.levels, notes=notes.texts)
            _parse(archive, "word/document.xml", text)
            core = _CoreTitle()
            _parse(archive, "docProps/core.xml", core)
    except DocumentError:
        raise
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        NotImplementedError,
        RuntimeError,
        OSError,
        ValueError,
    ) as error:
        if path.read_bytes()[:4] == b"\xd0\xcf\x11\xe0":
            raise DocumentError(
                "is encrypted, or an old Word file: save it as .docx without a password"
            ) from error
        raise DocumentError(f"is a damaged Word document ({error}): save it again") from error
    blocks = text.finished()
    return ReadDocument(blocks, title=text.title or clean_line(core.title) or None)


class _Handler:
    """What is told of one part of the archive."""

    def start(self, name: str, given: dict[str, str]) -> None: ...

    def end(self, name: str) -> None: ...

    def characters(self, text: str) -> None: ...


class _Styles(_Handler):
    """Heading level by style id: from the style's name, its outline level, or the style it is based on."""

    def __init__(self) -> None:
        self.levels: dict[str, int] = {}
        self._style = ""

    def start(self, name: str, given: dict[str, str]) -> None:
        if name == "style":
            self._style = given.get("styleId", "")
        elif not self._style:
            return
        elif name == "name":
            value = given.get("val", "")
            found = _HEADING_STYLE.search(value)
            if found:
                self.levels[self._style] = min(int(found[1]), 6)
            elif value.casefold() == "title":
                self.levels[self._style] = 0
            elif _OF_CONTENTS.fullmatch(value):
                self.levels[self._style] = LEFT_OUT
        elif name == "basedOn" and given.get("val") in self.levels:
            self.levels.setdefault(self._style, self.levels[given["val"]])
        elif name == "outlineLvl" and given.get("val", "9") in "012345":
            self.levels.setdefault(self._style, int(given["val"]) + 1)

    def end(self, name: str) -> None:
        if name == "style":
            self._style = ""


class _Notes(_Handler):
    """The words of each footnote and endnote."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self._note = ""
        self._in_text = False
        self._held = 0

    def start(self, name: str, given: dict[str, str]) -> None:
        if name in ("footnote", "endnote"):
            self._note = name + given.get("id", "")
            self.texts[self._note] = ""
        self._in_text = name == "t"

    def end(self, name: str) -> None:
        self._in_text = False
        if name == "p" and self._note:
            self.texts[self._note] += " "

    def characters(self, text: str) -> None:
        if self._in_text and self._note and self._held <= MOST_CHARACTERS:
            self._held += len(text)
            self.texts[self._note] += text


class _CoreTitle(_Handler):
    def __init__(self) -> None:
        self.title = ""
        self._inside = False

    def start(self, name: str, given: dict[str, str]) -> None:
        self._inside = name == "title"

    def end(self, name: str) -> None:
        self._inside = False

    def characters(self, text: str) -> None:
        if self._inside:
            self.title += text[:400]


def _parse(archive: zipfile.ZipFile, part: str, handler: _Handler | DocxText) -> None:
    """Tells the handler of a part's elements, without their namespaces; a part that is missing is passed over."""
    if part not in archive.namelist():
        return
    parser = expat.ParserCreate(namespace_separator=" ")
    depth = 0

    def start(name: str, given: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > DEEPEST:
            raise DocumentError(f"its elements are nested more than {DEEPEST} deep")
        handler.start(
            name.rpartition(" ")[2], {key.rpartition(" ")[2]: value for key, value in given.items()}
        )

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        handler.end(name.rpartition(" ")[2])

    def refuse(*_: object) -> None:
        raise DocumentError("declares XML entities: save it again with Word")

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = handler.characters
    parser.StartDoctypeDeclHandler = refuse
    try:
        for chunk in _unpacked(archive, part):
            parser.Parse(chunk)
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise DocumentError(f"is a damaged Word document ({part}: {error}): save it again") from error


def _unpacked(archive: zipfile.ZipFile, part: str) -> Iterator[bytes]:
    packed = archive.getinfo(part).compress_size
    most = min(MOST_UNPACKED, max(FREE_OF_RATIO, MOST_RATIO * packed))
    total = 0
    with archive.open(part) as stream:
        while chunk := stream.read(_CHUNK):
            total += len(chunk)
            if total > most:
                raise DocumentError(
                    f"unpacks {part} to more than {most:,} bytes from {packed:,}: it is made to fill the memory, or "
                    "far too large; split it"
                )
            yield chunk
