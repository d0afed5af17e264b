"""Ops of the family: convolution."""

from __future__ import annotations

from dragoman.ops.define import Bool, Enum, Float, In, Int, Ints, Op, op


@op("Convolution", "opset1")
class Convolution(Op):
    """Convolution (opset1)."""

    data = In()
    filters = In()
    strides = Ints(())
    dilations = Ints(())
    pads_begin = Ints(())
    pads_end = Ints(())
    auto_pad = Enum("explicit", "same_lower", "same_upper", "valid", default="explicit")


@op("GroupConvolution", "opset1")
class GroupConvolution(Op):
    """GroupConvolution (opset1)."""

    data = In()
    filters = In()
    strides = Ints(())
    pads_begin = Ints(())
    pads_end = Ints(())
    dilations = Ints(())
    auto_pad = Enum("explicit", "same_lower", "same_upper", "valid", default="explicit")


@op("ConvolutionBackpropData", "opset1")
class ConvolutionBackpropData(Op):
    """ConvolutionBackpropData (opset1)."""

    data = In()
    filters = In()
    output_shape = In(optional=True)
    strides = Ints(())
    dilations = Ints(())
    pads_begin = Ints(())
    pads_end = Ints(())
    auto_pad = Enum("explicit", "same_lower", "same_upper", "valid", default="explicit")
    output_padding = Ints(())


@op("GroupConvolutionBackpropData", "opset1")
class GroupConvolutionBackpropData(Op):
    """GroupConvolutionBackpropData (opset1)."""

    data = In()
    filters = In()
    output_shape = In(optional=True)
    strides = Ints(())
    pads_begin = Ints(())
    pads_end = Ints(())
    dilations = Ints(())
    auto_pad = Enum("explicit", "same_lower", "same_upper", "valid", default="explicit")
    output_padding = Ints(())


@op("BinaryConvolution", "opset1")
class BinaryConvolution(Op):
    """BinaryConvolution (opset1)."""

    data = In()
    filters = In()
    strides = Ints(())
    pads_begin = Ints(())
    pads_end = Ints(())
    dilations = Ints(())
    mode = Enum("xnor-popcount", default="xnor-popcount")
    pad_value = Float(0.0)
    auto_pad = Enum("explicit", "same_lower", "same_upper", "valid", default="explicit")


@op("DeformableConvolution", "opset1")
class DeformableConvolutionV1(Op):
    """DeformableConvolution (opset1)."""

    data = In()
    deformable_values = In()
    filters = In()
    strides = Ints(())
    dilations = Ints(())
    pads_begin = Ints(())
    pads_end = Ints(())
    auto_pad = Enum("explicit", "same_lower", "same_upper", "valid", default="explicit")
    group = Int(0)
    deformable_group = Int(0)


@op("DeformableConvolution", "opset8")
class DeformableConvolution(Op):
    """DeformableConvolution (opset8)."""

    data = In()
    offsets = In()
    filters = In()
    mask = In(optional=True)
    bilinear_interpolation_pad = Bool(False)
    strides = Ints(())
    dilations = Ints(())
    pads_begin = Ints(())
    pads_end = Ints(())
    auto_pad = Enum("explicit", "same_lower", "same_upper", "valid", default="explicit")
    group = Int(0)
    deformable_group = Int(0)
