"""A shop's serving release and a candidate trained on more of it, both with a head and the same fence."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from retrieval.checkpoint import Checkpoint
from retrieval.records import Knowledge
from retrieval.retriever import Retriever
from retrieval.training_export import TrainingExport, read_training_export, write_training_export
from tests.fixtures.shops import shop_knowledge
from tests.fixtures.tiny_encoder import write_tiny_encoder
from training.checkpoints import TrainSettings, train_checkpoint
from training.gate.folders import ReleaseFolders

SETTINGS = TrainSettings(target_error=0.1, unknown_share=0.2, fence=True)
STRANGE = (("who won the match last night", "en"), ("sing me a song", "en"), ("今天天气怎么样", "zh"))


@dataclass(frozen=True, slots=True)
class Made:
    """A release with the export that it was made of."""

    folders: ReleaseFolders
    export: TrainingExport
    export_folder: Path


@dataclass(frozen=True, slots=True)
class Shop:
    """Where releases are made."""

    root: Path
    models_dir: Path

    @property
    def encoder(self) -> Path:
        return self.models_dir / "tiny"

    def export(self, name: str, knowledge: Knowledge) -> TrainingExport:
        write_training_export(
            self.root / f"{name}-export", knowledge=knowledge, out_of_scope=STRANGE, meta={}
        )
        return read_training_export(self.root / f"{name}-export")

    def make(
        self,
        name: str,
        knowledge: Knowledge,
        *,
        settings: TrainSettings = SETTINGS,
        taught: Knowledge | None = None,
    ) -> Made:
        """Trains on `taught` (default: all of it) and indexes `knowledge`."""
        export = self.export(name, knowledge)
        source = export if taught is None else self.export(f"{name}-taught", taught)
        checkpoint = self.root / f"{name}-checkpoint"
        train_checkpoint(source, checkpoint, encoder_folder=self.encoder, settings=settings)
        return Made(self.index(name, checkpoint, knowledge), export, self.root / f"{name}-export")

    def index(self, name: str, checkpoint: Path, knowledge: Knowledge) -> ReleaseFolders:
        """A snapshot for a checkpoint that is there."""
        snapshot = self.root / f"{name}-snapshot"
        Retriever.build(Checkpoint.load(checkpoint).encoder, knowledge).save(snapshot, meta={})
        return ReleaseFolders(checkpoint, snapshot)


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    root = tmp_path_factory.mktemp("shop")
    (root / "models").mkdir()
    write_tiny_encoder(root / "models" / "tiny")
    return Shop(root, root / "models")


@pytest.fixture(scope="session")
def serving(shop: Shop) -> Made:
    return shop.make("serving", shop_knowledge(frames=18))


@pytest.fixture(scope="session")
def candidate(shop: Shop) -> Made:
    return shop.make("candidate", shop_knowledge())
