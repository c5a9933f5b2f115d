"""Checkpoints on disk: an encoder and the confidence that was fitted on its evidence, in one verified folder.

The folder holds::

    encoder.onnx, tokenizer.json, encoder.json    as in an encoder folder (:mod:`retrieval.encoder`)
    head.safetensors, head.json                   :class:`retrieval.intents.IntentHead`, where there is one
    traffic.safetensors                           :class:`retrieval.traffic.Traffic`, where messages were known
    confidence.json                               :class:`retrieval.confidence.ConfidenceModel`
    manifest.json                                 kind "checkpoint"
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from retrieval.artifacts import JsonValue, Manifest, Writer, verify_artifact, write_artifact
from retrieval.confidence import ConfidenceModel
from retrieval.encoder import ENCODER_FILES, ENCODER_KIND, OnnxEncoder
from retrieval.errors import ArtifactError, RetrievalError
from retrieval.intents import ANSWERS_FILE, WEIGHTS_FILE, IntentHead
from retrieval.traffic import Traffic

CHECKPOINT_KIND = "checkpoint"
CONFIDENCE_FILE, TRAFFIC_FILE = "confidence.json", "traffic.safetensors"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a checkpoint folder holds, loaded."""

    encoder: OnnxEncoder
    confidence: ConfidenceModel
    head: IntentHead | None
    traffic: Traffic | None
    manifest: Manifest

    @classmethod
    def load(cls, path: Path, *, threads: int = 1) -> Checkpoint:
        """Verifies every hash, then loads.

        Raises:
            ArtifactError: missing, altered, or of another version.
        """
        manifest = verify_artifact(path, kind=CHECKPOINT_KIND)
        remedy = "Promote another release, or make the release again."
        if CONFIDENCE_FILE not in manifest.files:
            raise ArtifactError(path, "is missing", remedy=remedy, file=CONFIDENCE_FILE)
        try:
            confidence = ConfidenceModel.from_json((path / CONFIDENCE_FILE).read_text(encoding="utf-8"))
        except RetrievalError as error:
            raise ArtifactError(path, str(error), remedy=remedy, file=CONFIDENCE_FILE) from error
        try:
            head = IntentHead.load(path) if WEIGHTS_FILE in manifest.files else None
        except RetrievalError as error:
            raise ArtifactError(path, str(error), remedy=remedy, file=WEIGHTS_FILE) from error
        try:
            traffic = Traffic.load(path / TRAFFIC_FILE) if TRAFFIC_FILE in manifest.files else None
        except RetrievalError as error:
            raise ArtifactError(path, str(error), remedy=remedy, file=TRAFFIC_FILE) from error
        encoder = OnnxEncoder.from_verified(path, manifest, threads=threads)
        return cls(encoder, confidence, head, traffic, manifest)


def write_checkpoint(
    target: Path,
    *,
    encoder_folder: Path,
    confidence: ConfidenceModel,
    meta: Mapping[str, JsonValue],
    head: IntentHead | None = None,
    traffic: Traffic | None = None,
) -> Manifest:
    """Makes a checkpoint around an encoder folder, whose files are linked where the disk allows it.

    Raises:
        ArtifactError: the encoder folder is missing or altered, or `target` cannot be written.
    """
    # The new manifest would vouch for whatever bytes lie there.
    verify_artifact(encoder_folder, kind=ENCODER_KIND)
    files: dict[str, Writer] = {name: _placed(encoder_folder / name) for name in ENCODER_FILES}
    files[CONFIDENCE_FILE] = lambda file: _write_text(file, confidence.to_json())
    if head is not None:
        files |= {WEIGHTS_FILE: head.write_weights, ANSWERS_FILE: head.write_answers}
    if traffic is not None:
        files[TRAFFIC_FILE] = traffic.write
    return write_artifact(target, kind=CHECKPOINT_KIND, files=files, meta=meta)


def _placed(source: Path) -> Writer:
    def place(file: Path) -> None:
        try:
            os.link(source, file)
        except OSError:  # another file system, or one without links
            shutil.copyfile(source, file)

    return place


def _write_text(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8")
