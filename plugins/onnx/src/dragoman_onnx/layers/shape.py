"""Operators that lay the same elements out differently, or repeat them."""

from __future__ import annotations

from dragoman.builder import Builder
from dragoman.frontends.extract import Extractors, Layer
from dragoman.graph.graph import Value
from dragoman.graph.types import boolean, i64, static_dims
from dragoman_onnx.layers.sizes import (
    along,
    axes_of,
    axis_of,
    counted,
    dim,
    dims,
    known_dim,
    product,
    rank_of,
    scalar,
    vector,
)

layers = Extractors("onnx")


@layers("Reshape")
def reshape(layer: Layer, op: Builder, x: Value, shape: Value | None = None) -> Value:
    """Reshape(data, shape): a -1 is computed; a 0 copies a dimension unless ``allowzero``."""
    layer.ignore("consumed_inputs")
    if layer.version < 5:
        shape = op.constant(list(layer.require("shape")), i64)
    if shape is None:
        raise layer.refuse("the input 'shape' is missing", "the model is not valid")
    keep_zero = layer.version >= 14 and bool(layer.get("allowzero", 0))
    y: Value = op.Reshape(x, shape, special_zero=not keep_zero)
    return y


@layers("Flatten")
def flatten(layer: Layer, op: Builder, x: Value) -> Value:
    """Flatten(input): two dimensions, those before ``axis`` and those from it on."""
    axis = layer.get("axis", 1)
    if axis < 0 or axis > 1 or static_dims(x.shape) is not None:
        rank = rank_of(layer, x)
        axis = rank if axis == rank else axis_of(layer, axis, rank)
    if axis == 0:
        target = op.constant([1, -1], i64)
    elif axis == 1 and 0 not in (x.shape or ()):
        target = op.constant([0, -1], i64)
    else:
        target = _two_sizes(op, x, axis)
    y: Value = op.Reshape(x, target, special_zero=axis == 1)
    return y


def _two_sizes(op: Builder, x: Value, axis: int) -> Value:
    """[product of the first dimensions, product of the rest], -1 for the one that is not known."""
    sizes = x.shape or ()
    lead, rest = (_product(part) for part in (sizes[:axis], sizes[axis:]))
    if lead is not None and rest is not None:
        return op.constant([lead, rest], i64)
    if lead:
        return op.constant([lead, -1], i64)
    if rest:
        return op.constant([-1, rest], i64)
    return vector(op, [product(op, [dim(op, x, i) for i in range(axis)]), -1])


def _product(sizes: tuple[object, ...]) -> int | None:
    count = 1
    for size in sizes:
        if not isinstance(size, int):
            return None
        count *= size
    return count


@layers("Squeeze")
def squeeze(layer: Layer, op: Builder, x: Value, axes: Value | None = None) -> Value:
    """Squeeze(data, axes): without dimensions of size 1, those named or all."""
    given = layer.get("axes", None) if layer.version < 13 else None
    if given is not None:
        axes = op.constant(list(given), i64)
    if axes is None:
        return _squeeze_all(layer, op, x)
    known = layer.numbers(axes)
    if known is None:
        return _squeeze_at_run_time(layer, op, x, axes)
    if not known:
        return _squeeze_all(layer, op, x)
    if x.rank is not None:
        known = axes_of(layer, known, x.rank)
    y: Value = op.Squeeze(x, op.constant(list(known), i64))
    return y


def _squeeze_all(layer: Layer, op: Builder, x: Value) -> Value:
    shape = static_dims(x.shape)
    if shape is None:
        raise layer.refuse("all dimensions of size 1 are removed, and not all sizes are known", "give axes")
    y: Value = op.Reshape(x, op.constant([d for d in shape if d != 1], i64))
    return y


def _mask(op: Builder, axes: Value, rank: int) -> Value:
    """1 at the axes and 0 elsewhere, as an i64 vector of ``rank``."""
    numbers = op.Convert(op.Reshape(axes, [-1, 1]), destination_type="i64")
    at = op.Select(op.Less(numbers, op.constant(0, i64)), op.Add(numbers, op.constant(rank, i64)), numbers)
    hits = op.Equal(at, op.constant([list(range(rank))], i64))
    counts = op.ReduceSum(op.Convert(hits, destination_type="i64"), op.constant([0], i64), keep_dims=False)
    mask: Value = op.Minimum(counts, op.constant(1, i64))
    return mask


def _axes_count(layer: Layer, axes: Value) -> int:
    count = 1 if axes.rank == 0 else known_dim(axes, 0) if axes.rank == 1 else None
    if count is None:
        raise layer.refuse("axes are computed, and even their number is not known", "make them an initializer")
    return count


def _squeeze_at_run_time(layer: Layer, op: Builder, x: Value, axes: Value) -> Value:
    """A Reshape to the dimensions that stay: the runtime's Squeeze wants to know its axes beforehand."""
    rank, count = rank_of(layer, x), _axes_count(layer, axes)
    stays = op.Subtract(op.constant(1, i64), _mask(op, axes, rank))
    before = op.CumSum(stays, op.constant(0, i64))
    # the place of the j-th dimension that stays is the number of places with at most j of them up to there
    wanted = op.constant([[j] for j in range(rank - count)], i64) if rank > count else op.constant([], i64)
    if rank == count:
        y: Value = op.Reshape(x, op.constant([], i64))
        return y
    fewer = op.Convert(op.LessEqual(before, wanted), destination_type="i64")
    place = op.ReduceSum(fewer, op.constant([1], i64), keep_dims=False)
    return op.Reshape(x, op.Gather(op.ShapeOf(x, output_type="i64"), place, op.constant(0, i64)))


@layers("Unsqueeze")
def unsqueeze(layer: Layer, op: Builder, x: Value, axes: Value | None = None) -> Value:
    """Unsqueeze(data, axes): dimensions of size 1 put in, counted in the result."""
    if layer.version < 13:
        axes = op.constant(list(layer.require("axes")), i64)
    if axes is None:
        raise layer.refuse("the input 'axes' is missing", "the model is not valid")
    known = layer.numbers(axes)
    if known is None:
        return _unsqueeze_at_run_time(layer, op, x, axes)
    if x.rank is not None:
        known = axes_of(layer, known, x.rank + len(known))
    elif any(a < 0 for a in known):
        raise layer.refuse("negative axes for an input of unknown rank", "give the input's shape with --shape")
    y: Value = op.Unsqueeze(x, op.constant(sorted(known), i64))
    return y


def _unsqueeze_at_run_time(layer: Layer, op: Builder, x: Value, axes: Value) -> Value:
    """A Reshape to the dimensions with the 1s between: the runtime's Unsqueeze wants its axes beforehand."""
    rank = rank_of(layer, x) + _axes_count(layer, axes)
    new = _mask(op, axes, rank)
    if x.rank == 0:
        y: Value = op.Reshape(x, op.constant([1] * rank, i64))
        return y
    source = op.Subtract(op.CumSum(op.Subtract(op.constant(1, i64), new), op.constant(0, i64)), op.constant(1, i64))
    old = op.Gather(dims(op, x), op.Maximum(source, op.constant(0, i64)), op.constant(0, i64))
    return op.Reshape(x, op.Select(op.Convert(new, destination_type=boolean), op.constant(1, i64), old))


@layers("Transpose")
def transpose(layer: Layer, op: Builder, x: Value) -> Value:
    """Transpose(data): dimensions in the order ``perm``, reversed by default."""
    order = layer.get("perm", None)
    if order is None:
        order = range(rank_of(layer, x))[::-1]
    if sorted(order) != list(range(len(order))):
        raise layer.refuse(f"perm {list(order)} is no permutation", "the model is not valid")
    y: Value = op.Transpose(x, op.constant(list(order), i64))
    return y


@layers("Expand", since=8)
def expand(layer: Layer, op: Builder, x: Value, shape: Value) -> Value:
    """Expand(input, shape): broadcast with the shape, both ways."""
    if shape.shape == (0,):  # as the shape of a scalar, which the CPU plugin takes for a vector
        return x
    if 0 in (layer.numbers(shape) or ()):
        raise layer.refuse("expansion to nothing", "the CPU plugin leaves a 1 beside a 0, or divides by zero")
    y: Value = op.Broadcast(x, shape, mode="bidirectional")
    return y


@layers("Tile")
def tile(layer: Layer, op: Builder, x: Value, repeats: Value, axis: Value | None = None) -> Value:
    """Tile(input, repeats): repeated along every dimension; opset 1 has (input, tiles, axis)."""
    rank = rank_of(layer, x)
    if layer.version < 6:
        if axis is None:
            raise layer.refuse("the input 'axis' is missing", "the model is not valid")
        place = layer.numbers(axis)
        if place is None or len(place) != 1:
            raise layer.refuse("the axis is computed at run time", "make it an initializer")
        at = axis_of(layer, place[0], rank)
        times = [op.Convert(op.Reshape(repeats, [-1]), destination_type="i64") if i == at else 1 for i in range(rank)]
        repeats = vector(op, times)
    if repeats.rank not in (1, None) or known_dim(repeats, 0) not in (rank, None):
        raise layer.refuse(f"repeats {repeats.type} for {x.type}", "one number a dimension is needed")
    known = layer.numbers(repeats)
    if known is not None:
        y: Value = op.Tile(x, op.constant(list(known), i64))
        return y
    return _tile_at_run_time(op, x, repeats, rank)


def _tile_at_run_time(op: Builder, x: Value, repeats: Value, rank: int) -> Value:
    """Gathers, one a dimension: the CPU plugin computes Tile with run-time repeats wrongly."""
    y = x
    items = repeats.value.items if repeats.value is not None else (None,) * rank
    for axis in range(rank):
        if items[axis] == 1:
            continue
        size = dim(op, x, axis)
        times = op.Gather(repeats, op.constant([axis], i64), op.constant(0, i64))
        place = op.FloorMod(counted(op, op.Multiply(size, times)), scalar(op, size))
        y = op.Gather(y, place, op.constant(axis, i64))
    return y


@layers("DepthToSpace")
def depth_to_space(layer: Layer, op: Builder, x: Value) -> Value:
    """DepthToSpace(input): channels become blocks of pixels, the block first (DCR) or last (CRD) in the channels."""
    y: Value = op.DepthToSpace(x, block_size=layer.require("blocksize"), mode=_block_mode(layer, layer.version >= 11))
    return y


@layers("SpaceToDepth")
def space_to_depth(layer: Layer, op: Builder, x: Value) -> Value:
    """SpaceToDepth(input): blocks of pixels become channels; since opset 28 in either order."""
    y: Value = op.SpaceToDepth(x, block_size=layer.require("blocksize"), mode=_block_mode(layer, layer.version >= 28))
    return y


def _block_mode(layer: Layer, has_mode: bool) -> str:
    mode = layer.get("mode", "DCR") if has_mode else "DCR"
    if mode not in ("DCR", "CRD"):
        raise layer.refuse(f"mode {mode!r}", "DCR and CRD are known")
    return "blocks_first" if mode == "DCR" else "depth_first"


@layers("Trilu", since=14)
def trilu(layer: Layer, op: Builder, x: Value, k: Value | None = None) -> Value:
    """Trilu(input, k): the triangle of the last two dimensions above (or below) the k-th diagonal, else zeros."""
    rank = rank_of(layer, x)
    rows = op.Reshape(counted(op, dim(op, x, rank - 2)), along(0, 2))
    columns = op.Reshape(counted(op, dim(op, x, rank - 1)), along(1, 2))
    distance = op.Subtract(columns, rows)
    diagonal = op.constant(0, i64) if k is None else scalar(op, k)
    inside = op.make("GreaterEqual" if layer.get("upper", 1) else "LessEqual", distance, diagonal)
    if x.dtype is boolean:
        y: Value = op.LogicalAnd(x, inside)
    else:
        y = op.Select(inside, x, op.constant(0, x.dtype))
    return y
