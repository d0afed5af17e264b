"""Extremes and their places, sorting, distinct elements, running sums and products."""

from __future__ import annotations

from dragoman.builder import Builder
from dragoman.frontends.extract import Extractors, Layer
from dragoman.graph.graph import Value
from dragoman.graph.types import i32, i64
from dragoman_onnx.layers.sizes import along, axis_of, converted, counted, dim, rank_of, scalar

layers = Extractors("onnx")


@layers("ArgMax", "ArgMin")
def arg_extreme(layer: Layer, op: Builder, x: Value) -> Value:
    """ArgMax, ArgMin(data, axis, keepdims, select_last_index): the place of the first (or last) extreme, i64."""
    keep, last = layer.get("keepdims", 1), layer.get("select_last_index", 0)
    axis = axis_of(layer, layer.get("axis", 0), rank_of(layer, x))
    data = _sortable(op, x)
    if last:
        data = op.Slice(data, op.constant([-1]), op.constant([-(1 << 31) + 1]), op.constant([-1]), op.constant([axis]))
    mode = "max" if layer.op == "ArgMax" else "min"
    place = op.TopK(data, op.constant(1, i64), axis=axis, mode=mode, sort="value", index_element_type=i64, stable=True)[
        1
    ]
    if last:
        place = op.Subtract(op.Subtract(dim(op, x, axis), op.constant([1], i64)), place)
    return place if keep else op.Squeeze(place, op.constant([axis]))


@layers("TopK")
def top_k(layer: Layer, op: Builder, x: Value, k: Value | None = None) -> tuple[Value, Value]:
    """TopK(X, K, axis, largest, sorted): (values, indices); of equal elements the one with the lower index first."""
    if k is None:
        k = op.constant(layer.require("k"), i64)
    layer.ignore("sorted")
    if layer.numbers(k) == (0,):
        raise layer.refuse("K is 0", "the CPU plugin finds at least one element")
    axis = axis_of(layer, layer.get("axis", -1), rank_of(layer, x))
    mode = "max" if layer.get("largest", 1) else "min"
    values, places = op.TopK(
        _sortable(op, x), scalar(op, k), axis=axis, mode=mode, sort="value", index_element_type=i64, stable=True
    )
    return converted(op, values, x.dtype), places


def _sortable(op: Builder, x: Value) -> Value:
    """The CPU plugin sorts 16-bit integers not at all, and booleans neither."""
    return converted(op, x, i32) if x.dtype.name in ("i16", "u16", "boolean") else x


@layers("NonZero", since=9)
def non_zero(layer: Layer, op: Builder, x: Value) -> Value:
    """NonZero(X): the indices of elements that are not zero, a row per dimension."""
    return op.NonZero(x, output_type=i64)


@layers("Unique", since=11)
def unique(layer: Layer, op: Builder, x: Value) -> tuple[Value, ...]:
    """Unique(X, axis, sorted): (distinct elements, their first places, the place of each input's one, counts).

    The CPU plugin is right along the first dimension, and over all elements when they are sorted.
    """
    axis, in_order = layer.get("axis", None), bool(layer.get("sorted", 1))
    order: list[int] = []
    if axis is not None and (axis := axis_of(layer, axis, rank_of(layer, x))):
        # the others keep their order, which is that of the comparison
        order = [axis, *(k for k in range(x.rank or 0) if k != axis)]
        x = op.Transpose(x, op.constant(order, i64))
    elif axis is None and not in_order:
        x, axis = op.Reshape(x, op.constant([-1], i64), special_zero=False), 0
    inputs = [x] if axis is None else [x, op.constant(0, i64)]
    values, *places = op.Unique(*inputs, sorted=in_order, index_element_type=i64, count_element_type=i64)
    if order:
        values = op.Transpose(values, op.constant([order.index(k) for k in range(len(order))], i64))
    return (values, *places)


@layers("CumSum", since=11)
def cum_sum(layer: Layer, op: Builder, x: Value, axis: Value) -> Value:
    """CumSum(x, axis, exclusive, reverse): running sums."""
    exclusive, reverse = bool(layer.get("exclusive", 0)), bool(layer.get("reverse", 0))
    return op.CumSum(x, scalar(op, axis), exclusive=exclusive, reverse=reverse)


@layers("CumProd", since=26)
def cum_prod(layer: Layer, op: Builder, x: Value, axis: Value) -> Value:
    """CumProd(x, axis, exclusive, reverse): running products, each over the elements of a triangle."""
    exclusive, reverse = bool(layer.get("exclusive", 0)), bool(layer.get("reverse", 0))
    rank, known = rank_of(layer, x), layer.numbers(axis)
    if known:
        return _products(op, x, axis_of(layer, known[0], rank), exclusive, reverse)
    place = op.FloorMod(converted(op, scalar(op, axis), i64), op.constant(rank, i64))
    result = _products(op, x, 0, exclusive, reverse)
    for k in range(1, rank):
        result = op.Select(op.Equal(place, op.constant(k, i64)), _products(op, x, k, exclusive, reverse), result)
    return result


def _products(op: Builder, x: Value, axis: int, exclusive: bool, reverse: bool) -> Value:
    """Π over j of x[j] where the triangle holds (i, j), else 1; i replaces the axis, j comes behind it."""
    rank = len(x.shape or ())
    steps = counted(op, dim(op, x, axis))
    at = op.Reshape(steps, op.constant(along(axis, rank + 1)), special_zero=False)
    inner = op.Reshape(steps, op.constant(along(axis + 1, rank + 1)), special_zero=False)
    first, second = (at, inner) if reverse else (inner, at)
    held = op.Less(first, second) if exclusive else op.LessEqual(first, second)
    wide = x if x.dtype.bits >= 32 or x.dtype.is_float else converted(op, x, i32)
    factors = op.Select(held, op.Unsqueeze(wide, op.constant([axis])), op.constant(1, wide.dtype))
    return converted(op, op.ReduceProd(factors, op.constant([axis + 1]), keep_dims=False), x.dtype)
