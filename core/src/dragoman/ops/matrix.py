"""Ops of the family: matrix."""

from __future__ import annotations

from dragoman.ops.define import Bool, In, Op, Str, op


@op("MatMul", "opset1")
class MatMul(Op):
    """MatMul (opset1)."""

    data_a = In()
    data_b = In()
    transpose_a = Bool(False)
    transpose_b = Bool(False)


@op("Einsum", "opset7")
class Einsum(Op):
    """Einsum (opset7)."""

    inputs_ = In(variadic=True)
    equation = Str("")


@op("Inverse", "opset14")
class Inverse(Op):
    """Inverse (opset14)."""

    data = In()
    adjoint = Bool(False)


@op("ScaledDotProductAttention", "opset13")
class ScaledDotProductAttention(Op):
    """ScaledDotProductAttention (opset13)."""

    query = In()
    key = In()
    value = In()
    attention_mask = In(optional=True)
    scale = In(optional=True)
    causal = Bool(False)


@op("GroupedMatMul", "opset17")
class GroupedMatMul(Op):
    """GroupedMatMul (opset17)."""

    mat_a = In()
    mat_b = In()
    offsets = In(optional=True)
