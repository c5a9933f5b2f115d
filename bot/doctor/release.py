"""Checks of what answers: the promoted release is what the database says, loads, and finds an answer."""

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from bot.db.engine import Database
from bot.db.knowledge_tables import Answer, AnswerState, Question
from bot.doctor.findings import Finding, ok, problem
from bot.releases import repository
from bot.releases.building import REBUILD
from bot.releases.repository import ReleaseParts
from bot.settings import Settings
from retrieval.artifacts import verify_artifact
from retrieval.errors import ArtifactError, RetrievalError


@dataclass(frozen=True)
class _Asked:
    text: str
    language: str
    answer_id: str


async def promoted(database: Database) -> ReleaseParts | None:
    async with database.read() as session:
        return (await repository.promoted(session))[1]


def check_release(parts: ReleaseParts | None, settings: Settings) -> Finding:
    if parts is None:
        return problem("release", "none is promoted", remedy="run: kefu demo, or kefu import FILE --approve")
    folders = ((parts.checkpoint.path, "checkpoint", parts.checkpoint.digest),
               (parts.snapshot.path, "index_snapshot", parts.snapshot.digest))  # fmt: skip
    for path, kind, digest in folders:
        seen = _damage(settings.data_dir / path, kind=kind, digest=digest)
        if seen:
            return problem("release", seen, remedy=REBUILD)
    return ok(
        "release",
        f"{parts.release.id}, made {parts.release.created_at:%Y-%m-%d %H:%M}, "
        f"{parts.snapshot.summary.get('questions', '?')} questions; both folders verified",
    )


def _damage(path: Path, *, kind: str, digest: str) -> str | None:
    try:
        manifest = verify_artifact(path, kind=kind)
    except ArtifactError as error:
        return str(error)
    return None if manifest.digest == digest else f"{path} is another folder than the database names"


async def check_answering(database: Database, parts: ReleaseParts, settings: Settings) -> Finding:
    """Loads the release apart from the service and asks it a question of its own in each language."""
    asked = await _questions(database, parts)
    if not asked:
        return problem(
            "self-test", "the release knows none of the questions", remedy="run: kefu import FILE --approve"
        )
    try:
        return await asyncio.to_thread(_ask, parts, asked, settings.data_dir)
    except (RetrievalError, OSError, ValueError) as error:
        return problem("self-test", f"the release can't be loaded: {error}", remedy=REBUILD)


async def _questions(database: Database, parts: ReleaseParts) -> list[_Asked]:
    """The first question of each language that the snapshot holds."""
    statement = (
        select(Question.text, Question.language, Question.answer_id)
        .join(Answer, Answer.id == Question.answer_id)
        .where(Answer.state == AnswerState.APPROVED, Question.active)
        .where(Question.revision <= parts.snapshot.revision, Answer.revision <= parts.snapshot.revision)
        .order_by(Question.number)
    )
    found: dict[str, _Asked] = {}
    async with database.read() as session:
        languages = select(Question.language).distinct()
        for language in (await session.execute(languages)).scalars():
            row = (
                await session.execute(statement.where(Question.language == language).limit(1))
            ).one_or_none()
            if row is not None:
                found[language] = _Asked(*row)
    return [found[language] for language in sorted(found)]


def _ask(parts: ReleaseParts, asked: list[_Asked], data_dir: Path) -> Finding:
    from retrieval.engine import Engine

    started = time.perf_counter()
    engine = Engine.load(data_dir / parts.checkpoint.path, data_dir / parts.snapshot.path)
    engine.warm_up()
    loaded_s = time.perf_counter() - started
    started = time.perf_counter()
    for question in asked:
        found = engine.respond(question.text, question.language).retrieved.candidates
        if question.answer_id not in [candidate.answer_id for candidate in found]:
            return problem(
                "self-test",
                f"{question.text!r} did not lead to its answer {question.answer_id}",
                remedy="build a new release: kefu train, or kefu import FILE --approve",
            )
    each_ms = (time.perf_counter() - started) * 1000 / len(asked)
    languages = ", ".join(question.language for question in asked)
    return ok("self-test", f"loaded in {loaded_s:.1f} s, found an answer in {each_ms:.0f} ms ({languages})")
