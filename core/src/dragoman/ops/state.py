"""Ops of the family: state."""

from __future__ import annotations

from dragoman.ops.define import ElementType, In, Op, PartialShape, Str, op


@op("ReadValue", "opset3")
class ReadValueV3(Op):
    """ReadValue (opset3)."""

    init_value = In()
    variable_id = Str("")


@op("ReadValue", "opset6")
class ReadValue(Op):
    """ReadValue (opset6)."""

    init_value = In(optional=True)
    variable_id = Str()
    variable_type = ElementType()
    variable_shape = PartialShape()


@op("Assign", "opset3")
class AssignV3(Op):
    """Assign (opset3)."""

    new_value = In()
    variable_id = Str("")


@op("Assign", "opset6")
class Assign(Op):
    """Assign (opset6)."""

    new_value = In()
    variable_id = Str()
