"""What can go wrong in this package.

RetrievalError
├── ArtifactError          a checkpoint, snapshot or encoder folder is missing, incomplete or altered
│   └── UnreadableArtifactError    it cannot be looked at: nobody knows whether it is sound
└── ModelNotFoundError     no backbone of that name lies in the models folder

None of them knows of HTTP; the callers translate once.
"""

from __future__ import annotations

from pathlib import Path


class RetrievalError(Exception):
    """Base of all errors that this package raises on purpose."""


class ArtifactError(RetrievalError):
    """A folder that should hold a verified artifact cannot be trusted.

    The text names the folder, the file in it (where there is one) and what to do.
    """

    def __init__(self, path: Path, problem: str, *, remedy: str, file: str | None = None) -> None:
        self.path = path
        self.file = file
        self.problem = problem
        self.remedy = remedy
        place = path / file if file else path
        super().__init__(f"{place}: {problem}. {remedy}")


class UnreadableArtifactError(ArtifactError):
    """The disk or the permissions refuse to show a folder that is there."""


class ModelNotFoundError(RetrievalError):
    """No usable backbone of this name is installed; the text names it, the place looked at and the remedy."""

    def __init__(self, name: str, *, searched: Path, remedy: str) -> None:
        self.name = name
        self.searched = searched
        self.remedy = remedy
        super().__init__(f"Backbone {name!r} is not in {searched}. {remedy}")
