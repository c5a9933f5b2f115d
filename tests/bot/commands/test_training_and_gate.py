"""`kefu train` from export to promotion, with the training processes replaced by fakes that write what they would write."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.db.engine import Database
from bot.releases import service
from bot.settings import Settings
from retrieval.checkpoint import write_checkpoint
from retrieval.confidence import default_confidence
from retrieval.training_export import read_training_export
from tests.fixtures.commands import RunKefu

FAQ = "question,answer\nDo you ship to Mars?,Not yet.\nWhat colours are there?,Red and blue.\n"


class Processes:
    """Takes the place of `python -m training`; `gate_exit` is what the gate will say."""

    def __init__(self, models_dir: Path) -> None:
        self.models_dir = models_dir
        self.gate_exit = 0
        self.ran: list[list[str]] = []
        self.exported: list[str] = []

    def __call__(self, *arguments: str, aside: bool = False) -> int:
        self.ran.append(list(arguments))
        given = dict(zip(arguments[1::2], arguments[2::2], strict=False))
        if arguments[0] == "gate":
            self._judge(Path(given["--report"]))
            self.exported = [
                q.text for q in read_training_export(Path(given["--export"])).knowledge.questions
            ]
            return self.gate_exit
        target = Path(arguments[arguments.index("--target") + 1])
        write_checkpoint(
            target,
            encoder_folder=self.models_dir / "multilingual-e5-small",
            confidence=default_confidence(),
            meta={"backbone": "tiny", "tuned": False},
        )
        return 0

    def _judge(self, folder: Path) -> None:
        if self.gate_exit == 1:
            return
        check = {
            "name": "accuracy",
            "passed": self.gate_exit == 0,
            "reason": "Said for a test.",
            "figures": {},
        }
        document = {"passed": self.gate_exit == 0, "checks": [check], "made_at": "2026-11-29T19:00:00+00:00"}
        folder.mkdir()
        (folder / "gate.json").write_text(json.dumps(document), encoding="utf-8")
        (folder / "gate.html").write_text("<html>", encoding="utf-8")


@pytest.fixture
def processes(models_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Processes:
    made = Processes(models_dir)
    monkeypatch.setattr("bot.commands.gating.training_exit_code", made)
    monkeypatch.setattr("bot.commands.training.run_training", made)
    return made


@pytest.fixture
def kefu(run_kefu: RunKefu, data_dir: Path, models_dir: Path, database_url: str, tmp_path: Path) -> Callable:
    def run(*arguments: str, **variables: str):
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


def test_candidate_is_judged_beside_the_release_that_speaks_and_waits(
    kefu: Callable, processes: Processes
) -> None:
    first = speaking(kefu)
    done = kefu("train", "--backbone", "multilingual", "--json")
    assert (done.status, done.json["promoted"], done.json["gate_passed"]) == (0, False, True)
    assert [arguments[0] for arguments in processes.ran] == ["train", "gate"]
    assert "--serving-checkpoint" in processes.ran[1]
    assert processes.exported == ["Do you ship to Mars?", "What colours are there?"]
    assert Path(done.json["gate"]["report"]).name == "gate.html"
    assert speaking(kefu) == first


def test_words_of_customers_are_taken_away_after_the_gate(
    kefu: Callable, processes: Processes, data_dir: Path
) -> None:
    kefu("train", "--backbone", "multilingual")
    assert list((data_dir / "training").iterdir()) == []


@pytest.mark.parametrize(
    ("options", "variables"), [(["--promote"], {}), ([], {"KEFU_RELEASES__AUTO_PROMOTE": "true"})]
)
def test_what_passed_speaks_where_it_was_wished(
    kefu: Callable, processes: Processes, options: list[str], variables: dict[str, str]
) -> None:
    done = kefu("train", "--backbone", "multilingual", "--json", *options, **variables)
    assert (done.status, done.json["promoted"]) == (0, True)
    assert speaking(kefu) == done.json["id"]


@pytest.mark.parametrize("exit_code", [3, 1])
def test_refused_candidate_ends_with_3_and_the_old_release_goes_on(
    kefu: Callable, processes: Processes, exit_code: int
) -> None:
    first = speaking(kefu)
    processes.gate_exit = exit_code
    done = kefu("train", "--backbone", "multilingual", "--promote", KEFU_RELEASES__AUTO_PROMOTE="true")
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


def test_verdict_is_read_from_the_database(
    kefu: Callable, processes: Processes, settings: Settings, database_url: str
) -> None:
    made = kefu("train", "--backbone", "multilingual", "--json").json["id"]

    async def stored() -> object:
        database = Database.open(database_url)
        async with database.read() as session:
            release = (await service.find(session, made)).release
        await database.close()
        return release.gate

    assert asyncio.run(stored()) == {
        "passed": True,
        "made_at": "2026-11-29T19:00:00+00:00",
        "report": f"reports/{made}/gate.html",
        "checks": [{"name": "accuracy", "passed": True, "reason": "Said for a test."}],
    }
