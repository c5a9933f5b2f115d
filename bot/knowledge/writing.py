"""Changes to answers, always with the version they make. ``raise_revision`` comes before them."""

from collections.abc import Mapping, Sequence
from typing import cast

from sqlalchemy import Table, and_, bindparam, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.db.base import now
from bot.db.knowledge_tables import Answer, AnswerState, AnswerText, AnswerVersion
from bot.knowledge.folding import text_hash
from bot.knowledge.versions import AnswerContent

SLICE = 1_000
# As tables: statements on mapped classes take no list of rows beside a condition, and twice the time for one.
_ANSWERS = cast(Table, Answer.__table__)
_TEXTS = cast(Table, AnswerText.__table__)
_VERSIONS = cast(Table, AnswerVersion.__table__)


async def put_content(
    session: AsyncSession, answer_id: str, content: AnswerContent, *, changed_by: str, revision: int
) -> None:
    await put_contents(session, {answer_id: content}, changed_by=changed_by, revision=revision)


async def put_contents(
    session: AsyncSession, contents: Mapping[str, AnswerContent], *, changed_by: str, revision: int
) -> None:
    """Makes answers stand as given, each as its next version; languages that an answer no longer has rest."""
    await session.flush()
    ids = list(contents)
    for start in range(0, len(ids), SLICE):
        part = {answer_id: contents[answer_id] for answer_id in ids[start : start + SLICE]}
        await _put_answers(session, part, revision=revision)
        await _put_texts(session, part, revision=revision)
        versions = select(Answer.id, Answer.version).where(Answer.id.in_(part))
        rows = [
            {
                "answer_id": answer_id,
                "version": version,
                "content": part[answer_id].to_json(),
                "changed_by": changed_by,
            }
            for answer_id, version in await session.execute(versions)
        ]
        await session.execute(insert(_VERSIONS), rows)


async def _put_answers(
    session: AsyncSession, contents: Mapping[str, AnswerContent], *, revision: int
) -> None:
    rows = [
        {
            "of_answer": answer_id,
            "answer_key": content.answer_key,
            "intent": content.intent,
            "tags": list(content.tags),
            "state": content.state,
            "valid_from": content.valid_from,
            "valid_until": content.valid_until,
        }
        for answer_id, content in contents.items()
    ]
    change = (
        update(_ANSWERS)
        .where(_ANSWERS.c.id == bindparam("of_answer"))
        .values(version=_ANSWERS.c.version + 1, revision=revision, updated_at=now())
    )
    await session.execute(change, rows)


async def _put_texts(session: AsyncSession, contents: Mapping[str, AnswerContent], *, revision: int) -> None:
    columns = select(AnswerText.answer_id, AnswerText.language, AnswerText.text, AnswerText.active)
    stored = {
        (row.answer_id, row.language): (row.text, row.active)
        for row in await session.execute(columns.where(AnswerText.answer_id.in_(contents)))
    }
    said = {
        (answer_id, language): text
        for answer_id, content in contents.items()
        for language, text in content.texts.items()
    }
    new, changed = [], []
    for (answer_id, language), text in said.items():
        values = {"text": text, "text_hash": text_hash(text)}
        if (answer_id, language) not in stored:
            new.append({"answer_id": answer_id, "language": language, "revision": revision, **values})
        elif stored[answer_id, language] != (text, True):
            changed.append({"of_answer": answer_id, "in_language": language, "active": True, **values})
    resting = [
        {"of_answer": answer_id, "in_language": language, "active": False}
        for answer_id, language in stored.keys() - said.keys()
    ]
    of_text = and_(
        _TEXTS.c.answer_id == bindparam("of_answer"), _TEXTS.c.language == bindparam("in_language")
    )
    change = update(_TEXTS).where(of_text).values(revision=revision)
    for statement, rows in ((insert(_TEXTS), new), (change, changed), (change, resting)):
        if rows:
            await session.execute(statement, rows)


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
        await session.execute(insert(_VERSIONS), retired)


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
