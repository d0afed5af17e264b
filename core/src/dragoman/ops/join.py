"""Ops of the family: join."""

from __future__ import annotations

from dragoman.ops.define import In, Int, Op, op


@op("Concat", "opset1")
class Concat(Op):
    """Concat (opset1)."""

    nodes = In(variadic=True)
    axis = Int(0)


@op("Split", "opset1")
class Split(Op):
    """Split (opset1)."""

    data = In()
    axis = In()
    num_splits = Int(0)
    outputs = None


@op("VariadicSplit", "opset1")
class VariadicSplit(Op):
    """VariadicSplit (opset1)."""

    data = In()
    axis = In()
    split_lengths = In()
    outputs = None
