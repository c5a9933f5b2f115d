"""``kefu releases split`` and ``kefu releases experiment`` as they are typed."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bot.db.engine import Database
from bot.releases.building import build_release
from bot.settings import Settings
from tests.fixtures.commands import Ended, RunKefu
from tests.fixtures.databases import in_own_loop
from tests.fixtures.services import fill_knowledge, promoted_release

Kefu = Callable[..., Ended]


@pytest.fixture
def releases(sqlite_url: str, settings: Settings, models_dir: Path) -> tuple[str, str]:
    """The promoted one and another."""
    tiny = settings.model_copy(update={"models_dir": models_dir})

    made: list[str] = []

    async def fill() -> None:
        database = Database.open(sqlite_url)
        await fill_knowledge(database)
        made.append(await promoted_release(database, tiny))
        made.append((await build_release(database, tiny, created_by="test")).release.id)
        await database.close()

    in_own_loop(fill())
    return made[0], made[1]


@pytest.fixture
def kefu(run_kefu: RunKefu, settings: Settings, releases: tuple[str, str]) -> Kefu:
    return lambda *words, **more: run_kefu(*words, KEFU_DATA_DIR=settings.data_dir, **more)


def test_an_experiment_is_started_watched_and_ended(kefu: Kefu, releases: tuple[str, str]) -> None:
    started = kefu("releases", "split", *releases, "--share", "0.3", "--lead", "5", "--json")
    assert (started.status, started.err) == (0, "")
    assert (started.json["release_a"], started.json["release_b"]) == releases
    assert (started.json["share"], started.json["running"]) == (0.3, True)

    shown = kefu("releases", "experiment", COLUMNS="80")
    assert shown.status == 0, shown.err
    assert f"{started.json['id']} runs" in shown.out
    assert f"B {releases[1]}: 0 visitors, share 0.3" in shown.out
    assert "resolved" in shown.out
    details = kefu("releases", "experiment", started.json["id"], "--json").json
    assert {each["metric"] for each in details["estimates"]} >= {"resolved", "handoffs", "thumbs_down"}

    ended = kefu("releases", "split", "--end")
    assert (ended.status, "is over" in ended.out) == (0, True)
    assert "stopped: ended by cli" in kefu("releases", "experiment").out
    assert kefu("releases", "split", "--end").status == 2  # none runs


def test_what_is_no_experiment_is_refused(kefu: Kefu, releases: tuple[str, str]) -> None:
    speaks, tried = releases
    for words, status, said in (
        ((), 2, "name two releases"),
        ((speaks,), 2, "name two releases"),
        ((speaks, speaks), 2, "can't be tried against itself"),
        ((tried, speaks), 1, "does not speak"),
        ((speaks, "rel_nope"), 2, "rel_nope"),
        ((speaks, tried, "--share", "0.99"), 2, "--share"),
    ):
        refused = kefu("releases", "split", *words)
        assert (refused.status, said in " ".join(refused.err.split())) == (status, True), (words, refused.err)
    assert kefu("releases", "experiment").status == 2
    assert kefu("releases", "split", speaks, tried).status == 0
    again = kefu("releases", "split", speaks, tried)
    assert (again.status, "an experiment runs already" in again.err) == (1, True)
