"""Reductions: axes as attribute and input, of nothing, of integers, booleans and infinities."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.onnx.support import layer_model, refusal, run_layer

OPS = (
    "ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2", "ReduceSumSquare",
    "ReduceLogSum", "ReduceLogSumExp",
)  # fmt: skip
X = np.linspace(0.5, 3, 24, dtype=np.float32).reshape(2, 3, 4)


@pytest.mark.parametrize("op", OPS)
@pytest.mark.parametrize("axes", [None, [1], [-1, 0]])
@pytest.mark.parametrize("keepdims", [0, 1])
def test_axes_as_attribute(op: str, axes: list[int] | None, keepdims: int) -> None:
    attributes: dict[str, Any] = {} if axes is None else {"axes": axes}
    run_layer(op, {"x": X}, opset=11, keepdims=keepdims, **attributes)


@pytest.mark.parametrize("op", OPS)
@pytest.mark.parametrize("axes", [[1], [-1, 0]])
@pytest.mark.parametrize("keepdims", [0, 1])
@pytest.mark.parametrize("constant", [True, False])
def test_axes_as_input(op: str, axes: list[int], keepdims: int, constant: bool) -> None:
    feeds = {"x": X, "axes": np.array(axes, np.int64)}
    run_layer(op, feeds, opset=18, keepdims=keepdims, constants=["axes"] if constant else [])


@pytest.mark.parametrize("op", OPS)
@pytest.mark.parametrize("noop", [0, 1])
@pytest.mark.parametrize("missing", [True, False])
def test_no_axes_are_all_or_none(op: str, noop: int, missing: bool) -> None:
    feeds = {"x": X} if missing else {"x": X, "axes": np.array([], np.int64)}
    held = [] if missing else ["axes"]
    run_layer(op, feeds, opset=28, constants=held, reference="onnx", dynamic=False, noop_with_empty_axes=noop)


@pytest.mark.parametrize("op", [o for o in OPS if o != "ReduceMean"])
@pytest.mark.parametrize("keepdims", [0, 1])
@pytest.mark.parametrize("dynamic", [True, False])
def test_nothing_has_a_neutral_value(op: str, keepdims: int, dynamic: bool) -> None:
    feeds = {"x": np.zeros((0, 3), np.float32), "axes": np.array([0], np.int64)}
    run_layer(op, feeds, opset=20, constants=["axes"], reference="onnx", dynamic=dynamic, keepdims=keepdims)


@pytest.mark.parametrize("op", ["ReduceMax", "ReduceMin", "ReduceLogSumExp"])
def test_infinities_stay(op: str) -> None:
    inf = np.inf
    x = np.array([[-inf, -inf], [inf, inf], [-inf, 1], [inf, 1], [3e38, -3e38]], np.float32)
    run_layer(op, {"x": x, "axes": np.array([1], np.int64)}, opset=18, constants=["axes"])


@pytest.mark.parametrize("op", ["ReduceSum", "ReduceMean", "ReduceProd", "ReduceL1", "ReduceSumSquare", "ReduceMax"])
@pytest.mark.parametrize("kind", [np.int32, np.int64])
def test_reductions_of_integers(op: str, kind: Any) -> None:
    if (op, kind) == ("ReduceMean", np.int64):
        pytest.skip("onnxruntime has no ReduceMean of int64")
    x = np.array([[-7, 2, 3], [4, 5, -17]], kind)
    feeds = {"x": x, "axes": np.array([1], np.int64)}
    run_layer(op, feeds, opset=18, kinds={"y": kind}, constants=["axes"])


@pytest.mark.parametrize("op", ["ReduceMax", "ReduceMin"])
@pytest.mark.parametrize("constant", [True, False])
def test_any_and_all_of_booleans(op: str, constant: bool) -> None:
    feeds = {"x": np.array([[True, False], [True, True], [False, False]]), "axes": np.array([1], np.int64)}
    run_layer(op, feeds, opset=20, kinds={"y": bool}, constants=["axes"] if constant else [], reference="onnx")


def test_an_unknown_number_of_axes_is_refused() -> None:
    model = layer_model("ReduceSum", {"x": X, "axes": np.array([0], np.int64)}, opset=18)
    model.graph.input[1].type.tensor_type.shape.dim[0].dim_param = "n"
    problem = refusal(model).problems[0]
    assert (problem.code, problem.op) == ("D302", "ReduceSum")
