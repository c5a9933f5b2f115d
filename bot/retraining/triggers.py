"""When training is due without anybody asking for it."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from bot.db.training_tables import RunState, RunTrigger, TrainingLease, TrainingRun
from bot.knowledge.index_feed import current_revision
from bot.quality.service import unheeded_alarm
from bot.retraining import lease as leases
from bot.retraining import repository
from bot.settings import RetrainingSettings

WINDOW = timedelta(hours=3)
"""How long after the hour that is set a run may start."""

PAUSE_AFTER_FAILURE = timedelta(hours=6)
"""What failed or was cancelled would be tried again and again otherwise."""

_LEARNT = (RunState.DONE, RunState.REFUSED)
_ENDED = (*_LEARNT, RunState.FAILED, RunState.CANCELLED)


@dataclass(frozen=True)
class Due:
    trigger: RunTrigger
    reason: str


async def due(session: AsyncSession, settings: RetrainingSettings, *, moment: datetime) -> Due | None:
    """What training is due for; None when for nothing, or while a run waits or trains. `moment` is aware."""
    if await repository.active(session) is not None or not in_window(settings.at, moment):
        return None
    last = await repository.newest(session, *_ENDED)
    if last is not None and _paused(last, moment):
        return None
    learnt = await repository.newest_training(session, *_LEARNT)
    return (
        await _by_alarm(session, settings, await repository.newest(session, *_LEARNT))
        or await _by_labels(session, settings, learnt)
        or await _by_schedule(session, settings, learnt, moment)
    )


async def is_waiting(session: AsyncSession, settings: RetrainingSettings, *, moment: datetime) -> bool:
    """Whether a worker would find something to do."""
    if await repository.active(session) is None:
        return await due(session, settings, moment=moment) is not None
    row = await session.get_one(TrainingLease, 1)
    return await leases.is_free(session, row)


def in_window(at: time | None, moment: datetime) -> bool:
    """Whether it is at most WINDOW after `at`, in local time; always without `at`."""
    if at is None:
        return True
    local = moment.astimezone()
    since = timedelta(hours=local.hour - at.hour, minutes=local.minute - at.minute)
    return since % timedelta(days=1) < WINDOW


def _paused(last: TrainingRun, moment: datetime) -> bool:
    if last.state in _LEARNT or last.ended_at is None:
        return False
    return moment - last.ended_at < PAUSE_AFTER_FAILURE


async def _by_alarm(
    session: AsyncSession, settings: RetrainingSettings, last: TrainingRun | None
) -> Due | None:
    """One run for each alarm about the release that speaks; whether it is raised is not decided here."""
    if not settings.on_alarm:
        return None
    alarm = await unheeded_alarm(session, since=last.created_at if last else None)
    if alarm is None:
        return None
    return Due(RunTrigger.ALARM, "; ".join(f"{kind}: {why}" for kind, why in sorted(alarm.reasons.items())))


async def _by_labels(
    session: AsyncSession, settings: RetrainingSettings, learnt: TrainingRun | None
) -> Due | None:
    if settings.after_labels == 0:
        return None
    count = await repository.count_labels(session, learnt=learnt)
    if count < settings.after_labels:
        return None
    return Due(RunTrigger.LABELS, f"{count} labels since the last training")


async def _by_schedule(
    session: AsyncSession, settings: RetrainingSettings, learnt: TrainingRun | None, moment: datetime
) -> Due | None:
    """Knowledge that has not changed since would give the same checkpoint again."""
    if settings.every is None:
        return None
    if learnt is not None:
        unchanged = learnt.revision == await current_revision(session)
        if unchanged or moment - learnt.created_at < settings.every:
            return None
    return Due(RunTrigger.SCHEDULE, f"every {settings.every}")
