"""What a serving process does now and then, apart from answering. Every worker does all of it, and twice does no harm."""

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError

from bot.access.idempotency import forget_expired_keys
from bot.answering.serving import ReleaseFollower
from bot.db.engine import Database
from bot.feedback.learning import learn_from_visitors
from bot.feedback.signals import note_departures
from bot.figures.counting import count_traffic
from bot.operators.logins import forget_what_is_over
from bot.quality.watching import watch_quality
from bot.releases.retention import remove_old_releases
from bot.review.desk import ReviewDesk
from bot.settings import Settings
from bot.visitors.service import forget_used_identities
from bot.webhooks.service import forget_old_events
from retrieval.errors import RetrievalError

AFTER_START_S = 2.0
"""Customers who waited for a restart come first; and all workers would begin at the same moment."""

CLEAN_UP_EVERY_S = 3600
COUNT_EVERY_S = 60
log = structlog.get_logger(__name__)


def housework(
    database: Database, settings: Settings, desk: ReviewDesk, follower: ReleaseFollower
) -> tuple[Coroutine[Any, Any, None], ...]:
    """Each begins a little after the start; but for the first ranking, each goes on until it is cancelled."""
    work = (
        partial(_clean_up, database, settings),
        partial(_rank_queue, desk, follower),
        partial(_find_gaps, desk, follower),
        partial(watch_quality, database, tolerated_error=settings.tolerated_error),
        partial(_count_traffic, database),
    )
    return tuple(_after_start(each) for each in work)


async def _after_start(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    await asyncio.sleep(AFTER_START_S)
    await work()


async def _count_traffic(database: Database) -> None:
    while True:
        try:
            await count_traffic(database)
        except SQLAlchemyError as error:  # a busy or restarted database: tried again the next time
            log.error("traffic_not_counted", error=str(error))
        await asyncio.sleep(COUNT_EVERY_S)


async def _clean_up(database: Database, settings: Settings) -> None:
    while True:
        try:
            await forget_expired_keys(database)
            await forget_used_identities(database)
            await forget_old_events(database)
            await note_departures(database)
            await forget_what_is_over(database)
            if settings.feedback.learn_from_visitors:
                await learn_from_visitors(database)
            await remove_old_releases(database, settings)
        except (SQLAlchemyError, OSError) as error:  # a busy or restarted database: tried again the next time
            log.error("clean_up_failed", error=str(error))
        await asyncio.sleep(CLEAN_UP_EVERY_S)


async def _rank_queue(desk: ReviewDesk, follower: ReleaseFollower) -> None:
    """So that nobody waits for it who looks at it first."""
    try:
        if follower.serving is not None:
            await desk.entries(follower.serving)
    except (SQLAlchemyError, OSError, RetrievalError) as error:
        log.error("queue_not_ranked", error=str(error))


async def _find_gaps(desk: ReviewDesk, follower: ReleaseFollower) -> None:
    while True:
        await asyncio.sleep(CLEAN_UP_EVERY_S)
        try:
            if follower.serving is not None:
                await desk.find_gaps(follower.serving)
        except (SQLAlchemyError, OSError, RetrievalError) as error:
            log.error("gaps_not_found", error=str(error))
