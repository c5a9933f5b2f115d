"""The child process in which a run trains: ``python -m training``, since the bot never imports torch.

It lowers its own priority and caps its own memory, writes what it says into the run's log and how far it is into a
file, and ends when its standard input is closed: however its parent ends, no child goes on.
"""

import asyncio
import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.errors import ConflictError
from bot.private_files import make_private_file
from bot.releases.building import models_dir
from bot.retraining.log_files import last_lines
from bot.settings import Settings

INSTALL_REMEDY = (
    "Training, measuring and exporting a backbone need the training packages: pip install 'kefu[train]'"
)
MODULE = "training"
LOOK_EVERY_S = 0.2
GRACE_S = 5.0
"""Seconds that a child gets to end by itself."""
# Last words of libraries that end the process, or leave it no memory to say so itself.
_NO_MEMORY = re.compile("^MemoryError|memory allocation|cannot allocate memory", re.IGNORECASE)

Told = Callable[[Mapping[str, Any]], None]
"""Called with the content of the progress file, again and again; it is empty while there is none."""


class TrainingFailedError(ConflictError):
    """A child ended without having done its work; the detail is its last line."""


def can_train() -> bool:
    return importlib.util.find_spec("torch") is not None


def training_environment(settings: Settings) -> dict[str, str]:
    return os.environ | {"KEFU_MODELS_DIR": str(models_dir(settings)), "HF_HUB_OFFLINE": "1"}


@dataclass(frozen=True)
class Children:
    """Starts the children of one run, one after the other. ``module`` is another one in tests only.

    What they lay aside goes to ``temporary``, where it is found when they are killed.
    """

    settings: Settings
    log: Path
    progress: Path
    temporary: Path
    told: Told
    module: str = MODULE

    async def run(self, *arguments: str) -> None:
        """``python -m training`` with these arguments, to its end; cancelled, the child is ended.

        Raises:
            TrainingFailedError: it ended with another exit code than 0, or by a signal.
        """
        await self.exit_code(*arguments)

    def limits(self) -> tuple[str, ...]:
        """Arguments of those that take long: where to say how far they are, the memory they may have, low priority."""
        memory = str(int(self.settings.retraining.memory))
        return ("--progress", str(self.progress), "--memory", memory, "--background")

    async def exit_code(self, *arguments: str, answers: Collection[int] = ()) -> int:
        """As `run`; exit codes among ``answers`` are no failure."""
        make_private_file(self.log)
        child = self._started(arguments)
        try:
            while child.poll() is None:
                await asyncio.sleep(LOOK_EVERY_S)
                self._tell()
        finally:
            await _ended(child)
            for file in (self.progress, *self.progress.parent.glob(f".{self.progress.name}.*")):
                file.unlink(missing_ok=True)
        code: int = child.returncode
        if code != 0 and code not in answers:
            raise TrainingFailedError(self._explained(code))
        return code

    def _started(self, arguments: tuple[str, ...]) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", self.module, *arguments]
        with self.log.open("ab") as log:
            return subprocess.Popen(  # noqa: S603  # no shell
                command,
                env=training_environment(self.settings) | {"TMPDIR": str(self.temporary)},
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for the parent, which ends it
            )

    def _tell(self) -> None:
        try:
            progress = json.loads(self.progress.read_bytes())
        except (OSError, ValueError):  # not there yet
            progress = {}
        self.told(progress)

    def _explained(self, code: int) -> str:
        last = next(iter(last_lines(self.log, 1)), f"it could say nothing; check free space for {self.log}")
        cap = f"{self.settings.retraining.memory / 1e9:.1f} GB (KEFU_RETRAINING__MEMORY)"
        if code > 0 and _NO_MEMORY.search(last):
            return f"training ran out of memory: it may have {cap}. Its last line: {last}"
        if code > 0:
            return last
        name = signal.Signals(-code).name
        return (
            f"training was ended by {name}; where nobody did that, memory has run out: the machine's, or the {cap} that "
            f"it may have. Its last line: {last}"
        )


async def _ended(child: "subprocess.Popen[bytes]") -> None:
    """Closes its input, which ends it; kills it and all it started when it does not."""
    if child.stdin is not None:
        child.stdin.close()
    for kill in (signal.SIGTERM, signal.SIGKILL):
        if child.poll() is not None:
            return
        with suppress(ProcessLookupError):
            os.killpg(child.pid, kill)
        await asyncio.to_thread(_wait, child)


def _wait(child: "subprocess.Popen[bytes]") -> None:
    with suppress(subprocess.TimeoutExpired):
        child.wait(GRACE_S)
