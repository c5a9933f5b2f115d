"""The gate in the foreground: a release is judged in a process of its own, and the verdict kept with it."""

from datetime import timedelta
from pathlib import Path

from bot.commands.console import open_database, run
from bot.commands.training_process import training_exit_code
from bot.db.base import now
from bot.exports.replay import write_replay
from bot.releases import gating, repository, service
from bot.releases.gating import GateRun
from bot.settings import Settings

REPLAYED = timedelta(weeks=4)


def judge_release(
    settings: Settings, release_id: str, *, export: Path, seed: int = 0, aside: bool = False
) -> bool:
    """Whether the gate lets it pass, beside the release that speaks now; `export` is what it was trained on."""
    replay = export.with_name(f"{release_id}-replay.jsonl")
    try:
        planned = run(lambda: _plan(settings, release_id, export, replay, seed))
        code = training_exit_code(*planned.arguments, aside=aside)
        return run(lambda: _record(settings, release_id, planned, code))
    finally:
        replay.unlink(missing_ok=True)  # customers' words, as in the export


async def _plan(settings: Settings, release_id: str, export: Path, replay: Path, seed: int) -> GateRun:
    async with open_database(settings) as database, database.read() as session:
        candidate = await service.find(session, release_id)
        _, serving = await repository.promoted(session)
        asked = await write_replay(session, replay, since=now() - REPLAYED)
    return gating.plan_gate(
        settings, candidate, serving, export=export, replay=replay if asked else None, seed=seed
    )


async def _record(settings: Settings, release_id: str, planned: GateRun, code: int) -> bool:
    verdict = gating.verdict_of(planned, code, data_dir=settings.data_dir)
    async with open_database(settings) as database, database.write() as session:
        await gating.record_verdict(session, release_id, verdict)
    return bool(verdict["passed"])
