"""Arithmetic of two inputs (OpenVINO specification, *Arithmetic binary* and *Bitwise*).

The values are those of the type's own arithmetic: integers wrap. The CPU plugin saturates 8- and 16-bit results, and
its integer ``Divide`` truncates even where ``m_pythondiv`` asks for the floor.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from dragoman.graph.types import Scalar
from dragoman.infer.numbers import UNKNOWN, bounded, corners, ends
from dragoman.lazy import np
from dragoman.ops.define import Bool, In, op
from dragoman.ops.elementwise import NumericBinary, lay_pdpd, own_value

if TYPE_CHECKING:
    from dragoman.graph.tensor import Array


class _Arithmetic(NumericBinary):
    """A binary op whose value is a numpy function of its inputs."""

    @own_value
    def fold(self, a: Array, b: Array) -> Array:
        return self.value_of(*lay_pdpd((a, b), self.auto_broadcast))

    def value_of(self, a: Array, b: Array) -> Array:
        """The value of arrays that broadcast by numpy's rules."""
        raise NotImplementedError(self.type)


@op("Add", "opset1")
class Add(_Arithmetic):
    """a + b."""

    scalar = staticmethod(lambda x, y: x + y)
    monotone = True
    neutral = 0
    commutes = True

    def value_of(self, a: Array, b: Array) -> Array:
        return a + b


@op("Subtract", "opset1")
class Subtract(_Arithmetic):
    """a - b."""

    scalar = staticmethod(lambda x, y: x - y)
    monotone = True
    neutral = 0

    def value_of(self, a: Array, b: Array) -> Array:
        return a - b


@op("Multiply", "opset1")
class Multiply(_Arithmetic):
    """a · b."""

    scalar = staticmethod(lambda x, y: x * y)
    monotone = True
    neutral = 1
    commutes = True

    def value_of(self, a: Array, b: Array) -> Array:
        return a * b


def _quotient(x: Any, y: Any, floor: bool) -> Any:
    if isinstance(x, float):
        return x / y
    down = abs(x) // abs(y)
    return x // y if floor else down if (x < 0) == (y < 0) else -down


@op("Divide", "opset1")
class Divide(_Arithmetic):
    """a / b; of integers the floor with ``m_pythondiv``, else cut towards zero."""

    m_pythondiv = Bool(True)
    neutral = 1

    def number(self, x: Any, y: Any) -> Any:
        return _quotient(x, y, self.m_pythondiv)

    def between(self, x: Scalar, y: Scalar) -> Scalar:
        below = ends(y)
        if y != 1 and (below is None or below[0] <= 0 <= below[1]):
            return UNKNOWN
        return x if y == 1 else corners(self.number, x, y)

    def value_of(self, a: Array, b: Array) -> Array:
        if a.dtype.kind not in "iu":
            return a / b
        if self.m_pythondiv:
            return np.floor_divide(a, b)
        return np.floor_divide(np.abs(a), np.abs(b)) * np.where((a < 0) == (b < 0), 1, -1)


@op("Power", "opset1")
class Power(_Arithmetic):
    """a to the power b."""

    def number(self, x: Any, y: Any) -> Any:
        if isinstance(x, int) and y < 0:
            raise ValueError("a negative power of an integer")
        return x**y

    def between(self, x: Scalar, y: Scalar) -> Scalar:
        base, power = ends(x), ends(y)
        if base is None or power is None or base[0] < 0 or power[0] < 0:
            return UNKNOWN
        return corners(self.number, x, y)

    def value_of(self, a: Array, b: Array) -> Array:
        if a.dtype.kind in "iu":
            return np.trunc(np.power(a.astype(np.float64), b.astype(np.float64)))
        return np.power(a, b)


@op("Mod", "opset1")
class Mod(_Arithmetic):
    """a - b · trunc(a / b): the rest has the sign of a."""

    scalar = staticmethod(lambda x, y: math.fmod(x, y) if isinstance(x, float) else x - y * _quotient(x, y, False))

    def between(self, x: Scalar, y: Scalar) -> Scalar:
        over, under = ends(x), ends(y)
        if over is None or under is None or over[0] < 0 or under[0] <= 0:
            return UNKNOWN
        if over[1] < under[0]:
            return x
        return bounded(0, min(over[1], under[1] - 1))

    def value_of(self, a: Array, b: Array) -> Array:
        return np.fmod(a, b)


@op("FloorMod", "opset1")
class FloorMod(_Arithmetic):
    """a - b · floor(a / b): the rest has the sign of b.

    Of bounded values the runtime takes the rests of the bounds, which bound nothing; here they are unknown.
    """

    scalar = staticmethod(lambda x, y: x % y)

    def value_of(self, a: Array, b: Array) -> Array:
        return np.mod(a, b)


@op("Maximum", "opset1")
class Maximum(_Arithmetic):
    """The greater of both."""

    scalar = staticmethod(max)
    monotone = True

    def value_of(self, a: Array, b: Array) -> Array:
        return np.maximum(a, b)


@op("Minimum", "opset1")
class Minimum(_Arithmetic):
    """The lesser of both."""

    scalar = staticmethod(min)
    monotone = True

    def value_of(self, a: Array, b: Array) -> Array:
        return np.minimum(a, b)


@op("SquaredDifference", "opset1")
class SquaredDifference(_Arithmetic):
    """(a - b)²."""

    scalar = staticmethod(lambda x, y: (x - y) ** 2)

    def value_of(self, a: Array, b: Array) -> Any:
        difference = a - b
        return difference * difference


class _Bitwise(_Arithmetic):
    """A binary op on the bits of integers; of booleans the logical one."""

    a = In("T", "int", "uint", "bool")
    b = In("T", "int", "uint", "bool")


@op("BitwiseAnd", "opset13")
class BitwiseAnd(_Bitwise):
    """Bits set in both."""

    scalar = staticmethod(lambda x, y: x & y)

    def value_of(self, a: Array, b: Array) -> Array:
        return np.bitwise_and(a, b)


@op("BitwiseOr", "opset13")
class BitwiseOr(_Bitwise):
    """Bits set in either."""

    scalar = staticmethod(lambda x, y: x | y)

    def value_of(self, a: Array, b: Array) -> Array:
        return np.bitwise_or(a, b)


@op("BitwiseXor", "opset13")
class BitwiseXor(_Bitwise):
    """Bits set in one of them."""

    scalar = staticmethod(lambda x, y: x ^ y)

    def value_of(self, a: Array, b: Array) -> Array:
        return np.bitwise_xor(a, b)


class _Shift(_Arithmetic):
    """Bits moved by as many places as the second input says."""

    a = In("T", "int", "uint")
    b = In("T", "int", "uint")


@op("BitwiseLeftShift", "opset15")
class BitwiseLeftShift(_Shift):
    """Bits moved up; zeros come in below."""

    scalar = staticmethod(lambda x, y: x << y)

    def value_of(self, a: Array, b: Array) -> Array:
        return np.left_shift(a, b)


@op("BitwiseRightShift", "opset15")
class BitwiseRightShift(_Shift):
    """Bits moved down; the sign comes in above."""

    scalar = staticmethod(lambda x, y: x >> y)

    def value_of(self, a: Array, b: Array) -> Array:
        return np.right_shift(a, b)
