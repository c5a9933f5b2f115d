"""Sitemaps: pages from disk, pages of an allowed host, and what is refused."""

from collections.abc import Sequence
from pathlib import Path

import httpcore
import pytest

from bot.db.engine import Database
from bot.errors import InvalidInputError
from bot.settings import Settings
from bot.sources import fetching
from bot.sources.blocks import DocumentError
from bot.sources.fetching import Fetcher
from bot.sources.sitemap import FoundPage, SitemapError, find_pages
from bot.webhooks.sending import CheckedBackend
from tests.bot.imports.importing import bring_in, counts, knowledge_of
from tests.bot.sources.files import written

HELP = "https://shop.example/help"
PAGE = b"<html><title>Delivery</title><main><h1>Delivery</h1><p>Within two days.</p></main></html>"


def sitemap(*locations: str, name: str = "urlset") -> str:
    entries = "".join(f"<url><loc>{location}</loc></url>" for location in locations)
    return (
        f'<?xml version="1.0"?><{name} xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{entries}</{name}>'
    )


def reply(status: str = "200 OK", body: bytes = PAGE, **headers: str) -> list[bytes]:
    said = {"Content-Type": "text/html; charset=utf-8", "Content-Length": str(len(body))}
    said |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in said.items())
    return [f"HTTP/1.1 {status}\r\n{head}\r\n".encode(), body]


class Site(httpcore.AsyncMockBackend):
    """Answers each connection with the same bytes, and keeps whom it was asked for."""

    def __init__(self, answer: Sequence[bytes]) -> None:
        super().__init__(list(answer))
        self.asked: list[str] = []

    async def connect_tcp(self, host, port, **more):  # type: ignore[no-untyped-def]
        self.asked.append(host)
        return await super().connect_tcp(host, port, **more)


def at(address: str):  # type: ignore[no-untyped-def]
    async def resolve(host: str, port: int) -> list[str]:
        return [address]

    return resolve


def fetcher(answer: Sequence[bytes], *, address: str = "8.8.8.8") -> tuple[Fetcher, Site]:
    site = Site(answer)
    return Fetcher(["shop.example"], backend=CheckedBackend((), resolve=at(address), backend=site)), site


def refused(found: FoundPage | Fetcher, url: str = HELP) -> str:
    with pytest.raises(DocumentError) as error:
        found.fetch(url) if isinstance(found, Fetcher) else found.read()
    return str(error.value)


async def test_pages_that_lie_beside_the_sitemap_are_read_from_disk(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "help").mkdir()
    (tmp_path / "help" / "delivery.html").write_bytes(PAGE)
    (tmp_path / "contact.md").write_text("# Contact\n\nWrite to us.")
    entries = (
        f"{HELP}/delivery",
        "contact.md",
        "https://other.example/x",
        "../secret.txt",
        "file:///etc/passwd",
    )
    path = written(tmp_path, "sitemap.xml", sitemap(*entries))

    report = await bring_in(database, settings, path)

    assert (counts(report), report.format) == ({"new": 2}, "documents")
    assert {section.text for section in (await knowledge_of(database)).sections} == {
        "Within two days.", "Write to us.",
    }  # fmt: skip
    reasons = {line.line: line.reason for line in report.rejected}
    assert "'other.example' is not allowed" in reasons[3]
    assert "no such file below" in reasons[4]
    assert "no such file below" in reasons[5]
    assert counts(await bring_in(database, settings, path)) == {"unchanged": 2}


def test_page_of_an_allowed_host_is_fetched_at_its_checked_address(tmp_path: Path) -> None:
    fetching_from, site = fetcher(reply())
    [found] = find_pages(written(tmp_path, "sitemap.xml", sitemap(HELP)), fetching_from)

    read = found.read()

    assert (found.key, read.title, read.url) == (HELP, "Delivery", HELP)
    assert site.asked == ["8.8.8.8"]


@pytest.mark.parametrize(
    "address", ["10.0.0.1", "127.0.0.1", "169.254.169.254", "::1", "fd00::1", "192.168.1.1"]
)
def test_private_address_is_refused_before_anything_is_sent(address: str) -> None:
    fetching_from, site = fetcher(reply(), address=address)

    assert "not public" in refused(fetching_from)
    assert site.asked == []


def test_redirect_is_refused() -> None:
    fetching_from, site = fetcher(reply("302 Found", b"", Location="http://169.254.169.254/latest"))

    assert "redirects to http://169.254.169.254/latest, which is not followed" in refused(fetching_from)
    assert len(site.asked) == 1


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (reply("404 Not Found"), "replied with 404"),
        (reply(Content_Type="image/png"), "'image/png', which is no document"),
        (reply(Content_Encoding="gzip"), "sent packed"),
        ([b"nonsense\r\n\r\n"], "no reply"),
    ],
)
def test_what_is_no_page_is_refused(answer: list[bytes], reason: str) -> None:
    assert reason in refused(fetcher(answer)[0])


def test_endless_page_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "MOST_BYTES", 50)

    assert "more than 50 bytes" in refused(fetcher(reply())[0])


def test_silent_host_is_not_asked_for_ever() -> None:
    fetching_from, site = fetcher([b""])

    reasons = [refused(fetching_from, f"{HELP}/{place}") for place in range(8)]

    assert len(site.asked) == fetching.GIVEN_UP_AFTER
    assert reasons[-1].startswith("not asked for")


@pytest.mark.parametrize(
    "url", ["http://shop.example/", "https://ana:x@shop.example/", "https://shop.example.evil.example/", "https://[::1/", "https://shop.example/\u00e9"]
)  # fmt: skip
def test_address_that_may_not_be_asked_for_is_refused(url: str) -> None:
    fetching_from, site = fetcher(reply())

    assert refused(fetching_from, url)
    assert site.asked == []


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (sitemap(HELP, name="sitemapindex"), "index of sitemaps"),
        ('<!DOCTYPE x [<!ENTITY a "b">]><urlset></urlset>', "declares XML entities"),
        ("<urlset><url>", "broken sitemap"),
        ("<urlset>" + "<a>" * 100, "nested deeper"),
    ],
)
def test_broken_sitemap_is_refused(tmp_path: Path, content: str, reason: str) -> None:
    with pytest.raises(SitemapError, match=reason):
        list(find_pages(written(tmp_path, "sitemap.xml", content), fetcher(reply())[0]))


async def test_sitemap_that_lists_nothing_is_refused(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    with pytest.raises(InvalidInputError, match="holds no document"):
        await bring_in(database, settings, written(tmp_path, "sitemap.xml", sitemap()))


def test_links_and_names_that_lead_out_of_the_folder_are_not_followed(tmp_path: Path) -> None:
    secret = written(tmp_path, "secret.txt", "secret")
    site = tmp_path / "site"
    site.mkdir()
    (site / "link.txt").symlink_to(secret)
    entries = ["link.txt", "..%2Fsecret.txt", "a%00b.txt", "x" * 5_000]
    found = list(find_pages(written(site, "sitemap.xml", sitemap(*entries)), fetcher(reply())[0]))

    for each in found:
        with pytest.raises(DocumentError):
            each.read()
