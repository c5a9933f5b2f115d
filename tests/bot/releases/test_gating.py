"""A verdict is kept with its release, and what was refused speaks only by force."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from bot.access.principals import Scope
from bot.db.access_tables import AuditEntry
from bot.db.base import JsonObject, now
from bot.db.engine import Database
from bot.errors import GateRefusedError
from bot.exports.replay import write_replay
from bot.releases import gating, repository, service
from bot.releases.building import build_release
from bot.releases.gating import GateRun, plan_gate, verdict_of
from bot.settings import ReleaseSettings, Settings
from tests.fixtures.installations import fill_installation
from tests.fixtures.services import Talk, start_talk

REFUSED = {"name": "accuracy", "passed": False, "reason": "Over all rows the candidate is worse."}
LOADS = {"name": "loads", "passed": True, "reason": "Both folders load."}


def verdict(*checks: dict[str, Any]) -> JsonObject:
    passed = all(check["passed"] for check in checks)
    made_at = "2026-11-29T19:00:00+00:00"
    return {
        "passed": passed,
        "made_at": made_at,
        "report": "reports/rel_x/gate.html",
        "checks": list(checks),
        "not_compared": "encoder.onnx is damaged.",
    }


async def candidate(database: Database, settings: Settings, *checks: dict[str, Any]) -> str:
    parts = await build_release(database, settings, created_by="test")
    if checks:
        async with database.write() as session:
            await gating.record_verdict(session, parts.release.id, verdict(*checks))
    return parts.release.id


async def present(database: Database) -> str | None:
    async with database.read() as session:
        _, parts = await repository.promoted(session)
    return parts.release.id if parts else None


async def test_refused_release_is_promoted_by_force_alone_which_the_audit_log_keeps(
    database: Database, tiny_settings: Settings, release: str
) -> None:
    refused = await candidate(database, tiny_settings, LOADS, REFUSED)
    with pytest.raises(GateRefusedError, match="accuracy: Over all rows the candidate is worse"):
        async with database.write() as session:
            await service.promote(session, refused, data_dir=tiny_settings.data_dir, promoted_by="ann")
    assert await present(database) == release
    async with database.write() as session:
        await service.promote(
            session, refused, data_dir=tiny_settings.data_dir, promoted_by="ann", force=True
        )
    assert await present(database) == refused
    async with database.read() as session:
        entry = (await session.execute(select(AuditEntry).where(AuditEntry.target == refused))).scalar_one()
    assert (entry.actor, entry.details) == ("ann", {"before": release, "forced": True})


async def test_going_back_to_what_spoke_needs_no_force(
    database: Database, tiny_settings: Settings, release: str
) -> None:
    refused = await candidate(database, tiny_settings, REFUSED)
    async with database.write() as session:
        await service.promote(
            session, refused, data_dir=tiny_settings.data_dir, promoted_by="ann", force=True
        )
        await service.promote(session, release, data_dir=tiny_settings.data_dir, promoted_by="ann")
        await service.roll_back(session, data_dir=tiny_settings.data_dir, rolled_back_by="ann")
    assert await present(database) == refused


@pytest.mark.parametrize(
    ("checks", "wished", "automatic", "promoted"),
    [
        ((LOADS,), True, False, True),
        ((LOADS,), False, True, True),
        ((LOADS,), False, False, False),
        ((LOADS, REFUSED), True, True, False),
        ((), True, True, False),  # never judged
    ],
)
async def test_only_what_passed_is_promoted_by_itself(
    database: Database,
    tiny_settings: Settings,
    release: str,
    checks: tuple[dict[str, Any], ...],
    wished: bool,
    automatic: bool,
    promoted: bool,
) -> None:
    made = await candidate(database, tiny_settings, *checks)
    settings = tiny_settings.model_copy(update={"releases": ReleaseSettings(auto_promote=automatic)})
    async with database.write() as session:
        done = await service.promote_if_passed(session, made, settings, wished=wished, promoted_by="test")
    assert (done, await present(database)) == (promoted, made if promoted else release)


async def test_verdict_through_http(
    client: httpx.AsyncClient, database: Database, tiny_settings: Settings, release: str, new_key
) -> None:
    admin = await new_key(Scope.ADMIN)
    refused = await candidate(database, tiny_settings, LOADS, REFUSED)

    shown = (await client.get(f"/v1/releases/{refused}", headers=admin)).json()
    before = (await client.get(f"/v1/releases/{release}", headers=admin)).json()
    listed = (await client.get("/v1/releases", headers=admin)).json()["items"]
    wished = await client.post(f"/v1/releases/{refused}/promote", headers=admin)
    forced = await client.post(f"/v1/releases/{refused}/promote?force=true", headers=admin)

    assert shown["gate"]["checks"] == [LOADS, REFUSED]
    assert shown["gate"]["not_compared"] == "encoder.onnx is damaged."
    assert (shown["gate"]["passed"], shown["gate"]["report"]) == (False, None)
    assert before["gate"] is None
    assert {item["id"]: item["gate_passed"] for item in listed} == {release: None, refused: False}
    assert (wished.status_code, wished.json()["type"]) == (409, "urn:kefu:problem:gate-refused")
    assert (forced.status_code, forced.json()["promoted"]) == (200, True)


async def test_gate_is_told_both_releases_and_where_to_write(
    database: Database, tiny_settings: Settings, release: str
) -> None:
    async with database.read() as session:
        parts = await service.find(session, release)
    old = tiny_settings.data_dir / "reports" / parts.checkpoint.id / "gate"
    old.mkdir(parents=True)
    planned = plan_gate(tiny_settings, parts, parts, export=Path("export"), replay=Path("said.jsonl"), seed=7)
    checkpoint = str(tiny_settings.data_dir / parts.checkpoint.path)
    snapshot = str(tiny_settings.data_dir / parts.snapshot.path)
    assert planned.arguments == (
        *("gate", "--candidate-checkpoint", checkpoint, "--candidate-snapshot", snapshot),
        *("--serving-checkpoint", checkpoint, "--serving-snapshot", snapshot),
        *("--export", "export", "--report", str(old), "--seed", "7", "--replay", "said.jsonl"),
    )
    assert not old.exists()
    first = plan_gate(tiny_settings, parts, None, export=Path("export"), replay=None)
    assert "--serving-checkpoint" not in first.arguments
    assert "--replay" not in first.arguments


def test_kept_verdict_has_reasons_and_no_customers_words(tmp_path: Path) -> None:
    folder = tmp_path / "reports" / "rel_1"
    folder.mkdir(parents=True)
    found = verdict(LOADS | {"figures": {"ms": 3}}) | {"changed_answers": [{"utterance": "my secret"}]}
    (folder / "gate.json").write_text(json.dumps(found), encoding="utf-8")
    run = GateRun((), folder)
    kept = verdict_of(run, 0, data_dir=tmp_path)
    assert kept == verdict(LOADS) | {"report": "reports/rel_1/gate.html"}
    assert not verdict_of(run, 3, data_dir=tmp_path)["passed"]


def test_gate_that_could_not_finish_lets_nothing_pass(tmp_path: Path) -> None:
    kept = verdict_of(GateRun((), tmp_path / "reports" / "rel_1"), 1, data_dir=tmp_path)
    assert kept["passed"] is False
    assert kept["not_compared"] is None
    assert kept["checks"][0]["reason"].startswith("The gate could not finish (exit 1)")


async def test_replay_holds_what_was_asked_and_answered_and_the_newest_vote(
    database: Database, talk: Talk, tmp_path: Path
) -> None:
    first = (await talk.say("How long does delivery take?")).json()
    await talk.say("I want to talk to a person")
    for rating in ("down", "up"):
        path = f"/v1/exchanges/{first['id']}/feedback"
        await talk.client.post(path, json={"rating": rating}, headers=talk.headers)
    async with database.read() as session:
        count = await write_replay(session, tmp_path / "r.jsonl", since=now() - timedelta(days=1))
        later = await write_replay(session, tmp_path / "later.jsonl", since=now() + timedelta(days=1))
    rows = [json.loads(line) for line in (tmp_path / "r.jsonl").read_text(encoding="utf-8").splitlines()]
    assert (count, later) == (1, 0)
    assert rows[0] | {"confidence": 0} == {
        "utterance": "How long does delivery take?",
        "language": "en",
        "outcome": "answered",
        "answer_id": first["reply"]["parts"][0]["answer_id"],
        "confidence": 0,
        "rating": "up",
    }


async def test_replay_holds_no_vote_that_was_withdrawn(
    database: Database, talk: Talk, tmp_path: Path
) -> None:
    said = (await talk.say("How long does delivery take?")).json()
    path = f"/v1/exchanges/{said['id']}/feedback"
    await talk.client.post(path, json={"rating": "down"}, headers=talk.headers)
    withdrawn = await talk.client.delete(path, headers=talk.headers)
    assert withdrawn.is_success
    async with database.read() as session:
        await write_replay(session, tmp_path / "r.jsonl", since=now() - timedelta(days=1))
    assert json.loads((tmp_path / "r.jsonl").read_text(encoding="utf-8"))["rating"] is None


async def test_questions_know_the_conversation_they_come_from(database: Database, data_dir: Path) -> None:
    await fill_installation(database, data_dir)
    async with database.read() as session:
        found = await repository.question_conversations(session)
    assert found
    assert all(isinstance(number, int) and conversation for number, conversation in found.items())


async def test_recent_messages_are_those_decided_by_evidence_as_often_as_they_came(
    talk: Talk, database: Database
) -> None:
    said = (
        "How long does delivery take?",
        "I want to talk to a person",
        "退款多久到账",
        "How long does delivery take?",
    )
    for text in said:
        await (await start_talk(talk.client)).say(text)
    async with database.read() as session:
        found = await repository.recent_messages(session, since=now() - timedelta(days=1), most=10)
        newest = await repository.recent_messages(session, since=now() - timedelta(days=1), most=1)
        later = await repository.recent_messages(session, since=now() + timedelta(days=1), most=10)
    delivery = ("How long does delivery take?", "en")
    assert found == (delivery, ("退款多久到账", "zh"), delivery)
    assert (newest, later) == ((("How long does delivery take?", "en"),), ())
