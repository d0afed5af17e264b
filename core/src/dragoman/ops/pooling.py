"""Ops of the family: pooling."""

from __future__ import annotations

from dragoman.ops.define import Bool, ElementType, Enum, In, Int, Ints, Op, op


@op("AvgPool", "opset1")
class AvgPoolV1(Op):
    """AvgPool (opset1)."""

    data_batch = In()
    kernel = Ints(())
    strides = Ints(())
    pads_begin = Ints(())
    pads_end = Ints(())
    exclude_pad = Bool(True, xml="exclude-pad")
    auto_pad = Enum("explicit", "same_lower", "same_upper", "valid", default="explicit")
    rounding_type = Enum("ceil", "ceil_torch", "floor", default="floor")


@op("AvgPool", "opset14")
class AvgPoolV14(Op):
    """AvgPool (opset14)."""

    data_batch = In()
    kernel = Ints(())
    strides = Ints(())
    pads_begin = Ints(())
    pads_end = Ints(())
    exclude_pad = Bool(True, xml="exclude-pad")
    auto_pad = Enum("explicit", "same_lower", "same_upper", "valid", default="explicit")
    rounding_type = Enum("ceil", "ceil_torch", "floor", default="floor")


@op("AvgPool", "opset16")
class AvgPool(Op):
    """AvgPool (opset16)."""

    data_batch = In()
    kernel = Ints(())
    strides = Ints(())
    pads_begin = Ints(())
    pads_end = Ints(())
    exclude_pad = Bool(True, xml="exclude-pad")
    auto_pad = Enum("explicit", "same_lower", "same_upper", "valid", default="explicit")
    rounding_type = Enum("ceil", "ceil_torch", "floor", default="floor")
    dilations = Ints(())


@op("MaxPool", "opset1")
class MaxPoolV1(Op):
    """MaxPool (opset1)."""

    data = In()
    strides = Ints(())
    pads_begin = Ints(())
    pads_end = Ints(())
    kernel = Ints(())
    rounding_type = Enum("ceil", "ceil_torch", "floor", default="floor")
    auto_pad = Enum("explicit", "same_lower", "same_upper", "valid", default="explicit")


@op("MaxPool", "opset8")
class MaxPoolV8(Op):
    """MaxPool (opset8)."""

    data = In()
    strides = Ints(())
    dilations = Ints(())
    pads_begin = Ints(())
    pads_end = Ints(())
    kernel = Ints(())
    rounding_type = Enum("ceil", "ceil_torch", "floor", default="floor")
    auto_pad = Enum("explicit", "same_lower", "same_upper", "valid", default="explicit")
    index_element_type = ElementType("i64")
    axis = Int(0)
    outputs = 2


@op("MaxPool", "opset14")
class MaxPool(Op):
    """MaxPool (opset14)."""

    data = In()
    strides = Ints(())
    dilations = Ints(())
    pads_begin = Ints(())
    pads_end = Ints(())
    kernel = Ints(())
    rounding_type = Enum("ceil", "ceil_torch", "floor", default="floor")
    auto_pad = Enum("explicit", "same_lower", "same_upper", "valid", default="explicit")
    index_element_type = ElementType("i64")
    axis = Int(0)
    outputs = 2


@op("AdaptiveAvgPool", "opset8")
class AdaptiveAvgPool(Op):
    """AdaptiveAvgPool (opset8)."""

    data = In()
    output_shape = In()


@op("AdaptiveMaxPool", "opset8")
class AdaptiveMaxPool(Op):
    """AdaptiveMaxPool (opset8)."""

    data = In()
    output_shape = In()
    index_element_type = ElementType("i64")
    outputs = 2
