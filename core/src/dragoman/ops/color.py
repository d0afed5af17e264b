"""Ops of the family: color."""

from __future__ import annotations

from dragoman.ops.define import Bool, In, Op, op


@op("BGRtoNV12", "opset17")
class BGRtoNV12(Op):
    """BGRtoNV12 (opset17)."""

    image = In()
    single_plane = Bool(True)


@op("RGBtoNV12", "opset17")
class RGBtoNV12(Op):
    """RGBtoNV12 (opset17)."""

    image = In()
    single_plane = Bool(True)


@op("I420toBGR", "opset8")
class I420toBGR(Op):
    """I420toBGR (opset8)."""

    arg = In()
    arg_u = In(optional=True)
    arg_v = In(optional=True)


@op("I420toRGB", "opset8")
class I420toRGB(Op):
    """I420toRGB (opset8)."""

    arg = In()
    arg_u = In(optional=True)
    arg_v = In(optional=True)


@op("NV12toBGR", "opset8")
class NV12toBGR(Op):
    """NV12toBGR (opset8)."""

    arg = In()
    arg_uv = In(optional=True)


@op("NV12toRGB", "opset8")
class NV12toRGB(Op):
    """NV12toRGB (opset8)."""

    arg = In()
    arg_uv = In(optional=True)
