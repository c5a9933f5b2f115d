"""The serving form of a backbone: an encoder folder (see :mod:`retrieval.encoder`) made from its torch model.

Parity is checked before the folder appears: on known sentences of both languages, each alone and all padded in one
batch, the exported graph must agree with the torch model.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import nn
from torch.jit import _trace

from retrieval.artifacts import JsonValue, Manifest, write_artifact
from retrieval.encoder import (
    EMBEDDING,
    ENCODER_KIND,
    ONNX_FILE,
    SETTINGS_FILE,
    TOKENIZER_FILE,
    TUNED,
    EncoderSettings,
    SelfTest,
    pad,
)
from training.backbones import Backbone
from training.encoder_tuning import additive, pooled, run_layers
from training.errors import ExportError
from training.neutral import Neutral, neutraliser
from training.onnx_rewrite import quantize_matmuls, shrink_embeddings

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

OPSET = 17

SELF_TEST_TEXT = "Where is my parcel? 我的快递到哪里了？"
SELF_TEST_NUMBERS = 8
# Kernels differ between processors in the last bits, int8 ones in the last of 7 bits; numbers are around 0.05.
SELF_TEST_TOLERANCE = {"fp32": 1e-3, "int8": 1e-2}

# The empty text is the worst: three tokens, far from any sentence.
MIN_COSINE = {"fp32": 0.9999, "int8": 0.97}
PARITY_SENTENCES = (
    "refund",
    "Where is my order?",
    "My card still hasn't arrived after two weeks, what can I do?",
    "I ordered two pairs of headphones last Monday and only one came; the parcel was open, the invoice is "
    "missing and the app says that all was delivered to a neighbour whose name I have never heard. What now?",
    "退款",
    "退款多久到账？",
    "我上周一买的耳机到现在还没有发货，客服电话一直打不通，请问什么时候可以发货？",
    "請問單獨使用愛心陪伴卡有優待嗎？",
    "我的order number是12345，can I still change the address？",
    "",
)

# Families whose attention takes a ready-made additive mask, which saves some 60 small nodes for each message.
_TAKES_ADDITIVE_MASK = frozenset({"bert", "roberta", "xlm-roberta"})


class SentenceEncoder(nn.Module):
    """Token states of a transformer, pooled and normalised; the graph that is exported."""

    def __init__(self, model: nn.Module, *, pooling: str, neutral: Neutral | None = None) -> None:
        super().__init__()
        if pooling not in ("mean", "cls"):
            raise ExportError(f"Pooling {pooling!r} is not supported; known are mean and cls")
        self.model = model
        self.pooling = pooling
        self.neutraliser = neutraliser(neutral)
        family = getattr(getattr(model, "config", None), "model_type", "")
        self.additive_mask = family in _TAKES_ADDITIVE_MASK

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        mask = attention_mask
        if self.additive_mask:
            mask = additive(attention_mask)
        states = self.model(input_ids=input_ids, attention_mask=mask, return_dict=True)[0]  # (n, t, d)
        rows: torch.Tensor = self.neutraliser(pooled(states, attention_mask, self.pooling))
        return rows


class TunedSentenceEncoder(nn.Module):
    """The lower layers once, then the upper ones twice: as they were, and tuned."""

    def __init__(self, backbone: Backbone, top: nn.ModuleList) -> None:
        super().__init__()
        layers = list(backbone.model.encoder.layer)  # type: ignore[union-attr, arg-type]  # untyped attributes
        self.embeddings = backbone.model.embeddings
        self.lower = nn.ModuleList(layers[: len(layers) - len(top)])
        self.upper = nn.ModuleList(layers[len(layers) - len(top) :])
        self.top = top
        self.pooling = backbone.pooling
        self.neutraliser = neutraliser(backbone.neutral)

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        mask = additive(attention_mask)
        states = run_layers(self.lower, self.embeddings(input_ids=input_ids), mask)  # type: ignore[operator]  # (n, t, d)
        frozen, tuned = (run_layers(layers, states, mask) for layers in (self.upper, self.top))
        rows = [pooled(states, attention_mask, self.pooling) for states in (frozen, tuned)]
        return self.neutraliser(rows[0]), self.neutraliser(rows[1])


def export_encoder(
    backbone: Backbone,
    target: Path,
    *,
    top: nn.ModuleList | None = None,
    precision: str | None = None,
    meta: Mapping[str, JsonValue] | None = None,
) -> Manifest:
    """Write the encoder folder `target`.

    Args:
        top: tuned copies of the upper layers, which give the output "tuned".
        precision: "fp32" or "int8" arithmetic; None takes the backbone's own.
        meta: further entries for the manifest.

    Raises:
        ExportError: the exported graph does not agree with the torch model.
        ArtifactError: `target` exists or cannot be written.
    """
    precision = precision or backbone.precision
    if precision not in MIN_COSINE:
        raise ExportError(f"Precision {precision!r} is not known; choose one of {', '.join(MIN_COSINE)}")
    module: nn.Module = SentenceEncoder(backbone.model, pooling=backbone.pooling, neutral=backbone.neutral)
    outputs: tuple[str, ...] = (EMBEDDING,)
    if top is not None:
        module, outputs = TunedSentenceEncoder(backbone, top), (EMBEDDING, TUNED)
    module.train(False)
    tokens = _parity_tokens(backbone)
    expected = _embed_with_torch(module, tokens)

    def write_onnx(file: Path) -> None:
        export_graph(module, file, outputs=outputs)
        graph = onnx.load(str(file))
        shrink_embeddings(graph)
        if precision == "int8":
            quantize_matmuls(graph)
        onnx.save(graph, str(file))

    def write_settings(file: Path) -> None:
        session = _open(file.parent / ONNX_FILE)
        check_parity(session, tokens, expected, at_least=MIN_COSINE[precision])
        known = _run(session, [_tokens(backbone, SELF_TEST_TEXT)])[0, 0, :SELF_TEST_NUMBERS]
        test = SelfTest(SELF_TEST_TEXT, tuple(map(float, known)), SELF_TEST_TOLERANCE[precision])
        settings = _settings(backbone, dimension=expected.shape[2], precision=precision, self_test=test)
        file.write_text(settings.to_json(), encoding="utf-8")

    return write_artifact(
        target,
        kind=ENCODER_KIND,
        files={
            ONNX_FILE: write_onnx,
            TOKENIZER_FILE: lambda file: write_tokenizer(file, backbone.tokenizer),
            SETTINGS_FILE: write_settings,
        },
        meta={
            "backbone": backbone.name,
            "sources": dict(backbone.sources),
            "precision": precision,
            **(meta or {}),
        },
    )


def write_tokenizer(file: Path, tokenizer: Tokenizer) -> None:
    """Not by the tokenizer's own method, which raises a bare Exception where the disk is full."""
    file.write_text(tokenizer.to_str(pretty=True), encoding="utf-8", newline="\n")


def export_graph(module: nn.Module, file: Path, *, outputs: Sequence[str] = (EMBEDDING,)) -> None:
    """Trace `module` to ONNX fp32 with free batch size and length."""
    input_ids = torch.tensor([[3, 5, 7, 9], [3, 5, 0, 0]])  # (n, t)
    attention_mask = torch.tensor([[1, 1, 1, 1], [1, 1, 0, 0]])  # (n, t)
    axes = {0: "n", 1: "t"}
    with warnings.catch_warnings(), torch.no_grad():
        # torch would rather have its dynamo exporter used, which does not take these models; the tracer notes each
        # size that it takes for constant, and indexing that could go wrong. That nothing did is checked by
        # check_parity on other lengths and batch sizes than these.
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", _trace.TracerWarning)
        warnings.filterwarnings("ignore", message="Exporting aten::index operator", category=UserWarning)
        torch.onnx.export(
            module,
            (input_ids, attention_mask),
            str(file),
            dynamo=False,
            opset_version=OPSET,
            input_names=["input_ids", "attention_mask"],
            output_names=list(outputs),
            dynamic_axes={"input_ids": axes, "attention_mask": axes} | {name: {0: "n"} for name in outputs},
        )


def check_parity(
    session: InferenceSession,
    tokens: Sequence[NDArray[np.int64]],
    expected: NDArray[np.float32],
    *,
    at_least: float,
) -> float:
    """Return the lowest cosine between the graph's vectors of `tokens` and the `expected` ones `(outputs, n, d)`.

    Raises:
        ExportError: it is below `at_least`.
    """
    alone = np.concatenate([_run(session, [each]) for each in tokens], axis=1)  # (outputs, n, d)
    together = _run(session, tokens)  # (outputs, n, d)
    lowest = min(float((found * expected).sum(axis=2).min()) for found in (alone, together))
    if not lowest >= at_least:  # a NaN must fail too
        raise ExportError(
            f"The exported encoder agrees with torch only to cosine {lowest:.6f}, not {at_least}"
        )
    return lowest


def _embed_with_torch(module: nn.Module, tokens: Sequence[NDArray[np.int64]]) -> NDArray[np.float32]:
    rows = []
    with torch.no_grad():
        for ids in tokens:
            input_ids = torch.from_numpy(ids)[None]  # (1, t)
            found = module(input_ids, torch.ones_like(input_ids))  # (1, d), or one for each output
            rows.append(
                np.stack([each.numpy() for each in (found if isinstance(found, tuple) else (found,))])
            )
    return np.concatenate(rows, axis=1)  # (outputs, n, d)


def _parity_tokens(backbone: Backbone) -> list[NDArray[np.int64]]:
    return [_tokens(backbone, text) for text in PARITY_SENTENCES]


def _tokens(backbone: Backbone, text: str) -> NDArray[np.int64]:
    ids = backbone.tokenizer.encode(text).ids
    if len(ids) > backbone.max_tokens:
        ids = [*ids[: backbone.max_tokens - 1], ids[-1]]  # keeps the closing special token
    return np.array(ids, dtype=np.int64)


def _open(file: Path) -> InferenceSession:
    import onnxruntime

    return onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])


def _run(session: InferenceSession, tokens: Sequence[NDArray[np.int64]]) -> NDArray[np.float32]:
    input_ids, attention_mask = pad(tokens)
    found = session.run(None, {"input_ids": input_ids, "attention_mask": attention_mask})
    return np.stack(found)  # (outputs, n, d)


def _settings(backbone: Backbone, *, dimension: int, precision: str, self_test: SelfTest) -> EncoderSettings:
    return EncoderSettings(
        name=backbone.name,
        dimension=dimension,
        pooling=backbone.pooling,
        query_prefix=backbone.query_prefix,
        passage_prefix=backbone.passage_prefix,
        max_tokens=backbone.max_tokens,
        precision=precision,
        self_test=self_test,
    )
