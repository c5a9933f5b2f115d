"""Documents in the console: finding, reading, deciding; and what came before."""

from pathlib import Path

import pytest
from fastapi import FastAPI

from bot.access.principals import Role
from bot.db.engine import Database
from bot.settings import Settings
from bot.sources.repository import DocumentFilter, documents_after
from tests.bot.imports.importing import bring_in
from tests.fixtures.operators import OpenDesk

PAGE = "# Delivery <b>now</b>\n\nWe deliver within two days.\n\n## Where & when\n\nWe deliver to Austria.\n"


@pytest.fixture
async def address(app: FastAPI, database: Database, tiny_settings: Settings, tmp_path: Path) -> str:
    """Of an approved document with a change that waits."""
    for text, approve in ((PAGE, True), (PAGE.replace("two days", "three days"), False)):
        (tmp_path / "delivery.md").write_text(text)
        await bring_in(database, tiny_settings, tmp_path / "delivery.md", approve=approve)
    async with database.read() as session:
        [document] = await documents_after(session, DocumentFilter(), after=None, limit=5)
    return f"/knowledge/documents/{document.id}"


async def test_document_is_found_and_read_section_by_section(address: str, open_desk: OpenDesk) -> None:
    desk = await open_desk(Role.VIEWER)

    assert f'href="/console{address}"' in (await desk.get("/knowledge/documents?q=DELIVERY")).text
    assert address not in (await desk.get("/knowledge/documents?q=returns")).text
    assert address not in (await desk.get("/knowledge/documents?state=retired")).text
    shown = (await desk.get(address)).text
    assert "Delivery now › Where &amp; when</h3>" in shown
    assert "We deliver within two days." in shown
    assert "three days" not in shown
    assert '<form method="post" action="/console' + address not in shown, "a viewer decides nothing"
    waiting = (await desk.get(f"{address}/versions/2")).text
    assert "We deliver within three days." in waiting
    assert (await desk.get(f"{address}/versions/9")).status_code == 404
    assert (await desk.post(f"{address}/pending", {"version": "2", "verdict": "approve"})).status_code == 403


async def test_saving_dates_does_not_approve_what_waits(address: str, open_desk: OpenDesk) -> None:
    desk = await open_desk(Role.SUPERVISOR)
    dates = {"version": "1", "state": "approved", "valid_until": "2099-01-01T10:00"}

    saved = await desk.post(address, dates)
    stale = await desk.post(address, dates)

    assert (saved.status_code, stale.status_code) == (303, 409)
    shown = (await desk.get(address)).text
    assert 'value="2099-01-01T10:00"' in shown
    assert "We deliver within two days." in shown
    assert f"{address}/versions/2" in shown


async def test_waiting_change_is_approved_once_as_it_was_seen(address: str, open_desk: OpenDesk) -> None:
    desk = await open_desk(Role.SUPERVISOR)

    unseen = await desk.post(f"{address}/pending", {"version": "7", "verdict": "approve"})
    approved = await desk.post(f"{address}/pending", {"version": "2", "verdict": "approve"})
    twice = await desk.post(f"{address}/pending", {"version": "2", "verdict": "approve"})

    assert (unseen.status_code, approved.status_code, twice.status_code) == (409, 303, 409)
    assert "We deliver within three days." in (await desk.get(address)).text


async def test_document_is_retired(address: str, open_desk: OpenDesk) -> None:
    desk = await open_desk(Role.SUPERVISOR)

    retired = await desk.post(address, {"version": "1", "state": "retired"})

    assert retired.status_code == 303
    assert address in (await desk.get("/knowledge/documents?state=retired")).text
