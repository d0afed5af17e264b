"""Operators that cut, join and pad: Slice, Split, Concat, Pad, CenterCropPad."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from dragoman.builder import Builder
from dragoman.frontends.extract import Extractors, Layer
from dragoman.graph.graph import Value
from dragoman.graph.types import f32, i64
from dragoman_onnx.layers.sizes import (
    axes_of,
    axis_of,
    converted,
    counted,
    dim,
    known_dim,
    rank_of,
    scalar,
    vector,
)

layers = Extractors("onnx")


def cut(op: Builder, x: Value, start: Value | int, stop: Value | int, axis: int) -> Value:
    """x[start:stop] along one axis; the bounds are numbers or i64 vectors of one element."""
    bounds = [v if isinstance(v, Value) else op.constant([v], i64) for v in (start, stop)]
    y: Value = op.Slice(x, *bounds, op.constant([1], i64), op.constant([axis], i64))
    return y


@layers("Slice", until=9)
def slice_by_attributes(layer: Layer, op: Builder, x: Value) -> Value:
    """Slice(data): ``starts`` and ``ends`` along ``axes``."""
    starts, ends = list(layer.require("starts")), list(layer.require("ends"))
    axes = list(layer.get("axes", None) or range(len(starts)))
    ones = [1] * len(starts)
    y: Value = op.Slice(x, *(op.constant(v, i64) for v in (starts, ends, ones, axes)))
    return y


@layers("Slice", since=10)
def slice_by_inputs(
    layer: Layer,
    op: Builder,
    x: Value,
    starts: Value,
    ends: Value,
    axes: Value | None = None,
    steps: Value | None = None,
) -> Value:
    """Slice(data, starts, ends, axes, steps): Python's slices along axes, negative steps included."""
    if axes is not None and axes.tensor is None and layer.numbers(axes) is None and starts.tensor and ends.tensor:
        raise layer.refuse("known bounds along axes computed at run time", "the CPU plugin ends there: fix the axes")
    if steps is None:
        count = known_dim(starts, 0) if starts.rank == 1 else known_dim(ends, 0) if ends.rank == 1 else None
        if count is None and axes is not None and axes.rank == 1:
            count = known_dim(axes, 0)
        if count is not None:
            if x.rank is not None and count > x.rank:
                raise layer.refuse(f"{count} bounds for {x.type}", "the model is not valid")
            steps = op.constant([1] * count, starts.dtype)
        else:
            steps = op.Broadcast(op.constant(1, starts.dtype), op.ShapeOf(starts, output_type="i64"))
    inputs = [x, starts, ends, steps] if axes is None else [x, starts, ends, steps, axes]
    y: Value = op.Slice(*inputs)
    return y


@layers("Concat")
def concat(layer: Layer, op: Builder, x: Value, *rest: Value) -> Value:
    """Concat(inputs): joined along ``axis`` (1 by default before opset 4)."""
    axis = layer.get("axis", 1) if layer.version < 4 else layer.require("axis")
    y: Value = op.Concat(x, *rest, axis=axis)
    return y


@layers("Split")
def split(layer: Layer, op: Builder, x: Value, lengths: Value | None = None) -> tuple[Value, ...]:
    """Split(input, split): parts of given lengths, or equal ones (the last smaller, since opset 18)."""
    axis = layer.get("axis", 0)
    count = len(layer.outputs)
    given = layer.get("split", None) if layer.version < 13 else None
    if layer.version >= 18:
        layer.get("num_outputs", count)
    if given is not None:
        lengths = op.constant(list(given), i64)
    if lengths is not None:
        if lengths.shape is None or known_dim(lengths, 0) is None:
            lengths = op.Reshape(lengths, op.constant([count], i64))
        parts = op.make("VariadicSplit", x, op.constant(axis, i64), lengths)
        return parts if isinstance(parts, tuple) else (parts,)
    rank = rank_of(layer, x)
    axis = axis_of(layer, axis, rank)
    size = known_dim(x, axis)
    if size is not None and size % count == 0:
        parts = op.make("Split", x, op.constant(axis, i64), num_splits=count)
        return parts if isinstance(parts, tuple) else (parts,)
    if layer.version < 18 and size is not None:
        raise layer.refuse(f"{size} elements do not split evenly in {count}", "give the lengths")
    return _chunks(op, x, axis, count)


def _chunks(op: Builder, x: Value, axis: int, count: int) -> tuple[Value, ...]:
    """Parts of ceil(size / count), the last with what is left."""
    size = known_dim(x, axis)
    if size is not None:
        length = -(-size // count)
        edges: list[Value | int] = [min(i * length, size) for i in range(count + 1)]
    else:
        more = op.Add(dim(op, x, axis), op.constant([count - 1], i64))
        chunk = op.Divide(more, op.constant([count], i64))
        edges = [op.Multiply(chunk, op.constant([i], i64)) for i in range(count + 1)]
    return tuple(cut(op, x, a, b, axis) for a, b in itertools.pairwise(edges))


@layers("Pad")
def pad(
    layer: Layer,
    op: Builder,
    x: Value,
    pads: Value | None = None,
    fill: Value | None = None,
    axes: Value | None = None,
) -> Value:
    """Pad(data, pads, constant_value, axes): by a constant, the edge, mirrored, or around (wrap); negative pads cut."""
    mode = layer.get("mode", "constant")
    rank = rank_of(layer, x)
    if layer.version < 11:
        pads = op.constant(list(layer.require("pads" if layer.version > 1 else "paddings")), i64)
        fill = op.constant(layer.get("value", 0.0), f32)
    if pads is None:
        raise layer.refuse("the input 'pads' is missing", "the model is not valid")
    if mode not in ("constant", "edge", "reflect", "wrap"):
        raise layer.refuse(f"mode {mode!r}", "constant, edge, reflect and wrap are known")
    fill = op.constant(0, x.dtype) if fill is None else converted(op, scalar(op, fill), x.dtype)
    known, places = layer.numbers(pads), _pad_axes(layer, axes, rank)
    if known is None or places is None:
        return _pad_at_run_time(op, x, *_spread_pads(layer, op, pads, axes, places, rank), fill, mode)
    if len(known) != 2 * len(places):
        raise layer.refuse(f"{len(known)} pads for {len(places)} axes", "the model is not valid")
    begin, end = [0] * rank, [0] * rank
    for i, axis in enumerate(places):
        begin[axis], end[axis] = known[i], known[i + len(places)]
    return _pad_known(op, _cropped(op, x, begin, end), [max(0, b) for b in begin], [max(0, e) for e in end], fill, mode)


def _pad_axes(layer: Layer, axes: Value | None, rank: int) -> tuple[int, ...] | None:
    if axes is None:
        return tuple(range(rank))
    known = layer.numbers(axes)
    return None if known is None else axes_of(layer, known, rank)


def _spread_pads(
    layer: Layer, op: Builder, pads: Value, axes: Value | None, places: Sequence[int] | None, rank: int
) -> tuple[Value, Value]:
    """The pads at the beginnings and at the ends of all axes, 0 where none are given."""
    count = len(places) if places is not None else known_dim(axes, 0) if axes is not None else None
    if count is None:
        raise layer.refuse("axes are computed, and even their number is not known", "make them an initializer")
    pads = converted(op, pads, i64)
    if places is None:
        assert axes is not None
        at = op.Reshape(converted(op, axes, i64), op.constant([-1, 1], i64))
        at = op.Select(op.Less(at, op.constant(0, i64)), op.Add(at, op.constant(rank, i64)), at)
        hit = op.Equal(at, op.constant([list(range(rank))], i64))
    halves = []
    for part in (cut(op, pads, 0, count, 0), cut(op, pads, count, 2 * count, 0)):
        if places is not None:
            each = {a: cut(op, part, i, i + 1, 0) for i, a in enumerate(places)}
            halves.append(vector(op, [each.get(a, 0) for a in range(rank)]))
        else:
            chosen = op.Select(hit, op.Reshape(part, op.constant([-1, 1], i64)), op.constant(0, i64))
            halves.append(op.ReduceSum(chosen, op.constant([0], i64), keep_dims=False))
    return halves[0], halves[1]


def _cropped(op: Builder, x: Value, begin: Sequence[int], end: Sequence[int]) -> Value:
    axes = [i for i, (b, e) in enumerate(zip(begin, end, strict=True)) if b < 0 or e < 0]
    if not axes:
        return x
    starts = [max(0, -begin[i]) for i in axes]
    stops = [end[i] if end[i] < 0 else (1 << 31) - 1 for i in axes]
    y: Value = op.Slice(x, *(op.constant(v, i64) for v in (starts, stops, [1] * len(axes), axes)))
    return y


def _pad_known(op: Builder, x: Value, begin: list[int], end: list[int], fill: Value, mode: str) -> Value:
    if not any(begin) and not any(end):
        return x
    sizes = x.shape or ()
    far = mode == "reflect" and any(
        max(b, e) > 0 and (not isinstance(n, int) or max(b, e) >= n) for b, e, n in zip(begin, end, sizes, strict=True)
    )
    if mode == "wrap" or far:
        for axis, (b, e) in enumerate(zip(begin, end, strict=True)):
            if b or e:
                x = _repeated(op, x, axis, op.constant([b], i64), op.constant([e], i64), mode)
        return x
    edges = [op.constant(begin, i64), op.constant(end, i64)]
    if mode == "constant":
        return _filled(op, x, edges, fill)
    y: Value = op.Pad(x, *edges, pad_mode=mode)
    return y


def _filled(op: Builder, x: Value, edges: Sequence[Value], fill: Value) -> Value:
    """Padded by a constant; one that is computed is selected, for the CPU plugin takes it for 0."""
    if fill.tensor is not None or (fill.value is not None and fill.value.is_known):
        padded: Value = op.Pad(x, *edges, fill, pad_mode="constant")
        return padded
    inner = op.Broadcast(op.constant(1.0, f32), op.ShapeOf(x, output_type="i64"))
    held = op.Pad(inner, *edges, op.constant(0.0, f32), pad_mode="constant")
    padded = op.Pad(x, *edges, op.constant(0, x.dtype), pad_mode="constant")
    found: Value = op.Select(op.Equal(held, op.constant(1.0, f32)), padded, fill)
    return found


def _repeated(op: Builder, x: Value, axis: int, begin: Value, end: Value, mode: str) -> Value:
    """Elements picked by index: around, or back and forth as often as the pads need."""
    size = dim(op, x, axis)
    total = op.Add(op.Add(size, begin), end)
    place = op.Subtract(counted(op, total), begin)
    if mode == "wrap":
        place = op.FloorMod(place, size)
    elif mode == "edge":
        place = op.Minimum(op.Maximum(place, op.constant([0], i64)), op.Subtract(size, op.constant([1], i64)))
    else:
        last = op.Subtract(size, op.constant([1], i64))
        period = op.Maximum(op.Multiply(last, op.constant([2], i64)), op.constant([1], i64))
        place = op.Subtract(last, op.Abs(op.Subtract(op.FloorMod(place, period), last)))
    y: Value = op.Gather(x, place, op.constant(axis, i64))
    return y


def _pad_at_run_time(op: Builder, x: Value, begins: Value, ends: Value, fill: Value, mode: str) -> Value:
    """Every axis cut first, by what is negative, then padded."""
    rank = x.rank or 0
    zero, one = op.constant([0], i64), op.constant([1], i64)
    shape = op.ShapeOf(x, output_type="i64")
    starts, stops = op.Maximum(op.Negative(begins), zero), op.Add(shape, op.Minimum(ends, zero))
    axes = op.constant(list(range(rank)), i64)
    x = op.Slice(x, starts, stops, op.Broadcast(one, op.constant([rank], i64)), axes)
    begins, ends = op.Maximum(begins, zero), op.Maximum(ends, zero)
    if mode == "constant":
        return _filled(op, x, [begins, ends], fill)
    for axis in range(rank):
        x = _repeated(op, x, axis, cut(op, begins, axis, axis + 1, 0), cut(op, ends, axis, axis + 1, 0), mode)
    return x


@layers("CenterCropPad", since=18)
def center_crop_pad(layer: Layer, op: Builder, x: Value, shape: Value) -> Value:
    """CenterCropPad(input_data, shape): cut or zero-padded evenly to the shape; an odd one goes behind."""
    rank = rank_of(layer, x)
    axes = axes_of(layer, layer.get("axes", None) or range(rank), rank)
    zero, two = op.constant([0], i64), op.constant([2], i64)
    shape = converted(op, shape, i64)
    begins: list[Value | int] = [0] * rank
    ends: list[Value | int] = [0] * rank
    for i, axis in enumerate(axes):
        size, wanted = dim(op, x, axis), cut(op, shape, i, i + 1, 0)
        surplus = op.Subtract(size, wanted)
        start = op.Divide(op.Maximum(surplus, zero), two)
        x = cut(op, x, start, op.Add(start, op.Minimum(size, wanted)), axis)
        missing = op.Maximum(op.Negative(surplus), zero)
        begins[axis] = op.Divide(missing, two)
        ends[axis] = op.Subtract(missing, begins[axis])
    y: Value = op.Pad(x, vector(op, begins), vector(op, ends), op.constant(0, x.dtype), pad_mode="constant")
    return y
