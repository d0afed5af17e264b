"""Softmax, LogSoftmax and Hardmax: along an axis since opset 13, over all axes behind one before."""

from __future__ import annotations

import math
from collections.abc import Callable

from dragoman.builder import Builder
from dragoman.frontends.extract import Extractors, Layer
from dragoman.graph.graph import Value
from dragoman.graph.types import f32, i64, static_dims

layers = Extractors("onnx")


@layers("Softmax")
def softmax(layer: Layer, op: Builder, x: Value) -> Value:
    """Softmax(input, axis): exp(x) / Σ exp(x)."""
    return _along(layer, op, x, lambda data, axis: op.Softmax(data, axis=axis))


@layers("LogSoftmax")
def log_softmax(layer: Layer, op: Builder, x: Value) -> Value:
    """LogSoftmax(input, axis): x - ln Σ exp(x)."""
    return _along(layer, op, x, lambda data, axis: op.LogSoftmax(data, axis=axis))


@layers("Hardmax")
def hardmax(layer: Layer, op: Builder, x: Value) -> Value:
    """Hardmax(input, axis): 1 for the first maximum, 0 for the others."""

    def one_hot(data: Value, axis: int) -> Value:
        at_top = op.Equal(data, op.ReduceMax(data, op.constant([axis]), keep_dims=True))
        tops = op.Convert(at_top, destination_type=f32)
        first = op.Equal(op.CumSum(tops, op.constant(axis)), op.constant(1.0, f32))
        both: Value = op.Convert(op.LogicalAnd(at_top, first), destination_type=x.dtype)
        return both

    return _along(layer, op, x, one_hot)


def _along(layer: Layer, op: Builder, x: Value, function: Callable[[Value, int], Value]) -> Value:
    """The function along one axis; before opset 13 the data becomes a matrix that is cut at the axis."""
    axis = layer.get("axis", -1 if layer.version >= 13 else 1)
    if layer.version >= 13:
        if x.shape is not None:
            axis = _from_front(layer, axis, len(x.shape))
        return function(x, axis)
    if axis == -1:
        return function(x, axis if x.shape is None else len(x.shape) - 1)
    if x.shape is None:
        raise layer.refuse("the rank is unknown, and before opset 13 the axis splits it", "give the shape with --shape")
    axis = _from_front(layer, axis, len(x.shape))
    if all(d == 1 for d in x.shape[axis + 1 :]):
        return function(x, axis)
    flat = op.Reshape(x, _matrix_shape(op, x, axis), special_zero=axis == 1)
    dims = static_dims(x.shape)
    back = op.ShapeOf(x, output_type=i64) if dims is None else op.constant(list(dims))
    result: Value = op.Reshape(function(flat, 1), back, special_zero=False)
    return result


def _from_front(layer: Layer, axis: int, rank: int) -> int:
    if not -rank <= axis < max(rank, 1):
        raise layer.refuse(f"axis {axis} lies outside rank {rank}", "the model is not valid")
    return axis % rank if rank else 0


def _matrix_shape(op: Builder, x: Value, axis: int) -> Value:
    assert x.shape is not None
    if axis == 0:
        return op.constant([1, -1])
    if axis == 1:
        return op.constant([0, -1])
    ahead, behind = static_dims(x.shape[:axis]), static_dims(x.shape[axis:])
    if ahead is not None:
        return op.constant([math.prod(ahead), -1])
    if behind is not None:
        return op.constant([-1, math.prod(behind)])
    dims = op.Gather(op.ShapeOf(x, output_type=i64), op.constant(list(range(axis))), op.constant(0))
    rows = op.ReduceProd(dims, op.constant([0]), keep_dims=True)
    shape: Value = op.Concat(rows, op.constant([-1]), axis=0)
    return shape
