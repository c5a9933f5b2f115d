"""Rasa projects: NLU examples (`nlu:`) joined with the responses of the domain (`responses:`).

An intent's answer is the response its rule names (`rules:` with one intent step and one `utter_` action), else the response
`utter_<intent>`, which covers retrieval intents such as `faq/shipping`. The files of a folder are read together, since Rasa keeps
the three parts in different ones. YAML is read as nodes only: no object is ever built from a tag, and aliases are refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import yaml  # type: ignore[import-untyped]  # PyYAML ships no types

from bot.imports.faq_reader import faq_row
from bot.imports.fields import FieldError, shown
from bot.imports.records import FaqRow, RejectedLine
from bot.imports.source import ImportFileError, TextSource

MAX_YAML_CHARACTERS = 20_000_000
MAX_YAML_FILES = 500
MAX_DEPTH = 50
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_ENTITY = re.compile(r"\[([^\]\[]+)\](?:\([^)]*\)|\{[^}]*\})")
_BULLET = re.compile(r"^\s*-\s?")


@dataclass(frozen=True, slots=True)
class _Intent:
    name: str
    examples: tuple[str, ...]
    line: int
    file: str


@dataclass(slots=True)
class _Project:
    """What the files of one project say, gathered."""

    intents: list[_Intent] = field(default_factory=list)
    responses: dict[str, str] = field(default_factory=dict)
    actions: dict[str, str] = field(default_factory=dict)


def rasa_files(path: Path) -> list[Path]:
    """The YAML files of a folder (hidden folders left out), or the one file."""
    if not path.is_dir():
        return [path]
    found = sorted(
        file
        for file in path.rglob("*.y*ml")
        if file.suffix in (".yml", ".yaml")
        and file.is_file()
        and not any(part.startswith(".") for part in file.relative_to(path).parts)
    )
    if len(found) > MAX_YAML_FILES:
        raise ImportFileError(
            f"{path} holds {len(found):,} YAML files, the limit is {MAX_YAML_FILES}: name the project's folder"
        )
    return found


def is_rasa(path: Path) -> bool:
    """Whether a file or folder holds NLU examples or responses; files that aren't YAML count as no."""
    for file in rasa_files(path):
        try:
            sections = _sections(file)
        except ImportFileError:
            continue
        if "nlu" in sections or "responses" in sections:
            return True
    return False


def read_rasa(path: Path) -> Iterator[FaqRow | RejectedLine]:
    """A row for every intent that has an answer; the others are reported. Raises ImportFileError where none has."""
    project = _Project()
    for file in rasa_files(path):
        _gather(file, project)
    if not project.intents:
        raise ImportFileError(f"{path.name} has no intents with examples under `nlu:`")
    if not project.responses:
        raise ImportFileError(
            f"{path.name} has no `responses:`: import the project's folder, so that domain.yml is read too"
        )
    for intent in project.intents:
        try:
            yield _row(intent, project)
        except FieldError as error:
            yield RejectedLine(intent.line, f"{intent.file}, intent {shown(intent.name)}: {error}")


def _row(intent: _Intent, project: _Project) -> FaqRow:
    action = project.actions.get(intent.name, f"utter_{intent.name}")
    if action not in project.responses:
        raise FieldError(
            f"there is no response {shown(action)}: add it to the domain or leave the intent out"
        )
    if not intent.examples:
        raise FieldError("it has no examples: add some under `examples: |`")
    given = {
        "question": intent.examples[0],
        "phrasings": list(intent.examples[1:]),
        "answer": project.responses[action],
        "intent": intent.name,
    }
    return faq_row(given, line=intent.line)


def _gather(file: Path, project: _Project) -> None:
    sections = _sections(file)
    for item in _items(sections.get("nlu")):
        parts = _mapping(item)
        name = _scalar(parts.get("intent"))
        if name:
            line = item.start_mark.line + 1
            project.intents.append(_Intent(name, tuple(_examples(parts.get("examples"))), line, file.name))
    for name, variants in _mapping(sections.get("responses")).items():
        texts = (_scalar(_mapping(variant).get("text")) for variant in _items(variants))
        text = next(filter(None, texts), None)
        if text:
            project.responses.setdefault(name, text)
    for rule in _items(sections.get("rules")):
        steps = [_mapping(step) for step in _items(_mapping(rule).get("steps"))]
        if len(steps) == 2:
            intent, action = _scalar(steps[0].get("intent")), _scalar(steps[1].get("action"))
            if intent and action and action.startswith("utter_"):
                project.actions.setdefault(intent, action)


def _examples(node: yaml.Node | None) -> Iterator[str]:
    if isinstance(node, yaml.SequenceNode):
        lines = [_scalar(item) or _scalar(_mapping(item).get("text")) or "" for item in node.value]
    else:
        lines = (_scalar(node) or "").splitlines()
    for line in lines:
        text = _ENTITY.sub(r"\1", _BULLET.sub("", line)).strip()
        if text and not line.lstrip().startswith("#"):
            yield text


def _sections(file: Path) -> dict[str, yaml.Node]:
    text = TextSource.inspect(file).read_document(limit=MAX_YAML_CHARACTERS)
    try:
        _check_events(file, text)
        return _mapping(yaml.compose(text, Loader=_LOADER))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())[:300]
        raise ImportFileError(f"{file.name} is not valid YAML: {reason}") from error


def _check_events(file: Path, text: str) -> None:
    """Refuses what can make a small file large or a parser overflow: aliases and deep nesting."""
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        if isinstance(event, yaml.AliasEvent):
            line = event.start_mark.line + 1
            raise ImportFileError(
                f"{file.name} uses the alias *{event.anchor} in line {line}: write the value out"
            )
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            line = event.start_mark.line + 1
            raise ImportFileError(
                f"{file.name} nests deeper than {MAX_DEPTH} levels in line {line}: it is no Rasa file"
            )


def _mapping(node: yaml.Node | None) -> dict[str, yaml.Node]:
    if not isinstance(node, yaml.MappingNode):
        return {}
    return {key.value: value for key, value in node.value if isinstance(key, yaml.ScalarNode)}


def _items(node: yaml.Node | None) -> list[yaml.Node]:
    return node.value if isinstance(node, yaml.SequenceNode) else []


def _scalar(node: yaml.Node | None) -> str | None:
    return node.value if isinstance(node, yaml.ScalarNode) else None
