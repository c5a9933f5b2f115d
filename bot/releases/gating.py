"""The gate as the service sees it: a child process that judges a release, and the verdict that is kept with it.

``python -m training gate`` writes gate.json and gate.html into the reports folder; what goes into the database
names no customer's words, so it may be backed up, and stays when ``kefu erase`` takes the report away.
"""

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from bot.db.base import JsonObject
from bot.db.release_tables import Release
from bot.errors import NotFoundError
from bot.private_files import make_private_folder
from bot.releases.reports import report_folder
from bot.releases.repository import ReleaseParts
from bot.settings import Settings

PASSED, FAILED, BAD_INPUT, REFUSED = 0, 1, 2, 3
"""Exit codes of the gate's process."""

FOLDER, JSON_FILE, PAGE_FILE = "gate", "gate.json", "gate.html"
"""Beside the checkpoint's own report, so that whoever takes that away takes both."""


@dataclass(frozen=True)
class GateRun:
    """What the child process gets after ``python -m training``, and the folder where its verdict will lie."""

    arguments: tuple[str, ...]
    folder: Path


def plan_gate(
    settings: Settings,
    candidate: ReleaseParts,
    serving: ReleaseParts | None,
    *,
    export: Path,
    replay: Path | None,
    seed: int = 0,
) -> GateRun:
    """A verdict that is there already is taken away: the run makes it anew."""
    around = report_folder(settings, candidate.checkpoint.id)
    make_private_folder(around)
    folder = around / FOLDER
    shutil.rmtree(folder, ignore_errors=True)
    arguments = ["gate", *_folders(settings, "candidate", candidate)]
    if serving is not None:
        arguments += _folders(settings, "serving", serving)
    arguments += ["--export", str(export), "--report", str(folder), "--seed", str(seed)]
    if replay is not None:
        arguments += ["--replay", str(replay)]
    return GateRun(tuple(arguments), folder)


def _folders(settings: Settings, which: str, parts: ReleaseParts) -> Sequence[str]:
    checkpoint, snapshot = settings.data_dir / parts.checkpoint.path, settings.data_dir / parts.snapshot.path
    return [f"--{which}-checkpoint", str(checkpoint), f"--{which}-snapshot", str(snapshot)]


def verdict_of(run: GateRun, exit_code: int, *, data_dir: Path) -> JsonObject:
    """What is kept with the release. A gate that could not finish has not let anything pass."""
    try:
        found: dict[str, Any] = json.loads((run.folder / JSON_FILE).read_text(encoding="utf-8"))
        checks = [{name: check[name] for name in ("name", "passed", "reason")} for check in found["checks"]]
        passed, made_at = bool(found["passed"]) and exit_code == PASSED, str(found["made_at"])
        not_compared = found["not_compared"]
    except (OSError, ValueError, KeyError, TypeError):
        passed, made_at = False, datetime.now(UTC).isoformat(timespec="seconds")
        not_compared = None
        reason = (
            f"The gate could not finish (exit {exit_code}); what it printed says why. Run kefu train again."
        )
        checks = [{"name": "gate", "passed": False, "reason": reason}]
    report = str((run.folder / PAGE_FILE).relative_to(data_dir))
    return {
        "passed": passed,
        "made_at": made_at,
        "report": report,
        "checks": checks,
        "not_compared": not_compared,
    }


async def record_verdict(session: AsyncSession, release_id: str, verdict: JsonObject) -> None:
    """Raises NotFoundError."""
    release = await session.get(Release, release_id)
    if release is None:
        raise NotFoundError(f"no release {release_id!r}")
    release.gate = verdict
    await session.flush()


def has_passed(release: Release) -> bool:
    """Only a verdict lets a release be promoted by itself; none is not enough."""
    return release.gate is not None and bool(release.gate["passed"])


def is_refused(release: Release) -> bool:
    """Whether promoting it takes force. What has spoken before may be gone back to."""
    return release.gate is not None and not release.gate["passed"] and release.promoted_at is None


def refusals(release: Release) -> list[str]:
    """Why the gate refused it."""
    checks = release.gate["checks"] if release.gate is not None else []
    return [f"{check['name']}: {check['reason']}" for check in checks if not check["passed"]]
