"""Operators that pick elements by index."""

from __future__ import annotations

from dragoman.builder import Builder
from dragoman.frontends.extract import Extractors, Layer
from dragoman.graph.graph import Value
from dragoman.graph.types import i32, i64
from dragoman.infer.dims import same_dim
from dragoman_onnx.layers.exact import by_halves
from dragoman_onnx.layers.sizes import along, axis_of, converted, counted, dim, dims, flat, known_dim, rank_of

layers = Extractors("onnx")


@layers("Gather")
def gather(layer: Layer, op: Builder, x: Value, indices: Value) -> Value:
    """Gather(data, indices): slices at the indices along ``axis``; negative ones count from the end."""
    if indices.shape is not None and 0 in indices.shape:
        raise layer.refuse("no indices are given", "the CPU plugin compiles no Gather at nothing")
    y: Value = op.Gather(x, indices, op.constant(layer.get("axis", 0), i64))
    return y


@layers("GatherElements", since=11)
def gather_elements(layer: Layer, op: Builder, x: Value, indices: Value) -> Value:
    """GatherElements(data, indices): out[i][j] = data[indices[i][j]][j] for axis 0."""
    axis = axis_of(layer, layer.get("axis", 0), rank_of(layer, x))
    for i in range(rank_of(layer, indices, "the indices")):
        if i != axis and (known_dim(x, i), known_dim(indices, i)).count(None) < 2 and not _one_dim(x, indices, i):
            # ONNX lets the indices be shorter there, OpenVINO does not (and throws a Slice before it away)
            x = op.Gather(x, counted(op, dim(op, indices, i)), op.constant(i, i64))
    y: Value = op.GatherElements(x, from_front(layer, op, indices, dim(op, x, axis)), axis=axis)
    return y


def _one_dim(a: Value, b: Value, axis: int) -> bool:
    return a.shape is not None and b.shape is not None and same_dim(a.shape[axis], b.shape[axis])


def from_front(layer: Layer, op: Builder, indices: Value, size: Value) -> Value:
    """Indices counted from the front, where they may be negative."""
    known = layer.numbers(indices)
    if known is not None and all(n >= 0 for n in known):
        return indices
    zero = op.constant(0, indices.dtype)
    found: Value = op.Select(op.Less(indices, zero), op.Add(indices, converted(op, size, indices.dtype)), indices)
    return found


@layers("GatherND", since=11)
def gather_nd(layer: Layer, op: Builder, x: Value, indices: Value) -> Value:
    """GatherND(data, indices): slices at the index tuples in the last dimension of indices."""
    batch = layer.get("batch_dims", 0) if layer.version >= 12 else 0
    y: Value = op.GatherND(x, tuples_from_front(layer, op, x, indices, batch), batch_dims=batch)
    return y


def tuples_from_front(layer: Layer, op: Builder, x: Value, indices: Value, batch: int = 0) -> Value:
    """Index tuples counted from the front, where they may be negative."""
    known = layer.numbers(indices)
    if known is not None and all(n >= 0 for n in known):
        return indices
    width = indices.shape[-1] if indices.shape else None
    if not isinstance(width, int):
        raise layer.refuse("the length of the index tuples is unknown", "give the shape of the indices")
    one = op.constant([1], i64)
    sizes = op.Slice(dims(op, x), op.constant([batch], i64), op.constant([batch + width], i64), one)
    return from_front(layer, op, indices, sizes)


@layers("Compress", since=9)
def compress(layer: Layer, op: Builder, x: Value, condition: Value) -> Value:
    """Compress(input, condition): the slices along ``axis`` (or elements) where the condition holds."""
    axis = layer.get("axis", None)
    if axis is None:
        x, axis = op.Reshape(x, op.constant([-1], i64)), 0
    known = layer.numbers(condition)
    if known is not None and not any(known):
        raise layer.refuse("the condition holds nowhere", "the CPU plugin compiles no Gather at nothing")
    places = op.Reshape(op.NonZero(condition, output_type="i64"), op.constant([-1], i64))
    y: Value = op.Gather(x, places, op.constant(axis, i64))
    return y


@layers("OneHot", since=9)
def one_hot(layer: Layer, op: Builder, indices: Value, depth: Value, values: Value) -> Value:
    """OneHot(indices, depth, values): values[1] where the new dimension's place is the index, else values[0].

    An index counts from the end when negative; outside of [-depth, depth - 1] nothing is hot.
    """
    rank = rank_of(layer, indices)
    axis = axis_of(layer, layer.get("axis", -1), rank + 1)
    size = converted(op, flat(op, depth), i64)
    place = from_front(layer, op, converted(op, indices, i64), size)
    hot = op.Equal(op.Unsqueeze(place, op.constant([axis], i64)), op.Reshape(counted(op, size), along(axis, rank + 1)))
    off, on = (op.Gather(values, op.constant(i, i64), op.constant(0, i64)) for i in (0, 1))
    y: Value = op.Select(hot, on, off)
    return y


@layers("ReverseSequence", since=10)
def reverse_sequence(layer: Layer, op: Builder, x: Value, lengths: Value) -> Value:
    """ReverseSequence(input, sequence_lens): the first elements of every sequence reversed."""
    batch, time = layer.get("batch_axis", 1), layer.get("time_axis", 0)

    def reverse(data: Value) -> Value:
        y: Value = op.ReverseSequence(data, lengths, batch_axis=batch, seq_axis=time)
        return y

    return by_halves(op, reverse, x) if x.dtype in (i32, i64) else reverse(x)
