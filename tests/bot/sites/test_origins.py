"""Pages of which websites may talk for a site: the browser's question beforehand, and the request itself."""

import httpx
import pytest
from sqlalchemy import update

from bot.access import origins as origins_module
from bot.access.principals import Scope
from bot.db.access_tables import Site
from bot.db.engine import Database
from bot.settings import Settings, exact_origin
from tests.fixtures.apps import started_app
from tests.fixtures.services import Talk, start_talk

SHOP, OTHER = "https://shop.example", "https://other.example"
ALLOW = "access-control-allow-origin"


@pytest.fixture(autouse=True)
def _always_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(origins_module, "FRESH_S", 0.0)


async def list_origins(database: Database, *origins: str, key: str = "default") -> None:
    async with database.write() as session:
        await session.execute(update(Site).where(Site.public_key == key).values(origins=list(origins)))


async def preflight(
    client: httpx.AsyncClient, origin: str, path: str = "/v1/conversations"
) -> httpx.Response:
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization",
    }
    return await client.options(path, headers=asked)


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("https://shop.example", "https://shop.example"),
        (" HTTPS://Shop.example ", "https://shop.example"),
        ("https://shop.example:443", "https://shop.example"),
        ("http://shop.example:80", "http://shop.example"),
        ("https://shop.example:80", "https://shop.example:80"),
        ("http://shop.example:443", "http://shop.example:443"),
        ("https://shop.example:08443", "https://shop.example:8443"),
        ("https://shop.example:65535", "https://shop.example:65535"),
        ("http://[2001:db8::80]", "http://[2001:db8::80]"),
        ("http://[2001:db8::80]:80", "http://[2001:db8::80]"),
    ],
)
def test_origin_is_kept_as_browsers_write_it(given: str, written: str) -> None:
    assert exact_origin(given) == written


@pytest.mark.parametrize(
    "given",
    [
        *("https://shop.example:65536", "https://shop.example:", "https://shop.example:4:3", "https://:443"),
        *("https://shop.example:443/", "shop.example:443", "443", ""),
    ],
)
def test_what_is_no_origin_is_refused(given: str) -> None:
    with pytest.raises(ValueError, match="is not an exact origin"):
        exact_origin(given)


async def test_page_is_let_in_where_its_origin_was_listed_with_the_port(
    client: httpx.AsyncClient, new_key
) -> None:
    admin = await new_key(Scope.ADMIN)
    listed = await client.patch("/v1/sites/default", json={"origins": [f"{SHOP}:443"]}, headers=admin)
    assert listed.json()["origins"] == [SHOP]

    assert (await preflight(client, SHOP)).headers[ALLOW] == SHOP


async def test_origin_that_was_stored_with_its_schemes_port_lets_its_pages_in(
    client: httpx.AsyncClient, database: Database
) -> None:
    """Sites saved by earlier versions: one has a port that is refused today, too."""
    await list_origins(database, f"{SHOP}:443", f"{OTHER}:99999")

    started = await client.post("/v1/conversations", json={}, headers={"Origin": SHOP})
    refused = await client.post("/v1/conversations", json={}, headers={"Origin": OTHER})

    assert (started.status_code, started.headers[ALLOW]) == (201, SHOP)
    assert refused.status_code == 403


async def test_site_without_a_list_serves_pages_from_everywhere(client: httpx.AsyncClient) -> None:
    assert (await preflight(client, OTHER)).headers[ALLOW] == OTHER

    started = await client.post("/v1/conversations", json={}, headers={"Origin": OTHER})

    assert started.status_code == 201
    assert started.headers[ALLOW] == OTHER
    assert "Origin" in started.headers["vary"]


async def test_listed_origin_may_and_another_is_refused_without_cors_headers(
    client: httpx.AsyncClient, talk: Talk, database: Database
) -> None:
    await list_origins(database, SHOP)
    asking: list[tuple[str, str, object]] = [
        ("POST", "/v1/conversations", {}),
        ("POST", f"/v1/conversations/{talk.id}/messages", {"text": "hello"}),
        ("GET", f"/v1/conversations/{talk.id}/messages", None),
        ("GET", "/v1/conversations", None),
        ("GET", "/v1/sites/default/widget", None),
    ]

    for method, path, body in asking:
        for origin, allowed in ((SHOP, True), (OTHER, False), ("null", False), (SHOP + ":444", False)):
            token = talk.headers if (method, path) != asking[0][:2] else {}
            reply = await client.request(method, path, json=body, headers=token | {"Origin": origin})
            assert reply.headers.get(ALLOW) == (origin if allowed else None), (path, origin)
            assert (reply.status_code < 300) is allowed, (path, origin)
            if not allowed:
                assert reply.json()["type"] == "urn:kefu:problem:origin-refused"
                assert reply.status_code == 403
                assert "Origin" in reply.headers["vary"]
    assert ALLOW not in (await preflight(client, OTHER)).headers
    assert (await preflight(client, SHOP)).headers[ALLOW] == SHOP


async def test_one_sites_page_may_not_use_the_visitor_of_another(
    client: httpx.AsyncClient, talk: Talk, database: Database
) -> None:
    """Another site without a list lets the browser ask; the request itself is refused all the same."""
    await list_origins(database, SHOP)
    async with database.write() as session:
        session.add(Site(id="ste_2", public_key="open", name="Open"))
    assert (await preflight(client, OTHER, f"/v1/conversations/{talk.id}/messages")).headers[ALLOW] == OTHER

    refused = await client.post(
        f"/v1/conversations/{talk.id}/messages", json={"text": "hi"}, headers=talk.headers | {"Origin": OTHER}
    )
    started = await client.post("/v1/conversations", json={"site": "open"}, headers={"Origin": OTHER})

    assert (refused.status_code, refused.headers.get(ALLOW)) == (403, None)
    assert (started.status_code, started.headers[ALLOW]) == (201, OTHER)


async def test_programs_and_own_pages_are_not_asked_where_they_come_from(
    client: httpx.AsyncClient, database: Database, new_key
) -> None:
    await list_origins(database, SHOP)

    assert (await client.post("/v1/conversations", json={})).status_code == 201
    own = await client.post("/v1/conversations", json={}, headers={"Origin": "http://kefu.test"})
    key = await client.post(
        "/v1/conversations", json={}, headers=await new_key(Scope.WRITE) | {"Origin": OTHER}
    )
    assert (own.status_code, key.status_code, key.headers.get(ALLOW)) == (201, 201, None)


async def test_other_errors_of_an_allowed_page_can_be_read_by_it(client: httpx.AsyncClient) -> None:
    missing = await client.get("/v1/sites/nowhere/widget", headers={"Origin": SHOP})

    assert (missing.status_code, missing.headers[ALLOW]) == (404, SHOP)


async def test_list_is_read_again_once_it_is_a_second_old(
    client: httpx.AsyncClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(origins_module, "FRESH_S", 3600.0)
    assert (await preflight(client, OTHER)).headers[ALLOW] == OTHER
    await list_origins(database, SHOP)
    assert (await preflight(client, OTHER)).headers[ALLOW] == OTHER, "what was read is kept so long"

    monkeypatch.setattr(origins_module, "FRESH_S", 0.0)

    assert ALLOW not in (await preflight(client, OTHER)).headers


@pytest.mark.parametrize(
    ("site", "everywhere", "allowed"),
    [
        ([], [], {SHOP, OTHER}),
        ([], [SHOP], {SHOP}),
        ([SHOP], [], {SHOP}),
        ([SHOP], [OTHER], {SHOP, OTHER}),
    ],
)
async def test_setting_for_every_site_and_the_sites_own_list_go_together(
    tiny_settings: Settings,
    release: str,
    database: Database,
    site: list[str],
    everywhere: list[str],
    allowed: set[str],
) -> None:
    await list_origins(database, *site)
    async with (
        started_app(tiny_settings.model_copy(update={"cors_origins": tuple(everywhere)})) as app,
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://kefu.test") as client,
    ):
        talk = await start_talk(client)
        for origin in (SHOP, OTHER, "https://third.example"):
            listed = await client.get("/v1/conversations", headers=talk.headers | {"Origin": origin})
            may = origin in allowed or not (site or everywhere)
            assert (listed.status_code, listed.headers.get(ALLOW)) == ((200, origin) if may else (403, None))
