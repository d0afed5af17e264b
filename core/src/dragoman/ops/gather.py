"""Ops of the family: gather."""

from __future__ import annotations

from dragoman.ops.define import In, Int, Op, op


@op("Gather", "opset1")
class GatherV1(Op):
    """Gather (opset1)."""

    data = In()
    indices = In()
    axis = In()


@op("Gather", "opset7")
class GatherV7(Op):
    """Gather (opset7)."""

    data = In()
    indices = In()
    axis = In()
    batch_dims = Int(0)


@op("Gather", "opset8")
class Gather(Op):
    """Gather (opset8)."""

    data = In()
    indices = In()
    axis = In()
    batch_dims = Int(0)


@op("GatherElements", "opset6")
class GatherElements(Op):
    """GatherElements (opset6)."""

    data = In()
    indices = In()
    axis = Int(0)


@op("GatherND", "opset5")
class GatherNDV5(Op):
    """GatherND (opset5)."""

    data = In()
    indices = In()
    batch_dims = Int(0)


@op("GatherND", "opset8")
class GatherND(Op):
    """GatherND (opset8)."""

    data = In()
    indices = In()
    batch_dims = Int(0)


@op("GatherTree", "opset1")
class GatherTree(Op):
    """GatherTree (opset1)."""

    step_ids = In()
    parent_idx = In()
    max_seq_len = In()
    end_token = In()
