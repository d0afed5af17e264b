"""Ops of the family: comparison."""

from __future__ import annotations

from dragoman.ops.define import Enum, In, Op, op


@op("Equal", "opset1")
class Equal(Op):
    """Equal (opset1)."""

    left_node = In()
    right_node = In()
    auto_broadcast = Enum("none", "numpy", "pdpd", default="numpy")


@op("NotEqual", "opset1")
class NotEqual(Op):
    """NotEqual (opset1)."""

    left_node = In()
    right_node = In()
    auto_broadcast = Enum("none", "numpy", "pdpd", default="numpy")


@op("Greater", "opset1")
class Greater(Op):
    """Greater (opset1)."""

    left_node = In()
    right_node = In()
    auto_broadcast = Enum("none", "numpy", "pdpd", default="numpy")


@op("GreaterEqual", "opset1")
class GreaterEqual(Op):
    """GreaterEqual (opset1)."""

    left_node = In()
    right_node = In()
    auto_broadcast = Enum("none", "numpy", "pdpd", default="numpy")


@op("Less", "opset1")
class Less(Op):
    """Less (opset1)."""

    left_node = In()
    right_node = In()
    auto_broadcast = Enum("none", "numpy", "pdpd", default="numpy")


@op("LessEqual", "opset1")
class LessEqual(Op):
    """LessEqual (opset1)."""

    left_node = In()
    right_node = In()
    auto_broadcast = Enum("none", "numpy", "pdpd", default="numpy")


@op("LogicalAnd", "opset1")
class LogicalAnd(Op):
    """LogicalAnd (opset1)."""

    left_node = In()
    right_node = In()
    auto_broadcast = Enum("none", "numpy", "pdpd", default="numpy")


@op("LogicalOr", "opset1")
class LogicalOr(Op):
    """LogicalOr (opset1)."""

    left_node = In()
    right_node = In()
    auto_broadcast = Enum("none", "numpy", "pdpd", default="numpy")


@op("LogicalXor", "opset2")
class LogicalXor(Op):
    """LogicalXor (opset2)."""

    left_node = In()
    right_node = In()
    auto_broadcast = Enum("none", "numpy", "pdpd", default="numpy")


@op("Xor", "opset1")
class Xor(Op):
    """Xor (opset1)."""

    left_node = In()
    right_node = In()
    auto_broadcast = Enum("none", "numpy", "pdpd", default="numpy")


@op("Select", "opset1")
class Select(Op):
    """Select (opset1)."""

    cond = In()
    then_node = In()
    else_node = In()
    auto_broadcast = Enum("none", "numpy", "pdpd", default="numpy")
