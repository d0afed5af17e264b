"""Arithmetic of two and more inputs."""

from __future__ import annotations

from collections.abc import Callable

from dragoman.builder import Builder
from dragoman.frontends.extract import Extractors, Layer
from dragoman.graph.graph import Value
from dragoman.graph.types import f32, f64, i32, i64
from dragoman_onnx.layers.broadcast import lay_second
from dragoman_onnx.layers.finite import is_finite
from dragoman_onnx.layers.quotient import is_rounded, quotient, whole_quotient, whole_rest

layers = Extractors("onnx")

#: ONNX name -> OpenVINO name
SAME = {"Add": "Add", "Sub": "Subtract", "Mul": "Multiply"}


@layers(*SAME)
def wrapping(layer: Layer, op: Builder, a: Value, b: Value) -> Value:
    """Add, Sub, Mul(A, B); integers wrap."""
    b = lay_second(layer, op, a, b)
    return in_32_bits(op, lambda x, y: op.make(SAME[layer.op], x, y), a, b)


@layers("Div")
def div(layer: Layer, op: Builder, a: Value, b: Value) -> Value:
    """Div(A, B); of integers the quotient is cut towards zero."""
    b = lay_second(layer, op, a, b)
    if not a.dtype.is_float:
        # with dynamic shapes the CPU plugin rounds 8-bit quotients to the nearest
        return in_32_bits(op, lambda x, y: whole_quotient(op, x, y), a, b)
    return quotient(op, a, b) if a.dtype is f32 and is_rounded(layer) else op.Divide(a, b)


@layers("Mod", since=10)
def mod(layer: Layer, op: Builder, a: Value, b: Value) -> Value:
    """Mod(A, B, fmod): the rest has the sign of B, with fmod=1 that of A."""
    cut = bool(layer.get("fmod", 0))
    if a.dtype.is_integer and a.dtype.bits >= 32:
        return whole_rest(op, a, b, cut)
    if cut and a.dtype.is_float and not is_finite(b):
        # by infinity the rest is all there is
        return op.Select(op.LogicalAnd(op.IsInf(b), op.IsFinite(a)), a, op.Mod(a, b))
    if cut:
        return in_32_bits(op, op.Mod, a, b)
    if not a.dtype.is_float:
        return in_32_bits(op, op.FloorMod, a, b)
    if a.dtype is f64:
        raise layer.refuse("fmod=0 of f64", "the CPU plugin computes it in f32, without infinities: cast to f32")
    same = op.Equal(op.Less(a, op.constant(0.0, a.dtype)), op.Less(b, op.constant(0.0, a.dtype)))
    unlimited = op.Select(op.LogicalOr(same, op.Equal(a, op.constant(0.0, a.dtype))), a, b)
    return op.Select(op.LogicalAnd(op.IsInf(b), op.IsFinite(a)), unlimited, op.FloorMod(a, b))


@layers("Pow")
def pow_(layer: Layer, op: Builder, x: Value, y: Value) -> Value:
    """Pow(X, Y): X to the power Y, in the element type of X; computed with floats unless both are integers."""
    y = lay_second(layer, op, x, y)
    if x.dtype.is_integer and y.dtype.is_integer:
        return _integer_power(layer, op, x, y)
    if x.dtype.is_float:
        return op.Power(x, y if y.dtype is x.dtype else op.Convert(y, destination_type=x.dtype))
    wide = f64 if y.dtype is f64 else f32
    result = op.Power(*(op.Convert(v, destination_type=wide) for v in (x, y)))
    return op.Convert(result, destination_type=x.dtype)


def _integer_power(layer: Layer, op: Builder, x: Value, y: Value) -> Value:
    """By squaring: the CPU plugin computes integer powers in f32, which is exact to 2^24 only."""
    base = op.Convert(x, destination_type=i32) if x.dtype not in (i32, i64) else x
    known = layer.numbers(y)
    if known is not None and len(known) == 1 and not y.shape and known[0] in (1, 2, 3):
        result = base
        for _ in range(known[0] - 1):
            result = op.Multiply(result, base)
    else:
        if known is not None and any(n < 0 for n in known):
            raise layer.refuse("an integer to a negative power", "cast the base to a floating-point type")
        result = _by_squaring(op, base, op.Convert(y, destination_type=base.dtype), max(known or (31,)))
    return result if result.dtype is x.dtype else op.Convert(result, destination_type=x.dtype)


def _by_squaring(op: Builder, base: Value, power: Value, highest: int) -> Value:
    one, two, square = op.constant(1, base.dtype), op.constant(2, base.dtype), base
    result: Value | None = None
    # a power above 31 has no place in 32 bits, unless the base is 0, 1 or -1, whose powers repeat
    last = min(max(highest, 1), 31).bit_length()
    rest = op.Select(
        op.Greater(power, op.constant(31, base.dtype)),
        op.Add(op.FloorMod(power, two), op.constant(30, base.dtype)),
        power,
    ) if highest > 31 or last == 5 else power  # fmt: skip
    for k in range(last):
        # 1 or the square, without Select, which the CPU plugin computes in f32
        factor = op.Add(op.Multiply(op.FloorMod(rest, two), op.Subtract(square, one)), one)
        result = factor if result is None else op.Multiply(result, factor)
        if k + 1 < last:
            rest = op.Divide(rest, two, m_pythondiv=False)
            square = op.Multiply(square, square)
    assert result is not None
    return result


@layers("Sum")
def sum_(layer: Layer, op: Builder, *inputs: Value) -> Value:
    """Sum(data_0, ...): of all inputs, which broadcast since opset 8."""
    return _chain(layer, op.Add, inputs)


@layers("Mean")
def mean(layer: Layer, op: Builder, *inputs: Value) -> Value:
    """Mean(data_0, ...): Sum divided by the number of inputs."""
    total = _chain(layer, op.Add, inputs)
    return total if len(inputs) == 1 else op.Divide(total, op.constant(float(len(inputs)), total.dtype))


@layers("Max")
def max_(layer: Layer, op: Builder, *inputs: Value) -> Value:
    """Max(data_0, ...): element by element."""
    return _chain(layer, op.Maximum, inputs)


@layers("Min")
def min_(layer: Layer, op: Builder, *inputs: Value) -> Value:
    """Min(data_0, ...): element by element."""
    return _chain(layer, op.Minimum, inputs)


@layers("Clip", until=10)
def clip_attributes(layer: Layer, op: Builder, x: Value) -> Value:
    """Clip(input, min, max): the bounds are attributes; without them those of f32."""
    layer.ignore("consumed_inputs")
    biggest = 3.4028234663852886e38
    low, high = layer.get("min", -biggest), layer.get("max", biggest)
    if low > high:
        return op.Minimum(op.Maximum(x, op.constant(low, x.dtype)), op.constant(high, x.dtype))
    return op.Clamp(x, min=low, max=high)


@layers("Clip", since=11)
def clip(layer: Layer, op: Builder, x: Value, low: Value | None = None, high: Value | None = None) -> Value:
    """Clip(input, min, max): min(max, max(input, min)); the bounds are scalars, and each may be missing."""
    bounds = [None if v is None or v.value is None or not v.value.is_known else v.value.items for v in (low, high)]
    if x.dtype.is_float and low is not None and high is not None and all(b and len(b) == 1 for b in bounds):
        least, most = (float(b[0]) for b in bounds if b)  # type: ignore[arg-type]
        if least <= most and abs(least) != float("inf") and abs(most) != float("inf"):
            return op.Clamp(x, min=least, max=most)
    result = x
    if low is not None:
        result = op.Maximum(result, _scalar(op, low))
    if high is not None:
        result = op.Minimum(result, _scalar(op, high))
    return result


def _scalar(op: Builder, bound: Value) -> Value:
    return op.Reshape(bound, op.constant([], i64), special_zero=False) if bound.shape == (1,) else bound


def _chain(layer: Layer, function: Callable[[Value, Value], Value], inputs: tuple[Value, ...]) -> Value:
    layer.ignore("consumed_inputs")
    if not inputs or any(v is None for v in inputs):
        raise layer.refuse("an input is missing", "the model is not valid")
    result = inputs[0]
    for other in inputs[1:]:
        result = function(result, other)
    return result


def in_32_bits(op: Builder, function: Callable[[Value, Value], Value], a: Value, b: Value) -> Value:
    """The function of two values; of 8-bit integers in i32, since the CPU plugin saturates where ONNX wraps."""
    if a.dtype.bits != 8 or not a.dtype.is_integer:
        return function(a, b)
    wide = [op.Convert(v, destination_type=i32) for v in (a, b)]
    result: Value = op.Convert(function(*wide), destination_type=a.dtype)
    return result
