"""A Kefu server with some of the demo shop's answers, and somebody else's website beside it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext

from tests.fixtures.host_pages import HostPages, host_pages
from tests.fixtures.processes import ROOT, environment, kefu, serving

FAQ = ROOT / "bot" / "demo" / "faq.jsonl"
ROWS = [json.loads(line) for line in FAQ.read_text(encoding="utf-8").splitlines()]
KNOWN = {*dict.fromkeys(row["answer_key"] for row in ROWS[:28]), "return-window", "invoice-get"}


@dataclass(frozen=True)
class Service:
    """Kefu under ``url``, the website whose pages may call it, and an operator's key."""

    url: str
    site: HostPages
    key: str

    def tag(self, settings: str = "") -> str:
        return f'<script src="{self.url}/widget.js" data-site="default" {settings} async></script>'

    def page(
        self, path: str = "/", *, head: str = "", settings: str = "", lang: str = "en", **headers: str
    ) -> str:
        """Puts a page with the widget there; returns its address."""
        return self.site.add(path, host_page(self.tag(settings), head=head, lang=lang), **headers)


def host_page(body: str, *, head: str = "", lang: str = "en") -> str:
    return f"""<!doctype html><html lang="{lang}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>Shop</title>
<link rel="icon" href="data:,">{head}</head>
<body><main><h1>Shop</h1><button id="buy">Buy</button></main>{body}</body></html>"""


@pytest.fixture(scope="package")
def service(tmp_path_factory: pytest.TempPathFactory, models_dir: Path) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("widget")
    faq = folder / "faq.jsonl"
    known = [row | {"phrasings": row["phrasings"][:5]} for row in ROWS if row["answer_key"] in KNOWN]
    faq.write_text("\n".join(map(json.dumps, known)), encoding="utf-8")
    with host_pages() as site:
        env = environment(folder / "data", models_dir, KEFU_CORS_ORIGINS=site.url)
        imported = kefu("import", str(faq), "--approve", "--json", env=env)
        assert imported.returncode == 0, imported.stderr
        created = kefu("keys", "create", "--name", "desk", "--scope", "operator", "--json", env=env)
        with serving(env) as server:
            yield Service(server.url, site, json.loads(created.stdout)["key"])


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(locale="en-US", viewport={"width": 1100, "height": 760})
    context.set_default_timeout(20_000)
    yield context
    context.close()
