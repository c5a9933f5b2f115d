"""CSV in the shapes spreadsheets and people give it: separators, quotes, broken lines."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.imports import source, tables
from bot.imports.readers import ImportFileError, ImportFormat, detect_format, read_import
from bot.imports.records import FaqRow, RejectedLine
from bot.imports.source import Line
from bot.imports.tables import Record, csv_records


def _records(text: str, *, width: int = 2, delimiter: str = ",") -> list[Record | RejectedLine]:
    lines = [Line(number, line) for number, line in enumerate(io.StringIO(text), start=1)]
    return list(csv_records(lines, delimiter=delimiter, width=width))


def _lines(records: list[Record | RejectedLine]) -> list[tuple[int, bool]]:
    return [(record.line, isinstance(record, Record)) for record in records]


def test_quoted_fields_hold_separators_quotes_and_line_ends() -> None:
    assert _records('a,"b, ""c""\nd"\ne,f\n') == [Record(1, ["a", 'b, "c"\nd']), Record(3, ["e", "f"])]


def test_line_that_tells_excel_the_delimiter_is_passed_over(tmp_path: Path) -> None:
    file = tmp_path / "faq.csv"
    file.write_text("\ufeffsep=;\nquestion;answer\nhow?;so, or so\n", encoding="utf-8")

    assert list(read_import(file)) == [FaqRow("how?", "so, or so", line=3)]


def test_unclosed_quote_costs_only_its_own_line() -> None:
    records = _records('"never closed,x\na,b\n"c, d",e\n')
    assert _lines(records) == [(1, False), (2, True), (3, True)]
    assert records[1:] == [Record(2, ["a", "b"]), Record(3, ["c, d", "e"])]
    assert isinstance(records[0], RejectedLine)
    assert records[0].reason.startswith("a quote in the line beginning '\"never closed,x' is never closed")


def test_unclosed_quote_in_the_last_line_is_reported() -> None:
    assert _lines(_records('a,b\nc,"d')) == [(1, True), (2, False)]


def test_unclosed_quote_that_a_later_field_seems_to_close_is_still_found() -> None:
    # the quote before ", x" would close the one opened in line 1, giving two cells from two records
    assert _lines(_records('"lost\nq,", x"\ne,f\n')) == [(1, False), (2, True), (3, True)]


def test_undoubled_quote_is_named() -> None:
    (rejected,) = _records('"say "hi" now",b\n')
    assert isinstance(rejected, RejectedLine)
    assert 'write "" for each quote' in rejected.reason


def test_wrong_number_of_columns_is_rejected_with_both_counts() -> None:
    assert _records("a,b,c\nd\ne,f\n") == [
        RejectedLine(
            1,
            "the line beginning 'a' has 3 columns, the header has 2: put fields that hold the separator in double quotes",
        ),
        RejectedLine(
            2,
            "the line beginning 'd' has 1 columns, the header has 2: put fields that hold the separator in double quotes",
        ),
        Record(3, ["e", "f"]),
    ]


def test_blank_lines_and_empty_cells_behind_the_table_are_passed_over() -> None:
    assert _records("\n,,\na,b,,\n  ,\n") == [Record(3, ["a", "b"])]


def test_inch_marks_inside_unquoted_fields_are_kept() -> None:
    assert _records('27" screen,yes\n') == [Record(1, ['27" screen', "yes"])]


def test_line_longer_than_the_limit_is_rejected_and_not_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "MAX_LINE_CHARACTERS", 50)
    file = tmp_path / "faq.csv"
    file.write_text("question,answer\n" + "x" * 203 + "\nhow?,so\n")
    assert list(read_import(file)) == [RejectedLine(2, tables.HUGE_LINE), FaqRow("how?", "so", line=3)]


def test_unclosed_quote_before_a_huge_line_rejects_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "MAX_LINE_CHARACTERS", 50)
    file = tmp_path / "faq.csv"
    file.write_text('question,answer\n"a,b\n' + "x" * 100 + "\nhow?,so\n")
    found = list(read_import(file))
    assert [(record.line, type(record)) for record in found] == [
        (2, RejectedLine),
        (3, RejectedLine),
        (4, FaqRow),
    ]


def test_field_beyond_the_csv_limit_is_rejected_and_the_global_limit_stays() -> None:
    before = csv.field_size_limit()
    records = _records(f'"{"x" * 140_000}",b\nc,d\n')
    assert _lines(records) == [(1, False), (2, True)]
    assert isinstance(records[0], RejectedLine)
    assert "131,072 characters" in records[0].reason
    assert csv.field_size_limit() == before


def test_endless_unclosed_quotes_are_given_up() -> None:
    opening = '"' + "\n" * 200 + 'x"y\n'
    with pytest.raises(ImportFileError, match="1,000 quotes are never closed"):
        _records(opening * 1_002)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_separator_is_found_from_the_header(tmp_path: Path, delimiter: str) -> None:
    file = tmp_path / "faq.csv"
    file.write_text(delimiter.join(["Question ", "ANSWER"]) + "\n" + delimiter.join(["how?", "so"]) + "\n")
    assert detect_format(file) is ImportFormat.FAQ
    assert list(read_import(file)) == [FaqRow("how?", "so", line=2)]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_numbers_are_those_of_an_editor(tmp_path: Path, end: str) -> None:
    file = tmp_path / "faq.csv"
    file.write_bytes(end.join(["", "question,answer", "", '"two', 'lines",a', "bad", "b,c", ""]).encode())
    found = list(read_import(file))
    assert [record.line for record in found if not hasattr(record, "turns")] == [4, 6, 7]
    assert found[0] == FaqRow("two lines", "a", line=4)


def test_unknown_columns_are_answered_with_the_nearest_names(tmp_path: Path) -> None:
    file = tmp_path / "faq.csv"
    file.write_text("question,anwser\na,b\n")
    with pytest.raises(ImportFileError) as caught:
        detect_format(file)
    assert str(caught.value) == (
        "faq.csv: found the columns 'question', 'anwser'; needed for dialogues: conversation_id, role, text; "
        "or for FAQ: question, answer. Did you mean 'answer' by 'anwser'? Rename it."
    )


def test_column_named_twice_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "faq.csv"
    file.write_text("question,answer,Answer\na,b,c\n")
    with pytest.raises(ImportFileError, match="'answer' stands twice"):
        read_import(file)


def test_file_of_blank_lines_has_no_header(tmp_path: Path) -> None:
    file = tmp_path / "faq.csv"
    file.write_text("\n \n,,\n")
    with pytest.raises(ImportFileError, match="no header line"):
        detect_format(file)


_CELL = st.text(st.characters(codec="utf-8", exclude_characters="\r\x00"), max_size=12).map(str.strip)
_GOOD = st.lists(_CELL, min_size=2, max_size=2).filter(all)
_BAD = st.sampled_from(['"lost quote', '"lost",x,"y', '"a "b" c",d', "one column", "a,b,c", 'x,"y', '"x"y,z'])


def _written(row: list[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(row)
    return out.getvalue()


@given(st.lists(st.one_of(_GOOD, _BAD), max_size=12))
def test_every_good_record_survives_any_bad_lines(rows: list[list[str] | str]) -> None:
    text, expected, line = "", [], 1
    for row in rows:
        part = row + "\n" if isinstance(row, str) else _written(row)
        expected.append((line, None if isinstance(row, str) else row))
        text, line = text + part, line + part.count("\n")
    found = [(record.line, record.cells if isinstance(record, Record) else None) for record in _records(text)]
    assert found == expected
