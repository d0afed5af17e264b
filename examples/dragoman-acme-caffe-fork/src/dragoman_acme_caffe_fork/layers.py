"""The fork's layers."""

from __future__ import annotations

from importlib import resources

from dragoman.builder import Builder
from dragoman.frontends.extract import Extractors, Layer
from dragoman.graph.graph import Value
from dragoman.graph.types import i64
from dragoman_caffe.extending import blob, channels, expect, python_parameters, rank_of

layers = Extractors("caffe", resources.files(__package__).joinpath("acme.proto").read_text(encoding="utf-8"))


@layers("ChannelGate")
def channel_gate(layer: Layer, op: Builder, x: Value) -> Value:
    """x * sigmoid(w * x + b), with a learned w and b for each channel."""
    expect(layer, 2)
    rank, count = rank_of(layer, x, 2, 4), channels(layer, x)
    weight = blob(layer, op, 0, [count], filler="channel_gate_param.weight_filler", default=1.0)
    bias = blob(layer, op, 1, [count], filler="channel_gate_param.bias_filler")
    along = op.constant([count] + [1] * (rank - 2), i64)
    weight, bias = (op.Reshape(v, along, special_zero=False) for v in (weight, bias))
    y: Value = op.Multiply(x, op.Sigmoid(op.Add(op.Multiply(x, weight), bias)))
    return y


@layers("EvenOdd")
def even_odd(layer: Layer, op: Builder, x: Value) -> list[Value]:
    """The even channels, and the odd ones."""
    count = channels(layer, x)
    if count < 2:
        raise layer.refuse("its bottom has one channel, and the second top would have none")
    axis = op.constant(1, i64)
    return [op.Gather(x, op.constant([*range(first, count, 2)], i64), axis) for first in (0, 1)]


@layers("PixelFold")
def pixel_fold(layer: Layer, op: Builder, x: Value) -> Value:
    """Blocks of pixels become channels: each block's pixels side by side, or each channel's."""
    rank_of(layer, x, 4)
    block = layer.positive("pixel_fold_param.block", 2)
    order = layer.get("pixel_fold_param.order", "BLOCKS_FIRST")
    for axis, what in ((2, "height"), (3, "width")):
        size = x.shape[axis] if x.shape is not None else None
        if isinstance(size, int) and size % block:
            raise layer.refuse(f"the {what} {size} is no multiple of the block {block}")
    mode = {"BLOCKS_FIRST": "blocks_first", "DEPTH_FIRST": "depth_first"}[order]
    y: Value = op.SpaceToDepth(x, mode=mode, block_size=block)
    return y


@layers("LogScale")
def log_scale(layer: Layer, op: Builder, x: Value) -> Value:
    """sign(x) * log(1 + alpha * |x|), or log(1 + alpha * max(x, 0))."""
    alpha = layer.get("log_scale_param.alpha", 1.0)
    if alpha <= 0:
        raise layer.refuse(f"alpha is {alpha}, and must be above 0")
    positive = layer.get("log_scale_param.mode", "SYMMETRIC") == "POSITIVE"
    size = op.Relu(x) if positive else op.Abs(x)
    grown = op.Log(op.Add(op.Multiply(size, op.constant(alpha, x.dtype)), op.constant(1.0, x.dtype)))
    y: Value = grown if positive else op.Multiply(op.Sign(x), grown)
    return y


@layers("Python:acme.layers.Taper")
def taper(layer: Layer, op: Builder, x: Value) -> Value:
    """Kept as an op of its own; no code of the model is run, its parameters are read as a plain mapping."""
    given = python_parameters(layer)
    unknown = sorted(set(given) - {"period"})
    if unknown:
        raise layer.refuse(f"param_str has {', '.join(unknown)}, which is not known")
    period = given.get("period", 8)
    if not isinstance(period, int) or period < 1:
        raise layer.refuse(f"the period is {period!r}, and must be an integer above 0")
    y: Value = op.AcmeTaper(x, period=period)
    return y
