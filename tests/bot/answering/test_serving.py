"""What loading a release does to the process around it, and what becomes of one that can't be loaded."""

import asyncio
import gc
import shutil
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from sqlalchemy import update
from structlog.testing import capture_logs

from bot.answering import serving
from bot.answering.serving import ReleaseFollower, Serving, load_serving
from bot.db.engine import Database
from bot.db.knowledge_tables import Question
from bot.knowledge.index_feed import raise_revision
from bot.releases import repository
from bot.settings import Settings
from retrieval.errors import ArtifactError
from tests.fixtures.apps import started_app
from tests.fixtures.services import promoted_release


async def loaded(database: Database, settings: Settings) -> Serving:
    async with database.read() as session:
        generation, parts = await repository.promoted(session)
    assert parts is not None
    return await load_serving(settings, parts, generation=generation)


def is_walked_over(release: Serving) -> bool:
    questions = release.engine.retriever.view.questions
    return any(each is questions for each in gc.get_objects())


@pytest.fixture(autouse=True)
def nothing_stays_frozen() -> Iterator[None]:
    yield
    gc.unfreeze()


@pytest.mark.usefixtures("release")
async def test_the_garbage_collector_leaves_a_large_release_alone(
    database: Database, tiny_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert is_walked_over(await loaded(database, tiny_settings))
    monkeypatch.setattr(serving, "MANY_QUESTIONS", 1)
    assert not is_walked_over(await loaded(database, tiny_settings))


async def deactivate_questions(database: Database) -> None:
    async with database.write() as session:
        revision = await raise_revision(session)
        await session.execute(update(Question).values(active=False, revision=revision))


@pytest.fixture
async def follower(
    database: Database, tiny_settings: Settings, release: str
) -> AsyncIterator[ReleaseFollower]:  # it is promoted
    follower = ReleaseFollower(database, tiny_settings)
    await follower.refresh()
    yield follower
    follower.close()


@pytest.fixture
async def damaged(
    database: Database, tiny_settings: Settings, follower: ReleaseFollower
) -> str:  # it has loaded the one before
    """A release that was promoted while another one serves, and has lost its checkpoint."""
    promoted = await promoted_release(database, tiny_settings)
    async with database.read() as session:
        parts = await repository.get(session, promoted)
    assert parts is not None
    shutil.rmtree(tiny_settings.data_dir / parts.checkpoint.path)
    return promoted


@pytest.mark.usefixtures("damaged")
async def test_the_knowledge_is_followed_though_the_promoted_release_can_not_be_loaded(
    database: Database, follower: ReleaseFollower, release: str
) -> None:
    await deactivate_questions(database)
    with pytest.raises(ArtifactError):
        await follower.refresh()
    taken = follower.take()
    assert taken.release_id == release
    assert dict(taken.engine.retriever.view.questions) == {}


@pytest.mark.usefixtures("damaged")
async def test_a_release_that_can_not_be_loaded_is_tried_again_and_logged_once(
    follower: ReleaseFollower, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = 0

    async def wait(_: float) -> None:
        nonlocal tries
        tries += 1
        if tries > 3:
            raise asyncio.CancelledError

    monkeypatch.setattr(serving.asyncio, "sleep", wait)
    with capture_logs() as logs, pytest.raises(asyncio.CancelledError):
        await follower.follow()
    assert [entry["event"] for entry in logs] == ["release_not_followed"]


async def test_service_starts_without_the_damaged_release_and_answers_once_it_is_whole_again(
    database: Database, tiny_settings: Settings, release: str
) -> None:
    async with database.read() as session:
        parts = await repository.get(session, release)
    assert parts is not None
    whole = tiny_settings.data_dir / parts.snapshot.path
    away = whole.rename(whole.with_name("away"))
    with capture_logs() as logs:
        async with (
            started_app(tiny_settings) as app,
            httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://kefu.test") as client,
        ):
            unready = await client.get("/health/ready")
            away.rename(whole)
            await app.state.parts.follower.refresh()
            ready = await client.get("/health/ready")
    assert (unready.status_code, "kefu doctor" in unready.json()["detail"]) == (503, True)
    assert (ready.status_code, ready.json()["release"]) == (200, release)
    told = [entry["remedy"] for entry in logs if entry["event"] == "release_not_loaded"]
    assert told == [
        "run: kefu train; where only this release is damaged also kefu releases rollback, or kefu restore BACKUP --replace"
    ]
