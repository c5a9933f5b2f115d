"""What people and trainings have left in a large shop, for ``tests.bench.console_pages``: releases and how they are compared, gaps, audits, accounts."""

import json
import random
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import insert, text

from bot.access.principals import Role
from bot.db.access_tables import ApiKey, Site
from bot.db.base import new_id, now
from bot.db.comparison_tables import Experiment, Exposure, ShadowDecision, ShadowRun
from bot.db.engine import Database
from bot.db.import_tables import ImportBatch
from bot.db.operator_tables import Operator
from bot.db.quality_tables import AuditDraw
from bot.db.release_tables import Release
from bot.db.review_tables import Gap, GapMember
from bot.db.training_tables import TrainingRun
from bot.db.webhook_tables import Webhook, WebhookDelivery, WebhookEvent
from bot.experiments.splitting import position
from bot.imports.schemas import ImportReport
from bot.knowledge.folding import folded_hash
from bot.operators.passwords import hash_password
from bot.operators.service import create_operator
from bot.releases import gating, repository
from bot.releases.building import build_release
from bot.releases.reports import PAGE, report_folder
from bot.settings import Settings
from tests.bench.console_rows import DAYS, TALK, Row, Shop, fill, id_at

OLD_RELEASES = 60
SPOKE = 3
"""So many of the old ones have spoken, one after the other, before the one that speaks now."""
COMPARED_DAYS = 14
OPEN_GAPS, ANSWERED_GAPS, DISMISSED_GAPS = 300, 100, 50
CHANGED = 500
PASSWORD = "correct horse battery"


async def make_releases(database: Database, settings: Settings, shop: Shop) -> list[str]:
    """The ids of those that have spoken; the last one speaks and has an index of all questions, the others are its like."""
    built = await build_release(database, settings, created_by="bench")
    parts = {"checkpoint_id": built.checkpoint.id, "snapshot_id": built.snapshot.id, "created_by": "bench"}
    step = timedelta(days=DAYS) / (SPOKE + 1)
    old = [id_at("rel", shop.began, n) for n in range(OLD_RELEASES)]
    spoke = dict(zip(old[-SPOKE:], (shop.began + step * n for n in range(SPOKE)), strict=True))
    rows = ({"id": id, **parts, "created_at": shop.began, "promoted_at": spoke.get(id)} for id in old)
    await fill(database, Release, rows)
    async with database.write() as session:
        await repository.promote(session, built.release.id)
        moment = shop.began + step * SPOKE
        release = await session.get(Release, built.release.id)
        assert release is not None
        release.created_at = release.promoted_at = moment
    write_reports(settings, built.checkpoint.id, shop.answers)
    return [*spoke, built.release.id]


def write_reports(settings: Settings, checkpoint_id: str, answers: Sequence[str]) -> None:
    folder = report_folder(settings, checkpoint_id)
    (folder / gating.FOLDER).mkdir(parents=True)
    page = "<!doctype html><title>Report</title>" + "<p>figures</p>" * 50_000
    for file in (folder / PAGE, folder / gating.FOLDER / gating.PAGE_FILE):
        file.write_text(page)
    said = [{"outcome": "answered", "answer": answers[n % len(answers)], "confidence": 0.9} for n in (0, 1)]
    row = {"language": "en", "count": 3, "up": 1, "down": 2, "before": said[0], "after": said[1]}
    changed = [row | {"utterance": f"where is parcel {n}"} for n in range(CHANGED)]
    (folder / gating.FOLDER / gating.JSON_FILE).write_text(json.dumps({"changed_answers": changed}))


async def fill_desk(database: Database, shop: Shop) -> None:
    await _fill_gaps(database, shop)
    await _fill_audits(database, shop)
    await _fill_comparisons(database, shop)
    await fill(database, TrainingRun, (_run(shop, n) for n in range(60)))
    await fill(database, ImportBatch, (_import(shop, n) for n in range(60)))
    await _fill_webhooks(database, shop)
    keys = (
        {"id": new_id("key"), "name": f"shop {n}", "scope": "read", "key_hash": str(n)} for n in range(50)
    )
    await fill(database, ApiKey, keys)
    sites = ({"id": f"ste_x{n}", "public_key": f"ste_x{n}", "name": f"Shop {n}"} for n in range(40))
    await fill(database, Site, sites)
    hashed = await hash_password(PASSWORD)
    people = (
        {
            "id": new_id("opr"),
            "name": f"Ana {n}",
            "login": f"ana {n}",
            "role": "operator",
            "password_hash": "x",
        }
        for n in range(25)
    )
    await fill(database, Operator, people)
    async with database.write() as session:
        await create_operator(
            session, name="bench", role=Role.ADMIN, password_hash=hashed, created_by="bench"
        )
        if (
            database.engine.dialect.name == "postgresql"
        ):  # as autovacuum does soon; SQLite never does by itself
            await session.execute(text("ANALYZE"))


async def _fill_gaps(database: Database, shop: Shop) -> None:
    """The largest has some four hundred questions, most have a handful; all were asked in the last 30 days."""
    chance, answers = random.Random(3), shop.answers
    asked = [n for n in shop.newest(30) if n % 7 == 3]
    chance.shuffle(asked)
    states = ["open"] * OPEN_GAPS + ["answered"] * ANSWERED_GAPS + ["dismissed"] * DISMISSED_GAPS
    chance.shuffle(states)
    largest, gaps, members = min(400, len(asked) // 12), [], []
    for place, state in enumerate(states):
        own = [asked.pop() for _ in range(min(len(asked), 4 + largest // (place + 1)))]
        if not own:
            break
        id = id_at("gap", shop.began, place)
        gaps.append(_gap(shop, id, state, own, chance.choice(answers)))
        members += [{"gap_id": id, "exchange_id": shop.exchange(n)} for n in own]
    await fill(database, Gap, iter(gaps))
    await fill(database, GapMember, iter(members))


def _gap(shop: Shop, id: str, state: str, own: Sequence[int], answer_id: str) -> Row:
    is_answered = state == "answered"
    forecast = {"per_week": 2.5, "low": 0, "high": 6, "coverage": 1.0, "messages": len(own), "weeks": 4.0}
    return {
        "id": id,
        "state": state,
        "language": "en",
        "medoid_exchange_id": shop.exchange(own[0]),
        "terms": ["umbrella"],
        "messages": len(own),
        "draft": {},
        "answer_id": answer_id if is_answered else None,
        "forecast": forecast if is_answered else {},
        "decided_by": "bench" if is_answered else None,
        "decided_at": now() - timedelta(days=21) if is_answered else None,
    }


async def _fill_audits(database: Database, shop: Shop) -> None:
    chance = random.Random(4)
    numbers = sorted(chance.sample(list(shop.newest(COMPARED_DAYS)), 150))
    rows = (
        {
            "exchange_id": shop.exchange(n),
            "release_id": shop.release(n),
            "population": 50_000,
            "drawn_at": shop.at(n),
        }
        for n in numbers
    )
    await fill(database, AuditDraw, rows)


async def _fill_comparisons(database: Database, shop: Shop) -> None:
    """A fortnight of all traffic, tried on visitors and unseen; old experiments besides."""
    present, tried, unseen = shop.releases[-1], *shop.releases[:2]
    moment = now() - timedelta(days=COMPARED_DAYS)
    common: Row = {"release_a": present, "release_b": tried, "share": 0.5, "started_by": "bench"}
    old = {"running": None, "ended_by": "bench", "end_kind": "stopped", "end_reason": "enough"}
    begun = {"started_at": shop.began, "begins_at": shop.began, "ended_at": shop.began}
    ended = ({"id": id_at("xpr", shop.began, n), **common, **old, **begun} for n in range(40))
    await fill(database, Experiment, ended)
    id = id_at("xpr", moment, 0)
    runs = {"id": id, **common, "running": True, "started_at": moment, "begins_at": moment}
    async with database.connection() as connection:
        await connection.execute(insert(Experiment), runs)
        shadow = {"id": new_id("shd"), "release_id": unseen, "running": True, "started_by": "bench"}
        await connection.execute(insert(ShadowRun), shadow | {"started_at": moment})
    numbers = shop.newest(COMPARED_DAYS)
    await fill(database, Exposure, (_exposure(shop, n, id) for n in numbers))
    chance, answers = random.Random(5), shop.answers[:50]
    await fill(database, ShadowDecision, (_decision(shop, n, unseen, answers, chance) for n in numbers))


def _exposure(shop: Shop, n: int, experiment_id: str) -> Row:
    visitor = shop.visitor(n)
    return {
        "exchange_id": shop.exchange(n),
        "experiment_id": experiment_id,
        "visitor_id": visitor,
        "arm": "b" if position(experiment_id, visitor) < 0.5 else "a",
        "latency_ms": 9.5,
        "wrong_language": False,
        "created_at": shop.at(n),
    }


def _decision(shop: Shop, n: int, release_id: str, answers: Sequence[str], chance: random.Random) -> Row:
    kind = chance.choices(("same", "other_answer", "answered_to_handed_off"), (85, 10, 5))[0]
    return {
        "exchange_id": shop.exchange(n),
        "release_id": release_id,
        "folded": folded_hash(str(int(20_000 * chance.random() ** 3))),
        "kind": kind,
        "spoken_answer_id": chance.choice(answers),
        "outcome": "answered",
        "answer_id": chance.choice(answers),
        "rule": "confident",
        "confidence": 0.9,
        "created_at": shop.at(n),
    }


async def _fill_webhooks(database: Database, shop: Shop) -> None:
    """One was told of each tenth conversation of the last 30 days; they are switched off, so that nothing is sent."""
    hooks = [id_at("whk", shop.began, n) for n in range(40)]
    common = {"url": "https://example.com/hook", "secret": "x", "created_by": "bench", "disabled_at": now()}
    await fill(database, Webhook, ({"id": id, **common} for id in hooks))
    told = [n for n in shop.newest(30) if n % (10 * TALK) == 0]
    events = (
        {
            "id": id_at("evt", shop.at(n), n),
            "type": "conversation.started",
            "conversation_id": shop.conversation(n),
            "payload": {"conversation_id": shop.conversation(n)},
            "created_at": shop.at(n),
        }
        for n in told
    )
    await fill(database, WebhookEvent, events)
    deliveries = (
        {
            "id": id_at("dlv", shop.at(n), n),
            "webhook_id": hooks[0],
            "event_id": id_at("evt", shop.at(n), n),
            "state": "failed" if n % 1000 == 0 else "delivered",
            "attempts": 1,
            "next_attempt_at": shop.at(n),
            "created_at": shop.at(n),
            "ended_at": shop.at(n),
        }
        for n in told
    )
    await fill(database, WebhookDelivery, deliveries)


def _run(shop: Shop, n: int) -> Row:
    return {
        "id": id_at("trn", shop.began, n),
        "trigger": "schedule",
        "requested_by": "worker",
        "state": "done",
        "options": {},
        "log_path": "logs/none.log",
        "created_at": shop.began + timedelta(days=n),
        "ended_at": shop.began + timedelta(days=n),
    }


def _import(shop: Shop, n: int) -> Row:
    none: dict[str, Any] = dict.fromkeys(
        ("new", "changed", "unchanged", "duplicate", "conflicting", "masked"), 0
    )
    report = ImportReport(
        batch_id=None, format="faq", dry_run=False, approved=True, masked_kinds={}, languages={"en": 1}, rejected=[], mined=None, **none
    )  # fmt: skip
    return {
        "id": id_at("bat", shop.began, n),
        "filename": f"faq {n}.csv",
        "file_hash": str(n),
        "format": "faq",
        "approved": True,
        "imported_by": "bench",
        "report": report.model_dump(mode="json"),
    }
