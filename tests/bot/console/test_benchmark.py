"""The benchmark of the console's speed opens every page there is, and none of them fails on its data."""

import httpx
import pytest

from bot.app import create_app
from bot.console.gate import SAFE
from bot.db.engine import Database
from bot.settings import Settings
from tests.bench.console_desk import PASSWORD
from tests.bench.console_pages import ORIGIN, PAGES, addresses, first_looks, ids_of, prepare
from tests.bot.console.test_access import ROUTES

FILES = "/static/{version}/{name}"


def test_every_page_is_measured() -> None:
    pages = {route.path for route in ROUTES if route.methods & set(SAFE)}

    assert pages - {FILES} == set(PAGES)


@pytest.fixture
def bench_settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"models_dir": settings.data_dir / "models"})


async def test_every_page_shows_the_made_data(bench_settings: Settings) -> None:
    await prepare(bench_settings, exchanges=2_400, questions=200)
    database = Database.open(bench_settings.database_url)
    ids = await ids_of(database)
    await database.close()
    app = create_app(bench_settings)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(
            transport=transport, base_url=ORIGIN, headers={"Origin": ORIGIN}
        ) as client:
            await client.post("/console/login", data={"name": "bench", "password": PASSWORD})
            looked = await first_looks(client, addresses(ids), only="")

    statuses = {address: each.status for address, each in looked.items()}
    wrong = {
        address: status
        for address, status in statuses.items()
        if status != (303 if sent_on(address) else 200)
    }
    assert wrong == {}
    assert sum("cursor=" in address for address in statuses) > 20


def sent_on(address: str) -> bool:
    """To the first page, or to the page of a run that is over."""
    return address in ("/", "/login") or address.endswith("/progress")
