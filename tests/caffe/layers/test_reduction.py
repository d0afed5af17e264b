"""ArgMax and Reduction against numpy: BVLC's ``argmax_layer.cpp`` (a partial sort of pairs of number and place, by
``std::greater``) and ``reduction_layer.cpp``."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from tests.caffe.support import assert_close, convert_net, inputs, layer, refusal, run_net


def greatest(x: np.ndarray, k: int, axis: int | None, values: bool) -> np.ndarray:
    rows = x.reshape(x.shape[0], -1) if axis is None else np.moveaxis(x, axis, -1)
    order = np.array([
        sorted(range(len(row)), key=lambda place, row=row: (row[place], place), reverse=True)[:k]
        for row in rows.reshape(-1, rows.shape[-1])
    ]).reshape(*rows.shape[:-1], k)  # fmt: skip
    numbers, places = np.take_along_axis(rows, order, -1), order.astype(np.float32)
    if axis is not None:
        return np.moveaxis(numbers if values else places, -1, axis)
    found = np.stack([places, numbers], 1) if values else places[:, None]
    return found.reshape(found.shape + (1,) * max(0, x.ndim - 3))


@pytest.mark.parametrize(("shape", "axis"), [
    ((2, 3, 4, 5), None), ((2, 3, 4, 5), 0), ((2, 3, 4, 5), 1), ((2, 3, 4, 5), -1), ((3, 40), None), ((3, 40), 1),
    ((2, 21, 9, 9), 1), ((4,), None), ((4,), 0), ((2, 3, 4), None), ((2, 2, 2, 3, 4), None), ((2, 2, 2, 3, 4), 2),
])  # fmt: skip
@pytest.mark.parametrize("k", [1, 2, 17])
@pytest.mark.parametrize("values", [False, True])
def test_arg_max_takes_the_last_of_equal_numbers(
    shape: tuple[int, ...], axis: int | None, k: int, values: bool
) -> None:
    x = np.random.default_rng(0).integers(0, 3, shape).astype(np.float32)
    places = int(np.prod(shape[1:])) if axis is None else shape[axis]
    axis_field = "" if axis is None else f"axis: {axis}"
    fields = f"argmax_param {{ top_k: {min(k, places)} {axis_field} out_max_val: {str(values).lower()} }}"
    found = run_net(inputs(data=shape) + layer("ArgMax", "data", parameters=fields), {"data": x})["out"]
    np.testing.assert_array_equal(found, greatest(x, min(k, places), axis, values))


def test_arg_max_holds_for_another_size() -> None:
    openvino = pytest.importorskip("openvino")
    x = np.random.default_rng(0).integers(0, 3, (2, 3, 6, 7)).astype(np.float32)
    model = convert_net(inputs(data=(1, 3, 4, 4)) + layer("ArgMax", "data")).openvino()
    model.reshape({"data": [2, 3, 6, 7]})
    found = openvino.compile_model(model, "CPU")([x])["out"]
    np.testing.assert_array_equal(found, greatest(x, 1, None, False))


@pytest.mark.parametrize(("operation", "function"), [
    ("SUM", lambda x, axes: x.sum(axes)), ("ASUM", lambda x, axes: np.abs(x).sum(axes)),
    ("SUMSQ", lambda x, axes: (x * x).sum(axes)), ("MEAN", lambda x, axes: x.mean(axes)),
])  # fmt: skip
@pytest.mark.parametrize(("shape", "axis"), [((2, 3, 4, 5), 0), ((2, 3, 4, 5), 1), ((2, 3, 4, 5), -1), ((3, 4), 1),
                                             ((7,), 0), ((2, 3, 2, 3, 2), 2)])  # fmt: skip
def test_reduction(operation: str, function: Callable[..., np.ndarray], shape: tuple[int, ...], axis: int) -> None:
    x = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    fields = f"reduction_param {{ operation: {operation} axis: {axis} coeff: -2.5 }}"
    found = run_net(inputs(data=shape) + layer("Reduction", "data", parameters=fields), {"data": x})["out"]
    assert_close(found, -2.5 * function(x.astype(np.float64), tuple(range(axis % x.ndim, x.ndim))))


@pytest.mark.parametrize(("kind", "parameters", "reason"), [
    ("ArgMax", "argmax_param { top_k: 13 }", "top_k is 13, of 12 numbers"),
    ("ArgMax", "argmax_param { top_k: 4 axis: 1 }", "top_k is 4, of 3 numbers"),
    ("ArgMax", "argmax_param { top_k: 0 }", "top_k is 0"),
    ("ArgMax", "argmax_param { axis: 3 }", "axis 3 is out of range"),
    ("Reduction", "reduction_param { axis: 3 }", "axis 3 is out of range"),
])  # fmt: skip
def test_what_caffe_aborts_at(kind: str, parameters: str, reason: str) -> None:
    assert reason in str(refusal(inputs(data=(2, 3, 4)) + layer(kind, "data", parameters=parameters)))
