"""Arithmetic of the elements of small values: plain numbers as their element type holds them, and intervals.

Bounds follow the runtime's own evaluation (``ov::interval_bound_evaluator``): both bounds must be known, the extremes
are taken at the corners, and anything else is unknown.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from typing import Any

from dragoman.graph.types import DType, Interval, Scalar, Shape, element_count

UNKNOWN = Interval(None, None)
#: elements up to which elementwise ops follow values: shapes are short, and a bias is not to be read for nothing
FEW = 64


def few(shape: Shape) -> bool:
    """A tensor of that shape is small enough to follow its value."""
    count = element_count(shape)
    return count is not None and count <= FEW


def held(kind: DType, number: Any) -> Scalar:
    """A number as an element of that type: rounded to f32 or f16, wrapped to the bits of an integer.

    Raises ValueError where it cannot be told (a type without a plain Python form, a NaN made an integer).
    """
    if isinstance(number, complex):  # a root of a negative number
        raise ValueError(number)
    if kind.kind == "bool":
        return bool(number)
    if kind.is_integer:
        return wrapped(kind, math.trunc(number))
    if kind.name == "f64":
        return float(number)
    if kind.name == "bf16":
        bits: int = struct.unpack("<I", struct.pack("<f", number))[0]
        rounded = (bits + 0x7FFF + (bits >> 16 & 1)) >> 16 << 16
        whole: float = struct.unpack("<f", struct.pack("<I", rounded & 0xFFFFFFFF))[0]
        return whole
    code = {"f32": "<f", "f16": "<e"}.get(kind.name)
    if code is None:
        raise ValueError(kind.name)
    one: float = struct.unpack(code, struct.pack(code, number))[0]
    return one


def wrapped(kind: DType, number: int) -> int:
    """Two's complement in the width of the integer type."""
    span = 1 << kind.bits
    low = number % span
    return low - span if kind.kind == "int" and low >= span // 2 else low


def bounded(lo: Any, hi: Any) -> Scalar:
    """The integer value between two bounds; unknown where a bound is not integral (shapes have no use for it)."""
    if lo != int(lo) or hi != int(hi):
        return UNKNOWN
    return int(lo) if lo == hi else Interval(int(lo), int(hi))


def ends(item: Scalar) -> tuple[Any, Any] | None:
    """Both bounds of an element, or None when one is missing."""
    if not isinstance(item, Interval):
        return item, item
    return None if item.lo is None or item.hi is None else (item.lo, item.hi)


def corners(function: Callable[[Any, Any], Any], a: Scalar, b: Scalar) -> Scalar:
    """A function, monotone in each argument, of two elements of which one at least is an interval."""
    x, y = ends(a), ends(b)
    if x is None or y is None:
        return UNKNOWN
    values = [function(p, q) for p in x for q in y]
    return bounded(min(values), max(values))
