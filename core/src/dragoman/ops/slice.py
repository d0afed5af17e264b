"""Ops of the family: slice."""

from __future__ import annotations

from dragoman.ops.define import Enum, In, Int, Ints, Op, op


@op("Slice", "opset8")
class Slice(Op):
    """Slice (opset8)."""

    data = In()
    start = In()
    stop = In()
    step = In()
    axes = In(optional=True)


@op("StridedSlice", "opset1")
class StridedSlice(Op):
    """StridedSlice (opset1)."""

    data = In()
    begin = In()
    end = In()
    strides = In()
    begin_mask = Ints(())
    end_mask = Ints(())
    new_axis_mask = Ints(())
    shrink_axis_mask = Ints(())
    ellipsis_mask = Ints(())


@op("SliceScatter", "opset15")
class SliceScatter(Op):
    """SliceScatter (opset15)."""

    data = In()
    updates = In()
    start = In()
    stop = In()
    step = In()
    axes = In(optional=True)


@op("Pad", "opset1")
class PadV1(Op):
    """Pad (opset1)."""

    arg = In()
    pads_begin = In()
    pads_end = In()
    arg_pad_value = In(optional=True)
    pad_mode = Enum("constant", "edge", "reflect", "symmetric", default="constant")


@op("Pad", "opset12")
class Pad(Op):
    """Pad (opset12)."""

    arg = In()
    pads_begin = In()
    pads_end = In()
    arg_pad_value = In(optional=True)
    pad_mode = Enum("constant", "edge", "reflect", "symmetric", default="constant")


@op("Reverse", "opset1")
class Reverse(Op):
    """Reverse (opset1)."""

    data = In()
    axis = In()
    mode = Enum("index", default="index")


@op("Roll", "opset7")
class Roll(Op):
    """Roll (opset7)."""

    data = In()
    shift = In()
    axes = In()


@op("ReverseSequence", "opset1")
class ReverseSequence(Op):
    """ReverseSequence (opset1)."""

    input = In()
    seq_lengths = In()
    batch_axis = Int(0)
    seq_axis = Int(1)
