"""Sizes of slices whose ends, or whose dimension, are only known within bounds; as the runtime bounds them."""

from __future__ import annotations

from dragoman.graph.types import Dim, Interval, Scalar, Typed
from dragoman.infer.dims import bounds, dim_of

HIGHEST = 2**63 - 1
LOWEST = -(2**63)
Bounds = tuple[int, int]


def known_bounds(given: Typed | None) -> tuple[Bounds, ...] | None:
    """(lowest, highest) of each element, or None when nothing is known."""
    value = None if given is None else given.value
    return None if value is None else tuple(_bounds(item) for item in value.items)


def _bounds(item: Scalar) -> Bounds:
    if isinstance(item, Interval):
        return (LOWEST if item.lo is None else item.lo, HIGHEST if item.hi is None else item.hi)
    number = int(item)
    return number, number


def sliced_dim(dim: Dim, start: Bounds, stop: Bounds, step: int) -> Dim:
    """The size of ``dim[start:stop:step]``; the dimension itself when all of it is certainly kept."""
    low, high = bounds(dim)
    start, stop = _within(start, high), _within(stop, high)
    if step > 0:
        least, most = _count(low, start[1], stop[0], step), _count(high, start[0], stop[1], step)
    else:
        least, most = _count(low, start[0], stop[1], step), _count(high, start[1], stop[0], step)
    lo = least or 0
    if most is not None and most < lo:
        # the runtime's bounds contradict each other here, so nothing is claimed
        return Interval(0, None)
    out = dim_of(lo, None if most is None or most >= HIGHEST else most)
    if out == dim and (isinstance(dim, int) or _keeps_all(high, start, stop, step)):
        return dim
    return out


def _within(given: Bounds, high: int | None) -> Bounds:
    """Bounds on both sides of zero, where either end is inside the dimension, widen to the whole dimension."""
    lo, hi = given
    if lo < 0 <= hi:
        return (0 if high is None or lo + high >= 0 else lo, -1 if high is None or hi < high else hi)
    return given


def _keeps_all(high: int | None, start: Bounds, stop: Bounds, step: int) -> bool:
    limit = HIGHEST if high is None else high
    if step == 1:
        return (start == (0, 0) or start[1] <= -limit) and stop[0] >= limit
    return step == -1 and (start == (-1, -1) or start[0] >= limit - 1) and stop[1] <= -limit - 1


def _count(size: int | None, start: int, stop: int, step: int) -> int | None:
    """Number of elements of a slice of a dimension of that size (None: any size, no upper limit)."""
    if size is None:
        if (ends := _unlimited_ends(start, stop, step)) is None:
            return None
        first, last = ends
    else:
        first, last = _ends(size, start, stop, step)
    span = max(0, first - last if step < 0 else last - first)
    return -(-span // abs(step))


def slice_range(size: int, start: int, stop: int, step: int) -> range:
    """The positions a slice takes. Unlike numpy's, a backward slice that starts before the first element takes it."""
    return range(*_ends(size, start, stop, step), step)


def slice_of(positions: range) -> slice:
    """The numpy slice of these positions."""
    if not positions:
        return slice(0, 0)
    last = positions[-1] + positions.step
    return slice(positions[0], None if last < 0 else last, positions.step)


def _ends(size: int, start: int, stop: int, step: int) -> tuple[int, int]:
    first = min(max(start + size if start < 0 else start, 0), size - 1 if step < 0 else size)
    return first, min(max(stop + size if stop < 0 else stop, -1 if step < 0 else 0), size)


def _unlimited_ends(start: int, stop: int, step: int) -> tuple[int, int] | None:
    """(first, last) of the largest slice of a dimension without limit; None when it has no limit either."""
    start_at_limit = start in (HIGHEST, LOWEST)
    any_highest = HIGHEST in (start, stop)
    if (start < 0) == (stop < 0) and not any_highest and not start_at_limit:
        first, last = _ends(HIGHEST, start, stop, step)
        return (first, last) if not (first == 0 and last == -1) else None
    if step < 0:
        return None if start < 0 or any_highest or start == 0 else (start, -1)
    if start < 0 and not start_at_limit:
        return 0, -start if stop == HIGHEST else stop
    return None


def shorter(dim: Dim) -> Dim:
    """Any part of a dimension."""
    return Interval(0, bounds(dim)[1]) if bounds(dim)[1] != 0 else 0


def padded_dim(dim: Dim, begin: Bounds, end: Bounds) -> Dim:
    """The dimension with pads of either sign before and after it."""
    low_pad, high_pad = begin[0] + end[0], begin[1] + end[1]
    if low_pad == 0 and high_pad == 0:
        return dim
    if isinstance(dim, int) and low_pad == high_pad:
        return dim + low_pad if dim + low_pad >= 0 else Interval(0, None)
    lo, hi = bounds(dim)
    endless = any(b[0] == 0 and b[1] in (HIGHEST, -1) for b in (begin, end))
    high = None if hi is None or endless or hi + high_pad < 0 else hi + high_pad
    low = max(0, lo + low_pad)
    return Interval(low, None) if high is None else dim_of(low, max(low, high))
