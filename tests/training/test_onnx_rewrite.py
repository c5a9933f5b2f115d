"""Rewritten graphs compute what they should, for each text alone."""

import numpy as np
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, helper, numpy_helper

from training.onnx_rewrite import quantize_matmuls, round_to_blocks, shrink_embeddings

RANDOM = np.random.default_rng(0)


def run(model: ModelProto, feed: NDArray[np.generic]) -> NDArray[np.float32]:
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    found: NDArray[np.float32] = session.run(None, {"x": feed})[0]
    return found


def lookup_model(table: NDArray[np.float32]) -> ModelProto:
    graph = helper.make_graph(
        [helper.make_node("Gather", ["table", "x"], ["y"])],
        "lookup",
        [helper.make_tensor_value_info("x", TensorProto.INT64, ["n", "t"])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", "t", table.shape[1]])],
        initializer=[numpy_helper.from_array(table, "table")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def product_model(*weights: NDArray[np.float32]) -> ModelProto:
    """y = x @ a + x @ b ..."""
    nodes = [helper.make_node("MatMul", ["x", f"w{at}"], [f"y{at}"]) for at in range(len(weights))]
    nodes.append(helper.make_node("Sum", [f"y{at}" for at in range(len(weights))], ["y"]))
    graph = helper.make_graph(
        nodes,
        "product",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", "t", weights[0].shape[0]])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", "t", weights[0].shape[1]])],
        initializer=[numpy_helper.from_array(each, f"w{at}") for at, each in enumerate(weights)],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def test_block_is_rounded_to_127ths_of_its_largest_number() -> None:
    row = np.zeros((1, 64), dtype=np.float32)
    row[0, :3] = [127.0, -63.4, 0.6]
    row[0, 32] = -0.5
    levels, scales = round_to_blocks(row)
    assert levels[0, :3].tolist() == [127, -63, 1]
    assert scales.reshape(-1)[0] == 1.0
    # The second block's largest number is 0.5; its scale is 0.5 / 127 in fp16.
    assert scales.reshape(-1)[1] == np.float16(0.5 / 127)
    assert levels[0, 32] == -127


def test_block_of_zeros_stays_zero() -> None:
    levels, scales = round_to_blocks(np.zeros((2, 32), dtype=np.float32))
    assert not levels.any()
    assert np.isfinite(scales).all()


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), size=st.floats(1e-2, 1e3))
def test_rounding_is_off_by_at_most_a_hair_over_half_a_step(seed: int, size: float) -> None:
    table = (np.random.default_rng(seed).standard_normal((5, 96)) * size).astype(np.float32)
    levels, scales = round_to_blocks(table)
    back = levels.reshape(5, 3, 32).astype(np.float32) * scales.astype(np.float32)
    # fp16 keeps 11 bits: at the largest level the scale's own rounding can add 127 / 4096 of a step.
    step = np.abs(table.reshape(5, 3, 32)).max(axis=-1, keepdims=True) / 127
    assert (np.abs(back - table.reshape(5, 3, 32)) <= step * 0.57).all()


def test_large_table_is_looked_up_from_int8() -> None:
    table = RANDOM.standard_normal((10_000, 64)).astype(np.float32)
    model = lookup_model(table)
    full_size = model.ByteSize()
    shrink_embeddings(model)
    assert model.ByteSize() < 0.28 * full_size
    numbers = np.array([[0, 9_999, 17], [17, 17, 5]])
    found = run(model, numbers)
    assert found.shape == (2, 3, 64)
    np.testing.assert_allclose(found, table[numbers], atol=0.02)
    cosines = (
        (found * table[numbers]).sum(-1)
        / np.linalg.norm(found, axis=-1)
        / np.linalg.norm(table[numbers], axis=-1)
    )
    assert cosines.min() > 0.9999


@pytest.mark.parametrize("shape", [(9_999, 32), (10_000, 40)])
def test_small_or_odd_table_stays_as_it_is(shape: tuple[int, int]) -> None:
    model = lookup_model(RANDOM.standard_normal(shape).astype(np.float32))
    before = model.SerializeToString()
    shrink_embeddings(model)
    assert model.SerializeToString() == before


def test_product_is_the_one_of_rows_rounded_each_to_its_own_reach() -> None:
    weight = np.array([[63.0, 0.5], [-1.0, 0.24]], dtype=np.float32)
    model = product_model(weight)
    quantize_matmuls(model)
    # Reaches are 2 and 100. Row one: 2 -> level 127, 1 -> 63.5, rounded to even 64. Columns have steps 1 and
    # 0.5 / 63: levels 63, -1 and 63, 30 (0.24 is 30.24 steps).
    first = [(127 * 63 - 64) * 2 / 127, (127 * 63 + 64 * 30) * (0.5 / 63) * 2 / 127]
    second = [-127 * -1 * 100 / 127, -127 * 30 * (0.5 / 63) * 100 / 127]
    found = run(model, np.array([[[2.0, 1.0], [0.0, -100.0]]], dtype=np.float32))
    np.testing.assert_allclose(found[0], [first, second], rtol=1e-5)


def test_largest_products_do_not_overflow_the_16_bits_that_some_processors_add_them_in() -> None:
    model = product_model(np.ones((64, 8), dtype=np.float32))
    quantize_matmuls(model)
    np.testing.assert_allclose(run(model, np.ones((1, 3, 64), dtype=np.float32)), np.full((1, 3, 8), 64.0))


def test_product_is_close_to_the_exact_one() -> None:
    weights = [RANDOM.standard_normal((64, 48)).astype(np.float32) for _ in range(3)]
    rows = RANDOM.standard_normal((2, 7, 64)).astype(np.float32)
    model = product_model(*weights)
    quantize_matmuls(model)
    exact = rows @ sum(weights)
    assert np.abs(run(model, rows) - exact).max() < 0.03 * np.abs(exact).max()


def test_input_of_several_products_is_rounded_once() -> None:
    model = product_model(*(np.ones((4, 4), dtype=np.float32) for _ in range(3)))
    quantize_matmuls(model)
    operators = [node.op_type for node in model.graph.node]
    assert operators.count("QuantizeLinear") == 1
    assert operators.count("MatMulIntegerToFloat") == 3
    assert operators.count("MatMul") == 0


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 1000), loudest=st.floats(1.0, 1e4))
def test_row_does_not_depend_on_the_others_in_its_batch(seed: int, loudest: float) -> None:
    random = np.random.default_rng(seed)
    model = product_model(random.standard_normal((32, 16)).astype(np.float32))
    quantize_matmuls(model)
    row = random.standard_normal((1, 1, 32)).astype(np.float32)
    others = (random.standard_normal((3, 1, 32)) * loudest).astype(np.float32)
    together = run(model, np.concatenate([row, others]))
    np.testing.assert_allclose(together[0], run(model, row)[0], rtol=1e-6)


def test_row_of_zeros_gives_zeros() -> None:
    model = product_model(RANDOM.standard_normal((8, 3)).astype(np.float32))
    quantize_matmuls(model)
    assert not run(model, np.zeros((1, 2, 8), dtype=np.float32)).any()


def test_product_of_two_activations_stays_as_it_is() -> None:
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "x"], ["y"])],
        "square",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [2, 2])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [2, 2])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    quantize_matmuls(model)
    assert [node.op_type for node in model.graph.node] == ["MatMul"]
