"""People behind the widget: who waits for one, how they can be reached, how it went, and whom the site names.

What the server says of handoffs is given here, since office hours are not a browser's to choose.
"""

import base64
import json
import re
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, Route, expect

from tests.widget.conftest import Service
from tests.widget.panel import LOCALES, NAMES, Panel

ALLOWED = {"Access-Control-Allow-Origin": "*"}
AWAY = {"people_online": False, "opens_at": "2026-11-30T09:00:00Z", "contact_wanted": True}


def hand_over(page: Page, told: dict[str, Any]) -> list[Request]:
    """The server's word on this conversation; returns what the page sends about it."""
    sent: list[Request] = []

    def answer(body: object, status: int = 200) -> Any:
        def reply(route: Route) -> None:
            sent.append(route.request)
            route.fulfill(status=status, json=body, headers=ALLOWED)

        return reply

    page.route(
        re.compile(r"/v1/conversations/cnv_\w+$"), lambda route: route.fulfill(json=told, headers=ALLOWED)
    )
    page.route("**/handoff/contact", answer({**AWAY, "contact_wanted": False}))
    page.route("**/rating", answer({}, 201))
    return sent


def test_visitor_who_finds_nobody_leaves_an_address_and_rates(
    service: Service, context: BrowserContext
) -> None:
    page = context.new_page()
    told: dict[str, Any] = {"state": "waiting", "handoff": AWAY}
    sent = hand_over(page, told)
    page.goto(service.page("/away"))
    panel = Panel(page).open()

    panel.button("person").click()
    expect(page.locator(".banner")).to_contain_text("We are back on Monday, November 30")
    expect(page.get_by_role("button", name="A person has been asked")).to_have_attribute(
        "aria-disabled", "true"
    )
    page.get_by_role("button", name="Leave my details").click()
    expect(page.locator("form.card .trouble")).to_be_visible()
    expect(page.get_by_label("Email")).to_be_focused()
    page.get_by_label("Email").fill("ana@example.com")
    page.get_by_role("button", name="Leave my details").click()
    expect(page.get_by_label("Email")).to_have_count(0)
    assert sent[-1].post_data_json == {"email": "ana@example.com"}
    assert sent[-1].headers["idempotency-key"]

    panel.button("more").click()
    panel.button("rate").click()
    expect(page.get_by_role("radio").first).to_be_focused()
    page.get_by_role("radio", name=NAMES["en"]["four"]).check(force=True)
    page.locator("#rating textarea").fill("quick")
    panel.button("send rating").click()
    expect(page.locator("#rating")).to_have_count(0)
    assert sent[-1].post_data_json == {"stars": 4, "comment": "quick"}


WRONG_CONTACT = {
    "en": "Please check the email address or telephone number. For example: ana@example.com, 13800138000.",
    "zh-Hans": "请检查邮箱或电话的格式，例如 ana@example.com、13800138000。",
    "zh-Hant": "請檢查電子郵件或電話的格式，例如 ana@example.com、0912345678。",
}


@pytest.mark.parametrize("locale", WRONG_CONTACT)
def test_address_that_is_none_is_named_where_it_was_typed(
    service: Service, browser: Browser, locale: str
) -> None:
    with browser.new_context(locale=LOCALES[locale]) as context:
        page = context.new_page()
        hand_over(page, {"state": "waiting", "handoff": AWAY})
        page.unroute("**/handoff/contact")  # the server's own word
        page.goto(service.page("/wrong-contact"))
        Panel(page, locale).open()
        page.locator(".foot button").click()
        email, phone = page.locator("input[name=email]"), page.locator("input[name=phone]")
        trouble = page.locator("form.card .trouble")

        email.fill("ana@example")
        phone.fill("13800138000")
        page.locator("form.card .main").click()
        expect(trouble).to_have_text(WRONG_CONTACT[locale])
        expect(email).to_be_focused()
        expect(email).to_have_attribute("aria-invalid", "true")
        expect(email).to_have_accessible_description(WRONG_CONTACT[locale])
        expect(email).to_have_value("ana@example")
        expect(phone).not_to_have_attribute("aria-invalid", "true")
        expect(page.locator("[aria-live=polite]")).to_contain_text(WRONG_CONTACT[locale])

        email.fill("")
        phone.fill("call me")
        page.locator("form.card .main").click()
        expect(phone).to_be_focused()
        expect(email).not_to_have_attribute("aria-invalid", "true")
        phone.fill("13800138000")
        page.locator("form.card .main").click()
        expect(email).to_have_count(0)


def test_what_was_typed_is_there_when_the_panel_opens_again(
    service: Service, context: BrowserContext
) -> None:
    page = context.new_page()
    hand_over(page, {"state": "waiting", "handoff": AWAY})
    page.goto(service.page("/typed"))
    panel = Panel(page).open()
    panel.button("person").click()
    page.get_by_label("Email").fill("ana@example.com")
    panel.field.fill("my order is")
    rate(panel, "kind")

    panel.button("close").click()
    panel.launcher.click()
    expect(panel.field).to_have_value("my order is")
    expect(page.get_by_label("Email")).to_have_value("ana@example.com")
    expect(page.get_by_role("radio", name=NAMES["en"]["four"])).to_be_checked()
    expect(page.locator("#rating textarea")).to_have_value("kind")

    panel.field.press("Enter")
    expect(panel.said_by("customer").last).to_have_text("my order is")
    expect(panel.field).to_have_value("")
    panel.button("close").click()
    panel.launcher.click()
    expect(panel.field).to_have_value("")
    panel.field.fill("and what is more")
    page.evaluate("Kefu.reset()")
    expect(panel.field).to_have_value("")
    panel.button("person").click()
    expect(page.get_by_label("Email")).to_have_value("")


def test_what_one_person_has_typed_is_not_shown_to_the_next(
    service: Service, context: BrowserContext, identities: list[str | None]
) -> None:
    page = context.new_page()
    page.goto(service.page("/typed-by-ana"))
    page.evaluate("identity => Kefu.setUser({identity})", token("ana"))
    panel = Panel(page).open()
    panel.write("hello")
    panel.field.fill("my account is")
    rate(panel, "my account is mine")
    panel.button("close").click()

    page.evaluate("identity => Kefu.setUser({identity})", token("bob"))
    panel.launcher.click()

    expect(panel.field).to_have_value("")
    panel.write("hello")
    panel.button("more").click()
    panel.button("rate").click()
    expect(page.locator("#rating textarea")).to_have_value("")
    expect(page.get_by_role("radio", checked=True)).to_have_count(0)


@pytest.mark.parametrize("where", ["another tab", "the server"])
def test_what_was_typed_goes_with_a_conversation_that_is_deleted_elsewhere(
    where: str, service: Service, context: BrowserContext
) -> None:
    page = context.new_page()
    page.goto(service.page("/typed-before"))
    panel = Panel(page).open()
    panel.write("hello")
    panel.field.fill("my account is")
    rate(panel, "my account is mine")

    if where == "another tab":
        other = context.new_page()
        other.goto(service.page("/other-tab"))
        other.evaluate("Kefu.reset()")
    else:
        panel.button("close").click()
        delete_on_server(page)
        panel.launcher.click()
    expect(panel.said_by("customer")).to_have_count(0)

    expect(panel.field).to_have_value("")
    panel.write("hello")
    panel.button("more").click()
    panel.button("rate").click()
    expect(page.locator("#rating textarea")).to_have_value("")
    expect(page.get_by_role("radio", checked=True)).to_have_count(0)


def delete_on_server(page: Page) -> None:
    """The conversation that the page has, without the widget."""
    page.evaluate(
        """async () => {
          const { id, token } = JSON.parse(localStorage.getItem(Object.keys(localStorage).find((key) => key.startsWith("kefu"))));
          await fetch(`${document.querySelector("kefu-widget").host}/v1/conversations/${id}`, { method: "DELETE", headers: { Authorization: `Bearer ${token}` } });
        }"""
    )


def rate(panel: Panel, comment: str) -> None:
    """Fills the rating in and does not send it."""
    panel.button("more").click()
    panel.button("rate").click()
    panel.page.get_by_role("radio", name=NAMES["en"]["four"]).check(force=True)
    panel.page.locator("#rating textarea").fill(comment)


def token(subject: str) -> str:
    """Signed by nobody: this server does not look, and the widget only tells people apart."""
    parts = ({"alg": "HS256"}, {"sub": subject, "aud": "default"})
    return (
        ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)
        + ".x"
    )


@pytest.fixture
def identities(context: BrowserContext) -> list[str | None]:
    """The identity of each start of a conversation."""
    told: list[str | None] = []

    def keep(route: Route) -> None:
        if route.request.method == "POST":
            told.append(route.request.post_data_json.get("identity"))
        body = {
            key: value for key, value in (route.request.post_data_json or {}).items() if key != "identity"
        }
        route.continue_(post_data=json.dumps(body))

    context.route(re.compile(r"/v1/conversations$"), keep)
    return told


def test_named_visitor_is_told_once_and_another_one_finds_nothing_of_theirs(
    service: Service, context: BrowserContext, identities: list[str | None]
) -> None:
    page = context.new_page()
    page.goto(service.page("/named"))
    page.evaluate("identity => Kefu.setUser({identity})", token("ana"))
    panel = Panel(page).open()
    panel.write("hello")
    assert identities == [token("ana")]
    assert "ana" not in page.evaluate("JSON.stringify(localStorage)")

    page.reload()
    page.evaluate("identity => Kefu.setUser({identity})", token("ana"))
    panel.launcher.click()
    expect(panel.said_by("customer")).to_have_text(["hello"])
    assert identities == [token("ana")]

    page.evaluate("identity => Kefu.setUser({identity})", token("bob"))
    expect(panel.said_by("customer")).to_have_count(0)
    panel.write("hello from bob")
    assert identities == [token("ana"), token("bob")]

    page.evaluate("Kefu.reset()")
    expect(panel.said_by("customer")).to_have_count(0)
    panel.write("hello from nobody")
    assert identities[-1] is None


def test_unnamed_visitors_conversation_becomes_theirs(
    service: Service, context: BrowserContext, identities: list[str | None]
) -> None:
    page = context.new_page()
    page.goto(service.page("/unnamed"))
    panel = Panel(page).open()
    panel.write("hello")
    before = page.evaluate("JSON.parse(localStorage['kefu:default'])")

    with page.expect_request(
        lambda r: r.url.endswith("/v1/conversations") and r.method == "POST"
    ) as recognised:
        page.evaluate("identity => Kefu.setUser({identity})", token("ana"))

    assert recognised.value.headers["authorization"] == f"Bearer {before['token']}"
    page.wait_for_function("'user' in JSON.parse(localStorage['kefu:default'])")
    assert page.evaluate("JSON.parse(localStorage['kefu:default']).id") == before["id"]
    expect(panel.said_by("customer")).to_have_text(["hello"])
