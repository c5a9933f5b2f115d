"""The Python, TypeScript, HTML, CSS and HTTP of the documents run as they stand there, against a real server."""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from bot.access.principals import Scope
from tests.contract.example import JsonObject, Shop
from tests.contract.test_curl_examples import check_shape
from tests.fixtures.documents import DOCUMENTS, SERVED_AT, Block, blocks, blocks_of
from tests.fixtures.host_pages import HostPages, host_pages
from tests.fixtures.processes import ROOT

REPLIED = "Hello, this is Ana."
WIDGET = (ROOT / "docs" / "widget.md").read_text(encoding="utf-8")
Posts = Queue[tuple[dict[str, str], bytes]]


def code(document: str, language: str) -> str:
    [block] = [block for block in blocks(document) if block.language == language]
    return block.code


def python(program: str, url: str) -> str:
    """What it prints."""
    command = [sys.executable, "-W", "error", "-c", program.replace(SERVED_AT, url)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_every_example_has_a_test() -> None:
    languages = {block.language for name in DOCUMENTS for block in blocks(name)}

    assert languages <= {
        *("", "sh", "python", "typescript", "html", "css", "http", "json", "mermaid"),
        *("csv", "jsonl", "yaml", "tsv"),  # of docs/import.md, which has tests of its own
        "markdown",  # of docs/sources.md: tests/bot/sources/test_reading_files.py
    }
    readmes = {"README.md", "README.zh.md"}
    tested = {"docs/api.md", "docs/sites.md", "docs/webhooks.md"}
    assert {block.document for block in blocks_of("python")} == readmes | tested
    assert {block.document for block in blocks_of("typescript")} == {"docs/api.md"}
    assert {block.document for block in blocks_of("html")} == readmes | {"docs/widget.md"}
    assert [block.document for block in blocks_of("css")] == ["docs/widget.md"]
    assert [block.document for block in blocks_of("http")] == ["docs/webhooks.md"]


@pytest.mark.parametrize("document", ["README.md", "README.zh.md"])
def test_program_for_openai_needs_only_another_address(shop: Shop, document: str) -> None:
    program = code(document, "python").replace('api_key="…"', f'api_key="{shop.keys[Scope.WRITE]}"')

    printed = python(f"{program}\nprint(reply.choices[0].message.content)\nclient.close()", shop.url)

    assert re.search(r"[\u4e00-\u9fff]{4}", printed), printed


def test_identity_that_the_sites_page_signs_is_believed(shop: Shop) -> None:
    site = shop.as_admin("POST", "/v1/sites", name="Shop")
    program = (
        code("docs/sites.md", "python").replace("ks_…", site["key"]).replace("kis_…", site["identity_secret"])
    )

    identity = python(f"{program}\nprint(identity)", shop.url).strip()

    start = {"site": site["key"], "identity": identity}
    started = shop.call("POST", "/v1/conversations", **start)
    listed = shop.call("GET", "/v1/conversations", started["visitor_token"])["items"]
    assert [each["id"] for each in listed] == [started["conversation_id"]]


@pytest.fixture(scope="module")
def posts(shop: Shop) -> Iterator[tuple[Posts, str]]:
    """What a webhook of this shop is told about handoffs, and its secret."""
    heard: Posts = Queue()

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            heard.put(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as receiver:
        thread = Thread(target=receiver.serve_forever)
        thread.start()
        wish: dict[str, Any] = {
            "url": f"http://127.0.0.1:{receiver.server_port}/",
            "events": ["handoff.requested"],
        }
        made = shop.as_admin("POST", "/v1/webhooks", **wish)
        yield heard, made["secret"]
        shop.as_admin("DELETE", f"/v1/webhooks/{made['id']}")
        receiver.shutdown()
        thread.join()


def test_webhook_is_sent_as_documented_and_the_example_tells_ours_from_others(
    shop: Shop, posts: tuple[Posts, str]
) -> None:
    heard, secret = posts
    shop.ask("I want to talk to a person")
    headers, body = heard.get(timeout=30)

    head, documented = code("docs/webhooks.md", "http").split("\n\n", 1)
    assert {line.split(":")[0] for line in head.splitlines()[1:]} <= headers.keys()
    check_shape(json.loads(documented), json.loads(body))
    written: dict[str, Callable[..., None]] = {}
    exec(code("docs/webhooks.md", "python"), written)
    written["check"](body, headers, secret)
    with pytest.raises(ValueError, match="not signed"):
        written["check"](body + b" ", headers, secret)
    with pytest.raises(ValueError, match="not signed"):
        written["check"](body, headers | {"webhook-timestamp": "1795995129"}, secret)


def answered_by_a_person(command: list[str], shop: Shop, heard: Posts) -> list[str]:
    """The lines that a program prints which asks for a person and waits for what they say."""
    while not heard.empty():
        heard.get()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        try:
            asked: JsonObject = json.loads(heard.get(timeout=30)[1])["data"]
            path = f"/v1/conversations/{asked['conversation_id']}/agent-replies"
            shop.call("POST", path, shop.keys[Scope.OPERATOR], text=REPLIED)
            out, err = running.communicate(timeout=30)
        finally:
            running.kill()
    assert running.returncode == 0, err
    return out.splitlines()


def check_conversation(shop: Shop, printed: list[str]) -> None:
    assert printed[0].startswith("answered You can return products within 30 days of delivery")
    assert printed[1:] == [REPLIED]
    newest = shop.as_admin("GET", "/v1/feedback?rating=down&limit=100")["items"][-1]
    assert (newest["reason"], newest["counts"]) == ("incomplete", True)


def test_python_program_has_a_conversation(shop: Shop, posts: tuple[Posts, str]) -> None:
    program = code("docs/api.md", "python").replace(SERVED_AT, shop.url)

    printed = answered_by_a_person([sys.executable, "-c", program], shop, posts[0])

    check_conversation(shop, printed)


def compiled(sources: Path, name: str, program: str) -> Path:
    """By the compiler and the rules of the widget."""
    folder = sources / name
    folder.mkdir()
    (folder / "example.mts").write_text(program, encoding="utf-8")
    options = {"noEmit": False, "rootDir": "..", "outDir": "out"}
    settings = {"extends": "../tsconfig.json", "compilerOptions": options, "include": ["*.mts"]}
    (folder / "tsconfig.json").write_text(json.dumps(settings), encoding="utf-8")
    tsc = sources / "node_modules" / ".bin" / "tsc"
    done = subprocess.run([tsc, "-p", folder], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    return folder / "out" / name / "example.mjs"


def test_typescript_program_is_typed_and_has_a_conversation(
    shop: Shop, posts: tuple[Posts, str], widget_sources: Path
) -> None:
    program = code("docs/api.md", "typescript").replace(SERVED_AT, shop.url)

    printed = answered_by_a_person(["node", str(compiled(widget_sources, "api", program))], shop, posts[0])

    check_conversation(shop, printed)


CALLS = [call.replace("…", "void detail") for call in re.findall(r"`(Kefu\.\w+\([^`]*\))`", WIDGET)]


def test_calls_of_the_widget_are_those_of_its_types(widget_sources: Path) -> None:
    assert {call.split("(")[0] for call in CALLS} == {
        *("Kefu.open", "Kefu.setLocale", "Kefu.setUser", "Kefu.consent"),
        *("Kefu.reset", "Kefu.destroy", "Kefu.on"),
    }
    typed = 'import type { KefuWidget } from "../src/element.js";\ndeclare const Kefu: KefuWidget;\n'

    compiled(widget_sources, "calls", typed + ";\n".join(CALLS))


@pytest.fixture
def site() -> Iterator[HostPages]:
    with host_pages() as site:
        yield site


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """What goes wrong in a script of the page fails the test."""
    context = browser.new_context(locale="en-US")
    context.set_default_timeout(20_000)
    expect.set_options(timeout=20_000)
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    yield page
    context.close()
    assert wrong == []


def of_this_server(text: str, url: str) -> str:
    for written, meant in (("https://HOST", url), (SERVED_AT, url), ("PUBLIC_KEY", "default")):
        text = text.replace(written, meant)
    return text


def on_a_page(body: str, head: str = "") -> str:
    return f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Shop</title>{head}<body>{body}</body></html>'


@pytest.mark.parametrize("block", blocks_of("html"), ids=lambda block: block.where)
def test_lines_for_a_page_bring_the_widget(shop: Shop, site: HostPages, page: Page, block: Block) -> None:
    page.goto(site.add("/", on_a_page(of_this_server(block.code, shop.url))))

    expect(page.locator("kefu-widget").locator(".launcher, .panel")).to_be_visible()


TAG = '<script src="https://HOST/widget.js" data-site="PUBLIC_KEY" async></script>'


def test_calls_looks_and_settings_work_on_a_page(shop: Shop, site: HostPages, page: Page) -> None:
    [settings] = re.findall(r"`(window\.kefuSettings = {[^`]*})`", WIDGET)
    head = f"<style>{code('docs/widget.md', 'css')}</style><script>{settings}</script>"
    page.goto(site.add("/", on_a_page(of_this_server(TAG, shop.url), head)))
    launcher = page.locator("kefu-widget .launcher")
    [accent] = re.findall(r"--kefu-accent: #(\w+);", head)
    expect(launcher).to_have_css("background-color", f"rgb{tuple(bytes.fromhex(accent))}")

    for call in sorted(CALLS, key=lambda call: "destroy" in call):
        page.evaluate(call)
    expect(page.locator("kefu-widget")).to_have_count(0)


def test_widget_is_named_as_its_settings_say(shop: Shop, site: HostPages, page: Page) -> None:
    [settings] = re.findall(r"`(window\.kefuSettings = {[^`]*})`", WIDGET)
    page.goto(site.add("/", on_a_page(of_this_server(TAG, shop.url), f"<script>{settings}</script>")))
    page.locator("kefu-widget .launcher").click()

    expect(page.get_by_role("dialog", name="Ask Lumo")).to_be_visible()


def test_documented_policy_is_enough(shop: Shop, site: HostPages, page: Page) -> None:
    [policy] = re.findall(r"^```\n(script-src [^\n]*)\n```$", WIDGET, re.MULTILINE)
    html = on_a_page(of_this_server(TAG, shop.url))
    page.goto(site.add("/", html, Content_Security_Policy=of_this_server(policy, shop.url)))
    page.locator("kefu-widget .launcher").click()
    page.get_by_role("textbox", name="Message").fill("How many days do I have to return something?")
    page.keyboard.press("Enter")

    expect(page.locator(".entry.bot .bubble").last).to_contain_text("within 30 days of delivery")
