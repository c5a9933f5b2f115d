"""Labels as people gave them: utterance → answer, or → out-of-scope, with who said so and from which exchange."""

from collections.abc import AsyncIterator

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.db.base import JsonObject
from bot.db.knowledge_tables import Label

PAGE = 1000


async def count_labels(session: AsyncSession) -> int:
    return (await session.execute(select(func.count()).select_from(Label))).scalar_one()


async def labels_by_source(session: AsyncSession) -> dict[str, int]:
    statement = (
        select(Label.source, func.count().label("labels")).group_by(Label.source).order_by(Label.source)
    )
    return {row.source: row.labels for row in await session.execute(statement)}


async def label_pages(session: AsyncSession) -> AsyncIterator[list[JsonObject]]:
    """All labels by id, which is the order in which they were given."""
    last = ""
    while page := await _page(session, after=last):
        last = page[-1].id
        yield [_row(label) for label in page]
        session.expunge_all()


async def _page(session: AsyncSession, *, after: str) -> list[Label]:
    statement = select(Label).where(Label.id > after).order_by(Label.id).limit(PAGE)
    return list((await session.execute(statement)).scalars())


def _row(label: Label) -> JsonObject:
    return {
        "label_id": label.id,
        "utterance": label.utterance,
        "language": label.language,
        "answer_id": label.answer_id,
        "out_of_scope": label.out_of_scope,
        "source": label.source,
        "state": label.state,
        "withdrawn_at": label.withdrawn_at.isoformat() if label.withdrawn_at else None,
        "given_by": label.given_by,
        "exchange_id": label.exchange_id,
        "at": label.created_at.isoformat(),
    }
