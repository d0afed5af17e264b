"""The op that an IR holds for the fork's Python layer."""

from __future__ import annotations

from dragoman.graph.types import TensorType, Typed
from dragoman.ops.define import Contradiction, In, Int, Op, op


@op("AcmeTaper", "extension")
class AcmeTaper(Op):
    """Column j of the last axis times (1 + cos(pi * (j mod period) / period)) / 2."""

    data = In("T", "float")
    period = Int(8)

    def infer(self, data: Typed) -> TensorType:
        """The type and shape of the input."""
        if self.period < 1:
            raise Contradiction(f"the period is {self.period}, and must be above 0")
        return TensorType(data.dtype, data.shape)
