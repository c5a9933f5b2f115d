"""``python -m training models``: put backbones into the models folder, list and check them."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Column, Table

from retrieval.errors import RetrievalError
from retrieval.models import BACKBONES
from training.errors import TrainingError, UnknownBackboneError
from training.model_store import StoredModel, ensure_model, inspect_model, list_models

if TYPE_CHECKING:
    from training.known_pairs import PairCheck

BAD_INPUT = 2
FAILED = 1

app = typer.Typer(no_args_is_help=True, help="Backbones on this machine: get, list, check.")
console = Console(soft_wrap=True)
errors = Console(stderr=True, soft_wrap=True)


def default_models_dir() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kefu" / "models"


ModelsDir = Annotated[
    Path, typer.Option("--models-dir", envvar="KEFU_MODELS_DIR", file_okay=False, help="Where backbones lie.")
]
Names = Annotated[
    list[str] | None, typer.Argument(help="english, multilingual, a backbone's name, a folder or a hub id.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
def get(
    names: Names = None,
    *,
    every: Annotated[bool, typer.Option("--all", help="All known backbones.")] = False,
    models_dir: ModelsDir = default_models_dir(),
) -> None:
    """Make backbones usable here; what is there already and intact is left alone."""
    wanted = list(BACKBONES.values()) if every else names or []
    if not wanted:
        errors.print("Name a backbone or say --all.")
        raise typer.Exit(BAD_INPUT)
    for name in wanted:
        started = time.perf_counter()
        with _errors_told(), console.status(f"{name} …") as status:

            def report(step: str, name: str = name) -> None:
                status.update(f"{name}: {step} …")
                if not console.is_terminal:
                    console.print(f"{name}: {step} …")

            model = ensure_model(name, models_dir=models_dir, report=report)
        console.print(f"{model.name}: ready in {time.perf_counter() - started:.1f} s, {model.folder}")


@app.command("list")
def list_(*, as_json: AsJson = False, models_dir: ModelsDir = default_models_dir()) -> None:
    """Show the known backbones and the other ones in the models folder, with their state."""
    models = list_models(models_dir)
    if as_json:
        print(json.dumps({"items": [_described(model) for model in models]}, ensure_ascii=False, indent=2))
        return
    table = Table(Column("backbone", overflow="fold"), "state", "precision", "MB", "SHA-256 of encoder.onnx")
    for model in models:
        shown = _described(model)
        size = f"{shown['bytes'] / 1e6:.0f}" if shown["bytes"] else ""
        table.add_row(model.name, model.state, shown["precision"], size, (shown["sha256"] or "")[:16])
    console.print(table)
    for model in models:
        if model.problem:
            console.print(model.problem)


@app.command()
def check(
    names: Names = None, *, as_json: AsJson = False, models_dir: ModelsDir = default_models_dir()
) -> None:
    """Encode sentence pairs of known similarity; status 1 when one is off, or a folder is damaged or missing."""
    reports = []
    for name in names or BACKBONES.values():
        with _errors_told():
            reports.append(_check_one(name, models_dir=models_dir))
    if as_json:
        print(json.dumps({"items": [_checked(*report) for report in reports]}, ensure_ascii=False, indent=2))
    else:
        for report in reports:
            _print_check(*report)
    if not all(each.agrees for _, checks in reports for each in checks):
        raise typer.Exit(FAILED)


def _check_one(name: str, *, models_dir: Path) -> tuple[StoredModel, Sequence[PairCheck]]:
    from retrieval.encoder import OnnxEncoder
    from retrieval.models import find_model
    from training.known_pairs import KNOWN_PAIRS, check_pairs

    encoder = OnnxEncoder.load(find_model(name, models_dir=models_dir))
    model = inspect_model(name, models_dir=models_dir)
    return model, check_pairs(encoder, KNOWN_PAIRS.get(encoder.name, ()))


def _print_check(model: StoredModel, checks: Sequence[PairCheck]) -> None:
    table = Table("pair", "found", "known", "within", "", title=model.name)
    for each in checks:
        verdict = "ok" if each.agrees else "OFF"
        numbers = (f"{each.found:.4f}", f"{each.pair.similarity:.4f}", f"{each.pair.tolerance:.3f}")
        table.add_row(each.pair.label, *numbers, verdict)
    console.print(table)
    for source, sha256 in _described(model)["sources"].items():
        console.print(f"made from {source}\n  SHA-256 {sha256}")


def _checked(model: StoredModel, checks: Sequence[PairCheck]) -> dict[str, Any]:
    pairs = [
        {"pair": each.pair.label, "found": each.found, "known": each.pair.similarity, "agrees": each.agrees}
        for each in checks
    ]
    return {**_described(model), "pairs": pairs}


def _described(model: StoredModel) -> dict[str, Any]:
    meta = model.manifest.meta if model.manifest else {}
    files = model.manifest.files if model.manifest else {}
    return {
        "name": model.name,
        "folder": str(model.folder),
        "state": model.state,
        "problem": model.problem,
        "precision": meta.get("precision", ""),
        "bytes": sum(entry.size for entry in files.values()),
        "sha256": files["encoder.onnx"].sha256 if "encoder.onnx" in files else "",
        "sources": meta.get("sources", {}),
    }


@contextmanager
def _errors_told() -> Iterator[None]:
    """Turn the errors that are raised on purpose into a line and an exit status."""
    try:
        yield
    except UnknownBackboneError as error:
        errors.print(str(error), markup=False, highlight=False)
        raise typer.Exit(BAD_INPUT) from error
    except (TrainingError, RetrievalError) as error:
        errors.print(str(error), markup=False, highlight=False)
        raise typer.Exit(FAILED) from error
