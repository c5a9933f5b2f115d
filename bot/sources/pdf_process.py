"""Reads one PDF in a process of its own, so that a file made to be slow or to fill the memory costs nothing but itself.

``python -m bot.sources.pdf_process FILE`` prints one JSON object: ``{"title", "headings", "pages"}``, or ``{"refused": why}``.
``headings`` are (title, depth from 1) of the outline; a page is a list of lines (text, size, bold, gap above in points).
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

MOST_PAGES = 2_000
MOST_CHARACTERS = 5_000_000
MEMORY = 1 << 30
SECONDS = 120


@dataclass(slots=True)
class _Line:
    text: str = ""
    size: float = 0.0
    bold: int = 0
    y: float | None = None


@dataclass(slots=True)
class _Lines:
    """The lines of a page as the extraction tells of them, piece by piece."""

    done: list[_Line] = field(default_factory=list)
    open: _Line = field(default_factory=_Line)

    def take(self, text: str, cm: list[float], tm: list[float], font: Any, size: float) -> None:
        height = abs(size * (tm[3] or 1) * (cm[3] or 1))
        y = tm[5] * cm[3] + cm[5]
        name = str((font or {}).get("/BaseFont", ""))
        for place, part in enumerate(text.split("\n")):
            if place:
                self.end()
            if part.strip():
                self.open.y = y if self.open.y is None else self.open.y
                self.open.size = max(self.open.size, height)
                self.open.bold += len(part.strip()) if "bold" in name.casefold() else 0
            self.open.text += part

    def end(self) -> None:
        if self.open.text.strip():
            self.done.append(self.open)
        self.open = _Line()

    def said(self) -> list[tuple[str, float, bool, float]]:
        self.end()
        lines, above = [], None
        for line in self.done:
            gap = (above - line.y) if above is not None and line.y is not None else 0.0
            above = line.y
            visible = len("".join(line.text.split()))
            lines.append((line.text, round(line.size, 1), line.bold >= 0.9 * visible, round(gap, 1)))
        return lines


def read(path: str) -> dict[str, Any]:
    from pypdf import PdfReader
    from pypdf.errors import DependencyError

    try:
        reader = PdfReader(path)
        if reader.is_encrypted and not reader.decrypt(""):
            return {"refused": "is encrypted: save a copy without a password"}
        if len(reader.pages) > MOST_PAGES:
            return {"refused": f"has {len(reader.pages):,} pages, the limit is {MOST_PAGES:,}: split it"}
        pages, characters = [], 0
        for page in reader.pages:
            lines = _Lines()
            page.extract_text(visitor_text=lines.take)
            pages.append(lines.said())
            characters += sum(len(line[0]) for line in pages[-1])
            if characters > MOST_CHARACTERS:
                return {"refused": f"has more than {MOST_CHARACTERS:,} characters: split it"}
        title = reader.metadata.title if reader.metadata else None
        return {"title": title, "headings": _outline(reader), "pages": pages}
    except DependencyError:
        return {"refused": "is encrypted: save a copy without a password"}
    except MemoryError:
        return {"refused": "needs more memory than a document may: print it to a new PDF"}
    except Exception as error:  # on broken files pypdf raises whatever it trips over
        return {
            "refused": f"is a broken PDF ({type(error).__name__}: {error}"[:200] + "): print it to a new PDF"
        }


def _outline(reader: Any) -> list[tuple[str, int]]:
    found: list[tuple[str, int]] = []

    def gather(entries: Iterable[Any], depth: int) -> None:
        for entry in entries:
            if isinstance(entry, list):
                if depth < 6:
                    gather(entry, depth + 1)
            elif entry.title and len(found) < 5_000:
                found.append((str(entry.title), depth))

    with suppress(Exception):  # an outline that leads nowhere; the text is there all the same
        gather(reader.outline, 1)
    return found


def _limit() -> None:
    with suppress(ImportError, ValueError, OSError):  # not on Windows; or a lower limit holds already
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))


def main() -> None:
    _limit()
    logging.disable(logging.CRITICAL)  # pypdf warns of every oddity that it can live with
    sys.setrecursionlimit(2_000)
    said = json.dumps(read(sys.argv[1]))
    sys.stdout.write(said)


if __name__ == "__main__":
    main()
