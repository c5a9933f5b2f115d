"""Logged messages for the gate to ask again (`training.gate.replay` reads them): what was said, and what it was answered with.

Only messages that the evidence decided: small talk, wishes for a person and clicks on a choice come out the same whatever
the release, and what was understood with the messages before it is not asked again without them. Utterances are masked, as they are stored.
"""

from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.atomic_files import written_aside
from bot.conversations.repository import asked_alone
from bot.db.base import JsonObject
from bot.db.conversation_tables import Exchange, Feedback
from bot.json_bytes import json_text
from retrieval.decision import RULES_BY_EVIDENCE

MOST_REPLAYED = 20_000
PAGE = 500
_RATINGS = ("up", "down")


async def write_replay(
    session: AsyncSession, path: Path, *, since: datetime, most: int = MOST_REPLAYED
) -> int:
    """Writes the newest messages since then, at most `most`, oldest last; returns how many."""
    count = 0
    with written_aside(path) as stream:
        async for page in _pages(session, since=since, most=most):
            for row in page:
                stream.write((json_text(row) + "\n").encode())
            count += len(page)
    return count


async def _pages(session: AsyncSession, *, since: datetime, most: int) -> AsyncIterator[list[JsonObject]]:
    columns = (Exchange.id, Exchange.utterance, Exchange.language, Exchange.outcome, Exchange.confidence)
    wanted = (
        select(*columns, Exchange.reply)
        .where(Exchange.created_at >= since, Exchange.rule.in_(RULES_BY_EVIDENCE), asked_alone())
        .order_by(Exchange.id.desc())
    )
    before, left = None, most
    while left > 0:
        page = wanted if before is None else wanted.where(Exchange.id < before)
        rows = (await session.execute(page.limit(min(PAGE, left)))).all()
        if not rows:
            return
        ratings = await _ratings(session, [row.id for row in rows])
        yield [
            {
                "utterance": row.utterance,
                "language": row.language,
                "outcome": row.outcome,
                "answer_id": _answer_of(row.reply) if row.outcome == "answered" else None,
                "confidence": row.confidence,
                "rating": ratings.get(row.id),
            }
            for row in rows
        ]
        before, left = rows[-1].id, left - len(rows)


async def _ratings(session: AsyncSession, exchange_ids: list[str]) -> dict[str, str]:
    """The newest vote of each exchange that has one that was not withdrawn."""
    given = (Feedback.exchange_id.in_(exchange_ids), Feedback.withdrawn_at.is_(None))
    votes = select(Feedback.exchange_id, Feedback.rating).where(*given)
    newest = {row.exchange_id: row.rating for row in await session.execute(votes.order_by(Feedback.id))}
    return {exchange: rating for exchange, rating in newest.items() if rating in _RATINGS}


def _answer_of(reply: JsonObject) -> str | None:
    return next((part["answer_id"] for part in reply["parts"] if part.get("answer_id")), None)
