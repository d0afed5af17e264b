"""Arithmetic of dimensions: numbers, intervals and symbols, as OpenVINO's ``ov::Dimension`` computes them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from dragoman.graph.types import DYNAMIC, Dim, Interval, Shape, Symbol
from dragoman.ops.define import Contradiction

#: numpy's; no runtime has more
MAX_RANK = 64


def bounds(dim: Dim) -> tuple[int, int | None]:
    """Lowest and highest size (None: no limit)."""
    if isinstance(dim, Interval):
        return dim.lo or 0, dim.hi
    return dim, dim


def dim_of(lo: int, hi: int | None, symbol: Symbol | None = None) -> Dim:
    """The dimension with these bounds."""
    return lo if lo == hi else Interval(lo, hi, symbol)


def symbol_of(dim: Dim) -> Symbol | None:
    """The dimension's symbol, if it has one."""
    return dim.symbol if isinstance(dim, Interval) else None


def same_dim(a: Dim, b: Dim) -> bool:
    """Proven equal: one number, one symbol, or one dimension that was passed on (``DYNAMIC`` itself proves nothing)."""
    if isinstance(a, Interval) or isinstance(b, Interval):
        return (a is b and a is not DYNAMIC) or (symbol_of(a) is not None and symbol_of(a) is symbol_of(b))
    return a == b


def compatible(a: Dim, b: Dim) -> bool:
    """Could be equal: the bounds meet."""
    return merge(a, b) is not None


def merge(a: Dim, b: Dim) -> Dim | None:
    """The intersection, or None when it is empty."""
    (alo, ahi), (blo, bhi) = bounds(a), bounds(b)
    lo = max(alo, blo)
    hi = ahi if bhi is None else bhi if ahi is None else min(ahi, bhi)
    if hi is not None and hi < lo:
        return None
    return dim_of(lo, hi, symbol_of(a) or symbol_of(b))


def merge_shapes(a: Shape, b: Shape) -> tuple[bool, Shape]:
    """(possible, the intersection)."""
    if a is None or b is None:
        return True, b if a is None else a
    if len(a) != len(b):
        return False, None
    out: list[Dim] = []
    for x, y in zip(a, b, strict=True):
        m = merge(x, y)
        if m is None:
            return False, None
        out.append(m)
    return True, tuple(out)


def union(a: Dim, b: Dim) -> Dim:
    """The smallest dimension that covers both."""
    if same_dim(a, b):
        return a
    (alo, ahi), (blo, bhi) = bounds(a), bounds(b)
    return dim_of(min(alo, blo), None if ahi is None or bhi is None else max(ahi, bhi))


def add(a: Dim, b: Dim) -> Dim:
    """a + b."""
    if isinstance(a, int) and isinstance(b, int):
        return a + b
    if b == 0:
        return a
    if a == 0:
        return b
    (alo, ahi), (blo, bhi) = bounds(a), bounds(b)
    return dim_of(alo + blo, None if ahi is None or bhi is None else ahi + bhi)


def add_int(a: Dim, n: int) -> Dim:
    """a + n with n of either sign, not below 0."""
    if isinstance(a, int):
        return a + n
    if n == 0:
        return a
    lo, hi = bounds(a)
    return dim_of(max(0, lo + n), None if hi is None else max(0, hi + n))


def mul(a: Dim, b: Dim) -> Dim:
    """a * b."""
    if isinstance(a, int) and isinstance(b, int):
        return a * b
    if b == 1:
        return a
    if a == 1:
        return b
    if a == 0 or b == 0:
        return 0
    (alo, ahi), (blo, bhi) = bounds(a), bounds(b)
    return dim_of(alo * blo, None if ahi is None or bhi is None else ahi * bhi)


def floor_div(a: Dim, n: int) -> Dim:
    """a // n for a positive n."""
    if isinstance(a, int):
        return a // n
    if n == 1:
        return a
    lo, hi = bounds(a)
    return dim_of(lo // n, None if hi is None else hi // n)


def ceil_div(a: Dim, n: int) -> Dim:
    """ceil(a / n) for a positive n."""
    if isinstance(a, int):
        return -(-a // n)
    if n == 1:
        return a
    lo, hi = bounds(a)
    return dim_of(-(-lo // n), None if hi is None else -(-hi // n))


def exact_div(a: Dim, n: int) -> Dim | None:
    """a / n where a must be a multiple of n: bounds round inwards (``Dimension::operator/``); None when impossible."""
    if isinstance(a, int):
        return a // n if n and a % n == 0 else None
    if n == 1:
        return a
    lo, hi = bounds(a)
    low, high = -(-lo // n), None if hi is None else hi // n
    return None if high is not None and high < low else dim_of(low, high)


def product(dims: Iterable[Dim]) -> Dim:
    """Product of all."""
    out: Dim = 1
    for d in dims:
        out = mul(out, d)
    return out


def total(dims: Iterable[Dim]) -> Dim:
    """Sum of all."""
    out: Dim = 0
    for d in dims:
        out = add(out, d)
    return out


def dynamic_shape(rank: int) -> tuple[Dim, ...]:
    """``rank`` unknown dimensions; Contradiction for a rank beyond ``MAX_RANK``."""
    if rank > MAX_RANK:
        raise Contradiction(f"a tensor of rank {rank}")
    return (DYNAMIC,) * rank


def normalize_axis(axis: int, rank: int) -> int | None:
    """The axis counted from the front, or None when it is outside the rank."""
    return None if not -rank <= axis < max(rank, 1) else axis + rank if axis < 0 else axis


def from_value(items: Sequence[object]) -> tuple[Dim, ...] | None:
    """Dimensions from the elements of a small integer value; None when one cannot be a dimension."""
    out: list[Dim] = []
    for item in items:
        if isinstance(item, Interval):
            lo = max(0, item.lo or 0)
            if item.hi is not None and item.hi < lo:
                return None
            out.append(dim_of(lo, item.hi, item.symbol))
        elif isinstance(item, int) and item >= 0:
            out.append(int(item))
        else:
            return None
    return tuple(out)
