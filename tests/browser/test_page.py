"""The page at / in a real browser, against a real server: what a visitor sees, presses and reads."""

import json
import re
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests.fixtures.browsers import ELSEWHERE
from tests.fixtures.processes import ROOT, environment, kefu, serving

FAQ = ROOT / "bot" / "demo" / "faq.jsonl"
ANSWERS = {
    row["question"]: row["answer"] for row in map(json.loads, FAQ.read_text(encoding="utf-8").splitlines())
}
LOCALES = {"en": "en-US", "zh": "zh-CN"}
QUESTIONS = {"en": "How many days do I have to return something?", "zh": "怎么开发票？"}
UNCLEAR = {"en": "cancel my order", "zh": "退货"}
NAMES = {
    "en": {
        "message": "Message",
        "send": "Send",
        "up": "Helpful",
        "down": "Not helpful",
        "person": "Talk to a person",
        "thanks": "Thank you for telling us.",
        "again": "Start again",
        "here": "A person is here and will answer you.",
    },
    "zh": {
        "message": "消息",
        "send": "发送",
        "up": "有帮助",
        "down": "没有帮助",
        "person": "转人工",
        "thanks": "感谢您的反馈。",
        "again": "重新开始",
        "here": "人工客服已接入，会在这里回复您。",
    },
}


@pytest.fixture(scope="module")
def env(tmp_path_factory: pytest.TempPathFactory, models_dir: Path) -> dict[str, str]:
    return environment(tmp_path_factory.mktemp("browser"), models_dir)


@pytest.fixture(scope="module")
def url(env: dict[str, str]) -> Iterator[str]:
    imported = kefu("import", str(FAQ), "--approve", "--json", env=env)
    assert imported.returncode == 0, imported.stderr
    with serving(env) as server:
        yield server.url


@pytest.fixture(scope="module")
def key(env: dict[str, str], url: str) -> str:
    """An operator's."""
    made = kefu("keys", "create", "--name", "desk", "--scope", "operator", "--json", env=env)
    return str(json.loads(made.stdout)["key"])


def agent_says(page: Page, url: str, key: str, text: str) -> None:
    conversation = page.evaluate("JSON.parse(sessionStorage.getItem('kefu-conversation')).id")
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    path = f"{url}/v1/conversations/{conversation}/agent-replies"
    with urllib.request.urlopen(
        urllib.request.Request(path, json.dumps({"text": text}).encode(), headers)
    ) as said:
        assert said.status == 201


@pytest.fixture(params=["en", "zh"])
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def context(browser: Browser, language: str) -> Iterator[BrowserContext]:
    context = browser.new_context(locale=LOCALES[language], viewport={"width": 1280, "height": 800})
    context.set_default_timeout(15_000)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext, url: str) -> Iterator[Page]:
    """The page with its greeting; whatever it complains about on the console fails the test."""
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(url)
    expect(said_by(page, "bot")).to_have_count(1)
    yield page
    assert complaints == []


def said_by(page: Page, role: str) -> Locator:
    return page.locator(f".entry.{role} .bubble")


def write(page: Page, text: str) -> Locator:
    """Writes into the empty field and sends with Enter; returns the reply."""
    replies = said_by(page, "bot").count()
    field = page.locator("#message")
    field.fill(text)
    field.press("Enter")
    expect(field).to_have_value("")
    reply = said_by(page, "bot").nth(replies)
    expect(reply).to_be_visible()
    return reply


def test_question_gets_the_stored_answer_and_can_be_voted_on(page: Page, language: str) -> None:
    names, question = NAMES[language], QUESTIONS[language]

    page.get_by_role("textbox", name=names["message"], exact=True).fill(question)
    page.get_by_role("button", name=names["send"], exact=True).click()

    expect(said_by(page, "customer")).to_have_text([question])
    expect(said_by(page, "bot").nth(1)).to_have_text(ANSWERS[question])
    helpful = page.get_by_role("button", name=names["up"], exact=True)
    helpful.click()
    expect(page.get_by_role("status")).to_have_text(names["thanks"])
    expect(helpful).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("button", name=names["down"], exact=True)).to_be_disabled()


def test_document_and_reply_say_which_language_they_are_in(page: Page, language: str) -> None:
    expect(page.locator("html")).to_have_attribute("lang", language)
    expect(write(page, QUESTIONS[language])).to_have_attribute("lang", language)


def test_question_in_the_other_language_gets_that_languages_answer(page: Page, language: str) -> None:
    question = QUESTIONS["zh" if language == "en" else "en"]

    expect(write(page, question)).to_have_text(ANSWERS[question])


def test_language_can_be_changed_and_starts_anew(page: Page, language: str) -> None:
    other = "zh" if language == "en" else "en"
    write(page, QUESTIONS[language])

    page.locator(f"[data-language={other}]").click()

    expect(page.get_by_role("textbox", name=NAMES[other]["message"], exact=True)).to_be_visible()
    expect(said_by(page, "customer")).to_have_count(0)
    expect(said_by(page, "bot")).to_have_count(1)
    expect(page.locator(f"[data-language={other}]")).to_have_attribute("aria-pressed", "true")


def test_suggestion_is_asked_by_a_click(page: Page) -> None:
    suggestion = page.locator("#suggestions button").first
    question = suggestion.inner_text()

    suggestion.click()

    expect(said_by(page, "customer")).to_have_text([question])
    expect(said_by(page, "bot")).to_have_count(2)
    expect(page.locator("#message")).to_be_focused()


def test_enter_sends_and_shift_enter_makes_a_line(page: Page) -> None:
    field = page.locator("#message")
    field.fill("one")
    field.press("Shift+Enter")
    page.keyboard.type("two")
    expect(field).to_have_value("one\ntwo")
    expect(said_by(page, "customer")).to_have_count(0)

    field.press("Enter")

    expect(said_by(page, "customer")).to_have_text(["one\ntwo"])
    expect(said_by(page, "bot")).to_have_count(2)


def test_nothing_is_sent_when_nothing_is_written(page: Page) -> None:
    page.locator("#message").fill("  ")
    page.locator("#message").press("Enter")

    expect(said_by(page, "customer")).to_have_count(0)


@pytest.mark.parametrize("init", ["isComposing: true", "keyCode: 229"])
def test_enter_that_ends_a_composition_does_not_send(page: Page, init: str) -> None:
    """As an input method does it, once by the standard and once as Safari does."""
    page.locator("#message").fill("fapiao")

    page.locator("#message").evaluate(
        f"field => field.dispatchEvent(new KeyboardEvent('keydown', {{key: 'Enter', bubbles: true, {init}}}))"
    )

    expect(page.locator("#message")).to_have_value("fapiao")
    expect(said_by(page, "customer")).to_have_count(0)


def test_choice_is_answered_by_a_click_and_is_no_longer_offered_later(page: Page, language: str) -> None:
    write(page, UNCLEAR[language])
    choices = page.locator(".choices button")
    question = choices.first.inner_text()

    choices.first.click()

    expect(said_by(page, "customer").last).to_have_text(question)
    answers = {shown(asked): answer for asked, answer in ANSWERS.items()}
    expect(said_by(page, "bot").last).to_have_text(answers[shown(question)])
    for place in range(choices.count()):
        expect(choices.nth(place)).to_be_disabled()


def shown(question: str) -> str:
    """Questions are kept with their punctuation made uniform."""
    return re.sub(r"\W", "", question)


def test_person_is_called_by_words_and_by_the_button(page: Page, language: str) -> None:
    reply = write(page, {"en": "give me a person", "zh": "转人工"}[language])
    expect(reply).to_contain_text({"en": "I've asked our team", "zh": "转接人工客服"}[language])
    expect(said_by(page, "system")).to_contain_text({"en": "email address", "zh": "邮箱"}[language])

    page.get_by_role("button", name=NAMES[language]["again"], exact=True).click()
    expect(said_by(page, "bot")).to_have_count(1)
    page.get_by_role("button", name=NAMES[language]["person"], exact=True).click()

    expect(said_by(page, "system")).to_have_count(1)


def test_what_a_person_says_appears_by_itself_and_looks_like_a_persons(
    page: Page, url: str, key: str, language: str
) -> None:
    page.get_by_role("button", name=NAMES[language]["person"], exact=True).click()
    expect(said_by(page, "system")).to_have_count(1)

    agent_says(page, url, key, "Which order is it about?")
    expect(said_by(page, "agent")).to_have_text(["Which order is it about?"])
    page.locator("#message").fill("4711")
    page.locator("#message").press("Enter")
    expect(page.get_by_role("status")).to_have_text(NAMES[language]["here"])
    expect(said_by(page, "customer").last).to_have_text("4711")

    page.reload()
    expect(said_by(page, "agent")).to_have_text(["Which order is it about?"])
    agent_says(page, url, key, "<b>Thank you.</b>")
    expect(said_by(page, "agent")).to_have_text(["Which order is it about?", "<b>Thank you.</b>"])
    looks = [
        said_by(page, role).first.evaluate("e => getComputedStyle(e).borderLeft")
        for role in ("agent", "system")
    ]
    assert looks[0] != looks[1]
    expect(page.locator(".entry.agent .who").first).to_be_visible()


def test_reload_keeps_the_conversation_and_start_again_does_not(page: Page, language: str) -> None:
    question = QUESTIONS[language]
    write(page, question)

    page.reload()

    kept = re.compile(f"^{question[:-1]}.$")  # its question mark is stored as the usual one
    expect(said_by(page, "customer")).to_have_text([kept])
    expect(said_by(page, "bot")).to_have_text([ANSWERS[question]])
    page.get_by_role("button", name=NAMES[language]["again"], exact=True).click()
    expect(said_by(page, "customer")).to_have_count(0)
    expect(said_by(page, "bot")).to_have_count(1)


def test_long_conversation_is_all_there_after_a_reload(page: Page) -> None:
    """More messages than the API gives at once; 51 sent by hand would take a minute, so the page's own token does it."""
    page.evaluate(
        """async () => {
            const {id, token} = JSON.parse(sessionStorage.getItem("kefu-conversation"));
            for (let n = 1; n <= 51; n++) {
                await fetch(`/v1/conversations/${id}/messages`, {
                    method: "POST",
                    headers: {"Content-Type": "application/json", Authorization: `Bearer ${token}`},
                    body: JSON.stringify({text: `hello ${n}`}),
                });
            }
        }"""
    )

    page.reload()

    expect(said_by(page, "customer")).to_have_text([f"hello {n}" for n in range(1, 52)])


def test_markup_is_shown_as_the_text_it_is(page: Page) -> None:
    text = "<img src=x onerror=alert(1)><b>bold</b> & <script>alert(2)</script>"

    write(page, text)

    expect(said_by(page, "customer")).to_have_text([text])
    expect(page.locator("#log img, #log b, #log script")).to_have_count(0)
    page.reload()
    expect(said_by(page, "customer")).to_have_text([text])


def test_page_works_by_plain_http_under_another_name(browser: Browser, url: str) -> None:
    """There the browser offers less than on 127.0.0.1, such as no crypto.randomUUID."""
    with browser.new_context(locale="en-US") as context:
        page = context.new_page()
        page.goto(url.replace("127.0.0.1", ELSEWHERE))
        expect(said_by(page, "bot")).to_have_count(1)
        assert page.evaluate("isSecureContext") is False

        expect(write(page, QUESTIONS["en"])).to_have_text(ANSWERS[QUESTIONS["en"]])


def test_message_that_did_not_get_through_is_sent_again_by_a_click(
    browser: Browser, url: str, language: str
) -> None:
    """The network is cut before the reply; the browser complains about that, so this page is not watched."""
    with browser.new_context(locale=LOCALES[language]) as context:
        page = context.new_page()
        page.goto(url)
        expect(said_by(page, "bot")).to_have_count(1)
        context.set_offline(True)
        page.locator("#message").fill(QUESTIONS[language])
        page.locator("#message").press("Enter")
        again = page.get_by_role("button", name={"en": "Try again", "zh": "重试"}[language], exact=True)
        expect(again).to_be_visible()
        context.set_offline(False)

        again.click()

        expect(said_by(page, "bot").nth(1)).to_have_text(ANSWERS[QUESTIONS[language]])
        expect(said_by(page, "customer")).to_have_count(1)
        expect(again).to_have_count(0)


@pytest.mark.parametrize("width", [360, 320])
def test_phone_shows_it_all_without_scrolling_the_page(page: Page, language: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 740})
    write(page, UNCLEAR[language])
    write(page, "Donaudampfschifffahrtsgesellschaftskapitänskajütentürschlüsselloch" * 3)

    size = page.evaluate(
        "() => { const it = document.documentElement;"
        " return [it.scrollWidth - it.clientWidth, it.scrollHeight - it.clientHeight]; }"
    )

    assert size == [0, 0]
    expect(page.get_by_role("button", name=NAMES[language]["send"], exact=True)).to_be_in_viewport()
    expect(page.locator(".entry .bubble").last).to_be_in_viewport()
