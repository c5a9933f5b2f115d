"""Counts the traffic of a day: what became of its conversations and messages.

Everything is counted on the day (UTC) on which its conversation began, by site, language and release. Kinds:

``message``       an exchange; the detail is ``<outcome>/<rule>``
``vote``          ``up`` or ``down``, one a person and exchange
``handoff``       its reason
``conversation``  in which something was asked. ``confirmed``: answered, and the last vote was up; ``assumed``: answered, and neither
                  vote, handoff nor another sign speaks against it; ``handed_off``; ``unresolved``
``given``         an answer that a gap in the knowledge was answered with; the detail is its id
``durable``       of the resolved ones whose visitor is known, once seven days are over: ``back`` came again, ``stayed`` did not
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import partial

import structlog
from sqlalchemy import Row
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from bot.answering.given_answers import GAVE_ANSWER
from bot.db.base import JsonObject, now
from bot.db.engine import Database
from bot.figures import repository
from bot.figures.repository import OWN_WORDS, REASONS, AskedRow
from bot.review.repository import (
    DISSATISFIED,
    NO_QUESTION,
    SMALL_TALK,
    kinds_of_signals,
    votes_on,
)
from retrieval.decision import Outcome

DURABLE_AFTER = timedelta(days=7)
MINUTE, HOUR, ONE_DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

log = structlog.get_logger(__name__)
Key = tuple[str, str, str, str, str]


@dataclass
class Talk:
    """What is known of one conversation."""

    site_id: str
    visitor_id: str | None
    language: str = ""
    release_id: str = ""
    asked: bool = False
    answered: bool = False
    handed_off: bool = False
    votes: list[str] = field(default_factory=list)

    def fate(self, *, dissatisfied: bool) -> str:
        if self.handed_off:
            return "handed_off"
        if self.answered and self.votes and self.votes[-1] == "up":
            return "confirmed"
        if self.answered and not self.votes and not dissatisfied:
            return "assumed"
        return "unresolved"


async def count_traffic(database: Database) -> int:
    """Counts the days that are due, the oldest first, each in a transaction of its own; returns how many."""
    at = now()
    async with database.read() as session:
        first = await repository.first_exchange_at(session)
        counted = await repository.counted_days(session)
    if first is None:
        return 0
    due = [day for day in _days(first.date(), at.date()) if is_due(day, counted.get(day.isoformat()), at=at)]
    for day in due:
        rows = await database.read_apart(partial(counts_of, day=day, at=at))
        try:
            async with database.write() as session:
                await repository.put_day(session, day.isoformat(), rows, at=at)
        except IntegrityError:
            log.info("day_counted_elsewhere", day=day.isoformat())
    return len(due)


def is_due(day: date, counted_at: datetime | None, *, at: datetime) -> bool:
    """Today each minute, yesterday each hour, an older day once a day until nothing can change any more."""
    end = _start(day) + ONE_DAY
    if counted_at is None:
        return True
    if counted_at >= end + DURABLE_AFTER + ONE_DAY:
        return False
    pause = MINUTE if at < end else HOUR if at < end + ONE_DAY else ONE_DAY
    return at - counted_at >= pause


async def counts_of(session: AsyncSession, day: date, *, at: datetime) -> list[JsonObject]:
    """The rows of a day."""
    since, until = _start(day), _start(day) + timedelta(days=1)
    asked = await repository.asked_between(session, since, until)
    asked_in = {row.id: row.conversation_id for row in asked}
    votes = [(asked_in[vote.exchange_id], vote.rating) for vote in await votes_on(session, asked_in)]
    signals = await kinds_of_signals(session, asked_in)
    dissatisfied = {asked_in[exchange_id] for exchange_id, kind in signals if kind in DISSATISFIED}
    handoffs = await repository.handoffs_between(session, since, until)
    talks = _talks(asked, votes, handoffs)
    counts: Counter[Key] = Counter()
    for row in asked:
        place = (row.site_id, row.language, row.release_id or "")
        counts["message", f"{row.outcome}/{row.rule}", *place] += 1
    for conversation_id, rating in votes:
        counts["vote", rating, *_place(talks[conversation_id])] += 1
    for handoff in handoffs:
        if handoff.conversation_id in talks:
            reason = handoff.reason if handoff.reason in REASONS else OWN_WORDS
            counts["handoff", reason, *_place(talks[handoff.conversation_id])] += 1
    for given in await repository.given_between(session, since, until):
        counts["given", given.answer_id, given.site_id, given.language, given.release_id or ""] = given.amount
    fates = {id: talk.fate(dissatisfied=id in dissatisfied) for id, talk in talks.items() if talk.asked}
    for id, fate in fates.items():
        counts["conversation", fate, *_place(talks[id])] += 1
    if at >= until + DURABLE_AFTER:
        resolved = {id: talks[id] for id, fate in fates.items() if fate in ("confirmed", "assumed")}
        await _count_durable(session, resolved, counts, since=since, until=until + DURABLE_AFTER)
    names = ("kind", "detail", "site_id", "language", "release_id")
    return [
        {**dict(zip(names, key, strict=True)), "day": day.isoformat(), "amount": amount}
        for key, amount in sorted(counts.items())
    ]


async def _count_durable(
    session: AsyncSession,
    resolved: dict[str, Talk],
    counts: Counter[Key],
    *,
    since: datetime,
    until: datetime,
) -> None:
    """A later conversation has a greater id, since ids sort by time."""
    visitors = {talk.visitor_id for talk in resolved.values() if talk.visitor_id}
    latest: dict[str, str] = {}
    for visitor_id, conversation_id in await repository.conversations_of(session, visitors, since, until):
        latest[visitor_id] = max(latest.get(visitor_id, ""), conversation_id)
    for id, talk in resolved.items():
        if talk.visitor_id:
            came_back = latest.get(talk.visitor_id, id) > id
            counts["durable", "back" if came_back else "stayed", *_place(talk)] += 1


def _talks(
    asked: Sequence[AskedRow], votes: Sequence[tuple[str, str]], handoffs: Sequence[Row[str, str]]
) -> dict[str, Talk]:
    """``asked`` is in order, so that the last language and release of a conversation count."""
    talks: dict[str, Talk] = {}
    for row in asked:
        talk = talks.setdefault(row.conversation_id, Talk(row.site_id, row.visitor_id))
        talk.language, talk.release_id = row.language, row.release_id or ""
        if row.rule in NO_QUESTION or row.rule.startswith(SMALL_TALK):
            continue
        talk.asked = True
        talk.answered |= row.outcome in GAVE_ANSWER
    for row in asked:
        if row.outcome == Outcome.HANDED_OFF and row.rule in ("asked_for_person", "bot_failed"):
            talks[row.conversation_id].handed_off = True
    for conversation_id, rating in votes:
        talks[conversation_id].votes.append(rating)
    for handoff in handoffs:
        if handoff.conversation_id in talks:
            talks[handoff.conversation_id].handed_off = True
    return talks


def _place(talk: Talk) -> tuple[str, str, str]:
    return talk.site_id, talk.language, talk.release_id


def _start(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _days(first: date, last: date) -> Iterable[date]:
    return (first + timedelta(days=step) for step in range((last - first).days + 1))
