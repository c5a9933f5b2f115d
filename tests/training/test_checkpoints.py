"""From an export to a checkpoint that serves; the same export and seed give the same bytes."""

from pathlib import Path

import pytest

import training.checkpoints
from retrieval.engine import Engine
from retrieval.errors import ArtifactError
from retrieval.records import Knowledge
from retrieval.retriever import Retriever
from retrieval.training_export import (
    PASSAGES,
    QUESTIONS,
    TrainingExport,
    read_training_export,
    write_training_export,
)
from tests.fixtures.tiny_bert import tiny_backbone
from tests.training.test_fitting import knowledge
from training.checkpoints import TrainSettings, train_checkpoint
from training.errors import TrainingError

SETTINGS = TrainSettings(target_error=0.1, unknown_share=0.2)
STRANGE = (("who won the match", "en"),)
KNOWN = tuple((question.text, "en") for question in knowledge().questions)
ASKED = tuple(
    (f"{question.text} for order {n}", "en") for n in range(2) for question in knowledge().questions
)


def export(folder: Path) -> TrainingExport:
    write_training_export(
        folder, knowledge=knowledge(), out_of_scope=STRANGE, traffic=ASKED, meta={"revision": 3}
    )
    return read_training_export(folder)


@pytest.fixture
def tuned_from_the_first_question(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tunes the tiny backbone, which is not one that can be loaded by name."""
    monkeypatch.setattr(training.checkpoints, "backbone_to_tune", lambda *_, **__: tiny_backbone())


def test_export_gives_back_the_sources_of_questions(tmp_path: Path) -> None:
    sources = {1: "operator", 3: "mined"}
    write_training_export(
        tmp_path / "a", knowledge=knowledge(), out_of_scope=STRANGE, meta={}, sources=sources
    )
    made = read_training_export(tmp_path / "a")
    assert made.sources == sources
    assert made.knowledge == knowledge()


def test_export_gives_back_what_was_written_and_equal_knowledge_equal_bytes(tmp_path: Path) -> None:
    first, second = export(tmp_path / "a"), export(tmp_path / "b")
    assert first == second
    assert first.knowledge == knowledge()
    assert first.out_of_scope == STRANGE


@pytest.mark.parametrize(
    ("traffic", "share", "basis"), [(KNOWN, 0.05, "estimated"), (STRANGE * 0, 0.2, "assumed")]
)
def test_the_share_of_unknown_questions_is_told_by_traffic_or_assumed(
    tmp_path: Path, tiny_bert_folder: Path, traffic: tuple[tuple[str, str], ...], share: float, basis: str
) -> None:
    write_training_export(tmp_path / "a", knowledge=knowledge(), out_of_scope=(), traffic=traffic, meta={})
    trained = train_checkpoint(
        read_training_export(tmp_path / "a"),
        tmp_path / "made",
        encoder_folder=tiny_bert_folder,
        settings=TrainSettings(target_error=0.1, unknown_share=None),
    )
    assert trained.confidence.unknown_share == pytest.approx(share, abs=0.05)
    assert trained.manifest.meta["unknown_share"] == {
        "share": round(trained.confidence.unknown_share, 4),
        "basis": basis,
    }


def test_a_gap_that_is_asked_often_counts_as_often_as_it_is_asked(
    tmp_path: Path, tiny_bert_folder: Path
) -> None:
    gaps = tuple(
        (f"zebra quokka {word}", "en") for word in ("violin", "walrus", "xylophone", "yodel", "zinc")
    )

    def told(name: str, traffic: tuple[tuple[str, str], ...]) -> float:
        write_training_export(
            tmp_path / name, knowledge=knowledge(), out_of_scope=(), traffic=traffic, meta={}
        )
        trained = train_checkpoint(
            read_training_export(tmp_path / name),
            tmp_path / f"made of {name}",
            encoder_folder=tiny_bert_folder,
            settings=TrainSettings(target_error=0.1, unknown_share=None),
        )
        return trained.confidence.unknown_share

    once, often = told("once", KNOWN + gaps), told("often", KNOWN + gaps * 16)
    assert once < 0.2
    assert often == pytest.approx(0.5, abs=0.15)


@pytest.mark.parametrize(("file", "more"), [(QUESTIONS, "{}\n"), (PASSAGES, "x")])
def test_altered_export_is_refused(tmp_path: Path, file: str, more: str) -> None:
    export(tmp_path / "a")
    with (tmp_path / "a" / file).open("a", encoding="utf-8") as stream:
        stream.write(more)
    with pytest.raises(ArtifactError, match=file):
        read_training_export(tmp_path / "a")


@pytest.mark.parametrize("tuned", [False, True])
def test_same_export_and_seed_make_the_same_checkpoint(
    tmp_path: Path, tiny_bert_folder: Path, tuned: bool, request: pytest.FixtureRequest
) -> None:
    if tuned:
        request.getfixturevalue("tuned_from_the_first_question")
    made = [
        train_checkpoint(
            export(tmp_path / f"export {name}"),
            tmp_path / name,
            encoder_folder=tiny_bert_folder,
            settings=SETTINGS,
        ).manifest
        for name in "ab"
    ]
    assert (tmp_path / "a" / "manifest.json").read_bytes() == (tmp_path / "b" / "manifest.json").read_bytes()
    assert made[0].meta["tuned"] is tuned
    assert made[0].meta["headed"] is True
    assert made[0].meta["questions"] == 80
    assert made[0].meta["traffic"] == len(ASKED)
    assert {"head.safetensors", "head.json", "confidence.json", "encoder.onnx"} < set(made[0].files)


@pytest.mark.usefixtures("tuned_from_the_first_question")
def test_checkpoint_serves_with_its_head(tmp_path: Path, tiny_bert_folder: Path) -> None:
    train_checkpoint(
        export(tmp_path / "export"), tmp_path / "made", encoder_folder=tiny_bert_folder, settings=SETTINGS
    )
    from retrieval.checkpoint import Checkpoint

    loaded = Checkpoint.load(tmp_path / "made")
    Retriever.build(loaded.encoder, knowledge()).save(tmp_path / "snapshot", meta={})
    engine = Engine.load(tmp_path / "made", tmp_path / "snapshot")
    found = engine.respond("please the refund", "en")
    best = found.retrieved.candidates[0]
    assert best.answer_id == "refund"
    assert best.meaning != 0.0
    assert best.wording > max(candidate.wording for candidate in found.retrieved.candidates[1:])
    assert loaded.traffic is not None
    assert found.retrieved.surroundings is not None
    assert max(candidate.echo for candidate in found.retrieved.candidates) > 0


def test_export_without_questions_is_refused_and_nothing_is_written(
    tmp_path: Path, tiny_bert_folder: Path
) -> None:
    with pytest.raises(TrainingError, match="no approved question"):
        train_checkpoint(
            TrainingExport(Knowledge(), (), "x"),
            tmp_path / "made",
            encoder_folder=tiny_bert_folder,
            settings=SETTINGS,
        )
    assert list(tmp_path.iterdir()) == []
