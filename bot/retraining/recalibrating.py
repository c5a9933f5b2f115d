"""New cut-offs for the checkpoint that speaks, chosen on what people judged of its own traffic: nothing is trained."""

from dataclasses import dataclass
from pathlib import Path

from bot.db.base import now
from bot.db.engine import Database
from bot.errors import ConflictError
from bot.releases import repository as releases
from bot.releases.building import checkpoint_path
from bot.review.audits import Audited, audit_sample, unknown_share
from bot.settings import Settings
from retrieval.decision import RULES_BY_EVIDENCE
from retrieval.errors import ArtifactError

KNOWN_QUESTION = "known_question"


@dataclass(frozen=True)
class JudgedTraffic:
    """``checkpoint`` is the promoted one's folder, below the data dir."""

    release_id: str
    checkpoint: Path
    judged: tuple[Audited, ...]


async def traffic_judged(database: Database) -> JudgedTraffic:
    """Raises ConflictError while nothing is promoted."""
    async with database.read() as session:
        _, promoted = await releases.promoted(session)
        if promoted is None:
            raise ConflictError("no release is promoted yet, so there is nothing to recalibrate")
        sample = await audit_sample(session, at=now(), release_id=promoted.release.id)
    return JudgedTraffic(promoted.release.id, Path(promoted.checkpoint.path), sample.judged)


def write_recalibrated(settings: Settings, traffic: JudgedTraffic, checkpoint_id: str) -> None:
    """What is known word for word is answered at any cut-off, so no cut-off is chosen on it.

    Raises:
        ConflictError: too few were judged, or the promoted checkpoint cannot be loaded.
    """
    from retrieval.checkpoint import Checkpoint, copy_checkpoint
    from retrieval.recalibration import LEAST_MESSAGES, JudgedMessage, recalibrated

    by_evidence = [each for each in traffic.judged if each.rule in RULES_BY_EVIDENCE - {KNOWN_QUESTION}]
    if len(by_evidence) < LEAST_MESSAGES:
        raise ConflictError(
            f"{len(by_evidence)} audited exchanges of {traffic.release_id} were decided by evidence; {LEAST_MESSAGES} are "
            "needed to choose cut-offs on. See: kefu releases quality, and decide about what kefu review list shows"
        )
    source = settings.data_dir / traffic.checkpoint
    try:
        present = Checkpoint.load(source).confidence
    except ArtifactError as error:
        raise ConflictError(
            f"{traffic.release_id} cannot be recalibrated, as its checkpoint cannot be loaded; train a new one: kefu train. {error}"
        ) from error
    messages = [JudgedMessage(each.language, each.confidences, each.right_at) for each in by_evidence]
    confidence = recalibrated(
        present,
        messages,
        target_error=settings.tolerated_error,
        unknown_share=unknown_share(by_evidence),
    )
    copy_checkpoint(
        source,
        settings.data_dir / checkpoint_path(checkpoint_id),
        confidence=confidence,
        meta={"recalibrated": {"release": traffic.release_id, "messages": len(messages)}},
    )
