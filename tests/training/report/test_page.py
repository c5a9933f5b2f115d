"""The page stands alone, and customers' words are text in it."""

import re
import stat
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.training.report.conftest import HOSTILE
from training.errors import TrainingError
from training.report.charts import loss_curve, reliability_diagram
from training.report.curves import Bin, Curves
from training.report.drawing import drawn
from training.report.figures import RunReport
from training.report.missing import NO_MISTAKES
from training.report.page import page_of
from training.report.writing import JSON_FILE, PAGE_FILE, write_report


@pytest.fixture(scope="module")
def page(report: RunReport) -> str:
    return page_of(report)


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        if tag not in {"meta", "col"}:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_words_of_customers_are_never_markup(page: str) -> None:
    assert "<script" not in page
    assert HOSTILE.replace("<", "&lt;").replace(">", "&gt;").replace("'", "&#39;") in page
    assert "<img" not in page
    assert "<b>who" not in page


def test_page_is_well_formed_and_has_every_section(page: str) -> None:
    tags = Tags()
    tags.feed(page)
    assert tags.open == []
    assert tags.seen.isdisjoint({"script", "img", "link", "iframe", "object", "image"})
    sections = set(re.findall(r'<section id="(\w+)"', page))
    assert sections == {
        "data", "answered", "confidence", "comparison", "answers", "confused", "mistakes", "unknown", "labels", "learning",
    }  # fmt: skip
    assert set(re.findall(r'href="#(\w+)"', page)) == sections


def test_page_refers_to_nothing_outside(page: str) -> None:
    assert re.findall(r"https?:|//\w|\bsrc=|url\(|@import", page) == []
    assert set(re.findall(r'href="(.)', page)) == {"#"}
    assert "default-src 'none'" in page


def test_plots_are_drawings_in_the_page_with_a_text_for_those_who_cannot_see_them(page: str) -> None:
    drawings = re.findall(r'<svg viewBox="0 0 \d+ \d+" style="[^"]+" role="img" aria-label="([^"]+)">', page)
    kinds = (
        "Risk-coverage curve.",
        "Reliability diagram, All",
        "Confidence of",
        "Training loss",
        "Risk-coverage curves of",
    )
    assert all(any(text.startswith(kind) for text in drawings) for kind in kinds)
    assert len(drawings) == page.count("<svg")


def test_plots_take_their_colours_from_the_page(page: str) -> None:
    drawn = "".join(re.findall(r"<svg.*?</svg>", page, re.DOTALL))
    used = set(re.findall(r"var\(--(\w+)\)", drawn))
    assert used == {"blue", "orange", "green", "pink", "grey"}
    assert all(page.count(f"--{name}:") == 2 for name in used)  # light and dark
    assert not set(re.findall(r'(?:fill|stroke)="(#\w+)"', drawn))


def test_axes_have_titles_with_units() -> None:
    drawing = drawn([("losses", loss_curve([2.0, 1.0, 0.5]))])["losses"]
    assert ">Mean loss (nats)<" in drawing
    assert ">Epoch<" in drawing
    assert 'aria-label="Training loss, from 2.00 to 0.50 in 3 epochs"' in drawing


def test_language_of_an_import_is_no_markup_either() -> None:
    part = Bin(0.4, 0.5, 3, 1.0, 0.45, 0.5, 0.2, 0.8)
    chart = reliability_diagram(Curves('"><script>', 0.05, (part,), ()))
    drawing = drawn([("reliability", chart)])["reliability"]
    assert "<script" not in drawing
    assert "&lt;script&gt;" in drawing


def test_folder_is_private_and_holds_both_files(tmp_path: Path, report: RunReport, page: str) -> None:
    folder = tmp_path / "reports" / "chk_1"
    write_report(folder, report)
    assert {file.name: stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {
        JSON_FILE: 0o600,
        PAGE_FILE: 0o600,
    }
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert (folder / PAGE_FILE).read_text(encoding="utf-8") == page
    assert (folder / JSON_FILE).read_text(encoding="utf-8") == report.to_json()
    with pytest.raises(TrainingError, match="exists already"):
        write_report(folder, report)


def test_nothing_is_left_of_a_report_that_could_not_be_written(
    tmp_path: Path, report: RunReport, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr("training.report.writing._write_private", full)
    with pytest.raises(TrainingError, match="No space left"):
        write_report(tmp_path / "chk_1", report)
    assert list(tmp_path.iterdir()) == []


def mistakes_of(page: str) -> str:
    return page.split('<section id="mistakes">')[1].split("</section>")[0]


def test_mistakes_are_counted_in_their_heading_and_none_is_said_in_words(report: RunReport) -> None:
    one = report.intruders[0]
    two = mistakes_of(page_of(replace(report, mistakes=(one, one))))
    none = mistakes_of(page_of(replace(report, mistakes=())))
    assert "<h2>The 2 worst mistakes</h2>" in two
    assert "<h2>Worst mistakes</h2>" in none
    assert NO_MISTAKES in none


CUT_OFF = """() => [...document.querySelectorAll("h1, h2, h3, p, li, caption, figcaption, nav")]
  .filter((element) => element.getBoundingClientRect().right > innerWidth).map((element) => element.textContent)"""
SCALES = """() => [...document.querySelectorAll("svg")]
  .map((drawing) => drawing.getBoundingClientRect().width / drawing.viewBox.baseVal.width)"""


def test_page_is_read_on_a_phone_without_scrolling_its_text(browser: Browser, page: str) -> None:
    """Tables and wide plots scroll by themselves."""
    phone = browser.new_page(viewport={"width": 400, "height": 800})
    phone.set_content(page)
    assert phone.evaluate("document.documentElement.scrollWidth") == 400
    assert phone.evaluate(CUT_OFF) == []
    assert min(phone.evaluate(SCALES)) > 0.6  # of the size at which words have 10 or 11 pixels


def test_one_question_of_a_language_is_not_counted_as_several(page: str) -> None:
    assert "English: 81 questions; Chinese: 1 question.</p>" in page
