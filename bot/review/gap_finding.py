"""Finding gaps anew: reads what went unanswered, groups it, and keeps what was decided about the gaps of before.

All thinking is done outside the transaction that writes; in it, gaps are matched with those that are there by then, so
that two processes that look at once come to the same rows.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from bot.answering.serving import Serving
from bot.db.base import JsonObject, new_id, now
from bot.db.engine import Database
from bot.db.review_tables import GapState
from bot.feedback.trust import OLDEST_VOICE
from bot.review import gap_repository, repository
from bot.review.gap_clusters import Cluster, Form, find_gaps
from bot.review.gap_drafts import (
    AGENT_REPLY,
    ASKED_ALIKE,
    HumanReply,
    best_reply,
    nearest_replies,
    replies_in,
    usable_reply,
)
from bot.review.gap_matching import match_gaps
from bot.review.repository import AskedRow
from bot.review.utterance_vectors import Encoded, UtteranceVectors
from bot.review.waiting import key_of
from retrieval.decision import Outcome

LOOKED_AT = 50_000
DIALOGUES, REPLIES = 2_000, 5_000
"""The newest past dialogues, and of them so many replies, that drafts are looked for in."""
_LIVING = (GapState.OPEN, GapState.DISMISSED)


@dataclass(frozen=True)
class _Found:
    cluster: Cluster
    draft: HumanReply | None

    def values(self, at: datetime) -> JsonObject:
        return {
            "language": self.cluster.language,
            "medoid_exchange_id": self.cluster.medoid.rows[-1].id,
            "terms": list(self.cluster.terms),
            "messages": len(self.cluster.rows),
            "draft": self.draft.to_json() if self.draft else {},
            "updated_at": at,
        }


async def find_and_store_gaps(
    database: Database, serving: Serving, vectors: UtteranceVectors, *, at: datetime | None = None
) -> int:
    """Returns how many gaps are open."""
    moment = at or now()
    encoder = serving.engine.retriever.encoder
    async with database.read() as session:
        forms = await _unanswered(session, since=moment - OLDEST_VOICE)
        past = await _past_replies(session)
    encoded = await vectors.of(encoder, [form.text for form in forms])
    clusters = await asyncio.to_thread(find_gaps, forms, encoded.vectors, encoded.scale)
    asked = await vectors.of(encoder, [reply.asked for reply in past])
    async with database.read() as session:
        drafts = await gap_repository.agents_drafts(session)
    found = [_Found(cluster, _draft(cluster, drafts, past, asked)) for cluster in clusters]
    async with database.write() as session:
        return await _store(session, found, at=moment)


async def _unanswered(session: AsyncSession, *, since: datetime) -> list[Form]:
    """Handed off, asked back without a choice, or voted down; not what somebody has decided about since."""
    chosen = await gap_repository.chosen_after(session, since)
    down = await gap_repository.voted_down(session, since)
    decided = {key_of(utterance) for utterance in await repository.decided_utterances(session)}
    answered = await gap_repository.members(session, states=[GapState.ANSWERED])
    gone = {exchange_id for ids in answered.values() for exchange_id in ids}
    forms: dict[str, list[AskedRow]] = {}
    for row in await repository.asked_since(session, since, limit=LOOKED_AT):
        key = key_of(row.utterance)
        if key and key not in decided and row.id not in gone and _is_unanswered(row, chosen, down):
            forms.setdefault(key, []).append(row)
    return [Form(key, tuple(forms[key])) for key in sorted(forms)]


def _is_unanswered(row: AskedRow, chosen: set[str], down: set[str]) -> bool:
    if row.outcome == Outcome.CLARIFIED.value:
        return row.id not in chosen
    return row.outcome == Outcome.HANDED_OFF.value or row.id in down


async def _past_replies(session: AsyncSession) -> list[HumanReply]:
    dialogues = await gap_repository.newest_dialogues(session, limit=DIALOGUES)
    return await asyncio.to_thread(_replies_of, [(d.turns, d.language, d.conversation_id) for d in dialogues])


def _replies_of(dialogues: Sequence[tuple[list[JsonObject], str, str]]) -> list[HumanReply]:
    found = [
        reply
        for turns, language, origin in dialogues
        for reply in replies_in(turns, language=language, origin=origin)
    ]
    return found[-REPLIES:]


def _draft(
    cluster: Cluster, drafts: Sequence[gap_repository.Draft], past: Sequence[HumanReply], asked: Encoded
) -> HumanReply | None:
    """Agents' replies to the very questions come before those in past dialogues."""
    own = {row.id for row in cluster.rows}
    replied = [
        usable_reply(d.text, language=d.language, source=AGENT_REPLY, origin=d.label_id, asked=d.asked)
        for d in drafts
        if d.exchange_id in own
    ]
    best = best_reply([reply for reply in replied if reply], language=cluster.language)
    if best is not None:
        return best
    least = asked.scale.cosine_at(ASKED_ALIKE)
    near = nearest_replies(cluster.vector, past, asked.vectors, least=least)
    return best_reply(near, language=cluster.language)


async def _store(session: AsyncSession, found: Sequence[_Found], *, at: datetime) -> int:
    await repository.lock_decisions(session)
    answered = await gap_repository.members(session, states=[GapState.ANSWERED])
    gone = {exchange_id for ids in answered.values() for exchange_id in ids}
    stored = await gap_repository.members(session, states=_LIVING)
    is_open = await gap_repository.members(session, states=[GapState.OPEN])
    found = [each for each in found if not gone & {row.id for row in each.cluster.rows}]
    sets = [frozenset(row.id for row in each.cluster.rows) for each in found]
    existing = set(await repository.existing_exchanges(session, [id for ids in sets for id in ids]))
    matched = match_gaps(sets, stored)
    memberships: dict[str, frozenset[str]] = {}
    for each, ids, known in zip(found, sets, matched, strict=True):
        if not ids <= existing:  # somebody was erased meanwhile; found without them the next time
            continue
        gap_id = known or new_id("gap")
        values = each.values(at)
        if known is None:
            values |= {"state": GapState.OPEN, "forecast": {}}
        await gap_repository.put_gap(session, gap_id, values, is_new=known is None)
        memberships[gap_id] = ids
    await gap_repository.put_members(session, memberships)
    await gap_repository.remove_gaps(session, is_open.keys() - memberships.keys())
    return sum(1 for gap_id in memberships if gap_id in is_open or gap_id not in stored)
