"""Normalizations of forks: Normalize, GRN, BN, ChannelNorm; and Axpy, the scaling of SENet.

Behaviour: weiliu89/caffe (ssd) ``normalize_layer.cpp``, Intel's training_toolbox_caffe ``grn_layer.cpp``,
alexgkendall/caffe-segnet and hszhao/PSPNet (yjxiong/caffe) ``bn_layer.cpp``, lmb-freiburg/flownet2
``channel_norm_layer.cu``, hujie-frank/SENet ``axpy_layer.cpp``.
"""

from __future__ import annotations

from dragoman.builder import Builder
from dragoman.frontends.extract import Extractors, Layer
from dragoman.graph.graph import Value
from dragoman.graph.tensor import ReshapeView, Tensor
from dragoman.graph.types import i64
from dragoman_caffe.blobs import blob, blobs, expect, tensor_of
from dragoman_caffe.shapes import channels, rank_of, same_shape

layers = Extractors("caffe")


@layers("Normalize")
def normalize(layer: Layer, op: Builder, x: Value) -> Value:
    """x / sqrt(sum of squares + eps), over channels or over the whole image, times a learned factor."""
    rank = rank_of(layer, x, 2, 3, 4)
    axes = list(range(1, rank)) if layer.get("norm_param.across_spatial", True) else [1]
    eps = layer.get("norm_param.eps", 1e-10)
    expect(layer, 1)
    # a factor for all channels is one number, and Caffe asks for the number of elements only
    held = blobs(layer)
    shape: list[int | None] = list(held[0].shape) if held and all(d == 1 for d in held[0].shape) else []
    shared = layer.get("norm_param.channel_shared", True)
    factor = blob(layer, op, 0, shape if shared else [channels(layer, x)], filler="norm_param.scale_filler",
                  default=1.0)  # fmt: skip
    target = [1] * rank if shared else [1, -1, *[1] * (rank - 2)]
    y: Value = op.NormalizeL2(x, op.constant(axes, i64), eps=float(eps), eps_mode="add")
    return op.Multiply(y, op.Reshape(factor, op.constant(target, i64)))


@layers("GRN")
def grn(layer: Layer, op: Builder, x: Value) -> Value:
    """x / sqrt(sum of squares over channels + bias)."""
    rank_of(layer, x, 4)
    bias = layer.get("grn_param.bias", 1.0)
    if bias < 0:
        raise layer.refuse(f"bias {bias}", "Caffe takes 0 and above")
    y: Value = op.GRN(x, bias=float(bias))
    return y


@layers("ChannelNorm")
def channel_norm(layer: Layer, op: Builder, x: Value) -> Value:
    """sqrt(sum of squares over channels)."""
    rank_of(layer, x, 4)
    y: Value = op.ReduceL2(x, op.constant([1], i64), keep_dims=True)
    return y


@layers("BN")
def bn(layer: Layer, op: Builder, x: Value) -> Value:
    """scale * (x - mean) / sqrt(variance + eps) + shift a channel: four blobs; scale * x + shift: SegNet's two."""
    expect(layer, 2, 4)
    for name in ("momentum", "frozen", "slope_filler", "bias_filler", "scale_filler", "shift_filler"):
        layer.ignore(f"bn_param.{name}")
    if len(blobs(layer)) == 2 or (not blobs(layer) and layer.has("bn_param.bn_mode")):
        return _segnet(layer, op, x)
    rank_of(layer, x, 2, 3, 4)
    scale, shift, mean, variance = (op.constant(_of_channels(layer, i, channels(layer, x))) for i in range(4))
    y: Value = op.BatchNormInference(x, scale, shift, mean, variance, epsilon=float(layer.get("bn_param.eps", 1e-5)))
    return y


def _segnet(layer: Layer, op: Builder, x: Value) -> Value:
    """Two blobs: the statistics are in them (INFERENCE), or those of the batch are taken (LEARN)."""
    rank_of(layer, x, 4)
    depth = channels(layer, x)
    if layer.get("bn_param.bn_mode", "LEARN") == "LEARN":
        axes = op.constant([0, 2, 3], i64)
        x = op.MVN(x, axes, eps=1e-9, normalize_variance=True, eps_mode="INSIDE_SQRT")
    scale, shift = (op.Reshape(op.constant(_of_channels(layer, i, depth)), op.constant([1, -1, 1, 1], i64))
                    for i in range(2))  # fmt: skip
    return op.Add(op.Multiply(x, scale), shift)


def _of_channels(layer: Layer, index: int, depth: int) -> Tensor:
    """A blob of one number a channel, stored as [C] or as [1, C, 1, 1]."""
    held = blobs(layer)
    wide = index < len(held) and len(held[index].shape) == 4
    fillers = ("scale_filler", "shift_filler")
    filler = f"bn_param.{fillers[index]}" if index < 2 else ""
    found = tensor_of(layer, index, [1, depth, 1, 1] if wide else [depth], filler=filler)
    return ReshapeView(found, (depth,)) if wide else found


@layers("Axpy")
def axpy(layer: Layer, op: Builder, a: Value, x: Value, y: Value) -> Value:
    """a * x + y, with one factor for each channel of each image."""
    rank = rank_of(layer, x)
    same_shape(layer, x, y)
    if rank < 2 or rank_of(layer, a) not in (2, 4):
        raise layer.refuse(f"factors of the shape {list(a.shape or ())}", "Caffe takes [N, C] or [N, C, 1, 1]")
    factors, data = list(a.shape or ()), list(x.shape or ())
    pairs = [*zip(factors[:2], data[:2], strict=True), *((d, 1) for d in factors[2:])]
    if any(isinstance(d, int) and isinstance(e, int) and d != e for d, e in pairs):
        raise layer.refuse(f"factors of the shape {factors} for a blob of {data}")
    wide = a if rank == a.rank else op.Reshape(a, op.constant([0, 0, *[1] * (rank - 2)], i64), special_zero=True)
    return op.Add(op.Multiply(wide, x), y)
