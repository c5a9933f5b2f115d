"""The text of a page while it is read: which block the words belong to, and where on the page it stands."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.sources.blocks import LONGEST_HEADING, PSEUDO_LEVEL, Block, Kind, clean_line, clean_lines
from bot.sources.links import linked
from bot.sources.tables import Cell, SpannedTable

_MOSTLY = 0.8
_FEWEST_LINKS = 3
_DEEPEST_INDENT = 4
_NO_HEADING_END = (".", "。", ",", "，", ";", "；", ":", "：", "!", "！")
_LONGEST_BOLD_HEADING = 120
_NAMES_NOTHING = re.compile(
    r"(?:(?:read|show|see|view|load|learn) (?:more|less|all)|(?:查看|显示|顯示|展开|展開)(?:更多|全部)|收起|展开|展開)",
    re.IGNORECASE,
)
"""What a button that unfolds something says where it is no question."""


@dataclass(slots=True)
class _Item:
    mark: str
    text: str = ""


class PageText:
    """Collects words; a block is put down when it ends. Words after a block's end begin a paragraph."""

    @dataclass(frozen=True, slots=True)
    class Placed:
        """A block, and whether it stands in the main part, in something around it, or is a list of links."""

        block: Block
        in_main: bool
        around: bool
        of_links: bool = False

    def __init__(self, *, links: bool) -> None:
        self.bold = 0
        self._keeps_links = links
        self._in_links = 0
        self._link: str | None = None
        self._link_begins = 0
        self._placed: list[PageText.Placed] = []
        self._words: list[str] = []
        self._last_words = ""
        self._characters = self._bold_characters = self._linked_characters = 0
        self._heading: int | None = None
        self._is_heading = self._is_code = self._is_set_higher = False
        self._lists: list[int | None] = []
        self._items: list[_Item] = []
        self._links_in_list = self._characters_in_list = 0
        self._table: SpannedTable | None = None
        self._where = (False, False)

    def place(self, *, in_main: bool, around: bool) -> None:
        self._where = (in_main, around)

    def add(self, words: str) -> None:
        if self._is_set_higher and words.strip():
            if words.lstrip()[:1].isdigit() and self._words and self._words[-1][-1:].isdigit():
                self._words.append(" ")
            self._is_set_higher = False
        self._words.append(words if self._is_code else words.replace("\n", " ").replace("\r", " "))
        size = len(words.strip())
        self._last_words = words.rstrip() if size else self._last_words
        self._characters += size
        self._bold_characters += size if self.bold else 0
        self._linked_characters += size if self._in_links else 0

    def break_line(self) -> None:
        empty_line = bool(self._words) and self._words[-1] == "\n" and not self._is_code and not self._lists
        if empty_line or self._is_bold_question():
            self.end_block()
        else:
            self._words.append("\n")

    def _is_bold_question(self) -> bool:
        """Above its answer in one paragraph; it is its heading."""
        all_bold = 0 < self._characters <= self._bold_characters and not self._is_heading
        return all_bold and self._last_words.endswith(("?", "？"))

    def begin_link(self, address: str) -> None:
        self._in_links += 1
        self._link = address if self._keeps_links else None
        self._link_begins = len(self._words)

    def end_link(self) -> None:
        self._in_links = max(0, self._in_links - 1)
        self._put_address()
        self._link = None

    def _put_address(self) -> None:
        """Beside the words of the link that is open; one that has none yet goes on."""
        label = "".join(self._words[self._link_begins :])
        if self._link is not None and label.strip():
            before = " " if label[0].isspace() else ""
            after = " " if label[-1].isspace() else ""
            self._words[self._link_begins :] = [before, linked(label, self._link), after]
            self._link = None
        self._link_begins = 0

    def keep_digits_apart(self) -> None:
        """Of what is set higher: 5 with a small 99 is not 599, but 1 with a small st is 1st."""
        self._is_set_higher = True

    def begin_heading(self, level: int | None) -> None:
        """``level`` is None for terms, summaries and buttons. A heading ends the list or table it stands in: they only shape the page."""
        self.end_block()
        if not self._ignores_headings():
            self._put_list()
            self._lists.clear()
            self._put_table()
            self._heading = level or (self._heading if self._is_heading else None)
            self._is_heading = True

    @property
    def has_words(self) -> bool:
        return self._characters > 0

    @property
    def in_heading(self) -> bool:
        return self._is_heading

    def end_heading(self) -> None:
        self.end_block()
        self._is_heading = False

    def _ignores_headings(self) -> bool:
        return self._table is not None and self._table.in_cell and self._table.has_earlier_rows

    def begin_list(self, *, ordered: bool) -> None:
        self.end_block()
        if not self._lists:
            self._put_list()
        self._lists.append(0 if ordered else None)

    def end_list(self) -> None:
        self.end_block()
        if self._lists:
            self._lists.pop()
        if not self._lists:
            self._put_list()

    def begin_item(self) -> None:
        self.end_block()
        if not self._lists:
            return
        count = self._lists[-1]
        mark = "-"
        if count is not None:
            self._lists[-1] = count + 1
            mark = f"{count + 1}."
        self._items.append(_Item("  " * min(len(self._lists) - 1, _DEEPEST_INDENT) + mark))

    def begin_table(self) -> None:
        self.end_block()
        self._put_table()
        if not self._lists:
            self._table = SpannedTable()

    def end_table(self) -> None:
        self.end_block()
        self._put_table()

    def begin_row(self) -> None:
        self.end_block()
        if self._table is not None:
            self._table.begin_row()

    def begin_cell(self, *, columns: int, rows: int) -> None:
        self.end_block()
        if self._table is not None:
            self._table.begin_cell(Cell(columns, rows))

    def begin_code(self) -> None:
        self.end_block()
        self._is_code = not self._lists and self._table is None

    def end_block(self) -> None:
        """Puts down what was collected, as what it is; a heading that has no words yet goes on."""
        self._put_address()
        text = (clean_lines if self._is_code else _paragraph)("".join(self._words))
        characters, bold, links = self._characters, self._bold_characters, self._linked_characters
        is_heading, level, is_code = self._is_heading, self._heading, self._is_code
        self._words.clear()
        self._characters = self._bold_characters = self._linked_characters = 0
        self._is_code = False
        if not text:
            return
        self._is_heading = False
        if is_heading and level is None and _NAMES_NOTHING.fullmatch(_one_line(text)):
            return
        if is_heading and len(text) <= LONGEST_HEADING:
            self._put(Block.heading(_one_line(text), level or PSEUDO_LEVEL, guessed=level is None))
        elif self._table is not None and self._table.in_cell:
            self._table.add(_one_line(text))
        elif self._lists and self._items:
            item = self._items[-1]
            item.text = f"{item.text} {_one_line(text)}".strip()
            self._characters_in_list += characters
            self._links_in_list += links
        elif is_code:
            self._put(Block(Kind.CODE, text))
        elif bold >= characters and _can_be_heading(text):
            self._put(Block.heading(_one_line(text), PSEUDO_LEVEL, guessed=True))
        else:
            self._put(Block(Kind.PARAGRAPH, text))

    def finished(self) -> list[PageText.Placed]:
        """Everything there was, also what the page left open."""
        self.end_block()
        self._put_list()
        self._put_table()
        return self._placed

    def _put(self, block: Block, *, of_links: bool = False) -> None:
        self._placed.append(PageText.Placed(block, *self._where, of_links))

    def _put_list(self) -> None:
        items = [f"{item.mark} {item.text}" for item in self._items if item.text]
        if items:
            mostly = self._links_in_list >= _MOSTLY * self._characters_in_list
            self._put(Block(Kind.LIST, "\n".join(items)), of_links=mostly and len(items) >= _FEWEST_LINKS)
        self._items = []
        self._links_in_list = self._characters_in_list = 0

    def _put_table(self) -> None:
        if self._table is None:
            return
        rows = self._table.texts()
        self._table = None
        if len(rows) == 1 or all(len(row) == 1 for row in rows):
            for cell in (cell for row in rows for cell in row if cell):
                self._put(Block(Kind.PARAGRAPH, cell))
        elif rows:
            self._put(Block(Kind.TABLE, "\n".join(" | ".join(row) for row in rows)))


def _paragraph(text: str) -> str:
    """A line a ``br``; other line ends are white space."""
    return "\n".join(line for part in text.split("\n") if (line := clean_line(part)))


def _one_line(text: str) -> str:
    return clean_line(text)


def _can_be_heading(text: str) -> bool:
    return "\n" not in text and len(text) <= _LONGEST_BOLD_HEADING and not text.endswith(_NO_HEADING_END)
