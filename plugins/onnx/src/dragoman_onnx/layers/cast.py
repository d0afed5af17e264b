"""Conversions between element types, exact where the runtime's own is not ONNX's."""

from __future__ import annotations

import math

from dragoman.builder import Builder
from dragoman.frontends.extract import Extractors, Layer
from dragoman.graph import types as t
from dragoman.graph.graph import Value
from dragoman.graph.types import DType
from dragoman.infer.evaluate import constant_array
from dragoman.lazy import np
from dragoman_onnx.elements import CODES, ELEMENTS, NAMES

layers = Extractors("onnx")

#: the greatest finite value
BIGGEST = {"f8e4m3": 448.0, "f8e5m2": 57344.0, "f4e2m1": 6.0}
F32_MAX = 3.4028234663852886e38
#: names of opset 1, where ``to`` is a string
OLD_NAMES = {
    "FLOAT": t.f32, "UINT8": t.u8, "INT8": t.i8, "UINT16": t.u16, "INT16": t.i16, "INT32": t.i32, "INT64": t.i64,
    "STRING": t.string, "BOOL": t.boolean, "FLOAT16": t.f16, "DOUBLE": t.f64, "UINT32": t.u32, "UINT64": t.u64,
}  # fmt: skip


@layers("Cast")
def cast(layer: Layer, op: Builder, x: Value) -> Value:
    """Cast(input, to, saturate, round_mode)."""
    to = layer.require("to")
    kind = OLD_NAMES.get(to) if isinstance(to, str) else element_of(layer, to)
    if kind is None:
        raise layer.refuse(f"to={to!r} is no element type", "the model is not valid")
    return cast_to(layer, op, x, kind, bool(layer.get("saturate", 1)), layer.get("round_mode", "up"))


@layers("CastLike", since=15)
def cast_like(layer: Layer, op: Builder, x: Value, like: Value) -> Value:
    """CastLike(input, target_type, saturate, round_mode)."""
    return cast_to(layer, op, x, like.dtype, bool(layer.get("saturate", 1)), layer.get("round_mode", "up"))


@layers("BitCast", since=26)
def bit_cast(layer: Layer, op: Builder, x: Value) -> Value:
    """BitCast(input, to): the same bits read as another type of the same width."""
    kind = element_of(layer, layer.require("to"))
    if kind is x.dtype:
        return x
    if kind.bits != x.dtype.bits:
        raise layer.refuse(f"{x.dtype} and {kind} have different widths", "the model is not valid")
    if kind.bits == 8 and kind.is_integer and x.dtype is t.boolean:
        return op.Convert(x, destination_type=kind)
    if x.dtype.is_integer and kind.is_integer and kind.bits >= 8:
        return op.Convert(x, destination_type=kind)
    if kind.bits < 8 or x.dtype.bits < 8:
        raise layer.refuse(f"the bits of {x.dtype} are read as {kind}", "OpenVINO has no operation for that")
    data = layer.array(x, "data of which the bits are read as another type")
    bits = np.ascontiguousarray(data).view(kind.numpy).reshape(data.shape)
    if kind.is_integer and kind.bits == 64 and (bits != bits.astype(np.int32)).any():
        raise layer.refuse(f"the bits of {x.dtype} read as {kind} exceed 32 bits", "the CPU plugin computes i64 in i32")
    return op.constant(bits, kind)


def element_of(layer: Layer, code: int) -> DType:
    """The element type of a TensorProto code; refuses where OpenVINO has none."""
    kind = ELEMENTS.get(code)
    if kind is None:
        name = NAMES.get(code, f"type {code}")
        raise layer.refuse(f"OpenVINO has no element type {name}", "use another type in the model")
    return kind


def cast_to(layer: Layer, op: Builder, x: Value, kind: DType, saturate: bool = True, round_mode: str = "up") -> Value:
    """The value in another element type, by the rules of ONNX *Cast*."""
    if kind not in CODES:
        raise layer.refuse(f"the target type {kind} is unknown at conversion")
    check_border(layer, kind, x)
    if x.dtype is kind:
        return x
    if t.string in (kind, x.dtype):
        raise layer.refuse(f"a cast from {x.dtype} to {kind}", "OpenVINO converts no strings")
    if kind is t.boolean:
        return x if x.dtype is t.boolean else op.NotEqual(_plain(op, x), op.constant(0, _plain_type(x.dtype)))
    x = _plain(op, x)
    if kind.bits < 8 and kind.is_integer:
        return _narrow(op, x, kind)
    if kind is t.f8e8m0:
        return _power_of_two(layer, op, x, saturate, round_mode)
    if kind.name in BIGGEST:
        x = x if x.dtype is t.f32 else op.Convert(x, destination_type=t.f32)
        if saturate or kind is t.f4e2m1:
            x = _held(op, x, BIGGEST[kind.name])
        if kind is t.f4e2m1:
            x = op.Select(op.IsNaN(x), op.constant(0.0, t.f32), x)
    if x.dtype is t.f64 and kind.is_float:
        return _from_double(op, x, kind)
    return op.Convert(x, destination_type=kind) if x.dtype is not kind else x


def _from_double(op: Builder, x: Value, kind: DType) -> Value:
    """What lies outside f32 becomes infinite; the CPU plugin, which holds f64 as f32, makes it the greatest number."""
    data: Value = op.Convert(x, destination_type=t.f32)
    if constant_array(x) is None:
        most, infinite = op.constant(F32_MAX, t.f32), op.constant(math.inf, t.f32)
        least, below = op.constant(-F32_MAX, t.f32), op.constant(-math.inf, t.f32)
        data = op.Select(op.LessEqual(most, data), infinite, op.Select(op.LessEqual(data, least), below, data))
    return data if kind is t.f32 else op.Convert(data, destination_type=kind)


def check_border(layer: Layer, kind: DType, *inputs: Value | None) -> None:
    """Refuses 2-bit integers as input or output of the model: programs cannot set or read arrays of them."""
    graph = layer.node.graph
    given_out = graph is not None and any(v is layer.node.outputs[0] for v in graph.outputs)
    if (kind is t.u2 and given_out) or any(
        v is not None and v.dtype is t.u2 and v.producer.op == "Parameter" for v in inputs
    ):
        raise layer.refuse("2-bit integers are an input or an output of the model", "cast them inside the model")


def _plain_type(kind: DType) -> DType:
    """A type the CPU plugin computes in, for one it only stores."""
    if kind.bits >= 16 or kind in (t.i8, t.u8, t.boolean):
        return kind
    return t.f32 if kind.is_float else t.i32


def _plain(op: Builder, x: Value) -> Value:
    kind = _plain_type(x.dtype)
    result: Value = x if kind is x.dtype else op.Convert(x, destination_type=kind)
    return result


def _narrow(op: Builder, x: Value, kind: DType) -> Value:
    """To 4 bits and less: wrapped beforehand, for the CPU plugin holds such types in a whole byte."""
    whole = x if x.dtype is t.i32 else op.Convert(x, destination_type=t.i32)
    mask = op.constant((1 << kind.bits) - 1, t.i32)
    low = op.BitwiseAnd(whole, mask)
    if kind.kind == "int":
        half = op.constant(1 << (kind.bits - 1), t.i32)
        low = op.Subtract(op.BitwiseXor(low, half), half)
    result: Value = op.Convert(low, destination_type=kind)
    return result


def _held(op: Builder, x: Value, biggest: float) -> Value:
    """Clipped to ±biggest; a NaN stays: the CPU plugin's Less denies it, where its Clamp and Greater do not."""
    high, low = op.constant(biggest, x.dtype), op.constant(-biggest, x.dtype)
    result: Value = op.Select(op.Less(high, x), high, op.Select(op.Less(x, low), low, x))
    return result


def _power_of_two(layer: Layer, op: Builder, x: Value, saturate: bool, round_mode: str) -> Value:
    """To float8e8m0, which has powers of two only: from the runtime's nearest one to the wanted one.

    The ends are 2^-127 and 2^127; below, above, and for infinities they are taken when saturating, NaN otherwise.
    """
    if round_mode not in ("up", "down", "nearest"):
        raise layer.refuse(f"round_mode={round_mode!r} is unknown", "ONNX has up, down and nearest")
    data = x if x.dtype is t.f32 else op.Convert(x, destination_type=t.f32)
    near = op.Convert(op.Convert(data, destination_type=t.f8e8m0), destination_type=t.f32)
    half, two = op.constant(0.5, t.f32), op.constant(2.0, t.f32)
    below = op.Select(op.Less(data, near), op.Multiply(near, half), near)
    above = op.Select(op.Less(below, data), op.Multiply(below, two), below)
    if round_mode == "nearest":
        middle = op.Multiply(below, op.constant(1.5, t.f32))
        chosen = op.Select(op.LessEqual(middle, data), above, below)
    else:
        chosen = above if round_mode == "up" else below
    least, most = op.constant(2.0**-127, t.f32), op.constant(2.0**127, t.f32)
    if saturate:
        chosen = op.Select(op.LessEqual(most, data), most, op.Select(op.LessEqual(data, least), least, chosen))
    else:
        nan = op.constant(float("nan"), t.f32)
        outside = op.LogicalOr(op.Less(most, data), op.Less(data, least))
        chosen = op.Select(outside, nan, chosen)
    chosen = op.Select(op.IsNaN(data), data, chosen)
    result: Value = op.Convert(chosen, destination_type=t.f8e8m0)
    return result
