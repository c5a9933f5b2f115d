"""``kefu worker``: trains whatever is due, in a process of its own."""

import asyncio
import logging
import os
import signal
import sys
import threading
from typing import Annotated

import typer

from bot.commands.console import err, open_database, run
from bot.db.training_tables import RunState
from bot.errors import ConflictError
from bot.logs import configure_logs
from bot.retraining.children import INSTALL_REMEDY, can_train
from bot.retraining.holders import process_name
from bot.retraining.training_one import Trainer
from bot.retraining.worker import Worker
from bot.settings import Settings

BACKGROUND = 10
"""Nice value: building an index is this process's own work, and whoever answers customers goes first."""


def register(app: typer.Typer) -> None:
    app.command("worker")(worker)


def worker(
    once: Annotated[bool, typer.Option("--once", help="Do what is due now, then return")] = False,
    with_parent: Annotated[
        bool, typer.Option("--with-parent", hidden=True, help="End when standard input is closed")
    ] = False,
) -> None:
    """Train when it is due: asked for, by schedule, or after enough new labels. Ctrl-C or SIGTERM ends it."""
    configure_logs(least=logging.INFO)
    if not can_train():
        raise ConflictError(INSTALL_REMEDY)
    _lower_priority()
    if with_parent:
        _end_with_parent()
    settings = Settings()
    if not run(lambda: _work(settings, once=once)):
        raise SystemExit(1)


async def _work(settings: Settings, *, once: bool) -> bool:
    """Whether every run went well; being told to stop is no failure."""
    async with open_database(settings) as database:
        working = Worker(Trainer(database, settings), process_name())
        if not once:
            err.print("Training starts when it is due or asked for (Ctrl-C ends this).")
        task = asyncio.create_task(_work_once(working) if once else working.work())
        for stop in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(stop, task.cancel)
        try:
            return await task is not False
        except asyncio.CancelledError:
            return True


async def _work_once(working: Worker) -> bool:
    well = True
    while (done := await working.work_once()) is not None:
        run_id, state = done
        err.print(f"Training run {run_id}: {state or 'taken over by another process'}", soft_wrap=True)
        well = well and state is not RunState.FAILED
    return well


def _lower_priority() -> None:
    if hasattr(os, "nice"):
        os.nice(max(0, BACKGROUND - os.nice(0)))


def _end_with_parent() -> None:
    def watch() -> None:
        while os.read(sys.stdin.fileno(), 4096):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="parent", daemon=True).start()
