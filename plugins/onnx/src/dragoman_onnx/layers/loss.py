"""Losses of classifiers."""

from __future__ import annotations

from dragoman.builder import Builder
from dragoman.frontends.extract import Extractors, Layer
from dragoman.graph.graph import Value
from dragoman.graph.types import i64
from dragoman_onnx.layers.sizes import converted, rank_of

layers = Extractors("onnx")


@layers("NegativeLogLikelihoodLoss", since=12)
def negative_log_likelihood(
    layer: Layer, op: Builder, scores: Value, target: Value, weight: Value | None = None
) -> Value:
    """NegativeLogLikelihoodLoss(input, target, weight, ignore_index, reduction): -input[target] · weight[target]."""
    return _loss(layer, op, scores, target, weight)


@layers("SoftmaxCrossEntropyLoss", since=12)
def softmax_cross_entropy(
    layer: Layer, op: Builder, scores: Value, labels: Value, weights: Value | None = None
) -> tuple[Value, Value]:
    """SoftmaxCrossEntropyLoss(scores, labels, weights, ignore_index, reduction): (loss, log-probabilities)."""
    log_prob = op.LogSoftmax(scores, axis=1)
    return _loss(layer, op, log_prob, labels, weights), log_prob


def _loss(layer: Layer, op: Builder, scores: Value, target: Value, weight: Value | None) -> Value:
    reduction, ignored = layer.get("reduction", "mean"), layer.get("ignore_index", None)
    if reduction not in ("none", "sum", "mean"):
        raise layer.refuse(f"reduction={reduction!r} is unknown", "ONNX has none, sum and mean")
    one, zero = op.constant(1.0, scores.dtype), op.constant(0.0, scores.dtype)
    counts: Value | None = None
    if ignored is not None:
        counted = op.NotEqual(target, op.constant(ignored, target.dtype))
        target = op.Select(counted, target, op.constant(0, target.dtype))
        counts = op.Select(counted, one, zero)
    middle = op.constant([1], i64)
    picked = op.Squeeze(op.GatherElements(scores, op.Unsqueeze(target, middle), axis=1), middle)
    loss = op.Negative(picked)
    if weight is not None:
        chosen = op.Gather(weight, target, op.constant(0, i64))
        counts = chosen if counts is None else op.Multiply(chosen, counts)
    if counts is not None:
        # what is ignored adds nothing, even where its logarithm is infinite
        loss = op.Select(op.Equal(counts, zero), zero, op.Multiply(loss, counts))
    if reduction == "none":
        return loss
    axes = op.constant(list(range(rank_of(layer, loss))), i64)
    if reduction == "mean" and counts is None:
        return op.ReduceMean(loss, axes, keep_dims=False)
    total = op.ReduceSum(loss, axes, keep_dims=False)
    if reduction == "sum" or counts is None:
        return total
    return converted(op, op.Divide(total, op.ReduceSum(counts, axes, keep_dims=False)), scores.dtype)
