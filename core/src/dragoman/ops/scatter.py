"""Ops of the family: scatter."""

from __future__ import annotations

from dragoman.ops.define import Bool, Enum, In, Op, op


@op("ScatterElementsUpdate", "opset3")
class ScatterElementsUpdateV3(Op):
    """ScatterElementsUpdate (opset3)."""

    data = In()
    indices = In()
    updates = In()
    axis = In()


@op("ScatterElementsUpdate", "opset12")
class ScatterElementsUpdate(Op):
    """ScatterElementsUpdate (opset12)."""

    data = In()
    indices = In()
    updates = In()
    axis = In()
    reduction = Enum("max", "mean", "min", "none", "prod", "sum", default="none")
    use_init_val = Bool(True)


@op("ScatterNDUpdate", "opset4")
class ScatterNDUpdateV4(Op):
    """ScatterNDUpdate (opset4)."""

    data = In()
    indices = In()
    updates = In()


@op("ScatterNDUpdate", "opset15")
class ScatterNDUpdate(Op):
    """ScatterNDUpdate (opset15)."""

    data = In()
    indices = In()
    updates = In()
    reduction = Enum("max", "min", "none", "prod", "sum", default="none")


@op("ScatterUpdate", "opset3")
class ScatterUpdate(Op):
    """ScatterUpdate (opset3)."""

    data = In()
    indices = In()
    updates = In()
    axis = In()
