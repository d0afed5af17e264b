"""Bases of elementwise ops: one input, or two that broadcast."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from dragoman.graph.types import DType, Scalar, SmallValue, TensorType, Typed
from dragoman.infer.broadcast import broadcast
from dragoman.ops.define import Enum, Op


class Unary(Op):
    """One input; the output has its type and shape."""

    #: value of one known integer or boolean, for shape sub-graphs
    scalar: ClassVar[Callable[[Any], Scalar] | None] = None

    def infer(self, data: Typed) -> TensorType:
        return TensorType(data.dtype, data.shape, self._value(data))

    def _value(self, data: Typed) -> SmallValue | None:
        function = type(self).scalar
        if function is None or data.dtype.is_float or data.value is None or not data.value.is_known:
            return None
        return SmallValue(data.value.shape, [function(i) for i in data.value.items])


class Binary(Op):
    """Two inputs of one type that broadcast; the output has that type (or ``result``)."""

    auto_broadcast = Enum("numpy", "none", "pdpd")
    #: element type of the output where it is not the inputs'
    result: ClassVar[DType | None] = None
    #: value of two known integers, for shape sub-graphs
    scalar: ClassVar[Callable[[Any, Any], Scalar] | None] = None

    def infer(self, a: Typed, b: Typed) -> TensorType:
        shape = broadcast(a.shape, b.shape, self.auto_broadcast)
        return TensorType(self.result or (b.dtype if a.dtype.is_dynamic else a.dtype), shape, self._value(a, b))

    def _value(self, a: Typed, b: Typed) -> SmallValue | None:
        function = type(self).scalar
        if function is None or a.dtype.is_float or self.auto_broadcast != "numpy":
            return None
        return broadcast_values(function, a.value, b.value)


def broadcast_values(
    function: Callable[[Any, Any], Scalar], a: SmallValue | None, b: SmallValue | None
) -> SmallValue | None:
    """A function of two small values that broadcast (up to one dimension); None where it cannot be told."""
    if a is None or b is None or len(a.shape) > 1 or len(b.shape) > 1:
        return None
    n = max(len(a.items), len(b.items)) if a.items and b.items else 0
    if len(a.items) not in (1, n) or len(b.items) not in (1, n):
        return None
    try:
        items = [
            function(a.items[i if len(a.items) > 1 else 0], b.items[i if len(b.items) > 1 else 0]) for i in range(n)
        ]
    except (ArithmeticError, ValueError, TypeError):
        return None
    return SmallValue((n,) if a.shape or b.shape else (), items)
