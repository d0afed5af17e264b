"""Linear quantization: whole tensors, one scale per channel, or one per block."""

from __future__ import annotations

from functools import partial
from typing import Any

from dragoman.builder import Builder
from dragoman.frontends.extract import Extractors, Layer
from dragoman.graph import types as t
from dragoman.graph.graph import Value
from dragoman.graph.types import DType, f32, i64, u8
from dragoman_onnx.layers.cast import cast_to, check_border, element_of
from dragoman_onnx.layers.quotient import quotient
from dragoman_onnx.layers.sizes import axis_of, converted, dim, known_dim, rank_of, scalar, vector

layers = Extractors("onnx")

RANGES = {
    t.u8: (0, 255), t.i8: (-128, 127), t.u16: (0, 65535), t.i16: (-32768, 32767), t.u4: (0, 15), t.i4: (-8, 7),
    t.u2: (0, 3),
}  # fmt: skip


@layers("DequantizeLinear", since=10)
def dequantize_linear(layer: Layer, op: Builder, x: Value, scale: Value, zero: Value | None = None) -> Value:
    """DequantizeLinear(x, x_scale, x_zero_point, axis, block_size, output_dtype): (x - zero) · scale."""
    code, axis, block = layer.get("output_dtype", 0), layer.get("axis", 1), layer.get("block_size", 0)
    kind = element_of(layer, code) if code else scale.dtype
    check_border(layer, kind, x, zero)
    if x.tensor is not None:
        keep_activations(layer)
    wide = scale.dtype if scale.dtype.bits >= 16 else f32
    data = converted(op, x, wide)
    if _is_zero(zero):
        zero = None
    shift = None if zero is None else converted(op, zero, wide)
    factor = converted(op, scale, wide)
    if block:
        result = _blocked(layer, op, data, factor, shift, axis, block)
    else:
        if shift is not None:
            data = op.Subtract(data, laid(layer, op, shift, x, axis))
        result = op.Multiply(data, laid(layer, op, factor, x, axis))
    return converted(op, result, kind)


def keep_activations(layer: Layer) -> None:
    """Tell the runtime, in the model's own options, not to quantize what meets compressed weights.

    The CPU plugin does so by default, even where full precision is asked for: errors of 5e-3 of the largest number.
    """
    scope = layer.scope
    while scope.parent is not None:
        scope = scope.parent
    options = scope.graph.info.setdefault("rt_info", {}).setdefault("runtime_options", {})
    options["DYNAMIC_QUANTIZATION_GROUP_SIZE"] = "0"


def _is_zero(zero: Value | None) -> bool:
    return zero is not None and zero.value is not None and zero.value.is_known and not any(zero.value.items)


def laid(layer: Layer, op: Builder, one: Value, x: Value, axis: int) -> Value:
    """A scale or zero point, ready to broadcast over the data: a scalar, or a vector along an axis."""
    if one.rank == 0:
        return one
    if one.shape == (1,):
        return one if x.rank else scalar(op, one)
    if one.rank != 1:
        raise layer.refuse("the scale is neither a scalar nor a vector, and there is no block_size")
    rank = rank_of(layer, x)
    behind = 0 if rank == 1 else rank - axis_of(layer, axis, rank) - 1
    if behind == 0:
        return one
    found: Value = op.Unsqueeze(one, op.constant(list(range(1, behind + 1)), i64))
    return found


def _blocked(layer: Layer, op: Builder, x: Value, scale: Value, zero: Value | None, axis: int, block: int) -> Value:
    """The data as (.., blocks, block, ..) where the blocks are full; else the scales repeated and cut."""
    rank = rank_of(layer, x)
    axis = axis_of(layer, axis, rank)
    size, count = known_dim(x, axis), known_dim(scale, axis)
    if size is None or count is None or size != count * block:
        shift = None if zero is None else repeated(layer, op, zero, x, axis, block)
        data = x if shift is None else op.Subtract(x, shift)
        product: Value = op.Multiply(data, repeated(layer, op, scale, x, axis, block))
        return product
    sizes: list[Value | int] = [known if (known := known_dim(x, k)) is not None else dim(op, x, k) for k in range(rank)]
    cut = op.Reshape(x, vector(op, [*sizes[:axis], count, block, *sizes[axis + 1 :]]), special_zero=False)
    inner = op.constant([axis + 1], i64)
    if zero is not None:
        cut = op.Subtract(cut, op.Unsqueeze(zero, inner))
    result: Value = op.Reshape(op.Multiply(cut, op.Unsqueeze(scale, inner)), vector(op, sizes), special_zero=False)
    return result


def repeated(layer: Layer, op: Builder, scale: Value, x: Value, axis: int, block: int) -> Value:
    """One scale per element of the data, out of one per block."""
    rank = rank_of(layer, x)
    axis = axis_of(layer, axis, rank)
    if scale.rank != rank:
        raise layer.refuse(
            "the scale of a blocked quantization must have the rank of the data", "the model is not valid"
        )
    inner = op.constant([axis + 1], i64)
    shape = [1] * (rank + 1)
    shape[axis + 1] = block
    spread = op.Broadcast(op.Unsqueeze(scale, inner), op.constant(shape, i64), mode="bidirectional")
    sizes: list[Value | int] = [
        known if (known := known_dim(scale, k)) is not None else dim(op, scale, k) for k in range(rank)
    ]
    flat = op.Reshape(spread, vector(op, [*sizes[:axis], -1, *sizes[axis + 1 :]]), special_zero=False)
    result: Value = op.Slice(
        flat, op.constant([0], i64), dim(op, x, axis), op.constant([1], i64), op.constant([axis], i64)
    )
    return result


@layers("QuantizeLinear", since=10)
def quantize_linear(layer: Layer, op: Builder, x: Value, scale: Value, zero: Value | None = None) -> Value:
    """QuantizeLinear(x, y_scale, y_zero_point, axis, block_size, output_dtype, saturate): round(x / scale) + zero."""
    code, axis, block = layer.get("output_dtype", 0), layer.get("axis", 1), layer.get("block_size", 0)
    saturate = bool(layer.get("saturate", 1))
    layer.ignore("precision")
    kind = zero.dtype if zero is not None else element_of(layer, code) if code else u8
    check_border(layer, kind, zero)
    if not block and (simulated := _simulated(layer, op, x, scale, zero, kind)) is not None:
        low, high = (laid(layer, op, op.constant(v, f32), x, axis) for v in simulated)
        ends = (op.constant(float(v), f32) for v in RANGES[kind])
        fake = op.FakeQuantize(x, low, high, *ends, levels=256)
        return op.Convert(fake, destination_type=kind)
    shift = None if zero is None or _is_zero(zero) else zero

    def ready(one: Value) -> Value:
        one = converted(op, one, f32)
        return repeated(layer, op, one, x, axis, block) if block else laid(layer, op, one, x, axis)

    data, factor = converted(op, x, f32), ready(scale)
    # a scale known beforehand rarely meets data half way between two levels; one taken from the data often does
    divide = op.Divide if scale.tensor is not None else partial(quotient, op)
    ratio = divide(data, factor)
    return quantized(layer, op, ratio, None if shift is None else ready(shift), kind, saturate)


def _simulated(
    layer: Layer, op: Builder, x: Value, scale: Value, zero: Value | None, kind: DType
) -> tuple[Any, Any] | None:
    """The ends of the range of an f32 tensor that is quantized to 8 bits only to be dequantized at once, else None.

    FakeQuantize is what the runtime turns into 8-bit arithmetic. Half way between two levels it may take the other one,
    so where the integers themselves are read the formula is written out.
    """
    node = layer.node
    read_as_numbers = node.graph is not None and any(v is node.outputs[0] for v in node.graph.outputs)
    if kind.bits != 8 or not kind.is_integer or x.dtype is not f32 or scale.dtype is not f32 or read_as_numbers:
        return None
    if any(user.op != "DequantizeLinear" for user, _ in node.outputs[0].uses):
        return None
    steps, points = scale.value, zero.value if zero is not None else None
    if steps is None or not steps.is_known or (zero is not None and (points is None or not points.is_known)):
        return None
    centres = points.items if points is not None else (0,) * len(steps.items)
    if len(centres) != len(steps.items) or any(s <= 0 for s in steps.items):  # type: ignore[operator]
        return None
    ends = [[(end - z) * s for s, z in zip(steps.items, centres, strict=True)] for end in RANGES[kind]]  # type: ignore[operator]
    low, high = ends if steps.shape else (ends[0][0], ends[1][0])
    return low, high


def quantized(
    layer: Layer, op: Builder, ratio: Value, shift: Value | None, kind: DType, saturate: bool = True
) -> Value:
    """A scaled f32 tensor rounded to the nearest (halves to even), shifted, and held in the range of the type."""
    if kind in RANGES:
        low, high = RANGES[kind]
        whole = op.Round(ratio, mode="half_to_even")
        if shift is not None:
            whole = op.Add(whole, shift)
        result: Value = op.Convert(op.Clamp(whole, min=low, max=high), destination_type=kind)
        return result
    if not kind.is_float or kind.bits > 8:
        raise layer.refuse(f"quantization to {kind}", "ONNX quantizes to integers and to 4- and 8-bit floats")
    return cast_to(layer, op, ratio if shift is None else op.Add(ratio, shift), kind, saturate)


@layers("DynamicQuantizeLinear", since=11)
def dynamic_quantize_linear(layer: Layer, op: Builder, x: Value) -> tuple[Value, Value, Value]:
    """DynamicQuantizeLinear(x): (u8 data, scale, zero point) over the data's range, which is made to hold 0."""
    axes = op.constant(list(range(rank_of(layer, x))), i64)
    zero = op.constant(0.0, f32)
    low = op.Minimum(op.ReduceMin(x, axes, keep_dims=False), zero)
    high = op.Maximum(op.ReduceMax(x, axes, keep_dims=False), zero)
    levels = quotient(op, op.Subtract(high, low), op.constant(255.0, f32))
    scale = op.Select(op.Equal(levels, zero), op.constant(1.0, f32), levels)
    centre = op.Clamp(op.Round(quotient(op, op.Negative(low), scale), mode="half_to_even"), min=0, max=255)
    data = quantized(layer, op, quotient(op, x, scale), centre, u8)
    return data, scale, op.Convert(centre, destination_type=u8)
