"""Comparisons, logic and selection."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.onnx.support import layer_model, refusal, run_layer

X = np.array([[1.0, 2.0, np.nan, np.inf]], np.float32)
Y = np.array([[1.0], [np.nan]], np.float32)


@pytest.mark.parametrize(
    "op, opset", [("Equal", 13), ("Greater", 9), ("Less", 13), ("GreaterOrEqual", 16), ("LessOrEqual", 12)]
)
def test_nothing_compares_to_nan(op: str, opset: int) -> None:
    run_layer(op, {"a": X, "b": Y}, opset=opset, kinds={"y": bool}, dynamic=False)


@pytest.mark.parametrize("op", ["Equal", "Greater", "Less", "GreaterOrEqual", "LessOrEqual"])
@pytest.mark.parametrize("kind", [np.int32, np.int64, np.float64])
def test_comparison_by_type(op: str, kind: Any) -> None:
    feeds = {"a": np.array([1, 2, 3], kind), "b": np.array([3, 2, 1], kind)}
    run_layer(op, feeds, opset=16, kinds={"y": bool})


@pytest.mark.parametrize("op", ["And", "Or", "Xor"])
def test_logic(op: str) -> None:
    run_layer(op, {"a": np.array([[True], [False]]), "b": np.array([True, False])}, kinds={"y": bool}, dynamic=False)


@pytest.mark.parametrize("kind", [np.float32, np.int64, np.uint8])
def test_where_broadcasts_three_ways(kind: Any) -> None:
    feeds = {"c": np.array([[True], [False]]), "x": np.arange(3).astype(kind), "z": np.array(7, kind)}
    run_layer("Where", feeds, opset=16, kinds={"y": kind}, dynamic=False)


def test_strings_are_refused() -> None:
    text = np.array(["a"], dtype=object)
    problem = refusal(layer_model("Equal", {"a": text, "b": text}, opset=19, kinds={"y": bool})).problems[0]
    assert (problem.code, problem.op) == ("D302", "Equal")
