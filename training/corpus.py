"""The support corpus: what customers of 64 kinds of business need, each need said in several ways in English and Chinese.

Written for Kefu, in plain text files below ``support_corpus`` (its README says how). One item a line::

    # topic         begins a topic; its needs are easily taken for each other
    = need          begins a need
    e, z            a phrasing in English, in Chinese
    A, B            the answer in English, in Chinese
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from training.errors import TrainingError

CORPUS = Path(__file__).parent / "support_corpus"


@dataclass(frozen=True, slots=True)
class Need:
    """One thing that customers want, its phrasings by language and its answer by language."""

    business: str
    topic: str
    name: str
    phrasings: dict[str, list[str]] = field(default_factory=lambda: {"en": [], "zh": []})
    answers: dict[str, str] = field(default_factory=dict)


def read_corpus(folder: Path = CORPUS) -> list[Need]:
    """All needs, business by business.

    Raises:
        TrainingError: the folder has no needs, or a line or need is not as it should be.
    """
    needs = [need for file in sorted(folder.glob("*.txt")) for need in _read(file)]
    if not needs:
        raise TrainingError(f"{folder} has no corpus files")
    return needs


def corpus_digest(folder: Path = CORPUS) -> str:
    """SHA-256 over all files."""
    digest = hashlib.sha256()
    for file in sorted(folder.glob("*.txt")):
        digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()


def _read(file: Path) -> list[Need]:
    needs: list[Need] = []
    topic = ""
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        kind, text = line[:1], line[1:].strip()
        if not line.strip():
            continue
        if kind == "#":
            topic = text
        elif kind == "=":
            needs.append(Need(file.stem, topic, text))
        elif kind in "ez" and needs:
            needs[-1].phrasings["en" if kind == "e" else "zh"].append(text)
        elif kind in "AB" and needs:
            needs[-1].answers["en" if kind == "A" else "zh"] = text
        else:
            raise TrainingError(f"{file.name}, line {number}: {line[:40]!r} begins with none of # = e z A B")
    for need in needs:
        if min(map(len, need.phrasings.values())) < 2 or len(need.answers) < 2:
            raise TrainingError(f"{file.name}: {need.name!r} lacks two phrasings or the answer of a language")
    return needs
