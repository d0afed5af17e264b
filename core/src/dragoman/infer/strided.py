"""StridedSlice: which dimensions its masks keep, cut, drop and insert."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from dragoman.graph.types import Dim, Shape, SmallValue, Typed
from dragoman.infer.dims import bounds
from dragoman.infer.slicing import HIGHEST, LOWEST, Bounds, known_bounds, shorter, slice_of, slice_range, sliced_dim
from dragoman.infer.small import known_ints, moved, need_rank, reshaped, vector_length
from dragoman.ops.define import Contradiction


@dataclasses.dataclass(frozen=True, slots=True)
class Masks:
    """Positions (in begin and end) at which each mask is set."""

    begin: frozenset[int]
    end: frozenset[int]
    new_axis: frozenset[int]
    shrink_axis: frozenset[int]
    ellipsis: frozenset[int]

    def index(
        self, shape: Sequence[int], begin: Sequence[int], end: Sequence[int], strides: Sequence[int]
    ) -> tuple[Any, ...]:
        """The same selection as a numpy index."""
        out: list[Any] = []
        at = 0
        for i, (b, e, s) in enumerate(zip(begin, end, strides, strict=True)):
            if i in self.ellipsis:
                out.append(Ellipsis)
                at += hidden_dims(i, len(begin), len(shape), self, True)
                continue
            if i in self.new_axis:
                out.append(None)
                continue
            if i in self.shrink_axis:
                out.append(0 if i in self.begin else b)
            else:
                first = (HIGHEST if s < 0 else 0) if i in self.begin else b
                last = (LOWEST if s < 0 else HIGHEST) if i in self.end else e
                out.append(slice_of(slice_range(shape[at], first, last, s)))
            at += 1
        return tuple(out)


def strided_shape(shape: Shape, begin: Typed, end: Typed, strides: Typed | None, masks: Masks) -> Shape:
    """The output's shape; Contradiction where the runtime refuses."""
    for given in (begin, end, strides):
        need_rank(given, 1, what="begin, end and strides")
    if shape is None:
        return None
    begins, ends = known_bounds(begin), known_bounds(end)
    if strides is not None:
        steps = known_ints(strides)
    else:
        length = vector_length(begin) if vector_length(begin) is not None else vector_length(end)
        steps = None if length is None else (1,) * length
    count = _axis_count(begin, end, steps)
    if count is None:
        return None
    if len(masks.ellipsis) > 1:
        raise Contradiction("more than one ellipsis")
    if not masks.ellipsis and len(shape) + len(masks.new_axis) < count:
        raise Contradiction(f"{count} slices for {len(shape)} dimensions")
    out: list[Dim] = []
    at = 0
    for axis in range(count):
        if axis in masks.ellipsis:
            hidden = hidden_dims(axis, count, len(shape), masks, begins is not None)
            out += shape[at : at + hidden]
            at += max(hidden, 0)
        elif axis in masks.new_axis:
            out.append(1)
        elif at >= len(shape):
            raise Contradiction(f"{count} slices for {len(shape)} dimensions")
        else:
            if axis not in masks.shrink_axis:
                out.append(_cut(shape[at], axis, begins, ends, steps, masks))
            at += 1
    return (*out, *shape[at:])


def _axis_count(begin: Typed, end: Typed, steps: Sequence[int] | None) -> int | None:
    count: int | None = None
    for length in (vector_length(begin), vector_length(end), None if steps is None else len(steps)):
        if length is None:
            continue
        if count is not None and count != length:
            raise Contradiction("begin, end and strides must have one length")
        count = length
    return count


def hidden_dims(axis: int, count: int, rank: int, masks: Masks, begin_known: bool) -> int:
    """How many dimensions the ellipsis stands for."""
    before = sum(i not in masks.new_axis for i in range(axis))
    new_after = sum(i in masks.new_axis for i in range(axis + 1, count)) if begin_known else 0
    return rank - before - (count - axis - 1 - new_after)


def _cut(
    dim: Dim,
    axis: int,
    begins: Sequence[Bounds] | None,
    ends: Sequence[Bounds] | None,
    steps: Sequence[int] | None,
    masks: Masks,
) -> Dim:
    if steps is None:
        return shorter(dim)
    step = steps[axis]
    if step == 0:
        raise Contradiction("a stride of 0")
    high = bounds(dim)[1]
    whole = HIGHEST if high is None else high
    first: Bounds | None = begins[axis] if begins is not None else None
    last: Bounds | None = ends[axis] if ends is not None else None
    if axis in masks.begin and (first is not None or step > 0):
        first = (whole, whole) if step < 0 else (0, 0)
    if axis in masks.end and last is not None:
        last = (-1 - whole, -1 - whole) if step < 0 else (whole, whole)
    return shorter(dim) if first is None or last is None else sliced_dim(dim, first, last, step)


def strided_value(
    data: Typed, begin: Typed, end: Typed, strides: Typed | None, masks: Masks, shape: Shape
) -> SmallValue | None:
    """The elements taken from a small value."""
    begins, ends = known_ints(begin), known_ints(end)
    if data.value is None or begins is None or ends is None:
        return None
    steps = (1,) * len(begins) if strides is None else known_ints(strides)
    if steps is None:
        return None
    dims = data.value.shape
    pick: list[range] = []
    for i, item in enumerate(masks.index(dims, begins, ends, steps)):
        if item is Ellipsis:
            hidden = hidden_dims(i, len(begins), len(dims), masks, True)
            pick += [range(n) for n in dims[len(pick) : len(pick) + hidden]]
        elif isinstance(item, slice):
            pick.append(range(dims[len(pick)])[item])
        elif item is not None:
            whole = range(dims[len(pick)])
            if not -len(whole) <= item < len(whole):
                return None
            pick.append(whole[item : item + 1] if item != -1 else whole[-1:])
    pick += [range(n) for n in dims[len(pick) :]]
    kept = tuple(len(p) for p in pick)
    return reshaped(moved(data.value, kept, lambda index: [pick[k][i] for k, i in enumerate(index)]), shape)
