"""Which files `--format auto` takes for documents."""

from pathlib import Path

import pytest

from bot.imports.readers import ImportFileError, ImportFormat, detect_format
from tests.bot.sources.files import docx_of, paragraph, pdf_of, written

SITEMAP = '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><url><loc>a.md</loc></url></urlset>'
RASA = "version: '3.1'\nnlu:\n- intent: greet\n  examples: |\n    - hello\n"


@pytest.mark.parametrize(
    ("name", "content", "format"),
    [
        ("a.md", "# Help\n\nText.", ImportFormat.DOCUMENTS),
        ("a.HTML", "<p>Text.</p>", ImportFormat.DOCUMENTS),
        ("a.pdf", pdf_of([[("Text.", 11, False)]]), ImportFormat.DOCUMENTS),
        ("a.docx", docx_of(paragraph("Text.")), ImportFormat.DOCUMENTS),
        ("a.txt", "Delivery\n\nWe deliver within two days, from Monday to Friday.\n", ImportFormat.DOCUMENTS),
        ("a.txt", "question,answer\nDo you ship?,Yes.\n", ImportFormat.FAQ),
        ("a.txt", "conversation_id,role,text\n1,customer,Hello\n", ImportFormat.DIALOGUES),
        ("sitemap.xml", SITEMAP, ImportFormat.DOCUMENTS),
        ("a.csv", "question,answer\nDo you ship?,Yes.\n", ImportFormat.FAQ),
    ],
)
def test_format_is_told_from_extension_and_content(
    tmp_path: Path, name: str, content: bytes | str, format: ImportFormat
) -> None:
    assert detect_format(written(tmp_path, name, content)) is format


def test_folder_is_documents_unless_it_is_a_rasa_project(tmp_path: Path) -> None:
    written(tmp_path, "README.md", "# Help\n\nText.")
    assert detect_format(tmp_path) is ImportFormat.DOCUMENTS

    (tmp_path / "data").mkdir()
    written(tmp_path / "data", "nlu.yml", RASA)
    assert detect_format(tmp_path) is ImportFormat.RASA


def test_hidden_files_links_and_pictures_are_passed_over(tmp_path: Path) -> None:
    outside = written(tmp_path, "outside.md", "# Secret\n\nText.")
    folder = tmp_path / "help"
    (folder / ".git").mkdir(parents=True)
    written(folder / ".git", "a.md", "# Hidden\n\nText.")
    written(folder, "logo.png", b"\x89PNG")
    (folder / "link.md").symlink_to(outside)

    with pytest.raises(ImportFileError, match="accepted are"):
        detect_format(folder)


def test_other_xml_is_no_document(tmp_path: Path) -> None:
    with pytest.raises(ImportFileError):
        detect_format(written(tmp_path, "a.xml", "<feed><entry/></feed>"))
