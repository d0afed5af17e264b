"""Resize and Upsample: the runtime's Interpolate where it computes the same, else one matrix an axis."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from dragoman.builder import Builder
from dragoman.frontends.extract import Extractors, Layer
from dragoman.graph.graph import Value
from dragoman.graph.types import bf16, f16, f32, f64, i64
from dragoman.infer.dims import same_dim
from dragoman.lazy import np
from dragoman_onnx.layers.resample import Sampling, as_f32, coordinates, nearest, resized, weights
from dragoman_onnx.layers.sizes import axes_of, known_dim, rank_of
from dragoman_onnx.layers.slice import cut

layers = Extractors("onnx")

_FLOATS = (f32, f16, bf16, f64)
#: coordinate transformations that Interpolate has
_SHARED = ("half_pixel", "pytorch_half_pixel", "asymmetric", "tf_half_pixel_for_nn", "align_corners")


@dataclasses.dataclass
class Target:
    """What is resized, to which sizes or by which scales (numbers, or values of the run time), over which axes."""

    axes: tuple[int, ...]
    scales: Sequence[float] | None = None
    sizes: Sequence[int] | None = None
    run_time: Value | None = None
    by_scales: bool = False
    policy: str = "stretch"
    roi: Sequence[float] | None = None
    extrapolation: float = 0.0


@layers("Upsample", until=9)
def upsample(layer: Layer, op: Builder, x: Value, scales: Value | None = None) -> Value:
    """Upsample(X, scales): enlarged by asymmetric coordinates, nearest ones rounded down."""
    rank = rank_of(layer, x)
    how = Sampling(
        _mode(layer, {"nearest": "nearest", "linear": "linear", "bilinear": "linear"}), "asymmetric", "simple"
    )
    if layer.version < 7:
        factors = [1.0, 1.0, layer.require("height_scale"), layer.require("width_scale")]
        return _resize(layer, op, x, how, Target(tuple(range(rank)), scales=factors, by_scales=True))
    if layer.version < 9:
        factors = list(layer.require("scales"))
        return _resize(layer, op, x, how, Target(tuple(range(rank)), scales=factors, by_scales=True))
    if scales is None:
        raise layer.refuse("the input 'scales' is missing", "the model is not valid")
    return _resize(layer, op, x, how, _by_scales(layer, scales, tuple(range(rank))))


@layers("Resize", since=10, until=10)
def resize_by_scales(layer: Layer, op: Builder, x: Value, scales: Value) -> Value:
    """Resize(X, scales) of opset 10: asymmetric coordinates, nearest ones rounded to the side of the larger image."""
    how = Sampling(_mode(layer, {"nearest": "nearest", "linear": "linear"}), "asymmetric", "simple")
    return _resize(layer, op, x, how, _by_scales(layer, scales, tuple(range(rank_of(layer, x)))))


@layers("Resize", since=11)
def resize(
    layer: Layer,
    op: Builder,
    x: Value,
    roi: Value | None = None,
    scales: Value | None = None,
    sizes: Value | None = None,
) -> Value:
    """Resize(X, roi, scales, sizes): all modes; since opset 18 over chosen axes, antialiased, or by aspect ratio."""
    rank = rank_of(layer, x)
    modern = layer.version >= 18
    how = Sampling(
        _mode(layer, {"nearest": "nearest", "linear": "linear", "cubic": "cubic"}),
        layer.get("coordinate_transformation_mode", "half_pixel"),
        layer.get("nearest_mode", "round_prefer_floor"),
        layer.get("cubic_coeff_a", -0.75),
        bool(layer.get("antialias", 0)) if modern else False,
        bool(layer.get("exclude_outside", 0)),
    )
    axes = axes_of(layer, (layer.get("axes", None) if modern else None) or range(rank), rank)
    if scales is not None and known_dim(scales, 0) == 0:
        scales = None
    if (scales is None) == (sizes is None):
        raise layer.refuse("either scales or sizes are needed", "the model is not valid")
    if scales is not None:
        target = _by_scales(layer, scales, axes)
    else:
        assert sizes is not None
        target = Target(axes, sizes=layer.numbers(sizes), run_time=sizes)
        target.policy = layer.get("keep_aspect_ratio_policy", "stretch") if modern else "stretch"
    layer.ignore("keep_aspect_ratio_policy", "extrapolation_value")
    if how.transform == "tf_crop_and_resize":
        if roi is None:
            raise layer.refuse("the input 'roi' is missing", "the model is not valid")
        target.roi = [float(v) for v in layer.array(roi, "the region")]
        target.extrapolation = layer.get("extrapolation_value", 0.0)
    return _resize(layer, op, x, how, target)


def _mode(layer: Layer, names: dict[str, str]) -> str:
    mode = layer.get("mode", "nearest")
    if mode not in names:
        raise layer.refuse(f"mode {mode!r}", f"{', '.join(names)} are known")
    return names[mode]


def _by_scales(layer: Layer, scales: Value, axes: tuple[int, ...]) -> Target:
    small = scales.value
    known = [float(i) for i in small.items if isinstance(i, (int, float))] if small is not None else None
    if known is not None and small is not None and len(known) != len(small.items):
        known = None
    return Target(axes, scales=known, run_time=scales, by_scales=True)


def _resize(layer: Layer, op: Builder, x: Value, how: Sampling, target: Target) -> Value:
    count = target.scales if target.by_scales else target.sizes
    if count is not None and len(count) != len(target.axes):
        raise layer.refuse(f"{len(count)} sizes or scales for {len(target.axes)} axes", "the model is not valid")
    if how.mode != "nearest" and x.dtype not in _FLOATS:
        raise layer.refuse(f"{how.mode} interpolation of {x.dtype}", "convert to float before, with rounding after")
    if count is None:
        if not _is_plain(how, target) or x.dtype not in _FLOATS:
            raise layer.refuse("sizes known at run time only, in this mode", "fix the input's shape with --shape")
        return _interpolate_at_run_time(layer, op, x, how, target)
    plan = _plan(x, target)
    if plan is not None:
        plan = {a: p for a, p in plan.items() if p[0] != p[1] or p[2] != 1 or target.roi is not None}
        if not plan:
            return x
        if not _is_plain(how, target) or not _interpolates(how, x, plan):
            return _by_matrices(op, x, how, plan, target)
        return _interpolate(op, x, how, target, tuple(sorted(plan)))
    if not _is_plain(how, target) or x.dtype not in _FLOATS:
        raise layer.refuse("this mode of an image of unknown size", "fix the input's shape with --shape")
    axes = tuple(a for i, a in enumerate(target.axes) if not target.scales or target.scales[i] != 1)
    if how.transform == "align_corners" and any(not float(s).is_integer() for s in target.scales or ()):
        raise layer.refuse("align_corners by a fraction of an unknown size", "fix the input's shape with --shape")
    return _interpolate(op, x, how, target, tuple(sorted(axes))) if axes else x


def _is_plain(how: Sampling, target: Target) -> bool:
    """Nothing that Interpolate lacks, or is known to compute otherwise."""
    special = how.antialias or how.exclude_outside or target.policy != "stretch"
    return not special and how.transform in _SHARED


#: axis -> (size before, size after, scale, index among the target's axes)
Plan = dict[int, tuple[int, int, float, int]]


def _plan(x: Value, target: Target) -> Plan | None:
    """Everything as numbers, or None where a size is not known."""
    before = [known_dim(x, a) for a in target.axes]
    known = [b for b in before if b is not None]
    if len(known) != len(before) or 0 in known:
        return None
    if target.by_scales:
        assert target.scales is not None
        scales = [as_f32(s) for s in target.scales]
        after = [resized(n, s) for n, s in zip(known, scales, strict=True)]
    else:
        assert target.sizes is not None
        after = list(target.sizes)
        scales = [o / n for n, o in zip(known, after, strict=True)]
        if target.policy != "stretch":
            one = min(scales) if target.policy == "not_larger" else max(scales)
            scales = [one] * len(scales)
            after = [int(one * n + 0.5) for n in known]
    return {a: (n, o, s, i) for i, (a, n, o, s) in enumerate(zip(target.axes, known, after, scales, strict=True))}


def _interpolates(how: Sampling, x: Value, plan: Plan) -> bool:
    """Whether Interpolate computes this: float images, the last dimensions, whole lengths for aligned corners."""
    if x.dtype not in _FLOATS:
        return False
    if how.transform == "align_corners" and any(n * s != o for n, o, s, _ in plan.values()):
        return False
    rank = x.rank or 0
    if how.mode == "nearest":
        return rank <= 5
    last = set(range(2, rank))
    return set(plan) <= last and (rank in (3, 4, 5) if how.mode == "linear" else rank == 4)


def _interpolate(op: Builder, x: Value, how: Sampling, target: Target, axes: tuple[int, ...]) -> Value:
    if how.mode != "nearest":
        axes = tuple(range(2, x.rank or 0)) if set(axes) <= set(range(2, x.rank or 0)) else axes
    chosen = [target.axes.index(a) if a in target.axes else None for a in axes]
    if target.by_scales:
        assert target.scales is not None
        values = op.constant([1.0 if i is None else float(target.scales[i]) for i in chosen], f32)
    else:
        assert target.sizes is not None
        shape = x.shape or ()
        values = op.constant(
            [shape[a] if i is None else target.sizes[i] for a, i in zip(axes, chosen, strict=True)], i64
        )
    return _node(op, x, values, axes, how, target.by_scales)


def _interpolate_at_run_time(layer: Layer, op: Builder, x: Value, how: Sampling, target: Target) -> Value:
    """Sizes or scales that are computed; leading ones that provably change nothing are left out."""
    assert target.run_time is not None
    values, axes = target.run_time, target.axes
    if target.by_scales and how.transform == "align_corners":
        raise layer.refuse("align_corners by scales known at run time only", "give sizes instead")
    if not target.by_scales and axes == tuple(range(len(axes))) and len(axes) > 2 and _leads(x, values):
        values, axes = cut(op, values, 2, len(axes), 0), axes[2:]
    return _node(op, x, values, axes, how, target.by_scales)


def _leads(x: Value, sizes: Value) -> bool:
    """The first two sizes are those of the input."""
    items = sizes.value.items if sizes.value is not None else ()
    shape = x.shape or ()
    return len(items) > 2 and all(
        not isinstance(i, (float, str, bool)) and same_dim(i, d) for i, d in zip(items[:2], shape[:2], strict=False)
    )


def _node(op: Builder, x: Value, values: Value, axes: Sequence[int], how: Sampling, by_scales: bool) -> Value:
    y: Value = op.Interpolate(
        x, values, op.constant(list(axes), i64),
        mode="linear_onnx" if how.mode == "linear" else how.mode,
        shape_calculation_mode="scales" if by_scales else "sizes",
        coordinate_transformation_mode=how.transform, nearest_mode=how.nearest, cube_coeff=how.cubic,
    )  # fmt: skip
    return y


def _by_matrices(op: Builder, x: Value, how: Sampling, plan: Plan, target: Target) -> Value:
    """One Gather (nearest) or MatMul an axis."""
    count = len(target.axes)
    for axis, (size, out, scale, i) in sorted(plan.items()):
        roi = (target.roi[i], target.roi[i + count]) if target.roi else (0.0, 1.0)
        x_at = coordinates(how, size, out, scale, roi)
        if how.mode == "nearest":
            x = op.Gather(x, op.constant(nearest(how, x_at, size, scale), i64), op.constant(axis, i64))
        else:
            x = _product(op, x, weights(how, x_at, size, scale), axis)
        if target.roi:
            outside = ((x_at < 0) | (x_at > size - 1)).reshape([-1 if k == axis else 1 for k in range(x.rank or 0)])
            if outside.any():
                x = op.Select(op.constant(outside), op.constant(target.extrapolation, x.dtype), x)
    return x


def _product(op: Builder, x: Value, matrix: object, axis: int) -> Value:
    """The matrix applied along one axis."""
    rank = x.rank or 0
    w = op.constant(np.asarray(matrix), x.dtype)
    y: Value
    if axis == rank - 1:
        y = op.MatMul(x, w, transpose_b=True)
    elif axis == rank - 2:
        y = op.MatMul(w, x)
    else:
        order = [i for i in range(rank) if i != axis] + [axis]
        last = op.MatMul(op.Transpose(x, op.constant(order, i64)), w, transpose_b=True)
        y = op.Transpose(last, op.constant([order.index(i) for i in range(rank)], i64))
    return y
