"""The console in a real browser: logging in, deciding by keyboard, answering a customer; every page in both languages."""

import json
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, expect

from tests.fixtures.processes import ROOT, environment, kefu, serving

FAQ = ROOT / "bot" / "demo" / "faq.jsonl"
AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
WAIT_MS = 20_000
PASSWORD = "correct horse battery"
LOCALES = {"en": "en-US", "zh": "zh-CN"}
QUESTION = {"en": "my umbrella is broken, can you repair it", "zh": "我的雨伞坏了可以修吗"}
REPAIRED = {"en": "We repair umbrellas in our shop.", "zh": "我们店里可以修雨伞。"}
NAMES = {
    "en": {"inbox": "Inbox", "review": "Review", "take": "Take over", "reply": "Reply", "send": "Send", "back": "Hand back to the bot"},
    "zh": {"inbox": "会话", "review": "审核", "take": "接手", "reply": "回复", "send": "发送", "back": "交还机器人"},
}  # fmt: skip
CANARY = "http://canary.kefu.test"
HOSTILE = [
    f"<script src={CANARY}/s></script>",
    f"<img src={CANARY}/i onerror=fetch('{CANARY}/e')>",
    f'"><svg onload="location=\'{CANARY}/o\'">',
    f"' onmouseover='fetch(`{CANARY}/m`)' autofocus onfocus='alert(1)",
    f"</textarea></title><iframe src={CANARY}/f></iframe>",
    f"<link rel=stylesheet href={CANARY}/c><base href={CANARY}/>",
    f"<form action={CANARY}><input name=csrf_token autofocus></form>",
    "{{ 7 * 7 }}{% raw %} ${7*7} #{7*7}",
    f"<div hx-get='{CANARY}/h' hx-trigger='load' hx-on:load='alert(1)'>",
    f"javascript:fetch('{CANARY}/j')//<!--<math><mi//xlink:href='data:x,<script>alert(1)</script>'>",
]


@pytest.fixture(scope="module")
def env(tmp_path_factory: pytest.TempPathFactory, models_dir: Path) -> dict[str, str]:
    env = environment(tmp_path_factory.mktemp("console"), models_dir)
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


@pytest.fixture(scope="module")
def url(env: dict[str, str]) -> Iterator[str]:
    with serving(env) as server:
        yield server.url


@pytest.fixture(params=["en", "zh"])
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


class Visitor:
    """Somebody who talks to the bot through the API."""

    def __init__(self, url: str, language: str) -> None:
        self._url = f"{url}/v1/conversations"
        started = self._call("", {"language": language}, token=None)
        self._id, self._token = started["conversation_id"], started["visitor_token"]

    def say(self, text: str) -> dict[str, Any]:
        return self._call(f"/{self._id}/messages", {"text": text}, token=self._token)

    def ask_for_person(self) -> str:
        """The handoff's id."""
        return str(self._call(f"/{self._id}/handoff", {}, token=self._token)["id"])

    def heard(self) -> list[str]:
        items = self._call(f"/{self._id}/messages", None, token=self._token)["items"]
        return [item["text"] for item in items if item["role"] == "agent"]

    def _call(self, path: str, body: object, *, token: str | None) -> dict[str, Any]:
        headers = {"Content-Type": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        sent = json.dumps(body).encode() if body is not None else None
        with urllib.request.urlopen(urllib.request.Request(self._url + path, sent, headers)) as reply:
            replied: dict[str, Any] = json.load(reply)
            return replied


@pytest.fixture
def context(browser: Browser, language: str, url: str) -> Iterator[BrowserContext]:
    context = browser.new_context(locale=LOCALES[language], viewport={"width": 1280, "height": 800})
    context.set_default_timeout(WAIT_MS)
    expect.set_options(timeout=WAIT_MS)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext, url: str) -> Iterator[Page]:
    """Logged in; what the browser complains about, and requests that leave the console, fail the test."""
    page = context.new_page()
    wrong: list[str] = []

    def look(request: Request) -> None:
        if not request.url.startswith(url):
            wrong.append(f"asks for {request.url}")

    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("dialog", lambda dialog: wrong.append(dialog.message))
    page.on("request", look)
    page.goto(f"{url}/console")
    page.locator("[name=name]").fill("Ana")
    page.locator("[name=password]").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/console/inbox")
    yield page
    assert wrong == []


def press(page: Page, key: str) -> None:
    """Once the page that was asked for before is there with its scripts."""
    page.wait_for_load_state("load")
    page.keyboard.press(key)


def test_customer_is_taken_over_answered_live_and_handed_back(page: Page, url: str, language: str) -> None:
    names, visitor = NAMES[language], Visitor(url, language)
    visitor.say(QUESTION[language])
    handoff = visitor.ask_for_person()

    page.locator(f"#{handoff}").click()  # the list renews itself
    page.wait_for_url(f"**/console/inbox/{handoff}")
    press(page, "t")
    field = page.get_by_role("textbox", name=names["reply"], exact=False).first
    expect(field).to_be_focused()
    visitor.say("...?")
    expect(page.get_by_role("log")).to_contain_text("...?")  # without loading the page
    press(page, "Escape")
    press(page, "1")
    suggested = field.input_value()
    assert suggested
    press(page, "Control+Enter")
    expect(page.locator(".agent .bubble")).to_have_text([suggested])
    assert visitor.heard() == [suggested]

    press(page, "Escape")
    press(page, "b")
    page.wait_for_url("**/console/inbox")
    expect(page.locator(f"#{handoff}")).to_have_count(0)


def test_questions_are_decided_by_keyboard_alone(page: Page, url: str, language: str) -> None:
    other = {
        "en": ["do you rent out drones", "is there a shop on the moon"],
        "zh": ["你们出租无人机吗", "月球上有店吗"],
    }
    for text in other[language]:
        Visitor(url, language).say(text)
    page.goto(f"{url}/console/review?language={language}")
    asked = page.locator("#asked")
    first = asked.inner_text()

    press(page, "?")
    expect(page.locator("dialog#keys")).to_be_visible()
    press(page, "Escape")
    press(page, "j")
    expect(asked).not_to_have_text(first)
    press(page, "k")
    expect(asked).to_have_text(first)
    press(page, "o")
    expect(page.locator(".said")).to_be_visible()
    expect(asked).not_to_have_text(first)
    second = asked.inner_text()
    press(page, "/")
    page.keyboard.type({"en": "return", "zh": "退货"}[language])
    expect(page.locator("#found button").first).to_be_visible()
    press(page, "Escape")
    press(page, "1")
    expect(page.locator(".said")).to_be_visible()
    press(page, "u")
    expect(asked).to_have_text(second)
    expect(page.locator("#decided")).to_be_visible()


def test_enter_in_the_search_stays_with_the_question_and_with_the_place(
    page: Page, url: str, language: str
) -> None:
    for text in {"en": ["do you sell tents", "do you sell ropes"], "zh": ["你们卖帐篷吗", "你们卖绳子吗"]}[
        language
    ]:
        Visitor(url, language).say(text)
    page.goto(f"{url}/console/review?language={language}&place=1")
    asked = page.locator("#asked").inner_text()

    press(page, "/")
    page.keyboard.type({"en": "return", "zh": "退货"}[language])
    press(page, "Enter")

    page.wait_for_url("**/console/review/exchanges/**")
    expect(page.locator("#asked")).to_have_text(asked)
    expect(page.locator("#found button").first).to_be_visible()
    press(page, "o")
    page.wait_for_url(f"**/console/review?place=1&language={language}&last=*")


def test_key_that_is_held_down_decides_one_question(page: Page, url: str, language: str) -> None:
    for text in {"en": ["do you sell kites", "do you sell boats"], "zh": ["你们卖风筝吗", "你们卖小船吗"]}[
        language
    ]:
        Visitor(url, language).say(text)
    decided: list[str] = []
    page.on("request", lambda request: decided.append(request.url) if request.method == "POST" else None)
    page.goto(f"{url}/console/review?language={language}")
    page.wait_for_load_state("load")

    page.keyboard.down("o")
    expect(page.locator(".said")).to_be_visible()
    page.wait_for_load_state("load")
    for _ in range(3):
        page.keyboard.down("o")  # as the keyboard repeats it
    page.keyboard.up("o")
    press(page, "?")

    expect(page.locator("dialog#keys")).to_be_visible()
    assert len(decided) == 1


def test_agents_reply_is_accepted_by_keyboard(page: Page, url: str, language: str) -> None:
    question = {"en": "the handle of my umbrella came off", "zh": "雨伞的手柄掉了"}[language]
    visitor = Visitor(url, language)
    visitor.say(question)
    page.goto(f"{url}/console/inbox/{visitor.ask_for_person()}")
    press(page, "t")
    page.locator("#reply textarea").fill(REPAIRED[language])
    press(page, "Control+Enter")
    expect(page.locator(".agent .bubble")).to_have_text([REPAIRED[language]])

    page.goto(f"{url}/console/review/candidates?source=agent_reply&before=lbl_z")  # the newest
    expect(page.locator("#asked")).to_have_text(question)
    press(page, "e")
    field = page.locator("form[action$='/accept'] textarea")
    expect(field).to_be_focused()
    expect(field).to_have_value(REPAIRED[language])
    press(page, "Escape")
    press(page, "/")
    page.keyboard.type({"en": "return", "zh": "退货"}[language])
    expect(page.locator("#found button").first).to_be_visible()
    press(page, "Escape")
    press(page, "a")
    expect(page.locator(".said")).to_be_visible()
    assert Visitor(url, language).say(question)["reply"]["text"] == REPAIRED[language]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_every_page_is_accessible_and_fits(
    page: Page, url: str, language: str, scheme: Any, width: int
) -> None:
    visitor = Visitor(url, language)
    asked, handoff = visitor.say(QUESTION[language]), visitor.ask_for_person()
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 800})
    paths = [
        *("/console/inbox", f"/console/inbox/{handoff}", "/console/review"),
        f"/console/review/exchanges/{asked['id']}",
        *("/console/review/gaps", "/console/review/candidates", "/console/account"),
    ]
    for path in paths:
        page.goto(url + path)
        expect(page.locator("html")).to_have_attribute("lang", language)
        page.evaluate(AXE)
        found = page.evaluate("axe.run().then(r => r.violations.map(v => `${v.id}: ${v.nodes[0].html}`))")
        assert found == [], f"{path}: {found}"
        over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert over <= 0, path


def test_what_is_typed_in_one_form_survives_the_use_of_another(page: Page, url: str, language: str) -> None:
    visitor = Visitor(url, language)
    visitor.say(QUESTION[language])
    handoff = visitor.ask_for_person()
    page.goto(f"{url}/console/inbox/{handoff}")
    press(page, "t")
    reply, note = page.locator("#reply textarea"), page.locator("form[action$='/notes'] textarea")

    reply.fill("I am looking into it")
    note.fill("calls back at nine")
    page.locator("form[action$='/notes'] button").click()
    expect(page.locator(".notes > li")).to_have_count(1)
    expect(reply).to_have_value("I am looking into it")
    expect(note).to_have_value("")

    press(page, "Escape")
    press(page, "1")
    expect(reply).not_to_have_value("I am looking into it")
    press(page, "Control+z")
    expect(reply).to_have_value("I am looking into it")
    press(page, "Control+Enter")
    expect(page.locator(".agent .bubble")).to_have_text(["I am looking into it"])
    expect(reply).to_have_value("")
    page.reload()
    expect(reply).to_have_value("")


def test_what_is_typed_survives_a_session_that_ends_and_not_a_logout(
    page: Page, context: BrowserContext, url: str, language: str
) -> None:
    visitor = Visitor(url, language)
    visitor.say(QUESTION[language])
    handoff = visitor.ask_for_person()
    page.goto(f"{url}/console/inbox/{handoff}")
    press(page, "t")
    note = page.locator("form[action$='/notes'] textarea")
    note.fill("calls back at nine")
    page.evaluate("document.querySelector('[hx-trigger*=every]').remove()")

    context.clear_cookies()
    page.locator("form[action$='/notes'] button").click()
    page.locator("[name=name]").fill("Ana")
    page.locator("[name=password]").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/console/inbox/{handoff}")
    expect(note).to_have_value("calls back at nine")

    page.locator("form[action$='/logout'] button").first.click()
    page.wait_for_url("**/console/login*")
    assert page.evaluate("Object.keys(sessionStorage).filter((name) => name.startsWith('kefu'))") == []


def test_hostile_texts_run_nothing_and_call_nobody(page: Page, url: str) -> None:
    """What the browser asks for outside the console, a dialog or an error fails in the fixture."""
    visitor = Visitor(url, "en")
    for text in HOSTILE:
        visitor.say(text)
    page.goto(f"{url}/console/inbox/{visitor.ask_for_person()}")
    press(page, "t")
    notes = page.locator("form[action$='/notes']")
    for text in HOSTILE:
        notes.locator("textarea").fill(text)
        notes.locator("button").click()
        expect(page.locator(".notes > li").first).to_contain_text(text[-12:])
    expect(page.locator(".said-by.customer .bubble")).to_have_count(len(HOSTILE))
    expect(page.locator("main iframe, main svg, main base, main script, main img")).to_have_count(0)
    for link in page.locator("aside .comments a").all()[:1]:
        link.click()
        expect(page.locator("#asked")).to_be_visible()
    page.goto(f"{url}/console/review?q=" + re.sub(r"\W", lambda m: f"%{ord(m[0]):02x}", HOSTILE[4]))
    expect(page.get_by_role("searchbox")).to_have_value(HOSTILE[4])
    assert page.evaluate("typeof window.canary") == "undefined"
