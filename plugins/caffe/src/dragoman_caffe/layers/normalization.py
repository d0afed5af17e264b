"""Normalizations: BatchNorm, LRN, MVN.

Behaviour: BVLC Caffe's ``batch_norm_layer.cpp``, ``lrn_layer.cpp``, ``mvn_layer.cpp``.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from dragoman.builder import Builder
from dragoman.frontends.extract import Extractors, Layer
from dragoman.graph.graph import Value
from dragoman.graph.tensor import SplatTensor
from dragoman.graph.types import f32, i64
from dragoman.lazy import np
from dragoman.rules.library.scaling import per_channel
from dragoman_caffe.blobs import expect, tensor_of
from dragoman_caffe.shapes import channels, rank_of

if TYPE_CHECKING:
    from dragoman.graph.tensor import Array

layers = Extractors("caffe")
_MOST = 1 << 16


@layers("BatchNorm")
def batch_norm(layer: Layer, op: Builder, x: Value) -> Value:
    """(x - mean) / sqrt(variance + eps) a channel, with the learned statistics or those of the batch."""
    rank = rank_of(layer, x)
    if rank < 2:
        raise layer.refuse(f"it normalizes axis 1, and its bottom is {x.type}")
    depth = channels(layer, x)
    eps = layer.get("batch_norm_param.eps", 1e-5)
    if not 0 <= eps < math.inf:
        raise layer.refuse(f"eps {eps}", "a number of at least 0 is needed")
    layer.ignore("batch_norm_param.moving_average_fraction")
    expect(layer, 3)
    if not layer.get("batch_norm_param.use_global_stats", True):
        axes = op.constant([i for i in range(rank) if i != 1], i64)
        return op.MVN(x, axes, eps=eps, normalize_variance=True, eps_mode="INSIDE_SQRT")
    factor = tensor_of(layer, 2, [1])

    def mean_of(total: Array, by: Array) -> Array:
        found: Array = np.where(by == 0, 0, total / by)
        return found

    mean, variance = (
        op.constant(per_channel(mean_of, f32, (depth,), tensor_of(layer, i, [depth]), factor),
                    name=f"{layer.name}/blob_{i}")
        for i in (0, 1)
    )  # fmt: skip
    ones, zeros = (op.constant(SplatTensor(f32, [depth], number)) for number in (1.0, 0.0))
    y: Value = op.BatchNormInference(x, ones, zeros, mean, variance, epsilon=eps)
    return y


@layers("LRN")
def lrn(layer: Layer, op: Builder, x: Value) -> Value:
    """x / (k + alpha / n * the sum of squares over n neighbours) ^ beta, over channels or over the image."""
    rank_of(layer, x, 4)
    size = layer.get("lrn_param.local_size", 5)
    alpha, beta = layer.get("lrn_param.alpha", 1.0), layer.get("lrn_param.beta", 0.75)
    k = layer.get("lrn_param.k", 1.0)
    if size % 2 == 0 or size >= _MOST:
        raise layer.refuse(f"local_size {size}", f"odd sizes below {_MOST} are taken")
    if layer.get("lrn_param.norm_region", "ACROSS_CHANNELS") == "WITHIN_CHANNEL":
        return _divided(op, x, _mean_square(op, x, (size, size)), (alpha, beta, 1.0))
    if not (1e-6 <= k <= 1e6 and abs(beta) <= 40):  # beyond, k ** -beta may not be a number
        rows = op.Unsqueeze(x, op.constant([1], i64))
        mean = op.Squeeze(_mean_square(op, rows, (size, 1, 1)), op.constant([1], i64))
        return _divided(op, x, mean, (alpha, beta, k))
    channels(layer, x)  # the CPU plugin has no LRN over a number of channels that it does not know
    # the CPU plugin takes the bias for 1 whatever it is: (b + a s)^-c = b^-c (1 + a / b s)^-c
    y: Value = op.LRN(x, op.constant([1], i64), alpha=alpha / k, beta=beta, bias=1.0, size=size)
    return y if k == 1 else op.Multiply(y, op.constant(k**-beta, x.dtype))


def _mean_square(op: Builder, x: Value, kernel: tuple[int, ...]) -> Value:
    pads = tuple(k // 2 for k in kernel)
    y: Value = op.AvgPool(
        op.Multiply(x, x), kernel=kernel, strides=(1,) * len(kernel), pads_begin=pads, pads_end=pads, exclude_pad=False,
        rounding_type="floor", auto_pad="explicit",
    )  # fmt: skip
    return y


def _divided(op: Builder, x: Value, mean: Value, numbers: tuple[float, float, float]) -> Value:
    alpha, beta, shift = numbers
    inner = op.Add(op.Multiply(mean, op.constant(alpha, x.dtype)), op.constant(shift, x.dtype))
    y: Value = op.Multiply(x, op.Power(inner, op.constant(-beta, x.dtype)))
    return y


@layers("MVN")
def mvn(layer: Layer, op: Builder, x: Value) -> Value:
    """x less its mean, and over its deviation + eps, for each channel or each image; the top has four axes."""
    rank = rank_of(layer, x, 1, 2, 3, 4)
    if rank < 4:
        x = op.Unsqueeze(x, op.constant(list(range(rank, 4)), i64))
    axes = op.constant([1, 2, 3] if layer.get("mvn_param.across_channels", False) else [2, 3], i64)
    eps, variance = layer.get("mvn_param.eps", 1e-9), layer.get("mvn_param.normalize_variance", True)
    if not math.isfinite(eps):
        raise layer.refuse(f"eps {eps}", "a number is needed")
    y: Value = op.MVN(x, axes, eps=eps, normalize_variance=variance, eps_mode="OUTSIDE_SQRT")
    return y
