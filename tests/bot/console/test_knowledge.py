"""Answers in the console: finding, changing, trying, importing; and what came before."""

import re

import pytest
from fastapi import FastAPI
from sqlalchemy import select

from bot.access.principals import Role
from bot.db.access_tables import AuditEntry
from bot.db.engine import Database
from bot.knowledge.differing import Piece, differences
from bot.knowledge.repository import versions_of
from tests.fixtures.operators import OpenDesk

NEW = {
    "text": "We repair umbrellas.",
    "language": "en",
    "questions": "Do you repair umbrellas?\n\nMy umbrella is <broken>",
    "state": "approved",
    "tags": "repair, 雨伞",
    "valid_from": "2026-01-02T03:04",
}


def words(pieces: list[Piece]) -> str:
    marks = {"same": "{}", "gone": "[-{}]", "new": "[+{}]"}
    return "".join(marks[piece.kind].format(piece.text) for piece in pieces)


def test_differences_are_words_in_english_and_characters_in_chinese() -> None:
    assert words(differences("Within two days.", "Within three days.")) == "Within [-two][+three] days."
    assert (
        words(differences("三十天内可以退货。", "四十天内可以退货！")) == "[-三][+四]十天内可以退货[-。][+！]"
    )
    assert differences("", "") == []


def test_long_texts_are_compared_line_by_line() -> None:
    lines = [f"line {n} of many\n" for n in range(2_000)]
    told = words(differences("".join(lines), "".join([*lines[:-1], "other\n"])))

    assert told == "".join(lines[:-1]) + "[-line 1999 of many\n][+other\n]"


async def test_answer_is_found_by_words_state_and_language(
    open_desk: OpenDesk, knowledge: dict[str, str], app: FastAPI
) -> None:
    desk = await open_desk(Role.VIEWER)

    async def found(**query: str) -> set[str]:
        shown = (await desk.get("/knowledge", params=query)).text
        return {name for name, id in knowledge.items() if f"/knowledge/{id}" in shown}

    assert await found() == {"delivery", "returns", "invoice"}
    assert await found(q="bill for my") == {"invoice"}
    assert await found(q="thirty") == {"returns"}
    assert await found(language="zh") == {"delivery", "returns"}
    assert await found(state="draft") == set()
    assert await found(state="", language="", q="") == {"delivery", "returns", "invoice"}
    assert await found(q="100%") == set()
    assert "/knowledge/new" not in (await desk.get("/knowledge")).text


async def test_answer_is_made_changed_and_its_versions_tell(
    open_desk: OpenDesk, database: Database, app: FastAPI
) -> None:
    desk = await open_desk(Role.SUPERVISOR)
    await desk.post("/account/preferences", {"time_zone": "Asia/Shanghai"})

    made = await desk.post("/knowledge", NEW)
    address = made.headers["location"].removeprefix("/console")
    shown = (await desk.get(address)).text
    change = {**NEW, "text": "We repair all umbrellas.", "version": "1", "valid_until": "2030-01-01T00:00"}
    del change["questions"]
    saved = await desk.post(address, change)
    stale = await desk.post(address, {**change, "text": "lost"})

    assert (made.status_code, saved.status_code, stale.status_code) == (303, 303, 409)
    assert "My umbrella is &lt;broken&gt;" in shown
    assert 'value="2026-01-02T03:04"' in shown
    assert "somebody changed this answer meanwhile" in stale.text
    assert ">lost</textarea>" in stale.text, "nothing has to be typed again"
    diff = (await desk.get(f"{address}/versions/2")).text
    assert "We repair <ins>all </ins>umbrellas." in diff
    async with database.read() as session:
        rows = await versions_of(session, address.split("/")[-1])
        actions = (await session.execute(select(AuditEntry.action).order_by(AuditEntry.id))).scalars().all()
    assert rows[1].content["valid_from"] == "2026-01-01T19:04:00+00:00"
    assert [action for action in actions if action.endswith("_answer")] == ["create_answer", "change_answer"]


async def test_dates_at_the_end_of_time_are_shown_and_refused_in_words(
    open_desk: OpenDesk, database: Database, app: FastAPI
) -> None:
    desk = await open_desk(Role.SUPERVISOR)
    for_ever = {**NEW, "valid_until": "9999-12-31T23:59"}
    address = (await desk.post("/knowledge", for_ever)).headers["location"].removeprefix("/console")

    await desk.post("/account/preferences", {"time_zone": "Asia/Shanghai"})
    shown = await desk.get(address)
    await desk.post("/account/preferences", {"time_zone": "America/New_York"})
    refused = await desk.post(address, {**for_ever, "version": "1"})

    assert 'value="9999-12-31T23:59"' in shown.text
    assert (refused.status_code, "outside the years 1 to 9999" in refused.text) == (422, True)


async def test_question_that_leads_elsewhere_is_refused_until_it_may_be_replaced(
    open_desk: OpenDesk, knowledge: dict[str, str], app: FastAPI
) -> None:
    desk = await open_desk(Role.SUPERVISOR)
    taken = {**NEW, "questions": "Where is my invoice?"}

    refused = await desk.post("/knowledge", taken)
    replaced = await desk.post("/knowledge", {**taken, "replace": "true"})
    shown = (await desk.get(f"/knowledge/{knowledge['invoice']}")).text

    assert (refused.status_code, replaced.status_code) == (409, 303)
    assert 'name="replace"' in refused.text
    assert "We repair umbrellas.</textarea>" in refused.text
    assert "Where is my invoice?" not in shown


async def test_questions_are_added_and_removed(
    open_desk: OpenDesk, knowledge: dict[str, str], app: FastAPI
) -> None:
    desk = await open_desk(Role.SUPERVISOR)
    address = f"/knowledge/{knowledge['invoice']}"

    await desk.post(f"{address}/questions", {"text": "Send me the bill"})
    shown = (await desk.get(address)).text
    ids = re.findall(r"/questions/(qst_\w+)/remove", shown)
    assert "Send me the bill" in shown
    await desk.post(f"{address}/questions/{ids[-1]}/remove")

    assert "Send me the bill" not in (await desk.get(address)).text
    assert (await desk.post(f"{address}/questions/{ids[-1]}/remove")).status_code == 404


async def test_hints_name_what_says_or_asks_nearly_the_same(
    open_desk: OpenDesk, knowledge: dict[str, str], app: FastAPI
) -> None:
    desk = await open_desk(Role.SUPERVISOR)
    written = {"text": "Parcels arrive within two working days!", "questions": "Can I return something"}

    hints = (await desk.post("/knowledge/hints", written)).text
    own = (await desk.post("/knowledge/hints", {**written, "answer_id": knowledge["delivery"]})).text

    assert f"/knowledge/{knowledge['delivery']}" in hints
    assert f"/knowledge/{knowledge['returns']}" in hints
    assert f"/knowledge/{knowledge['delivery']}" not in own
    assert "<a" not in (await desk.post("/knowledge/hints", {"text": " "})).text


async def test_trial_says_which_of_last_weeks_questions_change_and_changes_nothing(
    open_desk: OpenDesk, knowledge: dict[str, str], app: FastAPI, client
) -> None:
    desk = await open_desk(Role.SUPERVISOR)
    begun = (await client.post("/v1/conversations", json={"language": "en"})).json()
    headers = {"Authorization": f"Bearer {begun['visitor_token']}"}
    for text in ("Do you repair umbrellas?", "Do you repair umbrellas?", "Where is my invoice?"):
        sent = await client.post(
            f"/v1/conversations/{begun['conversation_id']}/messages", json={"text": text}, headers=headers
        )
        assert sent.status_code == 200

    tried = (await desk.post("/knowledge/try", NEW, headers={"HX-Request": "true"})).text
    retired = (
        await desk.post(
            "/knowledge/try",
            {"answer_id": knowledge["invoice"], "text": "Invoices are under My orders.", "state": "retired"},
        )
    ).text

    assert "Of the 2 most frequent messages of last week, 1 would get another reply." in tried
    assert '<td class="number">2</td>' in tried
    assert "We repair umbrellas." in tried
    assert "Where is my invoice?" in retired
    assert "<html" in retired, "without htmx it is a page"
    assert "umbrella" not in (await desk.get("/knowledge")).text


async def test_file_is_looked_at_brought_in_and_taken_out(open_desk: OpenDesk, app: FastAPI) -> None:
    desk = await open_desk(Role.SUPERVISOR)
    faq = "question,answer\nDo you sell tea?,We sell <green> tea.\nno answer,\n"
    upload = {"file": ("茶.csv", faq.encode())}

    plan = await desk.client.post(
        "/console/knowledge/imports", data={"csrf_token": desk.csrf_token, "approve": "true"}, files=upload
    )
    before = (await desk.get("/knowledge", params={"q": "tea"})).text
    assert plan.status_code == 200, plan.text[-900:]
    name = plan.text.split('name="upload" value="')[1].split('"')[0]
    done = await desk.post("/knowledge/imports/do", {"upload": name, "approve": "true"})
    again = await desk.post("/knowledge/imports/do", {"upload": name, "approve": "true"})
    batch = done.headers["location"].removeprefix("/console")
    after = (await desk.get("/knowledge", params={"q": "tea"})).text

    assert "Nothing is changed yet." in plan.text
    assert "&lt;green&gt;" not in before
    assert "We sell &lt;green&gt; tea." in after
    assert again.status_code == 404, "the file is gone once it was brought in"
    await desk.post(f"{batch}/undo")
    assert "Taken out: 1 questions, 1 answers" in (await desk.get(batch)).text
    assert (await desk.post(f"{batch}/undo")).status_code == 409


@pytest.mark.parametrize("name", ["upl_x", "../../etc", "upl_" + "0" * 32])
async def test_no_other_file_can_be_named(open_desk: OpenDesk, app: FastAPI, name: str) -> None:
    desk = await open_desk(Role.SUPERVISOR)

    assert (await desk.post("/knowledge/imports/do", {"upload": name})).status_code == 404
