"""A PDF as blocks. A PDF knows no paragraphs: they are told from the space between lines, headings from outline and type size.

Reading itself is left to a process of its own (``pdf_process``), which is ended when it takes too long.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import quantiles
from typing import Any

from bot.sources.blocks import (
    LONGEST_HEADING,
    PSEUDO_LEVEL,
    Block,
    DocumentError,
    Kind,
    ReadDocument,
    clean_line,
)
from bot.sources.text_reader import blocks_of_lines, looks_like_heading

SECONDS = 120
_LARGER = 1.12
_GAP = 1.35
_MOST_LEVELS = 3
_DIGITS = re.compile(r"\d+")
_PAGE_NUMBER = re.compile(
    r"(?:page|seite|第)?\s*[-–]?\s*\d{1,4}\s*[-–]?\s*(?:页|/\s*\d+|of\s+\d+)?", re.IGNORECASE
)
_OF_CONTENTS = re.compile(r"(?:\s*[.·…]){5,}\s*\d{0,4}\s*$")
"""A line of a table of contents, dots leading to the page."""
_SENTENCE_END = re.compile(r"[.!?。！？:：]\s*$")
"""Where a column or page ends with it, the next one begins a paragraph."""
_SOFT_HYPHEN = re.compile(r"\xad\s*$")
_NO_TITLE = re.compile(r"untitled|microsoft word|\.(?:docx?|indd|pdf|tex)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Line:
    text: str
    size: float
    bold: bool
    gap: float


def read_pdf(path: Path, *, seconds: float = SECONDS) -> ReadDocument:
    """Raises DocumentError for one that is encrypted, broken, too large, or holds pictures of text only."""
    said = _said(path, seconds=seconds)
    if "refused" in said:
        raise DocumentError(said["refused"])
    pages = [[_Line(*line) for line in page if not _OF_CONTENTS.search(line[0])] for page in said["pages"]]
    lines = [line for page in _without_margins(pages) for line in page]
    if not lines:
        raise DocumentError(
            "holds no text, only pictures of it perhaps: have its text recognised (OCR) first"
        )
    outline = {_folded(title): min(depth, 6) for title, depth in said["headings"]}
    blocks = list(_blocks(lines, outline))
    title = clean_line(said["title"] or "")
    return ReadDocument(blocks, title=title if title and not _NO_TITLE.search(title) else None)


def _said(path: Path, *, seconds: float) -> dict[str, Any]:
    command = [sys.executable, "-m", "bot.sources.pdf_process", str(path.resolve())]
    try:
        ended = subprocess.run(  # noqa: S603  # our own module, and a path that is no option
            command, capture_output=True, timeout=seconds, check=False, stdin=subprocess.DEVNULL
        )
        said: dict[str, Any] = json.loads(ended.stdout)
    except subprocess.TimeoutExpired as error:
        raise DocumentError(f"takes longer than {seconds:g} s to read: print it to a new PDF") from error
    except ValueError as error:
        raise DocumentError("is a broken PDF: print it to a new PDF") from error
    return said


def _without_margins(pages: Sequence[Sequence[_Line]]) -> Iterator[list[_Line]]:
    """Running titles and page numbers are left out: what stands at the edge of most pages, but for its numbers."""
    edges: Counter[str] = Counter()
    for page in pages:
        edges.update({_edge(line) for line in [*page[:2], *page[-2:]]})
    often = {text for text, count in edges.items() if count >= 3 and count > 0.5 * len(pages)}
    for page in pages:
        last = len(page) - 2
        yield [
            line
            for place, line in enumerate(page)
            if not (
                (place < 2 or place >= last)
                and (_edge(line) in often or _PAGE_NUMBER.fullmatch(line.text.strip()))
            )
        ]


def _edge(line: _Line) -> str:
    return _DIGITS.sub("#", _folded(line.text))


def _folded(text: str) -> str:
    return clean_line(text).casefold()


def _blocks(lines: Sequence[_Line], outline: dict[str, int]) -> Iterator[Block]:
    """Short lines that stand alone one below the other are the rows of a table; only one by itself may be a heading."""
    rows: list[str] = []
    for part in _parts(lines, outline):
        if isinstance(part, list) and len(part) == 1 and _may_be_row(part[0]):
            rows += part
            continue
        yield from _of_rows(rows)
        rows = []
        yield from [part] if isinstance(part, Block) else blocks_of_lines(part)
    yield from _of_rows(rows)


def _may_be_row(line: str) -> bool:
    return looks_like_heading(line) and not line.rstrip().endswith(("?", "？"))


def _of_rows(rows: Sequence[str]) -> Iterator[Block]:
    if len(rows) > 1:
        yield Block(Kind.TABLE, "\n".join(clean_line(row) for row in rows))
    elif rows:
        yield from blocks_of_lines(rows)


def _parts(lines: Sequence[_Line], outline: dict[str, int]) -> Iterator[Block | list[str]]:
    """Headings, and between them the lines that stand together."""
    body = _body_size(lines)
    levels = _levels(lines, body)
    usual = _usual_gap(lines, body)
    kept: list[str] = []
    for line in lines:
        heading = _heading(line, outline, levels, body)
        ended = line.gap > _GAP * usual or (line.gap < 0 and kept[-1:] and _SENTENCE_END.search(kept[-1]))
        if kept and (heading is not None or ended):
            yield kept
            kept = []
        if heading is not None:
            yield heading
        else:
            kept.append(_SOFT_HYPHEN.sub("-", line.text))
    if kept:
        yield kept


def _body_size(lines: Sequence[_Line]) -> float:
    sizes: Counter[float] = Counter()
    for line in lines:
        sizes[line.size] += len(line.text)
    return sizes.most_common(1)[0][0] or 1.0


def _usual_gap(lines: Sequence[_Line], body: float) -> float:
    """Between two lines of one paragraph: more than half of all gaps are such, in any but the most broken-up text."""
    pairs = pairwise(lines)
    gaps = [after.gap for before, after in pairs if before.size == after.size == body and after.gap > 0]
    return quantiles(gaps, n=4)[0] if len(gaps) > 1 else max([*gaps, 1.5 * body])


def _levels(lines: Sequence[_Line], body: float) -> dict[float, int]:
    larger = sorted({line.size for line in lines if line.size > _LARGER * body}, reverse=True)
    return {size: min(place, _MOST_LEVELS) for place, size in enumerate(larger, start=1)}


def _heading(line: _Line, outline: dict[str, int], levels: dict[float, int], body: float) -> Block | None:
    text = clean_line(line.text)
    if not text or len(text) > LONGEST_HEADING:
        return None
    if (depth := outline.get(text.casefold())) is not None:
        return Block.heading(text, depth)
    if line.size in levels and any(character.isalpha() for character in text):
        return Block.heading(text, levels[line.size], guessed=True)
    if line.bold and line.size >= body and not text.endswith((".", "。", ",", "，", ":", "：", ";", "；")):
        return Block.heading(text, PSEUDO_LEVEL, guessed=True)
    return None
