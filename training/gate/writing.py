"""The verdict on disk: ``gate.json`` to act on and ``gate.html`` to look at.

gate.json holds::

    schema            1
    passed            true or false
    checks            [{"name", "passed", "reason", "figures"}]; reasons quote nobody's words
    rows              {"kind": "fenced" or "left out", "known", "unknown", "anchors", "replayed"}, null where nothing was asked
    candidate         {"checkpoint", "snapshot"}: digests of the manifests, null where they cannot be read
    serving           the same of the release that serves, null for a first one
    not_compared      what was not compared and why, null unless a release serves that cannot be loaded
    export, seed      digest of what was judged by
    changed_answers   [{"utterance", "language", "count", "up", "down", "logged", "before", "after"}] by falling traffic
    made_at           ISO 8601

It holds what customers wrote (changed_answers), so only its owner can read it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from retrieval.artifacts import read_manifest
from retrieval.checkpoint import CHECKPOINT_KIND
from retrieval.errors import RetrievalError
from retrieval.snapshot import KIND as SNAPSHOT_KIND
from retrieval.training_export import TrainingExport
from training.gate.folders import ReleaseFolders
from training.gate.judging import Asked, Judgement
from training.report.writing import write_folder

SCHEMA = 1
JSON_FILE, PAGE_FILE = "gate.json", "gate.html"


@dataclass(frozen=True, slots=True)
class Judged:
    """What was judged, by what."""

    candidate: ReleaseFolders
    serving: ReleaseFolders | None
    export: TrainingExport
    seed: int


def write_gate(folder: Path, judgement: Judgement, judged: Judged) -> None:
    """Makes `folder`, whole or not at all.

    Raises:
        TrainingError: `folder` exists, or the disk refuses.
    """
    from training.gate.page import page_of

    document = gate_document(judgement, judged)
    page = page_of(judgement, document, judged.export.knowledge)
    text = json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False)
    write_folder(folder, {JSON_FILE: text + "\n", PAGE_FILE: page})


def gate_document(judgement: Judgement, judged: Judged) -> dict[str, Any]:
    asked = judgement.asked
    return {
        "schema": SCHEMA,
        "passed": judgement.passed,
        "checks": [asdict(check) for check in judgement.checks],
        "rows": None if asked is None else _rows(asked),
        "candidate": _digests(judged.candidate),
        "serving": None if judged.serving is None else _digests(judged.serving),
        "not_compared": judgement.not_compared,
        "export": judged.export.digest,
        "seed": judged.seed,
        "changed_answers": [] if asked is None else [asdict(each) for each in asked.replay.changed],
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _rows(asked: Asked) -> Mapping[str, str | int]:
    known = int(asked.candidate.known.sum())
    return {
        "kind": asked.rows.kind,
        "known": known,
        "unknown": len(asked.candidate.asked) - known,
        "anchors": len(asked.rows.anchors),
        "replayed": asked.replay.messages,
        "replayed_changed": asked.replay.changed_messages,
    }


def _digests(folders: ReleaseFolders) -> dict[str, str | None]:
    return {
        "checkpoint": _digest(folders.checkpoint, CHECKPOINT_KIND),
        "snapshot": _digest(folders.snapshot, SNAPSHOT_KIND),
    }


def _digest(folder: Path, kind: str) -> str | None:
    try:
        return read_manifest(folder, kind=kind).digest
    except RetrievalError:
        return None
