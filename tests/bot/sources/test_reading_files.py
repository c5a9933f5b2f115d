"""What files of each kind are read as, and what is refused."""

import time
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.sources import docx_reader
from bot.sources.blocks import DocumentError, Kind, ReadDocument
from bot.sources.files import MOST_BYTES, read_document
from bot.sources.pdf_reader import read_pdf
from bot.sources.splitting import split_blocks
from tests.bot.sources.files import W, docx_of, paragraph, pdf_of, written


def sections(read: ReadDocument) -> list[tuple[tuple[str, ...], str]]:
    return [(section.heading, section.text) for section in split_blocks(read.blocks, title=read.title or "")]


def refused(path: Path) -> str:
    with pytest.raises(DocumentError) as error:
        read_document(path)
    return str(error.value)


def test_what_markdown_may_say_of_itself_is_read_as_the_page_about_it_shows(tmp_path: Path) -> None:
    page = Path("docs/sources.md").read_text(encoding="utf-8")
    shown = page.partition("```markdown\n")[2].partition("```")[0]

    read = read_document(written(tmp_path, "a.md", f"{shown}\n# Something else\n\nTwo days.\n".encode()))

    assert (read.title, read.url, read.language) == (
        "Delivery times",
        "https://shop.example/help/delivery",
        "en",
    )
    assert read.valid_from == datetime(2026, 1, 1, tzinfo=UTC)
    assert read.valid_until == datetime(2026, 12, 31, 10, tzinfo=UTC)


def test_pdf_has_headings_by_size_and_paragraphs_by_space(tmp_path: Path) -> None:
    margin = ("ACME guide - page", 8, False)
    pages = [
        [margin, (f"{topic}s", 20, True), None, (f"You may send a {topic} back", 11, False), ("within thirty days.", 11, False),
         None, (f"The {topic} must be unused.", 11, False), None, (f"Unused {topic}s", 15, True), None,
         (f"We pay for the {topic} in five days.", 11, False), (f"{place}", 8, False)]
        for place, topic in enumerate(("shoe", "hat", "scarf"), start=1)
    ]  # fmt: skip
    path = written(tmp_path, "guide.pdf", pdf_of(pages))

    assert sections(read_document(path))[:3] == [
        (("shoes",), "You may send a shoe back within thirty days.\nThe shoe must be unused."),
        (("shoes", "Unused shoes"), "We pay for the shoe in five days."),
        (("hats",), "You may send a hat back within thirty days.\nThe hat must be unused."),
    ]


def test_rows_of_a_table_in_a_pdf_stay_together_below_its_heading(tmp_path: Path) -> None:
    text = [
        "We deliver from Monday to Friday, in all of",
        "Europe, and tell you the day before when it",
        "comes to you.",
    ]
    rows = ["Country Days Price", "Austria 2 5 euros", "Germany 3 7 euros", "1 Large parcel 12 euros"]
    page = [("Prices", 18, True), *((line, 11, False) for line in text)]
    page += [each for row in rows for each in (None, (row, 11, False))]
    page += [None, *((line, 11, False) for line in text)]

    read = read_document(written(tmp_path, "prices.pdf", pdf_of([page])))

    running = " ".join(text)
    assert [(block.kind, block.text) for block in read.blocks] == [
        (Kind.HEADING, "Prices"),
        (Kind.PARAGRAPH, running),
        (Kind.TABLE, "\n".join(rows)),
        (Kind.PARAGRAPH, running),
    ]


def test_words_broken_at_the_end_of_a_line_of_a_pdf_are_joined(tmp_path: Path) -> None:
    page = [("Please keep the infor-", 11, False), ("mation about your order, and the docu\xad", 11, False)]
    page += [("ments that came with it.", 11, False)]

    read = read_document(written(tmp_path, "words.pdf", pdf_of([page])))

    assert [block.text for block in read.blocks] == [
        "Please keep the information about your order, and the documents that came with it."
    ]


def test_encrypted_pdf_is_refused_and_one_without_a_password_to_read_is_not(tmp_path: Path) -> None:
    page = [[("Returns within thirty days.", 11, False)]]

    assert "encrypted" in refused(written(tmp_path, "locked.pdf", pdf_of(page, password="secret")))
    opened = read_document(written(tmp_path, "open.pdf", pdf_of(page, password="")))
    assert [block.text for block in opened.blocks] == ["Returns within thirty days."]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"%PDF-1.7\nnothing else", "broken PDF"),
        (b"", "broken PDF"),
        (b"just text", "broken PDF"),
        (pdf_of([[("Text of a page.", 11, False)]])[:300], "broken PDF"),
        (pdf_of([[]]), "holds no text"),
    ],
)
def test_broken_and_empty_pdf_is_refused(tmp_path: Path, content: bytes, reason: str) -> None:
    assert reason in refused(written(tmp_path, "a.pdf", content))


def test_pdf_that_takes_too_long_is_given_up(tmp_path: Path) -> None:
    path = written(tmp_path, "slow.pdf", pdf_of([[("x", 11, False)]] * 50))
    begun = time.monotonic()

    with pytest.raises(DocumentError, match=r"longer than 0\.01 s"):
        read_pdf(path, seconds=0.01)
    assert time.monotonic() - begun < 10


def test_docx_has_headings_lists_and_tables(tmp_path: Path) -> None:
    row = "<w:tr><w:tc>{}</w:tc><w:tc>{}</w:tc></w:tr>"
    table = "".join(
        row.format(paragraph(left), paragraph(right))
        for left, right in [("Country", "Days"), ("Austria", "3")]
    )
    body = (
        paragraph("Deliveries", style="T1")
        + paragraph("Abroad", style="H1")
        + paragraph("We deliver to:")
        + paragraph("Austria", listed=True)
        + paragraph("Malta", listed=True)
        + f"<w:tbl>{table}</w:tbl>"
        + paragraph("Who pays the duty?", bold=True)
        + paragraph("You <w:x/>do.".replace("<w:x/>", ""))
        + "<w:p><w:del><w:r><w:t>Deleted.</w:t></w:r></w:del></w:p>"
    )

    read = read_document(written(tmp_path, "a.docx", docx_of(body)))

    assert read.title == "Deliveries"
    assert sections(read) == [
        (("Abroad",), "We deliver to:\n- Austria\n- Malta\nCountry | Days\nAustria | 3"),
        (("Abroad", "Who pays the duty?"), "You do."),
    ]


def test_docx_is_read_with_text_boxes_and_footnotes_without_contents_and_hidden_text(tmp_path: Path) -> None:
    box = f"<w:txbxContent>{paragraph('Open on Sundays, too.')}</w:txbxContent>"
    footnotes = f'<w:footnotes xmlns:w="{W}"><w:footnote w:id="2">{paragraph("Only in Austria.")}</w:footnote></w:footnotes>'
    body = (
        f"{paragraph('Payment 3', style='TOC1')}{paragraph('Payment', style='H1')}"
        "<w:p><w:r><w:t>We pay</w:t></w:r><w:r><w:footnoteReference w:id='2'/></w:r><w:r><w:t> at once, </w:t></w:r>"
        f"<w:r><w:drawing>{box}</w:drawing><w:Fallback>{box}</w:Fallback></w:r>"
        "<w:r><w:rPr><w:vanish/></w:rPr><w:t>ask Ann first, </w:t></w:r><w:r><w:t>5</w:t></w:r>"
        "<w:r><w:rPr><w:vertAlign w:val='superscript'/></w:rPr><w:t>50</w:t></w:r><w:r><w:t> euros.</w:t></w:r></w:p>"
    )

    read = read_document(
        written(tmp_path, "a.docx", docx_of(body, parts={"word/footnotes.xml": footnotes.encode()}))
    )

    assert [(block.kind, block.text) for block in read.blocks] == [
        (Kind.HEADING, "Payment"),
        (Kind.PARAGRAPH, "Open on Sundays, too."),
        (Kind.PARAGRAPH, "We pay at once, 5 50 euros.\nOnly in Austria."),
    ]


def test_merged_cells_of_a_table_in_a_docx_are_said_in_each_row_and_column(tmp_path: Path) -> None:
    def cell(text: str, merged: str = "") -> str:
        return f"<w:tc><w:tcPr>{merged}</w:tcPr>{paragraph(text)}</w:tc>"

    rows = [
        [cell("Country", '<w:vMerge w:val="restart"/>'), cell("Price", '<w:gridSpan w:val="2"/>')],
        [cell("", "<w:vMerge/>"), cell("Small"), cell("Large")],
        [cell("Norway"), cell("16"), cell("18")],
    ]
    table = "".join(f"<w:tr>{''.join(row)}</w:tr>" for row in rows)

    read = read_document(written(tmp_path, "a.docx", docx_of(f"<w:tbl>{table}</w:tbl>")))

    assert [block.text for block in read.blocks] == [
        "Country | Price | Price\nCountry | Small | Large\nNorway | 16 | 18"
    ]


def test_zip_bomb_in_docx_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    bomb = docx_of("<w:p><w:r><w:t>" + "a" * 60_000_000 + "</w:t></w:r></w:p>")
    assert len(bomb) < 100_000
    begun = time.monotonic()

    assert "made to fill the memory" in refused(written(tmp_path, "bomb.docx", bomb))
    assert time.monotonic() - begun < 3


def test_size_that_a_docx_states_is_not_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docx_reader, "MOST_UNPACKED", 10_000)
    path = written(tmp_path, "a.docx", docx_of(paragraph("word " * 5_000)))

    assert "more than 10,000 bytes" in refused(path)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"PK\x03\x04 broken", "damaged"),
        (b"", "damaged"),
        (b"\xd0\xcf\x11\xe0 an old one", "encrypted, or an old Word file"),
        (docx_of("", head='<!DOCTYPE x [<!ENTITY a "aaaa">]>'), "declares XML entities"),
        (docx_of("<w:tbl>" * 500), "nested more than"),
        (docx_of("<w:p>"), "damaged"),
    ],
)
def test_bad_docx_is_refused(tmp_path: Path, content: bytes, reason: str) -> None:
    assert reason in refused(written(tmp_path, "a.docx", content))


def test_zip_that_is_no_word_document_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.docx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "text")

    assert "no Word document" in refused(path)


def test_file_of_200_megabytes_is_refused_unread(tmp_path: Path) -> None:
    for name in ("large.txt", "large.pdf", "large.docx", "large.html"):
        path = tmp_path / name
        with path.open("wb") as out:
            out.truncate(200 << 20)
        begun = time.monotonic()
        assert f"the limit for a document is {MOST_BYTES:,}" in refused(path)
        assert time.monotonic() - begun < 1


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.md", b"", "empty"),
        ("a.txt", b" \n\t\n", "holds no text"),
        ("a.html", "<p>caf\xe9</p>".encode("latin-1"), "0xe9"),
        ("a.html", "<p>日本語のページ</p>".encode("shift-jis"), "not UTF-8"),
        ("a.md", b"a\0b\0c\0", "binary"),
        ("a.txt", b"%PDF-1.4", "PDF"),
        ("a.md", b"---\nvalid_until: soon\n---\ntext", "valid_until"),
        ("a.xlsx", b"x", "no document"),
    ],
)
def test_text_that_can_not_be_read_is_refused(tmp_path: Path, name: str, content: bytes, reason: str) -> None:
    assert reason in refused(written(tmp_path, name, content))


def test_docx_with_tracked_changes_is_read_as_it_stands(tmp_path: Path) -> None:
    body = (
        "<w:p><w:moveFrom><w:r><w:t>Send them to us.</w:t></w:r></w:moveFrom></w:p>"
        '<w:p><w:pPr><w:pPrChange><w:pPr><w:pStyle w:val="H1"/></w:pPr></w:pPrChange></w:pPr>'
        "<w:r><w:rPr><w:rPrChange><w:rPr><w:b/></w:rPr></w:rPrChange></w:rPr><w:t>You have fourteen days.</w:t></w:r></w:p>"
        "<w:p><w:moveTo><w:r><w:t>Send them to us.</w:t></w:r></w:moveTo></w:p>"
        "<w:p><w:r><w:t>Or call 0800</w:t><w:noBreakHyphen/><w:t>555.</w:t></w:r></w:p>"
    )

    read = read_document(written(tmp_path, "a.docx", docx_of(body)))

    assert sections(read) == [((), "You have fourteen days.\nSend them to us.\nOr call 0800-555.")]
