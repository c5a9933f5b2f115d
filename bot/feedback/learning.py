"""What visitors' voices come to: a ranking for the review queue, and labels where the operator wants that.

Without ``KEFU_FEEDBACK__LEARN_FROM_VISITORS`` nothing here changes anything. With it, what several independent visitors
agree on becomes a label of the visitors' own source and a question of its answer (never an answer's text): one, and more
up to a fifth of the answer's other questions; never against a person's label, never again once it was rejected or withdrawn.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from bot.db.base import now
from bot.db.engine import Database
from bot.db.knowledge_tables import AnswerState
from bot.feedback.trust import OLDEST_VOICE, Trust, Weighed, weigh, within_share
from bot.feedback.voices import hear, shown_to
from bot.knowledge import repository as knowledge
from bot.knowledge.audit import record_audit
from bot.knowledge.index_feed import raise_revision
from bot.knowledge.labels import record_label
from bot.knowledge.service import find_answer
from bot.knowledge.teaching import teach
from bot.knowledge.texts import Asked

VISITORS = "visitors"
_LEARNT = (Trust.VISITOR_CHOICE, Trust.AGREEMENT)


@dataclass(frozen=True)
class Proposal:
    """An utterance with what visitors say about it; ``exchange_id`` is the newest in which it was asked."""

    question: Asked
    exchange_id: str | None
    weighed: Weighed


async def weigh_visitors(session: AsyncSession, *, at: datetime | None = None) -> list[Proposal]:
    """Everything that visitors said in the last 90 days, the strongest case first."""
    since = (at or now()) - OLDEST_VOICE
    heard = await hear(session, since=since)
    concerned = sorted({voice.answer_id for each in heard for voice in each.voices})
    shown = await shown_to(session, concerned, since=since)
    proposals = [
        Proposal(
            Asked(each.utterance, each.folded, each.language),
            each.exchange_id,
            weigh(each.voices, each.decided, each.surroundings(shown)),
        )
        for each in heard
    ]
    return sorted(proposals, key=_strength)


async def learn_from_visitors(database: Database, *, at: datetime | None = None) -> list[str]:
    """Makes labels of what is eligible; returns their ids. Call it only where the setting is on."""
    async with database.read() as session:
        if not any(_learnable(proposal) for proposal in await weigh_visitors(session, at=at)):
            return []
    async with database.write() as session:
        revision = await raise_revision(session)
        proposals = [p for p in await weigh_visitors(session, at=at) if _learnable(p)]
        return [
            await _learn(session, proposal, revision=revision)
            for proposal in await _allowed(session, proposals)
        ]


def _strength(proposal: Proposal) -> tuple[bool, float, str]:
    weighed = proposal.weighed
    return (not weighed.eligible, weighed.dissent - weighed.support, proposal.question.folded)


def _learnable(proposal: Proposal) -> bool:
    return proposal.weighed.eligible and proposal.weighed.trust in _LEARNT


async def _allowed(session: AsyncSession, proposals: Sequence[Proposal]) -> list[Proposal]:
    """Those whose answer may be given and has room, whose form leads nowhere yet, and that nobody has refused."""
    open_ones = [p for p in proposals if await _is_open(session, p)]
    wanted: dict[str, list[Proposal]] = {}
    for proposal in open_ones:
        wanted.setdefault(proposal.weighed.answer_id or "", []).append(proposal)
    allowed: list[Proposal] = []
    for answer_id, candidates in wanted.items():
        learnt, others = await knowledge.count_by_source(
            session, answer_id, sources=[trust.source for trust in _LEARNT]
        )
        room = within_share({answer_id: learnt + len(candidates)}, {answer_id: others})[answer_id] - learnt
        allowed += candidates[: max(0, room)]
    return allowed


async def _is_open(session: AsyncSession, proposal: Proposal) -> bool:
    answer_id = proposal.weighed.answer_id
    assert answer_id is not None, "visitors favour answers only"
    stored = await knowledge.stored_answers(session, [answer_id])
    if not stored or stored[0].answer.state != AnswerState.APPROVED:
        return False
    if await knowledge.active_questions(session, folded=proposal.question.folded):
        return False
    return not await knowledge.was_refused(session, folded=proposal.question.folded, answer_id=answer_id)


async def _learn(session: AsyncSession, proposal: Proposal, *, revision: int) -> str:
    weighed = proposal.weighed
    assert weighed.trust is not None, "only eligible ones are learnt"
    assert weighed.answer_id is not None, "visitors favour answers only"
    source = weighed.trust.source
    label = await record_label(
        session,
        proposal.question,
        weighed.answer_id,
        verdict=None,
        given_by=VISITORS,
        exchange_id=proposal.exchange_id,
        source=source,
    )
    stored = await find_answer(session, weighed.answer_id)
    await teach(session, proposal.question, stored, source=source, label_id=label.id, revision=revision)
    details = {"answer": weighed.answer_id, "support": weighed.support, "dissent": weighed.dissent}
    await record_audit(session, actor=VISITORS, action="learn_label", target=label.id, details=details)
    return label.id
