"""Operators that write elements by index."""

from __future__ import annotations

from dragoman.builder import Builder
from dragoman.frontends.extract import Extractors, Layer
from dragoman.graph.graph import Value
from dragoman.graph.types import boolean, i64
from dragoman_onnx.layers.gather import from_front, tuples_from_front
from dragoman_onnx.layers.sizes import axis_of, converted, counted, dim, dims, rank_of

layers = Extractors("onnx")

_REDUCTIONS = {"none": "none", "add": "sum", "mul": "prod", "min": "min", "max": "max"}


def _reduction(layer: Layer, since: int) -> str:
    mode = layer.get("reduction", "none") if layer.version >= since else "none"
    if mode not in _REDUCTIONS:
        raise layer.refuse(f"reduction {mode!r}", f"{', '.join(_REDUCTIONS)} are known")
    return _REDUCTIONS[mode]


@layers("ScatterElements", since=11)
@layers("Scatter", since=9, until=10)
def scatter_elements(layer: Layer, op: Builder, x: Value, indices: Value, updates: Value) -> Value:
    """ScatterElements(data, indices, updates): out[indices[i][j]][j] = updates[i][j] for axis 0, or reduced."""
    axis = axis_of(layer, layer.get("axis", 0), rank_of(layer, x))
    y: Value = op.ScatterElementsUpdate(
        x, from_front(layer, op, indices, dim(op, x, axis)), updates, op.constant(axis, i64),
        reduction=_reduction(layer, 16),
    )  # fmt: skip
    return y


@layers("ScatterND", since=11)
def scatter_nd(layer: Layer, op: Builder, x: Value, indices: Value, updates: Value) -> Value:
    """ScatterND(data, indices, updates): out[indices[i]] = updates[i], tuples in the last dimension, or reduced."""
    places = tuples_from_front(layer, op, x, indices)
    y: Value = op.ScatterNDUpdate(x, places, updates, reduction=_reduction(layer, 16))
    return y


@layers("TensorScatter", since=24)
def tensor_scatter(layer: Layer, op: Builder, cache: Value, update: Value, start: Value | None = None) -> Value:
    """TensorScatter(past_cache, update, write_indices): the update written from a place of each batch on.

    Every place of the cache asks how far behind the start it lies: inside the update it takes its element.
    """
    rank = rank_of(layer, cache)
    axis = axis_of(layer, layer.get("axis", -2), rank)
    mode = layer.get("mode", "linear")
    if mode not in ("linear", "circular") or axis == 0:
        raise layer.refuse(f"mode {mode!r} along axis {axis}", "linear and circular are known, and axis 0 is the batch")
    size, length = dim(op, cache, axis), dim(op, update, axis)
    first = op.constant([[0]], i64) if start is None else op.Reshape(converted(op, start, i64), [-1, 1])
    place = op.Subtract(op.Reshape(counted(op, size), [1, -1]), first)
    if mode == "circular":
        place = op.FloorMod(place, size)
    inside = op.LogicalAnd(op.GreaterEqual(place, op.constant(0, i64)), op.Less(place, length))
    place = op.Select(inside, place, op.constant(0, i64))
    shape = [0 if i == 0 else -1 if i == axis else 1 for i in range(rank)]
    batches = op.Gather(dims(op, cache), op.constant([0], i64), op.constant(0, i64))
    place = op.Broadcast(place, op.Concat(batches, size, axis=0))
    order = [0, axis, *(i for i in range(1, rank) if i != axis)]
    back = op.constant([order.index(i) for i in range(rank)], i64)
    ahead = op.Transpose(update, op.constant(order, i64))
    taken = op.Transpose(op.Gather(ahead, place, op.constant(1, i64), batch_dims=1), back)
    mask = op.Reshape(inside, shape, special_zero=True)
    if cache.dtype is boolean:
        kept = op.LogicalAnd(cache, op.LogicalNot(mask))
        y: Value = op.LogicalOr(kept, op.LogicalAnd(taken, mask))
        return y
    return op.Select(mask, taken, cache)
