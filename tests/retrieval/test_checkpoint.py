"""A checkpoint carries a verified encoder and its confidence, and gives the vectors of its backbone."""

from pathlib import Path

import numpy as np
import pytest

from retrieval.artifacts import verify_artifact, write_artifact
from retrieval.checkpoint import Checkpoint, write_checkpoint
from retrieval.confidence import default_confidence
from retrieval.encoder import ENCODER_FILES, OnnxEncoder
from retrieval.errors import ArtifactError


def make(target: Path, encoder_folder: Path) -> None:
    write_checkpoint(
        target,
        encoder_folder=encoder_folder,
        confidence=default_confidence(target_error=0.05),
        meta={"note": "x"},
    )


def test_checkpoint_gives_back_encoder_and_confidence(tiny_bert_folder: Path, tmp_path: Path) -> None:
    make(tmp_path / "c", tiny_bert_folder)
    loaded = Checkpoint.load(tmp_path / "c")
    original = OnnxEncoder.load(tiny_bert_folder)
    assert loaded.confidence == default_confidence(target_error=0.05)
    assert loaded.encoder.fingerprint == original.fingerprint
    assert loaded.manifest.meta == {"note": "x"}
    np.testing.assert_array_equal(loaded.encoder.encode_queries(["cat"]), original.encode_queries(["cat"]))


def test_checkpoint_outlives_the_folder_it_was_made_of(tiny_bert_folder: Path, tmp_path: Path) -> None:
    make(tmp_path / "first", tiny_bert_folder)
    copied = {name: (tmp_path / "first" / name).read_bytes() for name in ENCODER_FILES}
    write_artifact(
        tmp_path / "backbone",
        kind="encoder",
        files={name: lambda file, name=name: file.write_bytes(copied[name]) for name in ENCODER_FILES},
        meta={},
    )
    make(tmp_path / "c", tmp_path / "backbone")
    for file in (tmp_path / "backbone").iterdir():
        file.unlink()
    assert Checkpoint.load(tmp_path / "c").encoder.dimension == 16


def test_altered_backbone_gives_no_checkpoint(tiny_bert_folder: Path, tmp_path: Path) -> None:
    make(tmp_path / "first", tiny_bert_folder)
    contents = {name: (tmp_path / "first" / name).read_bytes() for name in ENCODER_FILES}
    write_artifact(
        tmp_path / "backbone",
        kind="encoder",
        files={name: lambda file, name=name: file.write_bytes(contents[name]) for name in ENCODER_FILES},
        meta={},
    )
    with (tmp_path / "backbone" / "encoder.onnx").open("ab") as file:
        file.write(b"!")
    with pytest.raises(ArtifactError, match=r"encoder\.onnx: has .* bytes instead of"):
        make(tmp_path / "c", tmp_path / "backbone")
    assert not (tmp_path / "c").exists()


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b"null", b'{"weights": "x"}'])
def test_unusable_confidence_is_refused(tiny_bert_folder: Path, tmp_path: Path, content: bytes) -> None:
    make(tmp_path / "c", tiny_bert_folder)
    files = {name: (tmp_path / "c" / name).read_bytes() for name in ENCODER_FILES} | {
        "confidence.json": content
    }
    write_artifact(
        tmp_path / "bad",
        kind="checkpoint",
        files={name: lambda file, name=name: file.write_bytes(files[name]) for name in files},
        meta={},
    )
    with pytest.raises(ArtifactError) as caught:
        Checkpoint.load(tmp_path / "bad")
    assert caught.value.file == "confidence.json"


def test_checkpoint_without_confidence_or_encoder_is_refused(tiny_bert_folder: Path, tmp_path: Path) -> None:
    make(tmp_path / "c", tiny_bert_folder)
    for missing in ("confidence.json", "encoder.onnx"):
        names = [name for name in verify_artifact(tmp_path / "c", kind="checkpoint").files if name != missing]
        contents = {name: (tmp_path / "c" / name).read_bytes() for name in names}
        folder = tmp_path / f"without-{missing}"
        write_artifact(
            folder,
            kind="checkpoint",
            files={name: lambda file, all=contents, name=name: file.write_bytes(all[name]) for name in names},
            meta={},
        )
        with pytest.raises(ArtifactError, match="is missing") as caught:
            Checkpoint.load(folder)
        assert caught.value.file == missing


def test_encoder_folder_is_no_checkpoint(tiny_bert_folder: Path) -> None:
    with pytest.raises(ArtifactError, match="holds a 'encoder', not a 'checkpoint'"):
        Checkpoint.load(tiny_bert_folder)
