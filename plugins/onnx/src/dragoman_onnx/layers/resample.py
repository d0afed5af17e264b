"""Resizing along one axis, written out: coordinates, taps and weights of the Resize operator (ONNX 11 to 19).

Everything is in single precision, as onnxruntime computes it; what follows from constants is folded at conversion.
"""

from __future__ import annotations

import dataclasses

from dragoman.builder import Builder
from dragoman.graph.graph import Value
from dragoman.graph.types import f32, i64
from dragoman_onnx.layers.sizes import along, converted, counted


@dataclasses.dataclass(frozen=True)
class Sampling:
    """How an image is resized."""

    mode: str = "nearest"
    transform: str = "half_pixel"
    nearest: str = "round_prefer_floor"
    cubic: float = -0.75
    antialias: bool = False
    exclude_outside: bool = False


@dataclasses.dataclass(frozen=True)
class Axis:
    """One axis: sizes before and after (i64 vectors of one element), the scale and the length after (f32)."""

    axis: int
    before: Value
    after: Value
    scale: Value
    length: Value
    roi: tuple[Value, Value] | None = None


def resample(op: Builder, x: Value, how: Sampling, line: Axis, fill: float) -> Value:
    """The tensor resized along one axis; outside of a region of interest it has the value ``fill``."""
    rank = x.rank or 0
    at = coordinates(op, how, line)
    y: Value
    if how.mode == "nearest":
        y = op.Gather(x, _nearest(op, how, at, line), op.constant(line.axis, i64))
    elif how.antialias:
        y = _blurred(op, x, how, at, line)
    else:
        y = _blended(op, x, how, at, line)
    if line.roi is not None:
        last = op.Subtract(converted(op, line.before, f32), _number(op, 1.0))
        outside = op.LogicalOr(op.Less(at, _number(op, 0.0)), op.Greater(at, last))
        y = op.Select(op.Reshape(outside, along(line.axis, rank)), op.constant(fill, x.dtype), y)
    return y


def _number(op: Builder, value: float) -> Value:
    return op.constant(value, f32)


def coordinates(op: Builder, how: Sampling, line: Axis) -> Value:
    """The source coordinate of every output place, as an f32 vector."""
    place = converted(op, counted(op, line.after), f32)
    one, half = _number(op, 1.0), _number(op, 0.5)
    size, out = converted(op, line.before, f32), converted(op, line.after, f32)
    transform = how.transform
    y: Value
    if transform == "align_corners":
        span = op.Subtract(line.length, one)
        single = op.Equal(span, _number(op, 0.0))
        wide = op.Select(single, one, span)
        y = op.Divide(op.Multiply(place, op.Select(single, _number(op, 0.0), op.Subtract(size, one))), wide)
    elif transform == "asymmetric":
        y = op.Divide(place, line.scale)
    elif transform == "tf_half_pixel_for_nn":
        y = op.Divide(op.Add(place, half), line.scale)
    elif transform == "tf_crop_and_resize":
        assert line.roi is not None
        y = _cropped(op, place, line.roi, op.Subtract(size, one), out)
    else:
        y = op.Subtract(op.Divide(op.Add(place, half), line.scale), half)
        if transform == "pytorch_half_pixel":
            y = op.Select(op.Greater(line.length, one), y, _number(op, 0.0))
        elif transform == "half_pixel_symmetric":
            rest = op.Subtract(one, op.Divide(out, op.Multiply(line.scale, size)))
            y = op.Add(op.Multiply(op.Multiply(size, half), rest), y)
    return y


def _cropped(op: Builder, place: Value, roi: tuple[Value, Value], last: Value, out: Value) -> Value:
    start, end = roi
    one = _number(op, 1.0)
    single = op.Equal(out, one)
    steps = op.Select(single, one, op.Subtract(out, one))
    moved = op.Divide(op.Multiply(op.Multiply(place, op.Subtract(end, start)), last), steps)
    middle = op.Multiply(op.Multiply(_number(op, 0.5), op.Add(start, end)), last)
    y: Value = op.Select(single, middle, op.Add(op.Multiply(start, last), moved))
    return y


def _nearest(op: Builder, how: Sampling, at: Value, line: Axis) -> Value:
    half, rounding = _number(op, 0.5), how.nearest
    if rounding == "simple":
        place = op.Select(op.Less(line.scale, _number(op, 1.0)), op.Ceiling(at), op.Floor(at))
    elif rounding == "round_prefer_floor":
        place = op.Ceiling(op.Subtract(at, half))
    elif rounding == "round_prefer_ceil":
        place = op.Floor(op.Add(at, half))
    else:
        place = op.Ceiling(at) if rounding == "ceil" else op.Floor(at)
    return _bounded(op, converted(op, place, i64), line)


def _bounded(op: Builder, place: Value, line: Axis) -> Value:
    """The place moved into the image."""
    zero, one = op.constant([0], i64), op.constant([1], i64)
    y: Value = op.Minimum(op.Maximum(place, zero), op.Subtract(line.before, one))
    return y


def _kernel(op: Builder, how: Sampling, distance: Value) -> Value:
    """The weight at a distance, at least 0: a triangle, or Keys' cubic."""
    one = _number(op, 1.0)
    zero = _number(op, 0.0)
    if how.mode == "linear":
        y: Value = op.Maximum(op.Subtract(one, distance), zero)
        return y
    a = how.cubic
    near = op.Subtract(op.Multiply(_number(op, a + 2), distance), _number(op, a + 3))
    near = op.Add(op.Multiply(op.Multiply(near, distance), distance), one)
    far = op.Multiply(op.Subtract(op.Multiply(_number(op, a), distance), _number(op, 5 * a)), distance)
    far = op.Subtract(op.Multiply(op.Add(far, _number(op, 8 * a)), distance), _number(op, 4 * a))
    y = op.Select(op.Less(distance, _number(op, 2.0)), far, zero)
    return op.Select(op.LessEqual(distance, one), near, y)  # type: ignore[no-any-return]


def _blended(op: Builder, x: Value, how: Sampling, at: Value, line: Axis) -> Value:
    """The sum of two or four neighbours, weighed."""
    base = op.Floor(at)
    taps = (0, 1) if how.mode == "linear" else (-1, 0, 1, 2)
    places, shares = [], []
    last = op.Subtract(converted(op, line.before, f32), _number(op, 1.0))
    for tap in taps:
        place = op.Add(base, _number(op, float(tap)))
        share = _kernel(op, how, op.Abs(op.Subtract(place, at)))
        if how.exclude_outside:
            inside = op.LogicalAnd(op.GreaterEqual(place, _number(op, 0.0)), op.LessEqual(place, last))
            share = op.Select(inside, share, _number(op, 0.0))
        places.append(_bounded(op, converted(op, place, i64), line))
        shares.append(share)
    if how.exclude_outside:
        total = shares[0]
        for share in shares[1:]:
            total = op.Add(total, share)
        shares = [op.Divide(share, total) for share in shares]
    shape = along(line.axis, x.rank or 0)
    blend: Value | None = None
    for place, share in zip(places, shares, strict=True):
        part = op.Multiply(op.Gather(x, place, op.constant(line.axis, i64)), op.Reshape(share, shape))
        blend = part if blend is None else op.Add(blend, part)
    assert blend is not None
    return blend


def _blurred(op: Builder, x: Value, how: Sampling, at: Value, line: Axis) -> Value:
    """A product with the matrix of weights, the kernel as wide as the scale asks; the edge repeats outside."""
    stretch = op.Minimum(line.scale, _number(op, 1.0))
    reach = op.Ceiling(op.Divide(_number(op, 1.0 if how.mode == "linear" else 2.0), stretch))
    margin = op.Add(converted(op, reach, i64), op.constant([1], i64))
    place = op.Subtract(counted(op, op.Add(line.before, op.Multiply(margin, op.constant([2], i64)))), margin)
    distance = op.Abs(op.Subtract(op.Reshape(converted(op, place, f32), [1, -1]), op.Reshape(at, [-1, 1])))
    share = _kernel(op, how, op.Multiply(distance, stretch))
    if how.exclude_outside:
        last = op.Subtract(line.before, op.constant([1], i64))
        inside = op.LogicalAnd(op.GreaterEqual(place, op.constant([0], i64)), op.LessEqual(place, last))
        share = op.Select(inside, share, _number(op, 0.0))
    share = op.Divide(share, op.ReduceSum(share, op.constant([1], i64), keep_dims=True))
    wide = op.Gather(x, _bounded(op, place, line), op.constant(line.axis, i64))
    rank = x.rank or 0
    order = [i for i in range(rank) if i != line.axis] + [line.axis]
    rows = op.Transpose(wide, op.constant(order, i64))
    y = op.MatMul(rows, converted(op, share, x.dtype), transpose_b=True)
    return op.Transpose(y, op.constant([order.index(i) for i in range(rank)], i64))  # type: ignore[no-any-return]
