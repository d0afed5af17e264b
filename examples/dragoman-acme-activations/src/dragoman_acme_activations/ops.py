"""Ops that an IR holds under their own names; the prefix keeps them apart from other people's."""

from __future__ import annotations

from dragoman.graph.types import TensorType, Typed
from dragoman.ops.define import Float, In, Op, op


@op("AcmeSoftClip", "extension")
class AcmeSoftClip(Op):
    """limit * tanh(data / limit)."""

    data = In("T", "float")
    limit = Float(1.0)

    def infer(self, data: Typed) -> TensorType:
        """The type and shape of the input."""
        return TensorType(data.dtype, data.shape)
