"""A Pad with zeros goes into the pads of the convolution or pooling that reads it.

    Convolution(Pad(x, b, e), w, pads) -> Convolution(x, w, pads + (b, e))             also GroupConvolution
    AvgPool(Pad(x, b, e))              -> AvgPool(x, pads=(b, e), exclude-pad=false)   without pads of its own
    MaxPool(Pad(Relu(x), b, e))        -> MaxPool(Relu(x), pads=(b, e))                zeros never win over x >= 0

Pads are constant, not negative, on spatial axes only; ``auto_pad`` is explicit or valid, rounding is floor.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dragoman.graph.graph import Value
from dragoman.rules.matcher import is_number
from dragoman.rules.pattern import Trace
from dragoman.rules.rule import NoMatch, Rule

_NEVER_NEGATIVE = frozenset(("Relu", "Sigmoid", "Abs", "Exp", "Softmax", "HSigmoid"))


class FusePad(Rule):
    """f(Pad(x)) -> f(x, pads)."""

    after = ("FoldConstants", "FuseBatchNorm", "FuseScale")

    def pattern(self, op: Trace, x: Any, begin: Any, end: Any, w: Any) -> Any:
        pad = op.Pad(x, op.constant(begin), op.constant(end), ..., pad_mode="constant", bind="pad")
        return [
            op.any_of("Convolution", "GroupConvolution")(pad, w, bind="y"),
            op.any_of("AvgPool", "MaxPool")(pad, bind="y"),
        ]

    def check(self, x: Value, begin: Value, end: Value, pad: Value, y: Value) -> Mapping[str, Any]:
        attrs, op = y.producer.attrs, y.producer.op
        filler = pad.producer.inputs[3] if len(pad.producer.inputs) > 3 else None
        if filler is not None and not is_number(filler, 0, exact=True):
            raise NoMatch("the padding is not zero")
        low, high = _numbers(begin), _numbers(end)
        if min(low + high) < 0 or any(low[:2]) or any(high[:2]):
            raise NoMatch("it pads batch or channels, or crops")
        if attrs.auto_pad not in ("explicit", "valid"):
            raise NoMatch(f"auto_pad is {attrs.auto_pad}")
        own = [*attrs.pads_begin, *attrs.pads_end] if attrs.auto_pad == "explicit" else []
        changes: dict[str, Any] = {"auto_pad": "explicit"}
        if op in ("AvgPool", "MaxPool"):
            changes |= _pooling(x, y, any(own))
            if any(a >= k for a, k in zip(low[2:] + high[2:], attrs.kernel * 2, strict=True)):
                raise NoMatch("some window would lie in the padding alone")
            own = []
        count = len(low) - 2
        own = own or [0] * (2 * count)
        changes["pads_begin"] = [a + b for a, b in zip(own[:count], low[2:], strict=True)]
        changes["pads_end"] = [a + b for a, b in zip(own[count:], high[2:], strict=True)]
        return {"attrs": attrs.replace(**changes)}

    def rewrite(self, op: Any, x: Value, y: Value, attrs: Any) -> Any:
        return op.add(attrs, (x, *y.producer.inputs[1:])).outputs


def _pooling(x: Value, y: Value, padded: bool) -> dict[str, Any]:
    """What changes in a pooling beside the pads; NoMatch where padding means something else to it."""
    node, attrs = y.producer, y.producer.attrs
    if attrs.rounding_type != "floor":
        raise NoMatch("rounding up makes windows that lie beyond the padding")
    if padded:
        raise NoMatch("the pooling pads by itself")
    if any(d != 1 for d in getattr(attrs, "dilations", ())):
        raise NoMatch("a dilated window may meet the padding alone")
    if node.op == "AvgPool":
        return {"exclude_pad": False}
    if x.producer.op not in _NEVER_NEGATIVE:
        raise NoMatch("MaxPool pads with the lowest number, which zeros may exceed")
    if len(node.outputs) > 1 and (node.outputs[1].uses or node.outputs[1].names):
        raise NoMatch("the indices of the maxima count the padding")
    return {}


def _numbers(value: Value) -> list[int]:
    numbers = value.value.numbers() if value.value is not None else None
    if numbers is None or len(numbers) < 3:
        raise NoMatch(f"the pads {value!r} are not known")
    return list(numbers)
