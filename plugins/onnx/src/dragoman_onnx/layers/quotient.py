"""Division rounded correctly: the CPU plugin multiplies by the reciprocal, which misses some quotients by one ulp.

That matters where the quotient is rounded to an integer: 49 / 49 must not be floored to 0, and halves must be halves.
"""

from __future__ import annotations

from dragoman.builder import Builder
from dragoman.frontends.extract import Layer
from dragoman.graph.graph import Value
from dragoman.graph.types import f32
from dragoman_onnx.layers.exact import is_small

_ROUNDING = frozenset({"Floor", "Ceil", "Round"})
_PASSING = frozenset({"Add", "Sub", "Neg", "Clip", "Min", "Max", "Identity", "Relu"})
#: codes of the integer types
_WHOLE = frozenset({2, 3, 4, 5, 6, 7, 12, 13})


def is_rounded(layer: Layer, depth: int = 4) -> bool:
    """The first output of the source layer is rounded to integers, at once or a few layers later."""
    return _is_rounded(layer.node.outputs[0], depth)


def _is_rounded(value: Value, depth: int) -> bool:
    for node, slot in value.uses:
        if node.op in _ROUNDING or (node.op == "Cast" and node.attrs.get("to") in tuple(_WHOLE)):
            return True
        if node.op == "QuantizeLinear" and slot == 1:
            return True
        if depth > 1 and node.op in _PASSING and _is_rounded(node.outputs[0], depth - 1):
            return True
    return False


def quotient(op: Builder, x: Value, y: Value) -> Value:
    """x / y of f32 numbers, corrected by its remainder, which is computed in halves of 12 bits (Dekker's product)."""
    ratio = op.Divide(x, y)
    high, low = _halves(op, ratio)
    y_high, y_low = _halves(op, y)
    rest = op.Subtract(x, op.Multiply(high, y_high))
    for a, b in ((high, y_low), (low, y_high), (low, y_low)):
        rest = op.Subtract(rest, op.Multiply(a, b))
    better = op.Add(ratio, op.Divide(rest, y))
    # infinities and divisions by zero have no remainder
    found: Value = op.Select(op.IsFinite(better), better, ratio)
    return found


#: what the CPU plugin computes in f32, along with the elementwise op that reads it alone, and rounds at the end
_SUMMING = ("Reduce", "MatMul", "Convolution", "GroupConvolution")
_RESHAPING = frozenset({"Reshape", "Squeeze", "Unsqueeze", "Convert", "Transpose"})


def whole_quotient(op: Builder, x: Value, y: Value) -> Value:
    """x / y of integers, cut towards zero, exact for all that 32 bits hold.

    Of a sum the rest is taken away first: the sum then has two readers, so the CPU plugin does not fuse the division
    into it, where it would be rounded to the nearest.
    """
    if not is_small(x):
        return _corrected(op, x, y)[0]
    source = x
    while source.producer.op in _RESHAPING:
        first = source.producer.inputs[0]
        assert first is not None
        source = first
    if source.producer.op.startswith(_SUMMING):
        x = op.Subtract(x, op.Mod(x, y))
    found: Value = op.Divide(x, y, m_pythondiv=False)
    return found


def whole_rest(op: Builder, x: Value, y: Value, cut: bool) -> Value:
    """The rest of x / y of integers, of the sign of x where ``cut``, else of that of y."""
    if is_small(x):
        small: Value = op.Mod(x, y) if cut else op.FloorMod(x, y)
        return small
    rest = _corrected(op, x, y)[1]
    if cut or x.dtype.kind != "int":
        return rest
    # no Select, which takes its neighbours through f32
    moved: Value = op.Add(rest, op.Multiply(_opposite(op, rest, y), y))
    return moved


def _corrected(op: Builder, x: Value, y: Value) -> tuple[Value, Value]:
    """(quotient, rest) of integers: the CPU plugin divides them in f32, the remainder of which is divided again.

    What is left then can only have the wrong sign: the second quotient is exact where f32 has both numbers, and at
    least 1 where the remainder is not less than y.
    """
    first = op.Divide(x, y, m_pythondiv=False)
    rest = op.Subtract(x, op.Multiply(first, y))
    second = op.Divide(rest, y, m_pythondiv=False)
    rest = op.Subtract(rest, op.Multiply(second, y))
    whole = op.Add(first, second)
    zero = op.constant(0, x.dtype)
    too_low = _whole(op, op.LogicalAnd(op.Less(x, zero), op.Less(zero, rest)), x)
    too_high = _whole(op, op.LogicalAnd(op.Less(zero, x), op.Less(rest, zero)), x)
    step = op.Multiply(op.Subtract(too_low, too_high), op.Sign(y))
    return op.Add(whole, step), op.Subtract(rest, op.Multiply(step, y))


def _opposite(op: Builder, a: Value, b: Value) -> Value:
    """1 where one is below zero and the other above, else 0."""
    zero = op.constant(0, a.dtype)
    down = op.LogicalAnd(op.Less(a, zero), op.Less(zero, b))
    return _whole(op, op.LogicalOr(down, op.LogicalAnd(op.Less(zero, a), op.Less(b, zero))), a)


def _whole(op: Builder, truth: Value, like: Value) -> Value:
    found: Value = op.Convert(truth, destination_type=like.dtype)
    return found


def _halves(op: Builder, x: Value) -> tuple[Value, Value]:
    spread = op.Multiply(x, op.constant(4097.0, f32))
    high = op.Subtract(spread, op.Subtract(spread, x))
    return high, op.Subtract(x, high)
