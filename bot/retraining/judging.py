"""What is asked between training and release: may this candidate speak? The gate answers, in a child process."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from bot.db.base import JsonObject, now
from bot.db.engine import Database
from bot.exports.replay import write_replay
from bot.releases import gating, repository
from bot.releases.repository import ReleaseParts
from bot.retraining.children import Children
from bot.settings import Settings

REPLAYED = timedelta(weeks=4)


@dataclass(frozen=True)
class Candidate:
    """What a run has made, and the export it made it from; all folders are whole, no row is written yet."""

    parts: ReleaseParts
    export: Path


@dataclass(frozen=True)
class Verdict:
    """``kept`` goes into the release's row."""

    kept: JsonObject

    @property
    def passed(self) -> bool:
        return bool(self.kept["passed"])

    @property
    def not_compared(self) -> str | None:
        """What could not be compared, and why, where the release that speaks cannot be loaded."""
        return self.kept.get("not_compared")

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it was refused."""
        return tuple(
            f"{check['name']}: {check['reason']}" for check in self.kept["checks"] if not check["passed"]
        )


async def judged(
    candidate: Candidate, *, database: Database, settings: Settings, children: Children, seed: int
) -> Verdict:
    """The verdict beside the release that speaks now, if that can be loaded, with the messages of the last weeks asked again.

    Called under the lease and with the heart beating, so that it may take long and is ended by a cancellation. What it
    raises (KefuError, RetrievalError, OSError) ends the run as failed, without a release.
    """
    replay = candidate.export.with_name(f"{candidate.export.name}.replay.jsonl")
    async with database.read() as session:
        _, serving = await repository.promoted(session)
        asked = await write_replay(session, replay, since=now() - REPLAYED)
    planned = gating.plan_gate(
        settings,
        candidate.parts,
        serving,
        export=candidate.export,
        replay=replay if asked else None,
        seed=seed,
    )
    try:
        code = await children.exit_code(*planned.arguments, *children.limits(), answers=(gating.REFUSED,))
    finally:
        await asyncio.to_thread(replay.unlink, missing_ok=True)  # customers' words, as in the export
    return Verdict(gating.verdict_of(planned, code, data_dir=settings.data_dir))
