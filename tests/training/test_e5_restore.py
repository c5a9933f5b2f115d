"""The 4-bit file is read as its layout says, and a broken one is told."""

import struct
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from training.e5_restore import dequantize_q4, read_e5_weights
from training.errors import BackboneError

HIDDEN, LAYERS, HEADS, FEED_FORWARD, VOCABULARY, POSITIONS, TYPES = 32, 1, 2, 64, 3, 4, 2


def block(scale: float, levels: list[int]) -> bytes:
    """Pack 32 levels of -8 to 7: level j in the low half of byte j, level j + 16 in its high half."""
    return np.float16(scale).tobytes() + bytes(
        (low + 8) | ((high + 8) << 4) for low, high in zip(levels[:16], levels[16:], strict=True)
    )


def test_block_expands_low_halves_first_then_high_halves() -> None:
    payload = np.float16(0.5).tobytes() + bytes([0x80, 0x0F, *[0x88] * 13, 0xF1])
    # byte 0x80: low 0 - 8 = -8, high 8 - 8 = 0; 0x0F: low 7, high -8; 0xF1: low -7, high 7
    expected = np.zeros(32)
    expected[[0, 1, 15]] = [-4.0, 3.5, -3.5]
    expected[[17, 31]] = [-4.0, 3.5]
    assert dequantize_q4(payload, shape=(1, 32)).tolist() == [expected.tolist()]


def test_blocks_follow_each_other_along_a_row() -> None:
    payload = block(1.0, [1] * 32) + block(0.25, [-2] * 32) + block(2.0, [0] * 32) + block(-1.0, [7] * 32)
    found = dequantize_q4(payload, shape=(2, 64))
    assert found.dtype == np.float32
    assert found.tolist() == [[1.0] * 32 + [-0.5] * 32, [0.0] * 32 + [-7.0] * 32]


def test_whole_file_gives_the_tensors_of_a_bert(tmp_path: Path) -> None:
    file, expected = write_model(tmp_path)
    weights = read_e5_weights(file)
    assert (weights.hidden, weights.layers, weights.heads, weights.feed_forward) == (32, 1, 2, 64)
    assert (weights.vocabulary, weights.positions, weights.token_types) == (3, 4, 2)
    assert weights.epsilon == pytest.approx(1e-12)
    assert len(weights.tensors) == 5 + 16
    for name, tensor in expected.items():
        np.testing.assert_array_equal(weights.tensors[name], tensor)


def test_restored_tensors_fit_the_bert_of_transformers(tmp_path: Path) -> None:
    from transformers import BertConfig, BertModel

    weights = read_e5_weights(write_model(tmp_path)[0])
    config = BertConfig(
        vocab_size=3,
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=4,
    )
    wanted = {name: tuple(each.shape) for name, each in BertModel(config, False).named_parameters()}
    assert {name: tensor.shape for name, tensor in weights.tensors.items()} == wanted


def test_other_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"GGUF" + bytes(100))
    with pytest.raises(BackboneError, match="begins with b'GGUF'"):
        read_e5_weights(tmp_path / "x")


def test_other_block_length_is_refused(tmp_path: Path) -> None:
    file, _ = write_model(tmp_path, block_length=64)
    with pytest.raises(BackboneError, match="blocks of 64"):
        read_e5_weights(file)


@pytest.mark.parametrize("share", [0.0, 0.001, 0.005, 0.01, 0.03, 0.1, 0.5, 0.9, 0.999])
def test_cut_off_file_is_refused_wherever_it_ends(tmp_path: Path, share: float) -> None:
    file, _ = write_model(tmp_path)
    payload = file.read_bytes()
    file.write_bytes(payload[: int(len(payload) * share)])
    with pytest.raises(BackboneError, match=str(file)):
        read_e5_weights(file)


def write_model(folder: Path, *, block_length: int = 32) -> tuple[Path, dict[str, NDArray[np.float32]]]:
    """Write a tiny file of the real layout; returns it and some tensors that it holds."""
    random = np.random.default_rng(0)
    tensors: dict[str, bytes] = {}
    expected: dict[str, NDArray[np.float32]] = {}

    def quantised(short: str, rows: int, columns: int, name: str) -> None:
        levels = random.integers(-8, 8, size=(rows, columns))
        packed = [
            block(0.5, levels[row, at : at + 32].tolist())
            for row in range(rows)
            for at in range(0, columns, 32)
        ]
        tensors[short] = b"".join(packed)
        expected[name] = (levels * 0.5).astype(np.float32)

    def full(short: str, shape: tuple[int, ...], name: str) -> None:
        expected[name] = random.standard_normal(shape).astype(np.float32)
        tensors[short] = expected[name].tobytes()

    quantised("emb.word", VOCABULARY, HIDDEN, "embeddings.word_embeddings.weight")
    full("emb.pos", (POSITIONS, HIDDEN), "embeddings.position_embeddings.weight")
    full("emb.type", (TYPES, HIDDEN), "embeddings.token_type_embeddings.weight")
    full("emb.ln.w", (HIDDEN,), "embeddings.LayerNorm.weight")
    full("emb.ln.b", (HIDDEN,), "embeddings.LayerNorm.bias")
    attention = "encoder.layer.0.attention"
    for short, long in {"q": "self.query", "k": "self.key", "v": "self.value", "ao": "output.dense"}.items():
        quantised(f"l0.{short}.w", HIDDEN, HIDDEN, f"{attention}.{long}.weight")
        full(f"l0.{short}.b", (HIDDEN,), f"{attention}.{long}.bias")
    quantised("l0.fi.w", FEED_FORWARD, HIDDEN, "encoder.layer.0.intermediate.dense.weight")
    full("l0.fi.b", (FEED_FORWARD,), "encoder.layer.0.intermediate.dense.bias")
    quantised("l0.fo.w", HIDDEN, FEED_FORWARD, "encoder.layer.0.output.dense.weight")
    full("l0.fo.b", (HIDDEN,), "encoder.layer.0.output.dense.bias")
    for short, long in {"aln": "attention.output.LayerNorm", "oln": "output.LayerNorm"}.items():
        full(f"l0.{short}.w", (HIDDEN,), f"encoder.layer.0.{long}.weight")
        full(f"l0.{short}.b", (HIDDEN,), f"encoder.layer.0.{long}.bias")

    header = b"E5S1" + struct.pack("<I", 1)
    header += struct.pack("<7i", HIDDEN, LAYERS, HEADS, FEED_FORWARD, VOCABULARY, POSITIONS, TYPES)
    header += struct.pack("<fi", 1e-12, block_length)
    pieces = [b"<s>", b"</s>", "▁hi".encode()]
    offsets = np.cumsum([0, *map(len, pieces)]).astype("<u4")
    header += struct.pack("<5iQ", len(pieces), 0, 1, 1, 2, sum(map(len, pieces)))
    header += offsets.tobytes() + np.zeros(len(pieces), "<f4").tobytes() + b"".join(pieces)
    header += struct.pack("<iI", 1, 9) + bytes(9)

    names = {short: short.encode() for short in tensors}
    directory_size = 4 + sum(2 + len(name) + 21 for name in names.values())
    offset, directory = len(header) + directory_size, struct.pack("<i", len(tensors))
    for short, content in tensors.items():
        directory += struct.pack("<H", len(names[short])) + names[short]
        directory += struct.pack("<BIQQ", 0, len(content), offset, len(content))
        offset += len(content)
    file = folder / "tiny-q4.bin"
    file.write_bytes(header + directory + b"".join(tensors.values()))
    return file, expected
