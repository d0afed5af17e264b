"""Inputs of one element: the axis, the count or the threshold that an op takes as a tensor."""

from __future__ import annotations

from dragoman.graph.types import Dim, Typed
from dragoman.infer.dims import from_value
from dragoman.infer.small import known_ints
from dragoman.ops.define import Contradiction


def one_int(given: Typed | None, what: str = "the input") -> int | None:
    """The single element; None when unknown, Contradiction when there is not exactly one."""
    numbers = known_ints(given)
    if numbers is None:
        return None
    if len(numbers) != 1:
        raise Contradiction(f"{what} must have one element, not {len(numbers)}")
    return numbers[0]


def one_dim(given: Typed | None) -> Dim | None:
    """The single element, known or bounded, as a dimension; None when nothing is known."""
    if given is None or given.value is None or len(given.value.items) != 1:
        return None
    dims = from_value(given.value.items)
    return None if dims is None else dims[0]


def at_most_one_element(given: Typed, what: str) -> None:
    """Contradiction unless the shape may be a scalar's or ``[1]``."""
    shape = given.shape
    if shape is None or not shape:
        return
    if len(shape) > 1 or (isinstance(shape[0], int) and shape[0] != 1):
        raise Contradiction(f"{what} must be a scalar or have one element")
