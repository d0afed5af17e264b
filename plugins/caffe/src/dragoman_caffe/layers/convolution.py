"""Convolutions, forward and transposed, over 1 to 3 dimensions; several bottoms share the weights.

Behaviour: BVLC Caffe's ``base_conv_layer.cpp``, ``conv_layer.cpp``, ``deconv_layer.cpp``; ``ConvolutionDepthwise`` and
``DepthwiseConvolution`` of the MobileNet forks.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from dragoman.builder import Builder
from dragoman.frontends.extract import Extractors, Layer
from dragoman.graph.graph import Value
from dragoman.graph.tensor import ReshapeView
from dragoman.graph.types import Dim, i64
from dragoman_caffe.blobs import blob, expect, tensor_of
from dragoman_caffe.shapes import axis_of, channels, rank_of

layers = Extractors("caffe")

_PARAM = "convolution_param."


@dataclasses.dataclass(frozen=True)
class Window:
    """Kernel, strides, pads and dilations, one number for each spatial dimension."""

    kernel: tuple[int, ...]
    strides: tuple[int, ...]
    pads: tuple[int, ...]
    dilations: tuple[int, ...]

    @property
    def extents(self) -> tuple[int, ...]:
        """How far a dilated kernel reaches."""
        return tuple(d * (k - 1) + 1 for k, d in zip(self.kernel, self.dilations, strict=True))

    @property
    def skips(self) -> bool:
        """It is a single point that does not visit every element."""
        return max(self.kernel, default=2) == 1 and max(self.strides) > 1

    @property
    def attributes(self) -> dict[str, Any]:
        """As OpenVINO's convolutions take them."""
        return {
            "strides": self.strides, "pads_begin": self.pads, "pads_end": self.pads, "dilations": self.dilations,
            "auto_pad": "explicit",
        }  # fmt: skip


def window_of(layer: Layer, count: int) -> Window:
    """The window that ``convolution_param`` describes for ``count`` spatial dimensions, held to Caffe's checks."""
    layer.ignore(_PARAM + "force_nd_im2col")
    window = Window(
        _numbers(layer, count, "kernel", "kernel_size", 0),
        _numbers(layer, count, "stride", "stride", 1),
        _numbers(layer, count, "pad", "pad", 0),
        _spread(layer, count, "dilation", 1),
    )
    for what, numbers, least in (
        ("kernel", window.kernel, 1), ("stride", window.strides, 1), ("pad", window.pads, 0),
        ("dilation", window.dilations, 1),
    ):  # fmt: skip
        if any(n < least for n in numbers):
            given = any(layer.has(f"{_PARAM}{what}_{side}") for side in "hw")
            hint = f"{what}_h and {what}_w go together" if given else ""
            raise layer.refuse(f"{what} {list(numbers)}: every number must be at least {least}", hint)
    return window


def pads_behind(layer: Layer, sizes: Sequence[Dim], window: Window) -> tuple[int, ...]:
    """Pads at the end; Caffe rounds (in + 2 pad - kernel) / stride towards 0, so a kernel may reach beyond them."""
    ends = []
    for size, extent, stride, pad in zip(sizes, window.extents, window.strides, window.pads, strict=False):
        missing = extent - size - 2 * pad if isinstance(size, int) else 0
        if missing >= stride:
            raise layer.refuse(f"a kernel that reaches over {extent} in a padded image of {extent - missing}")
        ends.append(pad + max(missing, 0))
    return tuple(ends)


def _numbers(layer: Layer, count: int, what: str, listed: str, default: int) -> tuple[int, ...]:
    names = (f"{_PARAM}{what}_h", f"{_PARAM}{what}_w")
    if not any(layer.has(n) for n in names):
        return _spread(layer, count, listed, default)
    if count != 2:
        raise layer.refuse(f"{what}_h and {what}_w are for 2 spatial dimensions, and the bottom has {count}")
    if layer.get(_PARAM + listed, []):
        raise layer.refuse(f"{listed} and {what}_h/{what}_w are both given", "give one of them")
    return tuple(layer.get(n, 0) for n in names)


def _spread(layer: Layer, count: int, listed: str, default: int) -> tuple[int, ...]:
    given = list(layer.get(_PARAM + listed, []))
    if listed == "kernel_size" and not given and count:
        raise layer.refuse("kernel_size is missing")
    if len(given) not in (0, 1, count):
        raise layer.refuse(f"{listed} has {len(given)} numbers for {count} spatial dimensions")
    given = given or [default]
    return tuple(given * count if len(given) == 1 else given)


@dataclasses.dataclass(frozen=True)
class _Plan:
    """What all the bottoms of a convolution share."""

    window: Window
    axis: int
    inputs: int
    outputs: int
    group: int


def _plan(layer: Layer, bottoms: Sequence[Value], depthwise: bool = False) -> _Plan:
    x = bottoms[0]
    rank = rank_of(layer, x)
    if any(other.shape != x.shape for other in bottoms[1:]):
        raise layer.refuse(f"bottoms of different shapes: {', '.join(str(b.type) for b in bottoms)}",
                           "all that share the weights must have one shape")  # fmt: skip
    if len(bottoms) != len(layer.outputs):
        raise layer.refuse(f"{len(bottoms)} bottoms and {len(layer.outputs)} tops", "each bottom makes one top")
    axis = axis_of(layer, _PARAM + "axis", 1, rank)
    inputs = channels(layer, x, axis)
    count = rank - axis - 1
    if count > 3:
        raise layer.refuse(f"a convolution over {count} dimensions", "OpenVINO convolves over 1, 2 or 3")
    outputs = layer.get(_PARAM + "num_output", inputs if depthwise else 0)
    group = layer.get(_PARAM + "group", inputs if depthwise else 1)
    if outputs < 1:
        raise layer.refuse("num_output is missing or 0")
    if group < 1 or inputs % group or outputs % group:
        raise layer.refuse(f"{inputs} channels in and {outputs} out cannot be divided into {group} groups")
    return _Plan(window_of(layer, count), axis, inputs, outputs, group)


@layers("Convolution")
def convolution(layer: Layer, op: Builder, x: Value, *rest: Value) -> tuple[Value, ...]:
    """Correlation of each bottom with the weights [outputs, inputs / group, kernel], plus a bias a channel."""
    bottoms = (x, *rest)
    return _convolved(layer, op, bottoms, _plan(layer, bottoms))


@layers("ConvolutionDepthwise")
@layers("DepthwiseConvolution")
def depthwise_convolution(layer: Layer, op: Builder, x: Value, *rest: Value) -> tuple[Value, ...]:
    """Convolution of each channel by itself, with weights [channels, 1, kernel]."""
    bottoms = (x, *rest)
    plan = _plan(layer, bottoms, depthwise=True)
    if layer.op == "ConvolutionDepthwise":  # it reads no group, and makes as many channels as it gets
        if plan.outputs != plan.inputs:
            raise layer.refuse(f"num_output {plan.outputs} of a depthwise convolution of {plan.inputs} channels")
        plan = dataclasses.replace(plan, group=plan.inputs)
    return _convolved(layer, op, bottoms, plan)


def _convolved(layer: Layer, op: Builder, bottoms: Sequence[Value], plan: _Plan) -> tuple[Value, ...]:
    window, group = plan.window, plan.group
    per_group = [plan.outputs, plan.inputs // group, *window.kernel]
    split = [group, plan.outputs // group, *per_group[1:]] if group > 1 else per_group
    ends = pads_behind(layer, (bottoms[0].shape or ())[plan.axis + 1 :], window)
    w = _weights(layer, op, per_group, split)
    bias = _bias(layer, op, plan)
    kind = "GroupConvolution" if group > 1 else "Convolution"
    tops = []
    for x in bottoms:
        data = _spatial(op, x, plan)
        attributes = window.attributes
        attributes["pads_end"] = ends
        skipped = window.skips and any(window.pads)
        if skipped:  # the runtime moves the strides of filters of one point in front of the padding
            attributes["strides"] = (1,) * len(window.strides)
        y = op.make(kind, data, w, **attributes)
        y = _every(op, y, window.strides) if skipped else y
        tops.append(_as_caffe(op, x, y if bias is None else op.Add(y, bias), plan))
    return tuple(tops)


def _every(op: Builder, y: Value, strides: Sequence[int]) -> Value:
    """The first place of every stride."""
    count = len(strides)
    bounds = ([0] * count, [(1 << 31) - 1] * count, list(strides), list(range(2, count + 2)))
    found: Value = op.Slice(y, *(op.constant(v, i64) for v in bounds))
    return found


@layers("Deconvolution")
def deconvolution(layer: Layer, op: Builder, x: Value, *rest: Value) -> tuple[Value, ...]:
    """The gradient of a convolution: weights [inputs, outputs / group, kernel] spread each input over the output."""
    bottoms = (x, *rest)
    plan = _plan(layer, bottoms)
    group = plan.group
    per_group = [plan.inputs, plan.outputs // group, *plan.window.kernel]
    split = [group, plan.inputs // group, *per_group[1:]] if group > 1 else per_group
    _check_room(layer, (x.shape or ())[plan.axis + 1 :], plan.window)
    w = _weights(layer, op, per_group, split)
    bias = _bias(layer, op, plan)
    kind = "GroupConvolutionBackpropData" if group > 1 else "ConvolutionBackpropData"
    attributes = {**plan.window.attributes, "output_padding": (0,) * len(plan.window.kernel)}
    tops = []
    for data in bottoms:
        y = op.make(kind, _spatial(op, data, plan), w, **attributes)
        tops.append(_as_caffe(op, data, y if bias is None else op.Add(y, bias), plan))
    return tuple(tops)


def _check_room(layer: Layer, sizes: Sequence[Dim], window: Window) -> None:
    """Refuses where the padding cuts off all of the output."""
    for size, extent, stride, pad in zip(sizes, window.extents, window.strides, window.pads, strict=False):
        if isinstance(size, int) and (size - 1) * stride + extent <= 2 * pad:
            raise layer.refuse(f"a pad of {pad} leaves nothing of {(size - 1) * stride + extent} elements")


def _weights(layer: Layer, op: Builder, stored: Sequence[int], wanted: Sequence[int]) -> Value:
    expect(layer, 2 if layer.get(_PARAM + "bias_term", True) else 1)
    filler = _PARAM + "weight_filler"
    tensor = tensor_of(layer, 0, stored, filler=filler)
    spatial = [*wanted] if len(stored) > 2 else [*wanted, 1]
    if tuple(spatial) != tensor.shape:
        tensor = ReshapeView(tensor, spatial)
    return op.constant(tensor, name=f"{layer.name}/blob_0")


def _bias(layer: Layer, op: Builder, plan: _Plan) -> Value | None:
    if not layer.get(_PARAM + "bias_term", True):
        return None
    bias = blob(layer, op, 1, [plan.outputs], filler=_PARAM + "bias_filler")
    shape = [1, plan.outputs, *[1] * max(1, len(plan.window.kernel))]
    found: Value = op.Reshape(bias, op.constant(shape, i64))
    return found


def _spatial(op: Builder, x: Value, plan: _Plan) -> Value:
    """Batch, channels, spatial: axes before the channels go into the batch; one point where none follow them."""
    count = len(plan.window.kernel)
    if plan.axis == 1 and count:
        return x
    sizes = (x.shape or ())[plan.axis + 1 :]
    if plan.axis == 0:
        y: Value = op.Unsqueeze(x, op.constant([0], i64))
    elif plan.axis == 1:
        y = x
    else:
        tail = [d if isinstance(d, int) else None for d in sizes]
        if None in tail:
            shape = op.ShapeOf(x, output_type="i64")
            last = op.Slice(shape, *(op.constant([n], i64) for n in (plan.axis, plan.axis + 1 + count, 1, 0)))
            y = op.Reshape(x, op.Concat(op.constant([-1], i64), last, axis=0))
        else:
            y = op.Reshape(x, op.constant([-1, plan.inputs, *sizes], i64))
    return y if count else op.Unsqueeze(y, op.constant([2], i64))


def _as_caffe(op: Builder, x: Value, y: Value, plan: _Plan) -> Value:
    """The axes that Caffe's top has."""
    count = len(plan.window.kernel)
    if not count:
        y = op.Squeeze(y, op.constant([2], i64))
    if plan.axis == 1:
        return y
    if plan.axis == 0:
        return op.Squeeze(y, op.constant([0], i64))

    def part(of: Value, start: int, end: int) -> Value:
        shape = op.ShapeOf(of, output_type="i64")
        found: Value = op.Slice(shape, *(op.constant([n], i64) for n in (start, end, 1, 0)))
        return found

    rank = y.rank or 0
    top: Value = op.Reshape(y, op.Concat(part(x, 0, plan.axis), part(y, 1, rank), axis=0))
    return top
