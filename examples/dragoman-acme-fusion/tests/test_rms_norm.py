"""RMS norms as exporters write them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import dragoman
from dragoman_sdk import LayerCase, RuntimeCase, onnx_bytes, onnx_node

X = np.random.default_rng(2).normal(size=(2, 5, 8)).astype(np.float32)
WEIGHT = np.linspace(0.5, 2, 8, dtype=np.float32)
EPSILON = np.float32(1e-5)


def norm(x: Any = X) -> Any:
    """The equation."""
    return x / np.sqrt(np.mean(x.astype(np.float64) ** 2, -1, keepdims=True) + EPSILON) * WEIGHT


def model(*, opset: int = 17, power: bool = False, axis: int = -1, extra: str = "", epsilon: Any = EPSILON) -> bytes:
    """The nodes that exporters write; `extra` names an inner value that is an output, too."""
    constants = {"epsilon": np.asarray(epsilon), "weight": WEIGHT, "two": np.float32(2)}
    square = onnx_node("Pow", "x two", "square") if power else onnx_node("Mul", "x x", "square")
    if opset >= 18:
        constants["axes"] = np.array([axis])
        mean = onnx_node("ReduceMean", "square axes", "mean")
    else:
        mean = onnx_node("ReduceMean", "square", "mean", axes=[axis])
    nodes = [
        square,
        mean,
        onnx_node("Add", "mean epsilon", "shifted"),
        onnx_node("Sqrt", "shifted", "root"),
        onnx_node("Div", "x root", "normed"),
        onnx_node("Mul", "normed weight", "y", name="scale"),
    ]
    outputs = {"y": "f32", **({extra: "f32"} if extra else {})}
    return onnx_bytes(nodes, {"x": "f32[?,5,8]"}, outputs, constants=constants, opset=opset)


@pytest.mark.parametrize("opset", [13, 17, 18])
@pytest.mark.parametrize("power", [False, True])
def test_every_form_becomes_one_op(opset: int, power: bool) -> None:
    case = LayerCase(model(opset=opset, power=power), {"x": X}, {"y": norm().astype(np.float32)}, fires=["FuseRmsNorm"])
    case.check()
    kinds = [n.op for n in dragoman.convert(case.model).graph if n.op != "Constant"]
    assert kinds == ["Parameter", "AcmeRmsNorm"]


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"axis": 1}, "the mean is taken over the axes [1], and the norm over the last one alone"),
        ({"axis": 1, "opset": 18}, "the mean is taken over the axes [1], and the norm over the last one alone"),
        ({"epsilon": np.zeros(8, np.float32)}, "epsilon is not one number above 0"),
        ({"extra": "normed"}, "normed"),
    ],
)
def test_what_is_another_thing_is_left_alone_and_says_why(given: dict[str, Any], reason: str) -> None:
    LayerCase(model(**given)).check_untouched("FuseRmsNorm", "scale", reason)


def test_the_op_at_inference() -> None:
    RuntimeCase("AcmeRmsNorm", [X, WEIGHT], [norm().astype(np.float32)], {"epsilon": float(EPSILON)}).check()
