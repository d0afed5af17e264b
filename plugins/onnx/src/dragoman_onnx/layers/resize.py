"""Resize and Upsample: the runtime's Interpolate where it computes the same, else written out axis by axis."""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Sequence

from dragoman.builder import Builder
from dragoman.frontends.extract import Extractors, Layer
from dragoman.graph.graph import Value
from dragoman.graph.types import bf16, f16, f32, f64, i64
from dragoman.infer.dims import same_dim
from dragoman_onnx.layers.resample import Axis, Sampling, resample
from dragoman_onnx.layers.sizes import axes_of, converted, dim, known_dim, rank_of
from dragoman_onnx.layers.slice import cut

layers = Extractors("onnx")

_FLOATS = (f32, f16, bf16, f64)
#: coordinate transformations that Interpolate has
_SHARED = ("half_pixel", "pytorch_half_pixel", "asymmetric", "tf_half_pixel_for_nn", "align_corners")
_TRANSFORMS = (*_SHARED, "half_pixel_symmetric", "tf_crop_and_resize")
_ROUNDINGS = ("round_prefer_floor", "round_prefer_ceil", "floor", "ceil")


@dataclasses.dataclass
class Target:
    """What is resized over which axes: by sizes or scales, and as numbers where they are known."""

    axes: tuple[int, ...]
    given: Value
    numbers: tuple[float, ...] | None = None
    by_scales: bool = True
    policy: str = "stretch"
    roi: Value | None = None
    extrapolation: float = 0.0


@layers("Upsample", until=9)
def upsample(layer: Layer, op: Builder, x: Value, scales: Value | None = None) -> Value:
    """Upsample(X, scales): enlarged by asymmetric coordinates, nearest ones rounded down."""
    rank = rank_of(layer, x)
    how = Sampling(
        _mode(layer, {"nearest": "nearest", "linear": "linear", "bilinear": "linear"}), "asymmetric", "simple"
    )
    if layer.version < 7:
        scales = op.constant([1.0, 1.0, layer.require("height_scale"), layer.require("width_scale")], f32)
    elif layer.version < 9:
        scales = op.constant(list(layer.require("scales")), f32)
    if scales is None:
        raise layer.refuse("the input 'scales' is missing", "the model is not valid")
    return _resize(layer, op, x, how, _by_scales(scales, tuple(range(rank))))


@layers("Resize", since=10, until=10)
def resize_by_scales(layer: Layer, op: Builder, x: Value, scales: Value) -> Value:
    """Resize(X, scales) of opset 10: asymmetric coordinates, nearest ones rounded to the side of the larger image."""
    how = Sampling(_mode(layer, {"nearest": "nearest", "linear": "linear"}), "asymmetric", "simple")
    return _resize(layer, op, x, how, _by_scales(scales, tuple(range(rank_of(layer, x)))))


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
    if how.nearest not in _ROUNDINGS or how.transform not in _TRANSFORMS:
        raise layer.refuse(f"{how.transform!r} with {how.nearest!r}", "the model is not valid")
    axes = axes_of(layer, (layer.get("axes", None) if modern else None) or range(rank), rank)
    if scales is not None and known_dim(scales, 0) == 0:
        scales = None
    if (scales is None) == (sizes is None):
        raise layer.refuse("either scales or sizes are needed", "the model is not valid")
    if scales is not None:
        target = _by_scales(scales, axes)
    else:
        assert sizes is not None
        target = Target(axes, sizes, layer.numbers(sizes), by_scales=False)
        target.policy = layer.get("keep_aspect_ratio_policy", "stretch") if modern else "stretch"
        if target.policy not in ("stretch", "not_larger", "not_smaller"):
            raise layer.refuse(f"keep_aspect_ratio_policy {target.policy!r}", "the model is not valid")
    layer.ignore("keep_aspect_ratio_policy", "extrapolation_value")
    if how.transform == "tf_crop_and_resize":
        if roi is None:
            raise layer.refuse("the input 'roi' is missing", "the model is not valid")
        target.roi = converted(op, roi, f32)
        target.extrapolation = layer.get("extrapolation_value", 0.0)
    return _resize(layer, op, x, how, target)


def _mode(layer: Layer, names: dict[str, str]) -> str:
    mode = layer.get("mode", "nearest")
    if mode not in names:
        raise layer.refuse(f"mode {mode!r}", f"{', '.join(names)} are known")
    return names[mode]


def _by_scales(scales: Value, axes: tuple[int, ...]) -> Target:
    items = scales.value.items if scales.value is not None else ()
    known = tuple(float(i) for i in items if isinstance(i, (int, float)))
    return Target(axes, scales, known if items and len(known) == len(items) else None)


def _resize(layer: Layer, op: Builder, x: Value, how: Sampling, target: Target) -> Value:
    if target.numbers is not None and len(target.numbers) != len(target.axes):
        raise layer.refuse(f"{len(target.numbers)} sizes or scales, {len(target.axes)} axes", "the model is not valid")
    if how.mode != "nearest" and x.dtype not in _FLOATS:
        raise layer.refuse(f"{how.mode} interpolation of {x.dtype}", "convert to float before, with rounding after")
    if target.roi is not None and target.by_scales and not _is_whole(x, target, target.axes):
        raise layer.refuse("a crop resized by scales that give no whole lengths", "runtimes disagree: give sizes")
    if any(_vanishes(x, target, a) for a in target.axes):
        raise layer.refuse("the result has no elements", "the runtime cannot resize to nothing")
    moved = [a for a in target.axes if not _stays(x, target, a)]
    if not moved:
        return x
    plain = x.dtype in _FLOATS and not how.antialias and not how.exclude_outside
    plain = plain and target.policy == "stretch" and how.transform in _SHARED
    spatial = [a for a in moved if a >= 2]
    if not spatial or not plain or not _interpolates(x, how, target, spatial):
        return _written_out(op, x, how, target, moved)
    # Interpolate resizes spatial dimensions only
    x = _written_out(op, x, how, target, [a for a in moved if a < 2])
    return _interpolate(op, x, how, target, spatial)


def _vanishes(x: Value, target: Target, axis: int) -> bool:
    """A known size comes to 0 or less."""
    number = None if target.numbers is None else target.numbers[target.axes.index(axis)]
    size = known_dim(x, axis)
    if number is None or size is None:
        return False
    return (_as_f32(size * _as_f32(number)) if target.by_scales else number) < 1


def _stays(x: Value, target: Target, axis: int) -> bool:
    """The axis provably keeps its size and its elements."""
    if target.roi is not None or target.policy != "stretch":
        return False
    place = target.axes.index(axis)
    if target.by_scales:
        return target.numbers is not None and target.numbers[place] == 1
    if target.given.value is None or x.shape is None:
        return False
    item = target.given.value.items[place]
    return not isinstance(item, (float, str, bool)) and same_dim(item, x.shape[axis])


def _interpolates(x: Value, how: Sampling, target: Target, moved: Sequence[int]) -> bool:
    """Whether Interpolate computes this: the dimensions it has kernels for, whole lengths for aligned corners."""
    if how.transform == "align_corners" and target.by_scales and not _is_whole(x, target, moved):
        return False
    if target.by_scales and len({_may_stay(x, target, a) for a in moved}) > 1:
        return False
    return x.rank == 4 if how.mode == "cubic" else x.rank in (3, 4, 5)


def _may_stay(x: Value, target: Target, axis: int) -> bool:
    """The scale may leave the size as it is: the CPU plugin then takes the scale for 1, if another dimension changes.

    (If none does, it copies, as onnxruntime.) Of one place all coordinates give the same: scales from 1.5 are harmless.
    """
    if target.numbers is None:
        return True
    scale, size = _as_f32(target.numbers[target.axes.index(axis)]), known_dim(x, axis)
    return 1 < scale < 1.5 and (size is None or int(_as_f32(size * scale)) == size)


def _is_whole(x: Value, target: Target, moved: Sequence[int]) -> bool:
    """The scales give whole numbers of places."""
    if target.numbers is None:
        return False
    scales = {a: _as_f32(target.numbers[target.axes.index(a)]) for a in moved}
    sizes = {a: known_dim(x, a) for a in moved}
    return all(s.is_integer() or ((n := sizes[a]) is not None and (n * s).is_integer()) for a, s in scales.items())


def _as_f32(value: float) -> float:
    rounded: float = struct.unpack("<f", struct.pack("<f", value))[0]
    return rounded


def _interpolate(op: Builder, x: Value, how: Sampling, target: Target, moved: Sequence[int]) -> Value:
    """One Interpolate, over all spatial dimensions where its mode wants them."""
    spatial = range(2, x.rank or 0)
    axes = tuple(sorted(moved)) if how.mode == "nearest" else tuple(spatial)
    parts = []
    for axis in axes:
        if axis not in target.axes:
            parts.append(op.constant([1.0], f32) if target.by_scales else dim(op, x, axis))
        else:
            place = target.axes.index(axis)
            parts.append(cut(op, target.given, place, place + 1, 0))
    values = parts[0] if len(parts) == 1 else op.Concat(*(converted(op, p, parts[0].dtype) for p in parts), axis=0)
    y: Value = op.Interpolate(
        x, values, op.constant(list(axes), i64),
        mode="linear_onnx" if how.mode == "linear" else how.mode,
        shape_calculation_mode="scales" if target.by_scales else "sizes",
        coordinate_transformation_mode=how.transform, nearest_mode=how.nearest, cube_coeff=how.cubic,
    )  # fmt: skip
    return y


def _written_out(op: Builder, x: Value, how: Sampling, target: Target, moved: Sequence[int]) -> Value:
    lines = [_line(op, x, target, axis) for axis in moved]
    if target.policy != "stretch":
        scales = op.Concat(*(line.scale for line in lines), axis=0)
        kind = "ReduceMin" if target.policy == "not_larger" else "ReduceMax"
        scale = op.make(kind, scales, op.constant([0], i64), keep_dims=True)
        lines = [_kept_ratio(op, line, scale) for line in lines]
    for line in lines:
        x = resample(op, x, how, line, target.extrapolation)
    return x


def _line(op: Builder, x: Value, target: Target, axis: int) -> Axis:
    place, count = target.axes.index(axis), len(target.axes)
    before, given = dim(op, x, axis), cut(op, target.given, place, place + 1, 0)
    size = converted(op, before, f32)
    if target.by_scales:
        scale = converted(op, given, f32)
        length = op.Multiply(size, scale)
        after = converted(op, op.Floor(length), i64)
    else:
        after = converted(op, given, i64)
        length = converted(op, after, f32)
        scale = op.Divide(length, size)
    roi = None
    if target.roi is not None:
        roi = (cut(op, target.roi, place, place + 1, 0), cut(op, target.roi, count + place, count + place + 1, 0))
    return Axis(axis, before, after, scale, length, roi)


def _kept_ratio(op: Builder, line: Axis, scale: Value) -> Axis:
    """The axis by the scale that all share, its size rounded half up."""
    size = converted(op, line.before, f32)
    length = op.Floor(op.Add(op.Multiply(scale, size), op.constant(0.5, f32)))
    return dataclasses.replace(line, after=converted(op, length, i64), scale=scale, length=length)
