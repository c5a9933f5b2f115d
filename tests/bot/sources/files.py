"""Documents made for tests: PDF and DOCX by hand, sound and otherwise."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from pypdf import PdfWriter
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
STYLES = f"""<w:styles xmlns:w="{W}">
<w:style w:styleId="T1"><w:name w:val="Title"/></w:style>
<w:style w:styleId="H1"><w:name w:val="heading 1"/></w:style>
<w:style w:styleId="H2"><w:name w:val="heading 2"/></w:style>
<w:style w:styleId="TOC1"><w:name w:val="toc 1"/></w:style>
</w:styles>"""

Line = tuple[str, int, bool]
"""Text in Windows-1252, size in points, whether it is bold."""


def pdf_of(pages: Sequence[Sequence[Line | None]], *, password: str | None = None) -> bytes:
    """Lines from the top of each page; None is the space between paragraphs."""
    writer = PdfWriter()
    for lines in pages:
        page = writer.add_blank_page(width=595, height=842)
        page[NameObject("/Resources")] = DictionaryObject(
            {
                NameObject("/Font"): DictionaryObject(
                    {NameObject("/F1"): _font("Helvetica"), NameObject("/F2"): _font("Helvetica-Bold")}
                )
            }
        )
        stream = DecodedStreamObject()
        stream.set_data(_drawn(lines))
        page[NameObject("/Contents")] = writer._add_object(stream)
    if password is not None:
        writer.encrypt(password, algorithm="AES-256")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def _font(name: str) -> DictionaryObject:
    return DictionaryObject(
        {
            NameObject("/Type"): NameObject("/Font"),
            NameObject("/Subtype"): NameObject("/Type1"),
            NameObject("/BaseFont"): NameObject(f"/{name}"),
            NameObject("/Encoding"): NameObject("/WinAnsiEncoding"),
        }
    )


def _drawn(lines: Sequence[Line | None]) -> bytes:
    drawn, y = [], 800.0
    for line in lines:
        if line is None:
            y -= 10
            continue
        text, size, bold = line
        y -= 1.2 * size
        escaped = text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
        drawn.append(f"BT /{'F2' if bold else 'F1'} {size} Tf 1 0 0 1 50 {y:.1f} Tm ({escaped}) Tj ET")
    return "\n".join(drawn).encode("cp1252")


def docx_of(body: str, *, parts: Mapping[str, bytes] | None = None, head: str = "") -> bytes:
    """``body`` is what stands in w:body, with the prefix w bound."""
    document = f'<?xml version="1.0"?>{head}<w:document xmlns:w="{W}"><w:body>{body}</w:body></w:document>'
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/styles.xml", STYLES)
        archive.writestr("word/document.xml", document)
        for name, content in (parts or {}).items():
            archive.writestr(name, content)
    return out.getvalue()


def paragraph(text: str, *, style: str = "", listed: bool = False, bold: bool = False) -> str:
    said = f'<w:pStyle w:val="{style}"/>' if style else ""
    said += '<w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr>' if listed else ""
    run = "<w:rPr><w:b/></w:rPr>" if bold else ""
    return f"<w:p><w:pPr>{said}</w:pPr><w:r>{run}<w:t>{text}</w:t></w:r></w:p>"


def written(folder: Path, name: str, content: bytes | str) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path
