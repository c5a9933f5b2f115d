"""What is counted of a day, by hand; when a day is counted again; and what the dashboard makes of it."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from bot.db.access_tables import DEFAULT_SITE_ID, Visitor
from bot.db.base import new_id, now
from bot.db.conversation_tables import Conversation, Exchange, Feedback, Handoff, Signal, SignalKind
from bot.db.engine import Database
from bot.db.knowledge_tables import Label, Verdict
from bot.figures import service
from bot.figures.counting import count_traffic, counts_of, is_due
from bot.figures.csv_files import csv_of
from bot.figures.intervals import Share
from bot.figures.repository import Figured
from bot.quality.tolerated import Tolerated

DAY = date(2026, 11, 2)
NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
LATER = NOON + timedelta(days=20)


class Shop:
    """Puts conversations into a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def visitor(self) -> str:
        id = new_id("vis")
        async with self._database.write() as session:
            session.add(Visitor(id=id, site_id=DEFAULT_SITE_ID, token_hash=id))
        return id

    async def talk(
        self,
        *exchanges: tuple[str, str],
        at: datetime = NOON,
        visitor: str | None = None,
        votes: str = "",
        signal: SignalKind | None = None,
        handoff: str | None = None,
    ) -> str:
        """``votes`` are on the last exchange, such as "+-"."""
        conversation = Conversation(
            id=new_id("cnv"),
            site_id=DEFAULT_SITE_ID,
            visitor_id=visitor,
            channel="api",
            state="bot",
            details={},
            created_at=at,
        )
        rows = [
            Exchange(
                id=new_id("exc"),
                conversation_id=conversation.id,
                utterance="=1+1",
                language="en",
                outcome=outcome,
                rule=rule,
                confidence=0.5,
                reply={"parts": []},
                choices=[],
                suggestions=[],
                candidates=[],
                evidence={},
                latency_ms={"total": 8.0},
                created_at=at,
            )
            for outcome, rule in exchanges
        ]
        async with self._database.write() as session:
            session.add(conversation)
            await session.flush()
            session.add_all(rows)
            await session.flush()
            for place, vote in enumerate(votes):
                session.add(
                    Feedback(
                        id=f"fbk{conversation.id[3:]}{place}",
                        exchange_id=rows[-1].id,
                        given_by=f"visitor:{place}",
                        rating="up" if vote == "+" else "down",
                    )
                )
            if signal:
                session.add(Signal(id=new_id("sig"), exchange_id=rows[-1].id, kind=signal))
            if handoff:
                session.add(Handoff(id=new_id("hnd"), conversation_id=conversation.id, reason=handoff))
        return conversation.id


@pytest.fixture
def shop(database: Database) -> Shop:
    return Shop(database)


ANSWERED, UNKNOWN = ("answered", "confident"), ("handed_off", "nothing_close")
GREETING = ("answered", "small_talk_greeting")


async def counted(database: Database, kind: str, *, at: datetime = LATER) -> dict[str, int]:
    async with database.read() as session:
        rows = await counts_of(session, DAY, at=at)
    return {row["detail"]: row["amount"] for row in rows if row["kind"] == kind}


async def test_what_became_of_conversations(database: Database, shop: Shop) -> None:
    await shop.talk(ANSWERED, votes="+")
    await shop.talk(ANSWERED, votes="-+")
    await shop.talk(ANSWERED)
    await shop.talk(ANSWERED, votes="+-")
    await shop.talk(ANSWERED, signal=SignalKind.REPHRASED)
    await shop.talk(ANSWERED, signal=SignalKind.LEFT)
    await shop.talk(UNKNOWN)
    await shop.talk(ANSWERED, ("handed_off", "asked_for_person"))
    await shop.talk(ANSWERED, handoff="nothing_close", votes="+")
    await shop.talk(GREETING)
    await shop.talk(ANSWERED, at=NOON - timedelta(days=1))

    fates = await counted(database, "conversation")
    messages = await counted(database, "message")

    assert fates == {"confirmed": 2, "assumed": 2, "unresolved": 3, "handed_off": 2}
    assert messages["answered/small_talk_greeting"] == 1
    assert messages["answered/confident"] == 8
    assert await counted(database, "vote") == {"up": 4, "down": 2}


async def test_lasting_is_known_after_seven_days_and_only_of_visitors_that_are_known(
    database: Database, shop: Shop
) -> None:
    stays, returns, is_late = [await shop.visitor() for _ in range(3)]
    for visitor in (stays, returns, is_late, None):
        await shop.talk(ANSWERED, visitor=visitor)
    await shop.talk(ANSWERED, visitor=returns, at=NOON + timedelta(days=3))
    await shop.talk(ANSWERED, visitor=is_late, at=NOON + timedelta(days=9))

    assert await counted(database, "durable", at=NOON + timedelta(days=6)) == {}
    assert await counted(database, "durable") == {"stayed": 2, "back": 1}


async def test_what_a_visitor_wrote_as_their_reason_is_not_kept(database: Database, shop: Shop) -> None:
    await shop.talk(ANSWERED, handoff="my order for Ms Li is late")
    await shop.talk(UNKNOWN, handoff="nothing_close")

    assert await counted(database, "handoff") == {"visitor_asked": 1, "nothing_close": 1}


def test_day_is_counted_until_nothing_can_change_any_more() -> None:
    at = datetime(2026, 11, 3, 12, tzinfo=UTC)

    assert is_due(DAY, None, at=at)
    assert is_due(DAY, NOON - timedelta(minutes=2), at=NOON)
    assert not is_due(DAY, NOON - timedelta(seconds=30), at=NOON)
    assert is_due(DAY, at - timedelta(hours=2), at=at)
    assert not is_due(DAY, at - timedelta(minutes=30), at=at)
    old = at + timedelta(days=5)
    assert not is_due(DAY, old - timedelta(hours=3), at=old)
    assert is_due(DAY, old - timedelta(hours=25), at=old)
    assert not is_due(DAY, datetime(2026, 11, 11, tzinfo=UTC), at=at + timedelta(days=300))


async def test_figures_are_sums_of_what_was_counted_and_counting_twice_counts_once(
    database: Database, shop: Shop
) -> None:
    at = now()
    await shop.talk(ANSWERED, ANSWERED, UNKNOWN, GREETING, at=at)
    await count_traffic(database)
    await count_traffic(database)
    wanted = Figured(at.date().isoformat(), at.date().isoformat())

    async with database.read() as session:
        figures = await service.traffic(session, wanted)
        days = await service.days_of_traffic(session, wanted)
        of_another_site = await service.traffic(session, Figured(wanted.first, wanted.last, site_id="x"))
        stages = await service.stages(session, wanted)

    assert (figures.messages, figures.asked) == (4, 3)
    assert (figures.coverage.hits, figures.coverage.of) == (2, 3)
    assert [(day.answered, day.handed_off) for day in days] == [(2, 1)]
    assert of_another_site.coverage.value is None
    assert [(stage.name, stage.median) for stage in stages] == [("total", 8.0)]


async def test_answer_that_was_judged_anew_counts_once_by_the_newest_verdict(
    database: Database, shop: Shop
) -> None:
    at = now()
    await shop.talk(ANSWERED, at=at)
    said = [(Verdict.OUT_OF_SCOPE, at, None), (Verdict.RIGHT, at - timedelta(minutes=1), at + timedelta(1))]
    async with database.write() as session:
        (exchange_id,) = (await session.execute(select(Exchange.id))).scalars()
        for verdict, given_at, decided_at in said:
            session.add(
                Label(
                    id=new_id("lbl"), utterance="=1+1", folded="f", language="en", out_of_scope=True,
                    source="operator", verdict=verdict, given_by="test", exchange_id=exchange_id,
                    created_at=given_at, decided_at=decided_at,
                )
            )  # fmt: skip
    today = at.date().isoformat()

    async with database.read() as session:
        judged = await service.reviewed(session, Figured(today, today), tolerated=Tolerated(0.1, {}, {}))

    assert [(error.language, error.error) for error in judged.errors] == [("en", Share(0, 1))]
    assert [each.right for each in judged.bins] == [Share(1, 1)]


def test_interval_of_a_share_is_wilsons() -> None:
    share = Share(9, 10)

    assert (round(share.low or 0, 4), round(share.high or 0, 4)) == (0.5958, 0.9821)
    assert Share(0, 0).low is None
    assert Share(0, 10).low == 0.0


def test_file_runs_no_formula_and_opens_right() -> None:
    content = csv_of(
        ["text", "count"], [{"text": text, "count": -1} for text in ("=1+1", "@x", "-2", '好,"')]
    )

    assert content.decode() == '\ufefftext,count\r\n\'=1+1,-1\r\n\'@x,-1\r\n\'-2,-1\r\n"好,""",-1\r\n'
