"""Mathematics of one input, and the questions about a tensor."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.onnx.support import run_layer

INSIDE = np.array([[-0.9, -0.5, -0.0], [0.1, 0.5, 0.9]], np.float32)
ODD = np.array([-np.inf, -2.5, -1.5, -0.5, 0.0, 0.5, 1.5, 2.5, np.inf, np.nan], np.float32)


@pytest.mark.parametrize(
    "op, opset",
    [
        ("Acos", 7), ("Asin", 22), ("Atan", 7), ("Cos", 7), ("Cosh", 9), ("Sin", 7), ("Sinh", 9), ("Tan", 7),
        ("Asinh", 9), ("Atanh", 9), ("Erf", 13), ("Exp", 13), ("Abs", 13), ("Neg", 6), ("Ceil", 13), ("Floor", 6),
        ("Sign", 13), ("Identity", 13),
    ],
)  # fmt: skip
def test_function(op: str, opset: int) -> None:
    run_layer(op, {"x": INSIDE}, opset=opset)


@pytest.mark.parametrize("op, opset", [("Acosh", 9), ("Log", 13), ("Sqrt", 13), ("Reciprocal", 13)])
def test_function_above_one(op: str, opset: int) -> None:
    run_layer(op, {"x": INSIDE + 2.5}, opset=opset)


@pytest.mark.parametrize("op", ["Abs", "Neg", "Sign"])
@pytest.mark.parametrize("kind", [np.int8, np.int32, np.int64])
def test_function_of_integers(op: str, kind: Any) -> None:
    run_layer(op, {"x": np.array([-3, 0, 5], kind)}, kinds={"y": kind})


def test_round_takes_halves_to_the_even() -> None:
    run_layer("Round", {"x": ODD[1:8]}, opset=11)


def test_nan_and_not() -> None:
    run_layer("IsNaN", {"x": ODD}, kinds={"y": bool}, opset=13)
    run_layer("Not", {"x": np.array([True, False])}, kinds={"y": bool})
    run_layer("BitwiseNot", {"x": np.array([0, 1, 255], np.uint8)}, kinds={"y": np.uint8}, opset=18)


@pytest.mark.parametrize("negative", [0, 1])
@pytest.mark.parametrize("positive", [0, 1])
def test_infinities_by_sign(negative: int, positive: int) -> None:
    run_layer("IsInf", {"x": ODD}, kinds={"y": bool}, detect_negative=negative, detect_positive=positive)


@pytest.mark.parametrize(
    "opset, attributes",
    [
        (13, {}),
        (15, {"start": 1}),
        (15, {"start": -2, "end": -1}),
        (19, {"start": -9, "end": 9}),
        (15, {"start": 2, "end": 1}),
    ],
)
@pytest.mark.parametrize("dynamic", [True, False])
def test_shape_is_cut(opset: int, attributes: dict[str, int], dynamic: bool) -> None:
    run_layer(
        "Shape",
        {"x": np.zeros((2, 3, 4), np.float32)},
        kinds={"y": np.int64},
        opset=opset,
        dynamic=dynamic,
        **attributes,
    )


@pytest.mark.parametrize("shape", [(2, 3), (), (0, 4)])
def test_size(shape: tuple[int, ...]) -> None:
    run_layer("Size", {"x": np.zeros(shape, np.float32)}, kinds={"y": np.int64}, dynamic=False)
