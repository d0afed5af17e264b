"""Variables that live from one inference to the next (OpenVINO specification, *Infrastructure*)."""

from __future__ import annotations

from dragoman.graph.types import Dim, Shape, TensorType, Typed
from dragoman.infer.dims import bounds
from dragoman.ops.define import Contradiction, ElementType, In, Op, PartialShape, Str, op


class _ReadValue(Op):
    """The value of a variable; at the first inference, or after a reset, that of the input."""

    variable_id = Str()
    stateful = True


@op("ReadValue", "opset3")
class ReadValueV3(_ReadValue):
    """The value of a variable; at the first inference, or after a reset, that of the input."""

    init_value = In()

    def infer(self, init_value: Typed) -> TensorType:
        return TensorType(init_value.dtype, init_value.shape)


@op("ReadValue", "opset6")
class ReadValue(_ReadValue):
    """The value of a variable; at the first inference, or after a reset, that of the input (zeros without one)."""

    init_value = In(optional=True)
    variable_type = ElementType()
    variable_shape = PartialShape()

    def infer(self, init_value: Typed | None = None) -> TensorType:
        if init_value is not None:
            if not self.variable_type.is_dynamic and init_value.dtype is not self.variable_type:
                raise Contradiction(f"the variable is {self.variable_type}, its first value {init_value.dtype}")
            if not _covers(self.variable_shape, init_value.shape):
                raise Contradiction("the variable's shape does not cover that of its first value")
        return TensorType(self.variable_type, self.variable_shape)


def _covers(wide: Shape, narrow: Shape) -> bool:
    if wide is None:
        return True
    if narrow is None or len(wide) != len(narrow):
        return False
    return all(_covers_dim(w, n) for w, n in zip(wide, narrow, strict=True))


def _covers_dim(wide: Dim, narrow: Dim) -> bool:
    (wlo, whi), (nlo, nhi) = bounds(wide), bounds(narrow)
    return wlo <= nlo and (whi is None or (nhi is not None and nhi <= whi))


class _Assign(Op):
    """Sets a variable; the output is the value."""

    new_value = In()
    variable_id = Str()
    stateful = True

    def infer(self, new_value: Typed) -> TensorType:
        return TensorType(new_value.dtype, new_value.shape)


@op("Assign", "opset3")
class AssignV3(_Assign):
    """Sets a variable that the value was computed from; the output is the value."""


@op("Assign", "opset6")
class Assign(_Assign):
    """Sets a variable; the output is the value."""
