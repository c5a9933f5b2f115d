"""Reports on training runs: folders under the data dir, named after the checkpoint that was trained.

They quote approved questions, which a visitor may have taught. Backups leave them out: they explain a decision that
is made already, and training again makes them again.
"""

import json
import shutil
from pathlib import Path
from typing import Any

from bot.private_files import make_private_folder
from bot.settings import Settings

FOLDER = "reports"
PAGE = "report.html"


def report_folder(settings: Settings, checkpoint_id: str) -> Path:
    """Where training shall make it; the folder around it is there afterwards."""
    make_private_folder(settings.data_dir)
    make_private_folder(settings.data_dir / FOLDER)
    return report_of(settings, checkpoint_id)


def report_of(settings: Settings, checkpoint_id: str) -> Path:
    """Where it is, if it is there."""
    return settings.data_dir / FOLDER / checkpoint_id


def page_in(folder: Path) -> Path | None:
    """None where training could not write one."""
    page = folder / PAGE
    return page if page.is_file() else None


def remove_report(settings: Settings, checkpoint_id: str) -> None:
    """If there is one."""
    report = report_of(settings, checkpoint_id)
    if report.exists():
        _remove(report)


def remove_reports(settings: Settings) -> int:
    """Takes away every report, and what a killed run left of one; returns how many there were."""
    found = _reports(settings)
    for report in found:
        _remove(report)
    return len(found)


def remove_reports_quoting(settings: Settings, texts: set[str]) -> int:
    """Takes away those whose figures hold one of the texts as a whole; returns how many."""
    found = [report for report in _reports(settings) if report.is_dir() and _quotes(report, texts)]
    for report in found:
        _remove(report)
    return len(found)


def _reports(settings: Settings) -> list[Path]:
    folder = settings.data_dir / FOLDER
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _quotes(report: Path, texts: set[str]) -> bool:
    """What a page shows is in the JSON file beside it; one that can't be read is taken to quote everything."""
    try:
        return any(_holds(json.loads(file.read_bytes()), texts) for file in sorted(report.glob("*.json")))
    except ValueError:
        return True


def _holds(value: Any, texts: set[str]) -> bool:
    if isinstance(value, dict):
        return any(_holds(each, texts) for pair in value.items() for each in pair)
    if isinstance(value, list):
        return any(_holds(each, texts) for each in value)
    return isinstance(value, str) and value in texts


def _remove(report: Path) -> None:
    if report.is_dir() and not report.is_symlink():
        shutil.rmtree(report)
    else:
        report.unlink()
