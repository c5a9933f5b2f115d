"""What people said of composed replies, which may show that a company's documents keep the promise of the shipped cut-off less well."""

from datetime import timedelta

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.db.base import id_from, now
from bot.db.conversation_tables import Exchange
from bot.db.knowledge_tables import Label, Verdict
from bot.db.source_tables import Document
from bot.knowledge.label_order import newest_last
from bot.review.repository import decided_by_people
from retrieval.composition_confidence import MOST_JUDGED, JudgedComposition
from retrieval.decision import Outcome

JUDGED_FOR = timedelta(days=90)


async def judged_compositions(session: AsyncSession) -> tuple[JudgedComposition, ...]:
    """By the newest decision about each question; another answer for it means that the reply was not right."""
    if not (await session.execute(select(exists(select(Document.id))))).scalar_one():
        return ()
    statement = (
        select(Label.folded, Exchange.confidence, Label.verdict)
        .join(Exchange, Exchange.id == Label.exchange_id)
        .where(Label.id >= id_from("lbl", now() - JUDGED_FOR), Label.verdict.is_not(None))
        .where(*decided_by_people(), Exchange.outcome == Outcome.COMPOSED)
        .order_by(*newest_last())
    )
    newest = {row.folded: row for row in await session.execute(statement)}
    judged = (JudgedComposition(row.confidence, row.verdict == Verdict.RIGHT) for row in newest.values())
    return tuple(judged)[-MOST_JUDGED:]
