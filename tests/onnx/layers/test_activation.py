"""Activations against onnxruntime, or ONNX's reference where onnxruntime lacks the operator."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.onnx.support import layer_model, refusal, run_layer

X = np.linspace(-4, 4, 24, dtype=np.float32).reshape(2, 3, 4)


@pytest.mark.parametrize(
    "op, opset, attributes",
    [
        ("Relu", 14, {}), ("Sigmoid", 13, {}), ("Tanh", 13, {}), ("Softplus", 17, {}), ("Softsign", 17, {}),
        ("LeakyRelu", 16, {}), ("LeakyRelu", 6, {"alpha": 0.3}), ("Elu", 6, {"alpha": 0.7}), ("Selu", 6, {}),
        ("Selu", 17, {"alpha": 2.0, "gamma": 0.5}), ("Celu", 12, {}), ("Celu", 12, {"alpha": 2.5}),
        ("HardSigmoid", 6, {}), ("HardSigmoid", 17, {"alpha": 0.5, "beta": 0.6}), ("HardSwish", 14, {}),
        ("Mish", 18, {}), ("Gelu", 20, {}), ("Gelu", 20, {"approximate": "tanh"}),
        ("ThresholdedRelu", 10, {}), ("ThresholdedRelu", 10, {"alpha": -1.0}), ("Shrink", 9, {}),
        ("Shrink", 9, {"lambd": 1.5, "bias": 0.5}),
    ],
)  # fmt: skip
@pytest.mark.parametrize("dynamic", [True, False])
def test_activation(op: str, opset: int, attributes: dict[str, Any], dynamic: bool) -> None:
    run_layer(op, {"x": X}, opset=opset, dynamic=dynamic, **attributes)


@pytest.mark.parametrize("attributes", [{}, {"alpha": 1.7}])
def test_swish_has_a_steepness(attributes: dict[str, Any]) -> None:
    run_layer("Swish", {"x": X}, opset=24, reference="onnx", **attributes)


@pytest.mark.parametrize("alpha", [1.0, 0.5])
def test_swiglu_gates_the_second_input(alpha: float) -> None:
    run_layer("SwiGLU", {"a": X, "b": X[::-1].copy()}, opset=28, reference="onnx", alpha=alpha)


def test_celu_below_zero_alpha() -> None:
    run_layer("Celu", {"x": X}, opset=12, reference="onnx", alpha=-2.0)


@pytest.mark.parametrize(
    "slope", [np.float32(0.2), np.full((3, 1), 0.3), np.arange(4), np.arange(12).reshape(3, 4), np.full((1, 1, 1), 2)]
)
@pytest.mark.parametrize("constant", [True, False])
def test_prelu_slope_broadcasts(slope: Any, constant: bool) -> None:
    feeds = {"x": X, "s": np.asarray(slope, np.float32)}
    run_layer("PRelu", feeds, opset=16, constants=["s"] if constant else [], dynamic=False)


def test_thresholded_relu_and_shrink_of_nan_are_zero() -> None:
    feeds = {"x": np.array([np.nan, 2, -3], np.float32)}
    assert run_layer("ThresholdedRelu", feeds, opset=10)[0][0] == 0
    assert run_layer("Shrink", feeds, opset=9)[0][0] == 0


def test_shrink_of_integers() -> None:
    run_layer(
        "Shrink", {"x": np.array([-5, -1, 0, 1, 5], np.int32)}, opset=9, kinds={"y": np.int32}, lambd=1.5, bias=1.0
    )


def test_an_unknown_approximation_is_refused() -> None:
    problem = refusal(layer_model("Gelu", {"x": X}, opset=20, approximate="sine")).problems[0]
    assert problem.code == "D302"
    assert problem.op == "Gelu"
