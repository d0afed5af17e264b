"""Constants added to a linear op's output one after the other become one bias.

    (conv(x, w) + b) + c -> conv(x, w) + (b + c);   (conv(x, w) + b) - c -> conv(x, w) + (b - c)

``conv`` as in fuse_batch_norm, MatMul of any rank; ``b`` and ``c`` are single numbers or one number a channel.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dragoman.graph.graph import Node, Value
from dragoman.graph.tensor import Tensor
from dragoman.rules.library.scaling import LINEAR, along_channels, bias_shape, channels_of, per_channel
from dragoman.rules.pattern import Trace
from dragoman.rules.rule import NoMatch, Rule

if TYPE_CHECKING:
    from dragoman.graph.tensor import Array


class MergeBiases(Rule):
    """(conv(x, w) + b) ± c -> conv(x, w) + (b ± c)."""

    after = ("FoldConstants", "FuseBatchNorm", "FuseScale")

    def pattern(self, op: Trace, x: Any, w: Any, bias: Any, c: Any) -> Any:
        conv = op.any_of(*LINEAR)(x, op.constant(w), ..., bind="conv")
        biased = op.Add(conv, op.constant(bias))
        return [
            op.Add(biased, op.constant(c), auto_broadcast="numpy", bind="y"),
            op.Subtract(biased, op.constant(c), auto_broadcast="numpy", bind="y"),
        ]

    def check(self, conv: Value, w: Value, bias: Value, c: Value) -> Mapping[str, Any]:
        node = conv.producer
        if w.tensor is None or (node.op == "MatMul" and w.rank != 2):
            raise NoMatch(f"the channels of {node!r} are not known")
        if conv.dtype.name not in ("f32", "f64"):
            raise NoMatch(f"sums of {conv.dtype} may leave their range")
        channels, _ = channels_of(node, w.tensor)
        return {"node": node, "added": [along_channels(v, node, channels) for v in (bias, c)], "channels": channels}

    def rewrite(self, op: Any, *, conv: Value, y: Value, node: Node, added: list[Tensor], **found: Any) -> Value:
        sign = -1.0 if y.producer.op == "Subtract" else 1.0

        def total(b: Array, c: Array) -> Array:
            found: Array = b + sign * c
            return found

        bias = per_channel(total, conv.dtype, bias_shape(node, found["channels"]), *added)
        result: Value = op.Add(conv, op.constant(bias))
        return result
