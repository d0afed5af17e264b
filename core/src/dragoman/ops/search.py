"""Ops that look for elements: largest, non-zero, distinct, and places in a sorted order.

Behaviour: OpenVINO's opset specifications TopK-1/3/11, NonZero-3, Unique-10, SearchSorted-15, Bucketize-3,
SegmentMax-16.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

from dragoman.graph.types import DYNAMIC, Dim, Interval, Shape, SmallValue, TensorType, Typed, static_dims
from dragoman.infer.dims import bounds, dim_of, merge_shapes, product
from dragoman.infer.scalars import at_most_one_element, one_dim, one_int
from dragoman.infer.small import checked_axis, known_ints, need_rank
from dragoman.lazy import np
from dragoman.ops.define import INDEX, INTEGER, NUMERIC, Bool, Contradiction, ElementType, Enum, In, Int, Op, op

if TYPE_CHECKING:
    from dragoman.graph.tensor import Array


def _index_type(kind: Any) -> None:
    if kind.name not in INDEX:
        raise Contradiction(f"indices can be i32 or i64, not {kind}")


class _TopK(Op):
    """(values, indices) of the k largest or smallest elements along ``axis``."""

    data = In()
    k = In("", *INTEGER)
    axis = Int()
    mode = Enum("max", "min")
    sort = Enum("value", "index", "none")
    outputs = 2
    index_element_type: Any

    def infer(self, data: Typed, k: Typed) -> tuple[TensorType, ...]:
        _index_type(self.index_element_type)
        need_rank(k, 0, what="k")
        shape = data.shape
        if shape is not None:
            axis = checked_axis(self.axis, len(shape))
            if not shape:
                raise Contradiction("data cannot be a scalar")
            shape = (*shape[:axis], self._dim(shape[axis], k), *shape[axis + 1 :])
        return TensorType(data.dtype, shape), TensorType(self.index_element_type, shape)

    def _dim(self, size: Dim, k: Typed) -> Dim:
        count = one_int(k, "k")
        if count is not None:
            if count < 0:
                raise Contradiction(f"k cannot be {count}")
            return count
        low, high = bounds(one_dim(k) or DYNAMIC)
        data_low, data_high = bounds(size)
        return dim_of(min(low, data_low), data_high if high is None or data_high is None else min(high, data_high))

    def fold(self, data: Array, k: Array) -> tuple[Array, Array]:
        count = int(k.reshape(()))
        order = _order(data, self.axis, self.mode == "max")
        index = np.take(order, range(min(count, data.shape[self.axis])), axis=self.axis)
        if self.sort == "index":
            index = np.sort(index, axis=self.axis)
        return np.take_along_axis(data, index, self.axis), index.astype(self.index_element_type.numpy)


def _order(data: Array, axis: int, descending: bool) -> Array:
    """Indices that sort along an axis; of equal elements the first comes first either way."""
    if not descending:
        return np.asarray(np.argsort(data, axis=axis, kind="stable"))
    back = np.flip(data, axis)
    return np.asarray(data.shape[axis] - 1 - np.flip(np.argsort(back, axis=axis, kind="stable"), axis))


@op("TopK", "opset1")
class TopKV1(_TopK):
    """(values, indices) of the k largest or smallest elements along ``axis``."""

    k = In("", "i8", "i32", "i64")
    index_element_type = ElementType("i32")


@op("TopK", "opset3")
class TopKV3(_TopK):
    """(values, indices) of the k largest or smallest elements along ``axis``."""

    index_element_type = ElementType("i32")


@op("TopK", "opset11")
class TopK(_TopK):
    """(values, indices) of the k largest or smallest elements along ``axis``; ``stable`` keeps the order of equals."""

    index_element_type = ElementType("i32")
    stable = Bool(False)

    def infer(self, data: Typed, k: Typed) -> tuple[TensorType, ...]:
        if self.stable and self.sort == "none":
            raise Contradiction("stable needs sort to be value or index")
        return super().infer(data, k)


@op("NonZero", "opset3")
class NonZero(Op):
    """Indices of the elements that are not zero, one row per dimension."""

    data = In()
    output_type = ElementType("i64")

    def infer(self, data: Typed) -> TensorType:
        _index_type(self.output_type)
        known = known_ints(data)
        if known is not None and data.value is not None:
            return self._known(data.value.shape, known)
        if data.shape is None or not data.shape:
            return TensorType(self.output_type, (DYNAMIC, DYNAMIC))
        count = product(data.shape)
        return TensorType(self.output_type, (len(data.shape), dim_of(0, bounds(count)[1])))

    def _known(self, shape: tuple[int, ...], items: tuple[int, ...]) -> TensorType:
        found = [i for i, item in enumerate(items) if item]
        if not shape:
            value = SmallValue((len(found), len(found)), [0] * len(found))
            return TensorType(self.output_type, value.shape, value)
        rows = [[i // prod(shape[axis + 1 :]) % n for i in found] for axis, n in enumerate(shape)]
        value = SmallValue((len(shape), len(found)), [i for row in rows for i in row])
        return TensorType(self.output_type, value.shape, value)

    def fold(self, data: Array) -> Array:
        if data.ndim == 0:
            found = int(bool(data))
            return np.zeros((found, found), self.output_type.numpy)
        return np.stack(np.nonzero(data)).astype(self.output_type.numpy)


@op("Unique", "opset10")
class Unique(Op):
    """(distinct elements or slices, their first indices, index of each input's one, counts)."""

    data = In()
    axis = In("", *INDEX, optional=True, constant=True)
    sorted = Bool(True)
    index_element_type = ElementType("i64")
    count_element_type = ElementType("i64")
    outputs = 4

    def infer(self, data: Typed, axis: Typed | None = None) -> tuple[TensorType, ...]:
        _index_type(self.index_element_type)
        _index_type(self.count_element_type)
        if data.value is not None and data.value.is_known and axis is None:
            total = len(data.value.items)
            found = len(set(data.value.items))
            return self._types(data, (found,), found, total)
        sizes = static_dims(data.shape)
        total = prod(sizes) if sizes is not None else 0
        some = dim_of(1, total) if total else DYNAMIC
        if axis is None:
            return self._types(data, (some,), some, total or DYNAMIC)
        at_most_one_element(axis, "axis")
        place = one_int(axis, "axis")
        if place is None:
            raise Contradiction("axis must be a constant")
        if data.shape is None:
            return self._types(data, None, DYNAMIC, DYNAMIC)
        place = checked_axis(place, len(data.shape))
        if not data.shape:
            raise Contradiction("a scalar has no axis")
        size = data.shape[place]
        if size == 0:
            return self._types(data, data.shape, 0, 0)
        distinct = size if isinstance(size, Interval) and size == DYNAMIC else dim_of(1, bounds(size)[1])
        return self._types(data, (*data.shape[:place], distinct, *data.shape[place + 1 :]), some, size)

    def _types(self, data: Typed, shape: Shape, found: Dim, reverse: Dim) -> tuple[TensorType, ...]:
        index, count = self.index_element_type, self.count_element_type
        return (
            TensorType(data.dtype, shape),
            TensorType(index, (found,)),
            TensorType(index, (reverse,)),
            TensorType(count, (found,)),
        )

    def fold(self, data: Array, axis: Array | None = None) -> tuple[Array, ...]:
        place = None if axis is None else int(axis.reshape(-1)[0])
        values, first, inverse, counts = np.unique(
            data, return_index=True, return_inverse=True, return_counts=True, axis=place
        )
        inverse = inverse.reshape(-1)
        if not self.sorted:
            order = np.argsort(first, kind="stable")
            rank = np.empty_like(order)
            rank[order] = np.arange(order.size)
            values = np.take(values, order, axis=place or 0)
            first, inverse, counts = first[order], rank[inverse], counts[order]
        index, count = self.index_element_type.numpy, self.count_element_type.numpy
        return values, first.astype(index), inverse.astype(index), counts.astype(count)


@op("SearchSorted", "opset15")
class SearchSorted(Op):
    """Where each value would be inserted in a sorted sequence (or row of sequences)."""

    sorted_sequence = In("T")
    values_ = In("T")
    right_mode = Bool(False)
    output_type = ElementType("i64")

    def infer(self, sorted_sequence: Typed, values: Typed) -> TensorType:
        _index_type(self.output_type)
        sequence, wanted = sorted_sequence.shape, values.shape
        if sequence == ():
            raise Contradiction("the sorted sequence cannot be a scalar")
        out = wanted
        if sequence is not None and len(sequence) > 1:
            if wanted is None:
                out = (*sequence[:-1], DYNAMIC)
            else:
                possible, merged = merge_shapes(sequence[:-1], wanted[:-1])
                if len(sequence) != len(wanted) or not possible or merged is None:
                    raise Contradiction("all dimensions but the last must agree")
                out = (*merged, wanted[-1])
        return TensorType(self.output_type, out)

    def fold(self, sorted_sequence: Array, values: Array) -> Array:
        side: Any = "right" if self.right_mode else "left"
        if sorted_sequence.ndim == 1:
            return np.asarray(np.searchsorted(sorted_sequence, values, side)).astype(self.output_type.numpy)
        rows = sorted_sequence.reshape(-1, sorted_sequence.shape[-1])
        wanted = values.reshape(-1, values.shape[-1])
        found = np.stack([np.searchsorted(r, w, side) for r, w in zip(rows, wanted, strict=True)])
        return found.reshape(values.shape).astype(self.output_type.numpy)


@op("Bucketize", "opset3")
class Bucketize(Op):
    """Index of the bucket that each element falls into."""

    data = In("", *NUMERIC)
    buckets = In("", *NUMERIC)
    output_type = ElementType("i64")
    with_right_bound = Bool(True)

    def infer(self, data: Typed, buckets: Typed) -> TensorType:
        _index_type(self.output_type)
        need_rank(buckets, 1, what="buckets")
        return TensorType(self.output_type, data.shape)

    def fold(self, data: Array, buckets: Array) -> Array:
        found = np.searchsorted(buckets, data, "left" if self.with_right_bound else "right")
        return np.asarray(found).astype(self.output_type.numpy)


@op("SegmentMax", "opset16")
class SegmentMax(Op):
    """Largest element of each run of rows with one (sorted) segment id; empty segments are filled."""

    data = In()
    segment_ids = In("", *INDEX)
    num_segments = In("", *INDEX, optional=True)
    fill_mode = Enum("zero", "lowest")

    def infer(self, data: Typed, segment_ids: Typed, num_segments: Typed | None = None) -> TensorType:
        if data.shape == ():
            raise Contradiction("data cannot be a scalar")
        need_rank(segment_ids, 1, what="segment_ids")
        if num_segments is not None:
            need_rank(num_segments, 0, what="num_segments")
        rows = None if data.shape is None else data.shape[:1]
        if not merge_shapes(rows, segment_ids.shape)[0]:
            raise Contradiction("segment_ids need one element per row of data")
        ids = known_ints(segment_ids)
        if ids is not None and list(ids) != sorted(ids):
            raise Contradiction("segment_ids must be sorted")
        if data.shape is None:
            return TensorType(data.dtype, None)
        count: Dim | None = one_int(num_segments, "num_segments")
        if count is None and num_segments is None and ids:
            count = ids[-1] + 1
        return TensorType(data.dtype, (DYNAMIC if count is None else count, *data.shape[1:]))

    def fold(self, data: Array, segment_ids: Array, num_segments: Array | None = None) -> Array:
        count = int(segment_ids[-1]) + 1 if num_segments is None else int(num_segments.reshape(()))
        lowest = np.iinfo(data.dtype).min if data.dtype.kind in "iu" else np.finfo(data.dtype).min
        out = np.full((count, *data.shape[1:]), lowest if self.fill_mode == "lowest" else 0, data.dtype)
        for segment in set(segment_ids.tolist()):
            if segment < count:
                out[segment] = data[segment_ids == segment].max(axis=0)
        return out
