"""Ops of the family: reduction."""

from __future__ import annotations

from dragoman.ops.define import Bool, In, Op, op


@op("ReduceL1", "opset4")
class ReduceL1(Op):
    """ReduceL1 (opset4)."""

    node = In()
    reduction_axes = In()
    keep_dims = Bool(False)


@op("ReduceL2", "opset4")
class ReduceL2(Op):
    """ReduceL2 (opset4)."""

    node = In()
    reduction_axes = In()
    keep_dims = Bool(False)


@op("ReduceLogicalAnd", "opset1")
class ReduceLogicalAnd(Op):
    """ReduceLogicalAnd (opset1)."""

    node = In()
    reduction_axes = In()
    keep_dims = Bool(False)


@op("ReduceLogicalOr", "opset1")
class ReduceLogicalOr(Op):
    """ReduceLogicalOr (opset1)."""

    node = In()
    reduction_axes = In()
    keep_dims = Bool(False)


@op("ReduceMax", "opset1")
class ReduceMax(Op):
    """ReduceMax (opset1)."""

    node = In()
    reduction_axes = In()
    keep_dims = Bool(False)


@op("ReduceMean", "opset1")
class ReduceMean(Op):
    """ReduceMean (opset1)."""

    node = In()
    reduction_axes = In()
    keep_dims = Bool(False)


@op("ReduceMin", "opset1")
class ReduceMin(Op):
    """ReduceMin (opset1)."""

    node = In()
    reduction_axes = In()
    keep_dims = Bool(False)


@op("ReduceProd", "opset1")
class ReduceProd(Op):
    """ReduceProd (opset1)."""

    node = In()
    reduction_axes = In()
    keep_dims = Bool(False)


@op("ReduceSum", "opset1")
class ReduceSum(Op):
    """ReduceSum (opset1)."""

    node = In()
    reduction_axes = In()
    keep_dims = Bool(False)


@op("CumSum", "opset3")
class CumSum(Op):
    """CumSum (opset3)."""

    arg = In()
    axis = In()
    exclusive = Bool(False)
    reverse = Bool(False)
