"""What can go wrong in this package.

TrainingError
├── BackboneError     a backbone's package, file or folder is missing, altered or unreadable
│   └── UnknownBackboneError   no backbone of this name, no folder, and not on the hub
├── EvaluationError   a benchmark's file, column or option is missing or unusable
├── GateInputError    what the gate judges by is missing or unusable; the candidate's own faults are a verdict
└── ExportError       the exported encoder does not give what the torch model gives
"""

from __future__ import annotations


class TrainingError(Exception):
    """Base of all errors that this package raises on purpose; the text names the value and the remedy."""


class BackboneError(TrainingError):
    """A backbone cannot be had: missing package, unknown name, or a file with another hash."""


class UnknownBackboneError(BackboneError):
    """The name is neither a known backbone nor a folder, and no hub has it."""


class ExportError(TrainingError):
    """The serving form of an encoder disagrees with the torch model it was made from."""


class GateInputError(TrainingError):
    """The gate was given an export, a serving release, a backbone or a replay that cannot be used."""


class EvaluationError(TrainingError):
    """A benchmark cannot be run on what was given: missing file or column, no rows, one class, a wrong option."""
