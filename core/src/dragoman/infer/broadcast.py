"""Broadcast rules of OpenVINO: ``none``, ``numpy`` and ``pdpd`` (ov::PartialShape::broadcast_merge_into)."""

from __future__ import annotations

from dragoman.graph.types import Dim, Shape
from dragoman.infer.dims import bounds, dim_of, merge, merge_shapes, same_dim
from dragoman.ops.define import Contradiction


def broadcast_dim(a: Dim, b: Dim) -> Dim:
    """One dimension of numpy broadcasting; Contradiction when the two cannot meet.

    A dimension that may be 1 yields to one that cannot; where both may be 1 only the outer bounds are known, and where
    neither may, both must be the same.
    """
    if same_dim(a, b) or b == 1:
        return a
    if a == 1:
        return b
    (alo, ahi), (blo, bhi) = bounds(a), bounds(b)
    a_stretches, b_stretches = alo <= 1 and a != 0, blo <= 1 and b != 0
    if a_stretches and b_stretches:
        return dim_of(min(alo, blo), None if ahi is None or bhi is None else max(ahi, bhi))
    if a_stretches or b_stretches:
        return b if a_stretches else a
    met = merge(a, b)
    if met is None:
        raise Contradiction(f"{a} and {b} do not broadcast")
    return met


def broadcast(a: Shape, b: Shape, mode: str = "numpy", axis: int = 0) -> Shape:
    """The shape of an elementwise result; Contradiction when the two do not go together.

    ``axis`` is where ``pdpd`` lays the first dimension of ``b`` on ``a``; in IR it is always 0.
    """
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
    for i, y in enumerate(b, start):
        x = a[i]
        if isinstance(x, int) and isinstance(y, int) and x < y:
            raise Contradiction(f"{y} does not stretch to {x}")
        out[i] = broadcast_dim(x, y)
    return tuple(out)
