"""What the index needs to know of the knowledge tables: all of it once, then only what changed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Select, and_, exists, not_, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.db.knowledge_tables import (
    Answer,
    AnswerState,
    AnswerText,
    KnowledgeState,
    Label,
    LabelState,
    Question,
)
from bot.db.source_tables import Document, SourceSection, heading_line
from retrieval.records import Knowledge, PassageRecord, QuestionRecord, SectionRecord


@dataclass(frozen=True)
class KnowledgeChanges:
    """What happened after one revision, up to and including ``revision``."""

    revision: int
    upsert: Knowledge
    removed_questions: Sequence[int]
    removed_passages: Sequence[int]
    removed_sections: Sequence[int] = ()


async def raise_revision(session: AsyncSession) -> int:
    """Call first in every transaction that changes knowledge; the rows it touches carry the number."""
    statement = (
        update(KnowledgeState)
        .where(KnowledgeState.id == 1)
        .values(revision=KnowledgeState.revision + 1)
        .returning(KnowledgeState.revision)
    )
    return (await session.execute(statement)).scalar_one()


async def current_revision(session: AsyncSession) -> int:
    return (await session.execute(select(KnowledgeState.revision))).scalar_one()


async def load_knowledge(session: AsyncSession) -> tuple[int, Knowledge]:
    """All approved knowledge and the revision it stands at. Validity dates are checked when answering."""
    revision = await current_revision(session)
    questions = (await session.execute(_questions().where(_question_usable))).all()
    passages = (await session.execute(_passages().where(_passage_usable))).all()
    sections = (await session.execute(_sections().where(_section_usable))).all()
    return revision, Knowledge(
        _question_records(questions), _passage_records(passages), _section_records(sections)
    )


async def load_question_sources(session: AsyncSession) -> dict[int, str]:
    """Who said that a question belongs to its answer, by question number; of all approved ones."""
    sources = select(Question.number, Question.source).join(Answer, Answer.id == Question.answer_id)
    return {row.number: row.source for row in await session.execute(sources.where(_question_usable))}


async def load_out_of_scope(session: AsyncSession) -> tuple[tuple[str, str], ...]:
    """Utterances, with their language, that people called out of scope; not those that got an answer since."""
    answered = (
        exists()
        .where(Question.folded == Label.folded, Question.answer_id == Answer.id)
        .where(_question_usable)
        .correlate(Label)
    )
    counts = (Label.out_of_scope, Label.state == LabelState.COUNTED, Label.withdrawn_at.is_(None))
    labels = select(Label.utterance, Label.language).where(*counts, not_(answered))
    return tuple((row.utterance, row.language) for row in await session.execute(labels.order_by(Label.id)))


async def load_changes(session: AsyncSession, *, since: int) -> KnowledgeChanges:
    """Rows whose own or whose answer's revision is newer than ``since``.

    A section's own revision alone counts: what is done to its document touches those sections that it concerns.
    """
    revision = await current_revision(session)
    changed_question = or_(Question.revision > since, Answer.revision > since)
    changed_passage = or_(AnswerText.revision > since, Answer.revision > since)
    questions = (await session.execute(_questions().where(changed_question))).all()
    passages = (await session.execute(_passages().where(changed_passage))).all()
    sections = (await session.execute(_sections().where(SourceSection.revision > since))).all()
    return KnowledgeChanges(
        revision=revision,
        upsert=Knowledge(
            _question_records(row for row in questions if row.usable),
            _passage_records(row for row in passages if row.usable),
            _section_records(row for row in sections if row.usable),
        ),
        removed_questions=[row.number for row in questions if not row.usable],
        removed_passages=[row.number for row in passages if not row.usable],
        removed_sections=[row.number for row in sections if not row.usable],
    )


_answer_approved = Answer.state == AnswerState.APPROVED
_question_usable = and_(_answer_approved, Question.active)
_passage_usable = and_(_answer_approved, AnswerText.active)
_section_usable = and_(Document.state == AnswerState.APPROVED, SourceSection.active)


def _questions() -> Select[*tuple[Any, ...]]:
    columns = (Question.number, Question.answer_id, Question.text, Question.language)
    return (
        select(*columns, _question_usable.label("usable"))
        .join(Answer, Answer.id == Question.answer_id)
        .order_by(Question.number)
    )


def _passages() -> Select[*tuple[Any, ...]]:
    columns = (AnswerText.number, AnswerText.answer_id, AnswerText.text, AnswerText.language)
    return (
        select(*columns, _passage_usable.label("usable"))
        .join(Answer, Answer.id == AnswerText.answer_id)
        .order_by(AnswerText.number)
    )


def _sections() -> Select[*tuple[Any, ...]]:
    columns = (SourceSection.number, SourceSection.id, SourceSection.document_id, SourceSection.heading)
    words = (SourceSection.text, SourceSection.language, Document.title)
    return (
        select(*columns, *words, _section_usable.label("usable"))
        .join(Document, Document.id == SourceSection.document_id)
        .order_by(SourceSection.number)
    )


def _question_records(rows: Iterable[Row[Any]]) -> list[QuestionRecord]:
    return [QuestionRecord(row.number, row.answer_id, row.text, row.language) for row in rows]


def _passage_records(rows: Iterable[Row[Any]]) -> list[PassageRecord]:
    return [PassageRecord(row.number, row.answer_id, row.text, row.language) for row in rows]


def _section_records(rows: Iterable[Row[Any]]) -> list[SectionRecord]:
    return [
        SectionRecord(
            row.number, row.id, row.document_id, heading_line(row.title, row.heading), row.text, row.language
        )
        for row in rows
    ]
