"""Two transposes in a row are one; one that swaps the last two axes goes into the MatMul that reads it.

    Transpose(Transpose(x, p), q) -> Transpose(x, p[q])      (x itself when p[q] is the identity)
    MatMul(Transpose(a), b) -> MatMul(a, b, transpose_a = not transpose_a), and alike for b

The second form keeps transposed weights as they lie in the source's file.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dragoman.graph.graph import Value
from dragoman.rules.pattern import Trace
from dragoman.rules.rule import NoMatch, Rule


def order_of(value: Value) -> tuple[int, ...]:
    """The constant order of the Transpose that makes this value; NoMatch when it is not known."""
    node = value.producer
    order, rank = node.input(1), node.input(0).rank
    numbers = order.value.numbers() if order.tensor is not None and order.value is not None else None
    if numbers is None or rank is None:
        raise NoMatch(f"the order of {node!r} is not known")
    return numbers or tuple(reversed(range(rank)))


class MergeTransposes(Rule):
    """Transpose(Transpose(x, p), q) -> Transpose(x, p[q])."""

    after = ("FoldConstants",)

    def pattern(self, op: Trace, x: Any, p: Any, q: Any) -> Any:
        return op.Transpose(op.Transpose(x, p, shared=True, bind="first"), q, bind="second")

    def check(self, first: Value, second: Value) -> Mapping[str, Any]:
        p, q = order_of(first), order_of(second)
        return {"order": tuple(p[i] for i in q)}

    def rewrite(self, op: Any, x: Value, q: Value, order: tuple[int, ...]) -> Value:
        if order == tuple(range(len(order))):
            return x
        result: Value = op.Transpose(x, op.constant(list(order), q.dtype))
        return result


class AbsorbTranspose(Rule):
    """MatMul(Transpose(a), b) -> MatMul(a, b, transpose_a)."""

    before = ("FoldConstants",)

    def pattern(self, op: Trace, a: Any, b: Any, p: Any) -> Any:
        return [
            op.MatMul(op.Transpose(a, op.constant(p), shared=True, bind="left"), b, bind="y"),
            op.MatMul(a, op.Transpose(b, op.constant(p), shared=True, bind="right"), bind="y"),
        ]

    def check(self, left: Value | None = None, right: Value | None = None) -> None:
        value = left or right
        assert value is not None
        order = order_of(value)
        if len(order) < 2 or order != (*range(len(order) - 2), len(order) - 1, len(order) - 2):
            raise NoMatch(f"{value.producer!r} does more than swapping the last two axes")

    def rewrite(self, op: Any, a: Value, b: Value, y: Value, left: Value | None = None) -> Value:
        attrs = y.producer.attrs
        flipped = {"transpose_a": not attrs.transpose_a} if left is not None else {"transpose_b": not attrs.transpose_b}
        result: Value = op.add(attrs.replace(**flipped), (a, b)).out
        return result
