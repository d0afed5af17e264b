"""Batch normalisation of a linear op's output goes into its weights and a bias.

    BN(conv(x, w) [+ b]) -> conv(x, w * s) + (beta + (b - mean) * s),   s = gamma / sqrt(variance + epsilon)

``conv`` is Convolution, GroupConvolution, their BackpropData forms, or MatMul of a rank-2 output; weights and
statistics are constants, the weights and the linear op's output are used nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dragoman.graph.graph import Node, Value
from dragoman.graph.tensor import Tensor
from dragoman.graph.types import f64
from dragoman.lazy import np
from dragoman.rules.library.scaling import (
    LINEAR,
    along_channels,
    bias_shape,
    channels_of,
    linear_weight,
    per_channel,
    scaled,
)
from dragoman.rules.pattern import Trace
from dragoman.rules.rule import NoMatch, Rule

if TYPE_CHECKING:
    from dragoman.graph.tensor import Array


class FuseBatchNorm(Rule):
    """BN(conv(x, w) [+ bias]) -> conv(x, w * s) + b."""

    after = ("FoldConstants",)

    def pattern(self, op: Trace, x: Any, w: Any, bias: Any, gamma: Any, beta: Any, mean: Any, variance: Any) -> Any:
        conv = op.any_of(*LINEAR)(x, w, ..., bind="conv")
        biased = op.Add(conv, op.constant(bias))
        return [op.BatchNormInference(data, gamma, beta, mean, variance, bind="bn") for data in (conv, biased)]

    def check(self, conv: Value, bn: Value, bias: Value | None = None) -> Mapping[str, Any]:
        node, weight = linear_weight(conv)
        if node.op == "MatMul" and conv.rank != 2:
            raise NoMatch("the channels of a MatMul of more than two dimensions are not on axis 1")
        channels, spread = channels_of(node, weight)
        statistics = [v.tensor for v in bn.producer.inputs[1:] if v is not None and v.tensor is not None]
        if len(statistics) != 4 or any(t.count != channels for t in statistics):
            raise NoMatch(f"the statistics are not constants of {channels} channels")
        added = along_channels(bias, node, channels) if bias is not None else None
        return {"node": node, "weight": weight, "spread": spread, "statistics": statistics, "added": added}

    def rewrite(self, op: Any, *, x: Value, bn: Value, node: Node, weight: Tensor, **found: Any) -> Value:
        gamma, beta, mean, variance = found["statistics"]
        epsilon: float = bn.producer.attrs.epsilon
        channels: int = gamma.count

        def scale(g: Array, v: Array) -> Array:
            factor: Array = g / np.sqrt(v + epsilon)
            return factor

        def shift(g: Array, b: Array, m: Array, v: Array, old: Array | float = 0.0) -> Array:
            total: Array = b + (old - m) * scale(g, v)
            return total

        factor = per_channel(scale, f64, (channels,), gamma, variance)
        extra = () if found["added"] is None else (found["added"],)
        shape = bias_shape(node, channels)
        bias = per_channel(shift, weight.dtype, shape, gamma, beta, mean, variance, *extra)
        weights = op.constant(scaled(weight, factor, found["spread"]), name=node.input(1).producer.name)
        result = op.add(node.attrs, (x, weights, *node.inputs[2:])).out
        total: Value = op.Add(result, op.constant(bias))
        return total
