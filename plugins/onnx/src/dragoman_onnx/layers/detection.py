"""Suppression of overlapping boxes and pooling of regions."""

from __future__ import annotations

from dragoman.builder import Builder
from dragoman.frontends.extract import Extractors, Layer
from dragoman.graph.graph import Value
from dragoman.graph.types import f32, i64
from dragoman_onnx.layers.sizes import converted, dim, known_dim, scalar
from dragoman_onnx.layers.slice import cut

layers = Extractors("onnx")

#: no score is below it
_LOWEST = -3.4028234663852886e38
#: less than any overlap
_TOUCHING = 1e-30
#: of a region along an axis
MOST_SAMPLES = 1 << 12


@layers("NonMaxSuppression", since=10)
def non_max_suppression(
    layer: Layer, op: Builder, boxes: Value, scores: Value, most: Value | None = None, iou: Value | None = None,
    score: Value | None = None,
) -> Value:  # fmt: skip
    """NonMaxSuppression(boxes, scores, ...): (batch, class, box) of the boxes kept, class by class.

    Without max_output_boxes_per_class nothing is kept; without score_threshold every score counts.
    """
    centers = layer.get("center_point_box", 0)
    if centers not in (0, 1):
        raise layer.refuse(f"center_point_box={centers}", "the model is not valid")
    if all(v is None or v.tensor is not None for v in (boxes, scores, most, iou, score)):
        raise layer.refuse("all inputs are constants, which the runtime fails to compile", "fold the layer beforehand")
    limit = op.constant(0, i64)
    if most is not None:
        limit = op.Maximum(scalar(op, converted(op, most, i64)), limit)
    overlap = op.constant(_TOUCHING, f32) if iou is None else _next(op, scalar(op, iou))
    least = op.constant(_LOWEST, f32) if score is None else scalar(op, score)
    selected, _, _ = op.NonMaxSuppression(
        _fours(op, boxes), scores, limit, overlap, least,
        box_encoding="center" if centers else "corner", sort_result_descending=False, output_type="i64",
    )  # fmt: skip
    return selected  # type: ignore[no-any-return]


def _fours(op: Builder, boxes: Value) -> Value:
    """Boxes whose last dimension is known to be 4, as the CPU plugin wants to see."""
    if boxes.rank is None or known_dim(boxes, boxes.rank - 1) is not None:
        return boxes
    kept: Value = op.Reshape(boxes, op.constant([0] * (boxes.rank - 1) + [4], i64), special_zero=True)
    return kept


def _next(op: Builder, overlap: Value) -> Value:
    """The next greater threshold: the runtime drops boxes whose overlap equals it, ONNX only those above."""
    # 0.625 to 1.25 units in the last place more, which rounds to one
    more = op.Add(overlap, op.Multiply(overlap, op.constant(1.25 * 2.0**-24, f32)))
    result: Value = op.Maximum(more, op.constant(_TOUCHING, f32))
    return result


@layers("RoiAlign", since=10)
def roi_align(layer: Layer, op: Builder, x: Value, rois: Value, batches: Value) -> Value:
    """RoiAlign(X, rois, batch_indices): bilinear samples of each cell of a region, averaged or their maximum."""
    mode = layer.get("mode", "avg")
    transform = (
        layer.get("coordinate_transformation_mode", "half_pixel") if layer.version >= 16 else "output_half_pixel"
    )
    sizes = layer.get("output_height", 1), layer.get("output_width", 1)
    ratio, scale = layer.get("sampling_ratio", 0), layer.get("spatial_scale", 1.0)
    if mode not in ("avg", "max") or transform not in ("half_pixel", "output_half_pixel"):
        raise layer.refuse(f"mode {mode!r}, {transform!r}", "avg and max, half_pixel and output_half_pixel are known")
    half = transform == "half_pixel"
    if mode == "max":
        if ratio <= 0:
            raise layer.refuse("the maximum of as many samples as a region has", "set sampling_ratio")
        if not 0 < max(sizes) * ratio <= MOST_SAMPLES:
            raise layer.refuse(f"{sizes[0]} x {sizes[1]} cells of {ratio} samples", f"at most {MOST_SAMPLES} a side")
        return _largest_samples(op, x, rois, batches, sizes, ratio, scale, half)
    y: Value = op.ROIAlign(
        x, _fours(op, rois), batches, pooled_h=sizes[0], pooled_w=sizes[1], sampling_ratio=ratio, spatial_scale=scale,
        mode="avg", aligned_mode="half_pixel_for_nn" if half else "asymmetric",
    )  # fmt: skip
    return y


def _largest_samples(
    op: Builder, x: Value, rois: Value, batches: Value, sizes: tuple[int, int], ratio: int, scale: float, half: bool
) -> Value:
    """The largest of the four weighted neighbours over all samples, as the operator defines its maximum.

    The runtime takes the maximum of the interpolated samples instead.
    """
    axes = [_samples(op, x, rois, 2 + k, sizes[k], ratio, scale, half) for k in (0, 1)]
    width = dim(op, x, 3)
    flat = op.Reshape(x, op.constant([0, 0, -1], i64), special_zero=True)
    images = op.Gather(flat, batches, op.constant(0, i64))
    best: Value | None = None
    for row, row_weight in axes[0]:
        for column, column_weight in axes[1]:
            place = op.Add(op.Multiply(op.Unsqueeze(row, [2]), width), op.Unsqueeze(column, [1]))
            weight = op.Multiply(op.Unsqueeze(row_weight, [2]), op.Unsqueeze(column_weight, [1]))
            every = op.constant([0, -1], i64)
            taken = op.Gather(images, op.Reshape(place, every, special_zero=True), op.constant(2, i64), batch_dims=1)
            weighed = op.Multiply(taken, op.Unsqueeze(op.Reshape(weight, every, special_zero=True), [1]))
            best = weighed if best is None else op.Maximum(best, weighed)
    cells = op.Reshape(best, op.constant([0, 0, sizes[0], ratio, sizes[1], ratio], i64), special_zero=True)
    y: Value = op.ReduceMax(cells, op.constant([3, 5], i64), keep_dims=False)
    return y


def _samples(
    op: Builder, x: Value, rois: Value, axis: int, cells: int, ratio: int, scale: float, half: bool
) -> list[tuple[Value, Value]]:
    """(place, weight) of the neighbours before and behind every sample along an axis, each (regions, cells * ratio)."""
    kind = rois.dtype

    def number(value: float) -> Value:
        return op.constant(value, kind)

    first = 1 if axis == 2 else 0
    start, end = (
        op.Subtract(op.Multiply(cut(op, rois, c, c + 1, 1), number(scale)), number(0.5 if half else 0.0))
        for c in (first, first + 2)
    )
    size = op.Subtract(end, start)
    if not half:
        size = op.Maximum(size, number(1.0))
    middles = [(c + (i + 0.5) / ratio) / cells for c in range(cells) for i in range(ratio)]
    at = op.Add(start, op.Multiply(size, op.constant([middles], kind)))
    length = op.Convert(dim(op, x, axis), destination_type=kind)
    last = op.Subtract(length, number(1.0))
    inside = op.LogicalAnd(op.GreaterEqual(at, number(-1.0)), op.LessEqual(at, length))
    at = op.Minimum(op.Maximum(at, number(0.0)), last)
    low = op.Floor(at)
    behind = op.Select(inside, op.Subtract(at, low), number(0.0))
    before = op.Select(inside, op.Subtract(number(1.0), op.Subtract(at, low)), number(0.0))
    high = op.Minimum(op.Add(low, number(1.0)), last)
    return [(converted(op, low, i64), before), (converted(op, high, i64), behind)]
