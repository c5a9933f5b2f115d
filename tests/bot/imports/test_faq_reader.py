"""FAQ rows from CSV, JSON Lines and JSON arrays."""

import csv
import io
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.imports.readers import ImportFormat, detect_format, read_import
from bot.imports.records import FaqRow, RejectedLine

FULL = FaqRow(
    question="How do I return it?",
    answer="Within 30 days.\nFree of charge.",
    phrasings=("send it back", "return an item"),
    intent="returns",
    language="en",
    tags=("after sale", "returns"),
    answer_key="ret-1",
    line=2,
)


def test_every_column_of_a_csv_is_read(tmp_path: Path) -> None:
    file = tmp_path / "faq.csv"
    file.write_text(
        "Question,Answer,Further phrasings,Intent,Language,Tags,answer_key,Notes\n"
        '"How do I return it?","Within 30 days.\nFree of charge.",send it back|return an item|How do I return it?,'
        'returns,EN,"after sale, returns",ret-1,ignored\n',
        encoding="utf-8-sig",
    )
    assert detect_format(file) is ImportFormat.FAQ
    assert list(read_import(file)) == [FULL]


def test_phrasings_may_have_columns_of_their_own(tmp_path: Path) -> None:
    file = tmp_path / "faq.csv"
    file.write_text("question,phrasing_1,phrasing_2,phrasing 3,answer\nhow?,so,,and so,x\n")
    assert list(read_import(file)) == [FaqRow("how?", "x", ("so", "and so"), line=2)]


@pytest.mark.parametrize(
    "header",
    [
        "问题,答案,相似问法,意图,语言,标签",
        "問題,標準答案,相似問題,意圖,語言,標籤",
        "标准问,回答,相似问,意图,语种,标签",
    ],
)
def test_chinese_headers_are_understood(tmp_path: Path, header: str) -> None:
    file = tmp_path / "faq.csv"
    file.write_text(
        header + "\n怎么退款？,请点“申请”。,我要退款｜退钱,退款,中文,售后、退款\n", encoding="utf-8"
    )
    assert list(read_import(file)) == [
        FaqRow("怎么退款?", "请点“申请”。", ("我要退款", "退钱"), "退款", "zh", ("售后", "退款"), line=2)
    ]


def test_the_exact_column_wins_over_another_name_for_it(tmp_path: Path) -> None:
    file = tmp_path / "faq.csv"
    file.write_text("q,question,answer,reply\nshort,long,this,that\n")
    assert list(read_import(file)) == [FaqRow("long", "this", line=2)]


def test_json_lines_take_lists_and_texts(tmp_path: Path) -> None:
    file = tmp_path / "faq.jsonl"
    rows = [
        {"question": "how?", "answer": "so", "phrasings": ["why?"], "tags": ["a", "b"], "answer_key": 7},
        {"questions": ["how?", "why?"], "answer": "so", "phrasings": "where?|when?"},
        {"问题": "怎么", "答案": "这样", "语言": "zh-CN"},
    ]
    file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    assert detect_format(file) is ImportFormat.FAQ
    assert list(read_import(file)) == [
        FaqRow("how?", "so", ("why?",), tags=("a", "b"), answer_key="7", line=1),
        FaqRow("how?", "so", ("why?", "where?", "when?"), line=2),
        FaqRow("怎么", "这样", language="zh", line=3),
    ]


def test_json_array_is_read_with_the_line_of_each_element(tmp_path: Path) -> None:
    file = tmp_path / "faq.json"
    file.write_text(
        '[\n  {"question": "a",\n   "answer": "b"},\n  7,\n\n  {"question": "c", "answer": "d"}\n]\nrest\n'
    )
    assert detect_format(file) is ImportFormat.FAQ
    assert list(read_import(file)) == [
        FaqRow("a", "b", line=2),
        RejectedLine(4, "found 7, not a JSON object: write {...} with named fields"),
        FaqRow("c", "d", line=6),
        RejectedLine(8, "'rest' follows the end of the array: put it inside"),
    ]


def test_array_on_one_line_is_read(tmp_path: Path) -> None:
    file = tmp_path / "faq.json"
    file.write_text('[{"question": "a", "answer": "b"}, {"question": "c", "answer": "d"}]')
    assert list(read_import(file)) == [FaqRow("a", "b", line=1), FaqRow("c", "d", line=1)]


def test_broken_array_keeps_what_came_before(tmp_path: Path) -> None:
    file = tmp_path / "faq.json"
    file.write_text(
        '[{"question": "a", "answer": "b"},\n{"question": oops},\n{"question": "c", "answer": "d"}]'
    )
    assert list(read_import(file)) == [
        FaqRow("a", "b", line=1),
        RejectedLine(
            2, "not valid JSON (Expecting value): this entry and all after it were left out; mend it"
        ),
    ]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"answer": "x"}, "there is no question: fill it in or remove the line"),
        ({"question": "x"}, "there is no answer: fill it in or remove the line"),
        ({"question": " ", "answer": "x"}, "the question is empty: fill it in or remove the line"),
        ({"question": "x", "answer": 3}, "the answer is 3, not a text: put it in quotes"),
        ({"question": [], "answer": "x"}, "the question is a list, not a text: put it in quotes"),
        ({"question": "x", "answer": "y", "language": "?"}, "the language '?' is unknown: use a code such as en or zh, "
                                                             "or leave it empty"),
        ({"question": "x", "answer": "y", "intent": "i" * 201}, f"the intent '{'i' * 40}…' has 201 characters, the limit "
                                                                 "is 200: shorten it"),
    ],
)  # fmt: skip
def test_rows_that_lack_something_are_rejected(tmp_path: Path, row: object, reason: str) -> None:
    file = tmp_path / "faq.jsonl"
    file.write_text(json.dumps({"question": "a", "answer": "b"}) + "\n" + json.dumps(row) + "\n")
    assert list(read_import(file)) == [FaqRow("a", "b", line=1), RejectedLine(2, reason)]


_TEXT = st.text("abc\",;\n 退款，|'", min_size=1, max_size=10).filter(lambda text: bool(text.strip('\n "')))
_ROW = st.fixed_dictionaries({"question": _TEXT, "answer": _TEXT})
_BAD_LINE = st.sampled_from(
    ['{"question": "x"}', "{", "3", '{"question": "", "answer": "y"}', "[[]]", "nonsense"]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(lines=st.lists(st.one_of(_ROW, _BAD_LINE), max_size=12))
def test_every_good_json_line_survives_any_bad_ones(
    tmp_path: Path, lines: list[dict[str, str] | str]
) -> None:
    file = tmp_path / "faq.jsonl"
    written = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    file.write_text('{"question": "first", "answer": "one"}\n' + "".join(f"{line}\n" for line in written))
    found = list(read_import(file, format=ImportFormat.FAQ))
    expected = [FaqRow] + [RejectedLine if isinstance(line, str) else FaqRow for line in lines]
    assert [(record.line, type(record)) for record in found if not hasattr(record, "turns")] == list(
        enumerate(expected, start=1)
    )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    rows=st.lists(_ROW, min_size=1, max_size=8),
    codec=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "gb18030"]),
)
def test_encoding_and_separator_do_not_change_the_rows(
    tmp_path: Path, rows: list[dict[str, str]], codec: str
) -> None:
    rows = [{"question": "怎么退款", "answer": "请联系客服"}, *rows]
    found = []
    for name, delimiter, encoding in (("a.csv", ",", "utf-8"), ("b.csv", ";", codec), ("c.tsv", "\t", codec)):
        out = io.StringIO()
        writer = csv.DictWriter(out, ["question", "answer"], delimiter=delimiter, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        (tmp_path / name).write_bytes(out.getvalue().encode(encoding))
        found.append(list(read_import(tmp_path / name)))
    assert found[0] == found[1] == found[2]
    assert len(found[0]) == len(rows)
    assert all(isinstance(row, FaqRow) for row in found[0])
