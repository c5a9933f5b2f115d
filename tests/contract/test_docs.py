"""The documents are true to the code."""

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from bot import errors
from bot.app import create_app
from bot.cli import commands
from bot.setting_names import setting_names
from bot.settings import Settings

ROOT = Path(__file__).parents[2]
DOCUMENTS = [
    "README.md",
    "README.zh.md",
    *(str(p.relative_to(ROOT)) for p in sorted(ROOT.glob("docs/**/*.md"))),
]


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def known_variables() -> set[str]:
    return {f"KEFU_{name}" for name in setting_names()}


def test_every_setting_is_documented_and_every_documented_setting_exists() -> None:
    documented = set(re.findall(r"^\| `(KEFU_\w+)`", read("docs/settings.md"), re.MULTILINE))

    assert documented == known_variables()


def all_errors(root: type[errors.KefuError]) -> set[type[errors.KefuError]]:
    return {root} | {error for child in root.__subclasses__() for error in all_errors(child)}


def test_every_problem_has_its_paragraph() -> None:
    documented = set(re.findall(r"^## ([a-z-]+)$", read("docs/problems.md"), re.MULTILINE))
    slugs = {error.slug for error in all_errors(errors.KefuError) if error.__module__ == "bot.errors"}

    assert documented == slugs | {"method-not-allowed", "http-error"}


@cache
def kefu() -> Any:
    return get_command(commands())


@cache
def known_commands() -> set[str]:
    group = kefu()
    found: set[str] = set()
    for name, command in group.commands.items():
        found.add(name)
        found |= {f"{name} {child}" for child in getattr(command, "commands", {})}
    return found


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_command_that_a_document_names_exists(document: str) -> None:
    commands = known_commands()
    for line in re.findall(r"\bkefu ([a-z]+(?: [a-z]+)?)\b", "\n".join(code_of(read(document)))):
        assert line in commands or line.split()[0] in commands, f"{document} names `kefu {line}`"


PASSED_ON = {"benchmark", "models", "simulate"}
"""Their options belong to ``python -m training``."""


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_option_that_a_document_names_exists(document: str) -> None:
    lines = "\n".join(code_of(read(document))).splitlines()
    for line in (line.split("#")[0] for line in lines if line.startswith("kefu ")):
        command = kefu()
        for word in line.split()[1:]:
            command = getattr(command, "commands", {}).get(word, command)
        known = {
            option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)
        }
        named = set(re.findall(r"--[a-z][a-z-]*", line))
        assert command.name in PASSED_ON or named <= known, f"{document}: {line}"


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_make_target_that_a_document_names_exists(document: str) -> None:
    named = set(re.findall(r"\bmake ([a-z-]+)", "\n".join(code_of(read(document)))))

    assert named <= phony_targets()


@cache
def served() -> set[tuple[str, str]]:
    """Methods and paths, with {} for an id."""
    return {
        (method.upper(), re.sub(r"{\w+}", "{}", path))
        for path, methods in create_app(Settings()).openapi()["paths"].items()
        for method in methods
    }


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_endpoint_that_a_document_names_exists(document: str) -> None:
    """Curly braces stand for an id; curl's own examples have it in capitals."""
    known = served()
    text = re.sub(r"\s+", " ", read(document))
    named = re.findall(r"\b(GET|POST|PATCH|DELETE)(?: https?://[\d.:]+| )(/v1/[\w/{}-]+)", text)
    for method, path in named:
        generic = re.sub(r"{\w+}|(?<=/)[A-Z_]{4,}", "{}", path).rstrip("/")
        assert (method, generic) in known, f"{document} names {method} {path}"
    for path in re.findall(r"`(/v1/[\w/]+)`", text):
        assert path in {name for _, name in known}, f"{document} names {path}"


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_variable_that_a_document_names_exists(document: str) -> None:
    named = set(re.findall(r"\bKEFU_[A-Z_]+\b", read(document)))

    assert named <= known_variables() | {"KEFU_TEST_POSTGRES_URL"}


def code_of(text: str) -> list[str]:
    """Fenced blocks and inline code."""
    fenced = re.findall(r"```\w*\n(.*?)```", text, re.DOTALL)
    return fenced + re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_between_documents_lead_somewhere(document: str) -> None:
    prose = re.sub(r"```.*?```|`[^`\n]+`", "", read(document), flags=re.DOTALL)
    for target in re.findall(r"(?:\]\(|src=\")(?!https?:|#)([^)\"#]+)", prose):
        assert (ROOT / document).parent.joinpath(target).exists(), f"{document} links to {target}"


def test_pictures_are_small() -> None:
    sizes = {path.name: path.stat().st_size for path in (ROOT / "docs" / "images").iterdir()}

    assert {name: size for name, size in sizes.items() if size > 150 * 1024} == {}


def test_both_readmes_have_the_same_sections_and_commands() -> None:
    english, chinese = read("README.md"), read("README.zh.md")

    assert english.count("\n## ") == chinese.count("\n## ")
    commands = [
        re.findall(r"^(make \w+|kefu [a-z]+|curl)", text, re.MULTILINE) for text in (english, chinese)
    ]
    assert commands[0] == commands[1]


def test_makefile_has_the_targets_it_documents() -> None:
    documented = set(re.findall(r"^([a-z-]+):.*## ", read("Makefile"), re.MULTILINE))

    assert documented == phony_targets()


def phony_targets() -> set[str]:
    return set(re.search(r"^\.PHONY: (.*)$", read("Makefile"), re.MULTILINE).group(1).split())  # type: ignore[union-attr]
