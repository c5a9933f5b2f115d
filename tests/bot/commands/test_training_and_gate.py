"""`kefu train` from export to promotion, with a training process that writes what the real one would."""

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from bot.db.engine import Database
from bot.releases import service
from bot.retraining.training_one import Trainer
from bot.settings import Settings
from tests.fixtures.commands import RunKefu

FAKE = "tests.fixtures.fake_training"
FAQ = "question,answer\nDo you ship to Mars?,Not yet.\nWhat colours are there?,Red and blue.\n"


@pytest.fixture
def kefu(
    run_kefu: RunKefu,
    data_dir: Path,
    models_dir: Path,
    database_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Callable:
    def run(*arguments: str, **variables: str):
        monkeypatch.setattr("bot.commands.training.Trainer", partial(Trainer, module=FAKE))
        settings = {
            "KEFU_DATA_DIR": data_dir,
            "KEFU_DATABASE__URL": database_url,
            "KEFU_MODELS_DIR": models_dir,
        }
        return run_kefu(*arguments, **settings, **variables)

    (tmp_path / "faq.csv").write_text(FAQ, encoding="utf-8")
    assert run("import", str(tmp_path / "faq.csv"), "--approve").status == 0
    return run


def speaking(kefu: Callable) -> str:
    items = kefu("releases", "list", "--json").json["items"]
    return next(item["id"] for item in items if item["promoted"])


def served(kefu: Callable, release_id: str) -> str:
    return Path(kefu("releases", "show", release_id, "--json").json["checkpoint"]["path"]).name


def test_candidate_is_judged_beside_the_release_that_speaks_and_waits(kefu: Callable) -> None:
    first = speaking(kefu)
    done = kefu("train", "--backbone", "multilingual", "--json")
    assert (done.status, done.json["promoted"], done.json["gate_passed"]) == (0, False, True)
    (run,) = kefu("runs", "list", "--json").json["items"]
    asked = kefu("runs", "log", run["id"]).out
    assert f"the gate is asked about 2 questions, beside {served(kefu, first)}" in asked
    assert Path(done.json["gate"]["report"]).name == "gate.html"
    assert speaking(kefu) == first


def test_words_of_customers_are_taken_away_after_the_gate(kefu: Callable, data_dir: Path) -> None:
    kefu("train", "--backbone", "multilingual")
    assert list((data_dir / "training").iterdir()) == []


@pytest.mark.parametrize(
    ("options", "variables"), [(["--promote"], {}), ([], {"KEFU_RELEASES__AUTO_PROMOTE": "true"})]
)
def test_what_passed_speaks_where_it_was_wished(
    kefu: Callable, options: list[str], variables: dict[str, str]
) -> None:
    done = kefu("train", "--backbone", "multilingual", "--json", *options, **variables)
    assert (done.status, done.json["promoted"]) == (0, True)
    assert speaking(kefu) == done.json["id"]


def test_refused_candidate_ends_with_3_and_the_old_release_goes_on(kefu: Callable) -> None:
    first = speaking(kefu)
    variables = {"KEFU_RELEASES__AUTO_PROMOTE": "true", "KEFU_TEST_GATE": "refuses"}
    done = kefu("train", "--backbone", "multilingual", "--promote", **variables)
    assert (done.status, speaking(kefu)) == (3, first)
    assert "is refused by the gate:" in done.out
    refused = next(
        i["id"] for i in kefu("releases", "list", "--json").json["items"] if i["gate_passed"] is False
    )

    again = kefu("releases", "promote", refused)
    assert (again.status, "--force" in again.err, speaking(kefu)) == (3, True, first)
    shown = kefu("releases", "show", refused).out
    assert "refused" in shown
    assert kefu("releases", "promote", refused, "--force").status == 0
    assert speaking(kefu) == refused
    assert kefu("releases", "rollback").status == 0
    assert speaking(kefu) == first


def test_gate_that_cannot_finish_fails_the_run_and_leaves_nothing(kefu: Callable, data_dir: Path) -> None:
    first = speaking(kefu)
    before = sorted((data_dir / "checkpoints").iterdir())
    done = kefu("train", "--backbone", "multilingual", "--promote", KEFU_TEST_GATE="fails")
    assert (done.status, speaking(kefu)) == (1, first)
    assert "The gate has no memory left." in done.err
    assert len(kefu("releases", "list", "--json").json["items"]) == 1
    assert sorted((data_dir / "checkpoints").iterdir()) == before


def test_verdict_is_read_from_the_database(kefu: Callable, settings: Settings, database_url: str) -> None:
    made = kefu("train", "--backbone", "multilingual", "--json").json["id"]

    async def stored() -> tuple[object, str]:
        database = Database.open(database_url)
        async with database.read() as session:
            parts = await service.find(session, made)
        await database.close()
        return parts.release.gate, parts.checkpoint.id

    kept, checkpoint = asyncio.run(stored())
    assert kept == {
        "passed": True,
        "made_at": "2026-11-29T12:00:00+00:00",
        "report": f"reports/{checkpoint}/gate/gate.html",
        "checks": [{"name": "languages", "passed": True, "reason": "worse in Chinese"}],
        "not_compared": None,
    }
