"""Releases that this process holds beside the promoted one, kept up to date like it: a shadow, and an experiment's arms.

They are loaded by a task of their own, so that following the promoted release and the knowledge never waits for them.
One that can't be loaded is logged once and left out: the promoted release answers in its place.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import select

from bot.answering.serving import FOLLOW_INTERVAL_S, Serving, caught_up, load_serving
from bot.db.comparison_tables import Experiment, ShadowRun
from bot.db.engine import Database
from bot.db.knowledge_tables import KnowledgeState
from bot.db.release_tables import ReleasePointer
from bot.experiments.splitting import Exposed, Split
from bot.releases.line_up import LineUp, read_line_up
from bot.settings import Settings
from retrieval.errors import RetrievalError

_NEWEST = select(
    select(ReleasePointer.generation).scalar_subquery(),
    select(ShadowRun.id).where(ShadowRun.running.is_(True)).scalar_subquery(),
    select(Experiment.id).where(Experiment.running.is_(True)).scalar_subquery(),
    select(KnowledgeState.revision).scalar_subquery(),
)

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Assigned:
    """What a message is answered with, and as which arm of which experiment."""

    serving: Serving
    exposed: Exposed | None = None


class Companions:
    """``shadow`` and what ``assign`` gives are always whole."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._settings = settings
        self._loaded: dict[str, Serving] = {}
        self._seen: tuple[object, ...] = ()
        self._refreshing = asyncio.Lock()
        self._shadow_id: str | None = None
        self.split: Split | None = None
        self.broken: frozenset[str] = frozenset()
        """Releases of the present line-up that could not be loaded."""

    @property
    def shadow(self) -> Serving | None:
        return self._loaded.get(self._shadow_id) if self._shadow_id else None

    def assign(self, promoted: Serving, *, visitor_id: str | None, began_at: datetime) -> Assigned:
        """Who takes part gets their arm's release: visitors whose conversation began within the experiment."""
        split = self.split
        if split is None or visitor_id is None or began_at < split.begins_at:
            return Assigned(promoted)
        arm = split.arm_of(visitor_id)
        wanted = split.release_of(arm)
        serving = promoted if promoted.release_id == wanted else self._loaded.get(wanted)
        return Assigned(serving, Exposed(split.experiment_id, arm)) if serving else Assigned(promoted)

    async def refresh(self) -> None:
        """Loads what the line-up names anew, and what changed in the knowledge since."""
        async with self._refreshing:
            row = await self._database.quick.read(lambda connection: connection.execute(_NEWEST).one())
            newest = tuple(row)
            if newest == self._seen:
                return
            if newest[:3] != self._seen[:3]:
                await self._follow_line_up(anew=newest[:1] != self._seen[:1])
            for id, serving in list(self._loaded.items()):
                self._loaded[id] = await caught_up(self._database, serving)
            self._seen = newest

    async def refresh_now(self) -> None:
        """Call after the commit. A fault is logged, since the change is stored and will be followed later."""
        try:
            await self.refresh()
        except Exception as error:
            log.error("companions_not_followed", error=repr(error))

    async def follow(self) -> None:
        """Runs until cancelled; a fault is logged and tried again."""
        while True:
            await asyncio.sleep(FOLLOW_INTERVAL_S)
            await self.refresh_now()

    async def _follow_line_up(self, *, anew: bool) -> None:
        """``anew`` also loads what is there already: after a restore, the same id may stand for another state.

        What is over ends at once; what is new begins when all of it is loaded, and the rest goes on meanwhile.
        """
        async with self._database.read() as session:
            line_up = await read_line_up(session)
        if anew or self.split != line_up.split:
            self.split = None
        if anew or self._shadow_id != line_up.shadow_id:
            self._shadow_id = None
        kept = {} if anew else self._loaded
        loaded = {id: kept[id] for id in line_up.parts if id in kept}
        broken = await self._load(line_up, loaded)
        self._loaded, self.broken = loaded, broken
        self._shadow_id = line_up.shadow_id
        self.split = None if broken & _arms(line_up) else line_up.split

    async def _load(self, line_up: LineUp, loaded: dict[str, Serving]) -> frozenset[str]:
        """Adds what is missing; returns what could not be loaded."""
        broken = set()
        for id, parts in line_up.parts.items():
            if id in loaded:
                continue
            try:
                serving = await load_serving(self._settings, parts, generation=line_up.generation)
                loaded[id] = await caught_up(self._database, serving)
                log.info("release_beside", release=id, generation=line_up.generation)
            except (RetrievalError, OSError) as error:
                broken.add(id)
                log.error("release_beside_not_loaded", release=id, error=str(error))
        return frozenset(broken)


def _arms(line_up: LineUp) -> frozenset[str]:
    split = line_up.split
    return frozenset({split.release_a, split.release_b}) if split else frozenset()
