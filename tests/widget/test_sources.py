"""What a visitor sees of a reply that is quoted from documents: the sentences, and behind "Why?" where each stands."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.fixtures.host_pages import HostPages, host_pages
from tests.fixtures.processes import environment, kefu, serving
from tests.widget.conftest import ROWS, host_page
from tests.widget.panel import LOCALES, Panel

GIFTS = """<!doctype html><html lang="en"><head><title>Gift wrapping | Shop</title>
<link rel="canonical" href="https://shop.example/help/gifts"></head><body><main><h1>Gift wrapping</h1>
<h2>Can you gift-wrap my order?</h2><p>Yes. Gift wrapping costs 4 euros for each parcel. Choose the paper at checkout.</p>
</main></body></html>"""
ENGRAVING = "# 刻字服务\n\n## 保温杯可以刻字吗？\n\n可以。每个保温杯最多刻八个汉字，刻字费二十元。\n"
ASKED = {"en": "can you gift wrap an order for me", "zh-Hans": "保温杯能刻字吗"}
QUOTED = {
    "en": ["Yes.", "Gift wrapping costs 4 euros for each parcel."],
    "zh-Hans": ["可以。", "每个保温杯最多刻八个汉字，刻字费二十元。"],
}
WHY = {
    "en": "It is quoted, sentence by sentence, from these approved sources:",
    "zh-Hans": "逐句引自以下已审核的资料：",
}
HEADING = {"en": "Gift wrapping › Can you gift-wrap my order?", "zh-Hans": "刻字服务 › 保温杯可以刻字吗？"}
LINK = {"en": "https://shop.example/help/gifts", "zh-Hans": None}


@pytest.fixture(scope="module")
def quoting(tmp_path_factory: pytest.TempPathFactory, models_dir: Path) -> Iterator[tuple[str, HostPages]]:
    """Address of a service that knows a few answers and two documents, and a website beside it."""
    folder = tmp_path_factory.mktemp("sources")
    faq, documents = folder / "faq.jsonl", folder / "help"
    documents.mkdir()
    faq.write_text("\n".join(map(json.dumps, ROWS[:8])), encoding="utf-8")
    (documents / "gifts.html").write_text(GIFTS, encoding="utf-8")
    (documents / "engraving.md").write_text(ENGRAVING, encoding="utf-8")
    with host_pages() as site:
        env = environment(folder / "data", models_dir, KEFU_CORS_ORIGINS=site.url)
        for path in (faq, documents):
            imported = kefu("import", str(path), "--approve", "--json", env=env)
            assert imported.returncode == 0, imported.stderr
        with serving(env) as server:
            yield server.url, site


@pytest.mark.parametrize("locale", ["en", "zh-Hans"])
def test_each_quoted_sentence_is_shown_with_its_source(
    quoting: tuple[str, HostPages], browser: Browser, locale: str
) -> None:
    url, site = quoting
    context = browser.new_context(locale=LOCALES[locale], viewport={"width": 390, "height": 800})
    context.set_default_timeout(20_000)
    page = context.new_page()
    tag = f'<script src="{url}/widget.js" data-site="default" async></script>'
    page.goto(site.add(f"/sources-{locale}", host_page(tag)))
    panel = Panel(page, locale).open()

    reply = panel.write(ASKED[locale])
    for sentence in QUOTED[locale]:
        expect(reply).to_contain_text(sentence)
    panel.button("why").click()
    why = page.locator(".why")
    expect(why.locator("p")).to_have_text(WHY[locale])
    items = why.get_by_role("listitem")
    for place, sentence in enumerate(QUOTED[locale]):
        expect(items.nth(place)).to_contain_text(sentence)
        expect(items.nth(place).locator(".source")).to_contain_text(HEADING[locale])
    links = why.get_by_role("link")
    if LINK[locale] is None:
        expect(links).to_have_count(0)
    else:
        expect(links.first).to_have_attribute("href", str(LINK[locale]))
        expect(links.first).to_have_attribute("rel", "noopener noreferrer nofollow")
    context.close()
