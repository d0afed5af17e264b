"""Comparisons, logic of two inputs and selection (OpenVINO specification, *Comparison*, *Logical* and *Condition*)."""

from __future__ import annotations

import math
import operator
from typing import TYPE_CHECKING, Any

from dragoman.graph.types import Interval, Scalar, Shape, TensorType, Typed, boolean
from dragoman.infer.broadcast import broadcast
from dragoman.infer.numbers import UNKNOWN, few
from dragoman.lazy import np
from dragoman.ops.define import Enum, In, Op, op
from dragoman.ops.elementwise import Binary, broadcast_values, lay_pdpd

if TYPE_CHECKING:
    from dragoman.graph.tensor import Array


class _Comparison(Binary):
    """A question to each pair of elements."""

    result = boolean

    def fold(self, a: Array, b: Array) -> Array:
        return np.asarray(self.value_of(*lay_pdpd((a, b), self.auto_broadcast)), np.bool_)

    def value_of(self, a: Array, b: Array) -> Array:
        """The answer for arrays that broadcast by numpy's rules."""
        answer: Array = self.number(a, b)
        return answer


@op("Equal", "opset1")
class Equal(_Comparison):
    """a = b."""

    scalar = staticmethod(operator.eq)

    def between(self, x: Scalar, y: Scalar) -> Scalar:
        return UNKNOWN if _may_meet(x, y) else False


@op("NotEqual", "opset1")
class NotEqual(_Comparison):
    """a ≠ b."""

    scalar = staticmethod(operator.ne)


@op("Greater", "opset1")
class Greater(_Comparison):
    """a > b."""

    scalar = staticmethod(operator.gt)


@op("GreaterEqual", "opset1")
class GreaterEqual(_Comparison):
    """a ≥ b."""

    scalar = staticmethod(operator.ge)


@op("Less", "opset1")
class Less(_Comparison):
    """a < b."""

    scalar = staticmethod(operator.lt)


@op("LessEqual", "opset1")
class LessEqual(_Comparison):
    """a ≤ b."""

    scalar = staticmethod(operator.le)


class _Logical(_Comparison):
    """A binary op of booleans."""

    a = In("T", "bool")
    b = In("T", "bool")


@op("LogicalAnd", "opset1")
class LogicalAnd(_Logical):
    """Both are true."""

    scalar = staticmethod(operator.and_)


@op("LogicalOr", "opset1")
class LogicalOr(_Logical):
    """One at least is true."""

    scalar = staticmethod(operator.or_)


class _Xor(_Logical):
    """Exactly one is true."""

    scalar = staticmethod(operator.xor)


@op("LogicalXor", "opset2")
class LogicalXor(_Xor):
    """Exactly one is true."""


@op("Xor", "opset1")
class Xor(_Xor):
    """Exactly one is true (the older name)."""


@op("Select", "opset1")
class Select(Op):
    """``then`` where the condition holds, ``else`` elsewhere."""

    cond = In("", "bool")
    then = In("T")
    else_ = In("T")
    auto_broadcast = Enum("numpy", "none", "pdpd")

    def infer(self, cond: Typed, then: Typed, other: Typed) -> TensorType:
        kind = other.dtype if then.dtype.is_dynamic else then.dtype
        shape = self._shape(cond.shape, then.shape, other.shape)
        value = None
        if self.auto_broadcast == "numpy" and few(shape):
            value = broadcast_values(_choose, cond.value, then.value, other.value)
        return TensorType(kind, shape, value)

    def _shape(self, cond: Shape, then: Shape, other: Shape) -> Shape:
        mode = self.auto_broadcast
        if mode == "pdpd":
            # both are laid on the shape of ``then``, which they cannot stretch
            return broadcast(broadcast(then, cond, mode), other, mode)
        return broadcast(broadcast(cond, then, mode), other, mode)

    def fold(self, cond: Array, then: Array, other: Array) -> Array:
        then, cond, other = lay_pdpd((then, cond, other), self.auto_broadcast)
        return np.where(cond, then, other)


def _choose(cond: Scalar, then: Scalar, other: Scalar) -> Scalar:
    if isinstance(cond, Interval):
        return UNKNOWN
    return then if cond else other


def _may_meet(x: Scalar, y: Scalar) -> bool:
    (xlo, xhi), (ylo, yhi) = _bounds(x), _bounds(y)
    return xlo <= yhi and ylo <= xhi


def _bounds(item: Any) -> tuple[float, float]:
    if not isinstance(item, Interval):
        return item, item
    return -math.inf if item.lo is None else item.lo, math.inf if item.hi is None else item.hi
