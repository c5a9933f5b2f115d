"""When an approved import makes a new release."""

from collections.abc import Sequence
from pathlib import Path

import httpx
import pytest
from sqlalchemy import update

from bot.access.principals import Scope
from bot.db.engine import Database
from bot.db.release_tables import Checkpoint, IndexSnapshot
from bot.errors import NothingToServeError
from bot.releases import repository, service
from bot.releases.building import build_release
from bot.releases.deciding import decide_about
from bot.releases.service import ensure_release
from bot.settings import Settings
from retrieval import sources
from retrieval.checkpoint import Checkpoint as LoadedCheckpoint
from retrieval.encoder import Encoder
from retrieval.records import SectionRecord
from retrieval.retriever import Retriever
from retrieval.sources import Floats
from tests.bot.imports.importing import bring_in, write_rows
from tests.fixtures.services import promoted_release


def rows(count: int) -> list[dict[str, str]]:
    return [{"question": f"What is part {n}?", "answer": f"Part {n} is {n * n}."} for n in range(count)]


async def test_release_is_made_once_and_again_when_the_knowledge_has_doubled(
    database: Database, tiny_settings: Settings, tmp_path: Path
) -> None:
    await bring_in(database, tiny_settings, write_rows(tmp_path, rows(3)))
    first = await ensure_release(database, tiny_settings, made_by="test")
    kept = await ensure_release(database, tiny_settings, made_by="test")
    await bring_in(database, tiny_settings, write_rows(tmp_path, rows(6)))
    still = await ensure_release(database, tiny_settings, made_by="test")
    await bring_in(database, tiny_settings, write_rows(tmp_path, rows(7)))
    second = await ensure_release(database, tiny_settings, made_by="test")

    assert first is not None
    assert (kept, still) == (None, None)
    assert second is not None
    assert second.snapshot.summary["questions"] == 7
    async with database.read() as session:
        generation, present = await repository.promoted(session)
    assert present is not None
    assert (generation, present.release.id) == (2, second.release.id)


async def test_a_new_release_encodes_only_the_sections_that_the_serving_one_has_not(
    database: Database, tiny_settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoded: list[list[str]] = []
    whole = sources._encoded_block

    def counted(encoder: Encoder, records: Sequence[SectionRecord]) -> tuple[list[sources.Section], Floats]:
        encoded.append([record.heading for record in records])
        return whole(encoder, records)

    monkeypatch.setattr(sources, "_encoded_block", counted)
    pages = tmp_path / "help"
    pages.mkdir()
    (pages / "delivery.md").write_text("# Delivery\n\nWe deliver within two days.\n")
    await bring_in(database, tiny_settings, write_rows(tmp_path, rows(3)))
    await bring_in(database, tiny_settings, pages)
    await promoted_release(database, tiny_settings)
    (pages / "returns.md").write_text("# Returns\n\nSend it back within thirty days.\n")
    await bring_in(database, tiny_settings, pages)
    again = await promoted_release(database, tiny_settings)
    assert encoded == [["Delivery"], ["Returns"]]

    async with database.read() as session:
        parts = await repository.get(session, again)
    assert parts is not None
    loaded = LoadedCheckpoint.load(tiny_settings.data_dir / parts.checkpoint.path).encoder
    view = Retriever.from_snapshot(tiny_settings.data_dir / parts.snapshot.path, encoder=loaded).view
    assert [section.record.heading for section in view.sources.sections.values()] == ["Delivery", "Returns"]


async def test_large_snapshot_is_renewed_after_a_fifth_of_it_changed(
    database: Database, tiny_settings: Settings, tmp_path: Path
) -> None:
    await bring_in(database, tiny_settings, write_rows(tmp_path, rows(3)))
    first = await ensure_release(database, tiny_settings, made_by="test")
    assert first is not None
    await bring_in(database, tiny_settings, write_rows(tmp_path, rows(1005)))

    async def made_for_snapshot_of(size: int) -> bool:
        async with database.write() as session:
            await session.execute(update(IndexSnapshot).values(summary={"questions": size}))
        return await ensure_release(database, tiny_settings, made_by="test") is not None

    assert not await made_for_snapshot_of(5010)
    assert await made_for_snapshot_of(5009)


async def test_trained_checkpoint_is_left_to_training(
    database: Database, tiny_settings: Settings, tmp_path: Path
) -> None:
    await bring_in(database, tiny_settings, write_rows(tmp_path, rows(2)))
    await ensure_release(database, tiny_settings, made_by="test")
    async with database.write() as session:
        await session.execute(update(Checkpoint).values(summary={"tuned": True}))
    await bring_in(database, tiny_settings, write_rows(tmp_path, rows(9)))

    assert await ensure_release(database, tiny_settings, made_by="test") is None


async def test_nothing_approved_is_nothing_to_serve(
    database: Database, tiny_settings: Settings, tmp_path: Path
) -> None:
    await bring_in(database, tiny_settings, write_rows(tmp_path, rows(2)), approve=False)

    with pytest.raises(NothingToServeError, match="--approve"):
        await ensure_release(database, tiny_settings, made_by="test")


async def test_releases_through_http(client: httpx.AsyncClient, release: str, new_key) -> None:
    admin, writer = await new_key(Scope.ADMIN), await new_key(Scope.WRITE)

    listed = (await client.get("/v1/releases", headers=writer)).json()
    shown = (await client.get(f"/v1/releases/{release}", headers=writer)).json()
    promoted = await client.post(f"/v1/releases/{release}/promote", headers=admin)
    forbidden = await client.post(f"/v1/releases/{release}/promote", headers=writer)
    missing = await client.post("/v1/releases/rel_nope/promote", headers=admin)

    assert [(item["id"], item["promoted"]) for item in listed["items"]] == [(release, True)]
    assert shown["checkpoint"]["onnx"].startswith(shown["checkpoint"]["path"])
    assert promoted.json() == shown
    assert (forbidden.status_code, missing.status_code) == (403, 404)


async def test_rollback_lets_the_release_before_speak_again_and_again_once_it_is_alone(
    client: httpx.AsyncClient, release: str, new_key, database: Database, tiny_settings: Settings
) -> None:
    admin, writer = await new_key(Scope.ADMIN), await new_key(Scope.WRITE)
    nothing = await client.post("/v1/releases/rollback", headers=admin)
    second = await promoted_release(database, tiny_settings)
    forbidden = await client.post("/v1/releases/rollback", headers=writer)
    back = await client.post("/v1/releases/rollback", headers=admin)

    assert (nothing.status_code, forbidden.status_code) == (409, 403)
    assert (back.status_code, back.json()["id"], back.json()["promoted"]) == (200, release, True)
    ready = await client.get("/health/ready")
    assert ready.json()["release"] == release
    listed = (await client.get("/v1/releases", headers=writer)).json()["items"]
    assert {item["id"]: item["promoted"] for item in listed} == {release: True, second: False}


@pytest.fixture
async def three(release: str, database: Database, tiny_settings: Settings) -> list[str]:
    """Releases that were promoted one after the other."""
    return [release, *[await promoted_release(database, tiny_settings) for _ in range(2)]]


async def rolled_back(client: httpx.AsyncClient, admin: dict[str, str]) -> str:
    """The release that speaks then; the problem's type where there is none to go back to."""
    reply = (await client.post("/v1/releases/rollback", headers=admin)).json()
    return str(reply["id"] if "id" in reply else reply["type"].rsplit(":", 1)[-1])


async def test_rolling_back_again_goes_on_to_earlier_releases_and_never_to_one_taken_back(
    client: httpx.AsyncClient, three: list[str], new_key
) -> None:
    admin = await new_key(Scope.ADMIN)
    first, second, third = three
    assert [await rolled_back(client, admin) for _ in range(3)] == [second, first, "conflict"]
    await client.post(f"/v1/releases/{third}/promote", headers=admin)
    assert [await rolled_back(client, admin) for _ in range(2)] == [first, "conflict"]
    await client.post(f"/v1/releases/{second}/promote", headers=admin)
    await client.post(f"/v1/releases/{third}/promote", headers=admin)
    assert [await rolled_back(client, admin) for _ in range(2)] == [second, first]


async def test_going_back_by_name_takes_back_all_that_were_promoted_since(
    client: httpx.AsyncClient, three: list[str], new_key, database: Database, tiny_settings: Settings
) -> None:
    admin = await new_key(Scope.ADMIN)
    async with database.write() as session:
        await service.promote(
            session, three[0], data_dir=tiny_settings.data_dir, promoted_by="cli", action=service.ROLL_BACK
        )
    await promoted_release(database, tiny_settings)
    assert await rolled_back(client, admin) == three[0]
    never_spoke = (await build_release(database, tiny_settings, created_by="test")).release.id
    async with database.write() as session:
        await service.promote(
            session, never_spoke, data_dir=tiny_settings.data_dir, promoted_by="cli", action=service.ROLL_BACK
        )
    assert await rolled_back(client, admin) == three[0]


async def test_rolling_back_passes_over_a_rejected_release(
    client: httpx.AsyncClient, three: list[str], new_key, database: Database
) -> None:
    admin = await new_key(Scope.ADMIN)
    async with database.write() as session:
        found = await service.find(session, three[1])
        await decide_about(session, found, approved=False, reason="wrong prices", decided_by="Mia")
    assert await rolled_back(client, admin) == three[0]
    async with database.write() as session:
        found = await service.find(session, three[2])
        await decide_about(session, found, approved=False, reason="wrong, too", decided_by="Mia")
    assert await rolled_back(client, admin) == "conflict"
