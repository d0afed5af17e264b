"""Resizing of forks: Interp, Resample, Upsample, Accum.

Behaviour: DeepLab's (gpapan/caffe) ``interp_layer.cpp`` with ``util/interp.cpp`` and PSPNet's way to join its factors,
lmb-freiburg/flownet2 ``resample_layer.cu`` and ``accum_layer.cpp``, ``upsample_layer.cpp`` of alexgkendall/caffe-segnet
(two bottoms) and of eric612/MobileNet-YOLO (one).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from dragoman.builder import Builder
from dragoman.frontends.extract import Extractors, Layer
from dragoman.graph.graph import Value
from dragoman.graph.types import f32, i32, i64
from dragoman.lazy import np
from dragoman_caffe.shapes import channels, rank_of, same_shape

if TYPE_CHECKING:
    from dragoman.graph.tensor import Array

layers = Extractors("caffe")
_END = (1 << 31) - 1


#: entries of a table that says where pixels come from
_MOST = 1 << 26


@layers("Interp")
def interp(layer: Layer, op: Builder, x: Value) -> Value:
    """Bilinear, corners on corners, of the image less a border."""
    rank_of(layer, x, 4)
    begin, end = (layer.get(f"interp_param.pad_{side}", 0) for side in ("beg", "end"))
    if begin > 0 or end > 0:
        raise layer.refuse(f"pad_beg {begin}, pad_end {end}", "Caffe crops only: they are 0 or below")
    if begin or end:
        stop = end if end else _END
        x = op.Slice(x, *(op.constant([n, n], i64) for n in (-begin, stop, 1)), op.constant([2, 3], i64))
    size = _interp_size(layer, op, x)
    y = x if size is None else _bilinear(op, x, size, "align_corners")
    shapes = list(x.shape or ())[2:], list(y.shape or ())[2:]
    if any(isinstance(n, int) and n < 1 for shape in shapes for n in shape):
        raise layer.refuse(f"an image of {shapes[0]} becomes one of {shapes[1]}")
    return y


def _interp_size(layer: Layer, op: Builder, x: Value) -> list[int] | Value | None:
    """Height and width of the top; computed from those of the bottom where factors are given, None where both are 1."""
    has = {name: layer.has(f"interp_param.{name}") for name in ("height", "width", "zoom_factor", "shrink_factor")}
    height, width = layer.get("interp_param.height", 0), layer.get("interp_param.width", 0)
    zoom, shrink = (layer.positive(f"interp_param.{n}", 1) for n in ("zoom_factor", "shrink_factor"))
    factors, sizes = has["zoom_factor"] or has["shrink_factor"], has["height"] and has["width"]
    if factors == sizes or has["height"] != has["width"]:
        raise layer.refuse(
            "the size is given neither by height and width nor by factors alone",
            "height and width, or zoom_factor, or shrink_factor: forks differ where both are given",
        )
    if sizes:
        if min(height, width) < 1:
            raise layer.refuse(f"height {height}, width {width}", "both are above 0")
        return [height, width]
    if zoom == shrink == 1:
        return None
    one = op.constant(1, i64)
    gaps = op.Subtract(op.Gather(op.ShapeOf(x, output_type="i64"), op.constant([2, 3], i64), op.constant(0, i64)), one)
    gaps = op.Divide(gaps, op.constant(shrink, i64)) if shrink > 1 else gaps
    return op.Add(op.Multiply(gaps, op.constant(zoom, i64)) if zoom > 1 else gaps, one)


def _bilinear(op: Builder, x: Value, size: list[int] | Value, where: str) -> Value:
    y: Value = op.Interpolate(
        x, size if isinstance(size, Value) else op.constant(size, i64), op.constant([2, 3], i64), mode="linear_onnx",
        shape_calculation_mode="sizes", coordinate_transformation_mode=where,
    )  # fmt: skip
    return y


@layers("Accum")
def accum(layer: Layer, op: Builder, x: Value, *rest: Value) -> Value:
    """All bottoms brought to one size as Interp does, and joined along the channels."""
    bottoms = [x, *rest]
    for bottom in bottoms:
        rank_of(layer, bottom, 4)
    sizes = [[channels(layer, bottom, axis) for axis in (2, 3)] for bottom in bottoms]
    if layer.get("accum_param.have_reference", False):
        if not rest:
            raise layer.refuse("the reference is its only bottom")
        for name in ("top_height", "top_width", "size_divisible_by"):
            layer.ignore(f"accum_param.{name}")
        size = sizes[-1]
        bottoms, sizes = bottoms[:-1], sizes[:-1]
    else:
        size = _accum_size(layer, sizes)
    if min(size) < 2:
        raise layer.refuse(f"bottoms brought to {size[0]} x {size[1]}", "Caffe then divides by 0")
    resized = [
        b if own == size else _bilinear(op, b, size, "align_corners") for b, own in zip(bottoms, sizes, strict=True)
    ]
    return resized[0] if len(resized) == 1 else op.Concat(*resized, axis=1)


def _accum_size(layer: Layer, sizes: list[list[int]]) -> list[int]:
    """The largest height and width of the bottoms, or the given ones where both are larger."""
    largest = [max(column) for column in zip(*sizes, strict=True)]
    given = [layer.get("accum_param.top_height", 0), layer.get("accum_param.top_width", 0)]
    if layer.has("accum_param.size_divisible_by"):
        by = layer.positive("accum_param.size_divisible_by")
        given = [math.ceil(n / by) * by for n in largest]
    return given if all(g > n for g, n in zip(given, largest, strict=True)) else largest


@layers("Upsample")
def upsample(layer: Layer, op: Builder, x: Value, mask: Value | None = None) -> Value:
    """One bottom: each pixel ``scale`` x ``scale`` times. With Pooling's mask: each number back where it was found."""
    rank_of(layer, x, 4)
    if mask is not None:
        return _unpooled(layer, op, x, mask)
    if not layer.has("upsample_param.scale"):
        raise layer.refuse(
            "one bottom and no `scale`: forks fill the new pixels in different ways",
            "give `scale` for copies of each pixel, or the mask of the pooling as second bottom",
        )
    scale = layer.positive("upsample_param.scale")
    if scale == 1:
        return x
    y: Value = op.Interpolate(
        x, op.constant([float(scale)] * 2, f32), op.constant([2, 3], i64), mode="nearest",
        shape_calculation_mode="scales", coordinate_transformation_mode="asymmetric", nearest_mode="floor",
    )  # fmt: skip
    return y


def _unpooled(layer: Layer, op: Builder, x: Value, mask: Value) -> Value:
    rank_of(layer, mask, 4)
    same_shape(layer, x, mask)
    height, width = _unpooled_size(layer, [channels(layer, x, axis) for axis in (2, 3)])
    flat = op.constant([0, 0, -1], i64)
    places = op.Convert(op.Reshape(mask, flat, special_zero=True), destination_type="i32")
    some = op.Gather(op.ShapeOf(x, output_type="i64"), op.constant([0, 1], i64), op.constant(0, i64))
    shape = op.Concat(some, op.constant([height * width], i64), axis=0)
    zeros = op.Broadcast(op.constant(0.0, f32), shape)
    put = op.ScatterElementsUpdate(zeros, places, op.Reshape(x, flat, special_zero=True), op.constant(2, i32))
    y: Value = op.Reshape(put, op.constant([0, 0, height, width], i64), special_zero=True)
    return y


def _unpooled_size(layer: Layer, size: list[int]) -> list[int]:
    names = ("upsample_h", "upsample_w", "scale", "scale_h", "scale_w")
    has = {name: layer.has(f"upsample_param.{name}") for name in names}
    if not any(has.values()):
        raise layer.refuse(
            "two bottoms and no size: forks take the second for a mask, or for the image to enlarge",
            "upsample_h and upsample_w, or scale, say that it is the mask of a pooling",
        )
    given = [layer.get(f"upsample_param.upsample_{side}", 0) for side in "hw"]
    scale = layer.get("upsample_param.scale", 2)
    scales = [layer.get(f"upsample_param.scale_{side}", scale) for side in "hw"]
    pads = [layer.get(f"upsample_param.pad_out_{side}", False) for side in "hw"]
    if has["upsample_h"] and has["upsample_w"]:
        if min(given) < 2:
            raise layer.refuse(f"upsample_h and upsample_w {given}", "Caffe takes numbers above 1")
        return given
    if has["scale_h"] != has["scale_w"] or (has["scale"] and has["scale_h"]) or min(scales) < 2:
        raise layer.refuse("the size is not given", "upsample_h and upsample_w, or scale, or scale_h and scale_w")
    if any(pad and s != 2 for pad, s in zip(pads, scales, strict=True)):
        raise layer.refuse("pad_out with a scale other than 2", "Caffe does not take it")
    return [n * s - int(pad) for n, s, pad in zip(size, scales, pads, strict=True)]


@layers("Resample")
def resample(layer: Layer, op: Builder, x: Value, like: Value | None = None) -> Value:
    """Pixels picked (NEAREST), or weighed by a triangle (LINEAR) or a cubic (CUBIC), wider where the image shrinks."""
    rank_of(layer, x, 4)
    kind = layer.get("resample_param.type", "LINEAR")
    antialias = layer.get("resample_param.antialias", True)
    before = [channels(layer, x, axis) for axis in (2, 3)]
    after = _resample_size(layer, like, before, kind)
    if before == after:
        return x
    if max(after) > _MOST or (kind != "NEAREST" and max(n * m for n, m in zip(before, after, strict=True)) > _MOST):
        raise layer.refuse(f"{before} pixels to {after}", "a table of more than 2^26 numbers would be needed")
    ratios = [np.asarray(n, np.float32) / np.asarray(m, np.float32) for n, m in zip(before, after, strict=True)]
    if kind == "NEAREST":
        return _picked(layer, op, x, before, after, ratios)
    if kind not in ("LINEAR", "CUBIC"):
        raise layer.refuse(f"type {kind}", "Caffe computes NEAREST, LINEAR and CUBIC only")
    if kind == "LINEAR" and ratios[0] == ratios[1] <= 1:
        return _bilinear(op, x, after, "half_pixel")
    smooth = bool(antialias and max(ratios) > 1)
    rows, columns = (_weights(before[i], after[i], ratios[i], ratios[1 - i], kind == "CUBIC", smooth) for i in (0, 1))
    y: Value = op.MatMul(op.constant(rows), op.MatMul(x, op.constant(columns), transpose_b=True))
    return y


def _resample_size(layer: Layer, like: Value | None, size: list[int], kind: str) -> list[int]:
    height, width = layer.get("resample_param.height", 0), layer.get("resample_param.width", 0)
    factor = layer.get("resample_param.factor", 1.0)
    if like is not None:
        rank_of(layer, like, 4)
        return [channels(layer, like, axis) for axis in (2, 3)]
    if not height and not width and factor != 1:
        if kind != "NEAREST" or not 1 <= factor < _MOST or factor != int(factor):
            raise layer.refuse(f"the factor {factor} for {kind}", "FlowNet2 reads height and width only: give them")
        return [int(n * factor) for n in size]
    if height < 1 or width < 1 or factor != 1:
        raise layer.refuse(f"height {height}, width {width}, factor {factor}", "give height and width, both above 0")
    return [height, width]


def _centres(after: int, ratio: Any, other: Any) -> Array:
    """Where each new pixel lies in the old image; Caffe takes the half of the *other* axis's ratio."""
    half, two = np.float32(0.5), np.float32(2)
    found: Array = np.arange(after, dtype=np.float32) * ratio + other / two - half
    return found


def _rounded(x: Array) -> Array:
    """To the nearest whole number, halves away from zero."""
    found: Array = np.copysign(np.floor(np.abs(x) + np.float32(0.5)), x).astype(np.int64)
    return found


def _picked(
    layer: Layer, op: Builder, x: Value, before: list[int], after: list[int], ratios: Sequence[Any]
) -> Value:  # fmt: skip
    for i in (0, 1):
        places = _rounded(_centres(after[i], ratios[i], ratios[1 - i]))
        if places.min() < 0 or places.max() >= before[i]:
            raise layer.refuse(f"{before} pixels to {after}", "Caffe then reads beyond the image")
        x = op.Gather(x, op.constant(places), op.constant(2 + i, i64))
    return x


def _weights(before: int, after: int, ratio: Any, other: Any, cubic: bool, smooth: bool) -> Array:
    """The share of each old pixel in each new one, [after, before]."""
    centres = _centres(after, ratio, other)
    one = np.float32(1)
    sharp = one / (ratio if smooth else one)
    reach = 2 if ratio < 1 else math.ceil(np.float32(4 if cubic else 2) / sharp)
    pixels = np.arange(before)
    near = np.abs(pixels[None] - _rounded(centres)[:, None]) <= reach
    x = np.abs(sharp * (centres[:, None] - pixels[None].astype(np.float32)))
    if cubic:
        inner, outer = x * x * (1.5 * x - 2.5) + 1, x * (x * (-0.5 * x + 2.5) - 4) + 2
        share = np.where(x <= 1, inner, np.where(x < 2, outer, 0))
    else:
        share = np.where(x <= 1, 1 - x, 0)
    share = np.where(near, share, 0).astype(np.float32)
    total = share.sum(1, keepdims=True)
    found: Array = np.where(total == 0, 0, share / np.where(total == 0, one, total)).astype(np.float32)
    return found
