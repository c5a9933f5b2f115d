"""Training runs and releases in the console: who may decide what, what is kept of it, and what the pages show."""

import json

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select, update

from bot.access.principals import Role
from bot.db.access_tables import AuditEntry
from bot.db.base import now
from bot.db.comparison_tables import Experiment
from bot.db.engine import Database
from bot.db.release_tables import Release
from bot.db.training_tables import TrainingRun
from bot.private_files import make_private_folder
from bot.releases.building import build_release
from bot.releases.gating import FOLDER, JSON_FILE, PAGE_FILE
from bot.releases.line_up import running_experiment, running_shadow
from bot.releases.reports import report_folder
from bot.settings import Settings
from tests.fixtures.operators import OpenDesk
from tests.fixtures.services import start_talk


async def audit(database: Database, action: str) -> AuditEntry:
    async with database.read() as session:
        rows = await session.execute(select(AuditEntry).where(AuditEntry.action == action))
        return rows.scalars().one()


@pytest.fixture
async def candidate(app: FastAPI, database: Database, tiny_settings: Settings) -> str:
    """A release that the gate refused, with its report."""
    made = await build_release(database, tiny_settings, created_by="test")
    folder = report_folder(tiny_settings, made.checkpoint.id) / FOLDER
    make_private_folder(folder.parent)
    make_private_folder(folder)
    would = {"outcome": "handed_off", "answer": "", "confidence": 0.2}
    changed = {"utterance": "<b>where?</b>", "language": "en", "count": 7, "up": 1, "down": 2}
    rows = [
        {**changed, "logged": would, "before": would, "after": {**would, "outcome": "answered"}}
        for _ in range(30)
    ]
    (folder / JSON_FILE).write_text(json.dumps({"changed_answers": rows}), encoding="utf-8")
    (folder / PAGE_FILE).write_text("<!doctype html><title>Gate</title>", encoding="utf-8")
    verdict = {
        "passed": False,
        "made_at": "2026-11-29T10:00:00+00:00",
        "report": "gone",
        "checks": [{"name": "recall", "passed": False, "reason": "too low"}],
        "not_compared": "encoder.onnx is <damaged>",
    }
    async with database.write() as session:
        release = await session.get_one(Release, made.release.id)
        release.gate = verdict
    return made.release.id


async def test_run_is_asked_for_followed_and_cancelled(open_desk: OpenDesk, database: Database) -> None:
    desk = await open_desk(Role.SUPERVISOR)

    asked = await desk.post("/training", {"reason": "new <prices>", "tune": "true"})
    run_page = asked.headers["location"]
    joined = await desk.post("/training", {"reason": "again"})
    listed = (await desk.get("/training")).text
    part = await desk.client.get(f"{run_page}/progress", headers={"HX-Request": "true"})

    assert joined.headers["location"] == run_page
    assert "new &lt;prices&gt;" in listed
    assert 'hx-trigger="every 2s"' in part.text
    assert "<html" not in part.text
    await desk.client.post(f"{run_page}/cancel", data={"csrf_token": desk.csrf_token})
    ended = await desk.client.get(f"{run_page}/progress", headers={"HX-Request": "true"})
    assert ended.headers["hx-redirect"] == run_page
    assert "cancelled" in (await desk.client.get(run_page)).text
    async with database.read() as session:
        run = (await session.execute(select(TrainingRun))).scalar_one()
    assert (run.reason, run.requested_by) == ("new <prices>", f"operator:{desk.operator_id}")
    assert (await audit(database, "cancel_training")).actor == run.requested_by


async def test_refused_release_is_promoted_by_force_with_a_reason_and_rolled_back(
    open_desk: OpenDesk, database: Database, release: str, candidate: str
) -> None:
    desk = await open_desk(Role.SUPERVISOR)

    refused = await desk.post(f"/releases/{candidate}/promote", {"reason": "I like it"})
    without_reason = await desk.post(f"/releases/{candidate}/promote", {"force": "true", "reason": " "})
    forced = await desk.post(f"/releases/{candidate}/promote", {"reason": "I like it", "force": "true"})
    back = await desk.post("/releases/rollback", {"reason": "I do not"})

    assert (refused.status_code, without_reason.status_code) == (409, 422)
    assert forced.headers["location"] == f"/console/releases/{candidate}"
    assert back.headers["location"] == f"/console/releases/{release}"
    promoted = await audit(database, "promote")
    assert promoted.details == {"before": release, "forced": True, "reason": "I like it"}
    assert (await audit(database, "roll_back")).details == {"before": candidate, "reason": "I do not"}


async def test_rejected_release_is_not_promoted_until_it_is_approved(
    open_desk: OpenDesk, database: Database, release: str, candidate: str
) -> None:
    desk = await open_desk(Role.SUPERVISOR)

    await desk.post(f"/releases/{candidate}/decision", {"approved": "false", "reason": "wrong prices"})
    refused = await desk.post(f"/releases/{candidate}/promote", {"reason": "x", "force": "true"})
    tried = await desk.post("/releases/experiments", {"release_b": candidate, "force": "true"})
    shown = (await desk.get(f"/releases/{candidate}")).text
    of_speaker = await desk.post(f"/releases/{release}/decision", {"approved": "false", "reason": "x"})

    assert (refused.status_code, tried.status_code, of_speaker.status_code) == (409, 409, 409)
    assert "wrong prices" in refused.text
    assert "wrong prices" in shown
    await desk.post(f"/releases/{candidate}/decision", {"approved": "true", "reason": "prices are right"})
    promoted = await desk.post(f"/releases/{candidate}/promote", {"reason": "x", "force": "true"})
    assert promoted.status_code == 303
    assert (await audit(database, "reject_release")).details == {"reason": "wrong prices"}


async def test_rejection_ends_the_experiment_and_the_shadow_of_the_release(
    open_desk: OpenDesk, database: Database, client: httpx.AsyncClient, release: str, candidate: str
) -> None:
    desk = await open_desk(Role.SUPERVISOR)
    await desk.post(f"/releases/{candidate}/shadow", {"on": "true"})
    begun = await desk.post(
        "/releases/experiments", {"release_b": candidate, "share": "0.95", "force": "true"}
    )
    async with database.write() as session:
        await session.execute(update(Experiment).values(begins_at=now()))

    await desk.post(f"/releases/{candidate}/decision", {"approved": "false", "reason": "it insults"})

    async with database.read() as session:
        assert (await running_experiment(session), await running_shadow(session)) == (None, None)
    spoken = {(await (await start_talk(client)).say("Where is it?")).json()["release"] for _ in range(8)}
    assert spoken == {release}
    assert "a release was rejected" in (await desk.client.get(begun.headers["location"])).text
    ended = await audit(database, "experiment_end")
    assert ended.details["kind"] == "rejected"
    assert ended.details["reason"].startswith(f"{candidate} was rejected by ")


async def test_rejection_leaves_what_others_are_tried_in(
    open_desk: OpenDesk, database: Database, tiny_settings: Settings, candidate: str
) -> None:
    desk = await open_desk(Role.SUPERVISOR)
    other = (await build_release(database, tiny_settings, created_by="test")).release.id
    await desk.post(f"/releases/{candidate}/shadow", {"on": "true"})
    await desk.post("/releases/experiments", {"release_b": candidate, "force": "true"})
    await desk.post(f"/releases/{other}/decision", {"approved": "false", "reason": "too slow"})
    await desk.post(f"/releases/{candidate}/decision", {"approved": "true", "reason": "good"})

    async with database.read() as session:
        experiment, shadow = await running_experiment(session), await running_shadow(session)
    assert experiment is not None
    assert shadow is not None
    assert (experiment.release_b, shadow.release_id) == (candidate, candidate)


async def test_gates_report_runs_nothing_and_its_changed_answers_are_escaped(
    open_desk: OpenDesk, candidate: str, release: str
) -> None:
    desk = await open_desk(Role.VIEWER)

    shown = (await desk.get(f"/releases/{candidate}")).text
    report = await desk.get(f"/releases/{candidate}/gate-report")
    changed = (await desk.get(f"/releases/{candidate}/changed")).text
    rest = await desk.get(
        f"/releases/{candidate}/changed", params={"cursor": changed.split("cursor=")[1].split('"')[0]}
    )

    assert "too low" in shown
    assert "Judged without comparison with the release that spoke." in shown
    assert "encoder.onnx is &lt;damaged&gt;" in shown
    assert "30 messages answered otherwise" in shown
    assert "/promote" not in shown, "a viewer has no such form"
    assert report.headers["content-security-policy"].endswith("sandbox")
    assert "script" not in report.headers["content-security-policy"]
    assert changed.count("&lt;b&gt;where?&lt;/b&gt;") == 25
    assert rest.text.count("&lt;b&gt;where?&lt;/b&gt;") == 5
    assert (await desk.get(f"/releases/{release}/gate-report")).status_code == 404


async def test_shadow_and_experiment_are_begun_shown_and_ended(
    open_desk: OpenDesk, release: str, candidate: str
) -> None:
    desk = await open_desk(Role.SUPERVISOR)

    on = await desk.post(f"/releases/{candidate}/shadow", {"on": "true"})
    report = await desk.client.get(on.headers["location"])
    off = await desk.post(f"/releases/{candidate}/shadow", {"on": "false"})
    begun = await desk.post(
        "/releases/experiments", {"release_b": candidate, "share": "0.25", "force": "true"}
    )
    running = (await desk.client.get(begun.headers["location"])).text
    await desk.client.post(begun.headers["location"] + "/end", data={"csrf_token": desk.csrf_token})

    assert "0 messages decided on unseen" in report.text
    assert off.status_code == 303
    assert "25 %" in running
    assert "ended by a person" in (await desk.get("/releases/experiments")).text
    assert (await desk.get(f"/releases/{release}/shadow")).status_code == 404


async def test_operator_may_look_and_not_decide(open_desk: OpenDesk, candidate: str) -> None:
    desk = await open_desk(Role.OPERATOR)

    for path in ("/training", "/releases/rollback", f"/releases/{candidate}/promote"):
        assert (await desk.post(path, {"reason": "x"})).status_code == 403
    assert (await desk.get("/releases")).status_code == 200


async def test_settings_show_the_cut_offs_of_the_release_that_speaks(
    open_desk: OpenDesk, app: FastAPI, database: Database, release: str
) -> None:
    desk = await open_desk(Role.SUPERVISOR)
    checks = [
        {"name": "coverage", "passed": True, "reason": "63.0 % of 120 known questions are answered at once."},
        {"name": "recall", "passed": True, "reason": "The index finds all."},
    ]
    async with database.write() as session:
        row = await session.get_one(Release, release)
        row.gate = {
            "passed": True,
            "made_at": "2026-11-29T10:00:00+00:00",
            "report": "gone",
            "checks": checks,
        }

    shown = (await desk.get("/settings")).text

    model = app.state.parts.follower.serving.engine.confidence
    for language in ("en", "zh"):
        assert f'<td class="number">{model.cutoffs_for(language).clarify_at * 100:.1f} %</td>' in shown
    assert f'href="/console/releases/{release}"' in shown
    assert "63.0 % of 120 known questions are answered at once." in shown
    assert "The index finds all." not in shown
