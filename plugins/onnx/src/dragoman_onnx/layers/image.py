"""Images by coordinates: GridSample, AffineGrid, Col2Im; ImageDecoder is refused."""

from __future__ import annotations

import itertools

from dragoman.builder import Builder
from dragoman.frontends.extract import Extractors, Layer
from dragoman.graph.graph import Value
from dragoman.graph.types import i64
from dragoman_onnx.layers.matrix import multiplied
from dragoman_onnx.layers.sizes import along, converted, counted, dim, dims, known_dim, product, rank_of, vector
from dragoman_onnx.layers.slice import cut

layers = Extractors("onnx")

_SAMPLE_MODES = {
    "bilinear": "bilinear", "linear": "bilinear", "nearest": "nearest", "bicubic": "bicubic", "cubic": "bicubic",
}  # fmt: skip


@layers("GridSample", since=16)
def grid_sample(layer: Layer, op: Builder, x: Value, grid: Value) -> Value:
    """GridSample(X, grid): values at normalized coordinates (x, y, then z); three spatial dimensions since opset 20."""
    mode, padding = (
        layer.get("mode", "bilinear" if layer.version < 20 else "linear"),
        layer.get("padding_mode", "zeros"),
    )
    aligned = bool(layer.get("align_corners", 0))
    if mode not in _SAMPLE_MODES or padding not in ("zeros", "border", "reflection"):
        raise layer.refuse(f"mode {mode!r} with padding {padding!r}", "the model is not valid")
    rank = rank_of(layer, x)
    if rank == 4:
        y: Value = op.GridSample(x, grid, align_corners=aligned, mode=_SAMPLE_MODES[mode], padding_mode=padding)
        return y
    if known_dim(grid, rank - 1) != rank - 2 or grid.rank != rank:
        raise layer.refuse(f"a grid {grid.type} for {x.type}", f"points of {rank - 2} known coordinates are needed")
    if _SAMPLE_MODES[mode] == "bicubic" or rank < 3:
        raise layer.refuse(f"mode {mode!r} over {rank - 2} dimensions", "cubic samples are taken over two")
    return _sampled(op, x, grid, _SAMPLE_MODES[mode], padding, aligned)


def _sampled(op: Builder, x: Value, grid: Value, mode: str, padding: str, aligned: bool) -> Value:
    """Gathers of the neighbours of every point, weighed: the runtime's GridSample has two spatial dimensions."""
    rank = x.rank or 0
    count = rank - 2
    points = op.Reshape(grid, op.constant([0, -1, count], i64), special_zero=True)
    flat = op.Reshape(x, op.constant([0, 0, -1], i64), special_zero=True)
    choices = []
    for axis in range(count):
        at = op.Squeeze(cut(op, points, count - 1 - axis, count - axis, 2), [2])
        choices.append(_neighbours(op, at, dim(op, x, axis + 2), mode, padding, aligned))
    total: Value | None = None
    for corner in itertools.product(*choices):
        place, weight = corner[0]
        for axis, (more, factor) in enumerate(corner[1:], 1):
            place = op.Add(op.Multiply(place, dim(op, x, axis + 2)), more)
            weight = op.Multiply(weight, factor)
        taken = op.Gather(flat, place, op.constant(2, i64), batch_dims=1)
        part = op.Multiply(taken, op.Unsqueeze(converted(op, weight, x.dtype), [1]))
        total = part if total is None else op.Add(total, part)
    shape = vector(op, [0, 0, *(dim(op, grid, i) for i in range(1, rank - 1))])
    y: Value = op.Reshape(total, shape, special_zero=True)
    return y


def _neighbours(
    op: Builder, at: Value, size: Value, mode: str, padding: str, aligned: bool
) -> list[tuple[Value, Value]]:
    """(place, weight) of the one or two neighbours of normalized coordinates along a dimension."""
    kind = at.dtype
    one, half = op.constant(1.0, kind), op.constant(0.5, kind)
    length = op.Convert(size, destination_type=kind)
    last = op.Subtract(length, one)
    at = op.Multiply(op.Add(at, one), half)
    at = op.Multiply(at, last) if aligned else op.Subtract(op.Multiply(at, length), half)
    if padding == "reflection":
        low, span = (op.constant(0.0, kind), last) if aligned else (op.constant(-0.5, kind), length)
        span = op.Maximum(span, op.constant(1e-30, kind))
        folded = op.FloorMod(op.Subtract(at, low), op.Multiply(span, op.constant(2.0, kind)))
        at = op.Add(op.Subtract(span, op.Abs(op.Subtract(folded, span))), low)
    if padding != "zeros":
        at = op.Minimum(op.Maximum(at, op.constant(0.0, kind)), last)
    if mode == "nearest":
        places = [(op.Round(at, mode="half_to_even"), None)]
    else:
        low = op.Floor(at)
        behind = op.Subtract(at, low)
        places = [(low, op.Subtract(one, behind)), (op.Add(low, one), behind)]
    found = []
    for place, weight in places:
        inside = op.LogicalAnd(op.GreaterEqual(place, op.constant(0.0, kind)), op.LessEqual(place, last))
        kept = op.Select(inside, one if weight is None else weight, op.constant(0.0, kind))
        bounded = op.Minimum(op.Maximum(place, op.constant(0.0, kind)), last)
        found.append((converted(op, bounded, i64), kept))
    return found


@layers("AffineGrid", since=20)
def affine_grid(layer: Layer, op: Builder, theta: Value, size: Value) -> Value:
    """AffineGrid(theta, size): affine maps of a regular grid over [-1, 1], (N, spatial, x y [z])."""
    aligned = bool(layer.get("align_corners", 0))
    count = known_dim(theta, 1) if theta.rank == 3 else None
    if count not in (2, 3):
        raise layer.refuse(f"theta {theta.type}", "shapes (N, 2, 3) and (N, 3, 4) are known")
    spatial = cut(op, size, 2, 2 + count, 0)
    columns = []
    for axis in reversed(range(count)):
        line = _line(op, cut(op, size, 2 + axis, 3 + axis, 0), theta, aligned)
        columns.append(op.Broadcast(op.Reshape(line, along(axis, count)), spatial))
    columns.append(op.Broadcast(op.constant(1.0, theta.dtype), spatial))
    flat = [op.Reshape(c, op.constant([-1, 1], i64)) for c in columns]
    grid = multiplied(op, op.Concat(*flat, axis=1), theta, transpose_b=True)
    y: Value = op.Reshape(grid, vector(op, [cut(op, size, 0, 1, 0), spatial, count]))
    return y


def _line(op: Builder, size: Value, theta: Value, aligned: bool) -> Value:
    """Places along one dimension: from -1 to 1 at the centers of the outer pixels, or at their edges."""
    kind = theta.dtype
    place, length = converted(op, counted(op, size), kind), converted(op, size, kind)
    one, two = op.constant(1.0, kind), op.constant(2.0, kind)
    if aligned:
        steps = op.Maximum(op.Subtract(length, one), one)
        y: Value = op.Subtract(op.Divide(op.Multiply(place, two), steps), one)
        return y
    return op.Subtract(op.Divide(op.Add(op.Multiply(place, two), one), length), one)


@layers("Col2Im", since=18)
def col2im(layer: Layer, op: Builder, x: Value, image: Value, block: Value) -> Value:
    """Col2Im(input, image_shape, block_shape): columns (N, C * block, L) added up where their blocks lie."""
    count = known_dim(image, 0)
    if count is None:
        raise layer.refuse("the number of the image's dimensions is unknown", "give the shape of image_shape")
    strides, dilations = (layer.get(n, None) or [1] * count for n in ("strides", "dilations"))
    pads = layer.get("pads", None) or [0] * (2 * count)
    one = op.constant([1], i64)
    place: Value | None = None
    padded, kernels = [], []
    for axis in range(count):
        size, kernel = cut(op, image, axis, axis + 1, 0), cut(op, block, axis, axis + 1, 0)
        whole = op.Add(size, op.constant([pads[axis] + pads[axis + count]], i64))
        extent = op.Multiply(op.Subtract(kernel, one), op.constant([dilations[axis]], i64))
        span = op.Subtract(op.Subtract(whole, extent), one)
        windows = op.Add(op.Divide(span, op.constant([strides[axis]], i64)), one)
        taps = op.Multiply(counted(op, kernel), op.constant([dilations[axis]], i64))
        starts = op.Multiply(counted(op, windows), op.constant([strides[axis]], i64))
        line = op.Add(op.Reshape(taps, along(axis, 2 * count)), op.Reshape(starts, along(axis + count, 2 * count)))
        place = line if place is None else op.Add(op.Multiply(place, whole), line)
        padded.append(whole)
        kernels.append(kernel)
    channels = op.Divide(dim(op, x, 1), product(op, kernels))
    data = op.Reshape(x, vector(op, [dim(op, x, 0), channels, -1]))
    zeros = op.Broadcast(op.constant(0, x.dtype), vector(op, [dim(op, x, 0), channels, product(op, padded)]))
    flat = op.Broadcast(op.Reshape(place, op.constant([-1], i64)), dims(op, data))
    added = op.ScatterElementsUpdate(zeros, flat, data, op.constant(2, i64), reduction="sum")
    y: Value = op.Reshape(added, vector(op, [dim(op, x, 0), channels, *padded]))
    for axis in range(count):
        if pads[axis] or pads[axis + count]:
            begin = op.constant([pads[axis]], i64)
            y = cut(op, y, begin, op.Add(begin, cut(op, image, axis, axis + 1, 0)), axis + 2)
    return y


@layers("ImageDecoder", since=20)
def image_decoder(layer: Layer, op: Builder, data: Value) -> Value:
    """ImageDecoder(encoded_stream): there is no decoder in OpenVINO."""
    layer.ignore("pixel_format")
    raise layer.refuse("OpenVINO decodes no images", "decode before the model, and cut it here with --input")
