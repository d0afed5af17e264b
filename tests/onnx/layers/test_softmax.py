"""Softmax, LogSoftmax and Hardmax, whose meaning changed with opset 13."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.onnx.support import layer_model, refusal, run_layer

X = np.array([[[3, 1, 3], [0, 2, -1]], [[1, 1, 1], [5, -2, 5]]], np.float32)
OPS = ("Softmax", "LogSoftmax", "Hardmax")


@pytest.mark.parametrize("op", OPS)
@pytest.mark.parametrize("opset", [7, 11, 12, 13, 18])
@pytest.mark.parametrize("axis", [None, 0, 1, 2])
@pytest.mark.parametrize("dynamic", [True, False])
def test_axis(op: str, opset: int, axis: int | None, dynamic: bool) -> None:
    attributes: dict[str, Any] = {} if axis is None else {"axis": axis}
    run_layer(op, {"x": X}, opset=opset, dynamic=dynamic, **attributes)


@pytest.mark.parametrize("op", OPS)
@pytest.mark.parametrize("opset", [11, 13])
@pytest.mark.parametrize("axis", [-1, -2, -3])
def test_axis_from_the_end(op: str, opset: int, axis: int) -> None:
    run_layer(op, {"x": X}, opset=opset, axis=axis)


def test_dimensions_of_one_need_no_reshape() -> None:
    run_layer("Softmax", {"x": X.reshape(2, 6, 1, 1)}, opset=9, axis=1)


def test_an_axis_outside_the_rank_is_refused() -> None:
    problem = refusal(layer_model("Softmax", {"x": X}, opset=13, axis=3)).problems[0]
    assert (problem.code, problem.op) == ("D302", "Softmax")
