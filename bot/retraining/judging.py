"""What is asked between training and release: may this candidate speak?

The seam for the gate. Up to now there is none: every candidate is proposed to a person, and none is promoted by itself.
"""

from dataclasses import dataclass
from pathlib import Path

from bot.db.engine import Database
from bot.retraining.children import Children
from bot.settings import Settings

NO_GATE = "no gate has judged it: it is proposed, and speaks when a person promotes it"


@dataclass(frozen=True)
class Candidate:
    """What a run has made, and what it made it from; all folders are whole, none has a row yet."""

    run_id: str
    checkpoint: Path
    snapshot: Path
    export: Path
    report: Path


@dataclass(frozen=True)
class Verdict:
    """``passed`` is None where nobody has judged; ``report`` is a page to look at, None for that of the training."""

    passed: bool | None
    reasons: tuple[str, ...]
    report: Path | None = None


async def judged(
    candidate: Candidate,  # noqa: ARG001  # the gate reads it
    *,
    database: Database,  # noqa: ARG001
    settings: Settings,  # noqa: ARG001
    children: Children,  # noqa: ARG001
) -> Verdict:
    """The verdict on a candidate; ``children.run`` starts ``python -m training …`` as the training was.

    Called under the lease and with the heart beating, so that it may take long and is ended by a cancellation. What it
    raises (KefuError, RetrievalError, OSError) ends the run as failed, without a release.
    """
    return Verdict(passed=None, reasons=(NO_GATE,))
