"""The paragraphs, lists and tables of a Word document while it is read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.sources.blocks import LONGEST_HEADING, PSEUDO_LEVEL, Block, Kind, clean_line
from bot.sources.tables import MOST_SPANNED, Cell, SpannedTable

MOST_CHARACTERS = 5_000_000
LEFT_OUT = -1
_NO_HEADING_END = (".", "。", ",", "，", ";", "；", ":", "：", "!", "！")
_LONGEST_BOLD_HEADING = 120
# What a tracked change took away, and how its place was formatted before.
_BEFORE_A_CHANGE = {"del", "delText", "moveFrom", "numberingChange"} | {
    f"{of}Change" for of in ("pPr", "rPr", "sectPr", "tblPr", "tblPrEx", "tblGrid", "trPr", "tcPr")
}
_SKIPPED = frozenset({"instrText", "Fallback"} | _BEFORE_A_CHANGE)


@dataclass(slots=True)
class _Paragraph:
    text: list[str] = field(default_factory=list)
    bold: int = 0
    size: int = 0
    level: int | None = None
    list_level: int | None = None
    notes: list[str] = field(default_factory=list)


class DocxText:
    """Told of elements and characters; makes blocks of them."""

    def __init__(self, levels: Mapping[str, int], *, notes: Mapping[str, str]) -> None:
        """``levels`` of headings by style, 0 of the title and LEFT_OUT of what is not read; ``notes`` by kind and id: footnote2."""
        self.title: str | None = None
        self._levels = levels
        self._notes = dict(notes)
        self._blocks: list[Block] = []
        self._items: list[str] = []
        self._skipped = 0
        self._in_text = self._in_run = self._is_bold = self._is_hidden = self._is_set_higher = False
        self._paragraph = _Paragraph()
        self._around_box: list[_Paragraph] = []
        self._tables = 0
        self._table = SpannedTable()
        self._held = 0

    def start(self, name: str, given: dict[str, str]) -> None:
        if name in _SKIPPED or self._skipped:
            self._skipped += 1
            return
        if name == "p":
            self._paragraph = _Paragraph()
        elif name == "txbxContent":
            self._around_box.append(self._paragraph)
        elif name == "pStyle":
            self._paragraph.level = self._levels.get(given.get("val", ""), self._paragraph.level)
        elif name == "outlineLvl" and given.get("val", "9") in "012345":
            self._paragraph.level = int(given["val"]) + 1
        elif name == "ilvl":
            self._paragraph.list_level = (
                int(given.get("val", "0")) if given.get("val", "0").isdecimal() else 0
            )
        elif name == "numId" and given.get("val") != "0" and self._paragraph.list_level is None:
            self._paragraph.list_level = 0
        else:
            self._start_within(name, given)

    def _start_within(self, name: str, given: dict[str, str]) -> None:
        if name == "r":
            self._in_run, self._is_bold, self._is_hidden = True, False, False
            self._is_set_higher = False
        elif name == "b" and self._in_run:
            self._is_bold = _is_on(given)
        elif name == "vanish" and self._in_run:
            self._is_hidden = _is_on(given)
        elif name == "vertAlign" and given.get("val") == "superscript":
            self._keep_digits_apart()
        elif name in ("footnoteReference", "endnoteReference"):
            note = self._notes.pop(name.removesuffix("Reference") + given.get("id", ""), "")
            self._paragraph.notes.append(note)
        elif name == "t":
            self._in_text = True
        elif name in ("tab", "br", "cr") and self._in_run:
            self._paragraph.text.append("\n" if name != "tab" else " ")
        elif name == "noBreakHyphen" and self._in_run:
            self._paragraph.text.append("-")
        elif name == "tbl":
            self._put_items()
            self._tables += 1
        elif self._tables == 1:
            self._start_in_table(name, given)

    def _start_in_table(self, name: str, given: dict[str, str]) -> None:
        if name == "tr":
            self._table.begin_row()
        elif name == "tc":
            self._table.begin_cell(Cell())
        elif name == "gridSpan" and self._table.in_cell and re.fullmatch("[0-9]{1,5}", given.get("val", "")):
            self._table.cell.columns = max(1, min(int(given["val"]), MOST_SPANNED))
        elif name == "vMerge" and self._table.in_cell:
            self._table.cell.continues = given.get("val") != "restart"

    def _keep_digits_apart(self) -> None:
        """5 with a small 99 is not 599, but 1 with a small st is 1st."""
        self._is_set_higher = True

    def end(self, name: str) -> None:
        if self._skipped:
            self._skipped -= 1
        elif name == "t":
            self._in_text = False
        elif name == "r":
            self._in_run = False
        elif name == "p":
            self._end_paragraph()
        elif name == "txbxContent" and self._around_box:
            self._paragraph, self._in_run = self._around_box.pop(), True
        elif name == "tbl":
            self._tables -= 1
            if self._tables == 0:
                self._put_table()

    def characters(self, text: str) -> None:
        if not self._in_text or self._skipped or self._is_hidden or self._held > MOST_CHARACTERS:
            return
        self._held += len(text)
        if self._is_set_higher and text[:1].isdigit() and "".join(self._paragraph.text[-1:])[-1:].isdigit():
            self._paragraph.text.append(" ")
        self._is_set_higher = False
        self._paragraph.text.append(text)
        self._paragraph.size += len(text.strip())
        self._paragraph.bold += len(text.strip()) if self._is_bold else 0

    def finished(self) -> list[Block]:
        self._put_items()
        return self._blocks

    def _end_paragraph(self) -> None:
        paragraph, self._paragraph = self._paragraph, _Paragraph()
        lines = [line for part in "".join(paragraph.text).split("\n") if (line := clean_line(part))]
        notes = [note for each in paragraph.notes if (note := clean_line(each))]
        if paragraph.level == LEFT_OUT or not (lines or notes):
            return
        stands_below = (
            bool(lines)
            and not self._tables
            and (paragraph.level is not None or 0 < paragraph.size <= paragraph.bold)
        )
        if not stands_below:  # below a heading they are a paragraph of their own
            lines += notes
        whole = " ".join(lines)
        if self._tables:
            if self._table.in_cell:
                self._table.add(whole)
        elif paragraph.level is not None:
            self._put_items()
            self._put_heading(whole, paragraph.level)
        elif paragraph.list_level is not None:
            self._items.append("  " * min(paragraph.list_level, 4) + f"- {whole}")
        else:
            self._put_items()
            self._put_text(lines, is_bold=0 < paragraph.size <= paragraph.bold)
        if stands_below and notes:
            self._blocks.append(Block(Kind.PARAGRAPH, "\n".join(notes)))

    def _put_heading(self, text: str, level: int) -> None:
        if level == 0:
            self.title = self.title or text
        self._blocks.append(Block.heading(text[:LONGEST_HEADING], max(level, 1)))

    def _put_text(self, lines: list[str], *, is_bold: bool) -> None:
        text = "\n".join(lines)
        short = len(lines) == 1 and len(text) <= _LONGEST_BOLD_HEADING and not text.endswith(_NO_HEADING_END)
        if short and is_bold:
            self._blocks.append(Block.heading(text, PSEUDO_LEVEL, guessed=True))
        else:
            self._blocks.append(Block(Kind.PARAGRAPH, text))

    def _put_items(self) -> None:
        if self._items:
            self._blocks.append(Block(Kind.LIST, "\n".join(self._items)))
            self._items = []

    def _put_table(self) -> None:
        rows = self._table.texts()
        self._table = SpannedTable()
        if rows and (len(rows) == 1 or all(len(row) == 1 for row in rows)):
            self._blocks += [Block(Kind.PARAGRAPH, cell) for row in rows for cell in row if cell]
        elif rows:
            self._blocks.append(Block(Kind.TABLE, "\n".join(" | ".join(row) for row in rows)))


def _is_on(given: Mapping[str, str]) -> bool:
    return given.get("val", "1") not in ("0", "false")
