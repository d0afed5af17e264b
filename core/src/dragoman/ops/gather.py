"""Ops that pick elements by index.

Behaviour: OpenVINO's opset specifications Gather-1/7/8, GatherElements-6, GatherND-5/8, GatherTree-1.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, ClassVar

from dragoman.graph.types import Dim, Shape, SmallValue, TensorType, Typed
from dragoman.infer.dims import dynamic_shape, merge, merge_shapes, product
from dragoman.infer.scalars import at_most_one_element, one_int
from dragoman.infer.small import checked_axis, need_rank
from dragoman.lazy import np
from dragoman.ops.define import INDEX, INTEGER, NUMERIC, Contradiction, In, Int, Op, op

if TYPE_CHECKING:
    from dragoman.graph.tensor import Array


class _Gather(Op):
    """data[..., indices, ...] along ``axis``, per batch of the first ``batch_dims`` dimensions."""

    data = In()
    indices = In("", *INTEGER)
    axis = In("", *INTEGER)
    batch_dims: int = 0
    #: negative indices count from the end; where not, they have no meaning
    negative: ClassVar[bool] = False

    def infer(self, data: Typed, indices: Typed, axis: Typed) -> TensorType:
        at_most_one_element(axis, "axis")
        place = one_int(axis, "axis")
        shape = self._shape(data.shape, indices.shape, place)
        value = None
        if place is not None and self.batch_dims == 0:
            value = gathered(data.value, indices.value, place)
        return TensorType(data.dtype, shape, value)

    def _shape(self, data: Shape, indices: Shape, axis: int | None) -> Shape:
        batch = self.batch_dims
        if batch < 0 and indices is not None:
            batch += len(indices)
        if axis is not None:
            if data is not None:
                axis = checked_axis(axis, len(data))
            if 0 <= axis < batch:
                raise Contradiction(f"batch_dims {batch} reaches beyond axis {axis}")
        if indices is not None and not 0 <= batch <= len(indices):
            raise Contradiction(f"batch_dims {batch} is outside the rank of indices")
        if data is not None and batch >= len(data):
            raise Contradiction(f"batch_dims {batch} leaves no dimension of data")
        if data is None or indices is None:
            return None
        lead = _merged(data[:batch], indices[:batch])
        if axis is None:
            return (*lead, *dynamic_shape(len(data) + len(indices) - 1 - 2 * batch))
        return (*lead, *data[batch:axis], *indices[batch:], *data[axis + 1 :])

    def fold(self, data: Array, indices: Array, axis: Array) -> Array:
        if not self.negative and indices.size and indices.min() < 0:
            raise IndexError(f"{self.type} {self.version} takes no negative indices")
        place = int(axis.reshape(-1)[0])
        place += data.ndim if place < 0 else 0
        batch = self.batch_dims + (indices.ndim if self.batch_dims < 0 else 0)
        if batch == 0:
            return np.take(data, indices, axis=place)
        lead = data.shape[:batch]
        flat_data = data.reshape((prod(lead), *data.shape[batch:]))
        flat_indices = indices.reshape((prod(lead), *indices.shape[batch:]))
        rows = [np.take(d, i, axis=place - batch) for d, i in zip(flat_data, flat_indices, strict=True)]
        return np.stack(rows).reshape((*lead, *rows[0].shape))


@op("Gather", "opset1")
class GatherV1(_Gather):
    """data[..., indices, ...] along ``axis``."""


@op("Gather", "opset7")
class GatherV7(_Gather):
    """data[..., indices, ...] along ``axis``, per batch; indices are not negative."""

    batch_dims = Int(0)


@op("Gather", "opset8")
class Gather(_Gather):
    """data[..., indices, ...] along ``axis``, per batch; negative indices count from the end."""

    batch_dims = Int(0)
    negative = True


def gathered(data: SmallValue | None, indices: SmallValue | None, axis: int) -> SmallValue | None:
    """The small value of a Gather without batches; None where it is not known."""
    numbers = indices.numbers() if indices is not None else None
    if data is None or indices is None or numbers is None or not data.shape:
        return None
    axis += len(data.shape) if axis < 0 else 0
    size, inner, outer = data.shape[axis], prod(data.shape[axis + 1 :]), prod(data.shape[:axis])
    if any(not -size <= n < size for n in numbers) or outer * inner * len(numbers) > SmallValue.LIMIT:
        return None
    items = [data.items[(o * size + n % size) * inner + i] for o in range(outer) for n in numbers for i in range(inner)]
    return SmallValue((*data.shape[:axis], *indices.shape, *data.shape[axis + 1 :]), items)


@op("GatherElements", "opset6")
class GatherElements(Op):
    """out[i][j][k] = data[indices[i][j][k]][j][k] for axis 0; indices have data's rank."""

    data = In()
    indices = In("", *INDEX)
    axis = Int()

    def infer(self, data: Typed, indices: Typed) -> TensorType:
        shape, index = data.shape, indices.shape
        if shape == () or index == ():
            raise Contradiction("data and indices need rank 1 or more")
        if shape is None:
            return TensorType(data.dtype, index)
        axis = checked_axis(self.axis, len(shape))
        if index is None:
            return TensorType(data.dtype, (*shape[:axis], *dynamic_shape(1), *shape[axis + 1 :]))
        if len(index) != len(shape):
            raise Contradiction("data and indices need one rank")
        possible, merged = merge_shapes((*shape[:axis], index[axis], *shape[axis + 1 :]), index)
        if not possible:
            raise Contradiction("data and indices must agree in all dimensions but the axis")
        return TensorType(data.dtype, merged)

    def fold(self, data: Array, indices: Array) -> Array:
        return np.take_along_axis(data, indices, self.axis)


class _GatherND(Op):
    """Slices of data at the index tuples in the last dimension of indices."""

    data = In()
    indices = In("", *INTEGER)
    batch_dims = Int(0)

    def _dims(self, data: Shape, indices: Shape) -> tuple[tuple[Dim, ...], tuple[Dim, ...]] | None:
        """(batch dimensions, the rest), or None when the rank is not known."""
        batch = self.batch_dims
        for name, shape in (("data", data), ("indices", indices)):
            if shape is not None and len(shape) <= max(batch, 0):
                raise Contradiction(f"batch_dims {batch} leaves nothing of {name}")
        if data is None or indices is None or not isinstance(indices[-1], int):
            return None
        tuple_length = indices[-1]
        if batch + tuple_length > len(data):
            raise Contradiction(f"index tuples of {tuple_length} reach beyond the rank of data")
        return _merged(data[:batch], indices[:batch]), (*indices[batch:-1], *data[batch + tuple_length :])

    def _gather(self, data: Array, indices: Array) -> Array:
        batch = self.batch_dims
        lead = data.shape[:batch]
        flat = data.reshape((prod(lead), *data.shape[batch:]))
        index = indices.reshape((prod(lead), *indices.shape[batch:])).astype(np.int64)
        rows = [d[tuple(np.moveaxis(i, -1, 0))] for d, i in zip(flat, index, strict=True)]
        return np.stack(rows).reshape((*lead, *rows[0].shape)) if batch else rows[0]


@op("GatherND", "opset5")
class GatherNDV5(_GatherND):
    """Slices of data at index tuples; several batch dimensions become one."""

    def infer(self, data: Typed, indices: Typed) -> TensorType:
        dims = self._dims(data.shape, indices.shape)
        if dims is None:
            return TensorType(data.dtype, None)
        batch, rest = dims
        return TensorType(data.dtype, (*((product(batch),) if len(batch) > 1 else batch), *rest))

    def fold(self, data: Array, indices: Array) -> Array:
        out = self._gather(data, indices)
        batch = self.batch_dims
        return out.reshape((prod(out.shape[:batch]), *out.shape[batch:])) if batch > 1 else out


@op("GatherND", "opset8")
class GatherND(_GatherND):
    """Slices of data at index tuples; all batch dimensions are kept."""

    def infer(self, data: Typed, indices: Typed) -> TensorType:
        dims = self._dims(data.shape, indices.shape)
        return TensorType(data.dtype, None if dims is None else (*dims[0], *dims[1]))

    def fold(self, data: Array, indices: Array) -> Array:
        return self._gather(data, indices)


@op("GatherTree", "opset1")
class GatherTree(Op):
    """Whole beams of a beam search, walked back from the last step by the parents' indices."""

    step_ids = In("T", *NUMERIC)
    parent_idx = In("T", *NUMERIC)
    max_seq_len = In("T", *NUMERIC)
    end_token = In("T", *NUMERIC)

    def infer(self, step_ids: Typed, parent_idx: Typed, max_seq_len: Typed, end_token: Typed) -> TensorType:
        possible, merged = merge_shapes(step_ids.shape, parent_idx.shape)
        if not possible or (merged is not None and len(merged) != 3):
            raise Contradiction("step_ids and parent_idx need one shape of rank 3")
        need_rank(max_seq_len, 1, what="max_seq_len")
        need_rank(end_token, 0, what="end_token")
        if merged is not None and max_seq_len.shape is not None:
            batch = merge(merged[1], max_seq_len.shape[0])
            if batch is None:
                raise Contradiction("max_seq_len needs one element per batch entry")
            merged = (merged[0], batch, merged[2])
        return TensorType(step_ids.dtype, merged)

    def fold(self, step_ids: Array, parent_idx: Array, max_seq_len: Array, end_token: Array) -> Array:
        times, batches, beams = step_ids.shape
        out = np.full(step_ids.shape, end_token.reshape(()), step_ids.dtype)
        for batch in range(batches):
            length = min(times, int(max_seq_len[batch]))
            for beam in range(beams if length > 0 else 0):
                parent = beam
                for time in reversed(range(length)):
                    out[time, batch, beam] = step_ids[time, batch, parent]
                    parent = int(parent_idx[time, batch, parent])
                ended = np.flatnonzero(out[:length, batch, beam] == end_token.reshape(()))
                if ended.size:
                    out[ended[0] : length, batch, beam] = end_token.reshape(())
        return out


def _merged(data: tuple[Dim, ...], indices: tuple[Dim, ...]) -> tuple[Dim, ...]:
    possible, merged = merge_shapes(data, indices)
    if not possible or merged is None:
        raise Contradiction("data and indices must agree in the batch dimensions")
    return merged
