"""A shop whose visitors, files, receivers and reports say hostile strings; what its operators write is played in the test itself."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import httpx
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.db.base import new_id, now
from bot.db.comparison_tables import Experiment
from bot.db.engine import Database
from bot.db.knowledge_tables import Answer
from bot.db.release_tables import Release
from bot.db.training_tables import RunState, RunTrigger, TrainingRun
from bot.db.webhook_tables import DeliveryState, EventType, Webhook, WebhookDelivery, WebhookEvent
from bot.figures.counting import count_traffic
from bot.private_files import make_private_folder
from bot.releases.building import build_release
from bot.releases.gating import FOLDER, JSON_FILE, PAGE_FILE
from bot.releases.reports import PAGE, report_folder
from bot.releases.repository import promoted
from bot.retraining.folders import log_path
from bot.settings import Settings
from bot.shadowing.service import switch_on
from bot.webhooks.signing import new_secret
from retrieval.records import Knowledge, PassageRecord, QuestionRecord
from tests.browser.console_forms import LINE
from tests.training.report.made import fitted_on, report_on
from tests.widget.hostile_strings import packed
from training.report.page import page_of

A_CONVERSATION = 2


@dataclass(frozen=True)
class Visited:
    """Of a conversation that waits for a person."""

    conversation_id: str
    handoff_id: str
    exchange_id: str


def visit(url: str, texts: Sequence[str]) -> list[Visited]:
    """Visitors say each of the texts, vote with it, leave it as their name, and rate with it; some hundreds of calls."""
    with httpx.Client(base_url=url, timeout=30) as client:
        parts = [texts[place : place + A_CONVERSATION] for place in range(0, len(texts), A_CONVERSATION)]
        return [_converse(client, part) for part in parts]


def _converse(client: httpx.Client, texts: Sequence[str]) -> Visited:
    first = texts[0]
    start = {"language": "en", "metadata": {"page": first[:200], "title": first[:200]}}
    begun = client.post("/v1/conversations", json=start).raise_for_status().json()
    headers = {"Authorization": f"Bearer {begun['visitor_token']}"}
    path = f"/v1/conversations/{begun['conversation_id']}"
    exchange: dict[str, Any] = {}
    for text in texts:
        said = client.post(f"{path}/messages", json={"text": text}, headers=headers)
        exchange = said.raise_for_status().json()
        vote = {"rating": "down", "reason": "other", "comment": text[:1900]}
        client.post(f"/v1/exchanges/{exchange['id']}/feedback", json=vote, headers=headers).raise_for_status()
    rated = {"stars": 1, "comment": first[:1900]}
    client.post(f"{path}/rating", json=rated, headers=headers).raise_for_status()
    asked = client.post(f"{path}/handoff", json={"reason": first[:60]}, headers=headers).raise_for_status()
    contact = {"name": first[:190], "email": "ana@example.com"}
    client.post(f"{path}/handoff/contact", json=contact, headers=headers)
    return Visited(begun["conversation_id"], asked.json()["id"], exchange["id"])


async def fill(settings: Settings, texts: Sequence[str]) -> str:
    """Reports, checks, changed answers and errors that say the texts; a candidate release, whose id it returns."""
    database = Database.open(settings.database_url)
    try:
        made = await build_release(database, settings, created_by="test")
        async with database.write() as session:
            answer_id = (await session.execute(select(Answer.id).limit(1))).scalar_one()
            _write_reports(settings, made.checkpoint.id, texts, answer_id=answer_id)
            release = await session.get_one(Release, made.release.id)
            checks = [{"name": pack[:60], "passed": False, "reason": pack} for pack in packed(texts, LINE)]
            release.gate = {"passed": False, "made_at": now().isoformat(), "report": "", "checks": checks}
            await switch_on(session, made.release.id, data_dir=settings.data_dir, started_by="cli")
            _, present = await promoted(session)
            assert present is not None
            session.add_all(
                [_failed_run(settings, texts), _experiment(present.release.id, made.release.id, texts)]
            )
            await _tell(session, texts)
        await count_traffic(database)
    finally:
        await database.close()
    return made.release.id


async def _tell(session: AsyncSession, texts: Sequence[str]) -> None:
    """A receiver of webhooks that replies with the texts."""
    urls = [f"https://hooks.example/?{pack}" for pack in packed(texts, LINE)]
    made = [Webhook(id=new_id("whk"), url=url, secret=new_secret(), created_by="cli") for url in urls]
    event = WebhookEvent(id=new_id("evt"), type=EventType.FEEDBACK_GIVEN, payload={})
    session.add_all([*made, event])
    await session.flush()
    session.add_all(
        WebhookDelivery(
            id=new_id("dlv"),
            webhook_id=made[0].id,
            event_id=event.id,
            state=DeliveryState.FAILED,
            last_status=500,
            last_error=pack,
            last_response=pack.replace("\0", "")[:1_024],
        )
        for pack in packed(texts, 1_000)
    )


def _write_reports(settings: Settings, checkpoint_id: str, texts: Sequence[str], *, answer_id: str) -> None:
    folder = report_folder(settings, checkpoint_id)
    make_private_folder(folder)
    make_private_folder(folder / FOLDER)
    before = {"outcome": "handed_off", "answer": "", "confidence": 0.21}
    after = {"outcome": "answered", "answer": answer_id, "confidence": 0.87}
    said = {
        "language": "en",
        "count": 7,
        "up": 1,
        "down": 2,
        "logged": before,
        "before": before,
        "after": after,
    }
    changed = [{"utterance": pack, **said} for pack in packed(texts, LINE)]
    (folder / FOLDER / JSON_FILE).write_text(json.dumps({"changed_answers": changed}), encoding="utf-8")
    page = training_report(texts)
    (folder / PAGE).write_text(page, encoding="utf-8")
    (folder / FOLDER / PAGE_FILE).write_text(page, encoding="utf-8")


def training_report(texts: Sequence[str]) -> str:
    """On a knowledge all of whose questions and answers are hostile."""
    packs = packed(texts, LINE)
    questions = [QuestionRecord(n, f"{n % 9}", pack, "en") for n, pack in enumerate(packs, start=1)]
    passages = [PassageRecord(n + 1, f"{n}", packs[n], "en") for n in range(9)]
    knowledge = Knowledge(questions, passages)
    fitted = fitted_on(knowledge, tuple((pack, "en") for pack in packs[:5]))
    return page_of(report_on(fitted, knowledge))


def _failed_run(settings: Settings, texts: Sequence[str]) -> TrainingRun:
    """With a log that says them, too."""
    id, said = new_id("trn"), " ".join(texts)
    log = settings.data_dir / log_path(id)
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text("\n".join(texts), encoding="utf-8")
    return TrainingRun(
        id=id,
        trigger=RunTrigger.MANUAL,
        reason=said,
        requested_by="key:test",
        state=RunState.FAILED,
        slot=None,
        options={"tune": False, "seed": 0},
        progress={},
        log_path=log_path(id),
        verdict={"passed": False, "reasons": [said]},
        error=said,
        ended_at=now(),
    )


def _experiment(present: str, candidate: str, texts: Sequence[str]) -> Experiment:
    return Experiment(
        id=new_id("exp"),
        release_a=present,
        release_b=candidate,
        share=0.5,
        running=None,
        started_by="cli",
        begins_at=now(),
        ended_by="cli",
        ended_at=now(),
        end_kind="stopped",
        end_reason=" ".join(texts),
    )
