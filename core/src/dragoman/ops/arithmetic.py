"""Ops of the family: arithmetic."""

from __future__ import annotations

from dragoman.ops.define import Bool, Enum, In, Op, op


@op("Add", "opset1")
class Add(Op):
    """Add (opset1)."""

    left_node = In()
    right_node = In()
    auto_broadcast = Enum("none", "numpy", "pdpd", default="numpy")


@op("Subtract", "opset1")
class Subtract(Op):
    """Subtract (opset1)."""

    left_node = In()
    right_node = In()
    auto_broadcast = Enum("none", "numpy", "pdpd", default="numpy")


@op("Multiply", "opset1")
class Multiply(Op):
    """Multiply (opset1)."""

    left_node = In()
    right_node = In()
    auto_broadcast = Enum("none", "numpy", "pdpd", default="numpy")


@op("Divide", "opset1")
class Divide(Op):
    """Divide (opset1)."""

    left_node = In()
    right_node = In()
    auto_broadcast = Enum("none", "numpy", "pdpd", default="numpy")
    m_pythondiv = Bool(True)


@op("Power", "opset1")
class Power(Op):
    """Power (opset1)."""

    left_node = In()
    right_node = In()
    auto_broadcast = Enum("none", "numpy", "pdpd", default="numpy")


@op("Mod", "opset1")
class Mod(Op):
    """Mod (opset1)."""

    left_node = In()
    right_node = In()
    auto_broadcast = Enum("none", "numpy", "pdpd", default="numpy")


@op("FloorMod", "opset1")
class FloorMod(Op):
    """FloorMod (opset1)."""

    left_node = In()
    right_node = In()
    auto_broadcast = Enum("none", "numpy", "pdpd", default="numpy")


@op("Maximum", "opset1")
class Maximum(Op):
    """Maximum (opset1)."""

    left_node = In()
    right_node = In()
    auto_broadcast = Enum("none", "numpy", "pdpd", default="numpy")


@op("Minimum", "opset1")
class Minimum(Op):
    """Minimum (opset1)."""

    left_node = In()
    right_node = In()
    auto_broadcast = Enum("none", "numpy", "pdpd", default="numpy")


@op("SquaredDifference", "opset1")
class SquaredDifference(Op):
    """SquaredDifference (opset1)."""

    x1 = In()
    x2 = In()
    auto_broadcast = Enum("none", "numpy", "pdpd", default="numpy")


@op("BitwiseAnd", "opset13")
class BitwiseAnd(Op):
    """BitwiseAnd (opset13)."""

    left_node = In()
    right_node = In()
    auto_broadcast = Enum("none", "numpy", "pdpd", default="numpy")


@op("BitwiseOr", "opset13")
class BitwiseOr(Op):
    """BitwiseOr (opset13)."""

    left_node = In()
    right_node = In()
    auto_broadcast = Enum("none", "numpy", "pdpd", default="numpy")


@op("BitwiseXor", "opset13")
class BitwiseXor(Op):
    """BitwiseXor (opset13)."""

    left_node = In()
    right_node = In()
    auto_broadcast = Enum("none", "numpy", "pdpd", default="numpy")


@op("BitwiseLeftShift", "opset15")
class BitwiseLeftShift(Op):
    """BitwiseLeftShift (opset15)."""

    arg0 = In()
    arg1 = In()
    auto_broadcast = Enum("none", "numpy", "pdpd", default="numpy")


@op("BitwiseRightShift", "opset15")
class BitwiseRightShift(Op):
    """BitwiseRightShift (opset15)."""

    arg0 = In()
    arg1 = In()
    auto_broadcast = Enum("none", "numpy", "pdpd", default="numpy")
