"""Swish with a factor, which OpenVINO has as one op.

    x * sigmoid(c * x) -> Swish(x, c)

The rule works on the target graph: it holds for all frameworks, and after the core's simplifications.
"""

from __future__ import annotations

from typing import Any

from dragoman.graph.graph import Value
from dragoman.rules.pattern import Trace
from dragoman.rules.rule import NoMatch, Rule


class FuseSwish(Rule):
    """x * sigmoid(c * x) -> Swish(x, c)."""

    phase = "target"

    def pattern(self, op: Trace, x: Any, c: Any) -> Any:
        """The factor is a constant."""
        return op.Multiply(x, op.Sigmoid(op.Multiply(x, op.constant(c))))

    def check(self, c: Value) -> None:
        """Swish takes one factor for all elements."""
        if c.tensor is None or c.tensor.numpy().size != 1:
            raise NoMatch(f"the factor {c!r} is {c.type}, and Swish takes one number")

    def rewrite(self, op: Any, x: Value, c: Value) -> Value:
        """The factor as a scalar."""
        assert c.tensor is not None
        y: Value = op.Swish(x, op.constant(float(c.tensor.numpy().reshape(-1)[0]), x.dtype))
        return y
