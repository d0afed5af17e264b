"""Comparisons, logic of two inputs, and selection."""

from __future__ import annotations

from dragoman.builder import Builder
from dragoman.frontends.extract import Extractors, Layer
from dragoman.graph.graph import Value
from dragoman.graph.types import i32, i64, string
from dragoman_onnx.layers.broadcast import lay_second
from dragoman_onnx.layers.exact import compared, is_small

layers = Extractors("onnx")

#: ONNX name -> OpenVINO name
SAME = {
    "Equal": "Equal", "Less": "Less", "LessOrEqual": "LessEqual", "And": "LogicalAnd", "Or": "LogicalOr",
    "Xor": "LogicalXor",
}  # fmt: skip
#: the same with the inputs exchanged: the CPU plugin finds every number greater than a NaN
TURNED = {"Greater": "Less", "GreaterOrEqual": "LessEqual"}


@layers(*SAME, *TURNED)
def compare(layer: Layer, op: Builder, a: Value, b: Value) -> Value:
    """A question to each pair of elements; boolean."""
    if a.dtype is string:
        raise layer.refuse("strings are compared", "OpenVINO compares numbers only")
    b = lay_second(layer, op, a, b)
    if layer.op in TURNED:
        a, b = b, a
    name = TURNED.get(layer.op) or SAME[layer.op]
    if a.dtype in (i32, i64) and not is_small(b) and not is_small(a):
        return compared(op, name, a, b)
    result: Value = op.make(name, a, b)
    return result


@layers("Where", since=9)
def where(layer: Layer, op: Builder, condition: Value, x: Value, y: Value) -> Value:
    """Where(condition, X, Y): X where the condition holds, Y elsewhere."""
    if x.dtype is string:
        raise layer.refuse("strings are selected", "OpenVINO selects numbers only")
    return op.Select(condition, x, y)
