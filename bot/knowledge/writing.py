"""Changes to one answer, always with the version they make. ``raise_revision`` comes before them."""

from collections.abc import Sequence

from sqlalchemy import and_, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.db.base import now
from bot.db.knowledge_tables import Answer, AnswerState, AnswerText, AnswerVersion
from bot.knowledge.folding import text_hash
from bot.knowledge.versions import AnswerContent

SLICE = 1_000


async def put_content(
    session: AsyncSession, answer_id: str, content: AnswerContent, *, changed_by: str, revision: int
) -> None:
    """Makes an answer stand as given, as its next version; languages it no longer has rest."""
    change = (
        update(Answer)
        .where(Answer.id == answer_id)
        .values(
            answer_key=content.answer_key,
            intent=content.intent,
            tags=list(content.tags),
            state=content.state,
            valid_from=content.valid_from,
            valid_until=content.valid_until,
            version=Answer.version + 1,
            revision=revision,
            updated_at=now(),
        )
        .returning(Answer.version)
        .execution_options(synchronize_session=False)
    )
    version = (await session.execute(change)).scalar_one()
    await _put_texts(session, answer_id, content, revision=revision)
    row = {"answer_id": answer_id, "version": version, "content": content.to_json(), "changed_by": changed_by}
    await session.execute(insert(AnswerVersion).values(**row))


async def _put_texts(session: AsyncSession, answer_id: str, content: AnswerContent, *, revision: int) -> None:
    columns = select(AnswerText.language, AnswerText.text, AnswerText.active)
    stored = {
        row.language: row for row in await session.execute(columns.where(AnswerText.answer_id == answer_id))
    }
    for language, text in content.texts.items():
        values = {"text": text, "text_hash": text_hash(text), "active": True, "revision": revision}
        if language not in stored:
            await session.execute(insert(AnswerText).values(answer_id=answer_id, language=language, **values))
        elif (stored[language].text, stored[language].active) != (text, True):
            await _update_text(session, answer_id, language, values)
    for language in stored.keys() - content.texts.keys():
        await _update_text(session, answer_id, language, {"active": False, "revision": revision})


async def _update_text(
    session: AsyncSession, answer_id: str, language: str, values: dict[str, object]
) -> None:
    of_answer = and_(AnswerText.answer_id == answer_id, AnswerText.language == language)
    change = update(AnswerText).where(of_answer).values(**values)
    await session.execute(change.execution_options(synchronize_session=False))


async def retire_answers(
    session: AsyncSession, ids: Sequence[str], *, changed_by: str, revision: int
) -> None:
    """As ``put_content`` with the state retired, for many answers at once."""
    for start in range(0, len(ids), SLICE):
        part = ids[start : start + SLICE]
        change = (
            update(Answer)
            .where(Answer.id.in_(part))
            .values(
                state=AnswerState.RETIRED, version=Answer.version + 1, revision=revision, updated_at=now()
            )
        )
        await session.execute(change.execution_options(synchronize_session=False))
        retired = [
            {
                "answer_id": answer_id,
                "version": version,
                "content": content.to_json(),
                "changed_by": changed_by,
            }
            for answer_id, (version, content) in (await contents_of(session, part)).items()
        ]
        await session.execute(insert(AnswerVersion), retired)


async def contents_of(session: AsyncSession, ids: Sequence[str]) -> dict[str, tuple[int, AnswerContent]]:
    """Version and content of answers as they stand, by id."""
    answers = select(Answer).where(Answer.id.in_(ids)).execution_options(populate_existing=True)
    texts = select(AnswerText).where(AnswerText.answer_id.in_(ids), AnswerText.active)
    said: dict[str, dict[str, str]] = {}
    for text in (await session.execute(texts.order_by(AnswerText.number))).scalars():
        said.setdefault(text.answer_id, {})[text.language] = text.text
    return {
        answer.id: (answer.version, _content(answer, said.get(answer.id, {})))
        for answer in (await session.execute(answers)).scalars()
    }


def _content(answer: Answer, texts: dict[str, str]) -> AnswerContent:
    return AnswerContent(
        state=answer.state,
        texts=texts,
        intent=answer.intent,
        tags=answer.tags,
        answer_key=answer.answer_key,
        valid_from=answer.valid_from,
        valid_until=answer.valid_until,
    )
