"""Ranks, axes and sizes of values, known at conversion or computed at run time."""

from __future__ import annotations

from collections.abc import Sequence

from dragoman.builder import Builder
from dragoman.frontends.extract import Layer, Refusal
from dragoman.graph.graph import Value
from dragoman.graph.types import DType, i64, static_dims


def rank_of(layer: Layer, x: Value, what: str = "the input") -> int:
    """The rank, or the layer's refusal where it is unknown."""
    if x.rank is None:
        raise layer.refuse(f"the rank of {what} is unknown", "give the model's input shapes with --shape")
    return x.rank


def axis_of(layer: Layer, axis: int, rank: int) -> int:
    """The axis counted from the front; refuses one outside the rank."""
    if not -rank <= axis < rank:
        raise layer.refuse(f"axis {axis} is outside {-rank}..{rank - 1}", "the model is not valid")
    return axis % rank


def axes_of(layer: Layer, axes: Sequence[int], rank: int) -> tuple[int, ...]:
    """Axes counted from the front; refuses repeated ones."""
    found = tuple(axis_of(layer, a, rank) for a in axes)
    if len(set(found)) != len(found):
        raise layer.refuse(f"axes {list(axes)} name one dimension twice", "the model is not valid")
    return found


def static_shape(layer: Layer, x: Value, what: str) -> tuple[int, ...]:
    """The shape as numbers, or the layer's refusal where any is unknown."""
    found = static_dims(x.shape)
    if found is None:
        raise layer.refuse(f"{what} must have a known shape", "fix the model's input shapes with --shape")
    return found


def known_dim(x: Value, axis: int) -> int | None:
    """One dimension, where it is one number; refuses an axis that the value does not have."""
    if x.shape is not None and not -len(x.shape) <= axis < len(x.shape):
        raise Refusal(f"{x.type} has no dimension {axis}", "the model is not valid")
    size = x.shape[axis] if x.shape is not None else None
    return size if isinstance(size, int) else None


def dims(op: Builder, x: Value) -> Value:
    """The shape as an i64 vector."""
    found = static_dims(x.shape)
    shape: Value = op.ShapeOf(x, output_type="i64") if found is None else op.constant(list(found), i64)
    return shape


def dim(op: Builder, x: Value, axis: int) -> Value:
    """One dimension as an i64 vector of one element."""
    size = known_dim(x, axis)
    if size is not None:
        return op.constant([size], i64)
    found: Value = op.Gather(op.ShapeOf(x, output_type="i64"), op.constant([axis], i64), op.constant(0, i64))
    return found


def vector(op: Builder, parts: Sequence[Value | int]) -> Value:
    """An i64 vector out of numbers and i64 vectors."""
    pieces: list[Value | list[int]] = []
    for part in parts:
        if isinstance(part, Value):
            pieces.append(part)
        elif pieces and isinstance(pieces[-1], list):
            pieces[-1].append(part)
        else:
            pieces.append([part])
    values = [p if isinstance(p, Value) else op.constant(p, i64) for p in pieces]
    if not values:
        return op.constant([], i64)
    found: Value = values[0] if len(values) == 1 else op.Concat(*values, axis=0)
    return found


def product(op: Builder, parts: Sequence[Value]) -> Value:
    """The product of one-element vectors (no ReduceProd: the CPU plugin divides by an integer one wrongly)."""
    total = parts[0]
    for part in parts[1:]:
        total = op.Multiply(total, part)
    return total


def converted(op: Builder, x: Value, kind: DType) -> Value:
    """The value in an element type."""
    found: Value = x if x.dtype is kind else op.Convert(x, destination_type=kind)
    return found


def flat(op: Builder, x: Value) -> Value:
    """A vector of one element out of a scalar or such a vector."""
    found: Value = x if x.rank == 1 else op.Reshape(x, [-1])
    return found


def scalar(op: Builder, x: Value) -> Value:
    """A scalar out of a vector of one element."""
    found: Value = x if x.rank == 0 else op.Reshape(x, op.constant([], i64))
    return found


def counted(op: Builder, stop: Value) -> Value:
    """0, 1, ... up to a scalar or one-element i64 vector, as an i64 vector."""
    numbers: Value = op.Range(op.constant(0, i64), scalar(op, stop), op.constant(1, i64), output_type=i64)
    return numbers


def along(axis: int, rank: int, size: int = -1) -> list[int]:
    """The shape that lays a vector along one of ``rank`` dimensions."""
    return [size if i == axis else 1 for i in range(rank)]
