"""Texts stay texts, whoever wrote them, and links lead to harmless addresses only."""

import re
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Dialog, Page, Route, expect

from tests.fixtures.host_pages import host_pages
from tests.fixtures.processes import ROOT
from tests.widget.conftest import Service
from tests.widget.hostile_strings import hostile_strings, packed
from tests.widget.panel import Panel

ALLOWED = {"Access-Control-Allow-Origin": "*"}
WAITS = {"state": "waiting", "handoff": {"people_online": False, "opens_at": None, "contact_wanted": True}}
ROLES = ("customer", "bot", "agent", "system")
ASKED = "<b>x</b>"


def message(place: int, role: str, text: str) -> dict[str, Any]:
    return {
        "id": f"msg_{place}",
        "role": role,
        "text": text,
        "created_at": "2026-11-30T10:00:00Z",
        "exchange_id": None,
    }


def with_history(page: Page, messages: list[dict[str, Any]]) -> None:
    """Whatever the server has said before, the page gets these."""

    def give(route: Route) -> None:
        if route.request.method != "GET":
            return route.fallback()
        return route.fulfill(
            json={"items": messages, "next_cursor": None}, headers={"Access-Control-Allow-Origin": "*"}
        )

    page.route(re.compile(r"/messages\?limit"), give)


def shown(service: Service, context: BrowserContext, messages: list[dict[str, Any]]) -> Page:
    page = context.new_page()
    with_history(page, messages)
    page.goto(service.page("/history"))
    panel = Panel(page).open()
    panel.field.fill("hello")
    panel.field.press("Enter")
    page.wait_for_function(
        "n => document.querySelector('kefu-widget').shadowRoot.querySelectorAll('.entry').length > n",
        arg=len(messages),
    )
    return page


def test_three_hundred_hostile_strings_run_no_script_and_ask_nobody_for_anything(
    service: Service, context: BrowserContext
) -> None:
    texts = hostile_strings(f"{service.site.url}/canary")
    assert len(set(texts)) >= 300
    messages = [
        message(n * 4 + k, role, text) for n, text in enumerate(texts) for k, role in enumerate(ROLES)
    ]
    opened: list[str] = []

    def refuse(dialog: Dialog) -> None:
        opened.append(dialog.message)
        dialog.dismiss()

    context.on("page", lambda page: page.on("dialog", refuse))
    service.site.strays.clear()
    page = shown(service, context, messages)

    made = page.evaluate(
        """() => { const log = document.querySelector("kefu-widget").shadowRoot.querySelector(".log");
            const names = [...log.querySelectorAll("*")].map((e) => e.localName);
            const links = [...log.querySelectorAll("a")].map((a) => a.protocol + (a.username && "user"));
            const handlers = [...log.querySelectorAll("*")].flatMap((e) => e.getAttributeNames()).filter((n) => /^on|style|src/.test(n));
            return [[...new Set(names)].sort(), [...new Set(links)].sort(), handlers]; }"""
    )

    elements, protocols, handlers = made
    assert set(elements) <= {
        "a",
        "br",
        "button",
        "circle",
        "div",
        "li",
        "ol",
        "p",
        "path",
        "rect",
        "span",
        "svg",
        "ul",
    }
    assert set(protocols) <= {"http:", "https:", "mailto:", "tel:"}
    assert handlers == []
    assert opened == []
    assert service.site.strays == []
    assert page.evaluate("'pwned' in window") is False
    own = page.locator(".entry.customer .bubble").evaluate_all("all => all.map((e) => e.textContent)")
    assert own[: len(texts)] == texts


def test_detectors_notice_markup_on_the_page_beside(context: BrowserContext) -> None:
    """The same texts as markup of the host page: a request reaches the listener, a dialog opens, a script runs."""
    opened: list[str] = []
    page = context.new_page()
    page.on("dialog", lambda dialog: (opened.append(dialog.message), dialog.dismiss()))
    # a listener of its own: a request that comes late must not count against the next test
    with host_pages() as beside:
        markup = [text for text in hostile_strings(f"{beside.url}/canary") if text.startswith("<")]
        page.goto(beside.add("/raw", f"<!doctype html>{''.join(f'<div>{text}</div>' for text in markup)}"))
        page.wait_for_function("window.pwned === 1")

        assert opened
        assert any(path.startswith("/canary") for path in beside.strays)


FIELDS = {"views-composer.ts": 1, "views-feedback.ts": 2, "views-handoff.ts": 1}
"""Message; stars and comment; name, email and telephone by one template."""


def test_hostile_texts_can_be_written_into_every_field_of_the_widget(
    service: Service, context: BrowserContext
) -> None:
    sources = sorted((ROOT / "bot" / "widget" / "src").glob("*.ts"))
    found = {
        path.name: len(re.findall(r"<(?:input|textarea)\b", path.read_text("utf-8"))) for path in sources
    }
    assert {name: count for name, count in found.items() if count} == FIELDS, "play the new field, too"
    texts = hostile_strings(f"{service.site.url}/canary")
    opened: list[str] = []
    context.on("page", lambda page: page.on("dialog", lambda dialog: opened.append(dialog.message)))
    service.site.strays.clear()
    page = context.new_page()
    page.goto(service.page("/written"))
    panel = Panel(page).open()

    for count, pack in enumerate(packed(texts, 3_900), start=1):
        panel.field.fill(pack)
        panel.field.press("Enter")
        expect(panel.said_by("customer")).to_have_count(count)
    expect(panel.said_by("bot")).to_have_count(count + 1)
    shown = " ".join(panel.said_by("customer").all_text_contents())
    assert [text for text in texts if text.strip() and "\n" not in text and text not in shown] == []

    assert (opened, service.site.strays) == ([], [])
    assert page.evaluate("'pwned' in window") is False


def test_hostile_texts_in_contact_and_rating_are_sent_and_shown_as_texts(
    service: Service, context: BrowserContext
) -> None:
    texts = hostile_strings(f"{service.site.url}/canary")
    service.site.strays.clear()
    page = context.new_page()
    page.route(
        re.compile(r"/v1/conversations/cnv_\w+$"), lambda route: route.fulfill(json=WAITS, headers=ALLOWED)
    )
    sent: list[Any] = []

    def refuse(route: Route) -> None:
        """As the server would, with what was sent in the reason."""
        sent.append(route.request.post_data_json)
        detail = {"type": "x", "title": "x", "status": 422, "detail": str(sent[-1])}
        route.fulfill(status=422, json=detail, headers=ALLOWED)

    page.route("**/handoff/contact", refuse)
    page.goto(service.page("/contact"))
    panel = Panel(page).open()
    panel.button("person").click()
    packs = packed(texts, 190)[::3]
    for pack in packs:
        for label in ("Name", "Email", "Phone"):
            page.get_by_label(label, exact=False).fill(pack[:200])
        with page.expect_response("**/handoff/contact"):
            page.get_by_role("button", name="Leave my details").click()
    page.route("**/rating", lambda route: route.fulfill(status=201, json={}, headers=ALLOWED))
    panel.button("more").click()
    panel.button("rate").click()
    page.get_by_role("radio", name="4 of 5 stars").check(force=True)
    page.locator("#rating textarea").fill(" ".join(texts)[:2_000])
    panel.button("send rating").click()
    expect(page.locator("#rating")).to_have_count(0)

    assert [body["name"] for body in sent] == [pack[:200].strip() for pack in packs]
    assert service.site.strays == []
    assert page.evaluate("'pwned' in window") is False


def test_hostile_names_choices_and_suggestions_are_texts_as_well(
    service: Service, context: BrowserContext
) -> None:
    texts = hostile_strings(f"{service.site.url}/canary")
    service.site.strays.clear()
    page = context.new_page()
    settings = {
        "name": texts[3],
        "greeting": {"en": "\n".join(texts[:60])},
        "suggestions": {"en": texts[:80]},
        "languages": ["en"],
    }
    headers = {"Access-Control-Allow-Origin": "*"}
    page.route("**/v1/sites/**", lambda route: route.fulfill(json=settings, headers=headers))

    def clarify(route: Route) -> None:
        exchange = {
            "id": "exc_1",
            "conversation_id": route.request.url.split("/")[-2],
            "outcome": "clarified",
            "reply": {
                "text": texts[5],
                "language": texts[6],
                "parts": [{"text": texts[5], "answer_id": texts[7]}],
            },
            "choices": [{"answer_id": text, "question": text} for text in texts[:80]],
            "suggestions": texts[80:90],
            "release": None,
            "created_at": "2026-11-30T10:00:00Z",
        }
        route.fulfill(json=exchange, headers=headers)

    page.route("**/messages", clarify)
    page.goto(service.page("/named"))
    panel = Panel(page).open()
    expect(page.locator(".suggestions button")).to_have_count(80)
    panel.field.fill(ASKED)
    panel.field.press("Enter")
    expect(page.locator(".choices button")).to_have_count(80)
    panel.button("why").click()

    assert page.locator(".choices button").evaluate_all("all => all.map((e) => e.textContent.trim())") == [
        text.strip() for text in texts[:80]
    ]
    expect(page.locator("h2")).to_have_text(texts[3])
    expect(page.locator(".why")).to_contain_text(texts[7])
    assert service.site.strays == []
    assert page.evaluate("'pwned' in window") is False


LINKS = [
    ("See https://shop.example/a_(b), please.", ["https://shop.example/a_(b)"]),
    ("(see https://shop.example/help)", ["https://shop.example/help"]),
    ("详情请见https://shop.example/退货。谢谢", ["https://shop.example/"]),
    (
        "[Returns](https://shop.example/returns?x=1&y=2) or mailto:help@shop.example",
        ["https://shop.example/returns?x=1&y=2", "mailto:help@shop.example"],
    ),
    ("Call tel:+49-228-1234!", ["tel:+49-228-1234"]),
    ("[shop.example](https://www.shop.example/)", ["https://www.shop.example/"]),
    ("[bank.example](https://evil.example/)", ["https://evil.example/"]),
    ("https://user:pw@evil.example/ javascript:alert(1) [x](data:text/html,1)", []),
]


def test_links_and_lists_are_found_in_texts(service: Service, context: BrowserContext) -> None:
    texts = [*(text for text, _ in LINKS), "Do this:\n1. one\n2. two\n\n- a\n- b\n\nDone.\nReally."]
    page = shown(service, context, [message(n, "bot", text) for n, text in enumerate(texts)])

    bubbles = page.locator(".entry.bot .bubble")
    for place, (text, expected) in enumerate(LINKS, start=1):
        links = bubbles.nth(place).locator("a").evaluate_all("all => all.map((a) => a.getAttribute('href'))")
        assert links == expected, text
    # a label that names another address than the one it leads to is shown as it was written
    expect(bubbles.nth(7)).to_contain_text("[bank.example](https://evil.example/")
    last = bubbles.nth(len(LINKS) + 1)
    expect(last.locator("ol li")).to_have_text(["one", "two"])
    expect(last.locator("ul li")).to_have_text(["a", "b"])
    expect(last.locator("p")).to_have_text(["Do this:", "Done.Really."])
    rel = bubbles.nth(1).locator("a").get_attribute("rel")
    assert rel is not None
    assert "noopener" in rel


@pytest.mark.parametrize("field", ["host", "site"])
def test_settings_that_are_markup_do_no_harm(service: Service, context: BrowserContext, field: str) -> None:
    page = context.new_page()
    body = f"""<script>window.kefuSettings = {{heading: "<img src=x onerror=window.pwned=1>", {field}: "<b>"}};</script>"""
    page.goto(
        service.site.add("/markup", f"<!doctype html><html lang=en><body>{body}{service.tag()}</body></html>")
    )
    Panel(page).open()

    expect(page.locator("h2")).to_have_text("<img src=x onerror=window.pwned=1>")
    assert page.evaluate("'pwned' in window") is False
