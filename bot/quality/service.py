"""How well the promoted release does on its traffic, and the alarm when it does not keep what it promised."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import log

import numpy as np
from sqlalchemy.ext.asyncio import AsyncSession

from bot.db.base import new_id
from bot.db.quality_tables import QualityAlarm
from bot.errors import NotFoundError
from bot.knowledge.audit import record_audit
from bot.quality import repository
from bot.quality.drift import WINDOW, Drift, drift_between
from bot.quality.schemas import AlarmOut, CalibrationOut, DriftOut, ErrorOut, QualityOut, ShareOut
from bot.quality.sequences import log_evidence, share_bounds
from bot.quality.tolerated import Tolerated, what_is_tolerated
from bot.releases import repository as releases
from bot.review.audit_repository import count_first_questions, first_confidences
from bot.review.audits import Audited, audit_sample
from bot.review.repository import lock_decisions

ALPHA = 0.05
"""Chance that a release that keeps its promises is ever accused of breaking one, shared by the kinds of alarms."""
KINDS = PROMISE, CALIBRATION, DRIFT = "promise", "calibration", "drift"
ALARM_EVERY = timedelta(days=7)
BINS = 10
ACTOR = "quality"


async def quality(session: AsyncSession, *, tolerated_error: float, at: datetime) -> QualityOut:
    """Raises NotFoundError while nothing is promoted."""
    _, promoted = await releases.promoted(session)
    if promoted is None:
        raise NotFoundError("no release is promoted yet, so there is nothing to measure")
    release_id = promoted.release.id
    sample = await audit_sample(session, at=at, release_id=release_id)
    unknown = share_bounds(
        sum(each.unknown for each in sample.judged), len(sample.judged), alpha=ALPHA / len(KINDS) / 2
    )
    drift = await _drift(session, release_id, since=promoted.release.created_at)
    alarms = await repository.newest_alarms(session, release_id)
    promised = await what_is_tolerated(session, setting=tolerated_error)
    return QualityOut(
        release_id=release_id,
        tolerated_error=promised.default,
        audited=len(sample.judged),
        waiting=len(sample.waiting),
        lapsed=len(sample.lapsed),
        errors=errors_by_language(sample.judged, lapsed=sample.lapsed, tolerated=promised),
        calibration=calibration_of(sample.judged, lapsed=sample.lapsed),
        unknown=ShareOut(share=unknown.share, lower=unknown.lower, upper=unknown.upper),
        drift=DriftOut(
            window=drift.window, moved=drift.moved, threshold=drift.threshold, has_moved=drift.has_moved
        )
        if drift
        else None,
        alarms=[alarm_out(alarm) for alarm in alarms],
    )


async def _drift(session: AsyncSession, release_id: str, *, since: datetime) -> Drift | None:
    """Of the newest whole window, however many conversations there have been; None until there are two."""
    windows = await count_first_questions(session, release_id, since=since) // WINDOW - 1
    if windows < 1:
        return None
    reference, newest = [
        await first_confidences(session, release_id, since=since, start=place * WINDOW, limit=WINDOW)
        for place in (0, windows)
    ]
    return drift_between(reference, newest, window=windows, alpha=ALPHA / len(KINDS))


@dataclass(frozen=True)
class Promises:
    """``broken`` is where more answers are wrong than tolerated; ``lapsed`` of ``drawn`` exchanges nobody has judged in time.

    ``many_lapsed`` tells that an alarm may be missing for that reason.
    """

    broken: Sequence[ErrorOut] = ()
    drawn: int = 0
    lapsed: int = 0
    many_lapsed: bool = False


async def promises_kept(session: AsyncSession, *, tolerated_error: float, at: datetime) -> Promises:
    """By the release that speaks; all while nothing speaks."""
    _, promoted = await releases.promoted(session)
    if promoted is None:
        return Promises()
    sample = await audit_sample(session, at=at, release_id=promoted.release.id)
    promised = await what_is_tolerated(session, setting=tolerated_error)
    errors = errors_by_language(sample.judged, lapsed=sample.lapsed, tolerated=promised)
    drawn = len(sample.judged) + len(sample.lapsed)
    return Promises([each for each in errors if each.broken], drawn, len(sample.lapsed), sample.many_lapsed)


def errors_by_language(
    judged: Sequence[Audited], *, lapsed: Sequence[Audited], tolerated: Tolerated
) -> list[ErrorOut]:
    """Over all, then by language, since the error was chosen; together they are wrong with the chance that one kind of alarm has.

    Those that lapsed are in no figure, but count as right where it is about ``broken``: the chance holds whichever were judged.
    """
    answered, unjudged = [
        [each for each in part if each.answered and tolerated.held(each.language, each.asked_at)]
        for part in (judged, lapsed)
    ]
    languages = sorted({each.language for each in answered})
    parts: list[str | None] = [None, *languages]
    alpha = ALPHA / len(KINDS) / len(parts)
    found = []
    for language in parts:
        own, left_out = [
            [each for each in part if language in (None, each.language)] for part in (answered, unjudged)
        ]
        wrong = sum(each.wrong for each in own)
        bounds = share_bounds(wrong, len(own), alpha=alpha)
        at_least = share_bounds(wrong, len(own) + len(left_out), alpha=alpha).lower
        promised = tolerated.of(each.language for each in own)
        found.append(
            ErrorOut(
                language=language,
                answered=len(own),
                wrong=wrong,
                share=bounds.share,
                lower=bounds.lower,
                upper=bounds.upper,
                tolerated=promised,
                broken=at_least > tolerated.of(each.language for each in (*own, *left_out)),
            )
        )
    return found


def calibration_of(judged: Sequence[Audited], *, lapsed: Sequence[Audited]) -> CalibrationOut:
    """Those that lapsed count as with ``errors_by_language``."""
    sure = np.array([each.confidence for each in judged], np.float64)  # (n,)
    right = np.array([each.right_at == 0 for each in judged], bool)  # (n,)
    every = (*judged, *lapsed)
    evidence = log_evidence([1 - each.confidence for each in every], [each.right_at != 0 for each in every])
    return CalibrationOut(
        audited=len(judged),
        expected_right=float(sure.sum()),
        right=int(right.sum()),
        error=_calibration_error(sure, right) if len(judged) else None,
        too_sure=evidence >= log(len(KINDS) / ALPHA),
    )


def reasons_for_alarm(found: QualityOut) -> dict[str, str]:
    """By kind, in words for whoever reads the list of runs."""
    reasons = {}
    broken = [each for each in found.errors if each.broken]
    if broken:
        reasons[PROMISE] = "; ".join(
            f"{each.wrong} of {each.answered} audited answers{f' in {each.language}' if each.language else ''} were "
            f"wrong, at least {each.lower:.1%} of all, where {each.tolerated:.1%} are tolerated"
            for each in broken
        )
    calibration = found.calibration
    if calibration.too_sure:
        reasons[CALIBRATION] = (
            f"of {calibration.audited} audited questions {calibration.right} had the right answer first, where the "
            f"confidences expect {calibration.expected_right:.0f}"
        )
    if found.drift is not None and found.drift.has_moved:
        reasons[DRIFT] = (
            f"the newest 500 conversations lie lower in confidence than the release's first 500 by "
            f"{found.drift.moved:.2f} (chance explains {found.drift.threshold:.2f})"
        )
    return reasons


async def raise_alarm(session: AsyncSession, found: QualityOut, *, at: datetime) -> QualityAlarm | None:
    """Once a week and release at most; None where there is no reason, or one was raised lately."""
    reasons = reasons_for_alarm(found)
    if not reasons:
        return None
    await lock_decisions(session)  # of processes that look at once, one raises it
    if await repository.newest_alarms(session, found.release_id, limit=1, since=at - ALARM_EVERY):
        return None
    alarm = QualityAlarm(id=new_id("alm"), release_id=found.release_id, reasons=reasons, raised_at=at)
    session.add(alarm)
    await record_audit(
        session, actor=ACTOR, action="raise_alarm", target=found.release_id, details={"reasons": reasons}
    )
    await session.flush()
    return alarm


async def unheeded_alarm(session: AsyncSession, *, since: datetime | None) -> QualityAlarm | None:
    """The newest alarm about the promoted release, where it was raised later than that."""
    _, promoted = await releases.promoted(session)
    if promoted is None:
        return None
    alarms = await repository.newest_alarms(session, promoted.release.id, limit=1, since=since)
    return alarms[0] if alarms else None


def alarm_out(alarm: QualityAlarm) -> AlarmOut:
    return AlarmOut.model_validate(alarm, from_attributes=True)


def _calibration_error(sure: np.ndarray, right: np.ndarray) -> float:
    """Mean distance of confidence and share of right ones, over bins of equal width, weighed by their rows."""
    bins = np.minimum((sure * BINS).astype(int), BINS - 1)
    gaps = [abs(float((right[bins == b] - sure[bins == b]).sum())) for b in range(BINS)]
    return sum(gaps) / len(sure)
