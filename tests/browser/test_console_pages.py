"""The console's pages about answers, releases and figures in a real browser: what axe finds in both languages, and what scripts add."""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from sqlalchemy import select, update

from bot.db.base import new_id
from bot.db.conversation_tables import Exchange
from bot.db.engine import Database
from bot.db.knowledge_tables import Answer, Label, LabelSource, Verdict
from bot.db.release_tables import Release
from bot.db.training_tables import RunTrigger
from bot.figures.counting import count_traffic
from bot.private_files import make_private_folder
from bot.releases.building import build_release
from bot.releases.gating import FOLDER, JSON_FILE, PAGE_FILE
from bot.releases.reports import report_folder
from bot.retraining.service import request_run
from bot.settings import RetrainingSettings, Settings
from bot.shadowing.service import switch_on
from tests.bot.imports.importing import bring_in
from tests.fixtures.databases import in_own_loop
from tests.fixtures.processes import ROOT, environment, kefu, serving

FAQ = ROOT / "bot" / "demo" / "faq.jsonl"
AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
PASSWORD = "correct horse battery"
LOCALES = {"en": "en-US", "zh": "zh-CN"}
ASKED = (
    "Where is my invoice?",
    "How long does delivery take?",
    "可以退货吗？",
    "do you sell live fish",
    "hello",
)
CHECKS = [
    {
        "name": "accuracy",
        "passed": True,
        "reason": "It is right on 91 of 100 questions; the present one on 90.",
    },
    {"name": "recall", "passed": False, "reason": "The index finds 97 % of the nearest questions."},
]


@pytest.fixture(scope="module")
def env(tmp_path_factory: pytest.TempPathFactory, models_dir: Path) -> dict[str, str]:
    env = environment(tmp_path_factory.mktemp("pages"), models_dir, KEFU_RETRAINING__EMBEDDED="false")
    imported = kefu("import", str(FAQ), "--approve", "--json", env=env)
    assert imported.returncode == 0, imported.stderr
    command = [
        sys.executable,
        "-m",
        "bot.cli",
        "operators",
        "create",
        "Ana",
        "--role",
        "admin",
        "--password-stdin",
    ]
    made = subprocess.run(
        command, input=PASSWORD, env=env, capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert made.returncode == 0, made.stderr
    return env


def settings_of(env: dict[str, str]) -> Settings:
    return Settings(
        data_dir=Path(env["KEFU_DATA_DIR"]),
        models_dir=Path(env["KEFU_MODELS_DIR"]),
        retraining=RetrainingSettings(embedded=False),
    )


@pytest.fixture(scope="module")
def url(env: dict[str, str]) -> Iterator[str]:
    settings = settings_of(env)
    with serving(env) as server:
        for _ in range(3):
            for text in ASKED:
                say(server.url, text)
        in_own_loop(fill(settings))
        yield server.url


def say(url: str, text: str) -> None:
    def post(path: str, body: dict[str, Any], token: str = "") -> dict[str, Any]:
        headers = {"Content-Type": "application/json"} | (
            {"Authorization": f"Bearer {token}"} if token else {}
        )
        request = urllib.request.Request(url + path, json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request) as reply:
            replied: dict[str, Any] = json.load(reply)
            return replied

    begun = post("/v1/conversations", {})
    path = f"/v1/conversations/{begun['conversation_id']}/messages"
    exchange = post(path, {"text": text}, begun["visitor_token"])
    vote = {"rating": "up" if "invoice" in text else "down"}
    post(f"/v1/exchanges/{exchange['id']}/feedback", vote, begun["visitor_token"])


async def fill(settings: Settings) -> None:
    """A release that the gate refused, a shadow, a waiting run, and what people found when they judged."""
    database = Database.open(settings.database_url)
    try:
        await bring_in_document(database, settings)
        made = await build_release(database, settings, created_by="test")
        folder = report_folder(settings, made.checkpoint.id) / FOLDER
        make_private_folder(folder.parent)
        make_private_folder(folder)
        async with database.write() as session:
            answer_id = (await session.execute(select(Answer.id).limit(1))).scalar_one()
            before = {"outcome": "handed_off", "answer": "", "confidence": 0.21}
            after = {"outcome": "answered", "answer": answer_id, "confidence": 0.87}
            changed = {"utterance": ASKED[0], "language": "en", "count": 7, "up": 1, "down": 2}
            rows = [{**changed, "logged": before, "before": before, "after": after}]
            (folder / JSON_FILE).write_text(json.dumps({"changed_answers": rows}), encoding="utf-8")
            (folder / PAGE_FILE).write_text("<!doctype html><title>Gate</title>", encoding="utf-8")
            release = await session.get_one(Release, made.release.id)
            release.gate = {
                "passed": False,
                "made_at": "2026-11-29T10:00:00+00:00",
                "report": "",
                "checks": CHECKS,
            }
            await switch_on(session, made.release.id, data_dir=settings.data_dir, started_by="cli")
            await request_run(session, trigger=RunTrigger.MANUAL, requested_by="cli", reason="new prices")
            await session.execute(
                update(Exchange).where(Exchange.rule != "small_talk_greeting").values(outcome="answered")
            )
            exchanges = (await session.execute(select(Exchange.id, Exchange.language))).all()
            for place in range(60):
                exchange = exchanges[place % len(exchanges)]
                session.add(
                    Label(
                        id=new_id("lbl"),
                        utterance="x",
                        folded="x",
                        language=exchange.language,
                        answer_id=answer_id,
                        out_of_scope=False,
                        source=LabelSource.OPERATOR,
                        verdict=Verdict.RIGHT if place % 4 else Verdict.OTHER_ANSWER,
                        given_by="key:test",
                        exchange_id=exchange.id,
                    )
                )
        await count_traffic(database)
    finally:
        await database.close()


async def bring_in_document(database: Database, settings: Settings) -> None:
    """Approved, with a change that waits."""
    path = settings.data_dir / "delivery.md"
    for days, approve in (("two", True), ("three", False)):
        path.write_text(
            f"# Delivery\n\nWithin {days} days.\n\n## 送货\n\n我们也送货到香港。\n", encoding="utf-8"
        )
        await bring_in(database, settings, path, approve=approve)


@pytest.fixture(params=["en", "zh"])
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def context(browser: Browser, language: str) -> Iterator[BrowserContext]:
    context = browser.new_context(locale=LOCALES[language], viewport={"width": 1280, "height": 800})
    context.set_default_timeout(20_000)
    expect.set_options(timeout=20_000)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext, url: str) -> Iterator[Page]:
    """Logged in; what the browser complains about fails the test."""
    page = context.new_page()
    wrong: list[str] = []
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    log_in(page, url)
    yield page
    assert wrong == []


def log_in(page: Page, url: str) -> None:
    page.goto(f"{url}/console/login")
    page.locator("[name=name]").fill("Ana")
    page.locator("[name=password]").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/console/inbox")


def addresses(page: Page, url: str) -> list[str]:
    """Every page, those of one thing by the links that lead to it."""
    found = []
    for path in (
        "knowledge",
        "knowledge/new",
        "knowledge/imports",
        "knowledge/documents",
        "dashboard",
        "dashboard/messages",
        "training",
        "settings",
        "settings/operators",
        "settings/keys",
        "settings/sites",
        "settings/sites/new",
        "settings/sites/default",
        "settings/webhooks",
        "settings/tolerance",
        "settings/tolerance?en=0.3&zh=0.05",
        "review/candidates",
        "releases",
        "releases/experiments",
    ):
        found.append(f"{url}/console/{path}")
        page.goto(found[-1])
        row = page.locator("main tbody a[data-row], main tbody th a").first
        if path in ("knowledge", "knowledge/imports", "knowledge/documents", "training", "releases"):
            found.append(url + str(row.get_attribute("href")))
    answer, release = found[1], found[-2]
    document = next(address for address in found if "/documents/doc_" in address)
    return [
        *found,
        f"{answer}/versions/1",
        f"{document}/versions/1",
        f"{release}/changed",
        f"{release}/shadow",
    ]


def test_axe_finds_nothing_on_any_page_and_no_page_is_wider_than_a_phone(
    page: Page, url: str, language: str
) -> None:
    for address in addresses(page, url):
        page.set_viewport_size({"width": 1280, "height": 800})
        page.goto(address)
        page.evaluate(AXE)
        found = page.evaluate(
            "axe.run().then(({violations}) => violations.map(v => [v.id, v.nodes.map(n => n.html)]))"
        )
        assert found == [], address
        assert page.locator("html").get_attribute("lang") == language
        page.set_viewport_size({"width": 390, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, address


def test_hints_come_while_typing_and_charts_are_drawn(page: Page, url: str, language: str) -> None:
    page.goto(f"{url}/console/knowledge")
    page.locator("main tbody a").first.click()
    text = page.locator("textarea[name=text]").input_value()
    page.goto(f"{url}/console/knowledge/new")
    page.locator("textarea[name=text]").press_sequentially(text[:-1] + "!")
    expect(page.locator("#hints .said")).to_contain_text(text[:20])
    page.locator("button[formaction]").click()
    expect(page.locator("#tried p").first).to_be_visible()

    page.goto(f"{url}/console/dashboard")
    drawn = "canvas => Chart.getChart(canvas)?.data.datasets.length"
    charts = page.locator("canvas[data-chart]")
    expect(charts).to_have_count(2)
    assert [charts.nth(0).evaluate(drawn), charts.nth(1).evaluate(drawn)] == [3, 2]

    page.goto(f"{url}/console/settings/tolerance")
    expect(charts).to_have_count(1)
    points = charts.evaluate(
        "canvas => Chart.getChart(canvas).data.datasets.map((set) => set.data.map((point) => point.x))"
    )
    assert points == [[0.05, 0.1, 0.15, 0.2, 0.3]] * 2


def test_what_is_typed_into_an_answer_survives_a_new_question(page: Page, url: str, language: str) -> None:
    page.goto(f"{url}/console/knowledge")
    page.locator("main tbody a").first.click()
    text, tags = page.locator("textarea[name=text]"), page.locator("[name=tags]")
    before = text.input_value()
    text.fill(f"{before} And more.")
    tags.fill("half done")

    page.locator("form[action$='/questions'] input[name=text]").fill(f"what else is there in {language}")
    page.locator("form[action$='/questions'] button").click()
    expect(page.locator("#said p")).to_be_visible()
    expect(text).to_have_value(f"{before} And more.")
    expect(tags).to_have_value("half done")
    expect(page.locator("form[action$='/questions'] input[name=text]")).to_have_value("")

    other = page.locator("nav.filter a:not([aria-current])").first
    other.click()
    expect(text).not_to_have_value(f"{before} And more.")


def test_release_is_rejected_with_a_reason(page: Page, url: str, language: str) -> None:
    page.goto(f"{url}/console/releases")
    page.locator("main tbody a").first.click()
    page.locator("form[action$=decision] [name=reason]").fill(f"wrong prices {language}")
    page.locator("form[action$=decision] button[value=false]").click()
    expect(page.locator("#said p")).to_be_visible()
    expect(page.locator("main dl")).to_contain_text(f"wrong prices {language}")
