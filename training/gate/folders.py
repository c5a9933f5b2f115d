"""Whether a release's two folders are what they say, load, belong together, and come from their backbone."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from retrieval.artifacts import Manifest, read_manifest, verify_artifact
from retrieval.checkpoint import CHECKPOINT_KIND, Checkpoint
from retrieval.encoder import ENCODER_KIND, SETTINGS_FILE, TOKENIZER_FILE
from retrieval.engine import Engine
from retrieval.errors import ModelNotFoundError, RetrievalError, UnreadableArtifactError
from retrieval.models import find_model
from retrieval.records import Knowledge
from retrieval.retriever import Retriever
from retrieval.snapshot import KIND as SNAPSHOT_KIND
from training.errors import GateInputError
from training.gate.checks import Check, passed, refused
from training.gate.contents import same_records

_SAME_SETTINGS = ("dimension", "pooling", "query_prefix", "passage_prefix", "max_tokens")


@dataclass(frozen=True, slots=True)
class ReleaseFolders:
    """Where the two folders of a release lie."""

    checkpoint: Path
    snapshot: Path


@dataclass(frozen=True, slots=True)
class LoadedRelease:
    """A release that is verified and loaded; `engine` decides as it will for customers, with one thread."""

    folders: ReleaseFolders
    checkpoint: Checkpoint
    snapshot: Manifest
    engine: Engine

    @classmethod
    def load(cls, folders: ReleaseFolders) -> LoadedRelease:
        """Raises ArtifactError or another RetrievalError when it cannot be used."""
        checkpoint = Checkpoint.load(folders.checkpoint)
        retriever = Retriever.from_snapshot(folders.snapshot, encoder=checkpoint.encoder)
        engine = Engine(retriever, checkpoint.confidence, checkpoint.head, checkpoint.traffic)
        return cls(folders, checkpoint, read_manifest(folders.snapshot, kind=SNAPSHOT_KIND), engine)

    def catch_up(self, knowledge: Knowledge) -> None:
        """Makes its index hold `knowledge`, as the service's live changes have done since the snapshot."""
        view = self.engine.retriever.view
        upsert = Knowledge(
            [q for q in knowledge.questions if not same_records(view.questions.get(q.number), q)],
            [p for p in knowledge.passages if not same_records(view.passages.get(p.number), p)],
        )
        self.engine.retriever.apply(
            upsert=upsert,
            remove_questions=view.questions.keys() - {q.number for q in knowledge.questions},
            remove_passages=view.passages.keys() - {p.number for p in knowledge.passages},
        )


def check_manifests(folders: ReleaseFolders) -> Check:
    """Every file has the hash that its manifest promises, and there is no other file."""
    try:
        checkpoint = verify_artifact(folders.checkpoint, kind=CHECKPOINT_KIND)
        snapshot = verify_artifact(folders.snapshot, kind=SNAPSHOT_KIND)
    except RetrievalError as error:
        return refused("manifests", str(error))
    count = len(checkpoint.files) + len(snapshot.files)
    return passed("manifests", f"All {count} files have the hashes of their manifests.", files=count)


def load_candidate(folders: ReleaseFolders) -> tuple[Check, LoadedRelease | None]:
    """The release, where every parser takes its files and the encoder gives its known vector."""
    try:
        loaded = LoadedRelease.load(folders)
        loaded.engine.warm_up()
    except RetrievalError as error:
        return refused("loads", str(error)), None
    except Exception as error:  # of hand-made files libraries raise anything
        return refused("loads", f"The release cannot be used: {error!r}. Train again."), None
    return passed("loads", "Both folders load, and the first message gets a reply."), loaded


def load_serving(folders: ReleaseFolders) -> LoadedRelease | str:
    """The release, or why there is none to compare with: it is damaged, gone, or of a version that loads no more.

    Raises:
        GateInputError: it cannot be read at the moment, and may be sound: then it has to be compared with.
    """
    try:
        return LoadedRelease.load(folders)
    except (UnreadableArtifactError, OSError) as error:
        raise GateInputError(
            f"The serving release cannot be read, so nobody knows whether it is sound. {error} If it is lost, remove that "
            "folder: candidates are then judged without it"
        ) from error
    except MemoryError:
        raise
    except RetrievalError as error:
        return str(error)
    except Exception as error:  # of another version's files the loaders raise anything
        return f"{folders.checkpoint}, {folders.snapshot}: cannot be loaded: {error!r}"


def check_tokenizer(release: LoadedRelease, *, models_dir: Path) -> Check:
    """Tokenizer and prefixes are the backbone's: with others the weights mean nothing."""
    encoder = release.checkpoint.encoder
    backbone = _backbone_folder(encoder.name, models_dir)
    if backbone is None:
        reason = (
            f"The backbone {encoder.name} is not on this machine, so its tokenizer could not be compared."
        )
        return passed("tokenizer", reason, compared=False)
    files = read_manifest(backbone, kind=ENCODER_KIND).files, release.checkpoint.manifest.files
    same = files[0][TOKENIZER_FILE] == files[1][TOKENIZER_FILE]
    if not same and _tokenizer(backbone) != _tokenizer(release.folders.checkpoint):
        reason = f"The tokenizer is not that of the backbone {encoder.name}; train again from the backbone."
        return refused("tokenizer", reason, compared=True)
    wanted = json.loads((backbone / SETTINGS_FILE).read_text(encoding="utf-8"))
    other = [name for name in _SAME_SETTINGS if wanted[name] != getattr(encoder.settings, name)]
    if other:
        reason = (
            f"The encoder's {', '.join(other)} differ from those of the backbone {encoder.name}; train again."
        )
        return refused("tokenizer", reason, compared=True)
    return passed("tokenizer", f"Tokenizer and prefixes are those of {encoder.name}.", compared=True)


def _backbone_folder(name: str, models_dir: Path) -> Path | None:
    """By its name, or the folder whose encoder says that it is called so."""
    try:
        return find_model(name, models_dir=models_dir)
    except ModelNotFoundError:
        settings = sorted(models_dir.glob(f"*/{SETTINGS_FILE}"))
    return next((each.parent for each in settings if _name(each) == name), None)


def _name(settings: Path) -> object:
    try:
        return json.loads(settings.read_text(encoding="utf-8")).get("name")
    except (OSError, ValueError, AttributeError):
        return None


def _tokenizer(folder: Path) -> dict[str, Any]:
    """Without what every loader sets by itself."""
    document: dict[str, Any] = json.loads((folder / TOKENIZER_FILE).read_text(encoding="utf-8"))
    return {name: part for name, part in document.items() if name not in ("truncation", "padding")}
