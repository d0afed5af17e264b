"""Convolutions, forward, transposed and deformable."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dragoman.builder import Builder
from dragoman.frontends.extract import Extractors, Layer
from dragoman.graph.graph import Value
from dragoman.graph.types import i64
from dragoman_onnx.layers.sizes import along, dim, known_dim, rank_of, static_shape, vector

layers = Extractors("onnx")

_AUTO_PADS = {
    "NOTSET": "explicit",
    "": "explicit",
    "VALID": "valid",
    "SAME_UPPER": "same_upper",
    "SAME_LOWER": "same_lower",
}


def window(layer: Layer, count: int) -> dict[str, Any]:
    """strides, dilations, pads and auto_pad of a layer with ``count`` spatial dimensions, as OpenVINO takes them."""
    found: dict[str, Any] = {
        "strides": _sized(layer, "strides", count, 1),
        "dilations": _sized(layer, "dilations", count, 1),
        **pads(layer, count),
    }
    return found


def pads(layer: Layer, count: int) -> dict[str, Any]:
    """pads_begin, pads_end and auto_pad; explicit pads count in the mode NOTSET only."""
    mode = layer.get("auto_pad", "NOTSET")
    if mode not in _AUTO_PADS:
        raise layer.refuse(f"auto_pad {mode!r} is unknown", "the model is not valid")
    given = _sized(layer, "pads", 2 * count, 0)
    explicit = given if _AUTO_PADS[mode] == "explicit" else (0,) * (2 * count)
    if any(p < 0 for p in explicit):
        raise layer.refuse(f"pads {list(explicit)} are negative", "slice the input before the layer")
    return {"pads_begin": explicit[:count], "pads_end": explicit[count:], "auto_pad": _AUTO_PADS[mode]}


def _sized(layer: Layer, name: str, count: int, default: int) -> tuple[int, ...]:
    given = tuple(layer.get(name, None) or (default,) * count)
    if len(given) != count:
        raise layer.refuse(f"{name} has {len(given)} numbers, and {count} are needed", "the model is not valid")
    return given


def spatial_count(layer: Layer, x: Value, w: Value) -> int:
    """Number of spatial dimensions of a convolution, 1 to 3; checks ``kernel_shape`` against the weights."""
    kernel = layer.get("kernel_shape", None)
    count = len(kernel) if kernel else rank_of(layer, x if x.rank is not None else w, "the data") - 2
    if not 1 <= count <= 3:
        raise layer.refuse(f"a convolution over {count} dimensions", "OpenVINO convolves over 1, 2 or 3")
    if kernel and w.shape is not None:
        held = w.shape[2:]
        if len(held) != count or any(isinstance(h, int) and h != k for h, k in zip(held, kernel, strict=True)):
            raise layer.refuse(
                f"kernel_shape {list(kernel)} does not fit the weights {w.type}", "the model is not valid"
            )
    static_shape(layer, w, "the filters")  # no device convolves with filters of unknown size
    return count


def group_of(layer: Layer) -> int:
    """The number of groups; refuses one below 1."""
    group: int = layer.get("group", 1)
    if group < 1:
        raise layer.refuse(f"{group} groups", "the model is not valid")
    return group


def grouped(op: Builder, w: Value, group: int) -> Value:
    """Weights (A, B, spatial) as (group, A/group, B, spatial)."""
    first = known_dim(w, 0)
    rest = [dim(op, w, i) for i in range(1, w.rank or 0)]
    lead = -1 if first is None else first // group
    sizes = [known_dim(w, i) for i in range(1, w.rank or 0)]
    shape: list[int | Value] = [group, lead, *(r if s is None else s for r, s in zip(rest, sizes, strict=True))]
    found: Value = op.Reshape(w, vector(op, shape))
    return found


def with_bias(op: Builder, y: Value, bias: Value | None, count: int) -> Value:
    """The bias, a vector over the channels, added."""
    if bias is None:
        return y
    found: Value = op.Add(y, op.Reshape(bias, along(1, count + 2)))
    return found


@layers("Conv")
def conv(layer: Layer, op: Builder, x: Value, w: Value, bias: Value | None = None) -> Value:
    """Conv(X, W, B): convolution of N, C, spatial with filters M, C/group, spatial."""
    y, count = convolved(layer, op, x, w)
    return with_bias(op, y, bias, count)


def convolved(layer: Layer, op: Builder, x: Value, w: Value) -> tuple[Value, int]:
    """The convolution by the layer's attributes, and its number of spatial dimensions."""
    count = spatial_count(layer, x, w)
    attributes = window(layer, count)
    group = group_of(layer)
    strides = attributes["strides"]
    points = all(known_dim(w, i + 2) == 1 for i in range(count)) and any(s > 1 for s in strides)
    skipped = points and any((*attributes["pads_begin"], *attributes["pads_end"]))
    if skipped:  # the runtime moves the strides of filters of one point in front of the padding
        attributes["strides"] = (1,) * count
    if group == 1:
        y = op.Convolution(x, w, **attributes)
    else:
        y = op.GroupConvolution(x, grouped(op, w, group), **attributes)
    return (_every(op, y, strides) if skipped else y), count


def _every(op: Builder, y: Value, strides: Sequence[int]) -> Value:
    """The first place of every stride."""
    count = len(strides)
    bounds = ([0] * count, [(1 << 31) - 1] * count, strides, range(2, count + 2))
    found: Value = op.Slice(y, *(op.constant(list(v), i64) for v in bounds))
    return found


@layers("ConvTranspose")
def conv_transpose(layer: Layer, op: Builder, x: Value, w: Value, bias: Value | None = None) -> Value:
    """ConvTranspose(X, W, B): gradient of a convolution; filters C, M/group, spatial.

    With ``output_shape`` or SAME the pads follow from the sizes (the formulas of the operator's specification).
    """
    count = spatial_count(layer, x, w)
    attributes = window(layer, count)
    extra = _sized(layer, "output_padding", count, 0)
    wanted = layer.get("output_shape", None)
    group = group_of(layer)
    if wanted or attributes["auto_pad"].startswith("same"):
        attributes |= _fitted(layer, x, w, attributes, extra, wanted)
    else:
        attributes |= {"output_padding": extra, "auto_pad": "explicit"}
    if group == 1:
        y = op.ConvolutionBackpropData(x, w, **attributes)
    else:
        y = op.GroupConvolutionBackpropData(x, grouped(op, w, group), **attributes)
    return with_bias(op, y, bias, count)


def _fitted(
    layer: Layer, x: Value, w: Value, attributes: dict[str, Any], extra: Sequence[int], wanted: Sequence[int] | None
) -> dict[str, Any]:
    """Explicit pads that give the wanted size (stride times the input's where none is)."""
    upper = attributes["auto_pad"] == "same_upper"
    begin, end, padding = [], [], []
    if wanted and len(wanted) == len(extra) + 2:
        wanted = wanted[2:]
    for i, (stride, dilation, more) in enumerate(
        zip(attributes["strides"], attributes["dilations"], extra, strict=True)
    ):
        kernel, size = known_dim(w, i + 2), known_dim(x, i + 2)
        if kernel is None or (wanted and size is None):
            raise layer.refuse("the pads depend on sizes that are not known", "fix the input's shape with --shape")
        # without output_shape the size of the input cancels out
        total = (kernel - 1) * dilation + 1 + more
        total += stride * ((size or 0) - 1) - wanted[i] if wanted else -stride
        if total < 0 and not wanted:
            raise layer.refuse("SAME pads with a kernel smaller than the stride", "set pads and output_padding")
        padding.append(more + max(0, -total))
        total = max(0, total)
        begin.append(total // 2 if upper else total - total // 2)
        end.append(total - begin[-1])
    return {"pads_begin": begin, "pads_end": end, "output_padding": padding, "auto_pad": "explicit"}


@layers("DeformConv")
def deform_conv(
    layer: Layer,
    op: Builder,
    x: Value,
    w: Value,
    offset: Value,
    bias: Value | None = None,
    mask: Value | None = None,
) -> Value:
    """DeformConv(X, W, offset, B, mask): 2-d convolution whose taps are moved by offsets and weighed by a mask."""
    count = spatial_count(layer, x, w)
    if count != 2:
        raise layer.refuse(f"DeformConv over {count} dimensions", "OpenVINO has it for 2")
    attributes = window(layer, count)
    attributes |= {"group": group_of(layer), "deformable_group": layer.get("offset_group", 1)}
    inputs = [x, offset, w] if mask is None else [x, offset, w, mask]
    y = op.DeformableConvolution(*inputs, bilinear_interpolation_pad=True, **attributes)
    return with_bias(op, y, bias, count)


@layers("CausalConvWithState")
def causal_conv_with_state(
    layer: Layer, op: Builder, x: Value, w: Value, bias: Value | None = None, past: Value | None = None
) -> tuple[Value, Value]:
    """CausalConvWithState(input, weight, bias, past_state): depthwise 1-d convolution over what was seen so far.

    Returns the output and the state to carry on: the last k - 1 positions of the input.
    """
    activation = layer.get("activation", "none")
    if activation not in ("none", "silu", "swish"):
        raise layer.refuse(f"activation {activation!r}", "none, silu and swish are known")
    kernel, channels = known_dim(w, 2), known_dim(w, 0)
    if kernel is None or channels is None:
        raise layer.refuse("the shape of the weights is unknown", "make them an initializer")
    if past is None:
        zeros = vector(op, [dim(op, x, 0), channels, kernel - 1])
        past = op.Broadcast(op.constant(0.0, x.dtype), zeros)
    seen = op.Concat(past, x, axis=2)
    y = op.GroupConvolution(
        seen, op.Reshape(w, [channels, 1, 1, kernel]), strides=(1,), dilations=(1,), pads_begin=(0,), pads_end=(0,)
    )
    y = with_bias(op, y, bias, 1)
    if activation != "none":
        y = op.Swish(y)
    axis = op.constant([2], i64)
    stop = dim(op, seen, 2)
    start = op.Subtract(stop, op.constant([kernel - 1], i64))
    return y, op.Slice(seen, start, stop, op.constant([1], i64), axis)
