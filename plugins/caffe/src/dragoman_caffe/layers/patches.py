"""Parts of an image: Im2col, Crop.

Behaviour: BVLC Caffe's ``im2col_layer.cpp``, ``im2col.cpp``, ``crop_layer.cpp``.
"""

from __future__ import annotations

import itertools
import math

from dragoman.builder import Builder
from dragoman.frontends.extract import Extractors, Layer
from dragoman.graph.graph import Value
from dragoman.graph.types import f32, i64
from dragoman_caffe.layers.convolution import pads_behind, window_of
from dragoman_caffe.shapes import axis_of, channels, rank_of

layers = Extractors("caffe")
_FAR = (1 << 31) - 1
_MOST = 1024


@layers("Im2col")
def im2col(layer: Layer, op: Builder, x: Value) -> Value:
    """What a kernel sees at each of its places, as channels: [.., channels * kernel, places]; padding is zeros."""
    rank = rank_of(layer, x)
    axis = axis_of(layer, "convolution_param.axis", 1, rank)
    depth, count = channels(layer, x, axis), rank - axis - 1
    if count < 1:
        raise layer.refuse(f"{x.type} has no spatial dimension behind axis {axis}")
    window = window_of(layer, count)
    if math.prod(window.kernel) > _MOST:
        raise layer.refuse(f"a kernel of {list(window.kernel)}", f"each of its elements is a slice, up to {_MOST}")
    behind = pads_behind(layer, (x.shape or ())[axis + 1 :], window)
    lead = [0] * (axis + 1)
    pads = (op.constant([*lead, *p], i64) for p in (window.pads, behind))
    padded = op.Pad(x, *pads, op.constant(0.0, f32), pad_mode="constant")
    strides, axes = op.constant(list(window.strides), i64), op.constant(list(range(axis + 1, rank)), i64)
    parts = []
    for place in itertools.product(*map(range, window.kernel)):
        starts = [k * d for k, d in zip(place, window.dilations, strict=True)]
        ends = [s - extent + 1 or _FAR for s, extent in zip(starts, window.extents, strict=True)]
        part = op.Slice(padded, op.constant(starts, i64), op.constant(ends, i64), strides, axes)
        parts.append(op.Unsqueeze(part, op.constant([axis + 1], i64)))
    stacked = op.Concat(*parts, axis=axis + 1)
    return _joined(op, stacked, axis, depth * len(parts))


def _joined(op: Builder, x: Value, axis: int, size: int) -> Value:
    """The axis and the one behind it as one, of the known size."""
    shape = op.ShapeOf(x, output_type="i64")

    def part(start: int, end: int) -> Value:
        found: Value = op.Slice(shape, *(op.constant([n], i64) for n in (start, end, 1, 0)))
        return found

    pieces = [op.constant([size], i64), part(axis + 2, x.rank or 0)]
    if axis:
        pieces.insert(0, part(0, axis))
    y: Value = op.Reshape(x, op.Concat(*pieces, axis=0))
    return y


@layers("Crop")
def crop(layer: Layer, op: Builder, x: Value, like: Value) -> Value:
    """bottom 0 from ``offset`` on, with bottom 1's sizes on the axes from ``axis`` on."""
    rank = rank_of(layer, x)
    axis = axis_of(layer, "crop_param.axis", 2, rank)
    if rank_of(layer, like) < rank:
        raise layer.refuse(f"a blob of {rank} axes cannot be cropped to one of {like.rank}")
    given = list(layer.get("crop_param.offset", []))
    if len(given) > 1 and len(given) != rank - axis:
        raise layer.refuse(f"{len(given)} offsets for the {rank - axis} axes from axis {axis} on")
    offsets = given if len(given) > 1 else (given or [0]) * (rank - axis)
    for i, offset in enumerate(offsets, axis):
        size, wanted = (x.shape or ())[i], (like.shape or ())[i]
        if isinstance(size, int) and isinstance(wanted, int) and size - offset < wanted:
            raise layer.refuse(f"axis {i} has {size} elements, and {wanted} from {offset} on are wanted")
    starts = op.constant(offsets, i64)
    shape = op.ShapeOf(like, output_type="i64")
    sizes = op.Slice(shape, *(op.constant([n], i64) for n in (axis, rank, 1, 0)))
    ends = op.Add(sizes, starts) if any(offsets) else sizes
    steps, axes = op.constant([1] * len(offsets), i64), op.constant(list(range(axis, rank)), i64)
    y: Value = op.Slice(x, starts, ends, steps, axes)
    return y
