"""Speed of every console page with a large shop's data: ``python -m tests.bench.console_pages [--exchanges 1000000] [--questions 100000]``.

Fills a database of its own (SQLite, or the empty one that ``--url`` names) with made traffic of 90 days, counts it as the service
does, and reads every page through the real app, without the network. Prints p50 and p95 of each page as JSON lines; the budget is
300 ms at p95.
"""

import argparse
import asyncio
import json
import random
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import insert, text

from bot.access.principals import Role
from bot.app import create_app
from bot.db.access_tables import DEFAULT_SITE_ID, Visitor
from bot.db.base import now
from bot.db.conversation_tables import Conversation, Exchange, Feedback, Handoff
from bot.db.engine import Database
from bot.db.knowledge_tables import Answer, AnswerText, AnswerVersion, Label, LabelSource, Question, Verdict
from bot.db.migrating import migrate
from bot.figures.counting import count_traffic
from bot.knowledge.folding import folded_hash, text_hash
from bot.operators.passwords import hash_password
from bot.operators.service import create_operator
from bot.settings import DatabaseSettings, RateLimitSettings, Settings

DAYS = 90
BATCH = 5_000
A_CONVERSATION = 3
QUESTIONS_AN_ANSWER = 10
PASSWORD = "correct horse battery"
ORIGIN = "http://kefu.bench"
WORDS = [
    "invoice",
    "parcel",
    "refund",
    "order",
    "size",
    "colour",
    "delivery",
    "account",
    "password",
    "voucher",
    "发票",
    "快递",
    "退款",
    "订单",
    "尺码",
]
OUTCOMES = (
    ("answered", "confident", 60),
    ("clarified", "one_likely", 15),
    ("handed_off", "nothing_close", 15),
    ("answered", "small_talk_greeting", 6),
    ("handed_off", "asked_for_person", 4),
)


def id_at(prefix: str, moment: datetime, number: int) -> str:
    """As ``new_id`` makes them: the time in front."""
    return f"{prefix}_{int(moment.timestamp() * 1000):012x}7{number:019x}"


def sentence(chance: random.Random) -> str:
    return " ".join(chance.choices(WORDS, k=7))


async def fill_knowledge(database: Database, questions: int) -> list[str]:
    chance = random.Random(1)
    begun = now() - timedelta(days=DAYS)
    ids = [id_at("ans", begun, n) for n in range(max(1, questions // QUESTIONS_AN_ANSWER))]
    states = {id: chance.choices(("approved", "draft", "retired"), (90, 7, 3))[0] for id in ids}
    said = {id: f"{sentence(chance)} {n}" for n, id in enumerate(ids)}
    content: dict[str, Any] = {
        "intent": None,
        "tags": [],
        "answer_key": None,
        "valid_from": None,
        "valid_until": None,
    }
    await fill(database, Answer, ({"id": id, "tags": [], "state": states[id], "revision": 0} for id in ids))
    await fill(
        database,
        AnswerText,
        (
            {
                "answer_id": id,
                "language": "en",
                "text": said[id],
                "text_hash": text_hash(said[id]),
                "revision": 0,
            }
            for id in ids
        ),
    )
    await fill(
        database,
        AnswerVersion,
        (
            {
                "answer_id": id,
                "version": 1,
                "content": {**content, "state": states[id], "texts": {"en": said[id]}},
                "changed_by": "bench",
            }
            for id in ids
        ),
    )
    asked = (f"{sentence(chance)} {n}" for n in range(questions))
    await fill(
        database,
        Question,
        (
            {
                "id": id_at("qst", begun, n),
                "answer_id": ids[n % len(ids)],
                "text": words,
                "folded": folded_hash(words),
                "language": "en",
                "source": "import",
                "revision": 0,
            }
            for n, words in enumerate(asked)
        ),
    )
    return ids


async def fill_traffic(database: Database, exchanges: int, answers: Sequence[str]) -> None:
    chance = random.Random(2)
    begun = now() - timedelta(days=DAYS)
    step = timedelta(days=DAYS) / max(1, exchanges)
    outcomes = [(outcome, rule) for outcome, rule, _ in OUTCOMES]
    drawn = chance.choices(outcomes, [weight for *_, weight in OUTCOMES], k=exchanges)
    utterances = [sentence(chance) for _ in range(5_000)]
    numbers = range(0, exchanges, A_CONVERSATION)

    def at(n: int) -> datetime:
        return begun + step * n

    def visitor(n: int) -> str:
        return id_at("vis", begun, n // (2 * A_CONVERSATION))

    def conversation(n: int) -> str:
        return id_at("cnv", at(n - n % A_CONVERSATION), n // A_CONVERSATION)

    await fill(
        database,
        Visitor,
        (
            {"id": id, "site_id": DEFAULT_SITE_ID, "token_hash": id}
            for id in dict.fromkeys(map(visitor, numbers))
        ),
    )
    await fill(
        database,
        Conversation,
        (
            {
                "id": conversation(n),
                "site_id": DEFAULT_SITE_ID,
                "visitor_id": visitor(n),
                "channel": "widget",
                "language": "en",
                "state": "bot",
                "metadata": {},
                "last_position": 2 * A_CONVERSATION,
                "created_at": at(n),
            }
            for n in numbers
        ),
    )
    exchange_ids = [id_at("exc", at(n), n) for n in range(exchanges)]
    await fill(
        database,
        Exchange,
        (
            exchange_row(
                exchange_ids[n], conversation(n), at(n), drawn[n], chance.choice(utterances), chance, answers
            )
            for n in range(exchanges)
        ),
    )
    await fill(
        database,
        Feedback,
        (
            {
                "id": id_at("fbk", at(n), n),
                "exchange_id": exchange_ids[n],
                "given_by": f"visitor:{visitor(n)}",
                "rating": chance.choice(("up", "up", "down")),
                "created_at": at(n),
            }
            for n in range(0, exchanges, 20)
        ),
    )
    await fill(
        database,
        Handoff,
        (
            {
                "id": id_at("hnd", at(n), n),
                "conversation_id": conversation(n),
                "exchange_id": exchange_ids[n],
                "reason": "nothing_close",
                "state": "closed",
                "waiting_since": at(n),
                "created_at": at(n),
                "closed_at": at(n),
            }
            for n in range(0, exchanges, 10 * A_CONVERSATION)
        ),
    )
    await fill(
        database,
        Label,
        (
            {
                "id": id_at("lbl", at(n), n),
                "utterance": utterances[n % len(utterances)],
                "folded": folded_hash(utterances[n % len(utterances)]),
                "language": "en",
                "answer_id": answers[n % len(answers)],
                "out_of_scope": False,
                "source": LabelSource.OPERATOR,
                "verdict": Verdict.RIGHT if chance.random() < 0.9 else Verdict.OTHER_ANSWER,
                "given_by": "operator:bench",
                "exchange_id": exchange_ids[n],
                "created_at": at(n),
            }
            for n in range(0, exchanges, 100)
        ),
    )


def exchange_row(
    id: str,
    conversation_id: str,
    at: datetime,
    drawn: tuple[str, str],
    utterance: str,
    chance: random.Random,
    answers: Sequence[str],
) -> dict[str, Any]:
    outcome, rule = drawn
    near = chance.choices(answers, k=10)
    confidence = round(chance.betavariate(8, 2), 4)
    return {
        "id": id,
        "conversation_id": conversation_id,
        "utterance": utterance,
        "language": "en",
        "outcome": outcome,
        "rule": rule,
        "confidence": confidence,
        "intent": None,
        "reply": {"text": "x" * 120, "language": "en", "parts": [{"text": "x" * 120, "answer_id": near[0]}]},
        "choices": [],
        "suggestions": [],
        "candidates": [
            {"answer_id": each, "question": "q" * 40, "similarity": 0.5, "confidence": confidence / (n + 1)}
            for n, each in enumerate(near)
        ],
        "evidence": {"answer_at": 0.8, "clarify_at": 0.4, "margin": 0.1},
        "latency_ms": {"encode": 5.0 + chance.random(), "search": 1.0, "total": 8.0 + chance.random()},
        "release_id": None,
        "created_at": at,
    }


async def fill(database: Database, table: Any, rows: Iterator[dict[str, Any]]) -> None:
    begun, done, batch = time.perf_counter(), 0, []
    for row in rows:
        batch.append(row)
        if len(batch) == BATCH:
            done += await put(database, table, batch)
            batch = []
    done += await put(database, table, batch)
    print(f"{table.__tablename__}: {done:,} rows in {time.perf_counter() - begun:.0f} s", flush=True)


async def put(database: Database, table: Any, rows: list[dict[str, Any]]) -> int:
    if rows:
        async with database.connection() as connection:
            await connection.execute(insert(table), rows)
    return len(rows)


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--exchanges", type=int, default=1_000_000)
    parser.add_argument("--questions", type=int, default=100_000)
    parser.add_argument("--url", help="an empty PostgreSQL database; SQLite in a temporary folder without")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument(
        "--keep", type=Path, help="a folder for the data; what is there already is used again"
    )
    wish = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        settings = Settings(
            data_dir=wish.keep or Path(temporary),
            database=DatabaseSettings(url=wish.url),
            rate_limit=RateLimitSettings(enabled=False),
        )
        await prepare(settings, wish.exchanges, wish.questions)
        await measure(settings, wish.rounds)


async def prepare(settings: Settings, exchanges: int, questions: int) -> None:
    database = Database.open(settings.database_url)
    try:
        await migrate(database)
        async with database.read() as session:
            filled = (await session.execute(text("SELECT count(*) FROM operators"))).scalar_one()
        if filled:
            return
        answers = await fill_knowledge(database, questions)
        await fill_traffic(database, exchanges, answers)
        begun = time.perf_counter()
        days = await count_traffic(database)
        print(f"{days} days counted in {time.perf_counter() - begun:.0f} s", flush=True)
        hashed = await hash_password(PASSWORD)
        async with database.write() as session:
            await create_operator(
                session, name="bench", role=Role.ADMIN, password_hash=hashed, created_by="bench"
            )
            await session.execute(text("ANALYZE"))
    finally:
        await database.close()


async def measure(settings: Settings, rounds: int) -> None:
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(
            transport=transport, base_url=ORIGIN, headers={"Origin": ORIGIN}
        ) as client:
            await client.post("/console/login", data={"name": "bench", "password": PASSWORD})
            for path in await paths_of(client):
                print(json.dumps(await timed(client, path, rounds)), flush=True)


async def paths_of(client: httpx.AsyncClient) -> list[str]:
    """Every page, and of those with a cursor a later one, too."""
    plain = [
        *(
            "/account",
            "/inbox",
            "/knowledge",
            "/knowledge/imports",
            "/knowledge/new",
            "/training",
            "/releases",
        ),
        *(
            "/releases/experiments",
            "/review/gaps",
            "/dashboard",
            "/dashboard/messages",
            "/dashboard/days.csv",
        ),
        *(
            "/knowledge?state=draft",
            "/knowledge?language=en",
            "/knowledge?q=invoice",
            "/knowledge?q=nothing+like+it",
        ),
        *("/dashboard/messages?outcome=answered", "/dashboard/messages?outcome=handed_off"),
        *("/dashboard/messages?rating=down", f"/dashboard?site={DEFAULT_SITE_ID}", "/dashboard?language=en"),
        "/dashboard/handoffs?reason=nothing_close",
        f"/dashboard/messages?site={DEFAULT_SITE_ID}",
        f"/dashboard?first={now().date() - timedelta(days=89)}",
    ]
    found = []
    for path in plain:
        found.append(path)
        shown = (await client.get("/console" + path)).text
        if 'rel="next" href="' in shown:
            query = shown.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
            found.append(path.split("?")[0] + query)
    answer = (
        (await client.get("/console/knowledge")).text.split('href="/console/knowledge/ans_')[1].split('"')[0]
    )
    return [*found, f"/knowledge/ans_{answer}", f"/knowledge/ans_{answer}/versions/1"]


async def timed(client: httpx.AsyncClient, path: str, rounds: int) -> dict[str, Any]:
    taken = []
    status = 0
    for _ in range(rounds):
        begun = time.perf_counter()
        status = (await client.get("/console" + path)).status_code
        taken.append((time.perf_counter() - begun) * 1000)
    cuts = statistics.quantiles(taken, n=20, method="inclusive")
    return {"page": path, "status": status, "p50_ms": round(cuts[9], 1), "p95_ms": round(cuts[18], 1)}


if __name__ == "__main__":
    asyncio.run(main())
