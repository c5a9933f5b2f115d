"""Smaller and faster forms of an exported encoder graph, as rewrites of its ONNX nodes.

Both keep each text's vector independent of what it is batched with. The usual dynamic int8 does not: it takes one
activation range over a whole batch, so that a stored question and the same words sent alone differ (cosine 0.985
between the two for all-MiniLM-L6-v2). Measurements: docs/decisions/0002-encoder-precision.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

MICROSOFT = "com.microsoft"
EMBEDDING_BLOCK = 32
# Tables below this are not worth it: positions and token types.
EMBEDDING_MIN_ROWS = 10_000
INT8_LEVELS = 127
# Processors without VNNI add two products of a byte and a weight in 16 bits, silently cut off at 32,767: with weights
# up to 63 (255 * 63 * 2 = 32,130) that cannot happen, and every processor gets the same integers.
WEIGHT_LEVELS = 63

_Replacement = Callable[[NodeProto], Sequence[NodeProto]]


def shrink_embeddings(model: ModelProto) -> None:
    """Store large embedding tables as int8 with one fp16 scale for each 32 numbers of a row, in place.

    Looked-up rows are expanded to float32 again, so that the arithmetic after them does not change. A quarter of the
    size in the file and in memory; cosine to the full table above 0.99998.
    """
    tables = _matrices(model)

    def replacement(node: NodeProto) -> Sequence[NodeProto]:
        table = tables.get(node.input[0]) if node.op_type == "Gather" else None
        if table is None or len(table) < EMBEDDING_MIN_ROWS or table.shape[1] % EMBEDDING_BLOCK:
            return [node]
        return _lookup_nodes(model, node, table)

    _replace_nodes(model, replacement)


def quantize_matmuls(model: ModelProto) -> None:
    """Do the products with constant matrices in int8, in place.

    Weights: one scale for each output column, 127 levels. Activations: each token's row is divided by its largest magnitude and
    rounded to 255 levels around 128 ("per-token dynamic quantisation", Yao et al. 2022, ZeroQuant, section 4.1;
    https://arxiv.org/abs/2206.01861), and the product is multiplied by that magnitude again.
    """
    weights = _matrices(model)
    model.graph.initializer.extend(
        [
            numpy_helper.from_array(np.array(1 / INT8_LEVELS, dtype=np.float32), "row_step"),
            numpy_helper.from_array(np.array(128, dtype=np.uint8), "row_zero"),
            numpy_helper.from_array(np.array(1e-9, dtype=np.float32), "row_least"),
        ]
    )
    prepared: set[str] = set()  # query, key and value share their input

    def replacement(node: NodeProto) -> Sequence[NodeProto]:
        weight = weights.get(node.input[1]) if node.op_type == "MatMul" else None
        if weight is None:
            return [node]
        source = node.input[0]
        before = () if source in prepared else tuple(_row_nodes(source))
        prepared.add(source)
        return [*before, *_product_nodes(model, node, weight)]

    _replace_nodes(model, replacement)
    model.opset_import.append(helper.make_opsetid(MICROSOFT, 1))


def round_to_blocks(table: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float16]]:
    """Return int8 `(v, d)` and scales `(v, d / 32, 1)` whose product is `table` within half a scale."""
    blocks = table.reshape(len(table), -1, EMBEDDING_BLOCK)  # (v, d / 32, 32)
    largest = np.abs(blocks).max(axis=-1, keepdims=True)  # (v, d / 32, 1)
    # Rounded to fp16 before it divides, so that its own rounding is made good by the integers.
    scales = (largest / INT8_LEVELS).astype(np.float16)
    divisors = np.where(scales == 0, 1, scales).astype(np.float32)
    levels = np.clip(np.rint(blocks / divisors), -INT8_LEVELS, INT8_LEVELS).astype(np.int8)
    return levels.reshape(table.shape), scales


def _lookup_nodes(model: ModelProto, node: NodeProto, table: NDArray[np.float32]) -> list[NodeProto]:
    levels, scales = round_to_blocks(table)
    name, out = node.input[0], node.output[0]
    blocks = table.shape[1] // EMBEDDING_BLOCK
    model.graph.initializer.extend(
        [
            numpy_helper.from_array(levels, f"{name}_levels"),
            numpy_helper.from_array(scales, f"{name}_scales"),
            numpy_helper.from_array(np.array([0, 0, blocks, EMBEDDING_BLOCK]), f"{name}_in_blocks"),
            numpy_helper.from_array(np.array([0, 0, table.shape[1]]), f"{name}_in_rows"),
        ]
    )
    return [
        helper.make_node("Gather", [f"{name}_levels", node.input[1]], [f"{out}_levels"]),  # (n, t, d)
        helper.make_node("Cast", [f"{out}_levels"], [f"{out}_numbers"], to=TensorProto.FLOAT),
        helper.make_node("Reshape", [f"{out}_numbers", f"{name}_in_blocks"], [f"{out}_blocks"]),
        helper.make_node("Gather", [f"{name}_scales", node.input[1]], [f"{out}_half"]),  # (n, t, d / 32, 1)
        helper.make_node("Cast", [f"{out}_half"], [f"{out}_scales"], to=TensorProto.FLOAT),
        helper.make_node("Mul", [f"{out}_blocks", f"{out}_scales"], [f"{out}_scaled"]),
        helper.make_node("Reshape", [f"{out}_scaled", f"{name}_in_rows"], [out]),
    ]


def _row_nodes(source: str) -> Iterator[NodeProto]:
    yield helper.make_node("Abs", [source], [f"{source}_abs"])
    yield helper.make_node("ReduceMax", [f"{source}_abs"], [f"{source}_max"], axes=[-1], keepdims=1)
    yield helper.make_node("Max", [f"{source}_max", "row_least"], [f"{source}_reach"])  # (n, t, 1)
    yield helper.make_node("Div", [source, f"{source}_reach"], [f"{source}_unit"])
    yield helper.make_node("QuantizeLinear", [f"{source}_unit", "row_step", "row_zero"], [f"{source}_bytes"])


def _product_nodes(model: ModelProto, node: NodeProto, weight: NDArray[np.float32]) -> list[NodeProto]:
    source, name, out = node.input[0], node.input[1], node.output[0]
    largest = np.abs(weight).max(axis=0)  # (columns,)
    scales = np.where(largest == 0, 1, largest / WEIGHT_LEVELS).astype(np.float32)
    model.graph.initializer.extend(
        [
            numpy_helper.from_array(np.rint(weight / scales).astype(np.int8), f"{name}_levels"),
            numpy_helper.from_array(scales, f"{name}_scales"),
            numpy_helper.from_array(np.zeros(len(scales), dtype=np.int8), f"{name}_zeros"),
        ]
    )
    operands = [
        f"{source}_bytes",
        f"{name}_levels",
        "row_step",
        f"{name}_scales",
        "row_zero",
        f"{name}_zeros",
    ]
    return [
        helper.make_node("MatMulIntegerToFloat", operands, [f"{out}_unit"], domain=MICROSOFT),
        helper.make_node("Mul", [f"{out}_unit", f"{source}_reach"], [out]),
    ]


def _matrices(model: ModelProto) -> dict[str, NDArray[np.float32]]:
    return {
        each.name: numpy_helper.to_array(each)
        for each in model.graph.initializer
        if each.data_type == TensorProto.FLOAT and len(each.dims) == 2
    }


def _replace_nodes(model: ModelProto, replacement: _Replacement) -> None:
    """Put `replacement(node)` in each node's place and drop the constants that nothing uses any more."""
    nodes = [new for node in model.graph.node for new in replacement(node)]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    used = {name for node in nodes for name in node.input}
    constants = [each for each in model.graph.initializer if each.name in used]
    del model.graph.initializer[:]
    model.graph.initializer.extend(constants)
