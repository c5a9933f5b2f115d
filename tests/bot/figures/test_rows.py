"""The rows behind a figure, page by page: none twice, none left out, whatever arrives meanwhile, and however few a filter leaves."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from bot.db.base import now
from bot.db.engine import Database
from bot.figures import rows
from bot.figures.counting import count_traffic
from bot.figures.repository import Figured
from bot.figures.rows import Found, Span, exchanges_before, handoffs_before, voted_before
from tests.bot.figures.test_counting import Shop

PAGE = 3
ANSWERED, HANDED = ("answered", "confident"), ("handed_off", "nothing_close")

Listing = Callable[[Span, Figured], Awaitable[Found[str]]]


@pytest.fixture
def shop(database: Database) -> Shop:
    return Shop(database)


@pytest.fixture(autouse=True)
def looks_at_few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "LOOKED_AT", 5)


def listing(database: Database, kind: str) -> Listing:
    async def page(span: Span, wanted: Figured) -> Found[str]:
        async with database.read() as session:
            if kind == "handoffs":
                handed = await handoffs_before(session, span, wanted, reason="nothing_close", limit=PAGE)
                return Found(
                    [handoff.conversation_id for handoff, _ in handed.rows], handed.next, handed.stopped_early
                )
            if kind == "votes":
                found = await voted_before(session, span, wanted, rating="down", limit=PAGE)
            else:
                outcomes = ["handed_off"] if kind == "handed_off" else []
                found = await exchanges_before(session, span, wanted, outcomes=outcomes, limit=PAGE)
            return Found([row.conversation_id for row in found.rows], found.next, found.stopped_early)

    return page


def today(**filters: str) -> tuple[Span, Figured]:
    day = now().replace(hour=0, minute=0, second=0, microsecond=0)
    first, last = (day - timedelta(days=1)), day
    wanted = Figured(first.date().isoformat(), last.date().isoformat(), **filters)
    return Span(first, last + timedelta(days=1)), wanted


@pytest.mark.parametrize("kind", ["all", "handed_off", "votes", "handoffs"])
async def test_pages_hold_each_row_once_while_others_arrive(
    database: Database, shop: Shop, kind: str
) -> None:
    begun = now() - timedelta(hours=1)
    talks = [
        await shop.talk(
            HANDED if n % 2 else ANSWERED,
            at=begun + timedelta(seconds=n),
            votes="-" if n % 2 else "+",
            handoff="nothing_close" if n % 2 else None,
        )
        for n in range(16)
    ]
    await count_traffic(database)
    page, (span, wanted) = listing(database, kind), today()
    seen: list[str] = []
    while True:
        found = await page(span, wanted)
        seen += found.rows
        if found.next is None:
            break
        span = Span(span.since, span.until, found.next)
        await shop.talk(HANDED, at=now(), votes="-", handoff="nothing_close")

    expected = talks if kind == "all" else talks[1::2]
    assert sorted(seen) == sorted(expected)


async def test_page_that_finds_little_says_where_it_stopped(database: Database, shop: Shop) -> None:
    begun = now() - timedelta(hours=1)
    rare = await shop.talk(HANDED, at=begun)
    for n in range(8):
        await shop.talk(ANSWERED, at=begun + timedelta(seconds=1 + n))
    await count_traffic(database)
    page, (span, wanted) = listing(database, "handed_off"), today()

    first = await page(span, wanted)
    second = await page(Span(span.since, span.until, first.next), wanted)

    assert (first.rows, first.stopped_early) == ([], True)
    assert (second.rows, second.next, second.stopped_early) == ([rare], None, False)


async def test_nothing_is_looked_at_where_nothing_was_counted(database: Database, shop: Shop) -> None:
    for _ in range(9):
        await shop.talk(ANSWERED, at=now() - timedelta(days=4, hours=1))
    await count_traffic(database)
    span, wanted = today(language="zh")
    earlier = Span(span.since - timedelta(days=8), span.until - timedelta(days=3))

    assert await listing(database, "all")(earlier, wanted) == Found([], None)


@pytest.mark.parametrize("kind", ["all", "votes", "handoffs"])
async def test_what_came_since_the_last_count_is_shown(database: Database, shop: Shop, kind: str) -> None:
    await count_traffic(database)
    talk = await shop.talk(HANDED, at=now(), votes="-", handoff="nothing_close")

    assert await listing(database, kind)(*today()) == Found([talk], None)
