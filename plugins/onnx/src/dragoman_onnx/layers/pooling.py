"""Pooling over windows and over whole feature maps."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from dragoman.builder import Builder
from dragoman.frontends.extract import Extractors, Layer
from dragoman.graph.graph import Value
from dragoman.graph.types import i64
from dragoman_onnx.layers.convolution import pads
from dragoman_onnx.layers.sizes import converted, dims, known_dim, rank_of, static_shape
from dragoman_onnx.layers.slice import cut

layers = Extractors("onnx")
#: the size at which the CPU plugin compiles a dimension that is not known
_GUESS = 64


def _window(layer: Layer, x: Value) -> dict[str, Any]:
    """Attributes of OpenVINO's newest pooling ops.

    ONNX lets no window start in the padding behind the data (said since opset 19 and 22, done by onnxruntime for all
    versions): that is the rounding ``ceil_torch``.
    """
    kernel = tuple(layer.require("kernel_shape"))
    count = len(kernel)
    if not 1 <= count <= 3:
        raise layer.refuse(f"pooling over {count} dimensions", "OpenVINO pools over 1, 2 or 3")
    strides, dilations = (tuple(layer.get(n, None) or (1,) * count) for n in ("strides", "dilations"))
    if len(strides) != count or len(dilations) != count:
        raise layer.refuse("strides or dilations do not fit kernel_shape", "the model is not valid")
    rounding = "ceil_torch" if layer.get("ceil_mode", 0) else "floor"
    around = pads(layer, count)
    if around["auto_pad"].startswith("same"):
        _check_same(layer, x, kernel, strides, dilations)
    for i in range(count):
        extent, room = (kernel[i] - 1) * dilations[i] + 1, around["pads_begin"][i] + around["pads_end"][i] + _GUESS
        if dilations[i] > 1 and extent > room and known_dim(x, i + 2) is None:
            raise layer.refuse(
                f"a window over {extent} places of an unknown number",
                "the CPU plugin compiles it only over a known size: give it with --shape",
            )
    return {"kernel": kernel, "strides": strides, "dilations": dilations, "rounding_type": rounding, **around}


def _check_same(
    layer: Layer, x: Value, kernel: Sequence[int], strides: Sequence[int], dilations: Sequence[int]
) -> None:
    """Refuses pads of -2 and less, where windows lie further apart than they are wide: nobody agrees on them."""
    for i, (size, stride, dilation) in enumerate(zip(kernel, strides, dilations, strict=True)):
        extent, length = (size - 1) * dilation + 1, known_dim(x, i + 2)
        total = extent - stride if length is None else (-(-length // stride) - 1) * stride + extent - length
        if total < -1:
            raise layer.refuse("SAME pads with windows further apart than they are wide", "set pads")


@layers("AveragePool")
def average_pool(layer: Layer, op: Builder, x: Value) -> Value:
    """AveragePool(X): mean over windows; padding counts with count_include_pad only."""
    included = bool(layer.get("count_include_pad", 0))
    attributes = _window(layer, x)
    padded = any(attributes["pads_begin"]) or any(attributes["pads_end"])
    if included and padded and attributes["rounding_type"] != "floor":
        return _average_with_padding(layer, op, x, attributes)
    y: Value = op.AvgPool(x, exclude_pad=not included, **attributes)
    return y


def _average_with_padding(layer: Layer, op: Builder, x: Value, attributes: dict[str, Any]) -> Value:
    """Zeros put around the data beforehand, as a last window that overhangs them counts only what it has of them.

    The runtime divides by the whole window there.
    """
    windows = _overhanging(layer, x, attributes)
    lead = [0, 0]
    begin, end = ([*lead, *attributes[k]] for k in ("pads_begin", "pads_end"))
    x = op.Pad(x, op.constant(begin, i64), op.constant(end, i64), op.constant(0, x.dtype), pad_mode="constant")
    none = (0,) * len(windows)
    y = op.AvgPool(x, exclude_pad=True, **attributes | {"pads_begin": none, "pads_end": none})
    for axis, (count, _) in enumerate(windows, 2):
        if known_dim(y, axis) != count:
            y = cut(op, y, 0, count, axis)
    return y


def _overhanging(layer: Layer, x: Value, attributes: dict[str, Any]) -> list[tuple[int, int]]:
    """(number of windows in the ceil mode, places that the last one needs beyond the data), dimension by dimension."""
    found = []
    for i, kernel in enumerate(attributes["kernel"]):
        size = known_dim(x, i + 2)
        if size is None:
            raise layer.refuse("ceil_mode over padding that counts, of an image of unknown size", "fix the shape")
        begin, end, stride = (attributes[k][i] for k in ("pads_begin", "pads_end", "strides"))
        extent = (kernel - 1) * attributes["dilations"][i] + 1
        steps = -(-(size + begin + end - extent) // stride)
        if steps * stride >= size + begin:
            steps -= 1
        found.append((steps + 1, max(steps * stride + extent - size - begin, 0)))
    return found


@layers("MaxPool")
def max_pool(layer: Layer, op: Builder, x: Value) -> tuple[Value, ...]:
    """MaxPool(X): maximum over windows, and its index in the whole flattened tensor."""
    column_major = bool(layer.get("storage_order", 0))
    attributes = _window(layer, x)
    if layer.wants(1) and attributes["auto_pad"].startswith("same"):
        attributes |= _same_pads(layer, x, attributes)
    y, indices = op.MaxPool(x, index_element_type="i64", axis=0, **attributes)
    if not layer.wants(1):
        return (y,)
    return y, _column_major(layer, op, x, indices) if column_major else indices


def _same_pads(layer: Layer, x: Value, attributes: dict[str, Any]) -> dict[str, Any]:
    """SAME written as pads: with indices the CPU plugin gets them wrong in dimensions of unknown size."""
    begin, end = [], []
    for i, (kernel, stride, dilation) in enumerate(
        zip(attributes["kernel"], attributes["strides"], attributes["dilations"], strict=True)
    ):
        size, extent = known_dim(x, i + 2), (kernel - 1) * dilation + 1
        if size is None and stride > 1:
            raise layer.refuse("indices of windows padded by a size that is not known", "give the shape with --shape")
        total = max(extent - 1 if size is None else (-(-size // stride) - 1) * stride + extent - size, 0)
        begin.append(total // 2 if attributes["auto_pad"] == "same_upper" else total - total // 2)
        end.append(total - begin[-1])
    return {"pads_begin": tuple(begin), "pads_end": tuple(end), "auto_pad": "explicit", "rounding_type": "floor"}


def _column_major(layer: Layer, op: Builder, x: Value, indices: Value) -> Value:
    """The spatial part of flat indices counted with the first dimension running fastest."""
    sizes = [known_dim(x, i) for i in range(2, rank_of(layer, x))]
    known = [s for s in sizes if s is not None]
    if len(known) != len(sizes):
        raise layer.refuse("column-major indices of an image of unknown size", "fix the input's shape with --shape")
    inner = math.prod(known)
    rest = op.FloorMod(indices, op.constant(inner, i64))
    out = op.Subtract(indices, rest)
    weight = 1
    step = inner
    for size in known:
        step //= size
        place = op.FloorMod(op.Divide(rest, op.constant(step, i64)), op.constant(size, i64))
        out = op.Add(out, op.Multiply(place, op.constant(weight, i64)))
        weight *= size
    return out


@layers("LpPool")
def lp_pool(layer: Layer, op: Builder, x: Value) -> Value:
    """LpPool(X): p-norm over windows, padding being zeros: the mean of |x|^p times the size of the window."""
    p = float(layer.get("p", 2))
    if not p > 0:
        raise layer.refuse(f"a norm of order {p:g}", "the model is not valid")
    attributes = _window(layer, x)
    if attributes["rounding_type"] != "floor":
        attributes |= _whole_windows(layer, x, attributes)
    powers = op.Multiply(x, x) if p == 2 else op.Abs(x)
    if p not in (1, 2):
        powers = op.Power(powers, op.constant(p, x.dtype))
    mean = op.AvgPool(powers, exclude_pad=False, **attributes)
    total = op.Multiply(mean, op.constant(float(math.prod(attributes["kernel"])), x.dtype))
    return _root(op, total, p)


def _root(op: Builder, x: Value, p: float) -> Value:
    if p == 1:
        return x
    root: Value = op.Sqrt(x) if p == 2 else op.Power(x, op.constant(1 / p, x.dtype))
    return root


def _whole_windows(layer: Layer, x: Value, attributes: dict[str, Any]) -> dict[str, Any]:
    """Pads at the end that make the last window of the ceil mode whole, so that the mode is not needed."""
    if attributes["auto_pad"].startswith("same"):
        return {"rounding_type": "floor"}
    ends = tuple(beyond for _, beyond in _overhanging(layer, x, attributes))
    return {"rounding_type": "floor", "auto_pad": "explicit", "pads_end": ends}


def _spatial_axes(layer: Layer, op: Builder, x: Value) -> Value:
    return op.constant(list(range(2, rank_of(layer, x))), i64)


@layers("GlobalAveragePool")
def global_average_pool(layer: Layer, op: Builder, x: Value) -> Value:
    """GlobalAveragePool(X): mean over all spatial dimensions, which stay as 1."""
    y: Value = op.ReduceMean(x, _spatial_axes(layer, op, x), keep_dims=True)
    return y


@layers("GlobalMaxPool")
def global_max_pool(layer: Layer, op: Builder, x: Value) -> Value:
    """GlobalMaxPool(X): maximum over all spatial dimensions, which stay as 1."""
    y: Value = op.ReduceMax(x, _spatial_axes(layer, op, x), keep_dims=True)
    return y


@layers("GlobalLpPool")
def global_lp_pool(layer: Layer, op: Builder, x: Value) -> Value:
    """GlobalLpPool(X): p-norm over all spatial dimensions, which stay as 1."""
    p = float(layer.get("p", 2))
    axes = _spatial_axes(layer, op, x)
    if p in (1, 2):
        y: Value = op.make("ReduceL1" if p == 1 else "ReduceL2", x, axes, keep_dims=True)
        return y
    powers = op.Power(op.Abs(x), op.constant(p, x.dtype))
    return _root(op, op.ReduceSum(powers, axes, keep_dims=True), p)


@layers("MaxUnpool")
def max_unpool(layer: Layer, op: Builder, x: Value, indices: Value, output_shape: Value | None = None) -> Value:
    """MaxUnpool(X, I, output_shape): the values at their flat indices in zeros of the shape before pooling.

    The indices count in the shape that the attributes give; a larger output_shape adds zeros behind.
    """
    kernel = layer.require("kernel_shape")
    count = len(kernel)
    strides = layer.get("strides", None) or [1] * count
    shape = static_shape(layer, x, "the data")
    if len(strides) != count or len(shape) != count + 2:
        raise layer.refuse(f"kernel_shape {kernel} with strides {strides} over {x.type}", "the model is not valid")
    if output_shape is not None:
        layer.ignore("pads")
        begin = end = (0,) * count
    else:
        found = pads(layer, count)
        begin, end = found["pads_begin"], found["pads_end"]
    sizes = [(n - 1) * s + k - b - e for n, s, k, b, e in zip(shape[2:], strides, kernel, begin, end, strict=True)]
    whole = [*shape[:2], *sizes]
    zeros = op.Broadcast(op.constant(0, x.dtype), op.constant([math.prod(whole)], i64))
    flat = op.constant([-1], i64)
    written = op.ScatterElementsUpdate(
        zeros, op.Reshape(indices, flat), op.Reshape(x, flat), op.constant(0, i64), reduction="none"
    )
    y: Value = op.Reshape(written, op.constant(whole, i64))
    if output_shape is None:
        return y
    missing = op.Subtract(converted(op, output_shape, i64), dims(op, y))
    return op.Pad(y, op.constant([0] * len(whole), i64), missing, op.constant(0, x.dtype), pad_mode="constant")  # type: ignore[no-any-return]


@layers("MaxRoiPool")
def max_roi_pool(layer: Layer, op: Builder, x: Value, rois: Value) -> Value:
    """MaxRoiPool(X, rois): maximum over the cells of regions (batch, x1, y1, x2, y2)."""
    pooled = tuple(layer.require("pooled_shape"))
    if len(pooled) != 2:
        raise layer.refuse(f"pooled_shape {list(pooled)}", "two numbers are needed")
    scale = layer.get("spatial_scale", 1.0)
    if scale != 1:  # the product in single precision decides which way a half is rounded
        rois = op.Multiply(rois, op.constant([[1.0, scale, scale, scale, scale]], rois.dtype))
    sizes = {"output_size": pooled, "output_roi": pooled, "pooled_h": pooled[0], "pooled_w": pooled[1]}
    y: Value = op.ROIPooling(x, rois, spatial_scale=1.0, method="max", **sizes)
    return y
