"""/v1/imports through HTTP, on both databases."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from bot.access.principals import Scope
from bot.settings import Settings
from tests.bot.knowledge.replies import best_match
from tests.fixtures.apps import started_app

FAQ = "question,answer\nDo you ship to Mars?,Not yet.\nWhat colours are there?,Red and blue.\n"
REPLY = "Shipping to Norway costs 12 euros and takes five working days."


@pytest.fixture
async def writer(new_key) -> dict[str, str]:
    return await new_key(Scope.WRITE)


@pytest.fixture
async def empty_app(tiny_settings: Settings) -> AsyncIterator[FastAPI]:
    """A service without any knowledge or release."""
    async with started_app(tiny_settings) as app:
        yield app


async def upload(
    client: httpx.AsyncClient,
    key: dict[str, str],
    content: str = FAQ,
    *,
    name: str = "faq.csv",
    **fields: str,
) -> httpx.Response:
    files = {"file": (name, content.encode())}
    return await client.post("/v1/imports", files=files, data=fields, headers=key)


async def test_approved_file_answers_at_once_and_undone_no_more(
    client: httpx.AsyncClient, writer: dict[str, str]
) -> None:
    imported = await upload(client, writer, approve="true")
    found = await best_match(client, writer, "Do you ship to Mars?")
    batch_id = imported.json()["batch_id"]
    undone = await client.post(f"/v1/imports/{batch_id}/undo", headers=writer)
    twice = await client.post(f"/v1/imports/{batch_id}/undo", headers=writer)

    assert imported.status_code == 201
    assert imported.json() == {
        "batch_id": batch_id, "format": "faq", "dry_run": False, "approved": True, "new": 2, "changed": 0,
        "unchanged": 0, "duplicate": 0, "conflicting": 0, "masked": 0, "masked_kinds": {}, "html": 0, "languages": {"en": 2},
        "rejected": [], "mined": None,
    }  # fmt: skip
    assert found is not None
    assert undone.json() == {
        "batch_id": batch_id, "questions": 2, "answers": 2, "restored": 0, "kept": 0, "dialogues": 0,
        "documents": 0, "documents_restored": 0, "documents_kept": 0,
    }  # fmt: skip
    assert await best_match(client, writer, "Do you ship to Mars?") is None
    assert twice.status_code == 409
    assert twice.json()["type"] == "urn:kefu:problem:conflict"


async def test_file_may_be_the_plain_body(client: httpx.AsyncClient, writer: dict[str, str]) -> None:
    reply = await client.post("/v1/imports?filename=faq.csv&dry_run=true", content=FAQ, headers=writer)

    assert reply.status_code == 200
    report = reply.json()
    assert (report["new"], report["dry_run"], report["batch_id"]) == (2, True, None)
    listed = await client.get("/v1/imports", headers=writer)
    assert listed.json() == {"items": [], "next_cursor": None}


async def test_imports_are_listed_the_newest_first_and_shown(
    client: httpx.AsyncClient, writer: dict[str, str]
) -> None:
    first = (await upload(client, writer)).json()
    second = (await upload(client, writer, "question,answer\nWhy?,Because.\n", name="../../why.csv")).json()

    page = (await client.get("/v1/imports?limit=1", headers=writer)).json()
    rest = (await client.get(f"/v1/imports?limit=1&cursor={page['next_cursor']}", headers=writer)).json()
    shown = (await client.get(f"/v1/imports/{first['batch_id']}", headers=writer)).json()
    missing = await client.get("/v1/imports/imp_nope", headers=writer)

    assert [batch["filename"] for batch in (*page["items"], *rest["items"])] == ["why.csv", "faq.csv"]
    assert page["items"][0]["id"] == second["batch_id"]
    assert rest["next_cursor"] is None
    assert shown == rest["items"][0]
    assert shown["report"] == first
    assert missing.status_code == 404


async def test_rejected_lines_are_told_by_number(client: httpx.AsyncClient, writer: dict[str, str]) -> None:
    report = (await upload(client, writer, FAQ + "only one column\n,\n")).json()

    assert report["new"] == 2
    assert [line["line"] for line in report["rejected"]] == [4]


@pytest.mark.parametrize(
    ("content", "name", "fields", "words"),
    [
        ("", "faq.csv", {}, "empty"),
        ("a,b\n1,2\n", "faq.csv", {}, "question, answer"),
        (FAQ, "faq.csv", {"format": "excel"}, "'excel'"),
        (FAQ, "faq.csv", {"dry_run": "perhaps"}, "perhaps"),
        (FAQ, "..", {}, "names no file"),
        ("\x00\x01" * 50, "faq.csv", {}, "binary"),
    ],
)
async def test_what_cant_be_imported_is_refused_and_leaves_nothing(
    client: httpx.AsyncClient,
    writer: dict[str, str],
    tiny_settings: Settings,
    content: str,
    name: str,
    fields: dict[str, str],
    words: str,
) -> None:
    refused = await upload(client, writer, content, name=name, **fields)

    assert (refused.status_code, refused.headers["content-type"]) == (422, "application/problem+json")
    assert words in refused.json()["detail"]
    assert [file for file in (tiny_settings.data_dir / "uploads").rglob("*") if file.is_file()] == []


async def test_request_without_file_or_name_says_what_to_send(
    client: httpx.AsyncClient, writer: dict[str, str]
) -> None:
    form = await client.post("/v1/imports", data={"dry_run": "true"}, files={"other": b"x"}, headers=writer)
    body = await client.post("/v1/imports", content=FAQ, headers=writer)

    assert (form.status_code, body.status_code) == (422, 422)
    assert "'file'" in form.json()["detail"]
    assert "?filename=" in body.json()["detail"]


async def test_uploads_are_taken_away_after_the_import(
    client: httpx.AsyncClient, writer: dict[str, str], tiny_settings: Settings
) -> None:
    await upload(client, writer)

    assert list((tiny_settings.data_dir / "uploads").iterdir()) == []


async def test_repeated_request_imports_once_though_its_boundary_differs(
    client: httpx.AsyncClient, writer: dict[str, str]
) -> None:
    once = {**writer, "Idempotency-Key": "import-1"}

    first, second = await upload(client, once), await upload(client, once)
    other = await upload(client, once, FAQ + "And you?,Me too.\n")

    assert first.status_code == second.status_code == 201
    assert first.json() == second.json()
    assert other.status_code == 422
    assert other.json()["type"] == "urn:kefu:problem:idempotency-key-reused"


async def test_only_writing_keys_import(client: httpx.AsyncClient, new_key) -> None:
    reader = await new_key(Scope.READ)

    assert (await upload(client, reader)).status_code == 403
    assert (await upload(client, {})).status_code == 401
    assert (await client.get("/v1/imports", headers=reader)).status_code == 200


def dialogue(number: int, question: str) -> str:
    turns = [("customer", question), ("agent", REPLY), ("customer", "great, thanks"), ("agent", "Bye!")]
    listed = [{"role": role, "text": text} for role, text in turns]
    return json.dumps({"conversation_id": f"c-{number}", "turns": listed})


async def test_mined_answers_are_drafts_with_their_sources_until_approved(
    client: httpx.AsyncClient, writer: dict[str, str]
) -> None:
    asked = "What does shipping to Norway cost?"
    file = f"{dialogue(1, asked)}\n{dialogue(2, 'Shipping costs to Norway please?')}\n"

    await upload(client, writer, file, name="old.jsonl")
    silent = await best_match(client, writer, asked)
    drafts = (await client.get("/v1/answers?state=draft", headers=writer)).json()["items"]
    sources = (await client.get(f"/v1/answers/{drafts[0]['id']}/sources", headers=writer)).json()["items"]
    approved = (await upload(client, writer, file, name="old.jsonl", approve="true")).json()
    again = (await upload(client, writer, file, name="old.jsonl", approve="true")).json()

    assert silent is None
    assert [(draft["text"], draft["questions"]) for draft in drafts] == [(REPLY, 2)]
    assert [(s["conversation_id"], s["turn"], s["role"], s["text"]) for s in sources] == [
        ("c-1", 0, "customer", asked),
        ("c-1", 1, "agent", REPLY),
        ("c-2", 0, "customer", "Shipping costs to Norway please?"),
        ("c-2", 1, "agent", REPLY),
    ]
    assert (approved["unchanged"], approved["mined"]["questions"]) == (2, 0)
    assert await best_match(client, writer, asked) == drafts[0]["id"]
    assert (approved["batch_id"] is None, again["batch_id"]) == (False, None)


async def test_dialogues_are_kept_mined_and_known_again(
    client: httpx.AsyncClient, writer: dict[str, str]
) -> None:
    lines = [
        dialogue(1, "What does shipping to Norway cost?"),
        dialogue(2, "Shipping costs to Norway please?"),
    ]

    first = (await upload(client, writer, "\n".join(lines), name="old.jsonl", approve="true")).json()
    again = (await upload(client, writer, "\n".join(lines), name="old.jsonl", approve="true")).json()
    lines.append(dialogue(1, "How much is shipping to Norway?"))
    more = (await upload(client, writer, "\n".join(lines), name="old.jsonl")).json()
    undone = (await client.post(f"/v1/imports/{first['batch_id']}/undo", headers=writer)).json()

    assert (first["format"], first["new"], first["languages"]) == ("dialogues", 2, {"en": 2})
    assert (first["mined"]["answers"], first["mined"]["questions"]) == (1, 2)
    assert (again["batch_id"], again["unchanged"], again["mined"]["questions"]) == (None, 2, 0)
    assert (more["unchanged"], more["changed"]) == (2, 1)
    assert (undone["dialogues"], undone["questions"]) == (2, 2)


async def test_first_approved_import_makes_the_first_release(
    empty_app: FastAPI, new_key, database: object
) -> None:
    writer = await new_key(Scope.WRITE)
    transport = httpx.ASGITransport(empty_app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://kefu.test") as client:
        before = await client.get("/v1/releases", headers=writer)
        await upload(client, writer, approve="true")
        after = (await client.get("/v1/releases", headers=writer)).json()["items"]

        assert before.json()["items"] == []
        assert [(release["promoted"], release["created_by"][:8]) for release in after] == [(True, "key:key_")]
        assert await best_match(client, writer, "What colours are there?") is not None


@pytest.mark.parametrize("name", ["常见问题" * 60 + ".csv", "f" * 300 + ".csv"])
async def test_long_filenames_are_cut_not_refused(
    client: httpx.AsyncClient, writer: dict[str, str], name: str
) -> None:
    imported = await upload(client, writer, name=name)

    assert imported.status_code == 201
    batch = (await client.get(f"/v1/imports/{imported.json()['batch_id']}", headers=writer)).json()
    assert batch["filename"].endswith(name[-20:])


async def test_upload_that_ends_while_leftovers_are_looked_for_does_no_harm(
    client: httpx.AsyncClient, writer: dict[str, str], tiny_settings: Settings
) -> None:
    folder = tiny_settings.data_dir / "uploads"
    folder.mkdir()
    gone(folder / "upl_gone")

    assert (await upload(client, writer)).status_code == 201


def gone(place: Path) -> None:
    """Listed, but not there any more."""
    place.symlink_to(place.parent / "nowhere")
