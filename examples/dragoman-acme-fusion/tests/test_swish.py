"""Swish with a factor."""

from __future__ import annotations

from typing import Any

import numpy as np

from dragoman.builder import Builder
from dragoman.graph.graph import Value
from dragoman.graph.types import f32
from dragoman_acme_fusion.swish import FuseSwish
from dragoman_sdk import LayerCase, RuleCase, onnx_bytes, onnx_node


def gated(op: Builder, factor: Any) -> Value:
    """x * sigmoid(factor * x)."""
    x = op.parameter(f32, (2, 3), "x")
    return op.Multiply(x, op.Sigmoid(op.Multiply(x, op.constant(factor, f32))))


def test_one_factor_is_fused() -> None:
    RuleCase(lambda op: gated(op, 1.702), [FuseSwish()]).check("Parameter Swish")
    RuleCase(lambda op: gated(op, [[1.702]]), [FuseSwish()]).check("Parameter Swish")


def test_a_factor_for_each_column_is_left_alone() -> None:
    case = RuleCase(lambda op: gated(op, [1.0, 2.0, 3.0]), [FuseSwish()])
    case.check_untouched("f32[3], and Swish takes one number")


def test_a_gate_that_is_read_elsewhere_is_left_alone() -> None:
    def both(op: Builder) -> list[Value]:
        x = op.parameter(f32, (2, 3), "x")
        gate = op.Sigmoid(op.Multiply(x, op.constant(1.5, f32)))
        return [op.Multiply(x, gate), gate]

    RuleCase(both, [FuseSwish()]).check_untouched()


def test_a_quick_gelu_of_onnx() -> None:
    x = np.linspace(-4, 4, 12, dtype=np.float32).reshape(3, 4)
    nodes = [onnx_node("Mul", "x c", "a"), onnx_node("Sigmoid", "a", "gate"), onnx_node("Mul", "x gate", "y")]
    model = onnx_bytes(nodes, {"x": x}, ["y"], constants={"c": np.float32(1.702)})
    expected = x / (1 + np.exp(-1.702 * x))
    LayerCase(model, {"x": x}, {"y": expected.astype(np.float32)}, fires=["FuseSwish"]).check()
