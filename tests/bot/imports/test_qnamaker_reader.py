"""QnA Maker exports, old and new."""

import json
from pathlib import Path

import pytest

from bot.imports.readers import ImportFileError, ImportFormat, detect_format, read_import
from bot.imports.records import FaqRow, RejectedLine


def test_tsv_rows_carry_metadata_as_tags_and_escaped_line_ends(tmp_path: Path) -> None:
    file = tmp_path / "kb.tsv"
    file.write_text(
        "Question\tAnswer\tSource\tMetadata\tSuggestedQuestions\n"
        'How long?\t"Three" days.\\nOr four.\tfaq.docx\tarea:shipping|kind:faq\t[]\n'
        "\n"
        "one cell\n"
        "怎么退款？\t请点“申请”。\teditorial\t\t[]\n",
        encoding="utf-8",
    )
    assert detect_format(file) is ImportFormat.QNAMAKER
    assert list(read_import(file)) == [
        FaqRow("How long?", '"Three" days.\nOr four.', tags=("area:shipping", "kind:faq"), line=2),
        RejectedLine(
            4,
            "the line beginning 'one cell' has 1 columns, the header has 5: a tab or line end stands inside a field",
        ),
        FaqRow("怎么退款?", "请点“申请”。", line=5),
    ]


def test_json_of_qna_maker_is_read_with_lines(tmp_path: Path) -> None:
    documents = [
        {"id": 1, "answer": "Three days.", "questions": ["How long?", "When?"], "metadata": [{"name": "area", "value": "s"}]},
        {"id": 2, "answer": "Never", "questions": []},
        {"id": 3, "answer": "", "questions": ["x"]},
    ]  # fmt: skip
    file = tmp_path / "kb.json"
    file.write_text(json.dumps({"qnaDocuments": documents}, indent=1))
    assert detect_format(file) is ImportFormat.QNAMAKER
    first, second, third = read_import(file)
    assert first == FaqRow("How long?", "Three days.", ("When?",), tags=("area:s",), line=3)
    assert second == RejectedLine(17, "the list of questions is empty: fill it in or remove the entry")
    assert third == RejectedLine(22, "the answer is empty: fill it in or remove the line")


def test_json_of_custom_question_answering_is_read(tmp_path: Path) -> None:
    file = tmp_path / "kb.json"
    qna = {"Id": 1, "Answer": "So.", "Questions": ["How?"], "Metadata": {"area": "s"}}
    file.write_text(json.dumps({"Metadata": {}, "Assets": {"Qnas": [qna], "Synonyms": []}}))
    assert detect_format(file) is ImportFormat.QNAMAKER
    assert list(read_import(file)) == [FaqRow("How?", "So.", tags=("area:s",), line=1)]


def test_what_is_no_export_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "kb.json"
    file.write_text('{"other": []}')
    with pytest.raises(ImportFileError, match='no list "qnaDocuments" or "Qnas"'):
        list(read_import(file, format=ImportFormat.QNAMAKER))
    file.write_text('{"qnaDocuments": [{]}')
    with pytest.raises(ImportFileError, match="is not valid JSON"):
        list(read_import(file, format=ImportFormat.QNAMAKER))
    table = tmp_path / "kb.tsv"
    table.write_text("Frage\tAnswer\nx\ty\n")
    with pytest.raises(ImportFileError, match="found the columns 'Frage', 'Answer'"):
        list(read_import(table, format=ImportFormat.QNAMAKER))
