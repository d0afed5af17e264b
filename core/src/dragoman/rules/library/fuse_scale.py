"""Multiplying a linear op's output by a constant goes into its weights, and into its bias where there is one.

    conv(x, w) * s -> conv(x, w * s);   (conv(x, w) + b) * s -> conv(x, w * s) + b * s;   / s alike

``conv`` as in fuse_batch_norm, MatMul of any rank; ``s`` and ``b`` are single numbers or one number a channel.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dragoman.graph.graph import Value
from dragoman.graph.tensor import Tensor
from dragoman.graph.types import f64
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
from dragoman.rules.rule import Rule

if TYPE_CHECKING:
    from dragoman.graph.tensor import Array


class FuseScale(Rule):
    """(conv(x, w) [+ b]) * s -> conv(x, w * s) [+ b * s]."""

    after = ("FoldConstants", "FuseBatchNorm")

    def pattern(self, op: Trace, x: Any, w: Any, bias: Any, s: Any) -> Any:
        conv = op.any_of(*LINEAR)(x, w, ..., bind="conv")
        biased = op.Add(conv, op.constant(bias))
        factor = op.constant(s)
        return [
            form(data, factor, auto_broadcast="numpy", bind="y")
            for form in (op.Multiply, op.Divide)
            for data in (conv, biased)
        ]

    def check(self, conv: Value, s: Value, bias: Value | None = None) -> Mapping[str, Any]:
        node, weight = linear_weight(conv)
        channels, spread = channels_of(node, weight)
        added = along_channels(bias, node, channels) if bias is not None else None
        factor = along_channels(s, node, channels)
        return {"node": node, "weight": weight, "channels": channels, "spread": spread, "added": added, "by": factor}

    def rewrite(self, op: Any, *, x: Value, y: Value, **found: Any) -> Value:
        node, channels, divides = found["node"], found["channels"], y.producer.op == "Divide"
        by: Tensor = found["by"]
        added: Tensor | None = found["added"]

        def factor(s: Array) -> Array:
            inverse: Array = 1.0 / s
            return inverse if divides else s

        def scaled_bias(b: Array, s: Array) -> Array:
            product: Array = b * factor(s)
            return product

        scale = per_channel(factor, f64, (channels,), by)
        weights = op.constant(scaled(found["weight"], scale, found["spread"]), name=node.inputs[1].producer.name)
        result: Value = op.add(node.attrs, (x, weights, *node.inputs[2:])).out
        if added is None:
            return result
        bias = per_channel(scaled_bias, added.dtype, bias_shape(node, channels), added, by)
        total: Value = op.Add(result, op.constant(bias))
        return total
