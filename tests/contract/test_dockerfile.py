"""What the Dockerfile names is there. Nothing is built here; how that was tried is told in docs/operating.md."""

import json
import re
import shlex
from pathlib import Path

import pytest
from typer.main import get_command

from bot.app import create_app
from bot.cli import commands
from bot.settings import Settings

ROOT = Path(__file__).parents[2]
STAGES = re.split(
    r"^FROM .* AS (\w[\w-]*)$",
    (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", ""),
    flags=re.MULTILINE,
)
STAGE = dict(zip(STAGES[1::2], STAGES[2::2], strict=True))


def instructions(stage: str, name: str) -> list[str]:
    return re.findall(rf"^\s*{name} +(.*)$", STAGE[stage], re.MULTILINE)


def copied() -> list[str]:
    return [source for line in instructions("builder", "COPY") for source in shlex.split(line)[:-1]]


def test_copied_files_exist_and_are_sent_to_the_build() -> None:
    let_through = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line[:1] == "!"}

    assert copied()
    assert [source for source in copied() if not (ROOT / source).exists()] == []
    assert set(copied()) == let_through


def test_all_that_the_package_is_made_of_is_copied() -> None:
    pyproject = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    packages = json.loads(re.search(r"^packages = (\[.*\])$", pyproject, re.MULTILINE).group(1))  # type: ignore[union-attr]

    assert set(packages) | {"pyproject.toml", "constraints.txt", "README.md", "LICENSE"} == set(copied())


@pytest.mark.parametrize("stage", ["serving", "training"])
def test_images_run_as_a_numbered_user_that_is_not_root(stage: str) -> None:
    user = instructions(stage, "USER")[-1]

    assert int(user) > 0
    assert f"--uid {user}" in STAGE["base"]


@pytest.mark.parametrize("stage", ["serving", "training"])
def test_images_start_a_command_with_options_that_exist(stage: str) -> None:
    assert json.loads(instructions(stage, "ENTRYPOINT")[-1]) == ["kefu"]
    name, *options = json.loads(instructions(stage, "CMD")[0])
    command = get_command(commands()).commands[name]  # type: ignore[attr-defined]  # a click group

    known = {option for parameter in command.params for option in parameter.opts}
    assert {option for option in options if option.startswith("--")} <= known


def test_health_is_asked_for_where_the_server_listens() -> None:
    start = json.loads(instructions("serving", "CMD")[0])
    port = start[start.index("--port") + 1]
    address = re.search(r"HEALTHCHECK.*urlopen\('http://127\.0\.0\.1:(\d+)(/[\w/]+)'", STAGE["serving"])

    assert address is not None
    assert address.group(1) == port == instructions("serving", "EXPOSE")[0]
    assert address.group(2) in create_app(Settings()).openapi()["paths"]


def test_settings_of_the_image_exist() -> None:
    named = re.findall(r"\bKEFU_(\w+)=", STAGE["base"])

    assert {name.lower() for name in named} <= set(Settings.model_fields)
    assert named
