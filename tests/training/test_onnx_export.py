"""Exported encoders agree with the torch model they were made from, or no folder appears."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from retrieval.artifacts import verify_artifact
from retrieval.encoder import OnnxEncoder
from tests.fixtures.tiny_bert import tiny_backbone
from training import onnx_export
from training.backbones import Backbone
from training.errors import ExportError
from training.onnx_export import SentenceEncoder, export_encoder, write_tokenizer

TEXTS = ["cat", "where is my order?", "退款多久到账", "the lazy dog jumps", ""]


def torch_vectors(backbone: Backbone, texts: list[str]) -> np.ndarray:
    """The textbook way: pad, mask, average or take the first, divide by the length."""
    encodings = [backbone.tokenizer.encode(text).ids for text in texts]
    rows = []
    for ids in encodings:
        with torch.no_grad():
            states = backbone.model(input_ids=torch.tensor([ids])).last_hidden_state[0]  # (t, d)
        pooled = states[0] if backbone.pooling == "cls" else states.mean(0)
        rows.append((pooled / pooled.norm()).numpy())
    return np.stack(rows)


@pytest.mark.parametrize("pooling", ["mean", "cls"])
@pytest.mark.parametrize(("precision", "least"), [("fp32", 0.99999), ("int8", 0.99)])
def test_folder_gives_what_torch_gives(tmp_path: Path, pooling: str, precision: str, least: float) -> None:
    backbone = replace(tiny_backbone(pooling=pooling), query_prefix="")
    export_encoder(backbone, tmp_path / "x", precision=precision)
    found = OnnxEncoder.load(tmp_path / "x").encode_queries(TEXTS)
    assert (found * torch_vectors(backbone, TEXTS)).sum(axis=1).min() > least


def test_folder_says_what_it_was_made_from(tmp_path: Path) -> None:
    manifest = export_encoder(tiny_backbone(), tmp_path / "x", meta={"export_version": 7})
    assert manifest == verify_artifact(tmp_path / "x", kind="encoder")
    assert manifest.meta == {
        "backbone": "tiny-bert",
        "sources": {"tiny": "0" * 64},
        "precision": "fp32",
        "export_version": 7,
    }
    settings = json.loads((tmp_path / "x" / "encoder.json").read_text(encoding="utf-8"))
    assert len(settings.pop("self_test")["expected"]) == 8
    assert settings == {
        "name": "tiny-bert",
        "dimension": 16,
        "pooling": "mean",
        "query_prefix": "query: ",
        "passage_prefix": "passage: ",
        "max_tokens": 32,
        "precision": "fp32",
    }


def test_same_model_exports_to_the_same_fingerprint(tmp_path: Path) -> None:
    export_encoder(tiny_backbone(), tmp_path / "x")
    export_encoder(tiny_backbone(), tmp_path / "y")
    export_encoder(tiny_backbone(seed=1), tmp_path / "z")
    first, second, other = (OnnxEncoder.load(tmp_path / name).fingerprint for name in "xyz")
    assert first == second
    assert first != other


@pytest.mark.parametrize("family", ["bert", "something-else"])
def test_padding_changes_nothing_with_either_kind_of_mask(family: str) -> None:
    backbone = tiny_backbone()
    backbone.model.config.model_type = family
    module = SentenceEncoder(backbone.model, pooling="mean")
    assert module.additive_mask == (family == "bert")
    ids = torch.tensor([[2, 5, 6, 3]])
    with torch.no_grad():
        alone = module(ids, torch.ones_like(ids))
        padded = module(torch.tensor([[2, 5, 6, 3, 9, 9]]), torch.tensor([[1, 1, 1, 1, 0, 0]]))
    torch.testing.assert_close(alone, padded)


def test_disagreement_with_torch_leaves_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(*arguments: object) -> np.ndarray:
        return -right(*arguments)

    right = onnx_export._embed_with_torch
    monkeypatch.setattr(onnx_export, "_embed_with_torch", wrong)
    with pytest.raises(ExportError, match=r"only to cosine -1\.0"):
        export_encoder(tiny_backbone(), tmp_path / "x")
    assert list(tmp_path.iterdir()) == []


def test_tokenizer_on_a_full_disk_is_an_error_of_the_disk() -> None:
    with pytest.raises(OSError, match="No space left on device"):
        write_tokenizer(Path("/dev/full"), tiny_backbone().tokenizer)


def test_model_that_gives_no_numbers_is_refused(tmp_path: Path) -> None:
    backbone = tiny_backbone()
    with torch.no_grad():
        backbone.model.embeddings.word_embeddings.weight.fill_(float("nan"))
    with pytest.raises(ExportError, match="cosine nan"):
        export_encoder(backbone, tmp_path / "x")


def test_unknown_pooling_and_precision_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="Pooling 'max' is not supported"):
        export_encoder(replace(tiny_backbone(), pooling="max"), tmp_path / "x")
    with pytest.raises(ExportError, match="'int4' is not known; choose one of fp32, int8"):
        export_encoder(tiny_backbone(), tmp_path / "x", precision="int4")
    assert list(tmp_path.iterdir()) == []
