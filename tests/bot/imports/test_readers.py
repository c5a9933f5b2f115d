"""The two entries: recognising a format, and never failing with anything but ImportFileError."""

import gzip
import os
import subprocess
import sys
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bot.imports import source
from bot.imports.readers import ImportFileError, ImportFormat, detect_format, read_import


@pytest.mark.parametrize("entry", [detect_format, read_import])
def test_what_is_no_text_file_is_named_with_the_remedy(tmp_path: Path, entry: object) -> None:
    assert callable(entry)
    cases = {
        "empty.csv": (b"", "empty.csv is empty: there is nothing to import"),
        "doc.csv": (b"%PDF-1.7\n", "a PDF document: give it the extension .pdf, or copy its questions and answers into a CSV"),
        "old.xls": (b"\xd0\xcf\x11\xe0" + b"\0" * 600, r"an old Excel or Word file: save it as .xlsx or as CSV \(UTF-8\)"),
        "a.zip": (b"PK\x03\x04 something", "a zip archive"),
        "a.csv": (b"\x7fELF\x02\x01\x01", "a program"),
        "a.jsonl": (b"\x00\x01\x02\x03" * 30, "it is a binary file"),
        "a.csv.gz": (gzip.compress(b"question,answer\na,b\n")[:-9], "a damaged gzip file"),
    }  # fmt: skip
    for name, (content, reason) in cases.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ImportFileError, match=reason):
            entry(tmp_path / name)
    with pytest.raises(ImportFileError, match=r"nope\.csv does not exist"):
        entry(tmp_path / "nope.csv")


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(ImportFileError, match="is a folder"):
        read_import(tmp_path, format=ImportFormat.FAQ)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_unreadable_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("question,answer\n")
    file.chmod(0)
    with pytest.raises(ImportFileError, match="can't be read"):
        detect_format(file)


def test_size_is_bounded_also_behind_gzip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "bomb.csv.gz"
    file.write_bytes(gzip.compress(b"question,answer\n" + b"a,b\n" * 1_000_000))
    assert file.stat().st_size < 20_000
    monkeypatch.setattr(source, "MAX_FILE_BYTES", 3_000_000)
    with pytest.raises(ImportFileError, match="larger than 3,000,000 bytes"):
        detect_format(file)


def test_json_keys_that_fit_nothing_are_listed(tmp_path: Path) -> None:
    file = tmp_path / "x.jsonl"
    file.write_text('broken\n{"Questoin": 1, "answer": 2}\n')
    with pytest.raises(ImportFileError) as caught:
        detect_format(file)
    assert str(caught.value) == (
        "x.jsonl: found the keys 'Questoin', 'answer'; needed for FAQ: question, answer. Did you mean 'question' by "
        "'Questoin'? Rename it.; or for dialogues: conversation_id, turns"
    )
    file.write_text("1\n2\n")
    with pytest.raises(ImportFileError, match="no JSON object in its first lines"):
        detect_format(file)


def test_broken_first_lines_do_not_hide_the_format(tmp_path: Path) -> None:
    file = tmp_path / "x.jsonl"
    file.write_text('{broken\n7\n{"question": "a", "answer": "b"}\n')
    assert detect_format(file) is ImportFormat.FAQ


def test_a_stated_format_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "faq.csv"
    file.write_text("question,answer\na,b\n")
    with pytest.raises(ImportFileError, match="needed for dialogues: conversation_id, role, text"):
        list(read_import(file, format=ImportFormat.DIALOGUES))


def test_importing_the_readers_stays_quick() -> None:
    code = (
        "import sys, bot.imports.readers; "
        "print([m for m in ('openpyxl', 'torch', 'faiss', 'onnxruntime', 'transformers') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


_NAMES = st.sampled_from(["a.csv", "a.tsv", "a.jsonl", "a.json", "a.yml", "a.xlsx", "a.csv.gz", "a", "a.txt"])
_PIECES = st.sampled_from(
    [b"question,answer\n", b"conversation_id,role,text\n", b'{"question": "a", "answer": "b"}\n', b'"', b"\n", b"\r", b",", b"[",
     b"]", b"{", b"}", b"\xef\xbb\xbf", b"\xff\xfe", b"\x1f\x8b", b"PK\x03\x04", b"nlu:\n- intent: a\n", b"responses:\n", b": ",
     b"- ", b"\t", b"c,user,hi\n", "退款".encode(), "退款".encode("gb18030"), b'{"qnaDocuments": [', b"\\ud800", b"&a *a", b"1e999",
     b"Question\tAnswer\tSource\tMetadata\n", b'{"conversation_id": 1, "turns": [{"role": "user", "text": "x"}]}\n', b"NaN", b"\x00"]
)  # fmt: skip
_CONTENTS = st.one_of(
    st.binary(max_size=300), st.lists(st.one_of(_PIECES, st.binary(max_size=4)), max_size=25).map(b"".join)
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=250, deadline=None)
@given(name=_NAMES, content=_CONTENTS, format=st.sampled_from([None, *ImportFormat]), packed=st.booleans())
@example(name="a.json", content=b"[" * 100_000, format=None, packed=False)
@example(name="a.json", content=b'{"qnaDocuments": ' + b"[" * 100_000, format=None, packed=False)
@example(name="a.json", content=b'[{"question": "\\ud800", "answer": NaN}]', format=None, packed=False)
@example(name="a.tsv", content=b"\x0b", format=ImportFormat.QNAMAKER, packed=False)
def test_arbitrary_bytes_raise_nothing_but_import_file_error(
    tmp_path: Path, name: str, content: bytes, format: ImportFormat | None, packed: bool
) -> None:
    file = tmp_path / name
    file.write_bytes(gzip.compress(content, 1) if packed else content)
    with suppress(ImportFileError):
        for record in read_import(file, format=format):
            str(record).encode()  # no lone surrogates
    file.unlink()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=80, deadline=None)
@given(sheet=_CONTENTS, shared=_CONTENTS)
def test_arbitrary_workbook_parts_raise_nothing_but_import_file_error(
    tmp_path: Path, sheet: bytes, shared: bytes
) -> None:
    file = tmp_path / "a.xlsx"
    spread = "http://schemas.openxmlformats.org"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{spread}/package/2006/content-types"><Override PartName='
            '"/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"'
            '/><Override PartName="/xl/sharedStrings.xml" ContentType="application/vnd.openxmlformats-officedocument.'
            'spreadsheetml.sharedStrings+xml"/></Types>',
        )
        archive.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{spread}/package/2006/relationships"><Relationship '
            f'Id="r1" Type="{spread}/officeDocument/2006/relationships/worksheet" Target="/xl/worksheets/s.xml"/>'
            "</Relationships>",
        )
        archive.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{spread}/spreadsheetml/2006/main" xmlns:r="{spread}/officeDocument/'
            '2006/relationships"><sheets><sheet name="s" sheetId="1" r:id="r1"/></sheets></workbook>',
        )
        archive.writestr("xl/worksheets/s.xml", b"<worksheet>" + sheet)
        archive.writestr("xl/sharedStrings.xml", b"<sst>" + shared)
    with suppress(ImportFileError):
        list(read_import(file))
