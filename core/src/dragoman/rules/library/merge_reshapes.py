"""Of several reshapes in a row only the last counts; inverse pairs vanish.

    Reshape(reshape(x), target) -> Reshape(x, target)     target constant, copying no dimension of its input
    Unsqueeze(Squeeze(x, a), a) -> x;   Squeeze(Unsqueeze(x, a), a) -> x

``reshape`` is Reshape, Squeeze or Unsqueeze.
"""

from __future__ import annotations

from typing import Any

from dragoman.graph.graph import Node, Value
from dragoman.rules.pattern import Trace
from dragoman.rules.rule import NoMatch, Rule

_RESHAPES = ("Reshape", "Squeeze", "Unsqueeze")


class MergeReshapes(Rule):
    """reshape(reshape(x)) -> reshape(x), or x."""

    after = ("FoldConstants",)

    def pattern(self, op: Trace, x: Any) -> Any:
        inner = op.any_of(*_RESHAPES)(x, ..., shared=True, bind="inner")
        return op.any_of(*_RESHAPES)(inner, ..., bind="y")

    def check(self, inner: Value, y: Value) -> None:
        if _inverse(inner.producer, y.producer):
            return
        if y.producer.op != "Reshape":
            raise NoMatch(f"{y.producer!r} is told by the shape of its input")
        target = y.producer.input(1)
        if target.tensor is None or target.value is None:
            raise NoMatch("the target shape is not constant")
        if y.producer.attrs.special_zero and 0 in target.value.items:
            raise NoMatch("the target shape copies dimensions of its input")

    def rewrite(self, op: Any, x: Value, inner: Value, y: Value) -> Value:
        if _inverse(inner.producer, y.producer):
            return x
        result: Value = op.add(y.producer.attrs, (x, y.producer.input(1))).out
        return result


def _inverse(first: Node, second: Node) -> bool:
    """One squeezes and the other unsqueezes the same axes."""
    if {first.op, second.op} != {"Unsqueeze", "Squeeze"} or len(first.inputs) < 2 or len(second.inputs) < 2:
        return False
    squeeze, wide = (first, first.input(0)) if first.op == "Squeeze" else (second, first.out)
    if getattr(squeeze.attrs, "allow_axis_skip", False) or wide.rank is None:
        return False
    axes = [node.input(1).value for node in (first, second)]
    numbers = [a.numbers() if a is not None else None for a in axes]
    if not numbers[0] or not numbers[1]:
        return False
    return sorted(i % wide.rank for i in numbers[0]) == sorted(i % wide.rank for i in numbers[1])
