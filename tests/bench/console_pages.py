"""Speed of every console page with a large shop's data: ``python -m tests.bench.console_pages [--exchanges 1000000] [--questions 100000]``.

Fills a database of its own (SQLite, or the empty one that ``--url`` names) with made traffic of 90 days, counts it as the service does,
and opens every page through the real app, without the network: once right after the start, then ``--rounds`` times, one page
after the other, then asks as a visitor. Prints milliseconds of each page as JSON lines; the budget is 300 ms at p95. The encoder is a small stand-in,
so that an index of all questions is made in a minute; a real one adds its own time to pages that look for near answers.
"""

import argparse
import asyncio
import json
import os
import random
import re
import statistics
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import text

from bot.app import create_app
from bot.db.base import now
from bot.db.engine import Database
from bot.db.migrating import migrate
from bot.figures.counting import count_traffic
from bot.settings import DatabaseSettings, RateLimitSettings, Settings
from tests.bench.console_desk import PASSWORD, fill_desk, make_releases
from tests.bench.console_documents import fill_documents
from tests.bench.console_rows import (
    DAYS,
    NEW_SITE,
    SECOND_SITE,
    SMALL_SITE,
    Shop,
    fill_knowledge,
    fill_traffic,
    sentence,
)
from tests.fixtures.tiny_encoder import write_tiny_encoder

BUDGET_MS = 300
ORIGIN = "http://kefu.bench"
OLD = "first={long_ago}&last={long_ago_ends}"
"""A week some time ago, whose rows lie far behind the newest ones."""
FILTERS = (
    f"site={SECOND_SITE}",
    f"site={SMALL_SITE}",
    f"site={NEW_SITE}",
    "language=zh",
    "release={old_release}",
    f"site={SMALL_SITE}&language=zh",
    OLD,
    "first={three_months_ago}",
)
PAGES: dict[str, tuple[str, ...]] = {
    "/dashboard": ("", "first={week_ago}", *FILTERS),
    "/dashboard/days.csv": ("", "first={three_months_ago}"),
    "/dashboard/messages": (
        "",
        *("outcome=answered", "outcome=clarified", "outcome=handed_off", "rating=up", "rating=down"),
        *FILTERS,
        *(f"outcome=handed_off&{each}" for each in FILTERS),
        *(f"rating=down&{each}" for each in FILTERS),
    ),
    "/dashboard/handoffs": (
        *("reason=nothing_close", "reason=visitor_asked", "reason=bot_failed"),
        *(f"reason=nothing_close&{each}" for each in FILTERS),
        f"reason=bot_failed&site={SMALL_SITE}",
    ),
    "/": ("",),
    "/login": ("",),
    "/account": ("",),
    "/inbox": ("", "state=missed", "state=waiting", "state=closed"),
    "/inbox/list": ("", "state=closed"),
    "/inbox/{handoff_id}": ("",),
    "/inbox/{handoff_id}/messages": ("after=1",),
    "/inbox/{handoff_id}/suggestions": ("",),
    "/review": ("", "place=50", "place=900", "language=zh", "q=invoice+for+parcel"),
    "/review/search": ("exchange_id={exchange_id}&q=invoice+for+parcel",),
    "/review/exchanges/{exchange_id}": ("", "q=invoice+for+parcel"),
    "/review/candidates": ("", "source=agent_reply", "source=visitor_choice", "q=invoice+for+parcel"),
    "/review/candidates/{label_id}": ("",),
    "/review/candidates/{label_id}/search": ("q=invoice+for+parcel",),
    "/review/gaps": ("", "state=answered", "state=dismissed"),
    "/review/gaps/{gap_id}": ("", "q=invoice+for+parcel"),
    "/knowledge": (
        *("", "state=approved", "state=draft", "state=retired", "language=en", "language=zh"),
        *("q=invoice", "q=nothing+like+it", "q=发票", "q=invoice&state=draft&language=zh"),
    ),
    "/knowledge/new": ("",),
    "/knowledge/{answer_id}": ("", "language=zh"),
    "/knowledge/{answer_id}/versions/{version}": ("",),
    "/knowledge/documents": ("", "state=approved", "state=draft", "q=invoice", "q=nothing+like+it"),
    "/knowledge/documents/{document_id}": ("",),
    "/knowledge/documents/{document_id}/versions/{version}": ("",),
    "/knowledge/imports": ("",),
    "/knowledge/imports/{batch_id}": ("",),
    "/training": ("",),
    "/training/{run_id}": ("",),
    "/training/{run_id}/progress": ("",),
    "/releases": ("",),
    "/releases/experiments": ("",),
    "/releases/experiments/{experiment_id}": ("",),
    "/releases/{release_id}": ("",),
    "/releases/{release_id}/gate-report": ("",),
    "/releases/{release_id}/training-report": ("",),
    "/releases/{release_id}/changed": ("",),
    "/releases/{release_id}/shadow": ("",),
    "/settings": ("",),
    "/settings/keys": ("",),
    "/settings/operators": ("",),
    "/settings/sites": ("",),
    "/settings/tolerance": ("",),
    "/settings/webhooks": ("",),
    "/settings/webhooks/{webhook_id}": ("", "state=failed", "state=delivered"),
    "/settings/sites/new": ("",),
    "/settings/sites/{key}": ("",),
}
"""By the route's path, the queries it is opened with; of lists, the second page as well."""


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--exchanges", type=int, default=1_000_000)
    parser.add_argument("--questions", type=int, default=100_000)
    parser.add_argument("--url", help="an empty PostgreSQL database; SQLite in a temporary folder without")
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--only", default="", help="pages whose address holds this")
    parser.add_argument("--keep", type=Path, help="a folder for the data; what is there is used again")
    wish = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = wish.keep or Path(temporary)
        settings = Settings(
            data_dir=folder,
            models_dir=folder / "models",
            database=DatabaseSettings(url=wish.url),
            rate_limit=RateLimitSettings(enabled=False),
        )
        await prepare(settings, wish.exchanges, wish.questions)
        await measure(settings, wish.rounds, only=wish.only)


async def prepare(settings: Settings, exchanges: int, questions: int) -> None:
    database = Database.open(settings.database_url)
    try:
        await migrate(database)
        async with database.read() as session:
            filled = (await session.execute(text("SELECT count(*) FROM operators"))).scalar_one()
        if not filled:
            await fill_shop(database, settings, exchanges, questions)
    finally:
        await database.close()


async def fill_shop(database: Database, settings: Settings, exchanges: int, questions: int) -> None:
    for name in ("multilingual-e5-small", "all-MiniLM-L6-v2"):
        write_tiny_encoder(settings.data_dir / "models" / name)
    shop = Shop(exchanges, questions, now() - timedelta(days=DAYS))
    await fill_knowledge(database, shop)
    begun = time.perf_counter()
    releases = await make_releases(database, settings, shop)
    print(f"release made in {time.perf_counter() - begun:.0f} s", flush=True)
    shop = Shop(exchanges, questions, shop.began, releases)
    await fill_traffic(database, shop)
    begun = time.perf_counter()
    days = await count_traffic(database)
    print(f"{days} days counted in {time.perf_counter() - begun:.0f} s", flush=True)
    await fill_documents(database, shop)
    await fill_desk(database, shop)


async def measure(settings: Settings, rounds: int, *, only: str) -> None:
    """Pages take turns, in another order each time, so that what the service does meanwhile meets all of them alike."""
    database = Database.open(settings.database_url)
    ids = await ids_of(database)
    await database.close()
    app = create_app(settings)
    begun = time.perf_counter()
    async with app.router.lifespan_context(app):
        print(f"started in {time.perf_counter() - begun:.1f} s", flush=True)
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(
            transport=transport, base_url=ORIGIN, headers={"Origin": ORIGIN}
        ) as client:
            await client.post("/console/login", data={"name": "bench", "password": PASSWORD})
            first = await first_looks(client, addresses(ids), only=only)
            taken: dict[str, list[Look]] = {address: [] for address in first}
            order = random.Random(7)
            for _ in range(rounds):
                for address in order.sample(list(taken), len(taken)):
                    taken[address].append(await look(client, address))
            asked = await ask(client, messages=300)
    report(first, taken)
    p50, p95 = p50_and_p95(asked)
    print(json.dumps({"reply_p50_ms": p50, "reply_p95_ms": p95}), flush=True)


async def ask(client: httpx.AsyncClient, *, messages: int) -> list[float]:
    """Milliseconds of each reply to a visitor, stored and sent; a conversation has ten messages."""
    chance, taken = random.Random(9), []
    headers: dict[str, str] = {}
    path = ""
    for place in range(messages):
        if place % 10 == 0:
            begun = (await client.post("/v1/conversations", json={"language": "en"})).json()
            headers = {"Authorization": f"Bearer {begun['visitor_token']}"}
            path = f"/v1/conversations/{begun['conversation_id']}/messages"
        since = time.perf_counter()
        reply = await client.post(path, json={"text": sentence(chance, "en")}, headers=headers)
        reply.raise_for_status()
        taken.append((time.perf_counter() - since) * 1000)
    return taken


def addresses(ids: dict[str, str]) -> Iterable[str]:
    for path, queries in PAGES.items():
        for query in queries:
            yield (path + (f"?{query}" if query else "")).format(**ids)


@dataclass(frozen=True)
class Look:
    """Milliseconds until a page was there, and of them those that this process worked, whatever else the machine did."""

    spent_ms: float
    worked_ms: float
    status: int
    text: str = field(repr=False)


async def look(client: httpx.AsyncClient, address: str) -> Look:
    begun, worked = time.perf_counter(), time.process_time()
    response = await client.get("/console" + address)
    spent, worked = time.perf_counter() - begun, time.process_time() - worked
    return Look(spent * 1000, worked * 1000, response.status_code, response.text)


async def first_looks(client: httpx.AsyncClient, wanted: Iterable[str], *, only: str) -> dict[str, Look]:
    """Of each page, right after the start; with the second pages of lists."""
    first: dict[str, Look] = {}
    for address in wanted:
        if only not in address:
            continue
        first[address] = await look(client, address)
        found = re.search(r'rel="next" href="([^"]*)"', first[address].text)
        if found:
            later = address.split("?")[0] + found[1].replace("&amp;", "&")
            first[later] = await look(client, later)
    return first


def report(first: dict[str, Look], taken: dict[str, list[Look]]) -> None:
    over = []
    for address, looks in taken.items():
        p50, p95 = p50_and_p95([each.spent_ms for each in looks])
        _, worked = p50_and_p95([each.worked_ms for each in looks])
        figures: dict[str, Any] = {"page": address, "status": first[address].status}
        figures |= {"first_ms": round(first[address].spent_ms), "p50_ms": p50, "p95_ms": p95}
        print(json.dumps(figures | {"worked_p95_ms": worked}, ensure_ascii=False), flush=True)
        over += [address] if p95 > BUDGET_MS else []
    load = " ".join(f"{each:.1f}" for each in os.getloadavg())
    print(
        f"{len(taken)} pages, {len(over)} of them above {BUDGET_MS} ms at p95: {over}; load {load}",
        flush=True,
    )


def p50_and_p95(times: Sequence[float]) -> tuple[float, float]:
    cuts = statistics.quantiles(times, n=20, method="inclusive")
    return round(cuts[9], 1), round(cuts[18], 1)


async def ids_of(database: Database) -> dict[str, str]:
    """What stands in the addresses, by the names that the routes use, and days."""
    wanted = {
        "handoff_id": "SELECT id FROM handoffs ORDER BY id DESC LIMIT 1",
        "exchange_id": "SELECT exchange_id FROM labels WHERE verdict IS NOT NULL ORDER BY id DESC LIMIT 1",
        "label_id": "SELECT id FROM labels WHERE state = 'candidate' ORDER BY id DESC LIMIT 1",
        "webhook_id": "SELECT id FROM webhooks ORDER BY id LIMIT 1",
        "gap_id": "SELECT id FROM gaps WHERE state = 'open' ORDER BY messages DESC LIMIT 1",
        "answer_id": "SELECT answer_id FROM answer_versions ORDER BY version DESC LIMIT 1",
        "version": "SELECT version FROM answer_versions ORDER BY version DESC LIMIT 1",
        "batch_id": "SELECT id FROM import_batches ORDER BY id DESC LIMIT 1",
        "document_id": "SELECT id FROM documents ORDER BY id DESC LIMIT 1",
        "run_id": "SELECT id FROM training_runs ORDER BY id DESC LIMIT 1",
        "experiment_id": "SELECT id FROM experiments WHERE running ORDER BY id DESC LIMIT 1",
        "release_id": "SELECT release_id FROM shadow_runs ORDER BY id DESC LIMIT 1",
        "old_release": "SELECT id FROM releases WHERE promoted_at IS NOT NULL ORDER BY promoted_at LIMIT 1",
    }
    async with database.read() as session:
        ids = {name: str((await session.execute(text(query))).scalar_one()) for name, query in wanted.items()}
    days = {"week_ago": 6, "three_months_ago": 89, "long_ago": 80, "long_ago_ends": 74}
    return (
        ids
        | {"key": "default"}
        | {name: str(now().date() - timedelta(days=ago)) for name, ago in days.items()}
    )


if __name__ == "__main__":
    asyncio.run(main())
