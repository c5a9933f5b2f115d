"""A visitor's whole story with the widget, on a page of another origin, against a real server."""

import json
import re
import urllib.request
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.widget.conftest import ROWS, Service
from tests.widget.panel import KNOWN, LOCALES, NAMES, UNCLEAR, Panel

ANSWERS = {row["question"]: row["answer"] for row in ROWS}
STORED = "JSON.parse(localStorage.getItem('kefu:default') ?? '{}')"


@pytest.fixture(params=["en", "zh-Hans"])
def locale(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def context(browser: Browser, locale: str) -> Iterator[BrowserContext]:
    context = browser.new_context(locale=LOCALES[locale], viewport={"width": 1100, "height": 760})
    context.set_default_timeout(20_000)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext, service: Service) -> Page:
    page = context.new_page()
    page.goto(service.page())
    return page


def agent_says(service: Service, conversation: str, text: str) -> None:
    request = urllib.request.Request(
        f"{service.url}/v1/conversations/{conversation}/agent-replies",
        json.dumps({"text": text}).encode(),
        {"Authorization": f"Bearer {service.key}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as response:
        assert response.status == 201


def test_visitor_asks_clarifies_votes_and_talks_to_a_person(
    service: Service, page: Page, locale: str
) -> None:
    panel = Panel(page, locale).open()
    page.evaluate(
        """() => { window.heard = []; for (const name of ["message", "feedback", "handoff", "close"])
            Kefu.on(name, (detail) => heard.push([name, detail.role ?? detail.rating ?? detail.state ?? null])); }"""
    )
    expect(panel.field).to_be_focused()
    expect(page.locator(".suggestions button").first).to_be_visible()

    # Asks something clear; takes a thumb down back.
    expect(panel.write(KNOWN[locale])).to_have_text(ANSWERS[KNOWN[locale]])
    panel.button("down").click()
    page.get_by_role("button", name=NAMES[locale]["wrong"], exact=True).click()
    expect(panel.button("down")).to_have_attribute("aria-pressed", "true")
    panel.button("undo").click()
    expect(panel.button("down")).to_have_attribute("aria-pressed", "false")
    panel.button("up").click()
    expect(panel.button("up")).to_have_attribute("aria-pressed", "true")
    panel.button("why").click()
    expect(page.locator(".why")).to_contain_text("ans_")

    # Asks something unclear; picks what was meant.
    panel.write(UNCLEAR[locale])
    choice = page.locator(".choices button").first
    question = choice.inner_text()
    choice.click()
    expect(panel.said_by("customer").last).to_have_text(question)
    expect(choice).to_be_disabled()
    expect(panel.button("why")).to_have_count(2)

    # Wants a person; one answers, also while the panel is closed.
    panel.button("person").click()
    expect(panel.said_by("system")).to_have_count(1)
    panel.button("close").click()
    expect(panel.launcher).to_be_focused()
    agent_says(service, page.evaluate(f"{STORED}.id"), "Anna: https://shop.example/help")
    expect(page.locator(".badge")).to_have_text("2")  # that somebody is there, and what they say
    panel.launcher.click()
    expect(panel.said_by("agent")).to_have_text([f"Anna: https://shop.example/help {newtab(locale)}"])
    expect(page.locator(".agent a")).to_have_attribute("href", "https://shop.example/help")
    heard = page.evaluate("heard")
    assert [detail for name, detail in heard if name == "feedback"] == ["down", "down", None, "up"]
    assert [detail for name, detail in heard if name == "message"] == [
        *("customer", "bot", "customer", "bot", "customer", "bot"),
        *("system", "system", "agent"),
    ]
    assert ["close", None] in heard
    assert ["handoff", "waiting"] in heard


def test_what_the_system_says_is_told_although_no_event_stream_comes(
    service: Service, page: Page, locale: str
) -> None:
    page.route("**/v1/conversations/*/events*", lambda route: route.abort())
    panel = Panel(page, locale).open()
    page.evaluate("() => { window.heard = []; Kefu.on('message', ({ role }) => heard.push(role)); }")
    expect(panel.write(KNOWN[locale])).to_have_text(ANSWERS[KNOWN[locale]])

    panel.button("person").click()

    expect(panel.said_by("system")).to_have_count(1)
    assert page.evaluate("heard") == ["customer", "bot", "system"]


def newtab(locale: str) -> str:
    return {"en": "(opens in a new tab)", "zh-Hans": "（在新标签页打开）"}[locale]


def test_conversation_is_there_on_the_next_page_and_in_the_next_tab(
    service: Service, page: Page, context: BrowserContext, locale: str
) -> None:
    panel = Panel(page, locale).open()
    panel.write(KNOWN[locale])
    panel.button("down").click()
    expect(panel.button("undo")).to_be_visible()

    page.goto(service.page("/next"))
    Panel(page, locale).launcher.click()

    expect(panel.said_by("bot")).to_have_text([re.compile("."), ANSWERS[KNOWN[locale]]])
    expect(panel.button("down")).to_have_attribute("aria-pressed", "true")
    other = Panel(context.new_page(), locale)
    other.page.goto(service.page())
    other.launcher.click()
    expect(other.said_by("customer")).to_have_count(1)
    other.write(UNCLEAR[locale])
    expect(panel.said_by("customer")).to_have_count(2)  # seen in the first tab, too

    other.button("close").click()
    other.page.evaluate("Kefu.reset()")
    expect(panel.said_by("customer")).to_have_count(0)
    assert page.evaluate("localStorage.length + sessionStorage.length + document.cookie.length") == 0


def test_what_was_said_can_be_kept_and_deleted(service: Service, page: Page, locale: str) -> None:
    panel = Panel(page, locale).open()
    panel.write(KNOWN[locale])
    conversation = page.evaluate(f"{STORED}.id")

    panel.button("more").click()
    with page.expect_download() as download:
        panel.button("download").click()
    text = download.value.path().read_text(encoding="utf-8-sig")
    assert KNOWN[locale] in text
    assert ANSWERS[KNOWN[locale]] in text

    panel.button("delete").click()
    page.keyboard.press("Escape")
    expect(panel.said_by("customer")).to_have_count(1)
    panel.button("more").click()
    panel.button("delete").click()
    panel.button("yes").click()
    expect(panel.said_by("customer")).to_have_count(0)
    panel.write(KNOWN[locale])
    assert page.evaluate(f"{STORED}.id") not in (None, conversation)
