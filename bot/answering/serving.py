"""What this process answers with: the promoted release, kept up to date with the knowledge tables."""

import asyncio
import gc
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import structlog
from prometheus_client import Gauge
from sqlalchemy import select

from bot.answering.retrievals import Retrievals
from bot.answering.sections_later import AT_ONCE, add_later
from bot.db.engine import Database
from bot.db.knowledge_tables import KnowledgeState
from bot.db.release_tables import ReleasePointer
from bot.errors import NoReleaseError, UnavailableError
from bot.knowledge.index_feed import load_changes
from bot.quality.judged_compositions import judged_compositions
from bot.quality.tolerated import chosen_errors
from bot.releases import repository
from bot.releases.building import REBUILD, encodings_beside
from bot.releases.repository import ReleaseParts
from bot.settings import Settings
from retrieval.candidates import Retrieved
from retrieval.context import Turn
from retrieval.engine import Engine
from retrieval.errors import RetrievalError

FOLLOW_INTERVAL_S = 0.5
"""How often a worker looks for a new release or changed knowledge (the promise is 5 s and 2 s)."""
AFTER_FAULT_S = 1.5
"""A release that can't be loaded is read anew each time, some 100 MB of it."""

MAX_WAITING = 256
"""Messages that may wait for the encoder before further ones are refused with 503."""

MANY_QUESTIONS = 10_000
"""From so many on, a release is kept from the garbage collector."""

_NEWEST = select(
    select(ReleasePointer.generation).scalar_subquery(), select(KnowledgeState.revision).scalar_subquery()
)

log = structlog.get_logger(__name__)
knowledge_revision = Gauge("kefu_knowledge_revision", "Newest knowledge revision searchable in this process")
waiting_messages = Gauge("kefu_encoder_waiting", "Messages waiting for or in the encoder")


@dataclass(frozen=True)
class Serving:
    """One release in memory. Taken once per message, so that no reply mixes two releases."""

    release_id: str
    checkpoint_id: str
    snapshot_id: str
    generation: int
    revision: int
    engine: Engine
    encodings: Path
    """Folder of what was encoded since the snapshot."""


class ReleaseFollower:
    """Follows the promoted pointer and the knowledge revision; ``serving`` is always whole."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._settings = settings
        self._retrievals = Retrievals(settings.encoder_threads or os.cpu_count() or 1)
        self._waiting = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._refreshing = asyncio.Lock()
        self.serving: Serving | None = None

    def take(self) -> Serving:
        """Raises NoReleaseError while there is nothing to answer with."""
        if self.serving is None:
            raise NoReleaseError
        return self.serving

    async def idle(self) -> None:
        """Returns when no message waits for or is in the encoder."""
        await self._idle.wait()

    async def retrieve(
        self, serving: Serving, utterance: str, *, language: str, turns: Sequence[Turn] = ()
    ) -> Retrieved:
        """Encodes and searches off the event loop; refuses instead of queueing without end."""
        if self._waiting >= MAX_WAITING:
            raise UnavailableError(f"{self._waiting} messages are waiting already")
        self._count(self._waiting + 1)
        try:
            found = self._retrievals.submit(serving.engine, utterance, language=language, turns=turns)
            return await asyncio.wrap_future(found)
        finally:
            self._count(self._waiting - 1)

    def _count(self, waiting: int) -> None:
        self._waiting = waiting
        waiting_messages.set(waiting)
        if waiting:
            self._idle.clear()
        else:
            self._idle.set()

    async def refresh(self) -> None:
        """Loads a newly promoted release, then what changed in the knowledge since its snapshot.

        Raises:
            RetrievalError: the release can't be loaded; the one before it has what changed in the knowledge.
        """
        async with self._refreshing:
            newest = await self._database.quick.read(lambda connection: connection.execute(_NEWEST).one())
            if self.serving and newest == (self.serving.generation, self.serving.revision):
                return
            try:
                await self._follow_pointer()
            except RetrievalError:
                await self._follow_knowledge()
                raise
            await self._follow_knowledge()

    async def begin(self) -> None:
        """As `refresh`; a release that can't be loaded keeps no service from starting, in whose console one would roll back."""
        try:
            await self.refresh()
        except RetrievalError as error:
            log.error("release_not_loaded", error=str(error), remedy=REBUILD)

    async def follow(self) -> None:
        """Runs until cancelled. A fault is tried again, and logged once; what was serving goes on serving."""
        logged = None
        while True:
            await asyncio.sleep(FOLLOW_INTERVAL_S if logged is None else AFTER_FAULT_S)
            fault = None
            try:
                await self.refresh()
            except Exception as error:
                fault = repr(error)
                if fault != logged:
                    log.error("release_not_followed", error=fault)
            logged = fault

    def close(self) -> None:
        self._retrievals.close()

    async def _follow_pointer(self) -> None:
        async with self._database.read() as session:
            generation, parts = await repository.promoted(session)
        if parts is None or (self.serving and self.serving.generation == generation):
            return
        loaded = await load_serving(self._settings, parts, generation=generation)
        self.serving = await caught_up(self._database, loaded, tell=knowledge_revision)
        log.info("release_serving", release=parts.release.id, generation=generation)

    async def _follow_knowledge(self) -> None:
        if self.serving is not None:
            self.serving = await caught_up(self._database, self.serving, tell=knowledge_revision)


async def load_serving(settings: Settings, parts: ReleaseParts, *, generation: int) -> Serving:
    """Verifies, loads and warms up a release. Raises ArtifactError."""
    data_dir = settings.data_dir
    engine = await asyncio.to_thread(
        Engine.load, data_dir / parts.checkpoint.path, data_dir / parts.snapshot.path
    )
    await asyncio.to_thread(engine.warm_up)
    if len(engine.retriever.view.questions) >= MANY_QUESTIONS:
        _set_aside()
    return Serving(
        parts.release.id,
        parts.checkpoint.id,
        parts.snapshot.id,
        generation,
        parts.snapshot.revision,
        engine,
        encodings_beside(data_dir / parts.snapshot.path),
    )


def _set_aside() -> None:
    """Keeps the garbage collector from all that there is by now, most of which lives as long as the release.

    With 100,000 questions it walks over these objects for 150 to 500 ms every few seconds, and nobody is answered meanwhile.
    What a release before this one has left is collected first.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()


async def caught_up(database: Database, serving: Serving, *, tell: Gauge | None = None) -> Serving:
    """The same release with what changed in the knowledge since its revision, and with the tolerated errors and what
    people say of composed replies as they are now.

    Many new sections follow a little later (`sections_later`).
    """
    async with database.read() as session:
        changes = await load_changes(session, since=serving.revision)
        errors = await chosen_errors(session)
        judged = await judged_compositions(session)
    if judged != serving.engine.judged_compositions:
        serving = replace(serving, engine=replace(serving.engine, judged_compositions=judged))
    if errors != serving.engine.confidence.tolerated:
        serving = replace(serving, engine=serving.engine.tolerating(errors))
    if changes.revision == serving.revision:
        return serving
    sections = changes.upsert.sections
    many = len(sections) > AT_ONCE
    await asyncio.to_thread(
        serving.engine.retriever.apply,
        upsert=replace(changes.upsert, sections=()) if many else changes.upsert,
        remove_questions=changes.removed_questions,
        remove_passages=changes.removed_passages,
        remove_sections=changes.removed_sections,
    )
    if many:
        add_later(serving.engine.retriever, sections, folder=serving.encodings)
    if tell is not None:
        tell.set(changes.revision)
    return replace(serving, revision=changes.revision)
