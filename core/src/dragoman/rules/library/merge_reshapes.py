"""Of several reshapes in a row only the last counts; inverse pairs vanish.

    Reshape(reshape(x), target) -> Reshape(x, target)     target constant, copying no dimension of its input
    Unsqueeze(Squeeze(x, a), a) -> x;   Squeeze(Unsqueeze(x, a), a) -> x;   any two reshapes back to x's shape -> x

``reshape`` is Reshape, Squeeze or Unsqueeze.
"""

from __future__ import annotations

from typing import Any

from dragoman.graph.graph import Node, Value
from dragoman.rules.library.remove_identity import same_shape
from dragoman.rules.pattern import Trace
from dragoman.rules.rule import NoMatch, Rule

_RESHAPES = ("Reshape", "Squeeze", "Unsqueeze")


class MergeReshapes(Rule):
    """reshape(reshape(x)) -> reshape(x), or x."""

    after = ("FoldConstants",)

    def pattern(self, op: Trace, x: Any) -> Any:
        inner = op.any_of(*_RESHAPES)(x, ..., shared=True, bind="inner")
        return op.any_of(*_RESHAPES)(inner, ..., bind="y")

    def check(self, x: Value, inner: Value, y: Value) -> None:
        if same_shape(x, y) or _inverse(inner.producer, y.producer):
            return
        if y.producer.op != "Reshape":
            raise NoMatch(f"{y.producer!r} is told by the shape of its input")
        target = y.producer.input(1)
        if target.tensor is None or target.value is None:
            raise NoMatch("the target shape is not constant")
        if y.producer.attrs.special_zero and 0 in target.value.items:
            raise NoMatch("the target shape copies dimensions of its input")

    def rewrite(self, op: Any, x: Value, inner: Value, y: Value) -> Value:
        if same_shape(x, y) or _inverse(inner.producer, y.producer):
            return x
        result: Value = op.add(y.producer.attrs, (x, y.producer.input(1))).out
        return result


def _inverse(first: Node, second: Node) -> bool:
    """A Squeeze of what an Unsqueeze of the same axes has made."""
    if (first.op, second.op) != ("Unsqueeze", "Squeeze") or len(second.inputs) < 2:
        return False
    rank = first.out.rank
    a, b = first.input(1).value, second.input(1).value
    if rank is None or a is None or b is None or (x := a.numbers()) is None or (y := b.numbers()) is None:
        return False
    return sorted(i % rank for i in x) == sorted(i % rank for i in y)
