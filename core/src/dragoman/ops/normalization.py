"""Ops of the family: normalization."""

from __future__ import annotations

from dragoman.ops.define import Bool, Enum, Float, In, Int, Ints, Op, op


@op("BatchNormInference", "opset1")
class BatchNormInferenceV1(Op):
    """BatchNormInference (opset1)."""

    data = In()
    gamma = In()
    beta = In()
    mean = In()
    variance = In()
    epsilon = Float(0.0)


@op("BatchNormInference", "opset5")
class BatchNormInference(Op):
    """BatchNormInference (opset5)."""

    data = In()
    gamma = In()
    beta = In()
    mean = In()
    variance = In()
    epsilon = Float(0.0)


@op("LRN", "opset1")
class LRN(Op):
    """LRN (opset1)."""

    data = In()
    axes = In()
    alpha = Float(0.0)
    beta = Float(0.0)
    bias = Float(0.0)
    size = Int(0)


@op("MVN", "opset2")
class MVNV2(Op):
    """MVN (opset2)."""

    data = In()
    eps = Float(0.0)
    across_channels = Bool(False)
    normalize_variance = Bool(False)
    reduction_axes = Ints(())


@op("MVN", "opset6")
class MVN(Op):
    """MVN (opset6)."""

    data = In()
    axes = In()
    eps = Float(0.0)
    normalize_variance = Bool(False)
    eps_mode = Enum("INSIDE_SQRT", "OUTSIDE_SQRT", default="INSIDE_SQRT")


@op("NormalizeL2", "opset1")
class NormalizeL2(Op):
    """NormalizeL2 (opset1)."""

    data = In()
    axes = In()
    eps = Float(0.0)
    eps_mode = Enum("add", "max", default="add")


@op("GRN", "opset1")
class GRN(Op):
    """GRN (opset1)."""

    data = In()
    bias = Float(1.0)


@op("GroupNormalization", "opset12")
class GroupNormalization(Op):
    """GroupNormalization (opset12)."""

    data = In()
    scale = In()
    bias = In()
    num_groups = Int(0)
    epsilon = Float(0.0)
