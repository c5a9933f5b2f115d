"""/v1/exports through HTTP."""

import hashlib
import json
import os
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
import pytest

from bot.access.principals import Scope
from bot.exports.service import _remove
from bot.exports.writing import manifest_path
from bot.settings import Settings
from tests.fixtures.services import Talk

NewKey = Callable[[Scope], Awaitable[dict[str, str]]]


@pytest.fixture
async def admin(new_key: NewKey) -> dict[str, str]:
    return await new_key(Scope.ADMIN)


async def test_export_is_made_listed_and_downloaded(
    client: httpx.AsyncClient, talk: Talk, admin: dict[str, str]
) -> None:
    said = (await talk.say("How long does delivery take?")).json()
    made = await client.post("/v1/exports", json={"kind": "exchanges"}, headers=admin)
    assert made.status_code == 201, made.text
    export = made.json()
    assert export["kind"] == "exchanges"
    assert export["rows"] == 1
    assert export["url"] == f"/v1/exports/{export['id']}"

    listed = (await client.get("/v1/exports", headers=admin)).json()
    assert listed == {"items": [export], "next_cursor": None}

    file = await client.get(export["url"], headers=admin)
    assert file.status_code == 200
    assert file.headers["content-type"] == "application/jsonl"
    assert "kefu-exchanges-" in file.headers["content-disposition"]
    assert hashlib.sha256(file.content).hexdigest() == export["sha256"]
    row = json.loads(file.text)
    assert (row["exchange_id"], row["utterance"]) == (said["id"], "How long does delivery take?")


async def test_knowledge_and_conversation_are_exported(
    client: httpx.AsyncClient, talk: Talk, admin: dict[str, str]
) -> None:
    await talk.say("Where is my invoice?")
    knowledge = (await client.post("/v1/exports", json={"kind": "knowledge"}, headers=admin)).json()
    assert knowledge["rows"] == 5
    wish = {"kind": "conversation", "conversation_id": talk.id}
    conversation = (await client.post("/v1/exports", json=wish, headers=admin)).json()
    file = await client.get(conversation["url"], headers=admin)
    assert file.headers["content-type"] == "application/json"
    assert [m["role"] for m in file.json()["messages"]] == ["customer", "bot"]
    listed = (await client.get("/v1/exports?limit=1", headers=admin)).json()
    assert [item["id"] for item in listed["items"]] == [conversation["id"]]
    rest = (await client.get(f"/v1/exports?cursor={listed['next_cursor']}", headers=admin)).json()
    assert [item["id"] for item in rest["items"]] == [knowledge["id"]]


async def test_repeated_request_makes_one_export(
    client: httpx.AsyncClient, admin: dict[str, str], tiny_settings: Settings
) -> None:
    headers = admin | {"Idempotency-Key": "nightly-1"}
    first = await client.post("/v1/exports", json={"kind": "knowledge"}, headers=headers)
    again = await client.post("/v1/exports", json={"kind": "knowledge"}, headers=headers)
    other = await client.post("/v1/exports", json={"kind": "exchanges"}, headers=headers)
    assert again.json() == first.json()
    assert other.status_code == 422
    assert len(list((tiny_settings.data_dir / "exports").glob("*.jsonl"))) == 1


async def test_deleted_export_is_gone(
    client: httpx.AsyncClient, admin: dict[str, str], tiny_settings: Settings
) -> None:
    export = (await client.post("/v1/exports", json={"kind": "knowledge"}, headers=admin)).json()
    assert (await client.delete(export["url"], headers=admin)).status_code == 204
    assert (await client.get(export["url"], headers=admin)).status_code == 404
    assert (await client.delete(export["url"], headers=admin)).status_code == 404
    assert list((tiny_settings.data_dir / "exports").iterdir()) == []


@pytest.mark.parametrize("scope", [Scope.READ, Scope.WRITE])
async def test_only_admin_keys_may_export(client: httpx.AsyncClient, new_key: NewKey, scope: Scope) -> None:
    headers = await new_key(scope)
    for response in (
        await client.post("/v1/exports", json={"kind": "knowledge"}, headers=headers),
        await client.get("/v1/exports", headers=headers),
        await client.get("/v1/exports/exp_" + "0" * 32, headers=headers),
        await client.delete("/v1/exports/exp_" + "0" * 32, headers=headers),
    ):
        assert response.status_code == 403
        assert response.json()["type"] == "urn:kefu:problem:forbidden"


async def test_visitors_may_not_export(client: httpx.AsyncClient, talk: Talk) -> None:
    wish = {"kind": "conversation", "conversation_id": talk.id}
    assert (await client.post("/v1/exports", json=wish, headers=talk.headers)).status_code == 403
    assert (await client.post("/v1/exports", json=wish)).status_code == 401


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"kind": "everything"}, 422),
        ({"kind": "conversation"}, 422),
        ({"kind": "exchanges", "conversation_id": "cnv_1"}, 422),
        ({"kind": "conversation", "conversation_id": "cnv_nobody"}, 404),
    ],
)
async def test_wishes_that_make_no_sense_are_refused(
    client: httpx.AsyncClient,
    admin: dict[str, str],
    tiny_settings: Settings,
    body: dict[str, str],
    status: int,
) -> None:
    response = await client.post("/v1/exports", json=body, headers=admin)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    folder = tiny_settings.data_dir / "exports"
    assert not folder.exists() or list(folder.iterdir()) == []


@pytest.mark.parametrize("id", ["exp_x", "..%2f..%2fkefu.db", "exp_" + "0" * 32, "%2e%2e", "exp_" + "0" * 33])
async def test_unknown_exports_are_not_found(
    client: httpx.AsyncClient, admin: dict[str, str], id: str
) -> None:
    assert (await client.get(f"/v1/exports/{id}", headers=admin)).status_code == 404


def put_foreign_files(folder: Path) -> None:
    folder.mkdir()
    (folder / "exp_x.jsonl.manifest.json").write_text("{}")
    (folder / f"exp_{'0' * 32}.jsonl.manifest.json").write_text("{broken")


async def test_foreign_files_in_the_folder_are_not_listed(
    client: httpx.AsyncClient, admin: dict[str, str], tiny_settings: Settings
) -> None:
    put_foreign_files(tiny_settings.data_dir / "exports")
    assert (await client.get("/v1/exports", headers=admin)).json() == {"items": [], "next_cursor": None}


async def test_leftovers_of_killed_exports_are_removed_after_a_day(
    client: httpx.AsyncClient, admin: dict[str, str], settings: Settings
) -> None:
    folder = settings.data_dir / "exports"
    made = (await client.post("/v1/exports", json={"kind": "knowledge"}, headers=admin)).json()
    young, old = f"exp_{'1' * 32}.jsonl", f"exp_{'2' * 32}.jsonl"
    leave(folder, young, hours=1)
    for name in (old, f".{old}.{'a' * 32}.partial", f"{old.replace('2', '3')}.manifest.json"):
        leave(folder, name, hours=25)
    leave(folder, f"{made['id']}.jsonl", hours=25)

    again = (await client.post("/v1/exports", json={"kind": "knowledge"}, headers=admin)).json()

    kept = [f"{export['id']}.jsonl{end}" for export in (made, again) for end in ("", ".manifest.json")]
    assert names_in(folder) == sorted([*kept, young])


def leave(folder: Path, name: str, *, hours: int) -> None:
    file = folder / name
    file.touch()
    os.utime(file, (time.time() - hours * 3600,) * 2)


def names_in(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def test_words_of_a_removed_export_go_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed in between, no file is left that nothing lists."""
    file = tmp_path / "exp.jsonl"
    for path in (file, manifest_path(file)):
        path.touch()
    unlink = Path.unlink

    def once(path: Path, **options: bool) -> None:
        unlink(path, **options)
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "unlink", once)
    with pytest.raises(KeyboardInterrupt):
        _remove(file)

    assert names_in(tmp_path) == ["exp.jsonl.manifest.json"]
