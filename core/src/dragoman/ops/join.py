"""Ops that join tensors or cut one in parts: Concat, Split, VariadicSplit.

Behaviour: OpenVINO operation specification, "data movement"; shapes as the runtime infers them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dragoman.graph.types import DYNAMIC, Dim, Interval, Shape, SmallValue, TensorType, Typed
from dragoman.infer.dims import add, bounds, dim_of, dynamic_shape, merge
from dragoman.infer.small import checked_axis, joined, known_ints, moved, need_rank, vector_length
from dragoman.lazy import np
from dragoman.ops.define import INTEGER, Contradiction, In, Int, Op, op

if TYPE_CHECKING:
    from dragoman.graph.tensor import Array


@op("Concat", "opset1")
class Concat(Op):
    """The inputs one after another along ``axis``; other dimensions are equal."""

    tensors = In("T", variadic=True)
    axis = Int()

    def infer(self, *tensors: Typed) -> TensorType:
        if not tensors:
            raise Contradiction("Concat needs an input")
        kind = next((t.dtype for t in tensors if not t.dtype.is_dynamic), tensors[0].dtype)
        ranks = {len(t.shape) for t in tensors if t.shape is not None}
        if not ranks:
            return TensorType(kind, None)
        if len(ranks) > 1:
            raise Contradiction(f"ranks differ: {sorted(ranks)}")
        rank = ranks.pop()
        axis = checked_axis(self.axis, rank)
        shape = _joined_shape([t.shape for t in tensors], axis, rank)
        return TensorType(kind, shape, joined([t.value for t in tensors], axis, shape))

    def fold(self, *tensors: Array) -> Array:
        return np.concatenate(tensors, axis=self.axis)


def _joined_shape(shapes: list[Shape], axis: int, rank: int) -> tuple[Dim, ...]:
    out: list[Dim] = list(dynamic_shape(rank))
    along: Dim = 0
    for shape in shapes:
        dims = dynamic_shape(rank) if shape is None else shape
        along = add(along, dims[axis])
        for i, dim in enumerate(dims):
            if i == axis:
                continue
            met = merge(out[i], dim)
            if met is None:
                raise Contradiction(f"dimension {i} is {out[i]} and {dim}")
            out[i] = dim if met == dim and not (met == out[i] and isinstance(out[i], Interval)) else met
    out[axis] = along
    return tuple(out)


@op("Split", "opset1")
class Split(Op):
    """``num_splits`` equal parts along an axis."""

    data = In("T")
    axis = In("", *INTEGER)
    num_splits = Int()
    outputs = None

    def output_count(self, inputs: tuple[Any, ...]) -> int:
        return self.num_splits

    def infer(self, data: Typed, axis: Typed) -> tuple[TensorType, ...]:
        need_rank(axis, 0, what="the axis")
        if self.num_splits <= 0:
            raise Contradiction(f"num_splits {self.num_splits} is not positive")
        given = known_ints(axis)
        if data.shape is None or given is None:
            shape = None if data.shape is None else dynamic_shape(len(data.shape))
            return (TensorType(data.dtype, shape),) * self.num_splits
        at = checked_axis(given[0], len(data.shape))
        size = self._part(data.shape[at])
        shape = (*data.shape[:at], size, *data.shape[at + 1 :])
        starts = [n * size if isinstance(size, int) else 0 for n in range(self.num_splits)]
        return tuple(TensorType(data.dtype, shape, part(data.value, shape, at, start)) for start in starts)

    def _part(self, dim: Dim) -> Dim:
        n = self.num_splits
        if isinstance(dim, int):
            if dim % n:
                raise Contradiction(f"{dim} does not divide by num_splits {n}")
            return dim // n
        lo, hi = bounds(dim)
        if hi is not None and hi < n:
            raise Contradiction(f"a dimension of at most {hi} cannot be split in {n}")
        if n == 1:
            return dim
        return dim_of(lo // n, None if hi is None else hi // n)

    def fold(self, data: Array, axis: Array) -> tuple[Array, ...]:
        return tuple(np.ascontiguousarray(p) for p in np.split(data, self.num_splits, axis=int(axis)))


def part(value: SmallValue | None, shape: Shape, axis: int, start: int) -> SmallValue | None:
    """The slice of a small value that begins at ``start`` of an axis and has the given shape."""
    return moved(value, shape, lambda index: [i + start if k == axis else i for k, i in enumerate(index)])


@op("VariadicSplit", "opset1")
class VariadicSplit(Op):
    """Parts of the given lengths along an axis; one length may be -1."""

    data = In("T")
    axis = In("", *INTEGER)
    split_lengths = In("", *INTEGER)
    outputs = None

    def output_count(self, inputs: tuple[Any, ...]) -> int:
        """As many as there are lengths; Contradiction when their number is not known."""
        length = vector_length(inputs[2])
        if length is None:
            raise Contradiction("the number of split lengths is not known")
        return length

    def infer(self, data: Typed, axis: Typed, split_lengths: Typed) -> tuple[TensorType, ...]:
        if axis.shape is not None and axis.shape not in ((), (1,)) and not _may_be_one(axis.shape):
            raise Contradiction("the axis must be a scalar or have one element")
        need_rank(split_lengths, 1, what="split lengths")
        count = self.output_count((data, axis, split_lengths))
        given = known_ints(axis)
        if data.shape is None or given is None:
            shape = None if data.shape is None else dynamic_shape(len(data.shape))
            return (TensorType(data.dtype, shape),) * count
        at = checked_axis(given[0], len(data.shape))
        lengths = known_ints(split_lengths)
        sizes: list[Dim] = [DYNAMIC] * count if lengths is None else _lengths(lengths, data.shape[at])
        out: list[TensorType] = []
        start: int | None = 0
        for size in sizes:
            shape = (*data.shape[:at], size, *data.shape[at + 1 :])
            value = None if start is None else part(data.value, shape, at, start)
            out.append(TensorType(data.dtype, shape, value))
            start = start + size if start is not None and isinstance(size, int) else None
        return tuple(out)

    def fold(self, data: Array, axis: Array, split_lengths: Array) -> tuple[Array, ...]:
        at = int(np.ravel(axis)[0])
        sizes = _lengths(tuple(int(n) for n in split_lengths), data.shape[at])
        ends = np.cumsum([int(bounds(s)[0]) for s in sizes])[:-1]
        return tuple(np.ascontiguousarray(p) for p in np.split(data, ends, axis=at))


def _may_be_one(shape: tuple[Dim, ...]) -> bool:
    return len(shape) == 1 and merge(shape[0], 1) is not None


def _lengths(lengths: tuple[int, ...], dim: Dim) -> list[Dim]:
    if any(n < -1 for n in lengths) or lengths.count(-1) > 1:
        raise Contradiction(f"split lengths {list(lengths)} must be -1 (once) or not negative")
    known = sum(n for n in lengths if n >= 0)
    if not isinstance(dim, int):
        return [DYNAMIC if n == -1 else n for n in lengths]
    rest = dim - known
    if rest < 0 or (rest and -1 not in lengths):
        raise Contradiction(f"split lengths {list(lengths)} do not add up to {dim}")
    return [rest if n == -1 else n for n in lengths]
