"""The dashboard over HTTP: filters, the alarm, rows behind figures, files."""

from datetime import timedelta

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import delete, insert, select, update

from bot.access.principals import Role
from bot.db.base import new_id, now
from bot.db.conversation_tables import Exchange
from bot.db.engine import Database
from bot.db.knowledge_tables import Label, LabelSource, Verdict
from bot.db.quality_tables import AuditDraw
from bot.figures.counting import count_traffic
from bot.releases import repository as releases
from bot.review.audits import LAPSES
from tests.bot.quality.traffic import judged_traffic
from tests.fixtures.operators import OpenDesk


@pytest.fixture
async def asked(app: FastAPI, client: httpx.AsyncClient, database: Database) -> str:
    """Thirty messages that were answered, and one that begins like a formula; the id of the last exchange."""
    begun = (await client.post("/v1/conversations", json={"language": "en"})).json()
    headers = {"Authorization": f"Bearer {begun['visitor_token']}"}
    last = ""
    for text in ["Where is my invoice?"] * 27 + ["=cmd|x <b>"]:
        path = f"/v1/conversations/{begun['conversation_id']}/messages"
        last = (await client.post(path, json={"text": text}, headers=headers)).json()["id"]
    vote = {"rating": "down", "reason": "wrong_answer"}
    assert (await client.post(f"/v1/exchanges/{last}/feedback", json=vote, headers=headers)).status_code < 300
    await count_traffic(database)
    return last


async def test_figures_rows_and_files(open_desk: OpenDesk, asked: str) -> None:
    desk = await open_desk(Role.VIEWER)

    shown = (await desk.get("/dashboard")).text
    rows = (await desk.get("/dashboard/messages")).text
    rest = await desk.get("/dashboard/messages", params={"cursor": rows.split("cursor=")[-1].split('"')[0]})
    down = (await desk.get("/dashboard/messages", params={"rating": "down"})).text
    file = await desk.get("/dashboard/messages", params={"rating": "down", "file": "true"})
    days = (await desk.get("/dashboard/days.csv")).text

    assert "28 messages, 28 of them questions" in shown
    assert "data-chart" in shown
    assert rows.count("data-row") == 25
    assert rest.text.count("data-row") == 3
    assert down.count("data-row") == 1
    assert "=cmd|x &lt;b&gt;" in down
    assert ",'=cmd|x <b>," in file.text
    assert file.headers["content-disposition"] == 'attachment; filename="messages.csv"'
    assert days.startswith("\ufeffday,answered,asked_back,handed_over\r\n")
    assert len(days.splitlines()) == 29


async def test_stages_of_a_reply_and_reasons_are_named_in_the_language_of_the_page(
    open_desk: OpenDesk, client: httpx.AsyncClient, database: Database
) -> None:
    begun = (await client.post("/v1/conversations", json={"language": "en"})).json()
    path = f"/v1/conversations/{begun['conversation_id']}"
    headers = {"Authorization": f"Bearer {begun['visitor_token']}"}
    for text in ("Where is my invoice?", "let me talk to a person"):
        await client.post(f"{path}/messages", json={"text": text}, headers=headers)
    other = (await client.post("/v1/conversations", json={"language": "en"})).json()
    headers = {"Authorization": f"Bearer {other['visitor_token']}"}
    path = f"/v1/conversations/{other['conversation_id']}"
    await client.post(f"{path}/messages", json={"text": "hello"}, headers=headers)
    await client.post(f"{path}/handoff", json={}, headers=headers)
    await count_traffic(database)
    desk = await open_desk(Role.VIEWER)

    chinese = (await desk.get("/dashboard", headers={"Accept-Language": "zh"})).text
    english = (await desk.get("/dashboard", headers={"Accept-Language": "en"})).text

    for stage in ("理解消息", "语义检索", "关键词检索", "总计"):
        assert f'<th scope="row">{stage}</th>' in chinese
    for stage in ("encode", "search", "lexical", "total"):
        assert f'<th scope="row">{stage}</th>' not in chinese + english
    for named, page in (("asked for a person (", english), ("访客要求转人工（", chinese)):
        assert len({part.split("<")[0] for part in page.split(named)[1:]}) == 2


async def test_handoffs_open_by_their_reason(
    open_desk: OpenDesk, client: httpx.AsyncClient, database: Database, app: FastAPI
) -> None:
    desk = await open_desk(Role.VIEWER)
    begun = (await client.post("/v1/conversations", json={"language": "en"})).json()
    headers = {"Authorization": f"Bearer {begun['visitor_token']}"}
    path = f"/v1/conversations/{begun['conversation_id']}"
    await client.post(f"{path}/messages", json={"text": "hello"}, headers=headers)
    asked = await client.post(f"{path}/handoff", json={"reason": "my own words"}, headers=headers)
    assert asked.status_code < 300
    await count_traffic(database)

    shown = (await desk.get("/dashboard")).text
    rows = (await desk.get("/dashboard/handoffs", params={"reason": "visitor_asked"})).text
    others = (await desk.get("/dashboard/handoffs", params={"reason": "nothing_close"})).text

    assert "reason=visitor_asked" in shown
    assert f"/console/inbox/{asked.json()['id']}" in rows
    assert "/console/inbox/hnd" not in others


async def test_filters_narrow_and_wrong_ones_are_refused(open_desk: OpenDesk, asked: str) -> None:
    desk = await open_desk(Role.VIEWER)

    async def said(**query: str) -> str:
        return (await desk.get("/dashboard", params=query)).text

    assert "0 messages" in await said(language="zh")
    assert "0 messages" in await said(release="rel_other")
    assert "0 messages" in await said(first="2020-01-01", last="2020-01-31")
    for query in ({"first": "x"}, {"first": "2026-01-02", "last": "2026-01-01"}, {"first": "2000-01-01"}):
        assert (await desk.get("/dashboard", params=query)).status_code == 422
    assert (await desk.get("/dashboard/messages", params={"outcome": "x"})).status_code == 422


async def test_what_people_judged_is_shown_and_raises_no_alarm_as_it_was_not_drawn_by_lot(
    open_desk: OpenDesk, asked: str, database: Database, knowledge: dict[str, str]
) -> None:
    desk = await open_desk(Role.VIEWER)
    assert "Nobody has judged" in (await desk.get("/dashboard")).text
    async with database.write() as session:
        await session.execute(update(Exchange).values(outcome="answered", confidence=0.93))
        row = (await session.execute(select(Exchange.__table__).where(Exchange.id == asked))).mappings().one()
        copies = [{**row, "id": new_id("exc")} for _ in range(23)]
        await session.execute(insert(Exchange.__table__), copies)
        for place, exchange in enumerate([asked, *(copy["id"] for copy in copies)]):
            right = place < 12
            session.add(
                Label(
                    id=new_id("lbl"),
                    utterance="x",
                    folded="x",
                    language="en",
                    answer_id=knowledge["invoice"],
                    out_of_scope=False,
                    source=LabelSource.OPERATOR,
                    verdict=Verdict.RIGHT if right else Verdict.OTHER_ANSWER,
                    given_by="key:test",
                    exchange_id=exchange,
                )
            )

    shown = (await desk.get("/dashboard")).text

    assert "Alarm" not in shown
    assert '<td class="number">50.0 %</td>' in shown
    assert '<th scope="row">93.0 %</th>' in shown


async def test_alarm_is_given_when_more_of_what_was_drawn_is_wrong_than_promised(
    open_desk: OpenDesk, asked: str, database: Database, knowledge: dict[str, str]
) -> None:
    desk = await open_desk(Role.VIEWER)
    assert "Alarm" not in (await desk.get("/dashboard")).text
    async with database.read() as session:
        _, promoted = await releases.promoted(session)
    assert promoted is not None
    async with database.write() as session:  # what the service has drawn by now would wait, and all behind it
        await session.execute(delete(AuditDraw))
    await judged_traffic(database, promoted.release.id, knowledge["invoice"], known=15, unknown=15)
    given = {"text": "", "language": "en", "parts": [{"text": "", "answer_id": knowledge["invoice"]}]}
    async with database.write() as session:
        drawn = select(AuditDraw.exchange_id)
        answered = update(Exchange).where(Exchange.id.in_(drawn)).values(outcome="answered", reply=given)
        await session.execute(answered)

    shown = (await desk.get("/dashboard")).text

    assert (
        "Alarm, All languages: of the answers drawn by lot 50.0 % are wrong; at most 10.0 % are promised."
        in shown
    )
    assert "Alarm, English: of the answers drawn by lot 50.0 % are wrong" in shown


async def test_too_many_drawn_questions_that_nobody_judged_are_told(
    open_desk: OpenDesk, asked: str, database: Database
) -> None:
    """An alarm takes them for answered rightly, so that its silence says little."""
    desk = await open_desk(Role.VIEWER)
    async with database.read() as session:
        _, promoted = await releases.promoted(session)
    assert promoted is not None
    async with database.write() as session:
        await session.execute(delete(AuditDraw))
        row = {"exchange_id": asked, "release_id": promoted.release.id, "population": 1}
        await session.execute(insert(AuditDraw).values(**row, drawn_at=now()))
    assert "drawn by lot were not judged" not in (await desk.get("/dashboard")).text
    async with database.write() as session:
        await session.execute(update(AuditDraw).values(drawn_at=now() - LAPSES - timedelta(hours=1)))

    shown = (await desk.get("/dashboard")).text

    assert "1 of the 1 questions drawn by lot were not judged within 14 days." in shown
    assert "Alarm," not in shown
