"""Broadcast rules of OpenVINO: ``none``, ``numpy`` and ``pdpd`` (ov::PartialShape::broadcast_merge_into)."""

from __future__ import annotations

from dragoman.graph.types import Dim, Interval, Shape
from dragoman.infer.dims import bounds, dim_of, merge, merge_shapes, same_dim, symbol_of
from dragoman.ops.define import Contradiction


def broadcast_dim(a: Dim, b: Dim) -> Dim:
    """One dimension of numpy broadcasting; Contradiction when the two cannot meet."""
    if same_dim(a, b):
        return a
    if isinstance(a, int) and isinstance(b, int):
        if a == 1:
            return b
        if b == 1 or a == b:
            return a
        raise Contradiction(f"{a} and {b} do not broadcast")
    (alo, ahi), (blo, bhi) = bounds(a), bounds(b)
    if a == 1:
        return b
    if b == 1:
        return a
    a_may_be_one, b_may_be_one = alo <= 1, blo <= 1
    if not a_may_be_one and not b_may_be_one:
        m = merge(a, b)
        if m is None:
            raise Contradiction(f"{a} and {b} do not broadcast")
        return m
    if a_may_be_one and b_may_be_one:
        # either may be the one that stretches
        hi = None if ahi is None or bhi is None else max(ahi, bhi)
        return dim_of(max(alo, blo) if alo == blo else min(alo, blo), hi)
    wide, narrow = (b, a) if a_may_be_one else (a, b)
    if isinstance(wide, Interval):
        return dim_of(bounds(wide)[0], bounds(wide)[1], symbol_of(wide))
    if bounds(narrow)[1] is not None and bounds(narrow)[1] == 1:
        return wide
    return wide


def broadcast(a: Shape, b: Shape, mode: str = "numpy", axis: int = -1) -> Shape:
    """The shape of an elementwise result; Contradiction when the two do not go together."""
    if mode == "none":
        possible, merged = merge_shapes(a, b)
        if not possible:
            raise Contradiction("without broadcasting the shapes must be equal")
        return merged
    if a is None or b is None:
        return None
    if mode == "pdpd":
        return _pdpd(a, b, axis)
    if len(a) < len(b):
        a, b = b, a
    lead = len(a) - len(b)
    return (*a[:lead], *(broadcast_dim(x, y) for x, y in zip(a[lead:], b, strict=True)))


def _pdpd(a: tuple[Dim, ...], b: tuple[Dim, ...], axis: int) -> Shape:
    start = len(a) - len(b) if axis == -1 else axis
    if start < 0 or start + len(b) > len(a):
        raise Contradiction(f"axis {axis} does not place {len(b)} dimensions inside {len(a)}")
    out = list(a)
    for i, y in enumerate(b):
        x = a[start + i]
        if y != 1:
            m = merge(x, y)
            if m is None:
                raise Contradiction(f"{x} and {y} do not broadcast")
            out[start + i] = m
    return tuple(out)
