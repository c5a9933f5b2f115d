"""What a reader makes of a document: its blocks in reading order, whatever it was written in."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from retrieval.radicals import as_characters

PSEUDO_LEVEL = 7
"""Of a line that only looks like a heading (a bold question, a term that is defined): below all real ones, 1 to 6."""
LONGEST_HEADING = 200

_INVISIBLE = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\xad\u200b\u2060\ufeff\ufff9-\ufffb\ud800-\udfff]")

_LIGATURES = str.maketrans(
    {
        "\ufb00": "ff",
        "\ufb01": "fi",
        "\ufb02": "fl",
        "\ufb03": "ffi",
        "\ufb04": "ffl",
        "\ufb05": "st",
        "\ufb06": "st",
    }
)
"""As PDFs have them; nobody who looks for "file" writes one."""


class DocumentError(Exception):
    """A document that can't be taken in; the message names what was seen and what would be accepted."""


class Kind(StrEnum):
    HEADING = "heading"
    PARAGRAPH = "paragraph"
    LIST = "list"
    TABLE = "table"
    CODE = "code"


@dataclass(frozen=True, slots=True)
class Block:
    """One piece; of a list an item is a line, of a table a row is one, and its first line the header.

    ``level`` is that of a heading, 1 to ``PSEUDO_LEVEL``. A heading that is only ``guessed`` from its looks
    stays as text where nothing stands below it.
    """

    kind: Kind
    text: str
    level: int = 0
    guessed: bool = False

    @classmethod
    def heading(cls, text: str, level: int, *, guessed: bool = False) -> Block:
        return cls(Kind.HEADING, text, level, guessed)


@dataclass(frozen=True, slots=True)
class ReadDocument:
    """A document as its file says it is; what the file does not say is None."""

    blocks: Sequence[Block]
    title: str | None = None
    url: str | None = None
    language: str | None = None
    valid_from: datetime | None = None
    valid_until: datetime | None = None


def clean_line(text: str) -> str:
    """One line: composed characters, nothing that is invisible or that a database does not take, single blanks."""
    visible = as_characters(unicodedata.normalize("NFC", _INVISIBLE.sub("", text))).translate(_LIGATURES)
    return " ".join(visible.split())


def clean_lines(text: str) -> str:
    """As ``clean_line``, line ends kept; indentation, which shows what belongs to what, too."""
    cleaned = []
    for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        indent = len(line) - len(line.lstrip(" "))
        cleaned.append(" " * min(indent, 8) + clean_line(line))
    return "\n".join(line.rstrip() for line in cleaned).strip("\n")
