"""Activations and Softmax against numpy, by the equations of BVLC's ``src/caffe/layers/NAME_layer.cpp``."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from tests.caffe.support import assert_close, inputs, layer, refusal, run_net

X = np.array([-200, -90, -20, -5, -1, -1e-3, 0, 1e-3, 0.5, 1, 5, 20, 80, 200], np.float32)
FOUR = (2, 3, 4, 5)


def run(kind: str, x: np.ndarray, parameters: str = "") -> np.ndarray:
    return run_net(inputs(data=x.shape) + layer(kind, "data", parameters=parameters), {"data": x})["out"]


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


@pytest.mark.parametrize(("kind", "parameters", "function"), [
    ("ReLU", "", lambda x: np.maximum(x, 0)),
    ("ReLU", "relu_param { negative_slope: 0.1 }", lambda x: np.where(x > 0, x, 0.1 * x)),
    ("ReLU", "relu_param { negative_slope: -2 engine: CAFFE }", lambda x: np.where(x > 0, x, -2 * x)),
    ("ReLU6", "", lambda x: np.clip(x, 0, 6)),
    ("Sigmoid", "", sigmoid),
    ("TanH", "tanh_param { engine: CUDNN }", np.tanh),
    ("ELU", "", lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0)))),
    ("ELU", "elu_param { alpha: 0.3 }", lambda x: np.where(x > 0, x, 0.3 * np.expm1(np.minimum(x, 0)))),
    ("AbsVal", "", np.abs),
    ("Swish", "", lambda x: x * sigmoid(x)),
    ("Swish", "swish_param { beta: 2.5 }", lambda x: x * sigmoid(2.5 * x)),
    ("Swish", "swish_param { beta: 0 }", lambda x: x / 2),
    ("Clip", "clip_param { min: -0.5 max: 7 }", lambda x: np.clip(x, -0.5, 7)),
    ("Clip", "clip_param { min: 2 max: -2 }", lambda x: np.full_like(x, 2)),
    ("Threshold", "", lambda x: (x > 0).astype(np.float64)),
    ("Threshold", "threshold_param { threshold: 0.5 }", lambda x: (x > 0.5).astype(np.float64)),
    ("Dropout", "dropout_param { dropout_ratio: 0.7 }", lambda x: x),
])  # fmt: skip
def test_an_activation(kind: str, parameters: str, function: Callable[[np.ndarray], np.ndarray]) -> None:
    with np.errstate(over="ignore"):
        assert_close(run(kind, X, parameters), function(X.astype(np.float64)))


def test_dropout_of_forks_scales_where_it_did_not_while_training() -> None:
    assert_close(run("Dropout", X, "dropout_param { dropout_ratio: 0.25 scale_train: false }"), 0.75 * X)


@pytest.mark.parametrize(("low", "high"), [(-30, -20), (-20, -12), (-12, -4), (-4, 0), (0, 30)])
def test_bnll_rounds_as_caffe_does_also_where_it_is_tiny(low: float, high: float) -> None:
    x = np.linspace(low, high, 1001, dtype=np.float32)
    one = np.float32(1)
    assert_close(run("BNLL", x), np.where(x > 0, x + np.log(one + np.exp(-x)), np.log(one + np.exp(x))))


@pytest.mark.parametrize("axis", [-4, -1, 0, 1, 2, 3])
def test_softmax_along_any_axis(axis: int) -> None:
    x = 5 * np.random.default_rng(0).standard_normal(FOUR).astype(np.float32)
    powers = np.exp(x.astype(np.float64) - x.max(axis, keepdims=True))
    assert_close(run("Softmax", x, f"softmax_param {{ axis: {axis} }}"), powers / powers.sum(axis, keepdims=True))


@pytest.mark.parametrize("shape", [(3, 7), (2, 3, 4), (2, 3, 2, 2, 3)])
def test_softmax_takes_axis_1_by_default(shape: tuple[int, ...]) -> None:
    x = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    powers = np.exp(x.astype(np.float64))
    assert_close(run("Softmax", x), powers / powers.sum(1, keepdims=True))


@pytest.mark.parametrize(("kind", "shape", "parameters", "reason"), [
    ("Softmax", (5,), "", "axis 1 is out of range"),
    ("Softmax", (5, 4), "softmax_param { axis: -3 }", "axis -3 is out of range"),
    ("Clip", (5,), "clip_param { min: 0 }", "clip_param.max"),
])  # fmt: skip
def test_what_caffe_aborts_at(kind: str, shape: tuple[int, ...], parameters: str, reason: str) -> None:
    assert reason in str(refusal(inputs(data=shape) + layer(kind, "data", parameters=parameters)))
