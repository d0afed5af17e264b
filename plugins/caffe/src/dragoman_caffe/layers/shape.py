"""Layers that move numbers: Concat, Slice, Split, Flatten, Reshape, Tile, BatchReindex, Filter.

Behaviour: BVLC's ``src/caffe/layers/NAME_layer.cpp``, whose checks are kept.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

from dragoman.builder import Builder
from dragoman.frontends.extract import Extractors, Layer
from dragoman.graph.graph import Value
from dragoman.graph.types import i32, i64
from dragoman_caffe.shapes import axis_of, canonical, count, differ, dims_of, rank_of, shown

layers = Extractors("caffe")
_INT_MAX = (1 << 31) - 1


@layers("Concat")
def concat(layer: Layer, op: Builder, x: Value, *rest: Value) -> Value:
    """The bottoms one after another along an axis."""
    rank = rank_of(layer, x)
    axis = _axis_or_old(layer, "concat_param", "concat_dim", rank)
    for other in rest:
        if rank_of(layer, other) != rank:
            raise layer.refuse(f"its bottoms have {rank} and {other.rank} axes")
        if any(i != axis and differ(*pair) for i, pair in enumerate(zip(dims_of(x), dims_of(other), strict=True))):
            raise layer.refuse(f"its bottoms {shown(x)} and {shown(other)} differ outside of axis {axis}")
    return x if not rest else op.Concat(x, *rest, axis=axis)


@layers("Slice")
def slice_(layer: Layer, op: Builder, x: Value) -> tuple[Value, ...]:
    """Parts of an axis: between the slice points, or equal ones."""
    axis = _axis_or_old(layer, "slice_param", "slice_dim", rank_of(layer, x))
    points, tops = layer.get("slice_param.slice_point", []), len(layer.outputs)
    if tops == 1 and not points:
        return (x,)
    size = dims_of(x)[axis]
    if not points:
        if isinstance(size, int) and size % tops:
            raise layer.refuse(f"axis {axis} has {size} entries, which are not {tops} equal parts")
        return tuple(op.Split(x, op.constant(axis, i64), num_splits=tops))
    if len(points) != tops - 1:
        raise layer.refuse(f"{len(points)} slice points make {len(points) + 1} tops, and it has {tops}")
    known = isinstance(size, int)
    lengths = [b - a for a, b in itertools.pairwise([0, *points, *([size] if known else [])])]
    if any(length <= 0 for length in lengths):
        raise layer.refuse(f"slice points {list(points)} do not rise from 0 to the {size} entries of axis {axis}")
    return tuple(op.VariadicSplit(x, op.constant(axis, i64), op.constant(lengths if known else [*lengths, -1], i64)))


@layers("Split")
def split(layer: Layer, op: Builder, x: Value) -> tuple[Value, ...]:
    """The bottom, once for each top."""
    return (x,) * len(layer.outputs)


@layers("Flatten")
def flatten(layer: Layer, op: Builder, x: Value) -> Value:
    """The axes from ``axis`` to ``end_axis`` as one."""
    rank = rank_of(layer, x)
    first, last = axis_of(layer, "flatten_param.axis", 1, rank), axis_of(layer, "flatten_param.end_axis", -1, rank)
    if first > last:
        raise layer.refuse(f"axis {first} lies behind end_axis {last}")
    return x if first == last else reshaped(op, x, [*_axes(0, first), -1, *_axes(last + 1, rank)])


@layers("Reshape")
def reshape(layer: Layer, op: Builder, x: Value) -> Value:
    """The same numbers in another shape: 0 copies a dimension, -1 takes what is left."""
    rank, given = rank_of(layer, x), layer.get("reshape_param.shape.dim", [])
    axis, covered = layer.get("reshape_param.axis", 0), layer.get("reshape_param.num_axes", -1)
    start = axis if axis >= 0 else rank + axis + 1
    end = rank if covered == -1 else start + covered
    if not 0 <= start <= end <= rank:
        raise layer.refuse(f"axis {axis} and num_axes {covered} are out of range for a blob of {rank} axes")
    if given.count(-1) > 1 or any(d < -1 for d in given):
        raise layer.refuse(f"the shape {list(given)} has more than one dimension to infer, or negative ones")
    if any(d == 0 and start + i >= rank for i, d in enumerate(given)):
        raise layer.refuse(f"a 0 of the shape {list(given)} has no dimension to copy in {shown(x)}")
    new = [Axis(start + i) if d == 0 else d for i, d in enumerate(given)]
    target = [*_axes(0, start), *new, *_axes(end, rank)]
    _check_count(layer, x, target)
    return reshaped(op, x, target)


def _check_count(layer: Layer, x: Value, target: Sequence[int]) -> None:
    """Old and new shape hold the same number of elements."""
    total = count(x)
    dims = [dims_of(x)[d] if isinstance(d, Axis) else d for d in target]
    if total is None or not all(isinstance(d, int) for d in dims):
        return
    known = math.prod(d for d in dims if isinstance(d, int) and d != -1)
    if total % known if -1 in dims else total != known:
        asked = ["?" if d == -1 else d for d in dims]
        raise layer.refuse(f"{shown(x)} has {total} numbers, which the shape {asked} cannot hold")


class Axis(int):
    """In a target shape: the dimension of the source at this axis."""


def _axes(start: int, end: int) -> list[Axis]:
    return [Axis(i) for i in range(start, end)]


def reshaped(op: Builder, x: Value, target: Sequence[int]) -> Value:
    """x in a shape of numbers, at most one -1, and :class:`Axis` for dimensions to copy, batch size and all."""
    dims: list[int] = []
    parts: list[Value] = []
    for i, entry in enumerate(target):
        if isinstance(entry, Axis) and entry != i:
            dim = dims_of(x)[entry]
            if not isinstance(dim, int):
                parts += [op.constant(dims, i64)] if dims else []
                parts.append(op.Gather(op.ShapeOf(x), op.constant([int(entry)], i64), op.constant(0, i64)))
                dims = []
                continue
            dims.append(dim)
        else:
            dims.append(0 if isinstance(entry, Axis) else entry)
    if not parts:
        shape = op.constant(dims, i64)
    else:
        parts += [op.constant(dims, i64)] if dims else []
        shape = op.Concat(*parts, axis=0)
    found: Value = op.Reshape(x, shape, special_zero=True)
    return found


@layers("Tile")
def tile(layer: Layer, op: Builder, x: Value) -> Value:
    """The blob repeated along an axis."""
    rank = rank_of(layer, x)
    axis, times = axis_of(layer, "tile_param.axis", 1, rank), layer.require("tile_param.tiles", int)
    if times < 1:
        raise layer.refuse(f"tiles is {times}, and must be above 0")
    if times * (count(x) or 1) > _INT_MAX:
        raise layer.refuse(f"{times} times {shown(x)} is more than a blob of Caffe holds", "below 2^31 numbers")
    found: Value = op.Tile(x, op.constant([times if i == axis else 1 for i in range(rank)], i64))
    return found


@layers("BatchReindex")
def batch_reindex(layer: Layer, op: Builder, x: Value, index: Value) -> Value:
    """The items of x that the second bottom names, in its order."""
    rank_of(layer, index, 1)
    found: Value = op.Gather(x, op.Convert(index, destination_type=i32), op.constant(0, i64))
    return found


@layers("Filter")
def filter_(layer: Layer, op: Builder, *bottoms: Value) -> tuple[Value, ...]:
    """The items of each bottom at which the last one, the selector, is not 0; how many, only the data tells."""
    data, selector = bottoms[:-1], bottoms[-1] if bottoms else None
    if selector is None or not data or len(layer.outputs) != len(data):
        raise layer.refuse(f"{len(bottoms)} bottoms need {max(len(data), 1)} tops, and it has {len(layer.outputs)}")
    if rank_of(layer, selector) == 0 or any(differ(d, 1) for d in dims_of(selector)[1:]):
        raise layer.refuse(f"the selector {shown(selector)} is not one number for each item")
    for x in data:
        if rank_of(layer, x) == 0 or differ(dims_of(x)[0], dims_of(selector)[0]):
            raise layer.refuse(f"the selector {shown(selector)} does not fit the items of {shown(x)}")
    flat = selector if selector.rank == 1 else op.Reshape(selector, op.constant([-1], i64))
    chosen = op.Reshape(op.NonZero(flat, output_type=i64), op.constant([-1], i64))
    return tuple(op.Gather(x, chosen, op.constant(0, i64)) for x in data)


def _axis_or_old(layer: Layer, message: str, old: str, rank: int) -> int:
    """``axis``, or the field that Caffe had before it; refuses both at once."""
    if not layer.has(f"{message}.{old}"):
        return axis_of(layer, f"{message}.axis", 1, rank)
    if layer.has(f"{message}.axis"):
        raise layer.refuse(f"axis and {old} are given, and Caffe takes one of them")
    return canonical(layer, layer.get(f"{message}.{old}", 1), rank, old)
