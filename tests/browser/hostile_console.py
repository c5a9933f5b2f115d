"""What a test of hostile texts does in the console: fills in every form, goes from link to link, and looks at what comes back.

The scripts in ``hostile.js`` do the looking, in the page.
"""

import csv
import io
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from playwright.sync_api import Page

from bot.console import rendering
from retrieval.normalize import normalize
from tests.browser.console_forms import LONG, NAME, NO_TEXTS, PAGES, Form, query_fields
from tests.fixtures.host_pages import HostPages
from tests.widget.hostile_strings import packed

TEMPLATES = Path(rendering.__file__).parent / "templates"
TAGS = sorted(
    {"html", "head", "body"}
    | {
        tag
        for template in TEMPLATES.rglob("*.html")
        for tag in re.findall(r"<([a-z][a-z0-9]*)", template.read_text(encoding="utf-8"))
    }
)
"""Elements that the console's own templates make; another one came out of a text."""
REPORTS = ("/releases/{release_id}/gate-report", "/releases/{release_id}/training-report")
NO_PAGES = ("/", "/login", "/static/{version}/{name}")
"""A way to others, and a page for those who are not logged in, which has a test of its own."""
PARTS = {
    "/inbox/list": "/inbox/list",
    "/inbox/{handoff_id}/messages": "/inbox/{handoff_id}/messages?after=0",
    "/inbox/{handoff_id}/suggestions": "/inbox/{handoff_id}/suggestions",
    "/review/search": "/review/search?exchange_id={exchange_id}&back=/review",
    "/review/candidates/{label_id}/search": "/review/candidates/{label_id}/search?q=x",
    "/training/{run_id}/progress": "/training/{run_id}/progress",
}
"""What pages fetch by themselves."""
LISTS, DETAILS, PARSED, SOME = 7, 2, 20, 6
SEARCHED = {"/knowledge": ("q", NAME), "/knowledge/new": ("text", 1_900), "/review": ("q", 950)}
"""What people search for, with the length that it may have; others look for it in the same way."""


@dataclass(frozen=True)
class Shop:
    """``ids`` are what the names in paths stand for."""

    url: str
    canary: HostPages
    texts: list[str]
    ids: dict[str, str]
    storage: Any


@dataclass
class Found:
    """What is wrong, by where; what became of forms; which texts were read literally."""

    foreign: dict[str, list[str]] = field(default_factory=dict)
    replies: dict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    seen: set[int] = field(default_factory=set)
    dialogs: list[str] = field(default_factory=list)
    pages: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    files: dict[str, str] = field(default_factory=dict)


def play(page: Page, shop: Shop, path: str, form: Form, found: Found) -> None:
    """Each field with all texts, in as few pieces as it takes, while the others are as they should be; fields that nobody writes in
    with some of the texts.
    """
    address = "/console" + path.format_map(defaultdict(lambda: "x", shop.ids))
    written = set(" ".join(form.texts).split())
    hidden = {name: 0 for name in form.rest if name not in {*NO_TEXTS, *written}}
    bodies: list[dict[str, str]] = []
    for names, longest in (hidden | form.texts).items():
        texts = packed(shop.texts, longest) if longest else some_of(shop.texts)
        for text in some_of(texts) if form.few else texts:
            rest = {
                each: value.format(n=len(bodies), **shop.ids) for each, value in form.rest.items() if value
            }
            unlike = (
                f"{text} {path} {len(bodies)}" if longest == LONG else text
            )  # the same text can't be stored twice
            bodies.append({**rest, **dict.fromkeys(names.split(), unlike)})
    if not bodies:
        return
    codes, foreign = page.evaluate(
        "([address, bodies, tags]) => post(address, bodies, tags)", [address, bodies, TAGS]
    )
    found.replies[path].update(codes)
    if foreign:
        found.foreign[f"reply to {path}"] = foreign


def some_of(texts: Sequence[str]) -> Sequence[str]:
    """Of all kinds."""
    return texts[:: max(1, len(texts) // SOME)]


def upload(page: Page, shop: Shop, found: Found) -> None:
    """Files with the texts in their fields, and under their names."""
    written = io.StringIO()
    rows = csv.writer(written)
    rows.writerow(["question", "answer", "intent", "tags"])
    for place, text in enumerate(shop.texts):
        rows.writerow([f"{text} {place}", text, text[:190], text])
    kinds = [
        ("plain.csv", written.getvalue()),
        ("wrong.csv", ",".join(shop.texts[:200])),
        ("empty.jsonl", "{}"),
    ]
    named = [(text[:120], "question,answer\nx,y\n") for text in some_of(shop.texts)]
    codes, foreign = page.evaluate(
        "([files, tags]) => upload('/console/knowledge/imports', files, tags)",
        [[*kinds, *((f"{name}.csv", content) for name, content in named)], TAGS],
    )
    found.replies["/knowledge/imports"].update(codes)
    assert foreign == []
    page.goto(f"{shop.url}/console/knowledge/imports")
    page.locator("input[type=file]").set_input_files(
        {"name": "said.csv", "mimeType": "text/csv", "buffer": written.getvalue().encode()}
    )
    page.locator("form[enctype] button").click()
    page.wait_for_load_state()
    page.locator("form[action$='/imports/do'] button").click()
    page.wait_for_url("**/imports/imp_*")


def upload_document(page: Page, url: str, texts: Sequence[str]) -> None:
    """One whose title, headings and sections say the texts; it is read in the console like the others."""
    said = "\n\n".join(f"## {text[:150]}\n\n{text}" for text in texts)
    content = f"---\ntitle: {texts[0]}\nurl: javascript:alert(1)\n---\n{said}\n"
    page.goto(f"{url}/console/knowledge/imports")
    page.locator("input[type=file]").set_input_files(
        {"name": "said.md", "mimeType": "text/markdown", "buffer": content.encode("utf-8", "replace")}
    )
    page.locator("form[enctype] button").click()
    page.wait_for_load_state()
    page.locator("form[action$='/imports/do'] button").click()
    page.wait_for_url("**/imports/imp_*")


def template_of(address: str) -> str | None:
    path = urlsplit(address).path.removeprefix("/console")
    return next((name for name, route in PAGES.items() if route.path_regex.match(path)), None)


def walk(page: Page, shop: Shop, found: Found) -> None:
    """From link to link: lists to their end, some pages of each kind of thing; of more of them the markup alone is looked at."""
    waiting = ["/console/inbox", "/console/review/candidates/{label_id}".format(**shop.ids)]
    known = set(waiting)
    later: dict[str, list[str]] = defaultdict(list)
    while waiting:
        address = waiting.pop(0)
        template = template_of(address)
        if template is None or template in NO_PAGES:
            continue
        if address.partition("?")[0].endswith(".csv") or "file=true" in address:
            found.files[address] = page.evaluate("fetchText", address)
            found.pages[template].append(address.removeprefix("/console"))
            continue
        if len(found.pages[template]) >= (DETAILS if "{" in template else LISTS):
            later[template].append(address)
            continue
        found.pages[template].append(address.removeprefix("/console"))
        page.goto(shop.url + address)
        links = look(page, shop, template, address, found)
        waiting += [link for link in dict.fromkeys(links) if link not in known]
        known |= set(links)
    for template, addresses in later.items():
        if template not in REPORTS:
            parse(page, shop, template, addresses[:PARSED], found)


def look(page: Page, shop: Shop, template: str, address: str, found: Found) -> list[str]:
    """The links of an open page."""
    forms = [[text, normalize(text)] for text in shop.texts]
    tags = None if template in REPORTS else TAGS
    said = page.evaluate("([forms, tags]) => look(document, forms, tags)", [forms, tags])
    if said["foreign"]:
        found.foreign[address] = said["foreign"]
    found.seen |= set(said["seen"])
    return [str(link) for link in said["links"]]


def parse(page: Page, shop: Shop, name: str, addresses: Sequence[str], found: Found) -> None:
    codes, foreign = page.evaluate("([addresses, tags]) => read(addresses, tags)", [list(addresses), TAGS])
    found.replies[name].update(codes)
    if foreign:
        found.foreign[name] = foreign


def play_queries(page: Page, shop: Shop, found: Found) -> None:
    """Each parameter of each page, those of searches with all texts."""
    for path, addresses in list(found.pages.items()):
        if path in REPORTS:
            continue
        base, _, query = addresses[0].partition("?")
        for name in sorted(query_fields(path) - set(NO_TEXTS)):
            searched, longest = SEARCHED.get(path, ("", 0))
            texts = packed(shop.texts, longest) if name == searched else some_of(shop.texts)
            varied = [urlencode({**dict(parse_qsl(query)), name: text}) for text in texts]
            parse(page, shop, path, [f"/console{base}?{each}" for each in varied], found)
