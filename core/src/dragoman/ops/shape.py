"""Ops of the family: shape."""

from __future__ import annotations

from dragoman.ops.define import Bool, Enum, In, Op, op


@op("Reshape", "opset1")
class Reshape(Op):
    """Reshape (opset1)."""

    node = In()
    output_shape = In()
    special_zero = Bool(False)


@op("Squeeze", "opset1")
class SqueezeV1(Op):
    """Squeeze (opset1)."""

    data = In()
    axes = In()


@op("Squeeze", "opset15")
class Squeeze(Op):
    """Squeeze (opset15)."""

    data = In()
    axes = In(optional=True)
    allow_axis_skip = Bool(False)


@op("Unsqueeze", "opset1")
class Unsqueeze(Op):
    """Unsqueeze (opset1)."""

    data = In()
    axes = In()


@op("Transpose", "opset1")
class Transpose(Op):
    """Transpose (opset1)."""

    data = In()
    input_order = In()


@op("Broadcast", "opset1")
class BroadcastV1(Op):
    """Broadcast (opset1)."""

    data = In()
    target_shape = In()
    axes_mapping = In(optional=True)
    mode = Enum("none", "numpy", "pdpd", default="none")


@op("Broadcast", "opset3")
class Broadcast(Op):
    """Broadcast (opset3)."""

    data = In()
    target_shape = In()
    axes_mapping = In(optional=True)
    mode = Enum("bidirectional", "explicit", "numpy", "pdpd", default="numpy")


@op("Tile", "opset1")
class Tile(Op):
    """Tile (opset1)."""

    data = In()
    repeats = In()
