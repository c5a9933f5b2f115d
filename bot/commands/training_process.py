"""Commands that another process carries out: ``python -m training``, since the bot never imports torch."""

import asyncio
import sys

import typer

from bot.commands.console import run
from bot.errors import ConflictError
from bot.releases.building import models_dir
from bot.retraining.children import INSTALL_REMEDY, can_train, training_environment
from bot.settings import Settings
from retrieval.errors import ModelNotFoundError
from retrieval.models import find_model

ERROR_STREAM = 2
_PASS_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}


def register(app: typer.Typer) -> None:
    app.command("models", context_settings=_PASS_ON, help="Backbones: get, list, check")(_models)
    app.command("benchmark", context_settings=_PASS_ON, help="Measure on your data: intents, faq")(_benchmark)
    app.command("simulate", context_settings=_PASS_ON, help="Play the feedback loop on labelled rows")(
        _simulate
    )


def _models(context: typer.Context) -> None:
    run_training("models", *context.args)


def _benchmark(context: typer.Context) -> None:
    run_training("benchmark", *context.args)


def _simulate(context: typer.Context) -> None:
    run_training("simulate", *context.args)


def get_backbone(settings: Settings, *, aside: bool = False) -> None:
    """Puts the backbone of these languages where it is looked for, unless it is there; `aside` as below.

    An installation to serve only has no training packages, and may have been given the backbone.
    """
    if not can_train():
        try:
            find_model(settings.backbone, models_dir=models_dir(settings))
        except ModelNotFoundError as error:
            raise ConflictError(f"{error} {INSTALL_REMEDY}") from error
        return
    run_training("models", "get", settings.backbone, aside=aside)


def run_training(*arguments: str, aside: bool = False) -> None:
    """Runs ``python -m training`` with these arguments; ends with its exit code if that is not 0.

    `aside` sends what it prints to the error stream, for commands whose output is JSON.
    """
    if not can_train():
        raise ConflictError(INSTALL_REMEDY)
    code = run(lambda: _exit_code("-m", "training", *arguments, stdout=ERROR_STREAM if aside else None))
    if code != 0:
        raise SystemExit(code if code > 0 else 1)


async def _exit_code(*arguments: str, stdout: int | None) -> int:
    """Of a Python process that ends with this one; SIGTERM between its start and the wait for it misses nothing."""
    environment = training_environment(Settings()) | {"KEFU_PROGRAM": "kefu"}
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments, env=environment, stdout=stdout)
    try:
        return await process.wait()
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()
