"""What is said of a release's quality, and when it raises the alarm."""

from collections.abc import Sequence
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import func, select, update

from bot.access.principals import Scope
from bot.db.base import now
from bot.db.conversation_tables import Exchange
from bot.db.engine import Database
from bot.db.quality_tables import QualityAlarm
from bot.db.release_tables import Checkpoint
from bot.db.training_tables import RunState, RunTrigger, TrainingRun
from bot.quality.schemas import DriftOut, QualityOut, ShareOut
from bot.quality.service import (
    ALARM_EVERY,
    calibration_of,
    errors_by_language,
    quality,
    raise_alarm,
    reasons_for_alarm,
)
from bot.quality.tolerated import Tolerated, what_is_tolerated
from bot.quality.watching import look_at_quality
from bot.retraining import repository
from bot.retraining.triggers import due
from bot.review.audits import Audited
from bot.settings import RetrainingSettings
from tests.bot.quality.test_audits import ask

ASKED_AT = now()
ON_ALARM = RetrainingSettings(after_labels=0)


def audited(
    count: int, *, wrong: int, language: str = "en", confidence: float = 0.95, answered: bool = True
) -> list[Audited]:
    return [
        Audited(
            exchange_id=f"exc_{number}",
            asked_at=ASKED_AT,
            language=language,
            rule="confident",
            confidences=(confidence, 0.01),
            right_at=None if number < wrong else 0,
            answered=answered,
            wrong=answered and number < wrong,
            unknown=False,
        )
        for number in range(count)
    ]


def found_with(
    judged: list[Audited],
    *,
    release: str = "rel_x",
    drift: DriftOut | None = None,
    lapsed: Sequence[Audited] = (),
) -> QualityOut:
    return QualityOut(
        release_id=release,
        tolerated_error=0.1,
        audited=len(judged),
        waiting=0,
        lapsed=len(lapsed),
        errors=errors_by_language(judged, lapsed=lapsed, tolerated=Tolerated(0.1, {}, {})),
        calibration=calibration_of(judged, lapsed=lapsed),
        unknown=ShareOut(share=None, lower=0, upper=1),
        drift=drift,
        alarms=[],
    )


def test_a_promise_that_is_kept_raises_nothing() -> None:
    assert reasons_for_alarm(found_with(audited(200, wrong=10))) == {}
    assert reasons_for_alarm(found_with([])) == {}
    # Twelve wrong of a hundred is chance.
    assert reasons_for_alarm(found_with(audited(100, wrong=12, confidence=0.9))) == {}


def test_a_broken_promise_is_told_for_the_language_that_breaks_it() -> None:
    judged = audited(300, wrong=15, confidence=0.8) + audited(60, wrong=24, language="zh", confidence=0.8)

    found = found_with(judged)

    assert [(each.language, each.answered, each.wrong, each.broken) for each in found.errors] == [
        (None, 360, 39, False), ("en", 300, 15, False), ("zh", 60, 24, True),
    ]  # fmt: skip
    assert found.errors[2].share == pytest.approx(0.4)
    assert 0.1 < found.errors[2].lower < 0.4 < found.errors[2].upper < 0.7
    reasons = reasons_for_alarm(found)
    assert set(reasons) == {"promise"}
    assert reasons["promise"].startswith("24 of 60 audited answers in zh were wrong, at least ")


def test_each_language_is_measured_by_what_was_chosen_for_it() -> None:
    """Two in ten are wrong in both; a tenth of the ones and three tenths of the others may be, so two tenths of all."""
    judged = audited(400, wrong=80) + audited(400, wrong=80, language="zh")

    everything, english, chinese = errors_by_language(
        judged, lapsed=[], tolerated=Tolerated(0.1, {"zh": 0.3}, {})
    )

    assert [each.tolerated for each in (everything, english, chinese)] == pytest.approx([0.2, 0.1, 0.3])
    assert (everything.broken, english.broken, chinese.broken) == (False, True, False)
    assert errors_by_language([], lapsed=[], tolerated=Tolerated(0.1, {"zh": 0.3}, {}))[0].tolerated == 0.1


def test_answers_given_under_another_choice_neither_keep_nor_break_the_present_one() -> None:
    judged = audited(400, wrong=80) + audited(400, wrong=80, language="zh")
    chosen = Tolerated(0.3, {"zh": 0.05}, {"zh": ASKED_AT + timedelta(minutes=1)})

    found = errors_by_language(judged, lapsed=[], tolerated=chosen)

    assert [(each.language, each.answered, each.broken) for each in found] == [
        (None, 400, False),
        ("en", 400, False),
    ]


def test_confidences_that_are_too_high_are_told_although_nothing_was_answered() -> None:
    found = found_with(audited(100, wrong=30, confidence=0.95, answered=False))

    assert found.errors[0].answered == 0
    assert (found.calibration.right, found.calibration.expected_right) == (70, pytest.approx(95))
    assert found.calibration.error == pytest.approx(0.25)
    assert set(reasons_for_alarm(found)) == {"calibration"}


def test_confidences_that_are_too_low_break_no_promise() -> None:
    found = found_with(audited(200, wrong=0, confidence=0.6))
    assert found.calibration.error == pytest.approx(0.4)
    assert reasons_for_alarm(found) == {}


def test_drift_is_a_reason() -> None:
    moved = DriftOut(window=3, moved=0.31, threshold=0.12, has_moved=True)
    assert set(reasons_for_alarm(found_with([], drift=moved))) == {"drift"}


async def alarm(database: Database, release: str, *, days: float = 0) -> QualityAlarm | None:
    async with database.write() as session:
        bad = found_with(audited(100, wrong=50), release=release)
        return await raise_alarm(session, bad, at=now() + ALARM_EVERY * days / 7)


async def test_an_alarm_is_raised_once_a_week_and_trains_once(database: Database, release: str) -> None:
    first = await alarm(database, release)
    assert first is not None
    assert set(first.reasons) == {"calibration", "promise"}
    assert await alarm(database, release, days=6) is None

    async with database.read() as session:
        it = await due(session, ON_ALARM, moment=now())
        assert await due(session, ON_ALARM.model_copy(update={"on_alarm": False}), moment=now()) is None
    assert it is not None
    assert it.trigger is RunTrigger.ALARM
    assert "promise: 50 of 100 audited answers were wrong" in it.reason

    async with database.write() as session:
        run = TrainingRun(
            id="trn_1", trigger=it.trigger, reason=it.reason, requested_by="worker", state=RunState.QUEUED,
            slot=1, options={}, log_path="x",
        )  # fmt: skip
        session.add(run)
        await session.flush()
        repository.end(run, RunState.REFUSED, at=now())
    async with database.read() as session:
        assert await due(session, ON_ALARM, moment=now()) is None
    assert await alarm(database, release, days=8) is not None


async def test_an_alarm_about_another_release_is_of_no_concern(
    database: Database, release: str, tiny_settings
) -> None:
    from tests.fixtures.services import promoted_release

    await alarm(database, release)
    await promoted_release(database, tiny_settings)
    async with database.read() as session:
        assert await due(session, ON_ALARM, moment=now()) is None


def test_whoever_judges_what_was_wrong_alone_accuses_nobody() -> None:
    """Twenty of four hundred were wrong; all the others lapsed, or nearly all."""
    unjudged = audited(380, wrong=0)
    for judged in (audited(20, wrong=20), audited(40, wrong=20)):
        found = found_with(judged, lapsed=unjudged)

        assert reasons_for_alarm(found) == {}
        # What is shown is of the judged ones, beside how many lapsed.
        everything = found.errors[0]
        assert (everything.answered, everything.wrong, found.lapsed) == (len(judged), 20, 380)
        assert found.calibration.audited == len(judged)
    # Sixty more that were wrong are too many, whatever the others were.
    found = found_with(audited(100, wrong=80), lapsed=unjudged)
    assert set(reasons_for_alarm(found)) == {"promise", "calibration"}


async def test_an_answer_is_held_to_the_error_its_release_was_trained_for(
    database: Database, release: str
) -> None:
    """The release was built for a tenth; the setting is lowered, and says nothing until another one is trained."""
    async with database.read() as session:
        found = await quality(session, tolerated_error=0.05, at=now())
        promised = await what_is_tolerated(session, setting=0.05)
    assert (found.tolerated_error, found.errors[0].tolerated) == (0.1, 0.1)
    assert promised.of(["en", "zh"]) == 0.1

    async with database.write() as session:
        await session.execute(update(Checkpoint).values(summary={"tuned": False}))  # of an earlier version
        assert (await what_is_tolerated(session, setting=0.05)).default == 0.05


async def test_the_whole_way_from_wrong_replies_to_alarm_api_and_metrics(
    client: httpx.AsyncClient,
    database: Database,
    release: str,
    knowledge: dict[str, str],
    new_key,
    monkeypatch,
) -> None:
    operator = await new_key(Scope.OPERATOR)
    # Ten visitors ask what is known word for word, and the operator says each time that it was wrong.
    await ask(client, *["Where is my invoice?"] * 10)
    await look_at_quality(database, tolerated_error=0.1)
    for _ in range(2):
        items = (await client.get("/v1/review", headers=operator)).json()["items"]
        if items:
            await client.post(
                f"/v1/review/{items[0]['exchange_id']}",
                json={"verdict": "other_answer", "answer_id": knowledge["delivery"]},
                headers=operator,
            )
        await look_at_quality(database, tolerated_error=0.1)

    shown = await client.get("/v1/quality", headers=operator)

    assert shown.status_code == 200, shown.text
    body = shown.json()
    assert (body["release_id"], body["audited"], body["waiting"]) == (release, 10, 0)
    assert (body["errors"][0]["answered"], body["errors"][0]["wrong"], body["errors"][0]["broken"]) == (
        10,
        10,
        True,
    )
    assert [set(each["reasons"]) for each in body["alarms"]] == [{"promise", "calibration"}]
    async with database.read() as session:
        assert (await session.execute(select(func.count()).select_from(QualityAlarm))).scalar_one() == 1
    metrics = (await client.get("/metrics")).text
    assert 'kefu_quality_alarm{kind="promise"} 1.0' in metrics
    assert 'kefu_audited_error{bound="share",language="all"} 1.0' in metrics


async def test_drift_is_told_of_the_newest_whole_window_beside_the_first(
    client: httpx.AsyncClient, database: Database, release: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.quality.service.WINDOW", 2)
    await ask(client, *["Where is my invoice?"] * 3)
    async with database.read() as session:
        assert (await quality(session, tolerated_error=0.1, at=now())).drift is None
    await ask(client, *["Where is my invoice?"] * 4)
    async with database.write() as session:
        ids = list((await session.execute(select(Exchange.id).order_by(Exchange.id))).scalars())
        unsure = update(Exchange).where(Exchange.id.in_(ids[4:6]))
        await session.execute(unsure.values(confidence=0.1))
    async with database.read() as session:
        drift = (await quality(session, tolerated_error=0.1, at=now())).drift
    assert drift is not None
    assert (drift.window, drift.moved, drift.has_moved) == (2, 1.0, True)
