"""Tensors that come from attributes and shapes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper
from tests.onnx.support import layer_model, model_of, port, refusal, run_both, run_layer


@pytest.mark.parametrize(
    "attributes, kind",
    [
        ({"value": numpy_helper.from_array(np.array([[1, 2]], np.int32))}, np.int32),
        ({"value": numpy_helper.from_array(np.array(0.5, np.float16))}, np.float16),
        ({"value_float": 1.5}, np.float32),
        ({"value_floats": [1.5, 2.5]}, np.float32),
        ({"value_int": 7}, np.int64),
        ({"value_ints": [7, -8]}, np.int64),
    ],
)
def test_every_form_of_constant(attributes: dict[str, Any], kind: Any) -> None:
    nodes = [helper.make_node("Constant", [], ["c"], **attributes), helper.make_node("Add", ["c", "x"], ["y"])]
    x = np.array([[1], [2]], kind)
    run_both(model_of(nodes, [port("x", kind, ["n", 1])], [port("y", kind)], opset=14), {"x": x}, reference="onnx")


def test_a_sparse_constant_is_made_dense() -> None:
    values = helper.make_tensor("v", TensorProto.FLOAT, [2], [3.0, 4.0])
    indices = helper.make_tensor("i", TensorProto.INT64, [2, 2], [0, 1, 1, 2])
    sparse = helper.make_sparse_tensor(values, indices, [2, 3])
    nodes = [helper.make_node("Constant", [], ["c"], sparse_value=sparse), helper.make_node("Add", ["c", "x"], ["y"])]
    run_both(model_of(nodes, [port("x", shape=[3])], [port("y")]), {"x": np.ones(3, np.float32)})


@pytest.mark.parametrize("value", [None, np.array([7], np.int64), np.array([True]), np.array([1.5], np.float16)])
@pytest.mark.parametrize("shape", [[2, 3], [], [0, 2]])
@pytest.mark.parametrize("constant", [True, False])
def test_one_element_repeated(value: np.ndarray | None, shape: list[int], constant: bool) -> None:
    kind = np.float32 if value is None else value.dtype
    attributes = {} if value is None else {"value": numpy_helper.from_array(value)}
    feeds = {"s": np.array(shape, np.int64)}
    held = ["s"] if constant else []
    run_layer("ConstantOfShape", feeds, opset=9, kinds={"y": kind}, constants=held, dynamic=False, **attributes)


def test_an_unknown_rank_is_refused() -> None:
    model = layer_model("ConstantOfShape", {"s": np.array([2, 3], np.int64)}, opset=9)
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_param = "n"
    assert refusal(model).problems[0].op == "ConstantOfShape"


@pytest.mark.parametrize("k", [-1, 0, 2])
@pytest.mark.parametrize("dtype", [None, TensorProto.FLOAT, TensorProto.INT64, TensorProto.DOUBLE])
@pytest.mark.parametrize("dynamic", [True, False])
def test_eye_like(k: int, dtype: int | None, dynamic: bool) -> None:
    attributes = {"k": k} | ({} if dtype is None else {"dtype": dtype})
    kind = np.int32 if dtype is None else helper.tensor_dtype_to_np_dtype(dtype)
    run_layer("EyeLike", {"x": np.zeros((3, 4), np.int32)}, opset=9, kinds={"y": kind}, dynamic=dynamic, **attributes)


@pytest.mark.parametrize(
    "start, limit, delta",
    [
        (0, 5, 1),
        (3, -4, -2),
        (2, 2, 1),
        (5, 2, 1),
        (2, 5, -1),
        (1.0, 2.0, 0.1),
        (10.0, 4.0, -1.5),
        (5.0, 2.0, 1.0),
    ],
)
def test_range(start: Any, limit: Any, delta: Any) -> None:
    kind = np.float32 if isinstance(start, float) else np.int64
    feeds = {n: np.array(v, kind) for n, v in (("a", start), ("b", limit), ("c", delta))}
    for held in ([], ["b"], ["a", "c"], ["b", "c"]):
        run_layer("Range", feeds, opset=11, kinds={"y": kind}, constants=held)
