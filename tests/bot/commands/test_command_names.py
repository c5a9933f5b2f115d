"""A command is found without importing the modules of all others."""

import subprocess
import sys

import pytest
from typer.main import get_command

from bot.cli import MODULES, commands
from tests.fixtures.commands import RunKefu
from tests.fixtures.processes import ROOT

NAMES = [name for module in MODULES for name in module.offers]


def offered(only: str | None) -> list[str]:
    return list(get_command(commands(only)).commands)  # type: ignore[attr-defined]  # a click group


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_each_name_leads_to_the_module_that_offers_it(module) -> None:
    for name in module.offers:
        assert sorted(offered(name)) == sorted(module.offers)


@pytest.mark.parametrize("word", [None, "--help", "no-such-command"])
def test_whatever_names_no_command_has_all_to_choose_from(word: str | None) -> None:
    assert sorted(offered(word)) == sorted(NAMES)


def test_names_are_of_one_module_each() -> None:
    assert len(NAMES) == len(set(NAMES))


def test_mistyped_command_is_refused_with_the_one_that_was_meant(run_kefu: RunKefu) -> None:
    ended = run_kefu("serv")

    assert ended.status == 2
    assert "Did you mean 'serve'" in ended.err


def test_keys_are_made_without_importing_the_service() -> None:
    code = "import sys, bot.cli; bot.cli.commands('keys'); print('fastapi' in sys.modules, 'bot.app' in sys.modules)"
    printed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )

    assert printed.stdout.split() == ["False", "False"]
