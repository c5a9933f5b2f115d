"""Erasing a visitor: everything they said and everything that was kept about them.

What was learnt from them is another matter: labels that count lose every link to the visitor but keep the utterance, since
the company's answers rest on it; ``with_labels`` takes out those and the questions they made, too. Candidates, on which
nothing rests, are always deleted.
Files made earlier (exports, backups, index snapshots with such a question) can't be changed; they are named. Reports on
training runs quote questions and are missed by nobody: all are deleted.
"""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession

from bot.access.principals import Principal
from bot.conversations.repository import conversation_for
from bot.db.engine import Database
from bot.db.knowledge_tables import Question
from bot.erasing import repository
from bot.erasing.repository import Subject
from bot.erasing.sqlite_traces import scrub
from bot.errors import InvalidInputError, NotFoundError
from bot.exports.service import exports_since
from bot.knowledge.audit import record_audit
from bot.knowledge.index_feed import raise_revision
from bot.releases.reports import remove_reports, remove_reports_quoting
from bot.settings import Settings


@dataclass(frozen=True)
class TaughtQuestion:
    id: str
    answer_id: str
    text: str


@dataclass(frozen=True)
class Belongings:
    """What there is of a visitor."""

    subject: Subject
    counts: dict[str, int]
    questions: list[TaughtQuestion]
    """Made of their words by a label; only taken out with the labels."""


@dataclass(frozen=True)
class Erased:
    counts: dict[str, int]
    questions: list[TaughtQuestion]
    labels_removed: bool
    scrubbed: bool | None
    """Whether the words are gone from the SQLite file too; None on PostgreSQL, which frees rows when it vacuums."""
    exports_left: list[str]
    snapshots_left: list[str] = field(default_factory=list)
    """Index folders that still hold questions made of their words; a new release, then deleting them, ends that."""
    reports_removed: int = 0


async def find_belongings(database: Database, id: str) -> Belongings:
    """Of the visitor with this id, or whose conversation it is.

    Raises:
        InvalidInputError: it is neither kind of id.
        NotFoundError: there is no such visitor or conversation.
    """
    async with database.read() as session:
        return await _belongings(session, await _subject(session, id))


async def erase(
    database: Database, settings: Settings, id: str, *, with_labels: bool, erased_by: str
) -> Erased:
    """Deletes in one transaction, then rewrites the SQLite file. Raises like ``find_belongings``."""
    async with database.write() as session:
        subject = await _subject(session, id)
        await repository.lock(session, subject)
        since = await repository.first_seen(session, subject)
        belongings = await _belongings(session, subject)
        snapshots = await _remove(session, belongings, with_labels=with_labels)
        reports = await asyncio.to_thread(remove_reports, settings)
        await record_audit(
            session,
            actor=erased_by,
            action="erase_visitor",
            target=subject.visitor_id or subject.conversation_id or id,
            details={**belongings.counts, "with_labels": with_labels},
        )
    return Erased(
        counts=belongings.counts,
        questions=belongings.questions,
        labels_removed=with_labels,
        scrubbed=await scrub(database) if settings.uses_sqlite else None,
        exports_left=[
            path.name for path in _exports(settings, since, with_knowledge=bool(belongings.questions))
        ],
        snapshots_left=snapshots,
        reports_removed=reports,
    )


async def erase_conversation(
    session: AsyncSession, settings: Settings, conversation_id: str, principal: Principal
) -> None:
    """Deletes one conversation inside the caller's transaction, as ``erase`` does a visitor's without their labels.

    Of the reports on training runs only those go that quote it. Afterwards the SQLite file is to be rewritten
    (`bot.erasing.scrubbing`). Raises NotFoundError for a conversation that is missing or somebody else's.
    """
    subject = Subject(visitor_id=None, conversation_id=conversation_id)
    await repository.lock(session, subject)
    connection = await session.connection()
    if await connection.run_sync(conversation_for, conversation_id, principal) is None:
        raise NotFoundError(f"no conversation {conversation_id!r}")
    said = await repository.utterances(session, subject)
    belongings = await _belongings(session, subject)
    await _remove(session, belongings, with_labels=False)
    await asyncio.to_thread(remove_reports_quoting, settings, said)
    await record_audit(
        session,
        actor=principal.name,
        action="erase_conversation",
        target=conversation_id,
        details=belongings.counts,
    )


def _exports(settings: Settings, since: datetime | None, *, with_knowledge: bool) -> list[Path]:
    return exports_since(settings, since, with_knowledge=with_knowledge) if since else []


async def _subject(session: AsyncSession, id: str) -> Subject:
    if id.startswith("vis_"):
        visitor = await repository.visitor(session, id)
        if visitor is None:
            raise NotFoundError(f"no visitor {id!r}")
        return Subject(visitor_id=visitor.merged_into or id, conversation_id=None)
    if id.startswith("cnv_"):
        conversation = await repository.conversation(session, id)
        if conversation is None:
            raise NotFoundError(f"no conversation {id!r}")
        return Subject(visitor_id=conversation.visitor_id, conversation_id=id)
    raise InvalidInputError(f"{id!r} is neither a visitor (vis_…) nor a conversation (cnv_…)")


async def _belongings(session: AsyncSession, subject: Subject) -> Belongings:
    conversations = await repository.ids_of(session, subject.conversations)
    exchanges = await repository.ids_of(session, subject.exchanges)
    replies = await repository.stored_replies(session, subject, _own_ids(subject, conversations, exchanges))
    counts = {
        "visitors": int(subject.visitor_id is not None),
        "conversations": len(conversations),
        "messages": await repository.count(session, repository.messages_of(subject)),
        "exchanges": len(exchanges),
        "feedback": await repository.count_feedback(session, subject),
        "ratings": await repository.count(session, repository.ratings_of(subject)),
        "signals": await repository.count_signals(session, subject),
        "handoffs": await repository.count(session, repository.handoffs_of(subject)),
        "contacts": await repository.count(session, repository.contacts_of(subject)),
        "notes": await repository.count(session, repository.notes_of(subject)),
        "stored_replies": len(replies),
        "labels": await repository.count(session, subject.labels),
    }
    questions = await repository.taught_questions(session, subject)
    return Belongings(subject, counts, [_taught(question) for question in questions])


def _own_ids(subject: Subject, conversations: list[str], exchanges: list[str]) -> set[str]:
    return {*conversations, *exchanges, *([subject.visitor_id] if subject.visitor_id else [])}


def _taught(question: Question) -> TaughtQuestion:
    return TaughtQuestion(question.id, question.answer_id, question.text)


async def _remove(session: AsyncSession, belongings: Belongings, *, with_labels: bool) -> list[str]:
    """Returns the index folders that hold a removed question."""
    subject = belongings.subject
    questions = await repository.taught_questions(session, subject) if with_labels else []
    labels = await repository.ids_of(session, subject.labels if with_labels else subject.idle_labels)
    conversations = await repository.ids_of(session, subject.conversations)
    exchanges = await repository.ids_of(session, subject.exchanges)
    snapshots: list[str] = []
    if questions:
        revision = await raise_revision(session)
        numbers = [question.number for question in questions]
        snapshots = await repository.snapshots_since(session, min(q.created_at for q in questions))
        await repository.empty_questions(session, numbers, revision=revision)
    await repository.delete_labels(session, labels)
    await repository.unlink_labels(session, subject)
    await repository.delete_talk(session, subject)
    # Last: by now every request that was about to store a reply on what is deleted has ended.
    keys = await repository.stored_replies(session, subject, _own_ids(subject, conversations, exchanges))
    await repository.delete_stored_replies(session, keys)
    return snapshots
