"""A large shop's rows for ``tests.bench.console_pages``: knowledge, and 90 days of traffic on three sites, in two languages."""

import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert

from bot.db.access_tables import DEFAULT_SITE_ID, Site, Visitor
from bot.db.base import now
from bot.db.conversation_tables import Conversation, Exchange, Feedback, Handoff, Message, Signal
from bot.db.engine import Database
from bot.db.knowledge_tables import Answer, AnswerText, AnswerVersion, Label, LabelSource, Question, Verdict
from bot.knowledge.folding import folded_hash, text_hash

Row = dict[str, Any]

DAYS = 90
BATCH = 5_000
TALK = 3
"""Exchanges of a conversation."""
QUESTIONS_AN_ANSWER = 10
LARGE_ANSWER, VERSIONS = 2_000, 300
"""One answer has so many questions, and has been changed so often."""
OPEN_HANDOFFS = 400
SECOND_SITE, SMALL_SITE, NEW_SITE = "ste_second", "ste_small", "ste_new"
"""With a tenth, a thousandth and nothing of the traffic."""
WORDS = {
    "en": [
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
        "shop",
        "return",
        "card",
    ],
    "zh": ["发票", "快递", "退款", "订单", "尺码", "颜色", "配送", "账号", "密码", "优惠券", "门店", "退货"],
}
OUTCOMES = (
    ("answered", "confident", 60),
    ("clarified", "one_likely", 15),
    ("handed_off", "nothing_close", 15),
    ("answered", "small_talk_greeting", 6),
    ("handed_off", "asked_for_person", 4),
)
REASONS = (("nothing_close", 60), ("asked_for_person", 30), ("she said: call me back", 9), ("bot_failed", 1))


def id_at(prefix: str, moment: datetime, number: int) -> str:
    """As ``new_id`` makes them: the time in front."""
    return f"{prefix}_{int(moment.timestamp() * 1000):012x}7{number:019x}"


def sentence(chance: random.Random, language: str) -> str:
    return " ".join(chance.choices(WORDS[language], k=7))


@dataclass(frozen=True)
class Shop:
    """Exchanges are numbered in the order of time; what belongs to one follows from its number.

    ``releases`` have spoken one after the other, each for the same time; the last one still does.
    """

    exchanges: int
    questions: int
    began: datetime
    releases: Sequence[str] = ()

    @property
    def answers(self) -> list[str]:
        count = max(1, self.questions // QUESTIONS_AN_ANSWER)
        return [id_at("ans", self.began, n) for n in range(count)]

    def at(self, n: int) -> datetime:
        return self.began + timedelta(days=DAYS) / max(1, self.exchanges) * n

    def exchange(self, n: int) -> str:
        return id_at("exc", self.at(n), n)

    def conversation(self, n: int) -> str:
        return id_at("cnv", self.at(n - n % TALK), n // TALK)

    def visitor(self, n: int) -> str:
        return id_at("vis", self.began, n // (2 * TALK))

    def site(self, n: int) -> str:
        visitor = n // (2 * TALK)
        if visitor % 1000 == 500:
            return SMALL_SITE
        return SECOND_SITE if visitor % 10 == 1 else DEFAULT_SITE_ID

    def language(self, n: int) -> str:
        return "zh" if n // TALK % 10 >= 7 else "en"

    def release(self, n: int) -> str | None:
        return self.releases[n * len(self.releases) // self.exchanges] if self.releases else None

    def newest(self, days: int) -> range:
        return range(self.exchanges - self.exchanges * days // DAYS, self.exchanges)


async def fill_knowledge(database: Database, shop: Shop) -> None:
    chance = random.Random(1)
    ids = shop.answers
    states = {id: chance.choices(("approved", "draft", "retired"), (90, 7, 3))[0] for id in ids[1:]}
    states[ids[0]] = "approved"
    spoken = {id: "zh" if n % 3 == 1 else "en" for n, id in enumerate(ids)}
    said = {id: f"{sentence(chance, spoken[id])} {n}" for n, id in enumerate(ids)}
    await fill(database, Answer, ({"id": id, "tags": [], "state": states[id], "revision": 0} for id in ids))
    texts = (
        {
            "answer_id": id,
            "language": spoken[id],
            "text": said[id],
            "text_hash": text_hash(said[id]),
            "revision": 0,
        }
        for id in ids
    )
    await fill(database, AnswerText, texts)
    content: Row = {"intent": None, "tags": [], "answer_key": None, "valid_from": None, "valid_until": None}
    versions = (
        {
            "answer_id": id,
            "version": version,
            "content": {**content, "state": states[id], "texts": {spoken[id]: f"{said[id]} v{version}"}},
            "changed_by": "bench",
        }
        for id in ids
        for version in range(1, 1 + (VERSIONS if id == ids[0] else 1))
    )
    await fill(database, AnswerVersion, versions)
    await fill(database, Question, (_question(shop, ids, spoken, n, chance) for n in range(shop.questions)))


def _question(shop: Shop, ids: Sequence[str], spoken: dict[str, str], n: int, chance: random.Random) -> Row:
    answer = ids[0] if n < min(LARGE_ANSWER, shop.questions // 10) else ids[n % len(ids)]
    words = f"{sentence(chance, spoken[answer])} {n}"
    return {
        "id": id_at("qst", shop.began, n),
        "answer_id": answer,
        "text": words,
        "folded": folded_hash(words),
        "language": spoken[answer],
        "source": "import",
        "revision": 0,
    }


async def fill_traffic(database: Database, shop: Shop) -> None:
    chance = random.Random(2)
    numbers = range(0, shop.exchanges, TALK)
    drawn = chance.choices(
        [(o, r) for o, r, _ in OUTCOMES], [weight for *_, weight in OUTCOMES], k=shop.exchanges
    )
    pool = {language: [sentence(chance, language) for _ in range(2_500)] for language in WORDS}
    sites = {SECOND_SITE: "Second shop", SMALL_SITE: "Small shop", NEW_SITE: "New shop"}
    await fill(database, Site, ({"id": id, "public_key": id, "name": name} for id, name in sites.items()))
    people = {shop.visitor(n): shop.site(n) for n in numbers}
    visitors = ({"id": id, "site_id": site, "token_hash": id} for id, site in people.items())
    await fill(database, Visitor, visitors)
    await fill(database, Conversation, (_conversation(shop, n) for n in numbers))
    asked = [_asked(chance, pool[shop.language(n)], n) for n in range(shop.exchanges)]
    answers = shop.answers
    rows = (
        _exchange(shop, n, drawn[n], asked[n], chance, chance.choices(answers, k=10))
        for n in range(shop.exchanges)
    )
    await fill(database, Exchange, rows)
    await fill(
        database,
        Message,
        (_message(shop, n, asked[n], role) for n in range(shop.exchanges) for role in (0, 1)),
    )
    await fill(database, Feedback, (_vote(shop, n, chance) for n in range(0, shop.exchanges, 20)))
    await fill(database, Signal, (_signal(shop, n, chance, answers) for n in range(0, shop.exchanges, 6)))
    await _fill_handoffs(database, shop, chance)
    await fill(database, Label, _labels(shop, asked, drawn, chance, answers))


def _asked(chance: random.Random, pool: Sequence[str], n: int) -> str:
    """What is asked often, and now and then what nobody has asked before."""
    common = pool[int(len(pool) * chance.random() ** 3)]
    return common if chance.random() < 0.6 else f"{common} {n}"


def _conversation(shop: Shop, n: int) -> Row:
    return {
        "id": shop.conversation(n),
        "site_id": shop.site(n),
        "visitor_id": shop.visitor(n),
        "channel": "widget",
        "language": shop.language(n),
        "state": "bot",
        "metadata": {},
        "last_position": 2 * TALK,
        "created_at": shop.at(n),
    }


def _exchange(
    shop: Shop, n: int, drawn: tuple[str, str], asked: str, chance: random.Random, near: Sequence[str]
) -> Row:
    outcome, rule = drawn
    confidence, text = round(chance.betavariate(8, 2), 4), "x" * 120
    parts = [{"text": text, "answer_id": near[0]}] if outcome == "answered" else []
    return {
        "id": shop.exchange(n),
        "conversation_id": shop.conversation(n),
        "utterance": asked,
        "language": shop.language(n),
        "outcome": outcome,
        "rule": rule,
        "confidence": confidence,
        "intent": None,
        "reply": {"text": text, "language": shop.language(n), "parts": parts},
        "choices": [
            {"answer_id": each, "question": "q" * 40} for each in near[: 3 * (outcome == "clarified")]
        ],
        "suggestions": [],
        "candidates": [
            {
                "answer_id": each,
                "question": "q" * 40,
                "similarity": 0.5,
                "confidence": confidence / (place + 1),
            }
            for place, each in enumerate(near)
        ],
        "evidence": {"answer_at": 0.8, "clarify_at": 0.4, "margin": 0.1},
        "latency_ms": {"encode": 5.0 + chance.random(), "search": 1.0, "total": 8.0 + chance.random()},
        "release_id": shop.release(n),
        "created_at": shop.at(n),
    }


def _message(shop: Shop, n: int, asked: str, role: int) -> Row:
    position = 1 + 2 * (n % TALK) + role
    return {
        "id": id_at("msg", shop.at(n), 2 * n + role),
        "conversation_id": shop.conversation(n),
        "position": position,
        "role": ("customer", "bot")[role],
        "text": ("x" * 120) if role else asked,
        "exchange_id": shop.exchange(n),
        "created_at": shop.at(n),
    }


def _vote(shop: Shop, n: int, chance: random.Random) -> Row:
    return {
        "id": id_at("fbk", shop.at(n), n),
        "exchange_id": shop.exchange(n),
        "given_by": f"visitor:{shop.visitor(n)}",
        "rating": chance.choice(("up", "up", "down")),
        "comment": "not what I asked" if n % 200 == 0 else None,
        "address_block": f"1.{n % 5_000}",
        "created_at": shop.at(n),
    }


def _signal(shop: Shop, n: int, chance: random.Random, answers: Sequence[str]) -> Row:
    return {
        "id": id_at("sig", shop.at(n), n),
        "exchange_id": shop.exchange(n),
        "kind": chance.choice(("rephrased", "left", "left", "chose")),
        "answer_id": chance.choice(answers),
        "given_by": f"visitor:{shop.visitor(n)}",
        "created_at": shop.at(n),
    }


async def _fill_handoffs(database: Database, shop: Shop, chance: random.Random) -> None:
    """Of each tenth conversation; the last ones are open, the very last with a long talk."""
    numbers = list(range(TALK - 1, shop.exchanges, 10 * TALK))
    reasons = chance.choices([r for r, _ in REASONS], [w for _, w in REASONS], k=len(numbers))
    first_open = len(numbers) - min(OPEN_HANDOFFS, len(numbers) // 2)
    rows = (
        {
            "id": id_at("hnd", shop.at(n), n),
            "conversation_id": shop.conversation(n),
            "exchange_id": shop.exchange(n),
            "reason": reason,
            "state": "closed" if place < first_open else "missed",
            "created_at": shop.at(n),
            "closed_at": shop.at(n) if place < first_open else None,
        }
        for place, (n, reason) in enumerate(zip(numbers, reasons, strict=True))
    )
    await fill(database, Handoff, rows)
    last = numbers[-1]
    talk = (
        {
            "id": id_at("msg", now(), place),
            "conversation_id": shop.conversation(last),
            "position": place,
            "role": ("customer", "agent")[place % 2],
            "text": f"{place} and one more thing",
            "exchange_id": None,
            "created_at": now(),
        }
        for place in range(2 * TALK + 1, 300)
    )
    await fill(database, Message, talk)


def _labels(
    shop: Shop,
    asked: Sequence[str],
    drawn: Sequence[tuple[str, str]],
    chance: random.Random,
    answers: Sequence[str],
) -> Iterator[Row]:
    """People's verdicts, what visitors chose, and what agents replied."""
    for n in range(0, shop.exchanges, 10):
        row: Row = {
            "id": id_at("lbl", shop.at(n), n),
            "utterance": asked[n],
            "folded": folded_hash(asked[n]),
            "language": shop.language(n),
            "answer_id": chance.choice(answers),
            "out_of_scope": False,
            "exchange_id": shop.exchange(n),
            "created_at": shop.at(n),
            "draft_text": None,
            "verdict": None,
        }
        if n % 100 == 0:
            verdict = Verdict.RIGHT if chance.random() < 0.9 else Verdict.OTHER_ANSWER
            people = {"source": LabelSource.OPERATOR, "state": "counted", "given_by": "operator:bench"}
            yield row | people | {"verdict": verdict}
        elif drawn[n][0] == "clarified":
            voice = {"source": LabelSource.VISITOR_CHOICE, "given_by": f"visitor:{shop.visitor(n)}"}
            yield row | voice | {"state": "candidate"}
        elif n % 500 == 10:
            agent = {"source": LabelSource.AGENT_REPLY, "given_by": "operator:bench", "state": "candidate"}
            yield row | agent | {"answer_id": None, "draft_text": f"{sentence(chance, 'en')}."}


async def fill(database: Database, table: Any, rows: Iterator[Row]) -> None:
    begun, done, batch = time.perf_counter(), 0, []
    for row in rows:
        batch.append(row)
        if len(batch) == BATCH:
            done += await _put(database, table, batch)
            batch = []
    done += await _put(database, table, batch)
    print(f"{table.__tablename__}: {done:,} rows in {time.perf_counter() - begun:.0f} s", flush=True)


async def _put(database: Database, table: Any, rows: list[Row]) -> int:
    if rows:
        async with database.connection() as connection:
            await connection.execute(insert(table), rows)
    return len(rows)
