"""Operators that read and write elements by index, against onnxruntime; negative indices and reductions too."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from onnx import helper
from tests.onnx.layers.test_shape import Arrays, ints, layer, ramp
from tests.onnx.support import model_of, port, refusal, run_both


@pytest.mark.parametrize("kind", [np.float32, np.int64, bool])
@pytest.mark.parametrize("constant", [True, False])
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_gather(axis: int, constant: bool, kind: type) -> None:
    arrays = {"x": ramp(3, 4, 5, kind=kind), "i": np.array([[0, -1], [2, -3]], np.int64)}
    run_both(*layer("Gather", arrays, constant=constant, dynamic=not constant, axis=axis))


def test_gather_of_one_element_loses_a_dimension() -> None:
    run_both(*layer("Gather", {"x": ramp(3, 4), "i": np.array(-1, np.int64)}, axis=1))


@pytest.mark.parametrize("constant", [True, False])
@pytest.mark.parametrize("kind", [np.int32, np.int64])
def test_gather_elements_with_negative_indices(constant: bool, kind: type) -> None:
    arrays = {"x": ramp(3, 4), "i": np.array([[0, -1, 2], [-4, 1, 3]], kind)}
    run_both(*layer("GatherElements", arrays, constant=constant, dynamic=True, axis=1))


@pytest.mark.parametrize("constant", [True, False])
@pytest.mark.parametrize("batch", [0, 1])
def test_gather_nd_with_negative_indices(constant: bool, batch: int) -> None:
    indices = np.array([[[0, 1]], [[-1, 0]]], np.int64) if batch else np.array([[0, -1], [1, 1], [-2, -3]], np.int64)
    arrays = {"x": ramp(2, 3, 4), "i": indices}
    run_both(*layer("GatherND", arrays, constant=constant, batch_dims=batch))


@pytest.mark.parametrize("axis", [None, 0, 1, -1])
@pytest.mark.parametrize("constant", [True, False])
def test_compress_by_a_condition_that_may_be_short(axis: int | None, constant: bool) -> None:
    arrays = {"x": ramp(3, 2), "c": np.array([False, True])}
    run_both(*layer("Compress", arrays, constant=constant, **({} if axis is None else {"axis": axis})))


@pytest.mark.parametrize("axis", [-1, 0, 1])
@pytest.mark.parametrize("kind", [np.int64, np.int32, np.float32])
@pytest.mark.parametrize("constant", [True, False])
def test_one_hot_counts_from_the_end_and_ignores_what_is_outside(constant: bool, kind: type, axis: int) -> None:
    arrays: Arrays = {
        "x": np.array([[0, 2, -1], [-4, 5, -5]], kind), "d": np.array(4, np.int64), "v": np.array([-1, 3], np.float32)
    }  # fmt: skip
    node = helper.make_node("OneHot", list(arrays), ["y"], axis=axis)
    held = {k: v for k, v in arrays.items() if constant and k != "x"}
    inputs = [port(k, v.dtype, v.shape) for k, v in arrays.items() if k not in held]
    model = model_of([node], inputs, [port("y")], constants=held, opset=11)
    run_both(model, {k: v for k, v in arrays.items() if k not in held}, reference="onnx")


@pytest.mark.parametrize(("batch", "time"), [(0, 1), (1, 0)])
def test_reverse_sequence(batch: int, time: int) -> None:
    lengths = ints(1, 3, 2) if batch == 0 else ints(1, 3, 2, 3)
    model, feeds = layer(
        "ReverseSequence", {"x": ramp(3, 4, 2), "n": lengths}, constant=False, batch_axis=batch, time_axis=time
    )
    run_both(model, feeds)


REDUCTIONS = ["none", "add", "mul", "min", "max"]


@pytest.mark.parametrize("constant", [True, False])
@pytest.mark.parametrize("kind", [np.float32, np.int64, np.int32])
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_scatter_elements(reduction: str, kind: type, constant: bool) -> None:
    indices = np.array([[0, -1, 1], [2, 2, -3]] if reduction != "none" else [[0, -1, 1], [2, 1, -4]], np.int64)
    updates = (ramp(2, 3) - 3).astype(kind)
    arrays = {"x": ramp(3, 4, kind=kind), "i": indices, "u": updates}
    run_both(*layer("ScatterElements", arrays, constant=constant, opset=18, axis=1, reduction=reduction))


def test_scatter_of_opset_9() -> None:
    arrays = {"x": ramp(3, 3), "i": np.array([[0, 2]], np.int64), "u": ramp(1, 2)}
    run_both(*layer("Scatter", arrays, opset=9, axis=1))


@pytest.mark.parametrize("constant", [True, False])
@pytest.mark.parametrize("kind", [np.float32, np.int64])
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_scatter_nd(reduction: str, kind: type, constant: bool) -> None:
    indices = np.array([[0], [-1], [0]] if reduction != "none" else [[0], [-1], [1]], np.int64)
    arrays = {"x": ramp(4, 3, kind=kind), "i": indices, "u": (ramp(3, 3) - 4).astype(kind)}
    run_both(*layer("ScatterND", arrays, constant=constant, opset=18, reduction=reduction))


def test_an_unknown_reduction_is_refused() -> None:
    arrays = {"x": ramp(4, 3), "i": np.array([[0]], np.int64), "u": ramp(1, 3)}
    assert "mean" in refusal(layer("ScatterND", arrays, opset=18, reduction="mean")[0]).problems[0].what


@pytest.mark.parametrize("mode", ["linear", "circular"])
@pytest.mark.parametrize("axis", [-2, 1, -1])
@pytest.mark.parametrize("placed", [True, False])
def test_tensor_scatter(placed: bool, axis: int, mode: str) -> None:
    shape: list[int] = [2, 3, 5, 4]
    size = list(shape)
    size[axis] = 2
    arrays: dict[str, Any] = {"x": ramp(*shape), "u": -ramp(*size)}
    if placed:
        last = shape[axis] - 2 if mode == "linear" else shape[axis] - 1
        arrays["w"] = ints(last, 1)
    model, feeds = layer("TensorScatter", arrays, constant=False, opset=24, axis=axis, mode=mode)
    run_both(model, feeds, reference="onnx")
