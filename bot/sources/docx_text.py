"""The paragraphs, lists and tables of a Word document while it is read."""

from __future__ import annotations

from collections.abc import Mapping

from bot.sources.blocks import LONGEST_HEADING, PSEUDO_LEVEL, Block, Kind, clean_line

MOST_CHARACTERS = 5_000_000
_NO_HEADING_END = (".", "。", ",", "，", ";", "；", ":", "：", "!", "！")
_LONGEST_BOLD_HEADING = 120
# What a tracked change took away, and how its place was formatted before.
_BEFORE_A_CHANGE = {"del", "delText", "moveFrom", "numberingChange"} | {
    f"{of}Change" for of in ("pPr", "rPr", "sectPr", "tblPr", "tblPrEx", "tblGrid", "trPr", "tcPr")
}
_SKIPPED = frozenset({"instrText", "txbxContent", "Fallback"} | _BEFORE_A_CHANGE)


class DocxText:
    """Told of elements and characters; makes blocks of them."""

    def __init__(self, levels: Mapping[str, int]) -> None:
        self.title: str | None = None
        self._levels = levels
        self._blocks: list[Block] = []
        self._items: list[str] = []
        self._skipped = 0
        self._in_text = self._in_run = self._is_bold = False
        self._paragraph: list[str] = []
        self._bold = self._size = 0
        self._level: int | None = None
        self._list_level: int | None = None
        self._tables = 0
        self._rows: list[list[str]] = []
        self._held = 0

    def start(self, name: str, given: dict[str, str]) -> None:
        if name in _SKIPPED or self._skipped:
            self._skipped += 1
            return
        if name == "p":
            self._paragraph, self._bold, self._size = [], 0, 0
            self._level = self._list_level = None
        elif name == "pStyle":
            self._level = self._levels.get(given.get("val", ""), self._level)
        elif name == "outlineLvl" and given.get("val", "9") in "012345":
            self._level = int(given["val"]) + 1
        elif name == "ilvl":
            self._list_level = int(given.get("val", "0")) if given.get("val", "0").isdecimal() else 0
        elif name == "numId" and given.get("val") != "0" and self._list_level is None:
            self._list_level = 0
        else:
            self._start_within(name, given)

    def _start_within(self, name: str, given: dict[str, str]) -> None:
        if name == "r":
            self._in_run, self._is_bold = True, False
        elif name == "b" and self._in_run:
            self._is_bold = given.get("val", "1") not in ("0", "false")
        elif name == "t":
            self._in_text = True
        elif name in ("tab", "br", "cr") and self._in_run:
            self._paragraph.append("\n" if name != "tab" else " ")
        elif name == "noBreakHyphen" and self._in_run:
            self._paragraph.append("-")
        elif name == "tbl":
            self._put_items()
            self._tables += 1
        elif name == "tr" and self._tables == 1:
            self._rows.append([])
        elif name == "tc" and self._tables == 1 and self._rows:
            self._rows[-1].append("")

    def end(self, name: str) -> None:
        if self._skipped:
            self._skipped -= 1
        elif name == "t":
            self._in_text = False
        elif name == "r":
            self._in_run = False
        elif name == "p":
            self._end_paragraph()
        elif name == "tbl":
            self._tables -= 1
            if self._tables == 0:
                self._put_table()

    def characters(self, text: str) -> None:
        if not self._in_text or self._skipped or self._held > MOST_CHARACTERS:
            return
        self._held += len(text)
        self._paragraph.append(text)
        self._size += len(text.strip())
        self._bold += len(text.strip()) if self._is_bold else 0

    def finished(self) -> list[Block]:
        self._put_items()
        return self._blocks

    def _end_paragraph(self) -> None:
        lines = [line for part in "".join(self._paragraph).split("\n") if (line := clean_line(part))]
        if not lines:
            return
        whole = " ".join(lines)
        if self._tables:
            if self._rows and self._rows[-1]:
                self._rows[-1][-1] = f"{self._rows[-1][-1]} {whole}".strip()
        elif self._level is not None:
            self._put_items()
            self._put_heading(whole, self._level)
        elif self._list_level is not None:
            self._items.append("  " * min(self._list_level, 4) + f"- {whole}")
        else:
            self._put_items()
            self._put_text(lines)

    def _put_heading(self, text: str, level: int) -> None:
        if level == 0:
            self.title = self.title or text
        self._blocks.append(Block.heading(text[:LONGEST_HEADING], max(level, 1)))

    def _put_text(self, lines: list[str]) -> None:
        text = "\n".join(lines)
        short = len(lines) == 1 and len(text) <= _LONGEST_BOLD_HEADING and not text.endswith(_NO_HEADING_END)
        if short and self._size and self._bold >= self._size:
            self._blocks.append(Block.heading(text, PSEUDO_LEVEL, guessed=True))
        else:
            self._blocks.append(Block(Kind.PARAGRAPH, text))

    def _put_items(self) -> None:
        if self._items:
            self._blocks.append(Block(Kind.LIST, "\n".join(self._items)))
            self._items = []

    def _put_table(self) -> None:
        rows = [row for row in self._rows if any(row)]
        self._rows = []
        if rows and (len(rows) == 1 or all(len(row) == 1 for row in rows)):
            self._blocks += [Block(Kind.PARAGRAPH, cell) for row in rows for cell in row if cell]
        elif rows:
            self._blocks.append(Block(Kind.TABLE, "\n".join(" | ".join(row) for row in rows)))
