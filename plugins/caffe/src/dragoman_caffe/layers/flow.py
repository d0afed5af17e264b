"""Optical flow, as FlowNet and FlowNet2 have it: Correlation, Correlation1D, FlowWarp.

Behaviour: lmb-freiburg/flownet2 ``correlation_layer.cu``, ``correlation_layer1d.cu``, ``flow_warp_layer.cpp``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from dragoman.builder import Builder
from dragoman.frontends.extract import Extractors, Layer
from dragoman.graph.graph import Value
from dragoman.graph.types import f32, i64
from dragoman.lazy import np
from dragoman_caffe.shapes import channels, rank_of, same_shape

layers = Extractors("caffe")


@dataclasses.dataclass(frozen=True)
class _Window:
    """What is compared with what: displacements along y and x, the border they need, the kernel and its stride."""

    rows: range
    columns: range
    border: tuple[int, int]
    kernel: int
    stride: int


@layers("Correlation")
def correlation(layer: Layer, op: Builder, a: Value, b: Value) -> Value:
    """Mean product (or distance) of patches of a with those of b around; a channel for each displacement."""
    reach, grid = _reach(layer)
    return _correlated(layer, op, a, b, _window(layer, grid, grid, (reach, reach)), (1, 1))


@layers("Correlation1D")
def correlation_1d(layer: Layer, op: Builder, a: Value, b: Value) -> Value:
    """As Correlation, with displacements and padding along x alone."""
    reach, grid = _reach(layer)
    direction = layer.get("correlation_param.single_direction", 0)
    if direction not in (0, 1):
        raise layer.refuse(f"single_direction {direction}", "0 or 1: to the left, Caffe reads beyond the padded image")
    columns = range(0, grid.stop, grid.step) if direction else grid
    return _correlated(layer, op, a, b, _window(layer, range(1), columns, (0, reach)), (0, 1))


def _reach(layer: Layer) -> tuple[int, range]:
    """The largest displacement, and all of one axis."""
    reach: int = layer.require("correlation_param.max_displacement", int)
    step = layer.positive("correlation_param.stride_2", 1)
    radius = reach // step
    return reach, range(-radius * step, radius * step + 1, step)


def _window(layer: Layer, rows: range, columns: range, border: tuple[int, int]) -> _Window:
    kernel = layer.positive("correlation_param.kernel_size")
    if kernel % 2 == 0:
        raise layer.refuse(f"kernel_size {kernel}", "Caffe takes odd sizes only")
    return _Window(rows, columns, border, kernel, layer.positive("correlation_param.stride_1", 1))


def _correlated(layer: Layer, op: Builder, a: Value, b: Value, window: _Window, sides: tuple[int, int]) -> Value:
    for bottom in (a, b):
        rank_of(layer, bottom, 4)
    same_shape(layer, a, b)
    layer.ignore("correlation_param.do_abs")  # Caffe reads it and computes the same
    pad = layer.get("correlation_param.pad", 0)
    pads = [side * pad for side in sides]
    size = [channels(layer, a, 2 + i) + 2 * pads[i] - 2 * window.border[i] for i in (0, 1)]
    if min(size) < window.kernel:
        raise layer.refuse("displacements and kernel do not fit into the image")
    if pad:
        edge = op.constant([0, 0, *pads], i64)
        a, b = (op.Pad(v, edge, edge, op.constant(0.0, f32), pad_mode="constant") for v in (a, b))
    kind = layer.get("correlation_param.correlation_type", "MULTIPLY")
    compared = _products if kind == "MULTIPLY" else _distances
    centre = _cut(op, a, window.border, size)
    parts = [part for dy in window.rows for part in compared(op, centre, b, window, size, dy)]
    y: Value = parts[0] if len(parts) == 1 else op.Concat(*parts, axis=1)
    if kind == "MULTIPLY":
        y = op.Multiply(y, op.constant(1.0 / channels(layer, a), f32))
    if window.kernel == window.stride == 1:
        return y
    return op.AvgPool(
        y, kernel=(window.kernel,) * 2, strides=(window.stride,) * 2, pads_begin=(0, 0), pads_end=(0, 0),
        exclude_pad=False, rounding_type="floor", auto_pad="explicit",
    )  # fmt: skip


def _cut(op: Builder, x: Value, start: Sequence[int], size: Sequence[int]) -> Value:
    stop = [s + n for s, n in zip(start, size, strict=True)]
    y: Value = op.Slice(x, *(op.constant(list(n), i64) for n in (start, stop, (1, 1), (2, 3))))
    return y


def _products(op: Builder, a: Value, b: Value, window: _Window, size: list[int], dy: int) -> list[Value]:
    """Sums over channels of a times the rows of b that lie ``dy`` below, a channel for each column displacement.

    All pairs of columns are one matrix product; the wanted ones lie along its diagonals, and become columns when each
    row is made one element longer.
    """
    height, width = size
    reach = window.columns[-1] - window.columns[0] + 1
    long = width + reach - 1
    rows = _cut(op, b, (window.border[0] + dy, window.border[1] + window.columns[0]), (height, long))
    left = op.Transpose(a, op.constant([0, 2, 3, 1], i64))
    pairs = op.MatMul(left, op.Transpose(rows, op.constant([0, 2, 1, 3], i64)))
    flat = op.Reshape(pairs, op.constant([0, 0, width * long], i64), special_zero=True)
    zero = op.constant([0, 0, 0], i64)
    longer = op.Pad(flat, zero, op.constant([0, 0, width], i64), op.constant(0.0, f32), pad_mode="constant")
    skewed = op.Reshape(longer, op.constant([0, 0, width, long + 1], i64), special_zero=True)
    wanted = op.Slice(skewed, *(op.constant([n], i64) for n in (0, reach, window.columns.step, 3)))
    return [op.Transpose(wanted, op.constant([0, 3, 1, 2], i64))]


def _distances(op: Builder, a: Value, b: Value, window: _Window, size: list[int], dy: int) -> list[Value]:
    """Means over channels of |a - b|, for each column displacement."""
    axis = op.constant([1], i64)
    starts = [(window.border[0] + dy, window.border[1] + dx) for dx in window.columns]
    return [op.ReduceMean(op.Abs(op.Subtract(a, _cut(op, b, start, size))), axis, keep_dims=True) for start in starts]


@layers("FlowWarp")
def flow_warp(layer: Layer, op: Builder, x: Value, flow: Value) -> Value:
    """x at each pixel's place plus its flow (along x, along y), bilinear; a fill value where that is outside."""
    rank_of(layer, x, 4), rank_of(layer, flow, 4)
    height, width = (channels(layer, x, axis) for axis in (2, 3))
    if [channels(layer, flow, axis) for axis in (1, 2, 3)] != [2, height, width]:
        raise layer.refuse(f"a flow of the shape {list(flow.shape or ())} for {list(x.shape or ())}",
                           "it has 2 channels, and the image's height and width")  # fmt: skip
    fill = 0.0 if layer.get("flow_warp_param.fill_value", "ZERO") == "ZERO" else float("nan")
    here = np.stack(np.meshgrid(np.arange(width), np.arange(height)))[None].astype(np.float32)
    place = op.Add(flow, op.constant(here))
    limit = op.constant([float(width), float(height)], f32, shape=(1, 2, 1, 1))
    within = op.LogicalAnd(op.GreaterEqual(place, op.constant(0.0, f32)), op.Less(place, limit))
    inside = op.ReduceLogicalAnd(within, op.constant([1], i64), keep_dims=True)
    unit = op.constant([2.0 / max(width - 1, 1), 2.0 / max(height - 1, 1)], f32)
    last = op.Transpose(place, op.constant([0, 2, 3, 1], i64))
    grid = op.Subtract(op.Multiply(last, unit), op.constant(1.0, f32))
    warped = op.GridSample(x, grid, align_corners=True, mode="bilinear", padding_mode="border")
    y: Value = op.Select(inside, warped, op.constant(fill, f32))
    return y
