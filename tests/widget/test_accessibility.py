"""WCAG 2.2 AA as far as it can be tested: axe in every state, the keyboard alone, what is announced, input methods."""

from collections.abc import Iterator
from importlib.resources import files

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.widget.conftest import Service
from tests.widget.panel import KNOWN, LOCALES, NAMES, UNCLEAR, Panel

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture
def page(context: BrowserContext, service: Service) -> Page:
    page = context.new_page()
    page.goto(service.page())
    return page


def found_by_axe(page: Page) -> list[str]:
    page.evaluate(AXE)
    found = page.evaluate("rules => axe.run(document, {runOnly: rules})", RULES)
    return [f"{each['id']}: {node['html']}" for each in found["violations"] for node in each["nodes"]]


@pytest.mark.parametrize(
    ("locale", "scheme", "width"),
    [("en", "light", 1100), ("zh-Hans", "dark", 1100), ("zh-Hant", "light", 380)],
)
def test_axe_finds_nothing_in_any_state(
    browser: Browser, service: Service, locale: str, scheme: str, width: int
) -> None:
    with browser.new_context(
        locale=LOCALES[locale],
        color_scheme=scheme,
        viewport={"width": width, "height": 760},
        reduced_motion="reduce",
    ) as context:
        page = context.new_page()
        page.goto(service.page("/states", settings='data-consent="required"', lang=locale))
        panel = Panel(page, locale)
        expect(panel.launcher).to_be_visible()
        assert found_by_axe(page) == []
        panel.open()
        expect(page.locator(".suggestions button").first).to_be_visible()
        assert found_by_axe(page) == []
        panel.write(KNOWN.get(locale, KNOWN["zh-Hans"]))
        page.locator(".actions button").nth(1).click()
        expect(page.locator(".reasons")).to_be_visible()
        page.locator(".actions button").nth(2).click()
        panel.write(UNCLEAR[locale])
        page.locator(".foot button").click()
        expect(panel.said_by("system")).to_have_count(1)
        panel.button("more").click()
        assert found_by_axe(page) == []
        page.locator(".rows button").first.click()
        expect(page.locator(".stars")).to_be_visible()
        context.set_offline(True)
        panel.field.fill("x")
        panel.field.press("Enter")
        expect(page.locator(".banner.trouble")).to_be_visible()
        assert found_by_axe(page) == []
        panel.button("more").click()
        page.locator(".rows .danger").click()
        expect(page.get_by_role("alertdialog")).to_be_visible()
        assert found_by_axe(page) == []
        small = page.evaluate(
            """() => [...document.querySelector("kefu-widget").shadowRoot.querySelectorAll("button, input")]
                .filter((e) => e.offsetWidth < 24 || e.offsetHeight < 24).map((e) => e.outerHTML)"""
        )
        assert small == []
        context.set_offline(False)


def focused(page: Page) -> str:
    name: str = page.evaluate(
        """() => { const at = document.activeElement.shadowRoot?.activeElement ?? document.activeElement;
            return at.getAttribute("aria-label") ?? at.textContent.trim(); }"""
    )
    return name


def tab_to(page: Page, name: str, *, back: bool = False) -> None:
    for _ in range(25):
        page.keyboard.press("Shift+Tab" if back else "Tab")
        if focused(page) == name:
            return
    pytest.fail(f"the keyboard does not get to {name!r}; it is at {focused(page)!r}")


def test_everything_can_be_done_with_the_keyboard_alone(page: Page) -> None:
    names, panel = NAMES["en"], Panel(page)
    expect(panel.launcher).to_be_visible()
    tab_to(page, names["launcher"])
    page.keyboard.press("Enter")
    expect(panel.field).to_be_focused()
    page.keyboard.type(KNOWN["en"])
    page.keyboard.press("Tab")
    assert focused(page) == names["send"]
    page.keyboard.press("Enter")
    expect(panel.button("down")).to_be_visible()

    tab_to(page, names["down"], back=True)
    page.keyboard.press("Space")
    expect(page.locator(".reasons")).to_be_visible()
    tab_to(page, "Incomplete")
    page.keyboard.press("Enter")
    expect(page.locator(".reasons")).to_have_count(0)
    assert focused(page) == names["down"]
    tab_to(page, names["undo"])
    page.keyboard.press("Enter")
    expect(panel.button("down")).to_have_attribute("aria-pressed", "false")
    assert focused(page) == names["up"]

    tab_to(page, names["more"], back=True)
    page.keyboard.press("Enter")
    tab_to(page, "简体中文")
    page.keyboard.press("Space")
    expect(Panel(page, "zh-Hans").field).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".menu")).to_have_count(0)
    assert focused(page) == NAMES["zh-Hans"]["more"]
    page.keyboard.press("Escape")
    expect(Panel(page, "zh-Hans").launcher).to_be_focused()


def test_finished_answer_is_announced_once(page: Page) -> None:
    panel = Panel(page).open()
    page.evaluate(
        """() => { const root = document.querySelector("kefu-widget").shadowRoot; window.said = [];
            const live = root.querySelector("[aria-live=polite]");
            new MutationObserver(() => said.push(live.textContent.trim())).observe(live, {childList: true, subtree: true}); }"""
    )
    answer = panel.write(KNOWN["en"]).inner_text()
    panel.write(UNCLEAR["en"])

    said = page.evaluate("said")
    assert said[0] == f"Assistant: {answer}"
    assert len([each for each in said if answer in each]) == 1
    assert "Choices:" in said[-1]
    expect(page.get_by_role("log")).to_have_attribute("aria-live", "off")


@pytest.mark.parametrize("init", ["isComposing: true", "keyCode: 229"])
def test_enter_that_ends_a_composition_does_not_send(page: Page, init: str) -> None:
    """As an input method does it, once by the standard and once as Safari does."""
    panel = Panel(page).open()
    panel.field.fill("fapiao")

    panel.field.evaluate(
        f"e => e.dispatchEvent(new KeyboardEvent('keydown', {{key: 'Enter', bubbles: true, composed: true, {init}}}))"
    )
    panel.field.press("Shift+Enter")

    expect(panel.field).to_have_value("fapiao\n")
    expect(panel.said_by("customer")).to_have_count(0)


@pytest.fixture
def phone(browser: Browser, service: Service) -> Iterator[Page]:
    with browser.new_context(
        locale="zh-CN", viewport={"width": 360, "height": 640}, has_touch=True
    ) as context:
        page = context.new_page()
        page.goto(service.page())
        yield page


def test_phone_is_covered_and_keeps_the_focus_inside(phone: Page) -> None:
    panel = Panel(phone, "zh-Hans").open()
    expect(phone.get_by_role("dialog")).to_have_attribute("aria-modal", "true")

    whole = phone.locator(".panel")
    whole.evaluate("panel => Promise.all(panel.getAnimations().map(each => each.finished))")  # it slides in
    assert whole.bounding_box() == {"x": 0, "y": 0, "width": 360, "height": 640}
    panel.write("Donaudampfschifffahrtsgesellschaftskapitänskajütentürschlüsselloch" * 3)
    assert phone.evaluate("document.documentElement.scrollWidth") == 360
    panel.button("close").focus()
    for _ in range(30):
        phone.keyboard.press("Tab")
        assert phone.evaluate("document.activeElement.localName") == "kefu-widget"


@pytest.fixture
def mobile(browser: Browser, service: Service) -> Iterator[Page]:
    """As phones do it: two fingers zoom, and what is laid over the page makes the visible part smaller."""
    with browser.new_context(
        locale="en-US", viewport={"width": 360, "height": 640}, has_touch=True, is_mobile=True
    ) as context:
        page = context.new_page()
        page.goto(service.page())
        yield page


BELOW = "log => log.scrollHeight - log.clientHeight - log.scrollTop"
"""How much of the transcript is below what is in sight."""


def test_newest_reply_stays_in_sight_while_a_keyboard_opens_and_closes(mobile: Page) -> None:
    panel = Panel(mobile).open()
    for _ in range(3):
        panel.write(KNOWN["en"])
    log = mobile.get_by_role("log")
    assert log.evaluate(BELOW) <= 1

    for height in (380, 640):
        mobile.set_viewport_size({"width": 360, "height": height})
        mobile.wait_for_function(
            "h => document.querySelector('kefu-widget').shadowRoot.querySelector('.panel').offsetHeight === h",
            arg=height,
        )
        mobile.evaluate(
            "new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))"
        )
        assert log.evaluate(BELOW) <= 1
        expect(panel.said_by("bot").last).to_be_in_viewport()

    log.evaluate("log => { log.scrollTop = 0; }")
    mobile.set_viewport_size({"width": 360, "height": 380})
    mobile.wait_for_timeout(300)
    assert log.evaluate("log => log.scrollTop") == 0, "who reads further up is left there"


def test_zooming_with_two_fingers_leaves_the_panel_as_it_is(mobile: Page) -> None:
    Panel(mobile).open()
    devtools = mobile.context.new_cdp_session(mobile)

    devtools.send("Input.synthesizePinchGesture", {"x": 180, "y": 300, "scaleFactor": 2})

    mobile.wait_for_function("visualViewport.scale > 1.5")
    mobile.wait_for_timeout(300)
    assert mobile.locator(".panel").evaluate("panel => panel.offsetHeight") == pytest.approx(640, abs=1)
