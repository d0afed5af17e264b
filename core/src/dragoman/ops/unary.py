"""Elementwise mathematics, rounding and logic of one input (OpenVINO specification, *Arithmetic* and *Logical*)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from dragoman.graph.types import Interval, Scalar, TensorType, Typed, boolean
from dragoman.infer.numbers import UNKNOWN
from dragoman.lazy import np
from dragoman.ops.define import Bool, Enum, In, Op, op
from dragoman.ops.elementwise import REAL, NumericUnary, Unary, own_value, real_value

if TYPE_CHECKING:
    from dragoman.graph.tensor import Array


@op("Abs", "opset1")
class Abs(NumericUnary):
    """Absolute value."""

    scalar = staticmethod(abs)

    def between(self, item: Interval) -> Scalar:
        return item if item.lo is not None and item.lo >= 0 else UNKNOWN

    @own_value
    def fold(self, data: Array) -> Array:
        return np.abs(data)


@op("Acos", "opset1")
class Acos(NumericUnary):
    """Arc cosine."""

    @real_value
    def fold(self, data: Array) -> Array:
        return np.arccos(data)


@op("Acosh", "opset4")
class Acosh(NumericUnary):
    """Inverse hyperbolic cosine."""

    @real_value
    def fold(self, data: Array) -> Array:
        return np.arccosh(data)


@op("Asin", "opset1")
class Asin(NumericUnary):
    """Arc sine."""

    @real_value
    def fold(self, data: Array) -> Array:
        return np.arcsin(data)


@op("Asinh", "opset4")
class Asinh(NumericUnary):
    """Inverse hyperbolic sine."""

    @real_value
    def fold(self, data: Array) -> Array:
        return np.arcsinh(data)


@op("Atan", "opset1")
class Atan(NumericUnary):
    """Arc tangent."""

    @real_value
    def fold(self, data: Array) -> Array:
        return np.arctan(data)


@op("Atanh", "opset4")
class Atanh(NumericUnary):
    """Inverse hyperbolic tangent."""

    @real_value
    def fold(self, data: Array) -> Array:
        return np.arctanh(data)


@op("Cos", "opset1")
class Cos(NumericUnary):
    """Cosine."""

    @real_value
    def fold(self, data: Array) -> Array:
        return np.cos(data)


@op("Cosh", "opset1")
class Cosh(NumericUnary):
    """Hyperbolic cosine."""

    @real_value
    def fold(self, data: Array) -> Array:
        return np.cosh(data)


@op("Exp", "opset1")
class Exp(NumericUnary):
    """e to the power x."""

    scalar = staticmethod(math.exp)

    @real_value
    def fold(self, data: Array) -> Array:
        return np.exp(data)


@op("Log", "opset1")
class Log(NumericUnary):
    """Natural logarithm."""

    scalar = staticmethod(math.log)

    @real_value
    def fold(self, data: Array) -> Array:
        return np.log(data)


@op("Sin", "opset1")
class Sin(NumericUnary):
    """Sine."""

    @real_value
    def fold(self, data: Array) -> Array:
        return np.sin(data)


@op("Sinh", "opset1")
class Sinh(NumericUnary):
    """Hyperbolic sine."""

    @real_value
    def fold(self, data: Array) -> Array:
        return np.sinh(data)


@op("Sqrt", "opset1")
class Sqrt(NumericUnary):
    """Square root."""

    scalar = staticmethod(math.sqrt)

    @real_value
    def fold(self, data: Array) -> Array:
        return np.sqrt(data)


@op("Tan", "opset1")
class Tan(NumericUnary):
    """Tangent."""

    @real_value
    def fold(self, data: Array) -> Array:
        return np.tan(data)


@op("Ceiling", "opset1")
class Ceiling(NumericUnary):
    """Rounds up."""

    scalar = staticmethod(math.ceil)

    @own_value
    def fold(self, data: Array) -> Array:
        return np.ceil(data)


@op("Floor", "opset1")
class Floor(NumericUnary):
    """Rounds down."""

    scalar = staticmethod(math.floor)

    @own_value
    def fold(self, data: Array) -> Array:
        return np.floor(data)


@op("Negative", "opset1")
class Negative(NumericUnary):
    """-x."""

    scalar = staticmethod(lambda x: -x)

    @own_value
    def fold(self, data: Array) -> Array:
        return np.negative(data)


@op("Sign", "opset1")
class Sign(NumericUnary):
    """-1, 0 or 1."""

    scalar = staticmethod(lambda x: (x > 0) - (x < 0))

    @own_value
    def fold(self, data: Array) -> Array:
        return np.sign(data)


@op("Round", "opset5")
class Round(Unary):
    """The nearest integer, halves to the even one or away from zero."""

    mode = Enum("half_to_even", "half_away_from_zero")

    def number(self, item: Any) -> Any:
        if self.mode == "half_to_even":
            return round(item)
        down = math.floor(abs(item))
        return math.copysign(down + (abs(item) - down >= 0.5), item) if isinstance(item, float) else item

    @own_value
    def fold(self, data: Array) -> Any:
        if data.dtype.kind in "iu" or self.mode == "half_to_even":
            return np.rint(data) if data.dtype.kind == "f" else data
        down = np.floor(np.abs(data))
        return np.copysign(down + (np.abs(data) - down >= 0.5), data)


class _Test(Op):
    """A question to each floating-point element."""

    data = In("T", *REAL)

    def infer(self, data: Typed) -> TensorType:
        return TensorType(boolean, data.shape)


@op("IsFinite", "opset10")
class IsFinite(_Test):
    """True where x is neither infinite nor NaN."""

    def fold(self, data: Array) -> Array:
        return np.isfinite(data)


@op("IsInf", "opset10")
class IsInf(_Test):
    """True where x is infinite with one of the signs asked for."""

    detect_negative = Bool(True)
    detect_positive = Bool(True)

    def fold(self, data: Array) -> Array:
        return np.isinf(data) & (((data > 0) & self.detect_positive) | ((data < 0) & self.detect_negative))


@op("IsNaN", "opset10")
class IsNaN(_Test):
    """True where x is NaN."""

    def fold(self, data: Array) -> Array:
        return np.isnan(data)


@op("BitwiseNot", "opset13")
class BitwiseNot(Unary):
    """Every bit inverted; of a boolean the other."""

    data = In("T", "int", "uint", "bool")

    @own_value
    def fold(self, data: Array) -> Array:
        return np.invert(data)


@op("LogicalNot", "opset1")
class LogicalNot(Unary):
    """True where x is false."""

    data = In("T", "bool")
    scalar = staticmethod(lambda x: not x)

    def fold(self, data: Array) -> Array:
        return np.logical_not(data)
