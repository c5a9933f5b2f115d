"""Reports on training runs: folders under the data dir, named after the checkpoint that was trained.

They quote approved questions, which a visitor may have taught. Backups leave them out: they explain a decision that
is made already, and training again makes them again.
"""

import shutil
from pathlib import Path

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


def remove_reports(settings: Settings) -> int:
    """Takes away every report, and what a killed run left of one; returns how many there were."""
    folder = settings.data_dir / FOLDER
    found = sorted(folder.iterdir()) if folder.is_dir() else []
    for report in found:
        if report.is_dir() and not report.is_symlink():
            shutil.rmtree(report)
        else:
            report.unlink()
    return len(found)
