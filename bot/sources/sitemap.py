"""The pages of a site by its sitemap (sitemaps.org): files beside it where they are on disk, else pages of an allowed host."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import unquote, urlsplit
from xml.parsers import expat

from bot.sources.blocks import DocumentError, ReadDocument
from bot.sources.fetching import Fetcher
from bot.sources.files import FoundFile, read_document

MOST_ENTRIES = 50_000
"""As the protocol has it."""
MOST_BYTES = 50 << 20
DEEPEST = 20
_HEAD = 2_000
_TRIED = ("", ".html", ".htm", ".md", "/index.html", "/index.md")


class SitemapError(Exception):
    """The sitemap as a whole can't be used."""


@dataclass(frozen=True, slots=True)
class FoundPage:
    """A page on the web, known by its address."""

    key: str
    fetcher: Fetcher

    def read(self) -> ReadDocument:
        fetched = self.fetcher.fetch(self.key)
        with tempfile.TemporaryDirectory(prefix="kefu-page-") as folder:
            path = Path(folder) / f"page{fetched.suffix}"
            path.write_bytes(fetched.content)
            return _with_url(read_document(path), self.key)


@dataclass(frozen=True, slots=True)
class MirroredPage:
    """A page whose file lies beside the sitemap; known by its address all the same."""

    key: str
    path: Path

    def read(self) -> ReadDocument:
        return _with_url(read_document(self.path), self.key)


@dataclass(frozen=True, slots=True)
class RefusedEntry:
    key: str
    reason: str

    def read(self) -> ReadDocument:
        raise DocumentError(self.reason)


Found = FoundFile | FoundPage | MirroredPage | RefusedEntry


def is_sitemap(path: Path) -> bool:
    """By the beginning of the file."""
    if path.suffix.casefold() != ".xml" or not path.is_file():
        return False
    with path.open("rb") as stream:
        head = stream.read(_HEAD)
    return b"<urlset" in head or b"<sitemapindex" in head


def find_pages(path: Path, fetcher: Fetcher) -> Iterator[Found]:
    """Its entries in order, each once. Raises SitemapError for a sitemap that is broken or too large."""
    folder = path.resolve().parent
    for location in dict.fromkeys(_locations(path)):
        yield _found(location, folder, fetcher)


def _found(location: str, folder: Path, fetcher: Fetcher) -> Found:
    try:
        parts = urlsplit(location)
    except ValueError:
        return RefusedEntry(location[:200], "is no address")
    if parts.scheme not in ("", "http", "https", "file"):
        return RefusedEntry(location[:200], f"begins with {parts.scheme}:, which is not read")
    is_page = parts.scheme in ("http", "https")
    on_disk = _below(folder, unquote(parts.path), absolute=parts.scheme == "file")
    if on_disk is not None:
        if is_page:
            return MirroredPage(location, on_disk)
        return FoundFile(f"{folder.name}/{on_disk.relative_to(folder).as_posix()}", on_disk)
    if not is_page:
        return RefusedEntry(location[:200], "there is no such file below the sitemap's folder")
    try:
        fetcher.check(location)
    except DocumentError as error:
        return RefusedEntry(location[:200], str(error))
    return FoundPage(location, fetcher)


def _below(folder: Path, path: str, *, absolute: bool) -> Path | None:
    """The file that a path names, and only one below the folder, links followed."""
    if "\0" in path:
        return None
    base = Path(path) if absolute else folder / path.lstrip("/")
    for ending in _TRIED:
        try:
            file = Path(f"{str(base).rstrip('/')}{ending}").resolve()
            if file.is_relative_to(folder) and file.is_file():
                return file
        except (OSError, RuntimeError):  # a name that is too long, links in a circle
            continue
    return None


def _with_url(read: ReadDocument, url: str) -> ReadDocument:
    return replace(read, url=url)


def _locations(path: Path) -> list[str]:
    if path.stat().st_size > MOST_BYTES:
        raise SitemapError(f"{path.name} has more than {MOST_BYTES:,} bytes: split it")
    reader = _Reader(path.name)
    try:
        with path.open("rb") as stream:
            while chunk := stream.read(1 << 16):
                reader.parser.Parse(chunk)
        reader.parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise SitemapError(f"{path.name} is a broken sitemap: {error}") from error
    return reader.locations


class _Reader:
    def __init__(self, name: str) -> None:
        self.locations: list[str] = []
        self._name = name
        self._text: list[str] | None = None
        self._depth = 0
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._characters
        self.parser.StartDoctypeDeclHandler = self._refuse

    def _start(self, name: str, given: dict[str, str]) -> None:
        self._depth += 1
        kind = name.rpartition(" ")[2]
        if kind == "sitemapindex":
            raise SitemapError(
                f"{self._name} is an index of sitemaps: import those that it lists, one by one"
            )
        if self._depth > DEEPEST:
            raise SitemapError(f"{self._name} is nested deeper than a sitemap is")
        self._text = [] if kind == "loc" and self._depth == 3 else self._text

    def _end(self, name: str) -> None:
        self._depth -= 1
        if name.rpartition(" ")[2] == "loc" and self._text is not None:
            location = "".join(self._text).strip()
            if location:
                self.locations.append(location)
            self._text = None
            if len(self.locations) > MOST_ENTRIES:
                raise SitemapError(f"{self._name} has more than {MOST_ENTRIES:,} entries: split it")

    def _characters(self, text: str) -> None:
        if self._text is not None and len(self._text) < 100:
            self._text.append(text[:4_000])

    def _refuse(self, *_: object) -> None:
        raise SitemapError(f"{self._name} declares XML entities, which no sitemap needs")
