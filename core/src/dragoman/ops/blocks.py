"""Ops of the family: blocks."""

from __future__ import annotations

from dragoman.ops.define import Enum, In, Int, Ints, Op, op


@op("ShuffleChannels", "opset1")
class ShuffleChannels(Op):
    """ShuffleChannels (opset1)."""

    data = In()
    axis = Int(1)
    group = Int(1)


@op("SpaceToDepth", "opset1")
class SpaceToDepth(Op):
    """SpaceToDepth (opset1)."""

    data = In()
    block_size = Int(0)
    mode = Enum("blocks_first", "depth_first", default="blocks_first")


@op("DepthToSpace", "opset1")
class DepthToSpace(Op):
    """DepthToSpace (opset1)."""

    node = In()
    block_size = Int(0)
    mode = Enum("blocks_first", "depth_first", default="blocks_first")


@op("BatchToSpace", "opset2")
class BatchToSpace(Op):
    """BatchToSpace (opset2)."""

    data = In()
    block_shape = In()
    crops_begin = In()
    crops_end = In()


@op("SpaceToBatch", "opset2")
class SpaceToBatch(Op):
    """SpaceToBatch (opset2)."""

    data = In()
    block_shape = In()
    pads_begin = In()
    pads_end = In()


@op("Col2Im", "opset15")
class Col2Im(Op):
    """Col2Im (opset15)."""

    data = In()
    output_size = In()
    kernel_size = In()
    strides = Ints(())
    dilations = Ints(())
    pads_begin = Ints(())
    pads_end = Ints(())


@op("ExtractImagePatches", "opset3")
class ExtractImagePatches(Op):
    """ExtractImagePatches (opset3)."""

    image = In()
    sizes = Ints(())
    strides = Ints(())
    rates = Ints(())
    auto_pad = Enum("explicit", "same_lower", "same_upper", "valid", default="explicit")


@op("ReorgYolo", "opset2")
class ReorgYolo(Op):
    """ReorgYolo (opset2)."""

    input = In()
    stride = Ints(())
