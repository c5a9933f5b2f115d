"""A table while it is read: what a cell says that spans several rows or columns is said in each of them."""

from __future__ import annotations

from dataclasses import dataclass, field

MOST_SPANNED = 50
_MOST_COPIED = 100_000
"""Characters in one table; a document made to fill the memory spans everything."""


@dataclass(slots=True)
class Cell:
    columns: int = 1
    rows: int = 1
    continues: bool = False
    """The one above, whose words it says."""
    text: str = ""


@dataclass(slots=True)
class SpannedTable:
    in_cell: bool = False
    _rows: list[list[Cell]] = field(default_factory=list)
    _copied: int = 0

    @property
    def has_earlier_rows(self) -> bool:
        return any(self._rows[:-1])

    def begin_row(self) -> None:
        self._rows.append([])
        self.in_cell = False

    def begin_cell(self, cell: Cell) -> None:
        if not self._rows:
            self.begin_row()
        self._rows[-1].append(cell)
        self.in_cell = True

    @property
    def cell(self) -> Cell:
        """The one that began last."""
        return self._rows[-1][-1]

    def add(self, text: str) -> None:
        self.cell.text = f"{self.cell.text} {text}".strip()

    def texts(self) -> list[list[str]]:
        """The rows that say something; a cell that is alone in its row is not repeated along it."""
        hanging: dict[int, tuple[int, str]] = {}
        grid: list[list[str]] = []
        for cells in self._rows:
            row: list[str] = []
            above, hanging = hanging, {}
            for cell in cells:
                self._take_down(row, above, hanging)
                if cell.continues and grid and len(row) < len(grid[-1]):
                    cell.text = self._copy(grid[-1][len(row)])
                for copy in range(cell.columns if len(cells) > 1 else 1):
                    if cell.rows > 1:
                        hanging[len(row)] = (cell.rows - 1, cell.text)
                    row.append(self._copy(cell.text) if copy else cell.text)
            self._take_down(row, above, hanging)
            # A row that ends before it has been reached counts, too.
            hanging |= {column: (rows - 1, text) for column, (rows, text) in above.items() if rows > 1}
            grid.append(row)
        return [row for row in grid if any(row)]

    def _take_down(
        self, row: list[str], above: dict[int, tuple[int, str]], hanging: dict[int, tuple[int, str]]
    ) -> None:
        """Continues the row with what hangs into it from above: rows left and text, by column."""
        while (each := above.pop(len(row), None)) is not None:
            rows, text = each
            if rows > 1 and self._copied < _MOST_COPIED:
                hanging[len(row)] = (rows - 1, text)
            row.append(self._copy(text))

    def _copy(self, text: str) -> str:
        self._copied += len(text) + 1
        return text if self._copied < _MOST_COPIED else ""
