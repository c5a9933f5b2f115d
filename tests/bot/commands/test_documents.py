"""``kefu import`` of documents and ``kefu documents``: output and exit codes."""

from pathlib import Path

import pytest

from tests.bot.commands.test_importing_and_releases import Kefu, kefu  # noqa: F401  # a fixture

PAGE = "# Delivery\n\nWe deliver [within two days].\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "help"
    place.mkdir()
    (place / "delivery.md").write_text(PAGE)
    (place / "broken.pdf").write_bytes(b"%PDF-1.7")
    return place


def test_folder_is_imported_listed_approved_and_retired(kefu: Kefu, folder: Path) -> None:  # noqa: F811
    imported = kefu("import", folder, "--json")
    assert (imported.status, imported.json["new"], imported.json["format"]) == (4, 1, "documents")
    assert imported.json["rejected"][0]["reason"].startswith("help/broken.pdf: is a broken PDF")

    [document] = kefu("documents", "list", "--json").json["items"]
    assert (document["state"], document["key"], document["section_count"]) == ("draft", "help/delivery.md", 1)
    assert "Delivery" in kefu("documents", "list").out

    shown = kefu("documents", "show", document["id"])
    assert "We deliver [within two days]." in shown.out

    approved = kefu("documents", "approve", document["id"], "--valid-until", "2099-01-01", "--json")
    assert (approved.status, approved.json["items"][0]["state"]) == (0, "approved")
    assert approved.json["items"][0]["valid_until"] == "2099-01-01T00:00:00Z"

    retired = kefu("documents", "retire", document["id"])
    assert (retired.status, "retired" in retired.out) == (0, True)


def test_wrong_use_is_told(kefu: Kefu, folder: Path, tmp_path: Path) -> None:  # noqa: F811
    kefu("import", folder / "delivery.md")
    [document] = kefu("documents", "list", "--json").json["items"]

    missing = kefu("documents", "approve", document["id"], "doc_none")
    assert (missing.status, "no document 'doc_none'" in missing.err) == (2, True)
    assert kefu("documents", "list", "--json").json["items"][0]["state"] == "draft"

    date = kefu("documents", "approve", document["id"], "--valid-until", "soon")
    assert (date.status, "'soon'" in date.err) == (2, True)

    only_broken = kefu("import", folder / "broken.pdf")
    assert (only_broken.status, "broken PDF" in only_broken.err) == (2, True)

    nothing = kefu("import", tmp_path / "nowhere", "--format", "documents")
    assert nothing.status == 2
