"""Ops of the family: creation."""

from __future__ import annotations

from dragoman.graph.types import TensorType
from dragoman.ops.define import Bool, ElementType, Enum, In, Int, Op, PartialShape, op


@op("Constant", "opset1", xml_type="Const")
class Constant(Op):
    """Data known at conversion; the node's ``tensor`` holds it and the writer adds the attributes."""


@op("Parameter", "opset1")
class Parameter(Op):
    """A model input."""

    shape = PartialShape(())
    element_type = ElementType("f32")

    def infer(self) -> TensorType:
        return TensorType(self.element_type, self.shape)


@op("Result", "opset1")
class Result(Op):
    """Result (opset1)."""

    data = In()


@op("Range", "opset1")
class RangeV1(Op):
    """Range (opset1)."""

    start = In()
    stop = In()
    step = In()


@op("Range", "opset4")
class Range(Op):
    """Range (opset4)."""

    start = In()
    stop = In()
    step = In()
    output_type = ElementType("dynamic")


@op("Eye", "opset9")
class Eye(Op):
    """Eye (opset9)."""

    num_rows = In()
    num_columns = In()
    diagonal_index = In()
    batch_shape = In(optional=True)
    output_type = ElementType("dynamic")


@op("OneHot", "opset1")
class OneHotV1(Op):
    """OneHot (opset1)."""

    indices = In()
    depth = In()
    on_value = In()
    off_value = In()
    axis = Int(0)


@op("OneHot", "opset16")
class OneHot(Op):
    """OneHot (opset16)."""

    indices = In()
    depth = In()
    on_value = In()
    off_value = In()
    axis = Int(0)
    negative_indices_mode = Enum("ignore_negative", "normalize", default="ignore_negative")


@op("ShapeOf", "opset1")
class ShapeOfV1(Op):
    """ShapeOf (opset1)."""

    data = In()


@op("ShapeOf", "opset3")
class ShapeOf(Op):
    """ShapeOf (opset3)."""

    data = In()
    output_type = ElementType("dynamic")


@op("RandomUniform", "opset8")
class RandomUniform(Op):
    """RandomUniform (opset8)."""

    output_shape = In()
    min_val = In()
    max_val = In()
    output_type = ElementType("dynamic")
    op_seed = Int(0)
    global_seed = Int(0)
    alignment = Enum("pytorch", "tensorflow", default="tensorflow")


@op("Multinomial", "opset13")
class Multinomial(Op):
    """Multinomial (opset13)."""

    probs = In()
    num_samples = In()
    convert_type = ElementType("dynamic")
    with_replacement = Bool(False)
    log_probs = Bool(False)
    global_seed = Int(0)
    op_seed = Int(0)


@op("Identity", "opset16")
class Identity(Op):
    """Identity (opset16)."""

    data = In()
