"""``kefu train``, ``kefu runs`` and ``kefu worker`` as they are typed, with the training of ``fake_training``."""

from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from bot.db.engine import Database
from bot.db.training_tables import TrainingLease
from bot.retraining.holders import process_name
from bot.retraining.training_one import Trainer
from bot.settings import Settings
from tests.bot.retraining.runs import FAKE, ask, claimed
from tests.fixtures.commands import Ended, RunKefu
from tests.fixtures.databases import in_own_loop
from tests.fixtures.services import fill_knowledge, promoted_release

Kefu = Callable[..., Ended]
InDatabase = Callable[[Callable[[Database], Coroutine[Any, Any, Any]]], None]


@pytest.fixture
def in_database(sqlite_url: str) -> InDatabase:
    def run(work: Callable[[Database], Coroutine[Any, Any, Any]]) -> None:
        async def opened() -> None:
            database = Database.open(sqlite_url)
            await work(database)
            await database.close()

        in_own_loop(opened())

    return run


@pytest.fixture
def kefu(
    run_kefu: RunKefu,
    in_database: InDatabase,
    settings: Settings,
    models_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Kefu:
    """Commands on an installation with three answers and one release."""
    for module in ("training", "working"):
        monkeypatch.setattr(f"bot.commands.{module}.Trainer", partial(Trainer, module=FAKE))
    monkeypatch.setattr("bot.commands.working._lower_priority", lambda: None)  # it would last
    tiny = settings.model_copy(update={"models_dir": models_dir})

    async def fill(database: Database) -> None:
        await fill_knowledge(database)
        await promoted_release(database, tiny)

    in_database(fill)
    return lambda *words, **more: run_kefu(
        *words, KEFU_DATA_DIR=settings.data_dir, KEFU_MODELS_DIR=models_dir, **more
    )


def test_train_leaves_a_candidate_and_shows_what_the_training_says(kefu: Kefu) -> None:
    ended = kefu("train", "--json")
    assert ended.status == 0, ended.err
    assert "training on 10 questions" in ended.err
    assert (ended.json["promoted"], ended.json["created_by"]) == (False, "cli")
    assert Path(ended.json["report"]).is_file()
    (run,) = kefu("runs", "list", "--json").json["items"]
    assert (run["state"], run["release_id"]) == ("done", ended.json["id"])
    assert kefu("train", "--promote", "--json").json["promoted"] is True


def test_train_and_what_shows_its_release_say_what_was_not_compared(kefu: Kefu) -> None:
    said = "The serving release cannot be loaded [conv]."
    ended = kefu("train", KEFU_TEST_NOT_COMPARED=said)
    assert (ended.status, said in ended.out) == (0, True), ended.out
    (run,) = kefu("runs", "list", "--json").json["items"]
    assert f"verdict: passed; {said}\n" in kefu("runs", "show", run["id"]).out
    assert said in kefu("releases", "show", run["release_id"]).out
    assert kefu("releases", "show", run["release_id"], "--json").json["gate"]["not_compared"] == said


def test_train_says_who_trains_already_and_what_to_do(
    kefu: Kefu, in_database: InDatabase, settings: Settings
) -> None:
    async def begin(database: Database) -> None:
        await ask(database)
        await claimed(database, settings)

    in_database(begin)
    (run,) = kefu("runs", "list", "--json").json["items"]
    ended = kefu("train")
    assert ended.status == 1
    said = " ".join(ended.err.split())
    assert f"process {process_name().split(':')[1]} on" in said
    assert f"is training {run['id']} (last heard of" in said
    assert f"end it: kefu runs cancel {run['id']}" in said
    assert kefu("runs", "list", "--json").json["items"] == [run]
    assert "will end within seconds" in kefu("runs", "cancel", run["id"]).out


def test_train_takes_over_what_a_dead_process_left_and_what_only_waits(
    kefu: Kefu, in_database: InDatabase, settings: Settings
) -> None:
    async def die(database: Database) -> None:
        await ask(database, tune=False)
        await claimed(database, settings)
        _, pid, _, namespace = process_name().split(":")
        async with database.write() as session:
            await session.execute(update(TrainingLease).values(holder=f"h:{pid}:1:{namespace}"))

    in_database(die)
    taken = kefu("train", "--seed", "7", "--json")
    assert taken.status == 0, taken.err
    (run,) = kefu("runs", "list", "--json").json["items"]
    assert (run["state"], run["attempts"], run["release_id"]) == ("done", 2, taken.json["id"])


def test_demo_is_trained_as_a_run_of_its_own_and_speaks(
    run_kefu: RunKefu, settings: Settings, models_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.commands.training.Trainer", partial(Trainer, module=FAKE))
    monkeypatch.setattr("bot.commands.demo.get_backbone", lambda _: None)
    monkeypatch.setattr("bot.commands.demo.DIALOGUES", ())
    where = {"KEFU_DATA_DIR": settings.data_dir, "KEFU_MODELS_DIR": models_dir}
    ended = run_kefu("demo", **where)
    assert ended.status == 0, ended.err
    (run,) = run_kefu("runs", "list", "--json", **where).json["items"]
    (release,) = run_kefu("releases", "list", "--json", **where).json["items"]
    assert (run["state"], run["requested_by"], run["release_id"]) == ("done", "demo", release["id"])
    assert release["promoted"] is True


def test_failed_training_ends_with_1_and_its_reason(kefu: Kefu) -> None:
    ended = kefu("train", KEFU_TEST_TRAINING="fails")
    assert ended.status == 1
    assert "Backbone 'x' is not there. Get it." in ended.err
    (run,) = kefu("runs", "list", "--json").json["items"]
    assert (run["state"], run["error"]) == ("failed", "Backbone 'x' is not there. Get it.")


def test_queued_run_is_trained_by_a_worker_that_then_returns(kefu: Kefu) -> None:
    queued = kefu("train", "--queue", "--json").json
    assert (queued["state"], queued["new"]) == ("queued", True)
    assert kefu("train", "--queue", "--json").json["id"] == queued["id"]
    worked = kefu("worker", "--once")
    assert worked.status == 0, worked.err
    assert f"Training run {queued['id']}: done" in worked.err
    shown = kefu("runs", "show", queued["id"])
    assert "state: done" in shown.out
    assert "verdict: passed" in shown.out
    first, second = kefu("runs", "log", queued["id"]).out.splitlines()
    assert first == "training on 10 questions"
    assert second.startswith("the gate is asked about 10 questions, beside chk_")
    assert kefu("runs", "log", queued["id"], "--json").json == {"lines": [first, second]}
    followed = kefu("runs", "log", queued["id"], "--follow")
    assert "training on 10 questions" in followed.err
    assert followed.out == f"Training run {queued['id']} is done.\n"
    assert queued["id"] in kefu("runs", "list").out
    assert kefu("worker", "--once").err == ""


def test_worker_that_failed_ends_with_1(kefu: Kefu) -> None:
    kefu("train", "--queue")
    assert kefu("worker", "--once", KEFU_TEST_TRAINING="fails").status == 1


def test_waiting_run_is_cancelled(kefu: Kefu) -> None:
    id = kefu("train", "--queue", "--json").json["id"]
    assert kefu("runs", "cancel", id).out == f"Training run {id} is cancelled.\n"
    again = kefu("runs", "cancel", id)
    assert (again.status, "has ended already" in again.err) == (1, True)


@pytest.mark.parametrize("command", ["show", "cancel", "log"])
def test_unknown_run_ends_with_2(kefu: Kefu, command: str) -> None:
    ended = kefu("runs", command, "trn_none")
    assert (ended.status, "no training run 'trn_none'" in " ".join(ended.err.split())) == (2, True)


def test_serving_installation_without_training_packages_says_so(
    kefu: Kefu, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.commands.working.can_train", lambda: False)
    monkeypatch.setattr("bot.retraining.foreground.can_train", lambda: False)
    for command in ("worker", "train"):
        ended = kefu(command)
        assert ended.status == 1
        assert "pip install 'kefu[train]'" in ended.err


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("KEFU_RETRAINING__EVERY", "often"),
        ("KEFU_RETRAINING__MEMORY", "1MB"),
        ("KEFU_RETRAINING__LEASE", "0s"),
        ("KEFU_RETRAINING__AT", "night"),
    ],
)
def test_wrong_setting_is_named(kefu: Kefu, name: str, value: str) -> None:
    ended = kefu("runs", "list", **{name: value})
    assert (ended.status, name in ended.err) == (2, True), ended.err
