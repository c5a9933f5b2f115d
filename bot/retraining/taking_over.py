"""The checkpoint of an attempt that was ended after its training, where it is the very one that is wanted now."""

from pathlib import Path

from bot.db.base import JsonObject
from bot.releases.building import checkpoint_path, models_dir
from bot.releases.reports import page_in, report_folder, report_of
from bot.retraining.claiming import Claim
from bot.settings import Settings
from retrieval.artifacts import Manifest, read_manifest, verify_artifact
from retrieval.encoder import ENCODER_KIND, encoder_fingerprint
from retrieval.errors import ArtifactError, ModelNotFoundError
from retrieval.models import find_model


def take_over(
    settings: Settings, claim: Claim, export: Manifest, *, backbone: str, unknown_share: float | None
) -> bool:
    """Moves checkpoint and report of an earlier attempt to where this one's belong; False where none is the same."""
    try:
        encoder = read_manifest(find_model(backbone, models_dir=models_dir(settings)), kind=ENCODER_KIND)
    except (ArtifactError, ModelNotFoundError):  # what trains says so better
        return False
    wanted: JsonObject = {
        "export": export.digest,
        "seed": claim.options.seed,
        "asked": {
            "encoder": encoder_fingerprint(encoder),
            "tune": claim.options.tune,
            "target_error": settings.tolerated_error,
            "unknown_share": unknown_share,
        },
    }
    for id in claim.earlier:
        made, report = settings.data_dir / checkpoint_path(id), report_of(settings, id)
        # Training ends with the report: one that lacks it was killed before.
        if page_in(report) is not None and _is_trained_as(wanted, made):
            made.rename(settings.data_dir / checkpoint_path(claim.checkpoint_id))
            report.rename(report_folder(settings, claim.checkpoint_id))
            return True
    return False


def _is_trained_as(wanted: JsonObject, checkpoint: Path) -> bool:
    """False of one that is not whole, and of one that was recalibrated, which keeps what its source says of its training."""
    try:
        meta = verify_artifact(checkpoint, kind="checkpoint").meta
    except ArtifactError:
        return False
    return "recalibrated" not in meta and wanted.items() <= meta.items()
