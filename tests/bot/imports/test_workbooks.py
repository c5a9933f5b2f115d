"""XLSX workbooks, good and hostile."""

import warnings
import zipfile
from datetime import UTC, datetime, time
from pathlib import Path

import pytest
from openpyxl import Workbook

from bot.imports import workbooks
from bot.imports.readers import ImportFileError, ImportFormat, detect_format, read_import
from bot.imports.records import Dialogue, FaqRow, RejectedLine, Turn


def _save(path: Path, **sheets: list[list[object]]) -> Path:
    book = Workbook()
    book.remove(book.worksheets[0])
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


def test_first_sheet_with_the_needed_columns_is_read(tmp_path: Path) -> None:
    file = _save(
        tmp_path / "faq.xlsx",
        cover=[["Our FAQ"], ["by the support team"]],
        empty=[],
        faq=[
            [],
            ["问题", "答案", "相似问法", "备注"],
            ["怎么退款？", "请点“申请”。\n三天到账。", "退钱\n我要退款", "x"],
            [None, None, " "],
            ["How many days?", 14, None, None, "outside"],
            ["no answer"],
        ],
        other=[["question", "answer"], ["never", "read"]],
    )
    assert detect_format(file) is ImportFormat.FAQ
    assert list(read_import(file)) == [
        FaqRow("怎么退款?", "请点“申请”。\n三天到账。", ("退钱", "我要退款"), line=3),
        FaqRow("How many days?", "14", line=5),
        RejectedLine(6, "the answer is empty: fill it in or remove the line"),
    ]


def test_dialogues_may_come_in_a_workbook(tmp_path: Path) -> None:
    at = datetime(2026, 3, 1, 9, 30)  # noqa: DTZ001  a cell has no time zone
    file = _save(
        tmp_path / "d.xlsx",
        s=[["conversation_id", "role", "text", "at"], [7, "user", "hi", at], [7.0, "客服", 5, None]],
    )
    assert detect_format(file) is ImportFormat.DIALOGUES
    turns = (Turn("customer", "hi", datetime(2026, 3, 1, 9, 30, tzinfo=UTC)), Turn("agent", "5"))
    assert list(read_import(file)) == [Dialogue("7", turns)]


def test_dates_in_texts_are_written_without_what_a_cell_adds(tmp_path: Path) -> None:
    until = [datetime(2026, 3, 1), datetime(2026, 3, 1, 9, 30), time(18, 0)]  # noqa: DTZ001  a cell has no time zone
    rows = [[f"Until when {place}?", moment] for place, moment in enumerate(until)]

    file = _save(tmp_path / "faq.xlsx", s=[["question", "answer"], *rows])

    assert [row.answer for row in read_import(file) if isinstance(row, FaqRow)] == [
        "2026-03-01",
        "2026-03-01 09:30",
        "18:00",
    ]


def test_formulas_are_never_computed(tmp_path: Path) -> None:
    file = _save(
        tmp_path / "f.xlsx", s=[["question", "answer"], ["how?", '=HYPERLINK("http://x","y")'], ["a", "b"]]
    )
    assert list(read_import(file)) == [
        RejectedLine(2, "the answer is empty: fill it in or remove the line"),
        FaqRow("a", "b", line=3),
    ]


def test_workbook_is_recognised_whatever_its_name(tmp_path: Path) -> None:
    file = _save(tmp_path / "upload.bin", s=[["question", "answer"], ["a", "b"]])
    assert list(read_import(file)) == [FaqRow("a", "b", line=2)]


def test_workbook_without_the_columns_names_what_it_has(tmp_path: Path) -> None:
    file = _save(tmp_path / "f.xlsx", s=[["Frage", "anser"], ["a", "b"]])
    with pytest.raises(ImportFileError, match=r"found the columns 'Frage', 'anser'; .*'answer' by 'anser'"):
        detect_format(file)
    with pytest.raises(ImportFileError, match="no sheet with cells"):
        detect_format(_save(tmp_path / "g.xlsx", s=[]))


def test_damaged_workbook_is_named(tmp_path: Path) -> None:
    good = _save(tmp_path / "good.xlsx", s=[["question", "answer"], ["a", "b"]])
    (tmp_path / "cut.xlsx").write_bytes(good.read_bytes()[:-200])
    with pytest.raises(ImportFileError, match=r"cut.xlsx is not a readable .xlsx workbook"):
        read_import(tmp_path / "cut.xlsx")
    with zipfile.ZipFile(tmp_path / "hollow.xlsx", "w") as archive:
        archive.writestr("xl/workbook.xml", "<nothing>")
    with pytest.raises(ImportFileError, match=r"hollow.xlsx is a damaged workbook"):
        read_import(tmp_path / "hollow.xlsx")


def test_unpacked_size_and_parts_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b" " * 3_000_000)
    assert file.stat().st_size < 10_000
    monkeypatch.setattr(workbooks, "MAX_UNPACKED_BYTES", 2_999_999)
    with pytest.raises(ImportFileError, match="unpacks to 3,000,000 bytes in 1 parts"):
        read_import(file)


@pytest.mark.parametrize("declaration", ["<!DOCTYPE x>", '<!DOCTYPE x [<!ENTITY a "aaaa">]>'])
def test_document_types_are_refused_before_parsing(tmp_path: Path, declaration: str) -> None:
    file = tmp_path / "entities.xlsx"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("xl/workbook.xml", f'<?xml version="1.0"?>{declaration}<workbook/>')
    with pytest.raises(ImportFileError, match=r"declares XML entities in xl/workbook\.xml"):
        read_import(file)


def test_rows_beyond_what_a_sheet_can_hold_end_the_import(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = _save(tmp_path / "f.xlsx", s=[["question", "answer"], *[["a", "b"]] * 5])
    monkeypatch.setattr(workbooks, "MAX_ROWS", 3)
    with pytest.raises(ImportFileError, match="more than 3 rows"):
        list(read_import(file))


def test_row_number_that_lies_far_out_does_not_loop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = _save(tmp_path / "f.xlsx", s=[["question", "answer"], ["a", "b"]])
    monkeypatch.setattr(workbooks, "MAX_ROWS", 1_000)
    forged = tmp_path / "forged.xlsx"
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(forged, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name.startswith("xl/worksheets/"):
                content = content.replace(b'<row r="2"', b'<row r="999999999999"')
            new.writestr(name, content)
    with pytest.raises(ImportFileError, match="more than 1,000 rows"):
        list(read_import(forged))


def test_nothing_is_left_open_when_reading_stops_early(tmp_path: Path) -> None:
    file = _save(tmp_path / "f.xlsx", s=[["question", "answer"], ["a", "b"], ["c", "d"]])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        records = read_import(file)
        assert next(records) == FaqRow("a", "b", line=2)
        del records
        detect_format(file)


def test_escaped_characters_of_a_cell_are_read_as_what_they_stand_for(tmp_path: Path) -> None:
    file = _save(
        tmp_path / "faq.xlsx",
        faq=[["question", "answer"], ["How long?", "Two days._x000D_\nAbroad _x0041_ week."]],
    )

    assert list(read_import(file)) == [FaqRow("How long?", "Two days.\nAbroad A week.", line=2)]
