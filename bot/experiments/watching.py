"""Looks at the running experiment now and then, and ends it when the numbers, a guardrail or a broken release say so.

Every worker looks; ending is one transaction on the row that says it runs, so it happens once.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime
from functools import partial

import structlog
from sqlalchemy.exc import SQLAlchemyError

from bot.answering.companions import Companions
from bot.db.base import JsonObject, now
from bot.db.comparison_tables import Experiment
from bot.db.engine import Database
from bot.experiments.judging import Judged, Verdict
from bot.experiments.service import keep_figures, look_at, to_look_at
from bot.releases.comparisons import BROKEN, end_experiment
from bot.releases.line_up import running_experiment

LOOK_EVERY_S = 60
ITSELF = "experiment"
"""Who ended it, in the audit log."""

log = structlog.get_logger(__name__)


async def watch_experiments(database: Database, companions: Companions) -> None:
    """Runs until cancelled."""
    while True:
        try:
            await look(database, companions, at=now)
        except SQLAlchemyError as error:  # a busy or restarted database: looked at again the next time
            log.error("experiment_not_watched", error=str(error))
        await asyncio.sleep(LOOK_EVERY_S)


async def look(
    database: Database, companions: Companions, *, at: Callable[[], datetime] = now
) -> Verdict | None:
    """Keeps the figures, and ends the experiment that runs if it is over; returns why."""
    async with database.read() as session:
        experiments = await to_look_at(session)
    judged_of = {each.id: await _judged(database, each, at=at()) for each in experiments}
    experiment = next((each for each in experiments if each.running), None)
    if experiment is None:
        return None
    judged = judged_of[experiment.id]
    verdict = _broken(experiment, companions) or judged.verdict
    if verdict is None:
        return None
    async with database.write() as session:
        running = await running_experiment(session)
        if running is None or running.id != experiment.id:
            return None
        await end_experiment(
            session, kind=verdict.kind, reason=verdict.reason, ended_by=ITSELF, figures=_figures(judged)
        )
    await companions.refresh_now()
    log.info("experiment_ended", experiment=experiment.id, kind=verdict.kind, reason=verdict.reason)
    return verdict


async def _judged(database: Database, experiment: Experiment, *, at: datetime) -> Judged:
    """Off the event loop, since there may be a hundred thousand replies to look at."""
    looked = await database.quick.read(partial(look_at, experiment=experiment, at=at))
    async with database.write() as session:
        await keep_figures(session, experiment.id, looked.figures(), at=at)
    return looked.judged


def _broken(experiment: Experiment, companions: Companions) -> Verdict | None:
    lost = sorted(companions.broken & {experiment.release_a, experiment.release_b})
    return Verdict(BROKEN, f"{', '.join(lost)} can't be loaded by a worker") if lost else None


def _figures(judged: Judged) -> JsonObject:
    """What the decision rests on, for the audit log."""
    return {
        "visitors_a": judged.visitors_a,
        "visitors_b": judged.visitors_b,
        "differences": {
            estimate.metric: [
                round(estimate.difference.lower, 4),
                round(estimate.difference.upper, 4),
            ]
            for estimate in judged.estimates
        },
    }
