"""Reading an import: which format a file is in, and its records one by one, good lines kept though others are bad."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

from bot.imports.columns import DIALOGUES, FAQ, Layout, canonical_keys, explain_columns
from bot.imports.dialogue_reader import read_dialogue_entries, read_dialogue_table
from bot.imports.faq_reader import read_faq_entries, read_faq_table
from bot.imports.json_entries import Entry, json_entries
from bot.imports.qnamaker_reader import is_qnamaker_document, is_qnamaker_header, read_qnamaker
from bot.imports.rasa_reader import is_rasa, read_rasa
from bot.imports.records import Dialogue, FaqRow, RejectedLine
from bot.imports.source import ImportFileError, TextSource
from bot.imports.tables import Table, open_csv
from bot.imports.workbooks import open_workbook_table
from bot.sources.files import SUFFIXES, SURE_SUFFIXES, find_files
from bot.sources.sitemap import is_sitemap

__all__ = ["ImportFileError", "ImportFormat", "detect_format", "read_import"]

Record = Dialogue | FaqRow | RejectedLine
_LOOKED_AT_ENTRIES = 100
_LOOKED_AT_CHARACTERS = 100_000
ACCEPTED = "dialogues as JSON Lines or CSV, a FAQ as CSV, XLSX or JSON Lines, a Rasa project (YAML), a QnA Maker export (TSV, JSON), or documents (Markdown, HTML, PDF, DOCX, plain text, a sitemap)"


class ImportFormat(StrEnum):
    """What a file holds; how it is written (CSV, XLSX, JSON) shows in the file itself."""

    DIALOGUES = "dialogues"
    FAQ = "faq"
    RASA = "rasa"
    QNAMAKER = "qnamaker"
    DOCUMENTS = "documents"


def detect_format(path: Path) -> ImportFormat:
    """The format by extension and content. Raises ImportFileError naming what was seen and what is accepted."""
    if _is_documents(path):
        return ImportFormat.DOCUMENTS
    if path.is_dir() or _suffix(path) in (".yml", ".yaml"):
        return _detect_yaml(path)
    if _is_workbook(path):
        return _format_of(open_workbook_table(path, (DIALOGUES, FAQ)))
    source = TextSource.inspect(path)
    head = _head(source)
    if is_qnamaker_document(head):
        return ImportFormat.QNAMAKER
    if _is_json(path, head):
        return _detect_json(source)
    try:
        return _format_of(_open_table(path, source, (DIALOGUES, FAQ)))
    except ImportFileError:
        if path.suffix.casefold() in SUFFIXES:
            return ImportFormat.DOCUMENTS
        raise


def read_import(path: Path, *, format: ImportFormat | None = None) -> Iterator[Record]:
    """The records of a file in its order (dialogues of a table: in the order of their last rows).

    Holds no more than the dialogues that are not complete yet, or the one document where a format is no stream (JSON arrays,
    YAML, the shared strings of XLSX).

    Raises:
        ImportFileError: The file as a whole can't be used: at once where its beginning shows it, else while iterating.
    """
    kind = format or detect_format(path)
    if kind is ImportFormat.RASA:
        return read_rasa(path)
    if _is_workbook(path):
        return _read_workbook(path, kind)
    source = TextSource.inspect(path)
    if kind is ImportFormat.QNAMAKER:
        return read_qnamaker(source)
    as_json = _is_json(path, _head(source))
    if kind is ImportFormat.DIALOGUES:
        if as_json:
            return read_dialogue_entries(json_entries(source))
        return read_dialogue_table(lambda: _open_table(path, source, (DIALOGUES,)))
    return (
        read_faq_entries(json_entries(source))
        if as_json
        else read_faq_table(_open_table(path, source, (FAQ,)))
    )


def _is_documents(path: Path) -> bool:
    """A file that can be nothing else, or a folder that holds documents and is no Rasa project."""
    if path.is_dir():
        return next(find_files(path), None) is not None and not is_rasa(path)
    return path.suffix.casefold() in SURE_SUFFIXES or is_sitemap(path)


def _read_workbook(path: Path, kind: ImportFormat) -> Iterator[Record]:
    if kind is ImportFormat.DIALOGUES:
        return read_dialogue_table(lambda: open_workbook_table(path, (DIALOGUES,)))
    return read_faq_table(open_workbook_table(path, (FAQ,)))


def _open_table(path: Path, source: TextSource, layouts: tuple[Layout, ...]) -> Table:
    return open_csv(source.lines(), layouts, name=path.name)


def _suffix(path: Path) -> str:
    named = path.with_suffix("") if path.suffix.casefold() == ".gz" else path
    return named.suffix.casefold()


def _is_workbook(path: Path) -> bool:
    """By extension or by content, so that a workbook named otherwise is still read as one."""
    if _suffix(path) in (".xlsx", ".xlsm"):
        return True
    try:
        with zipfile.ZipFile(path) as archive:
            return "xl/workbook.xml" in archive.namelist()
    except (OSError, ValueError, zipfile.BadZipFile, NotImplementedError):
        return False


def _is_json(path: Path, head: str) -> bool:
    return _suffix(path) in (".jsonl", ".ndjson", ".json") or head.lstrip("\ufeff \t\r\n").startswith(
        ("{", "[")
    )


def _head(source: TextSource) -> str:
    """The beginning of the file."""
    head = ""
    for line in source.lines():
        head += line.text or ""
        if len(head) > _LOOKED_AT_CHARACTERS:
            break
    return head[:_LOOKED_AT_CHARACTERS]


def _format_of(table: Table) -> ImportFormat:
    if table.layout is DIALOGUES:
        return ImportFormat.DIALOGUES
    return ImportFormat.QNAMAKER if is_qnamaker_header(table.header) else ImportFormat.FAQ


def _detect_yaml(path: Path) -> ImportFormat:
    if is_rasa(path):
        return ImportFormat.RASA
    if path.is_dir():
        raise ImportFileError(
            f"{path} is a folder without the YAML files of a Rasa project; accepted are {ACCEPTED}"
        )
    TextSource.inspect(path)
    raise ImportFileError(f"{path.name} has neither `nlu:` nor `responses:` on top; accepted are {ACCEPTED}")


def _detect_json(source: TextSource) -> ImportFormat:
    """By the keys of the first entry that has the needed ones: broken lines above it don't matter."""
    seen: tuple[str, ...] = ()
    for number, entry in enumerate(json_entries(source)):
        if number >= _LOOKED_AT_ENTRIES:
            break
        if not isinstance(entry, Entry):
            continue
        keys = tuple(entry.value)
        if {"conversation_id", "turns"} <= canonical_keys(keys, DIALOGUES).keys():
            return ImportFormat.DIALOGUES
        if {"question", "answer"} <= canonical_keys(keys, FAQ).keys():
            return ImportFormat.FAQ
        seen = seen or keys
    name = source.path.name
    if not seen:
        raise ImportFileError(f"{name} has no JSON object in its first lines; accepted are {ACCEPTED}")
    shown = explain_columns(seen, [FAQ]).replace("columns", "keys")
    raise ImportFileError(f"{name}: {shown}; or for dialogues: conversation_id, turns")
