"""Sizes under sliding windows: padding, dilation, stride, as convolutions and poolings of the runtime compute them."""

from __future__ import annotations

from collections.abc import Sequence

from dragoman.graph.types import DYNAMIC, Dim, Interval, Shape
from dragoman.infer.dims import add, add_int, bounds, ceil_div, dim_of, dynamic_shape, floor_div, mul
from dragoman.ops.define import Contradiction

AUTO_PADS = ("explicit", "same_upper", "same_lower", "valid")


def sized(values: Sequence[int], count: int, default: int, what: str) -> tuple[int, ...]:
    """An attribute with one number per spatial dimension; an empty one is all ``default``."""
    if not values:
        return (default,) * count
    if len(values) != count:
        raise Contradiction(f"{what} has {len(values)} numbers for {count} spatial dimensions")
    return tuple(values)


def steps(values: Sequence[int], count: int, what: str) -> tuple[int, ...]:
    """Strides or dilations: as :func:`sized`, and positive."""
    out = sized(values, count, 1, what)
    if any(v <= 0 for v in out):
        raise Contradiction(f"{what} {list(out)} must be positive")
    return out


def spatial(shape: Shape, count: int) -> tuple[Dim, ...]:
    """The last ``count`` dimensions."""
    return dynamic_shape(count) if shape is None else shape[len(shape) - count :]


def dilated(kernel: Dim, dilation: int) -> Dim:
    """(kernel - 1) * dilation + 1."""
    if isinstance(kernel, int):
        return (kernel - 1) * dilation + 1
    return add_int(mul(minus(kernel, 1), dilation), 1)


def minus(a: Dim, b: Dim) -> Dim:
    """a - b, not below 0."""
    (alo, ahi), (blo, bhi) = bounds(a), bounds(b)
    lo = 0 if bhi is None else max(0, alo - bhi)
    return dim_of(lo, None if ahi is None else max(0, ahi - blo))


def windows(dim: Dim, kernel: Dim, stride: int, dilation: int, pads: int, *, ceil: bool = False) -> Dim:
    """How many windows fit in a padded dimension; Contradiction when a known kernel does not fit."""
    padded = add_int(dim, pads)
    wide = dilated(kernel, dilation)
    if isinstance(padded, int) and isinstance(wide, int) and not 0 < wide <= padded:
        raise Contradiction(f"a window of {wide} does not fit in {padded}")
    room = minus(padded, wide)
    return add_int(ceil_div(room, stride) if ceil else floor_div(room, stride), 1)


def same_pads(dim: int, kernel: int, stride: int, dilation: int, upper: bool) -> tuple[int, int]:
    """(before, after) so that there are ceil(dim / stride) windows; the odd one goes after when ``upper``."""
    needed = max(0, (-(-dim // stride) - 1) * stride + (kernel - 1) * dilation + 1 - dim)
    small = needed // 2
    return (small, needed - small) if upper else (needed - small, small)


def transposed(dim: Dim, kernel: Dim, stride: int, dilation: int, extra: int) -> Dim:
    """The size whose windows ``dim`` counts: (dim - 1) * stride + dilated kernel + extra."""
    size = add(mul(minus(dim, 1), stride), dilated(kernel, dilation))
    if extra == 0:
        return size
    if isinstance(size, int):
        return size + extra if size + extra >= 0 else DYNAMIC
    lo, hi = bounds(size)
    high = None if hi is None or hi + extra < 0 else hi + extra
    return Interval(max(0, lo + extra), high) if high is None else dim_of(max(0, lo + extra), high)
