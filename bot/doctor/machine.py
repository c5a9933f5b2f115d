"""Checks that need no database: versions, the data dir, the limits, the backbone."""

import errno
import os
import platform
import shlex
import shutil
import sqlite3
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from rich.filesize import decimal
from sqlalchemy.engine import make_url

from bot.doctor.findings import Finding, ok, problem, skipped, warning
from bot.private_files import is_open_to_others
from bot.releases.building import models_dir
from bot.setting_names import misspelt_settings
from bot.settings import Settings
from bot.version import VERSION
from retrieval.artifacts import verify_artifact
from retrieval.errors import RetrievalError
from retrieval.models import find_model

PACKAGES = ("onnxruntime", "tokenizers", "faiss-cpu", "rjieba", "opencc", "sqlalchemy", "fastapi")
NEEDED_FREE_BYTES = 1 << 30
"""A release with the multilingual backbone has some 130 MB, and there are several of them."""
MAKE_ROOM = f"make room: {decimal(NEEDED_FREE_BYTES)} at least"


def check_settings(settings: Settings) -> Finding:
    kind = "SQLite" if settings.uses_sqlite else "PostgreSQL"
    languages = ",".join(settings.languages)
    detail = f"data in {settings.data_dir.absolute()}, {kind}, languages {languages}, at most "
    detail += f"{settings.tolerated_error:.0%} of given answers wrong"
    if misspelt := misspelt_settings(os.environ):
        return warning(
            "settings", "; ".join([*misspelt, detail]), remedy="rename or unset what is no setting"
        )
    return ok("settings", detail)


def check_versions() -> Finding:
    missing = [name for name in PACKAGES if _version(name) is None]
    if missing:
        return problem(
            "versions", f"not installed: {', '.join(missing)}", remedy="install Kefu again: pip install kefu"
        )
    installed = ", ".join(f"{name} {_version(name)}" for name in ("onnxruntime", "faiss-cpu"))
    return ok(
        "versions",
        f"Kefu {VERSION}, Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {installed}",
    )


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def check_data_dir(settings: Settings) -> Finding:
    """Written to, and with room for another release."""
    folder = settings.data_dir.absolute()
    if not folder.is_dir():
        return problem("data dir", f"there is no folder {folder}", remedy="run: kefu demo, or kefu migrate")
    try:
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".doctor.") as file:
            file.write(b"kefu")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        return problem(
            "data dir",
            f"{folder} can't be written to: {error.strerror}",
            remedy=MAKE_ROOM if full else "give this user the right to write there",
        )
    free = shutil.disk_usage(folder).free
    if free < NEEDED_FREE_BYTES:
        return problem(
            "data dir",
            f"only {decimal(free)} free in {folder}",
            remedy=MAKE_ROOM,
        )
    return ok("data dir", f"{folder} can be written to, {decimal(free)} free")


def check_privacy(settings: Settings) -> Finding:
    """What was made before Kefu took care, or by somebody else, may be open to the other users of the machine."""
    folder = settings.data_dir.absolute()
    if not folder.is_dir():
        return skipped("privacy", needs="data dir")
    open_to_others = {folder: "700"} if is_open_to_others(folder) else {}
    database = Path(make_url(settings.database_url).database or "") if settings.uses_sqlite else folder
    if database.is_file() and is_open_to_others(database) and is_open_to_others(database.parent):
        open_to_others[database] = "600"
    if not open_to_others:
        return ok("privacy", "no other user of this machine gets at database and files")
    commands = "; ".join(f"chmod {mode} {shlex.quote(str(path))}" for path, mode in open_to_others.items())
    return warning(
        "privacy",
        f"other users of this machine may get at {' and '.join(map(str, open_to_others))}",
        remedy=f"run: {commands}",
    )


def check_rate_limits(settings: Settings) -> Finding:
    limits = settings.rate_limit
    if not limits.enabled:
        return ok("rate limits", "off: leave it so only where a proxy in front limits requests")
    return ok(
        "rate limits",
        f"on, a minute: visitor {limits.visitor_per_minute}, address {limits.address_per_minute}, "
        f"key {limits.key_per_minute} (in each process)",
    )


def check_backbone(settings: Settings) -> Finding:
    """Needed for building releases and for mining, not for answering."""
    try:
        folder = find_model(settings.backbone, models_dir=models_dir(settings))
        manifest = verify_artifact(folder, kind="encoder")
    except RetrievalError as error:
        return problem("backbone", str(error), remedy=f"run: kefu models get {settings.backbone}")
    return ok("backbone", f"{settings.backbone} in {folder}, verified ({manifest.digest[:12]})")
