"""Exports made at once, while others write: each is one picture of one moment, and vouched for by its manifest."""

import asyncio
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from bot.db.base import now
from bot.db.conversation_tables import Conversation, Exchange
from bot.db.engine import Database
from bot.db.knowledge_tables import Answer, AnswerText, LabelSource, Question
from bot.exports.schemas import ExportKind
from bot.exports.writing import write_export
from bot.settings import Settings
from tests.fixtures.installations import fill_installation

ANSWERS = 40


@pytest.fixture
async def edited(database: Database, monkeypatch: pytest.MonkeyPatch) -> Database:
    """Answers whose texts, questions and intents all say the same round, read in many pages."""
    monkeypatch.setattr("bot.exports.knowledge.PAGE", 3)
    async with database.write() as session:
        for number in range(ANSWERS):
            id = f"ans_{number:03}"
            session.add(Answer(id=id, intent="0", tags=[], state="approved", revision=1))
            await session.flush()
            session.add(
                AnswerText(
                    answer_id=id, language="en", text="0", text_hash=f"{number}", revision=1, active=True
                )
            )
            session.add(
                Question(
                    id=f"qst_{number:03}",
                    answer_id=id,
                    text="0",
                    folded="f",
                    language="en",
                    source=LabelSource.IMPORT,
                    revision=1,
                )
            )
    return database


async def edit_all(database: Database, done: asyncio.Event) -> int:
    """One round after the other, each in a transaction of its own; returns how many there were."""
    rounds = 0
    while not done.is_set():
        rounds += 1
        async with database.write() as session:
            await session.execute(update(Answer).values(intent=str(rounds)))
            await session.execute(update(AnswerText).values(text=str(rounds)))
            await asyncio.sleep(0.005)
            await session.execute(update(Question).values(text=str(rounds)))
    return rounds


async def test_each_export_is_one_picture_while_knowledge_is_edited(edited: Database, tmp_path: Path) -> None:
    done = asyncio.Event()
    editing = asyncio.create_task(edit_all(edited, done))
    paths = [tmp_path / f"{number}.jsonl" for number in range(6)]
    manifests = []
    for pair in (paths[:2], paths[2:4], paths[4:]):
        manifests += await asyncio.gather(
            *(write_export(edited, ExportKind.KNOWLEDGE, path) for path in pair)
        )
    done.set()
    rounds = await editing

    assert rounds > 1
    pictures = []
    for path, manifest in zip(paths, manifests, strict=True):
        rows = lines(path)
        said = {row["answer"] for row in rows} | {row["question"] for row in rows}
        said |= {row["intent"] for row in rows}
        assert len(said) == 1, f"{path.name} mixes rounds"
        assert len(rows) == manifest.rows == ANSWERS
        assert manifest.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
        pictures += said
    assert int(pictures[-1]) > int(pictures[0]), "nothing was edited between the exports"


async def test_exchanges_that_arrive_meanwhile_come_whole_or_not_at_all(
    database: Database, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two exchanges a transaction: an export never has one of them alone."""
    await fill_installation(database, settings.data_dir)
    monkeypatch.setattr("bot.exports.exchanges.PAGE", 1)
    done = asyncio.Event()

    async def talk() -> None:
        number = 0
        while not done.is_set():
            number += 1
            async with database.write() as session:
                session.add(conversation(f"cnv_z{number:06}"))
                await session.flush()
                session.add_all(
                    exchange(f"cnv_z{number:06}", f"exc_{half}{number:06}") for half in ("0", "z")
                )
            await asyncio.sleep(0)

    talking = asyncio.create_task(talk())
    paths = [tmp_path / "1.jsonl", tmp_path / "2.jsonl"]
    await asyncio.gather(*(write_export(database, ExportKind.EXCHANGES, path) for path in paths))
    done.set()
    await talking

    for path in paths:
        halves = [row["exchange_id"] for row in lines(path) if row["conversation_id"].startswith("cnv_z")]
        first = {id[5:] for id in halves if id.startswith("exc_0")}
        assert first == {id[5:] for id in halves if id.startswith("exc_z")}


async def test_two_exports_to_one_name_leave_one_whole_file(edited: Database, tmp_path: Path) -> None:
    path = tmp_path / "k.jsonl"

    ended = await asyncio.gather(
        *(write_export(edited, ExportKind.KNOWLEDGE, path) for _ in range(2)), return_exceptions=True
    )

    assert sorted(type(each).__name__ for each in ended) == ["ExportManifest", "InvalidInputError"]
    beside = json.loads((tmp_path / "k.jsonl.manifest.json").read_bytes())
    assert beside["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert {"k.jsonl", "k.jsonl.manifest.json"} == names_in(tmp_path) - {"data"}


def names_in(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir()}


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def conversation(id: str) -> Conversation:
    return Conversation(id=id, site_id="ste_default", channel="widget", state="bot", details={})


def exchange(conversation_id: str, id: str) -> Exchange:
    empty: dict[str, Any] = {
        "reply": {"text": "", "language": "en", "parts": []}, "choices": [], "suggestions": [], "candidates": [],
        "evidence": {}, "latency_ms": {},
    }  # fmt: skip
    return Exchange(
        id=id,
        conversation_id=conversation_id,
        utterance="hi",
        language="en",
        outcome="answered",
        rule="test",
        confidence=0.5,
        created_at=now(),
        **empty,
    )
