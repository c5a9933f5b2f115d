"""Checks of the database: reachable, at the right schema, whole, durable; and the clock against what is in it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import func, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from bot.db.access_tables import AuditEntry
from bot.db.conversation_tables import Exchange
from bot.db.engine import Database
from bot.db.knowledge_tables import Answer, AnswerState, Question
from bot.db.migrating import current_revision, knows, newest_revision
from bot.db.release_tables import Release
from bot.db.source_tables import Document
from bot.doctor.findings import Finding, ok, problem
from bot.settings import Settings

TOLERATED_SKEW = timedelta(minutes=2)
EARLIEST = datetime(2026, 11, 1, tzinfo=UTC)
"""When this version was made: a clock before that is wrong."""

DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
SAFER_COMMITS = ("remote_apply", "remote_write", "local")


async def check_reachable(database: Database, settings: Settings) -> Finding:
    """Without making an empty database where there is none."""
    url = make_url(settings.database_url)
    if settings.uses_sqlite and not _is_file(url.database):
        return problem("database", f"there is no {url.database}", remedy="run: kefu demo, or kefu migrate")
    try:
        async with database.read() as session:
            version = (await session.execute(text(_version_query(settings)))).scalar_one()
    except (SQLAlchemyError, OSError) as error:
        reason = getattr(error, "orig", None) or error
        return problem(
            "database",
            f"{url.render_as_string()} does not answer: {str(reason).strip()}",
            remedy="start it, or mend KEFU_DATABASE__URL",
        )
    return ok("database", f"{url.render_as_string()} answers ({version})")


def _is_file(path: str | None) -> bool:
    return path is not None and Path(path).is_file()


def _version_query(settings: Settings) -> str:
    return (
        "SELECT 'SQLite ' || sqlite_version()"
        if settings.uses_sqlite
        else "SELECT split_part(version(), ' on ', 1)"
    )


async def check_schema(database: Database) -> Finding:
    found, newest = await current_revision(database), newest_revision()
    if found == newest:
        return ok("schema", f"{newest}, the newest")
    if found is not None and not knows(found):
        return problem("schema", f"{found} is newer than this Kefu", remedy="install the Kefu that made it")
    return problem(
        "schema", f"{found or 'none'} instead of {newest}", remedy="run: kefu backup, then kefu migrate"
    )


async def check_integrity(database: Database, settings: Settings) -> Finding:
    if settings.uses_sqlite:
        return await _check_sqlite(database)
    return await _check_postgres(database)


async def _check_sqlite(database: Database) -> Finding:
    async with database.read() as session:
        try:
            damage = list((await session.execute(text("PRAGMA quick_check(3)"))).scalars())
            orphans = len((await session.execute(text("PRAGMA foreign_key_check"))).all())
        except SQLAlchemyError as error:
            damage, orphans = [str(getattr(error, "orig", error))], 0
        journal = (await session.execute(text("PRAGMA journal_mode"))).scalar_one()
        synchronous = (await session.execute(text("PRAGMA synchronous"))).scalar_one()
    if damage != ["ok"] or orphans:
        seen = "; ".join(damage) if damage != ["ok"] else f"{orphans} rows refer to rows that are gone"
        return problem("integrity", seen, remedy="stop the service, run: kefu restore BACKUP --replace")
    if journal != "wal" or synchronous != 2:
        return problem(
            "integrity",
            f"journal mode {journal}, synchronous {synchronous}: an acknowledged message could be lost",
            remedy="put the data dir on a local disk (network file systems can't keep a write-ahead log)",
        )
    return ok("integrity", "sound; write-ahead log, synchronous FULL")


async def _check_postgres(database: Database) -> Finding:
    async with database.read() as session:
        found = {name: (await session.execute(text(f"SHOW {name}"))).scalar_one() for name in DURABLE}
        encoding = (await session.execute(text("SHOW server_encoding"))).scalar_one()
    wrong = {name: value for name, value in found.items() if value not in (DURABLE[name], *SAFER_COMMITS)}
    if wrong:
        named = ", ".join(f"{name} is {value}" for name, value in wrong.items())
        return problem(
            "integrity",
            f"{named}: an acknowledged message could be lost",
            remedy="set fsync, synchronous_commit and full_page_writes to on in postgresql.conf",
        )
    if encoding != "UTF8":
        return problem(
            "integrity", f"the encoding is {encoding}", remedy="make the database with ENCODING 'UTF8'"
        )
    return ok("integrity", "durable commits (fsync, synchronous_commit, full_page_writes), UTF8")


async def check_knowledge(database: Database, settings: Settings) -> Finding:
    """Counts per language of what customers can be told."""
    approved = (
        select(Question.language, func.count(), func.count(func.distinct(Question.answer_id)))
        .join(Answer, Answer.id == Question.answer_id)
        .where(Answer.state == AnswerState.APPROVED, Question.active)
        .group_by(Question.language)
    )
    drafts = select(func.count()).select_from(Answer).where(Answer.state == AnswerState.DRAFT)
    documents = select(Document.state, func.count()).group_by(Document.state)
    async with database.read() as session:
        counts = {row[0]: (row[1], row[2]) for row in await session.execute(approved)}
        waiting = (await session.execute(drafts)).scalar_one()
        sources = {row[0]: row[1] for row in await session.execute(documents)}
    if not counts:
        return problem(
            "knowledge",
            f"no approved answer with a question ({waiting} drafts)",
            remedy="run: kefu import FILE --approve",
        )
    languages = dict.fromkeys((*settings.languages, *sorted(counts)))
    told = ", ".join(_told(language, *counts.get(language, (0, 0))) for language in languages)
    quoted = f"; documents to quote from: {sources.get(AnswerState.APPROVED, 0)}" if sources else ""
    waiting += sources.get(AnswerState.DRAFT, 0)
    return ok("knowledge", f"{told}{quoted}; {waiting} drafts wait for approval")


def _told(language: str, questions: int, answers: int) -> str:
    return f"{language}: {questions} questions to {answers} answers" if questions else f"{language}: none"


async def check_clock(database: Database, settings: Settings, *, moment: datetime) -> Finding:
    """Ids and order by time need a clock that does not go back."""
    columns = (Exchange.created_at, Answer.updated_at, Release.created_at, AuditEntry.created_at)
    async with database.read() as session:
        newest = [(await session.execute(select(func.max(column)))).scalar_one() for column in columns]
        elsewhere = None if settings.uses_sqlite else (await session.execute(select(func.now()))).scalar_one()
    latest = max((time for time in newest if time is not None), default=EARLIEST)
    shown = f"{moment:%Y-%m-%d %H:%M:%S} UTC"
    remedy = "set the clock (timedatectl set-ntp true)"
    if moment < EARLIEST:
        return problem("clock", f"it says {shown}, before this version was made", remedy=remedy)
    if latest > moment + TOLERATED_SKEW:
        return problem(
            "clock", f"it says {shown}, but something was stored at {latest:%Y-%m-%d %H:%M:%S}", remedy=remedy
        )
    if elsewhere is not None and abs(elsewhere - moment) > TOLERATED_SKEW:
        return problem(
            "clock", f"it says {shown}, the database server {elsewhere:%Y-%m-%d %H:%M:%S %Z}", remedy=remedy
        )
    return ok("clock", shown)
