"""Lists are paged by cursor: while rows arrive, each row that was there is shown once."""

import html
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi import FastAPI

from bot.access.principals import Role
from bot.db.access_tables import DEFAULT_SITE_ID, Site
from bot.db.base import Base, new_id
from bot.db.conversation_tables import Conversation, Handoff
from bot.db.engine import Database
from bot.db.knowledge_tables import Answer, AnswerText
from bot.db.training_tables import TrainingRun
from tests.fixtures.operators import Desk, OpenDesk

MADE = 60
BOT = Path(__file__).parents[3] / "bot"


def answer() -> tuple[str, list[Base]]:
    id = new_id("ans")
    text = AnswerText(answer_id=id, language="en", text="Within two days.", text_hash=id, revision=0)
    return id, [Answer(id=id, tags=[], state="approved", revision=0), text]


def handoff() -> tuple[str, list[Base]]:
    id, talk = new_id("hnd"), new_id("cnv")
    conversation = Conversation(
        id=talk, site_id=DEFAULT_SITE_ID, channel="api", state="bot", details={}, language="en"
    )
    return id, [conversation, Handoff(id=id, conversation_id=talk, reason="nothing_close", state="missed")]


def run() -> tuple[str, list[Base]]:
    id = new_id("trn")
    return id, [
        TrainingRun(
            id=id, trigger="manual", requested_by="cli", state="done", options={}, slot=None, log_path="x"
        )
    ]


def site() -> tuple[str, list[Base]]:
    key = new_id("ks")
    return key, [Site(id=new_id("ste"), public_key=key, name="Shop")]


@pytest.fixture
def app(empty_app: FastAPI) -> FastAPI:
    return empty_app


@pytest.mark.parametrize(
    ("list_path", "make"),
    [("/knowledge", answer), ("/inbox", handoff), ("/training", run), ("/settings/sites", site)],
)
async def test_each_row_is_shown_once_while_others_arrive(
    open_desk: OpenDesk, app: FastAPI, list_path: str, make: Callable[[], tuple[str, list[Base]]]
) -> None:
    database: Database = app.state.parts.database
    desk = await open_desk(Role.ADMIN)
    ids = [await put(database, make) for _ in range(MADE)]

    shown = await walk(desk, list_path, database, make)

    assert {id: shown[id] for id in ids} == dict.fromkeys(ids, 1)


async def walk(
    desk: Desk, list_path: str, database: Database, make: Callable[[], tuple[str, list[Base]]]
) -> Counter[str]:
    """How often each row was on a page; before each further page another row arrives."""
    shown: Counter[str] = Counter()
    query = ""
    while True:
        page = (await desk.get(list_path + query)).text
        shown.update(set(re.findall(rf'href="/console{list_path}/([a-z]+_[0-9a-f]+)"', page)))
        following = re.search(r'rel="next" href="([^"]*)"', page)
        if following is None:
            return shown
        query = html.unescape(following[1])
        await put(database, make)


async def put(database: Database, make: Callable[[], tuple[str, list[Base]]]) -> str:
    id, rows = make()
    async with database.write() as session:
        for row in rows:
            session.add(row)
            await session.flush()
    return id


def test_no_list_passes_rows_over_by_counting_them() -> None:
    """OFFSET stands where it is bounded: to find where a page stops looking, to draw by lot, among decisions that a cursor pins."""
    counted = {
        str(path.relative_to(BOT))
        for path in BOT.rglob("*.py")
        if re.search(r"\.offset\(|OFFSET ", path.read_text(encoding="utf-8"))
    }

    assert counted == {
        "experiments/service.py",
        "figures/rows.py",
        "review/audit_repository.py",
        "shadowing/repository.py",
    }
