"""/v1/documents through HTTP, on both databases."""

import asyncio

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select

from bot.access.principals import Scope
from bot.answering.knowledge_lookup import servable_sections
from bot.db.access_tables import AuditEntry
from bot.db.engine import Database

PAGE = "# Delivery\n\nWe deliver within two days.\n\n## Abroad\n\nWe deliver to Austria.\n"
CHANGED = PAGE.replace("two days", "three days")


@pytest.fixture
async def writer(new_key) -> dict[str, str]:
    return await new_key(Scope.WRITE)


async def upload(
    client: httpx.AsyncClient,
    key: dict[str, str],
    content: str | bytes,
    *,
    name: str = "delivery.md",
    **fields: str,
) -> httpx.Response:
    body = content.encode() if isinstance(content, str) else content
    return await client.post("/v1/imports", files={"file": (name, body)}, data=fields, headers=key)


async def only_document(client: httpx.AsyncClient, key: dict[str, str]) -> dict[str, object]:
    listed = (await client.get("/v1/documents", headers=key)).json()
    [document] = listed["items"]
    found: dict[str, object] = (await client.get(f"/v1/documents/{document['id']}", headers=key)).json()
    return found


def searched(app: FastAPI) -> set[str]:
    """Texts of the sections that this process searches."""
    serving = app.state.parts.follower.serving
    return {section.record.text for section in serving.engine.retriever.view.sources.sections.values()}


async def test_uploaded_document_is_approved_searched_and_retired_as_a_whole(
    app: FastAPI, client: httpx.AsyncClient, writer: dict[str, str]
) -> None:
    imported = await upload(client, writer, PAGE)
    assert (imported.status_code, imported.json()["format"], imported.json()["new"]) == (201, "documents", 1)
    document = await only_document(client, writer)
    assert (document["state"], document["key"], document["title"]) == ("draft", "delivery.md", "Delivery")
    assert [(s["heading"], s["text"]) for s in document["sections"]] == [
        ([], "We deliver within two days."), (["Abroad"], "We deliver to Austria."),
    ]  # fmt: skip
    assert searched(app) == set()

    address = f"/v1/documents/{document['id']}"
    approved = await client.patch(address, json={"state": "approved"}, headers=writer)
    assert (approved.status_code, approved.json()["state"], approved.json()["version"]) == (
        200,
        "approved",
        2,
    )
    assert searched(app) == {"We deliver within two days.", "We deliver to Austria."}

    again = await client.patch(address, json={"state": "approved"}, headers=writer)
    assert again.json()["version"] == 2

    retired = await client.patch(address, json={"state": "retired"}, headers=writer)
    assert retired.json()["state"] == "retired"
    assert searched(app) == set()
    states = [(version["version"], version["state"]) for version in retired.json()["versions"]]
    assert states == [(1, "draft"), (2, "approved"), (3, "retired")]


async def test_what_a_person_retired_stays_retired(client: httpx.AsyncClient, writer: dict[str, str]) -> None:
    await upload(client, writer, PAGE, approve="true")
    document = await only_document(client, writer)
    await client.patch(f"/v1/documents/{document['id']}", json={"state": "retired"}, headers=writer)

    same = await upload(client, writer, PAGE, approve="true")
    other = await upload(client, writer, CHANGED, approve="true")

    assert (same.json()["unchanged"], other.json()["conflicting"]) == (1, 1)
    assert (await only_document(client, writer))["state"] == "retired"


async def test_waiting_change_is_read_approved_or_dropped(
    app: FastAPI, client: httpx.AsyncClient, writer: dict[str, str]
) -> None:
    await upload(client, writer, PAGE, approve="true")
    await upload(client, writer, CHANGED)
    document = await only_document(client, writer)
    address = f"/v1/documents/{document['id']}"
    assert (document["version"], document["pending"]) == (1, 2)

    waiting = (await client.get(f"{address}/versions/2", headers=writer)).json()
    assert (waiting["state"], waiting["sections"][0]["text"]) == ("pending", "We deliver within three days.")

    dated = await client.patch(address, json={"valid_until": "2099-01-01T00:00:00Z"}, headers=writer)
    assert (dated.json()["version"], dated.json()["pending"]) == (3, 2)
    assert "We deliver within two days." in searched(app)

    approved = await client.patch(address, json={"state": "approved"}, headers=writer)
    assert (approved.json()["version"], approved.json()["pending"]) == (4, None)
    assert approved.json()["valid_until"] == "2099-01-01T00:00:00Z"
    assert searched(app) == {"We deliver within three days.", "We deliver to Austria."}

    await upload(client, writer, PAGE)
    dropped = await client.patch(address, json={"drop_pending": True}, headers=writer)
    assert dropped.json()["pending"] is None
    assert searched(app) == {"We deliver within three days.", "We deliver to Austria."}
    old = (await client.get(f"{address}/versions/1", headers=writer)).json()
    assert old["sections"][0]["text"] == "We deliver within two days."


async def test_dates_count_for_the_very_next_reply(
    database: Database, client: httpx.AsyncClient, writer: dict[str, str]
) -> None:
    await upload(client, writer, PAGE, approve="true")
    document = await only_document(client, writer)
    ids = [section["id"] for section in document["sections"]]
    address = f"/v1/documents/{document['id']}"
    wrong = {"valid_from": "2026-01-02T00:00:00Z", "valid_until": "2026-01-01T00:00:00Z"}
    refused = await client.patch(address, json=wrong, headers=writer)
    assert (refused.status_code, refused.json()["type"]) == (422, "urn:kefu:problem:invalid-input")

    ended = {"valid_from": None, "valid_until": "2026-01-01T00:00:00Z"}
    await client.patch(address, json=ended, headers=writer)

    assert await database.quick.read(lambda connection: servable_sections(connection, ids)) == {}
    await client.patch(address, json={"valid_until": None}, headers=writer)
    found = await database.quick.read(lambda connection: servable_sections(connection, ids))
    assert found.keys() == set(ids)


async def test_same_request_twice_makes_one_version_and_one_audit_entry(
    database: Database, client: httpx.AsyncClient, writer: dict[str, str]
) -> None:
    await upload(client, writer, PAGE)
    document = await only_document(client, writer)
    headers = {**writer, "Idempotency-Key": "approve-it-once"}
    for _ in range(2):
        await client.patch(f"/v1/documents/{document['id']}", json={"state": "approved"}, headers=headers)

    async with database.read() as session:
        statement = select(AuditEntry).where(AuditEntry.action == "change_document")
        entries = (await session.execute(statement)).scalars().all()
    assert [(entry.target, entry.details) for entry in entries] == [(document["id"], {"fields": ["state"]})]


async def test_two_imports_at_once_bring_a_document_in_once(
    client: httpx.AsyncClient, writer: dict[str, str]
) -> None:
    replies = await asyncio.gather(*(upload(client, writer, PAGE) for _ in range(4)))

    assert sorted(reply.status_code for reply in replies) == [200, 200, 200, 201]
    document = await only_document(client, writer)
    assert [version["version"] for version in document["versions"]] == [1]


async def test_documents_are_paged_and_filtered(client: httpx.AsyncClient, writer: dict[str, str]) -> None:
    for topic in ("delivery", "returns", "payment"):
        await upload(client, writer, f"# About {topic}\n\nText on {topic}.", name=f"{topic}.md")
    first = (await client.get("/v1/documents?limit=2", headers=writer)).json()
    second = (await client.get(f"/v1/documents?limit=2&cursor={first['next_cursor']}", headers=writer)).json()
    found = (await client.get("/v1/documents?q=RETURNS&state=draft&language=en", headers=writer)).json()

    assert [d["title"] for d in first["items"] + second["items"]] == [
        "About delivery", "About returns", "About payment",
    ]  # fmt: skip
    assert second["next_cursor"] is None
    assert [d["title"] for d in found["items"]] == ["About returns"]


async def test_scopes_and_missing_documents(client: httpx.AsyncClient, new_key) -> None:
    reader = await new_key(Scope.READ)
    missing = f"/v1/documents/doc_{'0' * 32}"

    assert (await client.get("/v1/documents")).status_code == 401
    assert (await client.patch(missing, json={"state": "approved"}, headers=reader)).status_code == 403
    assert (await client.get(missing, headers=reader)).status_code == 404
    assert (await client.get(f"{missing}/versions/1", headers=reader)).status_code == 404


async def test_refused_upload_says_why_and_leaves_nothing(
    client: httpx.AsyncClient, writer: dict[str, str]
) -> None:
    refused = await upload(client, writer, b"%PDF-1.7 broken", name="guide.pdf", approve="true")

    assert refused.status_code == 200
    assert refused.json()["batch_id"] is None
    [line] = refused.json()["rejected"]
    assert (line["line"], line["reason"].startswith("guide.pdf: is a broken PDF")) == (1, True)
    assert (await client.get("/v1/documents", headers=writer)).json()["items"] == []
