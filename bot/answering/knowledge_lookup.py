"""Reads answers at the moment of replying, so that an edit, a retirement or an expiry counts at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.db.base import UtcDateTime, now
from bot.db.knowledge_tables import Answer, AnswerState, AnswerText, Question
from bot.db.source_tables import Document, SourceSection, heading_line


@dataclass(frozen=True)
class ServableAnswer:
    """An approved answer that is valid now, in all its languages."""

    id: str
    intent: str | None
    texts: Mapping[str, str] = field(default_factory=dict)

    def text_in(self, language: str) -> tuple[str, str]:
        """The text and its language: the customer's if there is one, else the first there is."""
        chosen = language if language in self.texts else min(self.texts)
        return self.texts[chosen], chosen


def _valid_at(moment: Any, table: type[Answer] | type[Document] = Answer) -> tuple[ColumnElement[bool], ...]:
    return (
        table.state == AnswerState.APPROVED,
        or_(table.valid_from.is_(None), table.valid_from <= moment),
        or_(table.valid_until.is_(None), table.valid_until > moment),
    )


# Built once: putting a statement together costs more than running it.
_SERVABLE = (
    select(Answer.id, Answer.intent, AnswerText.language, AnswerText.text)
    .join(AnswerText, AnswerText.answer_id == Answer.id)
    .where(
        Answer.id.in_(bindparam("ids", expanding=True)),
        AnswerText.active,
        *_valid_at(bindparam("moment", type_=UtcDateTime)),
    )
)


def servable_answers(connection: Connection, ids: Sequence[str]) -> dict[str, ServableAnswer]:
    """Those of the answers that may be given now, by id."""
    if not ids:
        return {}
    intents: dict[str, str | None] = {}
    texts: dict[str, dict[str, str]] = {}
    for id, intent, language, text in connection.execute(_SERVABLE, {"ids": ids, "moment": now()}):
        intents[id] = intent
        texts.setdefault(id, {})[language] = text
    return {id: ServableAnswer(id, intents[id], texts[id]) for id in intents}


@dataclass(frozen=True)
class ServableSection:
    """A section of an approved document that is valid now; ``heading`` is the path to it, the document's title first."""

    id: str
    document_id: str
    title: str
    url: str | None
    heading: str
    text: str
    language: str


_SERVABLE_SECTIONS = (
    select(
        SourceSection.id,
        SourceSection.document_id,
        Document.title,
        Document.url,
        SourceSection.heading,
        SourceSection.text,
        SourceSection.language,
    )
    .join(Document, Document.id == SourceSection.document_id)
    .where(
        SourceSection.id.in_(bindparam("ids", expanding=True)),
        SourceSection.active,
        *_valid_at(bindparam("moment", type_=UtcDateTime), Document),
    )
)


def servable_sections(connection: Connection, ids: Sequence[str]) -> dict[str, ServableSection]:
    """Those of the sections that may be quoted now, by id."""
    if not ids:
        return {}
    found = connection.execute(_SERVABLE_SECTIONS, {"ids": ids, "moment": now()})
    return {
        id: ServableSection(id, document_id, title, url, heading_line(title, heading), text, language)
        for id, document_id, title, url, heading, text, language in found
    }


async def suggested_questions(session: AsyncSession, *, language: str, limit: int = 3) -> list[str]:
    """Questions to start with: those of answers tagged "suggested", else the first ones there are."""
    statement = (
        select(Question.text, Answer.id, Answer.tags)
        .join(Answer, Answer.id == Question.answer_id)
        .where(Question.language == language, Question.active, *_valid_at(now()))
        .order_by(Question.number)
        .limit(2000)
    )
    first: dict[str, tuple[bool, str]] = {}
    for row in await session.execute(statement):
        first.setdefault(row.id, ("suggested" in row.tags, row.text))
    ranked = sorted(first.values(), key=lambda entry: not entry[0])
    return [text for _, text in ranked[:limit]]
