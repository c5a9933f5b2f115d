"""Answering customers in the console, as a browser without JavaScript does it."""

import asyncio
import re

import httpx
import pytest
from sqlalchemy import select

from bot.access.principals import Role
from bot.db.access_tables import AuditEntry
from bot.db.engine import Database
from bot.db.inbox_tables import ConversationNote, SuggestionUse
from tests.fixtures.operators import Desk, OpenDesk
from tests.fixtures.services import Talk, start_talk

QUESTION = "umbrella <i>repair</i> invoice"
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
async def desk(open_desk: OpenDesk) -> Desk:
    return await open_desk(Role.OPERATOR, name="Ana")


@pytest.fixture
async def waiting(client: httpx.AsyncClient) -> Talk:
    """Somebody who has asked something and then for a person."""
    talk = await start_talk(client)
    await talk.say(QUESTION)
    asked = await client.post(f"/v1/conversations/{talk.id}/handoff", headers=talk.headers)
    assert asked.status_code == 200, asked.text
    return talk


async def handoff_of(desk: Desk) -> str:
    return re.search(r"/console/inbox/(hnd_[0-9a-f]+)", (await desk.get("/inbox")).text)[1]


async def uses(database: Database) -> list[tuple[str, int, str]]:
    async with database.read() as session:
        rows = (await session.execute(select(SuggestionUse).order_by(SuggestionUse.id))).scalars()
        return [(row.answer_id, row.place, row.use) for row in rows]


async def actions(database: Database) -> list[str]:
    async with database.read() as session:
        rows = (await session.execute(select(AuditEntry).order_by(AuditEntry.id))).scalars()
        return [row.action for row in rows if row.actor.startswith("operator:") and row.action != "log_in"]


async def test_who_waits_is_listed_with_their_question(desk: Desk, waiting: Talk) -> None:
    page = (await desk.get("/inbox")).text

    assert "umbrella &lt;i&gt;repair&lt;/i&gt; invoice" in page
    assert "<i>" not in page
    assert '<span class="tag waiting">waiting</span>' in page
    assert "<html" not in (await desk.get("/inbox/list")).text


async def test_whole_story_take_reply_hand_back(desk: Desk, waiting: Talk, database: Database) -> None:
    handoff = await handoff_of(desk)
    assert "Take over to reply." in (await desk.get(f"/inbox/{handoff}")).text

    await desk.post(f"/inbox/{handoff}/take")
    assert "You talk with this customer; the bot is silent." in (await desk.get(f"/inbox/{handoff}")).text
    await waiting.say("hello?")
    await desk.post(f"/inbox/{handoff}/reply", {"text": "We repair it."})
    page = (await desk.get(f"/inbox/{handoff}")).text
    assert page.index("hello?") < page.index("We repair it.")
    said = [(m["role"], m["text"]) for m in await waiting.messages()]
    assert ("agent", "We repair it.") in said
    assert said[-2] == ("customer", "hello?")
    ended = await desk.post(f"/inbox/{handoff}/hand-back")

    assert ended.headers["location"] == "/console/inbox"
    assert "Nobody waits for a person." in (await desk.get("/inbox")).text
    assert await actions(database) == ["handoff_take", "agent_reply", "handoff_hand_back"]


async def test_conversation_is_closed(desk: Desk, waiting: Talk) -> None:
    handoff = await handoff_of(desk)

    await desk.post(f"/inbox/{handoff}/close")

    assert handoff in (await desk.get("/inbox?state=closed")).text
    assert "This handoff has ended." in (await desk.get(f"/inbox/{handoff}")).text


async def test_of_two_who_take_over_at_once_one_does(desk: Desk, open_desk: OpenDesk, waiting: Talk) -> None:
    other = await open_desk(Role.OPERATOR, name="Bo")
    handoff = await handoff_of(desk)

    taken = await asyncio.gather(*(each.post(f"/inbox/{handoff}/take") for each in (desk, other)))

    assert [response.status_code for response in taken] == [303, 303]
    pages = [(await each.get(f"/inbox/{handoff}")).text for each in (desk, other)]
    ((page, loser),) = [
        (page, d)
        for page, d in zip(pages, (desk, other), strict=True)
        if "It can&#39;t be taken over any more." in page
    ]
    assert "talks with this customer." in page
    assert 'id="reply"' not in page
    assert (await loser.post(f"/inbox/{handoff}/reply", {"text": "Me, too!"})).status_code == 409


async def test_suggestions_are_used_changed_or_put_aside_and_that_is_kept(
    desk: Desk, waiting: Talk, database: Database
) -> None:
    handoff = await handoff_of(desk)
    await desk.post(f"/inbox/{handoff}/take")
    page = (await desk.get(f"/inbox/{handoff}")).text
    suggested = re.findall(r'data-use="(ans_[0-9a-f]+)" data-place="(\d)"', page)
    assert [place for _, place in suggested] == ["1", "2", "3"]
    first, second, third = (answer_id for answer_id, _ in suggested)

    rejected = await desk.post(f"/inbox/{handoff}/reject", {"answer_id": third, "place": "3"})
    assert rejected.status_code == 303
    assert third not in (await desk.get(f"/inbox/{handoff}/suggestions")).text
    used = (await desk.get(f"/inbox/{handoff}?use={first}")).text
    text = re.search(r"data-sends[^>]*>([^<]+)</textarea>", used)[1]
    await desk.post(f"/inbox/{handoff}/reply", {"text": text, "answer_id": first, "place": "1"})
    await desk.post(f"/inbox/{handoff}/reply", {"text": "Otherwise.", "answer_id": second, "place": "2"})

    assert await uses(database) == [(third, 3, "rejected"), (first, 1, "accepted"), (second, 2, "edited")]
    assert "suggestion_accepted" in await actions(database)


async def test_form_that_is_sent_twice_counts_once(desk: Desk, waiting: Talk, database: Database) -> None:
    handoff = await handoff_of(desk)
    await desk.post(f"/inbox/{handoff}/take")
    page = (await desk.get(f"/inbox/{handoff}")).text
    replying, noting = re.findall(r'name="form_key" value="([^"]+)"', page)
    assert replying != noting

    sent = {"text": "We repair it.", "form_key": replying}
    twice = await asyncio.gather(*(desk.post(f"/inbox/{handoff}/reply", sent) for _ in range(2)))
    assert [response.status_code for response in twice] == [303, 303]
    for _ in range(2):
        await desk.post(f"/inbox/{handoff}/notes", {"text": "A regular.", "form_key": noting})
    await desk.post(f"/inbox/{handoff}/reply", sent | {"text": "It takes a week."})

    said = [message["text"] for message in await waiting.messages() if message["role"] == "agent"]
    assert said == ["We repair it.", "It takes a week."]
    assert (await desk.get(f"/inbox/{handoff}")).text.count("A regular.") == 1


async def test_refused_form_can_be_sent_again(desk: Desk, waiting: Talk) -> None:
    handoff = await handoff_of(desk)
    sent = {"text": "We repair it.", "form_key": "one"}
    other = await desk.post(f"/inbox/{handoff}/reply", {"text": " ", "form_key": "one"})
    assert other.status_code == 422

    for _ in range(2):
        assert (await desk.post(f"/inbox/{handoff}/reply", sent)).status_code == 303
    said = [message["text"] for message in await waiting.messages() if message["role"] == "agent"]
    assert said == ["We repair it."]


async def test_stars_and_what_was_wrong_are_shown(
    desk: Desk, waiting: Talk, client: httpx.AsyncClient
) -> None:
    handoff = await handoff_of(desk)
    assert "of 5 stars" not in (await desk.get(f"/inbox/{handoff}")).text
    rating = {"stars": 2, "comment": "<b>slow</b>"}
    await client.post(f"/v1/conversations/{waiting.id}/rating", json=rating, headers=waiting.headers)
    page = (await desk.get(f"/inbox/{handoff}")).text
    assert "2 of 5 stars" in page
    assert "&lt;b&gt;slow&lt;/b&gt;" in page

    exchange = next(message["exchange_id"] for message in await waiting.messages() if message["exchange_id"])
    vote = {"rating": "down", "reason": "outdated"}
    await client.post(f"/v1/exchanges/{exchange}/feedback", json=vote, headers=waiting.headers)
    assert "What was wrong: out of date (1)" in (await desk.get(f"/review/exchanges/{exchange}")).text


async def test_notes_are_for_operators_and_go_with_the_conversation(
    desk: Desk, waiting: Talk, client: httpx.AsyncClient, database: Database
) -> None:
    handoff = await handoff_of(desk)

    await desk.post(f"/inbox/{handoff}/notes", {"text": "Is a <b>regular</b>."})

    page = (await desk.get(f"/inbox/{handoff}")).text
    assert "Is a &lt;b&gt;regular&lt;/b&gt;." in page
    assert "regular" not in str(await waiting.messages())
    assert (await desk.post(f"/inbox/{handoff}/notes", {"text": "  "})).status_code == 422
    async with database.read() as session:
        note = (await session.execute(select(ConversationNote))).scalar_one()
    assert note.written_by == f"operator:{desk.operator_id}"


async def test_news_come_without_loading_the_page(desk: Desk, waiting: Talk, open_desk: OpenDesk) -> None:
    handoff = await handoff_of(desk)
    page = (await desk.get(f"/inbox/{handoff}")).text
    poll = re.search(r'hx-get="/console(/inbox/hnd_[^"]+/messages[^"]+)"', page)[1].replace("&amp;", "&")

    assert (await desk.get(poll)).status_code == 204
    other = await open_desk(Role.OPERATOR, name="Bo")
    await other.post(f"/inbox/{handoff}/take")
    await waiting.say("anybody there?")
    news = await desk.get(poll)

    assert news.status_code == 200
    assert "anybody there?" in news.text
    assert QUESTION[:8] not in news.text, "what is known is not sent again"
    assert "Bo talks with this customer." in news.text
    assert 'hx-swap-oob="true"' in news.text
    assert news.headers["hx-trigger"] == "asked"


async def test_viewer_reads_along(open_desk: OpenDesk, waiting: Talk, database: Database) -> None:
    viewer = await open_desk(Role.VIEWER)
    handoff = await handoff_of(viewer)

    page = (await viewer.get(f"/inbox/{handoff}")).text

    assert "umbrella" in page
    assert '<button class="main" data-key="t">' not in page
    for step in ("take", "hand-back", "close", "reply", "notes"):
        assert (await viewer.post(f"/inbox/{handoff}/{step}", {"text": "x"})).status_code == 403
    assert await actions(database) == []


async def test_unknown_handoff_is_a_page(desk: Desk) -> None:
    assert (await desk.get("/inbox/hnd_unknown")).status_code == 404
    assert (await desk.post("/inbox/hnd_unknown/take")).status_code == 404
    assert (await desk.get("/inbox?cursor=!")).status_code == 422
