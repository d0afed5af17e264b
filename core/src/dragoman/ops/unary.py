"""Ops of the family: unary."""

from __future__ import annotations

from dragoman.ops.define import Bool, Enum, In, Op, op


@op("Abs", "opset1")
class Abs(Op):
    """Abs (opset1)."""

    node = In()


@op("Acos", "opset1")
class Acos(Op):
    """Acos (opset1)."""

    node = In()


@op("Acosh", "opset4")
class Acosh(Op):
    """Acosh (opset4)."""

    node = In()


@op("Asin", "opset1")
class Asin(Op):
    """Asin (opset1)."""

    node = In()


@op("Asinh", "opset4")
class Asinh(Op):
    """Asinh (opset4)."""

    node = In()


@op("Atan", "opset1")
class Atan(Op):
    """Atan (opset1)."""

    node = In()


@op("Atanh", "opset4")
class Atanh(Op):
    """Atanh (opset4)."""

    node = In()


@op("Ceiling", "opset1")
class Ceiling(Op):
    """Ceiling (opset1)."""

    node = In()


@op("Cos", "opset1")
class Cos(Op):
    """Cos (opset1)."""

    node = In()


@op("Cosh", "opset1")
class Cosh(Op):
    """Cosh (opset1)."""

    node = In()


@op("Exp", "opset1")
class Exp(Op):
    """Exp (opset1)."""

    node = In()


@op("Floor", "opset1")
class Floor(Op):
    """Floor (opset1)."""

    node = In()


@op("Log", "opset1")
class Log(Op):
    """Log (opset1)."""

    node = In()


@op("Negative", "opset1")
class Negative(Op):
    """Negative (opset1)."""

    node = In()


@op("Round", "opset5")
class Round(Op):
    """Round (opset5)."""

    data = In()
    mode = Enum("half_away_from_zero", "half_to_even", default="half_to_even")


@op("Sign", "opset1")
class Sign(Op):
    """Sign (opset1)."""

    node = In()


@op("Sin", "opset1")
class Sin(Op):
    """Sin (opset1)."""

    node = In()


@op("Sinh", "opset1")
class Sinh(Op):
    """Sinh (opset1)."""

    node = In()


@op("Sqrt", "opset1")
class Sqrt(Op):
    """Sqrt (opset1)."""

    node = In()


@op("Tan", "opset1")
class Tan(Op):
    """Tan (opset1)."""

    node = In()


@op("IsFinite", "opset10")
class IsFinite(Op):
    """IsFinite (opset10)."""

    data = In()


@op("IsInf", "opset10")
class IsInf(Op):
    """IsInf (opset10)."""

    data = In()
    detect_negative = Bool(True)
    detect_positive = Bool(True)


@op("IsNaN", "opset10")
class IsNaN(Op):
    """IsNaN (opset10)."""

    data = In()


@op("BitwiseNot", "opset13")
class BitwiseNot(Op):
    """BitwiseNot (opset13)."""

    node = In()


@op("LogicalNot", "opset1")
class LogicalNot(Op):
    """LogicalNot (opset1)."""

    node = In()
