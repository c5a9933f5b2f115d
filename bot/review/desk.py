"""The queue as this process has it: ranked once, then followed decision by decision until it is time to rank anew.

Where ranking takes long nobody waits for it: the queue of before goes on, without what was decided meanwhile and with what was asked
meanwhile behind it, until a newer one is there.
"""

import asyncio
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from bot.answering.serving import Serving
from bot.db.base import now
from bot.db.engine import Database
from bot.feedback.trust import OLDEST_VOICE
from bot.feedback.voices import hear, shown_to
from bot.review import repository
from bot.review.audits import waiting_audits
from bot.review.gap_finding import find_and_store_gaps
from bot.review.utterance_vectors import UtteranceVectors
from bot.review.waiting import Waiting, by_promise, group, key_of
from retrieval.review_ranking import Ranked, rank_for_review

LOOKED_AT = 50_000
"""The newest exchanges of the last 90 days, and what was said since the oldest of them."""
RANKED = 1_000
"""So many by traffic and doubt get vectors; what lies behind them comes up once these are decided."""
QUICK_S, LONGEST_S, REST = 0.25, 300.0, 100
"""A queue that took longer to rank than ``QUICK_S`` stays for ``REST`` times as long, five minutes at most, and until it is ranked anew."""
SLACK = timedelta(minutes=1)
AUDIT_EVERY = 10
"""One in so many questions of the queue was drawn by lot (`audits`)."""


log = structlog.get_logger(__name__)

UNRANKED = Ranked(row=0, gain=0.0, uncertainty=0.0, doubt=0.0, settles=1.0)
"""Of what was drawn and lies too far behind to be ranked, and of what was asked since the queue was ranked."""


@dataclass(frozen=True)
class Entry:
    """A question in its place, and why it is there."""

    waiting: Waiting
    ranked: Ranked
    audit: bool = False
    """Drawn by lot; then it is about that very exchange."""


@dataclass(frozen=True)
class Queue:
    release_id: str
    entries: Sequence[Entry]
    settled: Collection[str]
    """Keys of what did not wait when it was ranked."""
    built_at: datetime
    stays_until: float
    is_quick: bool

    @property
    def keys(self) -> list[str]:
        return [entry.waiting.key for entry in self.entries]


class ReviewDesk:
    """One a process; every process comes to the same order."""

    def __init__(self, database: Database, vectors: UtteranceVectors) -> None:
        self._database = database
        self._vectors = vectors
        self._ranking, self._finding = asyncio.Lock(), asyncio.Lock()
        self._queue: Queue | None = None
        self.renewal: asyncio.Task[Queue] | None = None
        """Ranks anew behind the scenes; kept when it is done."""

    async def entries(self, serving: Serving) -> list[Entry]:
        """What waits by now, the most worthwhile first."""
        queue = self._queue
        if queue is None or (queue.is_quick and _is_over(queue, serving)):
            queue = await self._renewed(serving)
        elif _is_over(queue, serving) and (self.renewal is None or self.renewal.done()):
            self.renewal = asyncio.create_task(self._renewed(serving))
            self.renewal.add_done_callback(_log_failure)
        async with self._database.read() as session:
            gone = await _settled(session, since=queue.built_at - SLACK)
            new = (
                []
                if queue.is_quick
                else await repository.asked_since(session, queue.built_at - SLACK, limit=RANKED)
            )
            drawn = await _drawn(session, serving.release_id)
        entries = [entry for entry in queue.entries if entry.waiting.key not in gone]
        newcomers = group(new, settled={*queue.settled, *queue.keys, *gone})
        entries += [Entry(each, UNRANKED) for each in by_promise(newcomers)]
        return with_audits(composed_first(entries), drawn)

    async def close(self) -> None:
        if self.renewal is not None:
            self.renewal.cancel()
            await asyncio.wait([self.renewal])

    async def _renewed(self, serving: Serving) -> Queue:
        """Of those who ask at once, one ranks."""
        async with self._ranking:
            if self._queue is None or _is_over(self._queue, serving):
                self._queue = await self._ranked(serving)
            return self._queue

    async def find_gaps(self, serving: Serving) -> int:
        """Looks for gaps and stores them; returns how many are open."""
        async with self._finding:
            return await find_and_store_gaps(self._database, serving, self._vectors)

    async def _ranked(self, serving: Serving) -> Queue:
        started, built_at = time.monotonic(), now()
        if self._queue is not None and self._queue.is_quick:
            async with self._database.read() as session:
                waits = await _waiting(session, at=built_at)
        else:
            waits = await self._database.read_apart(lambda session: _waiting(session, at=built_at))
        chosen = sorted(by_promise(waits.undecided)[:RANKED], key=lambda each: each.key)
        encoder = serving.engine.retriever.encoder
        encoded = await self._vectors.of(encoder, [each.newest.utterance for each in chosen])
        settled = await self._vectors.of(encoder, waits.decided)
        ranked = await asyncio.to_thread(
            rank_for_review,
            [each.undecided() for each in chosen],
            encoded.vectors,
            unrelated=encoded.scale.unrelated,
            settled=settled.vectors,
        )
        ended = time.monotonic()
        is_quick = ended - started <= QUICK_S
        rest = 0.0 if is_quick else min(LONGEST_S, REST * (ended - started))
        entries = [Entry(chosen[each.row], each) for each in ranked]
        return Queue(serving.release_id, entries, waits.settled, built_at, ended + rest, is_quick)


def _is_over(queue: Queue, serving: Serving) -> bool:
    return queue.release_id != serving.release_id or time.monotonic() > queue.stays_until


def _log_failure(renewal: asyncio.Task[Queue]) -> None:
    """The queue of before goes on; ranking is tried again by the next one who looks."""
    if not renewal.cancelled() and (error := renewal.exception()) is not None:
        log.error("queue_not_ranked", error=repr(error))


def composed_first(entries: Sequence[Entry]) -> list[Entry]:
    """Accepting one makes an answer in one step, and nobody has read it as a whole before."""
    return sorted(entries, key=lambda entry: not entry.waiting.is_composed)


def with_audits(entries: Sequence[Entry], drawn: Sequence[Waiting]) -> list[Entry]:
    """What was drawn in every tenth place, and at the end where there are not so many entries.

    What stands before its place by its gain already, in whatever spelling, stays there.
    """
    merged = list(entries)
    for number, waiting in enumerate(drawn, start=1):
        place = number * AUDIT_EVERY - 1
        present = next((i for i, entry in enumerate(merged) if entry.waiting.key == waiting.key), None)
        if present is not None and present <= place:
            continue
        ranked = merged.pop(present).ranked if present is not None else UNRANKED
        merged.insert(place, Entry(waiting, ranked, audit=True))
    return merged


async def _drawn(session: AsyncSession, release_id: str) -> list[Waiting]:
    """In the order of the draws, without what was put off."""
    moment = now()
    ids = list(await waiting_audits(session, release_id, at=moment))
    if not ids:
        return []
    put_off = await repository.skipped(session, at=moment)
    rows = {row.id: row for row in await repository.asked_in(session, ids)}
    drawn = [Waiting(key_of(rows[id].utterance), [rows[id]]) for id in ids if id in rows]
    return [each for each in drawn if each.key and each.key not in put_off]


@dataclass(frozen=True)
class Waits:
    """What waits, the keys of what does not, and the newest utterances that were decided about."""

    undecided: Sequence[Waiting]
    settled: Collection[str]
    decided: Sequence[str]


async def _waiting(session: AsyncSession, *, at: datetime) -> Waits:
    since = at - OLDEST_VOICE
    rows = await repository.asked_since(session, since, limit=LOOKED_AT)
    if len(rows) == LOOKED_AT:
        since = rows[0].at
    heard = await hear(session, since=since)
    concerned = {voice.answer_id for each in heard for voice in each.voices}
    shown = await shown_to(session, sorted(concerned), since=since)
    settled = await _settled(session)
    waiting = group(
        rows,
        settled=settled,
        heard=heard,
        shown_to=shown,
        signals=await repository.signals_on(session, since),
    )
    decided = await repository.decided_utterances(session, since=since)
    return Waits(waiting, settled, decided[:RANKED])


async def _settled(session: AsyncSession, *, since: datetime | None = None) -> set[str]:
    """Keys of what was decided since then, and of what is put off now."""
    decided = {key_of(utterance) for utterance in await repository.decided_utterances(session, since=since)}
    return decided | await repository.skipped(session, at=now())
