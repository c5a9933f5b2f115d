"""What the gate and training wrote about a release, read from its folder of reports; it may be gone."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.releases import gating
from bot.releases.reports import PAGE, report_of
from bot.settings import Settings


@dataclass(frozen=True)
class WouldSay:
    """``answer_id`` is None where no answer is given."""

    outcome: str
    answer_id: str | None
    confidence: float


@dataclass(frozen=True)
class ChangedAnswer:
    """A logged message that the release would answer otherwise; the most frequent ones come first."""

    utterance: str
    language: str
    count: int
    up: int
    down: int
    before: WouldSay
    after: WouldSay


def gate_page(settings: Settings, checkpoint_id: str) -> Path | None:
    page = _gate_folder(settings, checkpoint_id) / gating.PAGE_FILE
    return page if page.is_file() else None


def training_page(settings: Settings, checkpoint_id: str) -> Path | None:
    page = report_of(settings, checkpoint_id) / PAGE
    return page if page.is_file() else None


def changed_answers(settings: Settings, checkpoint_id: str) -> list[ChangedAnswer]:
    """Of the gate's replay; none where the gate asked nothing, or its report was removed."""
    file = _gate_folder(settings, checkpoint_id) / gating.JSON_FILE
    try:
        rows: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))["changed_answers"]
    except (OSError, ValueError, KeyError, TypeError):
        return []
    return [
        ChangedAnswer(
            utterance=row["utterance"],
            language=row["language"],
            count=row["count"],
            up=row["up"],
            down=row["down"],
            before=_would_say(row["before"]),
            after=_would_say(row["after"]),
        )
        for row in rows
    ]


def _would_say(row: dict[str, Any]) -> WouldSay:
    return WouldSay(row["outcome"], row["answer"] or None, row["confidence"])


def _gate_folder(settings: Settings, checkpoint_id: str) -> Path:
    return report_of(settings, checkpoint_id) / gating.FOLDER
