"""Reductions over axes: an attribute at first, an input since opset 18 (ReduceSum since 13)."""

from __future__ import annotations

import math
from collections.abc import Callable

from dragoman.builder import Builder
from dragoman.frontends.extract import Extractors, Layer
from dragoman.graph.graph import Value
from dragoman.graph.types import boolean, f32, i32, i64, static_dims
from dragoman_onnx.layers.finite import is_finite
from dragoman_onnx.layers.quotient import whole_quotient
from dragoman_onnx.layers.sizes import rank_of

layers = Extractors("onnx")

#: the value of nothing: Σ = 0, Π = 1, and the ends of the number line
_EMPTY = {
    "ReduceSum": 0.0, "ReduceL1": 0.0, "ReduceL2": 0.0, "ReduceSumSquare": 0.0, "ReduceProd": 1.0,
    "ReduceMax": -math.inf, "ReduceMin": math.inf, "ReduceLogSum": -math.inf, "ReduceLogSumExp": -math.inf,
}  # fmt: skip
#: what is left of an operator when nothing is reduced
_REST: dict[str, Callable[[Builder, Value], Value]] = {
    "ReduceL1": lambda op, x: op.Abs(x),
    "ReduceL2": lambda op, x: op.Abs(x),
    "ReduceSumSquare": lambda op, x: op.Multiply(x, x),
    "ReduceLogSum": lambda op, x: op.Log(x),
}


@layers(
    "ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2", "ReduceSumSquare",
    "ReduceLogSum", "ReduceLogSumExp",
)  # fmt: skip
def reduce(layer: Layer, op: Builder, x: Value, axes: Value | None = None) -> Value:
    """Reduce*(data, axes, keepdims, noop_with_empty_axes)."""
    keep = bool(layer.get("keepdims", 1))
    by_input = layer.version >= (13 if layer.op == "ReduceSum" else 18)
    nothing = by_input and bool(layer.get("noop_with_empty_axes", 0))
    if not by_input:
        if axes is not None:
            raise layer.refuse("axes is an input, and in this opset it is an attribute", "the model is not valid")
        given = layer.get("axes", None)
        chosen = op.constant(list(given)) if given else _all_axes(layer, op, x)
    elif axes is None or axes.shape == (0,):
        if nothing:
            return _REST.get(layer.op, lambda op, x: x)(op, x)
        chosen = _all_axes(layer, op, x)
    else:
        if axes.shape is None or not axes.shape or not isinstance(axes.shape[0], int):
            raise layer.refuse("the number of axes is unknown", "make the axes a constant with --input")
        chosen = axes
    if (constant := _of_empty(layer, op, x, chosen, keep)) is not None:
        return constant
    lone = chosen.shape == (1,) and layer.op != "ReduceLogSumExp"  # its rank is known without the numbers
    if keep or layer.numbers(chosen) is not None or lone:
        return _reduced(layer, op, x, chosen, keep)
    return _squeezed(layer, op, _reduced(layer, op, x, chosen, True), chosen)


def _squeezed(layer: Layer, op: Builder, y: Value, axes: Value) -> Value:
    """Axes computed at run time leave the shape: the others are looked up, in order, so that the rank stays known."""
    rank = rank_of(layer, y)
    assert axes.shape is not None
    count = axes.shape[0]
    assert isinstance(count, int)
    if count > rank:
        raise layer.refuse(f"{count} axes of {y.type}", "the model is not valid")
    places = op.FloorMod(op.Convert(axes, destination_type=i64), op.constant(rank, i64))
    ones = op.constant([1] * rank, i64)
    marks = op.ScatterElementsUpdate(ones, places, op.constant([0] * count, i64), op.constant(0, i64))
    left = op.TopK(
        marks, op.constant(rank - count, i64), axis=0, mode="max", sort="index", index_element_type=i64, stable=True
    )[1]
    shape = op.Gather(op.ShapeOf(y, output_type=i64), left, op.constant(0, i64))
    result: Value = op.Reshape(y, shape, special_zero=False)
    return result


def _all_axes(layer: Layer, op: Builder, x: Value) -> Value:
    if x.shape is None:
        raise layer.refuse("all axes are reduced, and the rank is unknown", "give the shape with --shape")
    return op.constant(list(range(len(x.shape))), i64)


def _of_empty(layer: Layer, op: Builder, x: Value, axes: Value, keep: bool) -> Value | None:
    """The reduction of a tensor known to be empty: the CPU plugin gives -FLT_MAX for its maximum."""
    dims, numbers = static_dims(x.shape), layer.numbers(axes)
    if dims is None or 0 not in dims or numbers is None:
        return None
    reduced = {n % len(dims) for n in numbers}
    shape = [1 if k in reduced else d for k, d in enumerate(dims) if keep or k not in reduced]
    if 0 in shape:
        return None
    neutral = _EMPTY.get(layer.op)
    if x.dtype is boolean and neutral is not None and math.isinf(neutral):
        neutral = neutral > 0
    if neutral is None or not (x.dtype.is_float or math.isfinite(neutral)):
        raise layer.refuse("nothing is reduced, and the operator has no value for that")
    filled: Value = op.Broadcast(op.constant(neutral, x.dtype), op.constant(shape, i64))
    return filled


def _reduced(layer: Layer, op: Builder, x: Value, axes: Value, keep: bool) -> Value:
    name = layer.op
    if x.dtype is boolean:
        return _of_booleans(layer, op, x, axes, keep)
    if x.dtype.is_integer:
        return _of_integers(layer, op, x, axes, keep)
    return _of_floats(op, name, x, axes, keep)


def _of_booleans(layer: Layer, op: Builder, x: Value, axes: Value, keep: bool) -> Value:
    """Whether any, or all, are true: by counting, for the CPU plugin reduces logically over constant axes only."""
    if layer.op not in ("ReduceMax", "ReduceMin"):
        raise layer.refuse(f"{layer.op} of booleans", "the model is not valid")
    wanted = x if layer.op == "ReduceMax" else op.LogicalNot(x)
    count = _make(op, "ReduceSum", op.Convert(wanted, destination_type=i32), axes, keep)
    zero = op.constant(0, i32)
    found: Value = op.NotEqual(count, zero) if layer.op == "ReduceMax" else op.Equal(count, zero)
    return found


def _of_floats(op: Builder, name: str, x: Value, axes: Value, keep: bool) -> Value:
    if name == "ReduceSumSquare":
        return _make(op, "ReduceSum", op.Multiply(x, x), axes, keep)
    if name == "ReduceLogSum":
        return _log(op, _make(op, "ReduceSum", x, axes, keep))
    if name == "ReduceLogSumExp":
        return _log_sum_exp(op, x, axes, keep)
    if name in ("ReduceMax", "ReduceMin") and (not is_finite(x) or 0 in (x.shape or ())):
        return _extreme(op, name, x, axes, keep)
    return _make(op, name, x, axes, keep)


def _extreme(op: Builder, name: str, x: Value, axes: Value, keep: bool) -> Value:
    """A maximum that may be -inf (of nothing, or of such values alone), which the CPU plugin makes -FLT_MAX."""
    end = op.constant(_EMPTY[name], x.dtype)
    inside = op.Less(end, x) if name == "ReduceMax" else op.Less(x, end)
    count = _make(op, "ReduceSum", op.Convert(inside, destination_type=f32), axes, keep)
    result: Value = op.Select(op.Less(op.constant(0.0, f32), count), _make(op, name, x, axes, keep), end)
    return result


def _of_integers(layer: Layer, op: Builder, x: Value, axes: Value, keep: bool) -> Value:
    """In i32, where sums of narrow types wrap; roots, logarithms and quotients are cut towards zero."""
    name = layer.op
    if name in ("ReduceMax", "ReduceMin"):
        return _make(op, name, x, axes, keep)
    if name in ("ReduceL2", "ReduceLogSum", "ReduceLogSumExp"):
        result = _of_floats(op, name, op.Convert(x, destination_type=f32), axes, keep)
        return op.Convert(result, destination_type=x.dtype)
    wide = x if x.dtype.bits >= 32 else op.Convert(x, destination_type=i32)
    if name == "ReduceMean":
        total = _make(op, "ReduceSum", wide, axes, keep)
        sizes = op.Gather(
            op.ShapeOf(x, output_type=wide.dtype if wide.dtype in (i32, i64) else i64), axes, op.constant(0)
        )
        count = op.ReduceProd(sizes, op.constant([0]), keep_dims=False)
        if count.dtype is not total.dtype:
            count = op.Convert(count, destination_type=total.dtype)
        result = whole_quotient(op, total, count)
    elif name == "ReduceSumSquare":
        result = _make(op, "ReduceSum", op.Multiply(wide, wide), axes, keep)
    elif name == "ReduceL1":
        result = _make(op, "ReduceSum", op.Abs(wide), axes, keep)
    else:
        result = _make(op, name, wide, axes, keep)
    return result if result.dtype is x.dtype else op.Convert(result, destination_type=x.dtype)


def _log_sum_exp(op: Builder, x: Value, axes: Value, keep: bool) -> Value:
    """m + ln Σ exp(x - m) with m the maximum, made finite so that infinities stay what they are."""
    biggest = 65504.0 if x.dtype.name == "f16" else 3.38e38
    top = op.Clamp(_make(op, "ReduceMax", x, axes, True), min=-biggest, max=biggest)
    inner = _log(op, _make(op, "ReduceSum", op.Exp(op.Subtract(x, top)), axes, True))
    result: Value = op.Add(inner, top)
    return result if keep else op.Squeeze(result, axes)


def _log(op: Builder, x: Value) -> Value:
    result: Value = op.Log(x)
    return result


def _make(op: Builder, name: str, x: Value, axes: Value, keep: bool) -> Value:
    result: Value = op.make(name, x, axes, keep_dims=keep)
    return result
