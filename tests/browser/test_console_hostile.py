"""Hostile strings in every text field of the console: stored through its forms and through what visitors, files and receivers say,
then every page is opened with its policy switched off, so that nothing but the escaping holds, and once more with the policy on.
"""

import csv
import io
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from bot.figures.csv_files import FORMULA
from bot.settings import RetrainingSettings, Settings
from tests.browser.console_forms import FORMS, LINE, NO_TEXTS, PAGES, fields_by_path
from tests.browser.hostile_console import (
    NO_PAGES,
    PARTS,
    TAGS,
    Found,
    Shop,
    play,
    play_queries,
    upload,
    upload_document,
    walk,
)
from tests.browser.hostile_shop import Visited, fill, visit
from tests.fixtures.databases import in_own_loop
from tests.fixtures.host_pages import host_pages
from tests.fixtures.processes import ROOT, environment, kefu, serving
from tests.widget.hostile_strings import hostile_strings, packed

FAQ = ROOT / "bot" / "demo" / "faq.jsonl"
PASSWORD = "correct horse battery"
SMUGGLE = "texts => { for (const text of texts) document.body.insertAdjacentHTML('beforeend', text); }"
NO_ELEMENTS = ("<!--", "<//", "<\x01")
"""What browsers take for a comment or a text."""
SCRIPTS = (Path(__file__).parent / "hostile.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, models_dir: Path, browser: Browser) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("hostile")
    env = environment(folder / "data", models_dir, KEFU_RETRAINING__EMBEDDED="false")
    faq = folder / "faq.jsonl"
    faq.write_text("".join(FAQ.read_text(encoding="utf-8").splitlines(keepends=True)[:20]), encoding="utf-8")
    imported = kefu("import", str(faq), "--approve", "--json", env=env)
    assert imported.returncode == 0, imported.stderr
    make_admin(env)
    with host_pages() as canary, serving(env) as server:
        texts = hostile_strings(f"{canary.url}/canary")
        formulas = [text for text in texts if text.startswith(FORMULA)]
        visited = visit(server.url, [*packed(texts, LINE), *formulas])
        candidate: list[str] = []
        in_own_loop(remember(settings_of(env), texts, candidate))
        context = browser.new_context(locale="en-US")
        page = logged_in(context, server.url)
        upload_document(page, server.url, texts)
        ids = names_in_paths(page, server.url, visited, candidate[0])
        yield Shop(server.url, canary, texts, ids, context.storage_state())
        context.close()


def make_admin(env: dict[str, str]) -> None:
    command = [sys.executable, "-m", "bot.cli", "operators", "create", "Ana", "--role", "admin"]
    subprocess.run(
        [*command, "--password-stdin"],
        input=PASSWORD,
        env=env,
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )


def settings_of(env: dict[str, str]) -> Settings:
    return Settings(
        data_dir=Path(env["KEFU_DATA_DIR"]),
        models_dir=Path(env["KEFU_MODELS_DIR"]),
        retraining=RetrainingSettings(embedded=False),
    )


async def remember(settings: Settings, texts: Sequence[str], candidate: list[str]) -> None:
    candidate.append(await fill(settings, texts))


def logged_in(context: BrowserContext, url: str) -> Page:
    page = context.new_page()
    page.goto(f"{url}/console/login")
    page.locator("[name=name]").fill("Ana")
    page.locator("[name=password]").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/console/inbox")
    return page


def names_in_paths(page: Page, url: str, visited: list[Visited], candidate: str) -> dict[str, str]:
    """Takes a conversation over and replies, looks for gaps, and asks for a training run, so that there is one of each kind."""
    ids = {"handoff_id": visited[0].handoff_id, "exchange_id": visited[-1].exchange_id, "key": "default"}
    ids["release_id"] = candidate
    page.goto(f"{url}/console/inbox/{ids['handoff_id']}")
    page.locator("form[action$='/take'] button").click()
    page.wait_for_load_state()
    page.locator("#reply textarea").fill("<b>one moment</b>")
    page.locator("#reply button").click()
    page.goto(f"{url}/console/review/candidates")
    accepted = page.locator("form[action$='/accept']").first.get_attribute("action")
    ids["label_id"] = str(accepted).split("/")[-2]
    page.goto(f"{url}/console/review/gaps")
    page.locator("form[action$='/find'] button").click()
    page.wait_for_load_state()
    ids["gap_id"] = last_part(page, "a[data-row]")
    page.goto(f"{url}/console/training")
    page.locator("form[action$='/training'] button").click()
    page.wait_for_url("**/training/trn_*")
    ids["run_id"] = page.url.rsplit("/", 1)[1]
    page.goto(f"{url}/console/knowledge/documents")
    ids["document_id"] = last_part(page, "a[data-row]")
    page.goto(f"{url}/console/knowledge")
    ids["answer_id"] = last_part(page, "tbody a")
    return ids


def last_part(page: Page, selector: str) -> str:
    return str(page.locator(selector).first.get_attribute("href")).rsplit("/", 1)[1].split("?")[0]


@pytest.fixture
def found() -> Found:
    return Found()


@pytest.fixture
def page(browser: Browser, shop: Shop, found: Found) -> Iterator[Page]:
    """Without the console's policy: what a text smuggles in does run."""
    context = browser.new_context(locale="en-US", storage_state=shop.storage, bypass_csp=True)
    context.set_default_timeout(20_000)
    page = watched(context, found)
    page.goto(f"{shop.url}/console/account")
    yield page
    context.close()


def watched(context: BrowserContext, found: Found) -> Page:
    context.add_init_script(SCRIPTS)

    def note(dialog: Any) -> None:
        found.dialogs.append(dialog.message)
        dialog.dismiss()

    page = context.new_page()
    page.on("dialog", note)
    return page


def test_every_field_of_the_console_is_played() -> None:
    """A form or a field that was added has to be described in ``console_forms``."""
    described = {path: form.fields for path, form in FORMS.items()}

    missing = {
        path: fields - described.get(path, set()) - set(NO_TEXTS) for path, fields in fields_by_path().items()
    }
    assert {path: fields for path, fields in missing.items() if fields} == {}
    assert set(described) - set(fields_by_path()) == set()
    gone = {path: fields - fields_by_path()[path] for path, fields in described.items()}
    assert {path: fields for path, fields in gone.items() if fields} == {}


def test_detectors_notice_what_is_not_escaped(page: Page, shop: Shop, found: Found, browser: Browser) -> None:
    """Each of them fires where the same texts become markup of the console, so that each can fail the test below."""
    markup = [text for text in shop.texts if text.startswith("<")]

    # a listener of its own: a request that comes late must not count against what follows
    with host_pages() as beside:
        with page.expect_event("requestfinished", lambda request: "/canary/" in request.url):
            page.evaluate(SMUGGLE, [text.replace(shop.canary.url, beside.url) for text in markup])
        page.wait_for_function("window.pwned === 1")
        assert found.dialogs
        assert beside.strays
    unnoticed = [
        text for text in markup if not page.evaluate("([t, tags]) => foreignIn(t, tags)", [text, TAGS])
    ]
    assert [text for text in unnoticed if not text.startswith(NO_ELEMENTS)] == []
    with browser.new_context(storage_state=shop.storage) as strict:
        guarded = watched(strict, found)
        guarded.goto(f"{shop.url}/console/account")
        shop.canary.strays.clear()
        guarded.evaluate(SMUGGLE, markup)
        guarded.wait_for_function("violations.length > 0")
        assert guarded.evaluate("'pwned' in window") is False
        assert shop.canary.strays == []


def test_hostile_texts_in_every_field_run_nothing_and_call_nobody(
    page: Page, shop: Shop, found: Found, browser: Browser
) -> None:
    shop.canary.strays.clear()
    for path, form in FORMS.items():
        if path != "/login":
            play(page, shop, path, form, found)
    upload(page, shop, found)
    walk(page, shop, found)
    for path, template in PARTS.items():
        found.pages[path] = [template.format(**shop.ids)]
    play_queries(page, shop, found)
    play(page, shop, "/login", FORMS["/login"], found)

    assert found.foreign == {}
    assert found.dialogs == []
    assert shop.canary.strays == []
    assert {path: codes for path, codes in found.replies.items() if max(codes, default=0) >= 500} == {}
    assert set(PAGES) - set(found.pages) == set(NO_PAGES), "a page that no link leads to"
    unseen = [text for place, text in enumerate(shop.texts) if place not in found.seen]
    assert unseen == []
    look_under_policy(browser, shop, found)
    check_files(found)


def look_under_policy(browser: Browser, shop: Shop, found: Found) -> None:
    """One page of each kind, as operators see it: the browser has nothing to refuse."""
    with browser.new_context(locale="zh-CN", storage_state=shop.storage) as context:
        page, wrong = watched(context, found), []
        page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
        for template, addresses in found.pages.items():
            if template in PARTS or template.endswith(".csv"):
                continue
            page.goto(f"{shop.url}/console{[each for each in addresses if 'file=true' not in each][-1]}")
            wrong += page.evaluate("violations")
        assert wrong == []


def check_files(found: Found) -> None:
    """No cell of a file begins a formula; some would, but for the guard."""
    cells = [
        cell for content in found.files.values() for row in csv.reader(io.StringIO(content)) for cell in row
    ]
    guarded = {cell[:2] for cell in cells if cell.startswith("'")}
    assert [cell for cell in cells if cell.startswith(FORMULA)] == []
    assert {"'=", "'+", "'-", "'@"} <= guarded


def test_login_shows_where_it_leads_to_as_a_text(shop: Shop, found: Found, browser: Browser) -> None:
    with browser.new_context(bypass_csp=True) as context:
        page = watched(context, found)
        shop.canary.strays.clear()
        for pack in packed(shop.texts, 4_000):
            page.goto(f"{shop.url}/console/login?{urlencode({'next': pack})}")
            assert page.locator("[name=next]").input_value().split() == pack.replace("\0", "\ufffd").split()
        assert (found.dialogs, shop.canary.strays) == ([], [])
