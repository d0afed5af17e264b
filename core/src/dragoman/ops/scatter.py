"""Ops that write elements at indices into a copy of their input.

Behaviour: OpenVINO's opset specifications ScatterElementsUpdate-3/12, ScatterNDUpdate-4/15, ScatterUpdate-3.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from dragoman.graph.types import Dim, Shape, SmallValue, TensorType, Typed
from dragoman.infer.dims import compatible, merge_shapes
from dragoman.infer.scalars import at_most_one_element, one_int
from dragoman.infer.small import checked_axis, known_ints
from dragoman.lazy import np
from dragoman.ops.define import INDEX, INTEGER, Bool, Contradiction, Enum, In, Op, op

if TYPE_CHECKING:
    from dragoman.graph.tensor import Array


def _all_compatible(first: tuple[Dim, ...], second: tuple[Dim, ...]) -> bool:
    return all(compatible(a, b) for a, b in zip(first, second, strict=True))


def _written(data: Typed, positions: tuple[int, ...] | None, updates: Typed) -> SmallValue | None:
    """The small value of a vector after single elements were replaced; None where it is not known."""
    if data.value is None or updates.value is None or positions is None or len(data.value.shape) != 1:
        return None
    items, size = list(data.value.items), len(data.value.items)
    if len(positions) != len(updates.value.items) or any(not -size <= p < size for p in positions):
        return None
    for position, item in zip(positions, updates.value.items, strict=True):
        items[position] = item
    return SmallValue(data.value.shape, items)


def _reduce_at(out: Array, index: Any, updates: Array, reduction: str) -> None:
    """Combine updates into ``out`` at an index, several updates of one element included."""
    function: dict[str, Callable[..., Any]] = {
        "sum": np.add.at,
        "sub": np.subtract.at,
        "prod": np.multiply.at,
        "min": np.minimum.at,
        "max": np.maximum.at,
    }
    if reduction == "none":
        out[index] = updates
    else:
        function[reduction](out, index, updates)


class _ScatterElements(Op):
    """out[indices[i][j]][j] = updates[i][j] for axis 0."""

    data = In("T")
    indices = In("", *INTEGER)
    updates = In("T")
    axis = In("", *INTEGER)
    reduction: str = "none"

    def infer(self, data: Typed, indices: Typed, updates: Typed, axis: Typed) -> TensorType:
        at_most_one_element(axis, "axis")
        if data.shape is not None and indices.shape is not None and len(data.shape) != len(indices.shape):
            raise Contradiction("indices and data need one rank")
        if not merge_shapes(indices.shape, updates.shape)[0]:
            raise Contradiction("indices and updates need one shape")
        place = one_int(axis, "axis")
        if data.shape is not None and place is not None:
            checked_axis(place, max(len(data.shape), 1))
        value = _written(data, known_ints(indices), updates) if self.reduction == "none" else None
        return TensorType(data.dtype, data.shape, value)


@op("ScatterElementsUpdate", "opset3")
class ScatterElementsUpdateV3(_ScatterElements):
    """out[indices[i][j]][j] = updates[i][j] for axis 0."""

    def fold(self, data: Array, indices: Array, updates: Array, axis: Array) -> Array:
        return _scatter_elements(data, indices, updates, int(axis.reshape(-1)[0]), "none", True)


@op("ScatterElementsUpdate", "opset12")
class ScatterElementsUpdate(_ScatterElements):
    """out[indices[i][j]][j] = updates[i][j] for axis 0, or combined with what is there."""

    reduction = Enum("none", "sum", "prod", "min", "max", "mean")
    use_init_val = Bool(True)

    def infer(self, data: Typed, indices: Typed, updates: Typed, axis: Typed) -> TensorType:
        if self.reduction == "mean" and data.dtype.kind == "bool":
            raise Contradiction("there is no mean of booleans")
        return super().infer(data, indices, updates, axis)

    def fold(self, data: Array, indices: Array, updates: Array, axis: Array) -> Array:
        place = int(axis.reshape(-1)[0])
        return _scatter_elements(data, indices, updates, place, self.reduction, self.use_init_val)


def _scatter_elements(
    data: Array, indices: Array, updates: Array, axis: int, reduction: str, use_init_val: bool
) -> Array:
    out = data.copy()
    index: list[Any] = list(np.ogrid[tuple(slice(n) for n in indices.shape)])
    place = indices.astype(np.int64)
    index[axis] = np.where(place < 0, place + data.shape[axis], place)
    at = tuple(index)
    if reduction == "none":
        out[at] = updates
        return out
    if not use_init_val:
        out[at] = _neutral(out.dtype, reduction)
    if reduction != "mean":
        _reduce_at(out, at, updates, reduction)
        return out
    counts = np.full(data.shape, int(use_init_val), np.int64)
    np.add.at(counts, at, 1)
    np.add.at(out, at, updates)
    touched = np.zeros(data.shape, bool)
    touched[at] = True
    divide = np.floor_divide if out.dtype.kind in "iu" else np.divide
    out[touched] = divide(out[touched], counts[touched].astype(out.dtype))
    return out


def _neutral(kind: Any, reduction: str) -> Any:
    """What leaves the other operand of a reduction as it is."""
    if reduction in ("sum", "mean", "prod"):
        return kind.type(reduction == "prod")
    if kind.kind == "b":
        return reduction == "min"
    limits = np.iinfo(kind) if kind.kind in "iu" else np.finfo(kind)
    return limits.max if reduction == "min" else limits.min


class _ScatterND(Op):
    """out[indices[i]] = updates[i], indices being tuples in the last dimension."""

    data = In("T")
    indices = In("", *INDEX)
    updates = In("T")
    reduction: str = "none"

    def infer(self, data: Typed, indices: Typed, updates: Typed) -> TensorType:
        self._check(data.shape, indices.shape, updates.shape)
        positions = known_ints(indices) if indices.shape is not None and indices.shape[-1] == 1 else None
        value = _written(data, positions, updates) if self.reduction == "none" else None
        return TensorType(data.dtype, data.shape, value)

    def _check(self, data: Shape, indices: Shape, updates: Shape) -> None:
        if data == () or indices == ():
            raise Contradiction("data and indices need rank 1 or more")
        if data is None or indices is None or not isinstance(indices[-1], int):
            return
        if indices[-1] > len(data):
            raise Contradiction(f"index tuples of {indices[-1]} reach beyond the rank of data")
        expected = (*indices[:-1], *data[indices[-1] :])
        if updates is None or not expected:
            return
        if len(updates) != len(expected) or not _all_compatible(expected, updates):
            raise Contradiction("updates need the shape indices.shape[:-1] + data.shape[indices.shape[-1]:]")

    def fold(self, data: Array, indices: Array, updates: Array) -> Array:
        out = data.copy()
        index = tuple(np.moveaxis(indices.astype(np.int64), -1, 0))
        _reduce_at(out, index, updates.reshape(out[index].shape), self.reduction)
        return out


@op("ScatterNDUpdate", "opset4")
class ScatterNDUpdateV4(_ScatterND):
    """out[indices[i]] = updates[i], indices being tuples in the last dimension."""


@op("ScatterNDUpdate", "opset15")
class ScatterNDUpdate(_ScatterND):
    """out[indices[i]] = updates[i], or combined with what is there."""

    reduction = Enum("none", "sum", "sub", "prod", "min", "max")


@op("ScatterUpdate", "opset3")
class ScatterUpdate(Op):
    """out[:, ..., indices, ...] = updates along ``axis``."""

    data = In("T")
    indices = In("", *INTEGER)
    updates = In("T")
    axis = In("", *INTEGER)

    def infer(self, data: Typed, indices: Typed, updates: Typed, axis: Typed) -> TensorType:
        at_most_one_element(axis, "axis")
        self._check(data.shape, indices.shape, updates.shape, one_int(axis, "axis"))
        return TensorType(data.dtype, data.shape, _written(data, known_ints(indices), updates))

    def _check(self, data: Shape, indices: Shape, updates: Shape, axis: int | None) -> None:
        if data is not None and axis is not None:
            axis = checked_axis(axis, len(data))
        if data is None or indices is None or updates is None:
            return
        if len(updates) != len(indices) + len(data) - 1:
            raise Contradiction("the rank of updates must be rank(indices) + rank(data) - 1")
        if axis is not None and not _all_compatible((*data[:axis], *indices, *data[axis + 1 :]), updates):
            raise Contradiction("updates need the shape of data with that of indices in place of the axis")

    def fold(self, data: Array, indices: Array, updates: Array, axis: Array) -> Array:
        out = data.copy()
        place = int(axis.reshape(-1)[0])
        place += data.ndim if place < 0 else 0
        out[(slice(None),) * place + (indices.astype(np.int64),)] = updates
        return out
