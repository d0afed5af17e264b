"""Operations on the bits of integers."""

from __future__ import annotations

from dragoman.builder import Builder
from dragoman.frontends.extract import Extractors, Layer
from dragoman.graph.graph import Value

layers = Extractors("onnx")

_SAME = ("BitwiseAnd", "BitwiseOr", "BitwiseXor")


@layers(*_SAME, since=18)
def bitwise(layer: Layer, op: Builder, a: Value, b: Value) -> Value:
    """BitwiseAnd, BitwiseOr, BitwiseXor(A, B)."""
    result: Value = op.make(layer.op, a, b)
    return result


@layers("BitShift", since=11)
def bit_shift(layer: Layer, op: Builder, x: Value, y: Value) -> Value:
    """BitShift(X, Y, direction): by at least as many places as there are bits, only the sign is left.

    The CPU plugin takes the number of places modulo 32, and shifts unsigned integers as if they had a sign.
    """
    direction = layer.require("direction")
    if direction not in ("LEFT", "RIGHT"):
        raise layer.refuse(f"direction={direction!r} is unknown", "ONNX has LEFT and RIGHT")
    kind = x.dtype
    zero = op.constant(0, kind)
    # the CPU plugin holds 64 bits in 32
    inside = op.Less(y, op.constant(min(kind.bits, 32), kind))
    if kind.kind == "int":
        inside = op.LogicalAnd(inside, op.LessEqual(zero, y))
    places = op.Select(inside, y, zero)
    if direction == "LEFT":
        return op.Select(inside, op.BitwiseLeftShift(x, places), zero)
    if kind.kind == "int":
        return op.Select(
            inside, op.BitwiseRightShift(x, places), op.Select(op.Less(x, zero), op.constant(-1, kind), zero)
        )
    one = op.constant(1, kind)
    halved = op.BitwiseAnd(op.BitwiseRightShift(x, one), op.constant((1 << (kind.bits - 1)) - 1, kind))
    moved = op.BitwiseRightShift(halved, op.Select(op.Equal(places, zero), zero, op.Subtract(places, one)))
    return op.Select(inside, op.Select(op.Equal(places, zero), x, moved), zero)
