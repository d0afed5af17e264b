"""Mathematics of one input, element by element, and the questions about one tensor."""

from __future__ import annotations

from dragoman.builder import Builder
from dragoman.frontends.extract import Extractors, Layer
from dragoman.graph.graph import Value
from dragoman.graph.types import i64

layers = Extractors("onnx")

#: ONNX name -> OpenVINO name, where the meaning is the same
SAME = {
    "Abs": "Abs", "Acos": "Acos", "Acosh": "Acosh", "Asin": "Asin", "Asinh": "Asinh", "Atan": "Atan", "Atanh": "Atanh",
    "Ceil": "Ceiling", "Cos": "Cos", "Cosh": "Cosh", "Erf": "Erf", "Exp": "Exp", "Floor": "Floor", "IsNaN": "IsNaN",
    "Log": "Log", "Neg": "Negative", "Not": "LogicalNot", "Sign": "Sign", "Sin": "Sin", "Sinh": "Sinh",
    "Sqrt": "Sqrt", "Tan": "Tan", "BitwiseNot": "BitwiseNot",
}  # fmt: skip


@layers(*SAME)
def unary(layer: Layer, op: Builder, x: Value) -> Value:
    """The op of OpenVINO with the same meaning."""
    layer.ignore("consumed_inputs")
    result: Value = op.make(SAME[layer.op], x)
    return result


@layers("Reciprocal")
def reciprocal(layer: Layer, op: Builder, x: Value) -> Value:
    """Reciprocal(X): 1 / X."""
    layer.ignore("consumed_inputs")
    return op.Divide(op.constant(1.0, x.dtype), x)


@layers("Round", since=11)
def round_half_to_even(layer: Layer, op: Builder, x: Value) -> Value:
    """Round(X): to the nearest integer, halves to the even one."""
    return op.Round(x, mode="half_to_even")


@layers("IsInf", since=10)
def is_inf(layer: Layer, op: Builder, x: Value) -> Value:
    """IsInf(X, detect_negative, detect_positive)."""
    negative, positive = layer.get("detect_negative", 1), layer.get("detect_positive", 1)
    return op.IsInf(x, detect_negative=bool(negative), detect_positive=bool(positive))


@layers("Identity", accepts_any=True)
def identity(layer: Layer, op: Builder, x: Value) -> Value:
    """Identity(input): the input, whatever it is."""
    return x


@layers("Shape")
def shape(layer: Layer, op: Builder, x: Value) -> Value:
    """Shape(data, start, end): the dimensions from start to before end, as i64; the range is cut to the rank."""
    dims: Value = op.ShapeOf(x, output_type=i64)
    if layer.version < 15:
        return dims
    start, end = layer.get("start", 0), layer.get("end", None)
    if start == 0 and end is None:
        return dims
    stop = (1 << 31) - 1 if end is None else end
    return op.Slice(dims, op.constant([start]), op.constant([stop]), op.constant([1]), op.constant([0]))


@layers("Size")
def size(layer: Layer, op: Builder, x: Value) -> Value:
    """Size(data): the number of elements, an i64 scalar."""
    return op.ReduceProd(op.ShapeOf(x, output_type=i64), op.constant([0]), keep_dims=False)
