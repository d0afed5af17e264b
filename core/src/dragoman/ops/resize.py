"""Ops of the family: resize."""

from __future__ import annotations

from dragoman.ops.define import Bool, Enum, Float, In, Ints, Op, Str, op


@op("Interpolate", "opset1")
class InterpolateV1(Op):
    """Interpolate (opset1)."""

    image = In()
    output_shape = In()
    align_corners = Bool(True)
    antialias = Bool(False)
    axes = Ints(())
    mode = Str("")
    pads_begin = Ints(())
    pads_end = Ints(())


@op("Interpolate", "opset4")
class InterpolateV4(Op):
    """Interpolate (opset4)."""

    image = In()
    output_shape = In()
    mode = Enum("bicubic_pillow", "bilinear_pillow", "cubic", "linear", "linear_onnx", "nearest", default="nearest")
    shape_calculation_mode = Enum("scales", "sizes", default="sizes")
    coordinate_transformation_mode = Enum(
        "align_corners", "asymmetric", "half_pixel", "pytorch_half_pixel", "tf_half_pixel_for_nn", default="half_pixel"
    )
    nearest_mode = Enum(
        "ceil", "floor", "round_prefer_ceil", "round_prefer_floor", "simple", default="round_prefer_floor"
    )
    antialias = Bool(False)
    pads_begin = Ints(())
    pads_end = Ints(())
    cube_coeff = Float(-0.75)


@op("Interpolate", "opset11")
class Interpolate(Op):
    """Interpolate (opset11)."""

    image = In()
    scales_or_sizes = In()
    axes = In(optional=True)
    mode = Enum("bicubic_pillow", "bilinear_pillow", "cubic", "linear", "linear_onnx", "nearest", default="nearest")
    shape_calculation_mode = Enum("scales", "sizes", default="sizes")
    coordinate_transformation_mode = Enum(
        "align_corners", "asymmetric", "half_pixel", "pytorch_half_pixel", "tf_half_pixel_for_nn", default="half_pixel"
    )
    nearest_mode = Enum(
        "ceil", "floor", "round_prefer_ceil", "round_prefer_floor", "simple", default="round_prefer_floor"
    )
    antialias = Bool(False)
    pads_begin = Ints(())
    pads_end = Ints(())
    cube_coeff = Float(-0.75)


@op("GridSample", "opset9")
class GridSample(Op):
    """GridSample (opset9)."""

    data = In()
    grid = In()
    align_corners = Bool(False)
    mode = Enum("bilinear", "nearest", default="bilinear")
    padding_mode = Enum("border", "zeros", default="zeros")
