"""Who may import whom (docs/architecture.md): read from the sources, nothing is run."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ALLOWED = {
    "retrieval": {"retrieval"},
    "training": {"training", "retrieval"},
    "bot": {"bot", "retrieval", "migrations"},
}
WEB_AND_DATABASE = {
    "fastapi",
    "starlette",
    "sqlalchemy",
    "alembic",
    "aiosqlite",
    "psycopg",
    "uvicorn",
    "httpx",
    "typer",
}
TRAINING_ONLY = {
    "torch",
    "transformers",
    "sentence_transformers",
    "sklearn",
    "datasets",
    "accelerate",
    "onnx",
    "altair",
    "vl_convert",
}


def sources(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def wrong_imports(package: str, forbidden: set[str]) -> list[str]:
    return [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in sources(package)
        for name in imported(path)
        if name.split(".")[0] in forbidden
    ]


@pytest.mark.parametrize("package", ALLOWED)
def test_packages_import_only_what_they_may(package: str) -> None:
    ours = set(ALLOWED) | {"tests", "migrations"}

    assert wrong_imports(package, ours - ALLOWED[package]) == []


def test_retrieval_knows_neither_web_nor_database() -> None:
    assert wrong_imports("retrieval", WEB_AND_DATABASE) == []


@pytest.mark.parametrize("package", ["bot", "retrieval"])
def test_serving_needs_no_training_library(package: str) -> None:
    assert wrong_imports(package, TRAINING_ONLY) == []


def test_no_endpoint_writes_sql() -> None:
    found = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in sources("bot")
        if path.name.endswith("endpoints.py")
        for name in imported(path)
        if name == "sqlalchemy"
    ]
    assert found == []


def test_importing_the_app_loads_no_model_library() -> None:
    code = "import sys, bot.app, bot.cli; bot.cli.commands(); print([m for m in ('torch', 'faiss', 'onnxruntime', 'transformers') if m in sys.modules])"
    printed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )

    assert printed.stdout.strip() == "[]"
