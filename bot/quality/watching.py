"""Once an hour: draws what is to be judged, looks how well the release does, raises the alarm; tells the metrics."""

import asyncio

import structlog
from prometheus_client import Gauge
from sqlalchemy.exc import SQLAlchemyError

from bot.db.base import now
from bot.db.engine import Database
from bot.errors import NotFoundError
from bot.quality.schemas import QualityOut
from bot.quality.service import KINDS, quality, raise_alarm, reasons_for_alarm
from bot.review.audits import top_up
from bot.review.repository import lock_decisions

LOOK_EVERY_S = 3600

audited_exchanges = Gauge(
    "kefu_audited_exchanges", "Exchanges of the promoted release drawn by lot and judged"
)
audited_error = Gauge(
    "kefu_audited_error", "Share of wrong ones among audited answers, and its bounds", ["language", "bound"]
)
alarming = Gauge("kefu_quality_alarm", "1 while there is a reason for an alarm", ["kind"])
log = structlog.get_logger(__name__)


async def watch_quality(database: Database, *, tolerated_error: float) -> None:
    while True:
        try:
            await look_at_quality(database, tolerated_error=tolerated_error)
        except (SQLAlchemyError, OSError) as error:  # a busy or restarted database: tried again the next time
            log.error("quality_not_measured", error=str(error))
        await asyncio.sleep(LOOK_EVERY_S)


async def look_at_quality(database: Database, *, tolerated_error: float) -> QualityOut | None:
    """None while nothing is promoted."""
    async with database.write() as session:
        await lock_decisions(session)
        await top_up(session, at=now())
    async with database.read() as session:
        try:
            found = await quality(session, tolerated_error=tolerated_error, at=now())
        except NotFoundError:
            return None
    _tell(found)
    if reasons_for_alarm(found):
        async with database.write() as session:
            alarm = await raise_alarm(session, found, at=now())
        if alarm is not None:
            log.warning("quality_alarm", release=alarm.release_id, kinds=sorted(alarm.reasons))
    return found


def _tell(found: QualityOut) -> None:
    audited_exchanges.set(found.audited)
    audited_error.clear()
    for each in found.errors:
        if each.share is not None:
            for bound, value in (("share", each.share), ("lower", each.lower), ("upper", each.upper)):
                audited_error.labels(each.language or "all", bound).set(value)
    reasons = reasons_for_alarm(found)
    for kind in KINDS:
        alarming.labels(kind).set(kind in reasons)
