"""What loading a release does to the process around it."""

import gc
from collections.abc import Iterator

import pytest

from bot.answering import serving
from bot.answering.serving import Serving, load_serving
from bot.db.engine import Database
from bot.releases import repository
from bot.settings import Settings


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
