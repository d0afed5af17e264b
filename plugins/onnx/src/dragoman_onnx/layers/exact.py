"""Integers that the CPU plugin takes through f32, which is exact to 2^24 only: when that may matter, and what then."""

from __future__ import annotations

from collections.abc import Callable

from dragoman.builder import Builder
from dragoman.graph.graph import Value
from dragoman.infer.evaluate import constant_array

#: the largest integer up to which f32 has every one
LIMIT = 1 << 24
#: ops whose numbers are no larger than those of their first input
_MOVING = frozenset({
    "Reshape", "Squeeze", "Unsqueeze", "Transpose", "Gather", "Slice", "StridedSlice", "Broadcast", "Tile", "Split",
    "VariadicSplit", "ReduceMax", "ReduceMin", "FloorMod", "Mod", "Divide", "CumSum", "ReduceSum", "Abs", "Negative",
})  # fmt: skip
#: ops whose numbers are no larger than a few times those of all their inputs
_JOINING = frozenset({"Add", "Subtract", "Minimum", "Maximum", "Concat", "Range"})
#: ops that count places
_COUNTING = frozenset({"ShapeOf", "NonZero", "TopK"})


def is_small(x: Value, depth: int = 8) -> bool:
    """The integers surely lie within what f32 has: sizes, places, 16 bits, and what little becomes of them."""
    source = x.producer
    if not x.dtype.is_integer or x.dtype.bits <= 16:
        return True
    if x.tensor is not None:
        data = constant_array(x)
        return data is not None and (data.size == 0 or bool((abs(data.astype("f8")) <= LIMIT).all()))
    if source.op in _COUNTING:
        return x.index == 1 or source.op != "TopK"
    given = [v for v in source.inputs if v is not None]
    if depth == 0 or not given:
        return False
    if source.op in _MOVING or (source.op == "Convert" and given[0].dtype.is_integer):
        return is_small(given[0], depth - 1)
    if source.op == "Convert":
        return given[0].dtype.name == "boolean"
    if source.op == "Select":
        given = given[1:]
    return source.op in (*_JOINING, "Select") and all(is_small(v, depth - 1) for v in given)


def compared(op: Builder, name: str, a: Value, b: Value) -> Value:
    """Equal, Less or LessEqual of two integers of 32 bits, exactly."""
    zero = op.constant(0, a.dtype)
    if name == "Equal":
        same: Value = op.Equal(op.BitwiseXor(a, b), zero)
        return same
    (a_high, a_low), (b_high, b_low) = halves(op, a), halves(op, b)
    behind = op.LogicalAnd(op.Equal(a_high, b_high), op.make(name, a_low, b_low))
    found: Value = op.LogicalOr(op.Less(a_high, b_high), behind)
    return found


def halves(op: Builder, x: Value) -> tuple[Value, Value]:
    """(high, low): the number is high · 2^16 + low, and f32 has both."""
    kind = x.dtype
    return op.BitwiseRightShift(x, op.constant(16, kind)), op.BitwiseAnd(x, op.constant(0xFFFF, kind))


def by_halves(op: Builder, function: Callable[[Value], Value], x: Value) -> Value:
    """A function that only moves numbers, of integers that may be large."""
    if is_small(x):
        return function(x)
    high, low = (function(v) for v in halves(op, x))
    found: Value = op.Add(op.Multiply(high, op.constant(1 << 16, x.dtype)), low)
    return found
