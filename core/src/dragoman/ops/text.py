"""Ops of the family: text."""

from __future__ import annotations

from dragoman.ops.define import In, Op, op


@op("StringTensorPack", "opset15")
class StringTensorPack(Op):
    """StringTensorPack (opset15)."""

    begins = In()
    ends = In()
    symbols = In()


@op("StringTensorUnpack", "opset15")
class StringTensorUnpack(Op):
    """StringTensorUnpack (opset15)."""

    data = In()
    outputs = 3
