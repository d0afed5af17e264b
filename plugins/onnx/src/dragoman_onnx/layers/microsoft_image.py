"""Operators of com.microsoft on images: crops, and transposed convolution whose pads are an input."""

from __future__ import annotations

from dragoman.builder import Builder
from dragoman.frontends.extract import Extractors, Layer
from dragoman.graph.graph import Value
from dragoman.graph.types import i64
from dragoman_onnx.layers.convolution import conv_transpose
from dragoman_onnx.layers.sizes import converted, dim, rank_of

layers = Extractors("onnx")


#: of a crop along an axis
LARGEST_CROP = 1 << 16


@layers("com.microsoft:CropAndResize")
def crop_and_resize(layer: Layer, op: Builder, x: Value, boxes: Value, of: Value, size: Value) -> Value:
    """CropAndResize(X, rois, batch_indices, crop_size): a crop of one size for every (y1, x1, y2, x2) between 0 and 1.

    The corners of a box are the centres of the crop's corners; what lies outside is ``extrapolation_value``.
    """
    mode, wanted = layer.get("mode", "bilinear"), layer.numbers(size)
    if (
        wanted is None
        or len(wanted) != 2
        or not 0 < min(wanted) <= max(wanted) <= LARGEST_CROP
        or mode not in ("bilinear", "nearest")
    ):
        raise layer.refuse(f"a crop_size computed at run time, or the mode {mode!r}", "make it an initializer")
    y: Value = op.Gather(x, of, op.constant(0))
    inside: Value | None = None
    for axis, count in enumerate(wanted):
        at, last = _places(op, boxes, axis, count, dim(op, x, axis + 2))
        y = _taken(op, y, at, last, axis + 2, mode)
        held = op.LogicalAnd(op.GreaterEqual(at, op.constant(0.0, at.dtype)), op.LessEqual(at, last))
        held = op.Unsqueeze(held, op.constant([1, 3] if axis == 0 else [1, 2]))
        inside = held if inside is None else op.LogicalAnd(inside, held)
    found: Value = op.Select(inside, y, op.constant(layer.get("extrapolation_value", 0.0), x.dtype))
    return found


def _places(op: Builder, boxes: Value, axis: int, count: int, size: Value) -> tuple[Value, Value]:
    """Where the crop's elements lie in the image along one axis, (boxes, count), and the image's last place."""
    kind = boxes.dtype
    first, end = (op.Gather(boxes, op.constant([i]), op.constant(1)) for i in (axis, axis + 2))
    last = converted(op, op.Subtract(size, op.constant([1], i64)), kind)
    if count == 1:
        middle = op.Multiply(op.Add(first, end), op.constant(0.5, kind))
        return op.Multiply(middle, last), last
    step = op.Divide(op.Multiply(op.Subtract(end, first), last), op.constant(float(count - 1), kind))
    numbers = op.constant([float(i) for i in range(count)], kind)
    return op.Add(op.Multiply(first, last), op.Multiply(step, numbers)), last


def _taken(op: Builder, y: Value, at: Value, last: Value, axis: int, mode: str) -> Value:
    """The image at places along one axis, between neighbours or at the nearest."""
    held = op.Minimum(op.Maximum(at, op.constant(0.0, at.dtype)), last)

    def pick(places: Value) -> Value:
        found: Value = op.Gather(y, op.Convert(places, destination_type=i64), op.constant(axis), batch_dims=1)
        return found

    if mode == "nearest":
        return pick(op.Round(held, mode="half_away_from_zero"))
    low = op.Floor(held)
    share = op.Unsqueeze(op.Subtract(held, low), op.constant([1, 3] if axis == 2 else [1, 2]))
    before, behind = pick(low), pick(op.Ceiling(held))
    mixed: Value = op.Add(before, op.Multiply(op.Subtract(behind, before), converted(op, share, y.dtype)))
    return mixed


@layers("com.microsoft:ConvTransposeWithDynamicPads")
def conv_transpose_with_pads(
    layer: Layer, op: Builder, x: Value, w: Value, pads: Value | None = None, bias: Value | None = None
) -> Value:
    """ConvTransposeWithDynamicPads(X, W, Pads, B): ConvTranspose; the pads must be known at conversion."""
    if pads is not None:
        known = layer.numbers(pads)
        if known is None:
            raise layer.refuse("the pads are computed at run time", "make them an initializer")
        if len(known) != 2 * (rank_of(layer, x) - 2):
            raise layer.refuse(f"{len(known)} pads for {rank_of(layer, x) - 2} dimensions", "the model is not valid")
        layer.node.attrs["pads"] = list(known)
    return conv_transpose(layer, op, x, w, bias)
