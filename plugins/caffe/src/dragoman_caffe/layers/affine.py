"""Factors, offsets and slopes along some axes: Scale, Bias, PReLU.

Behaviour: BVLC Caffe's ``scale_layer.cpp``, ``bias_layer.cpp``, ``prelu_layer.cpp``.
"""

from __future__ import annotations

from collections.abc import Sequence

from dragoman.builder import Builder
from dragoman.frontends.extract import Extractors, Layer
from dragoman.graph.graph import Value
from dragoman.graph.types import i64
from dragoman_caffe.blobs import blob, expect
from dragoman_caffe.shapes import axis_of, channels, rank_of

layers = Extractors("caffe")


@layers("Scale")
def scale(layer: Layer, op: Builder, x: Value, factor: Value | None = None) -> Value:
    """bottom 0 times a factor (bottom 1, or learned) whose axes begin at ``axis``, plus a learned bias of its shape."""
    bias_term = layer.get("scale_param.bias_term", False)
    learned = 1 if factor is None else 0
    expect(layer, *([learned + 1] if bias_term else [learned]))
    if factor is None:
        axis, shape = _learned_shape(layer, x, "scale_param.")
        factor = blob(layer, op, 0, shape, filler="scale_param.filler", default=1.0)
    else:
        layer.ignore("scale_param.num_axes")
        axis, shape = _given_shape(layer, x, factor, "scale_param.")
    y: Value = op.Multiply(x, _aligned(op, factor, axis, rank_of(layer, x)))
    if bias_term:
        if any(d is None for d in shape):
            raise layer.refuse(f"a bias of the shape of {factor.type}", "give the input's shape with --shape")
        bias = blob(layer, op, learned, shape, filler="scale_param.bias_filler")
        y = op.Add(y, _aligned(op, bias, axis, rank_of(layer, x)))
    return y


@layers("Bias")
def bias(layer: Layer, op: Builder, x: Value, offset: Value | None = None) -> Value:
    """bottom 0 plus an offset (bottom 1, or learned) whose axes begin at ``axis``."""
    expect(layer, 1 if offset is None else 0)
    if offset is None:
        axis, shape = _learned_shape(layer, x, "bias_param.")
        offset = blob(layer, op, 0, shape, filler="bias_param.filler")
    else:
        layer.ignore("bias_param.num_axes")
        axis, _ = _given_shape(layer, x, offset, "bias_param.")
    y: Value = op.Add(x, _aligned(op, offset, axis, rank_of(layer, x)))
    return y


def _learned_shape(layer: Layer, x: Value, name: str) -> tuple[int, list[int | None]]:
    rank = rank_of(layer, x)
    axis, count = axis_of(layer, name + "axis", 1, rank), layer.get(name + "num_axes", 1)
    if count < -1:
        raise layer.refuse(f"num_axes {count}", "-1 stands for all axes from `axis` on")
    end = rank if count == -1 else axis + count
    if end > rank:
        raise layer.refuse(f"{count} axes from axis {axis} on, of a blob of {rank} axes")
    return axis, [channels(layer, x, i) for i in range(axis, end)]


def _given_shape(layer: Layer, x: Value, other: Value, name: str) -> tuple[int, list[int | None]]:
    rank, own = rank_of(layer, x), rank_of(layer, other)
    if own == 0:
        layer.ignore(name + "axis")
        return 0, []
    axis = axis_of(layer, name + "axis", 1, rank)
    if axis + own > rank:
        raise layer.refuse(f"{other.type} has more axes than {x.type} has from axis {axis} on")
    sizes = [d if isinstance(d, int) else None for d in other.shape or ()]
    for size, there in zip(sizes, (x.shape or ())[axis:], strict=False):
        if size is not None and isinstance(there, int) and size != there:
            raise layer.refuse(f"{other.type} does not fit {x.type} from axis {axis} on")
    return axis, sizes


def _aligned(op: Builder, factor: Value, axis: int, rank: int) -> Value:
    """With axes of size 1 behind, so that it stands at ``axis``."""
    behind = rank - axis - (factor.rank or 0)
    before = axis if factor.tensor is not None else 0
    if factor.rank == 0 or not (behind or before):
        return factor
    dims = factor.shape or ()
    if factor.tensor is not None:
        return op.Reshape(factor, op.constant([*[1] * before, *dims, *[1] * behind], i64))
    axes = list(range(len(dims), len(dims) + behind))
    return op.Unsqueeze(factor, op.constant(axes, i64)) if axes else factor


@layers("PReLU")
def prelu(layer: Layer, op: Builder, x: Value) -> Value:
    """max(0, x) + slope * min(0, x), with one learned slope a channel or one in all."""
    rank = rank_of(layer, x, 2, 3, 4)
    expect(layer, 1)
    shared = layer.get("prelu_param.channel_shared", False)
    shape: Sequence[int] = [] if shared else [channels(layer, x)]
    slope = blob(layer, op, 0, shape, filler="prelu_param.filler", default=0.25)
    spread = [1] if shared else [1, *shape, *[1] * (rank - 2)]
    y: Value = op.PRelu(x, op.Reshape(slope, op.constant(spread, i64)))
    return y
