"""Layer normalizations as onnxruntime has them, with the sums, embeddings and groups it fuses into them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dragoman.builder import Builder
from dragoman.frontends.extract import Extractors, Layer
from dragoman.graph.graph import Value
from dragoman.graph.types import f32, i32, i64
from dragoman_onnx.layers.normalization import layer_normalization
from dragoman_onnx.layers.sizes import axis_of, converted, dim, rank_of

layers = Extractors("onnx")

layers("LayerNormalization", "com.microsoft:LayerNormalization", until=16)(layer_normalization)


def rms_normalized(op: Builder, x: Value, scale: Value, axes: Sequence[int], epsilon: float) -> tuple[Value, Value]:
    """(x / sqrt(mean(x²) + epsilon) · scale, the reciprocal root), over axes."""
    wide = converted(op, x, f32)
    squares = op.ReduceMean(op.Power(wide, op.constant(2.0, f32)), op.constant(list(axes)), keep_dims=True)
    root = op.Divide(op.constant(1.0, f32), op.Sqrt(op.Add(squares, op.constant(epsilon, f32))))
    y: Value = op.Multiply(converted(op, op.Multiply(wide, root), scale.dtype), scale)
    return y, root


@layers("SimplifiedLayerNormalization", "com.microsoft:SimplifiedLayerNormalization")
def simplified_layer_normalization(layer: Layer, op: Builder, x: Value, scale: Value) -> tuple[Value, Value]:
    """SimplifiedLayerNormalization(X, scale): by the root of the mean square; also 1 / root."""
    rank = rank_of(layer, x)
    if layer.get("stash_type", 1) != 1:
        raise layer.refuse("stash_type other than float32", "export the model with stash_type=1")
    axes = range(axis_of(layer, layer.get("axis", -1), rank), rank)
    return rms_normalized(op, x, scale, axes, layer.get("epsilon", 1e-5))


def summed(op: Builder, x: Value, skip: Value, bias: Value | None) -> Value:
    """x + skip + bias."""
    total: Value = op.Add(x, skip)
    return total if bias is None else op.Add(total, bias)


def normalized(layer: Layer, op: Builder, x: Value, gamma: Value, beta: Value | None, epsilon: float) -> Value:
    """Over the last axis, by mean and variance."""
    y: Value = op.MVN(x, op.constant([-1]), eps=epsilon, normalize_variance=True, eps_mode="INSIDE_SQRT")
    y = op.Multiply(y, gamma)
    return y if beta is None else op.Add(y, beta)


def _statistics(layer: Layer) -> None:
    if layer.wants(1) or layer.wants(2):
        raise layer.refuse("the statistics of a training step", "export the model for inference")


@layers("com.microsoft:SkipLayerNormalization")
def skip_layer_normalization(
    layer: Layer,
    op: Builder,
    x: Value,
    skip: Value,
    gamma: Value,
    beta: Value | None = None,
    bias: Value | None = None,
) -> list[Any]:
    """SkipLayerNormalization(input, skip, gamma, beta, bias): of the sum, over the last axis; also the sum."""
    _statistics(layer)
    total = summed(op, x, skip, bias)
    return [normalized(layer, op, total, gamma, beta, layer.get("epsilon", 1e-12)), None, None, total]


@layers("com.microsoft:SkipSimplifiedLayerNormalization")
def skip_simplified_layer_normalization(
    layer: Layer, op: Builder, x: Value, skip: Value, gamma: Value, bias: Value | None = None
) -> list[Any]:
    """SkipSimplifiedLayerNormalization(input, skip, gamma, bias): of the sum, by its root mean square."""
    _statistics(layer)
    total = summed(op, x, skip, bias)
    y, _ = rms_normalized(op, total, gamma, [-1], layer.get("epsilon", 1e-12))
    return [y, None, None, total]


@layers("com.microsoft:EmbedLayerNormalization")
def embed_layer_normalization(
    layer: Layer,
    op: Builder,
    words: Value,
    segments: Value | None = None,
    word_table: Value | None = None,
    position_table: Value | None = None,
    segment_table: Value | None = None,
    gamma: Value | None = None,
    beta: Value | None = None,
    mask: Value | None = None,
    positions: Value | None = None,
) -> list[Any]:
    """EmbedLayerNormalization: word, position and segment embeddings, summed and normalized over the last axis.

    Returns the result, the number of ones in each row of the mask, and the sum.
    """
    layer.ignore("mask_index_type")
    if word_table is None or position_table is None or gamma is None or beta is None:
        raise layer.refuse("a table, gamma or beta is missing", "the model is not valid")
    zero = op.constant(0)
    total = op.Gather(word_table, words, zero)
    if positions is None:
        length = op.Reshape(dim(op, words, 1), op.constant([], i64))
        positions = op.Range(op.constant(0, i64), length, op.constant(1, i64), output_type=i64)
    total = op.Add(total, op.Gather(position_table, positions, zero))
    if segments is not None and segment_table is not None:
        total = op.Add(total, op.Gather(segment_table, segments, zero))
    y = normalized(layer, op, total, gamma, beta, layer.get("epsilon", 1e-12))
    return [y, _lengths(layer, op, words, mask), total]


def _lengths(layer: Layer, op: Builder, words: Value, mask: Value | None) -> Value:
    if mask is None:
        found: Value = op.Broadcast(op.constant(0, i32), dim(op, words, 0))
        return found
    if layer.wants(1):
        ones = op.Convert(op.Equal(mask, op.constant(1, mask.dtype)), destination_type=i32)
        return op.ReduceSum(ones, op.constant([1]), keep_dims=False)
    return mask


@layers("com.microsoft:GroupNorm", "com.microsoft:SkipGroupNorm")
def group_norm(
    layer: Layer,
    op: Builder,
    x: Value,
    gamma: Value,
    beta: Value,
    skip: Value | None = None,
    bias: Value | None = None,
) -> tuple[Value, ...]:
    """(Skip)GroupNorm(X, gamma, beta, skip, bias): of the sum, by groups of channels, then Swish if it is asked for."""
    rank, last = rank_of(layer, x), layer.get("channels_last", 1)
    groups, epsilon = layer.positive("groups"), layer.get("epsilon", 1e-5)
    swish = layer.get("activation", 0)
    if swish not in (0, 1):
        raise layer.refuse(f"activation {swish} is unknown", "0 and 1 are known")
    for part in (skip, bias):
        if part is not None:
            x = op.Add(x, _over_space(op, part, rank, bool(last)))
    total = x
    if last:
        x = op.Transpose(x, op.constant([0, rank - 1, *range(1, rank - 1)]))
    inputs = [converted(op, v, x.dtype) for v in (gamma, beta)]
    y: Value = op.GroupNormalization(x, *inputs, num_groups=groups, epsilon=epsilon)
    if last:
        y = op.Transpose(y, op.constant([0, *range(2, rank), 1]))
    return (op.Swish(y) if swish else y, total)


def _over_space(op: Builder, part: Value, rank: int, last: bool) -> Value:
    """A part that lacks the spatial axes, laid along batch and channels."""
    if part.rank == rank:
        return part
    if part.rank == 1:
        return part if last else op.Reshape(part, op.constant([1, -1, *[1] * (rank - 2)]))
    axes = range(1, rank - 1) if last else range(2, rank)
    found: Value = op.Unsqueeze(part, op.constant(list(axes)))
    return found
