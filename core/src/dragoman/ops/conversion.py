"""Ops of the family: conversion."""

from __future__ import annotations

from dragoman.ops.define import Bool, ElementType, Enum, In, Int, Op, op


@op("Convert", "opset1")
class Convert(Op):
    """Convert (opset1)."""

    data = In()
    destination_type = ElementType("dynamic")


@op("ConvertLike", "opset1")
class ConvertLike(Op):
    """ConvertLike (opset1)."""

    data = In()
    like = In()


@op("ConvertPromoteTypes", "opset14")
class ConvertPromoteTypes(Op):
    """ConvertPromoteTypes (opset14)."""

    left_node = In()
    right_node = In()
    promote_unsafe = Bool(False)
    pytorch_scalar_promotion = Bool(False)
    u64_integer_promotion_target = ElementType("f32")


@op("FakeConvert", "opset13")
class FakeConvert(Op):
    """FakeConvert (opset13)."""

    data = In()
    scale = In()
    shift = In(optional=True)
    destination_type = ElementType("f8e4m3")


@op("FakeQuantize", "opset1")
class FakeQuantize(Op):
    """FakeQuantize (opset1)."""

    data = In()
    input_low = In()
    input_high = In()
    output_low = In()
    output_high = In()
    levels = Int(0)
    auto_broadcast = Enum("none", "numpy", "pdpd", default="numpy")
