"""When things do not work, and on pages that are not kind: network, server, policies, styles, single-page apps."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, CDPSession, Page, Request, Route, expect

from tests.widget.conftest import Service, host_page
from tests.widget.panel import KNOWN, Panel

HOSTILE = (Path(__file__).parent / "hostile.css").read_text(encoding="utf-8")
MOUNTS = 50


def posted(page: Page) -> list[Request]:
    """Messages that the page sends from now on."""
    sent: list[Request] = []
    page.on(
        "request", lambda r: sent.append(r) if r.method == "POST" and r.url.endswith("/messages") else None
    )
    return sent


def test_message_written_offline_is_sent_once_the_network_is_back(
    service: Service, context: BrowserContext
) -> None:
    page = context.new_page()
    page.goto(service.page())
    panel = Panel(page).open()
    panel.write("hello")
    sent = posted(page)

    context.set_offline(True)
    panel.field.fill(KNOWN["en"])
    panel.field.press("Enter")
    panel.field.fill("hello again")
    panel.field.press("Enter")
    expect(page.locator(".mark", has_text="Will be sent when the connection is back")).to_have_count(2)
    expect(page.locator(".banner.trouble")).to_be_visible()
    context.set_offline(False)

    expect(panel.said_by("bot")).to_have_count(4)
    expect(panel.said_by("customer")).to_have_text(["hello", KNOWN["en"], "hello again"])
    expect(page.locator(".banner.trouble")).to_have_count(0)
    keys = [(request.post_data_json["text"], request.headers["idempotency-key"]) for request in sent]
    assert len({key for _, key in keys}) == 2
    assert len(set(keys)) == 2
    assert len(keys) >= 3


def test_reply_that_got_lost_is_fetched_with_the_same_key_and_shown_once(
    service: Service, context: BrowserContext
) -> None:
    page = context.new_page()
    page.goto(service.page())
    panel = Panel(page).open()
    sent = posted(page)
    lost = []

    def lose_the_first(route: Route) -> None:
        if route.request.method == "POST" and not lost:
            lost.append(route.fetch())  # it reaches the server, the answer does not come back
            route.abort("connectionreset")
        else:
            route.fallback()

    page.route("**/messages", lose_the_first)
    panel.write(KNOWN["en"])

    expect(panel.said_by("customer")).to_have_count(1)
    expect(panel.said_by("bot")).to_have_count(2)
    assert len({request.headers["idempotency-key"] for request in sent}) == 1
    page.reload()
    panel.launcher.click()
    expect(panel.said_by("customer")).to_have_count(1)


def test_message_that_keeps_failing_can_be_tried_again_and_survives_a_reload(
    service: Service, context: BrowserContext
) -> None:
    page = context.new_page()
    page.clock.install()
    page.goto(service.page())
    panel = Panel(page).open()
    sent = posted(page)
    page.route("**/messages", lambda route: route.fulfill(status=503, json={"detail": "busy"}))
    panel.field.fill(KNOWN["en"])
    with page.expect_response("**/messages"):
        panel.field.press("Enter")
    for _ in range(3):
        with page.expect_response("**/messages"):
            page.clock.run_for(10_000)
    expect(page.locator(".mark.trouble")).to_contain_text("Not sent")

    page.unroute("**/messages")
    page.reload()
    panel.launcher.click()

    expect(panel.said_by("customer")).to_have_text([KNOWN["en"]])
    expect(panel.button("up")).to_be_visible()
    assert len({request.headers["idempotency-key"] for request in sent}) == 1
    assert len(sent) >= 5


def test_launcher_hides_while_the_server_is_down_and_the_page_is_as_it_was(
    service: Service, context: BrowserContext
) -> None:
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.route(f"{service.url}/v1/**", lambda route: route.abort())
    page.goto(service.page())
    page.wait_for_function("Boolean(customElements.get('kefu-widget'))")
    page.evaluate("Kefu.open()")
    expect(page.locator("kefu-widget button")).to_have_count(0)
    page.locator("#buy").click()

    page.unroute(f"{service.url}/v1/**")
    page.evaluate("Kefu.close(); window.dispatchEvent(new Event('online'))")
    expect(Panel(page).launcher).to_be_visible()
    assert complaints == []

    page.route(f"{service.url}/widget/**", lambda route: route.abort())
    page.goto(service.page("/without"))
    page.wait_for_function("!('Kefu' in window)")
    expect(page.locator("kefu-widget")).to_have_count(0)
    assert complaints == []


def test_widget_works_under_a_strict_policy_and_hostile_styles(
    service: Service, context: BrowserContext
) -> None:
    page = context.new_page()
    complaints: list[str] = []
    page.on(
        "console",
        lambda message: complaints.append(message.text) if "Content Security" in message.text else None,
    )
    policy = f"default-src 'none'; script-src {service.url}; connect-src {service.url}; style-src {service.site.url}; img-src data:"
    service.site.add("/hostile.css", HOSTILE, Content_Type="text/css")
    head = '<link rel="stylesheet" href="/hostile.css">'
    page.goto(service.page("/strict", head=head, Content_Security_Policy=policy))
    panel = Panel(page)
    expect(page.locator("#buy")).to_be_hidden()  # the styles are in force

    box = panel.launcher.bounding_box()
    assert box is not None
    assert (round(box["x"] + box["width"]), round(box["y"] + box["height"])) == (1080, 740)
    panel.open()
    panel.write(KNOWN["en"])
    panel.button("more").click()

    look = panel.field.evaluate(
        "e => { const s = getComputedStyle(e); return [s.color, s.textTransform, s.fontSize]; }"
    )
    assert look == ["rgb(25, 29, 38)", "none", "16px"]
    width = page.locator(".panel").evaluate("e => e.offsetWidth")
    assert width == 390
    assert complaints == []
    assert page.context.cookies() == []
    page.evaluate("document.body.append(Object.assign(document.createElement('img'), {src: '/x.png'}))")
    page.wait_for_function("document.images[0].complete")
    assert len(complaints) == 1, "the policy is in force, and what it refuses is noticed"


def test_page_below_can_be_clicked_and_scrolled(service: Service, context: BrowserContext) -> None:
    page = context.new_page()
    page.goto(service.page())
    expect(Panel(page).launcher).to_be_visible()

    at = page.evaluate(
        "[[5, 5], [1000, 500], [600, 740]].map(([x, y]) => document.elementFromPoint(x, y)?.localName)"
    )

    assert "kefu-widget" not in at
    page.locator("#buy").click()


def objects(devtools: CDPSession) -> dict[str, int]:
    """What the page holds after a collection of garbage."""
    devtools.send("HeapProfiler.collectGarbage")
    metrics = {each["name"]: each["value"] for each in devtools.send("Performance.getMetrics")["metrics"]}
    return {name: int(metrics[name]) for name in ("JSEventListeners", "Nodes")}


APP = """async ([loader, n]) => {
    for (let i = 0; i < n; i++) {
        const script = document.createElement("script");
        script.src = loader;
        script.dataset.site = "default";
        script.dataset.opened = "";
        const ready = new Promise((resolve) => {
            script.onload = () => { Kefu.on("open", resolve); script.remove(); };
        });
        document.body.append(script);
        await ready;
        await new Promise((resolve) => setTimeout(resolve, 20));
        Kefu.destroy();
    }
}"""


LEAK = """n => {
    window.kept = Array.from({length: n}, () => document.createElement("button"));
    for (const button of kept) button.addEventListener("click", () => 1);
}"""
"""What a widget would leave behind that forgot to clean up: elements of no page, with their listeners."""


def test_fifty_mounts_in_a_single_page_app_leave_nothing_behind(
    service: Service, context: BrowserContext
) -> None:
    page = context.new_page()
    page.goto(service.page("/app-before"))
    Panel(page).open().write("hello")  # a conversation that every mount goes on with
    page.goto(service.site.add("/app", host_page("")))
    streams: list[str] = []
    page.on("request", lambda r: streams.append("+") if r.url.endswith("/events") else None)
    page.on("requestfailed", lambda r: streams.append("-") if r.url.endswith("/events") else None)
    devtools = context.new_cdp_session(page)
    devtools.send("Performance.enable")
    loader = f"{service.url}/widget.js"

    def mount(times: int) -> dict[str, int]:
        page.evaluate(APP, [loader, times])
        while streams.count("+") > streams.count("-"):
            page.wait_for_event("requestfailed")
        return objects(devtools)

    def left(before: dict[str, int]) -> dict[str, int]:
        return {name: count - before[name] for name, count in objects(devtools).items()}

    before = mount(5)

    mount(MOUNTS)

    # What a timer or an answer on its way still holds goes with it; what leaked stays, at least a node or a listener a mount.
    for _ in range(20):
        if max(left(before).values()) < MOUNTS:
            break
        page.wait_for_timeout(250)
    after = objects(devtools)
    assert max(left(before).values()) < MOUNTS
    assert page.locator("kefu-widget").count() == 0
    assert page.evaluate("'Kefu' in window") is False
    assert streams.count("+") >= MOUNTS, "each mount follows the conversation"
    page.evaluate(LEAK, MOUNTS)
    leaking = objects(devtools)
    assert leaking["JSEventListeners"] - after["JSEventListeners"] >= MOUNTS, "what leaks is counted"
    assert leaking["Nodes"] - after["Nodes"] >= MOUNTS


def test_replaced_body_takes_the_widget_along_and_moves_keep_the_conversation(
    service: Service, context: BrowserContext
) -> None:
    page = context.new_page()
    page.goto(service.page())
    panel = Panel(page).open()
    panel.write(KNOWN["en"])

    page.evaluate(
        "() => { const body = document.createElement('body'); body.append('Next'); document.body = body; }"
    )

    expect(panel.said_by("customer")).to_have_text([KNOWN["en"]])
    panel.write("hello")
    expect(panel.said_by("customer")).to_have_count(2)


def test_module_and_inline_mode_need_no_loader(service: Service, context: BrowserContext) -> None:
    body = f"""<kefu-widget mode="inline" heading="Ask Lumo"></kefu-widget>
        <script type="module">import "{service.url}/widget/module.js";</script>"""
    page = context.new_page()
    page.goto(service.site.add("/inline", host_page(body)))
    panel = Panel(page)

    expect(page.get_by_role("region", name="Ask Lumo")).to_be_visible()
    panel.write(KNOWN["en"])
    expect(panel.launcher).to_have_count(0)
    expect(panel.button("close")).to_have_count(0)
    box = page.locator(".panel").bounding_box()
    assert box is not None
    assert box["y"] > page.locator("#buy").bounding_box()["y"]  # type: ignore[index]
    page.locator("kefu-widget").evaluate("e => e.setAttribute('mode', 'full-screen')")
    expect(page.locator(".panel")).to_have_js_property("offsetHeight", 760)


def test_nothing_is_stored_before_consent(service: Service, context: BrowserContext) -> None:
    stored = "[localStorage.length, sessionStorage.length, document.cookie.length]"
    page = context.new_page()
    page.goto(service.page("/consent", settings='data-consent="required"'))
    panel = Panel(page).open()
    panel.write("hello")
    assert page.evaluate(stored) == [0, 0, 0]

    page.get_by_role("button", name="Yes, keep it").click()
    assert page.evaluate(stored) == [1, 0, 0]
    page.reload()
    panel.launcher.click()
    expect(panel.said_by("customer")).to_have_text(["hello"])

    page.evaluate("Kefu.consent(false)")
    page.wait_for_function("localStorage.length === 0")


def test_visitors_language_wins_over_the_pages_and_is_remembered(browser: Browser, service: Service) -> None:
    with browser.new_context(locale="zh-TW") as context:
        page = context.new_page()
        page.goto(service.page("/german", lang="de"))
        panel = Panel(page, "zh-Hant").open()
        panel.button("more").click()
        page.get_by_role("button", name="English", exact=True).click()
        expect(Panel(page).field).to_be_visible()

        page.goto(service.page("/chinese", lang="zh-CN", settings='data-locale="zh-CN"'))

        expect(Panel(page).launcher).to_be_visible()
        page.evaluate("Kefu.setLocale('zh-CN')")
        expect(Panel(page, "zh-Hans").launcher).to_be_visible()


@pytest.mark.parametrize("settings", ['data-position="left"', 'data-theme="dark"'])
def test_settings_reach_the_widget(service: Service, context: BrowserContext, settings: str) -> None:
    page = context.new_page()
    page.goto(
        service.page("/set", settings=settings, head="<style>kefu-widget { --kefu-accent: #7a1f5c; }</style>")
    )
    launcher = Panel(page).launcher
    expect(launcher).to_be_visible()

    if "left" in settings:
        assert launcher.bounding_box()["x"] == 20  # type: ignore[index]
        expect(launcher).to_have_css("background-color", "rgb(122, 31, 92)")
    else:
        expect(page.locator(".root")).to_have_attribute("data-theme", "dark")
