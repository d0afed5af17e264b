"""Products of quantized tensors: exact integers in f32 where they stay below 2^24, then scaled once."""

from __future__ import annotations

from dragoman.builder import Builder
from dragoman.frontends.extract import Extractors, Layer
from dragoman.graph.graph import Value
from dragoman.graph.types import f32, i32, i64
from dragoman_onnx.layers.convolution import convolved
from dragoman_onnx.layers.quantization import quantized
from dragoman_onnx.layers.sizes import along, converted

layers = Extractors("onnx")


@layers("MatMulInteger", since=10)
def matmul_integer(
    layer: Layer, op: Builder, a: Value, b: Value, a_zero: Value | None = None, b_zero: Value | None = None
) -> Value:
    """MatMulInteger(A, B, a_zero_point, b_zero_point): (A - za)(B - zb) in i32; za counts rows, zb columns."""
    product = op.MatMul(centred(op, a, rows(op, a_zero)), centred(op, b, b_zero))
    return op.Convert(product, destination_type=i32)


@layers("ConvInteger", since=10)
def conv_integer(
    layer: Layer, op: Builder, x: Value, w: Value, x_zero: Value | None = None, w_zero: Value | None = None
) -> Value:
    """ConvInteger(x, w, x_zero_point, w_zero_point): Conv of the centred integers, in i32."""
    y, _ = convolved(layer, op, centred(op, x, x_zero), centred(op, w, filters(op, w, w_zero)))
    return op.Convert(y, destination_type=i32)


@layers("QLinearMatMul", since=10)
def qlinear_matmul(layer: Layer, op: Builder, *inputs: Value) -> Value:
    """QLinearMatMul(a, a_scale, a_zero, b, b_scale, b_zero, y_scale, y_zero): MatMul between quantized tensors."""
    if len(inputs) != 8 or any(v is None for v in inputs):
        raise layer.refuse("8 inputs are needed", "the model is not valid")
    a, a_scale, a_zero, b, b_scale, b_zero, y_scale, y_zero = inputs
    product = op.MatMul(centred(op, a, rows(op, a_zero)), centred(op, b, b_zero))
    scales = [rows(op, a_scale), b_scale, rows(op, y_scale)]
    factor = _factor(op, *(converted(op, s, f32) for s in scales if s is not None))
    return quantized(
        layer, op, op.Multiply(product, factor), converted(op, _given(rows(op, y_zero)), f32), y_zero.dtype
    )


@layers("QLinearConv", since=10)
def qlinear_conv(layer: Layer, op: Builder, *inputs: Value) -> Value:
    """QLinearConv(x, x_scale, x_zero, w, w_scale, w_zero, y_scale, y_zero, B): Conv between quantized tensors."""
    if len(inputs) not in (8, 9) or any(v is None for v in inputs[:8]):
        raise layer.refuse("8 or 9 inputs are needed", "the model is not valid")
    x, x_scale, x_zero, w, w_scale, w_zero, y_scale, y_zero = inputs[:8]
    y, count = convolved(layer, op, centred(op, x, x_zero), centred(op, w, filters(op, w, w_zero)))
    channels = op.constant(along(1, count + 2), i64)
    if len(inputs) == 9:
        y = op.Add(y, op.Reshape(converted(op, inputs[8], f32), channels, special_zero=False))
    w_factor = w_scale if w_scale.shape in ((), (1,)) else op.Reshape(w_scale, channels, special_zero=False)
    factor = _factor(op, *(converted(op, s, f32) for s in (x_scale, w_factor, y_scale)))
    return quantized(layer, op, op.Multiply(y, factor), converted(op, y_zero, f32), y_zero.dtype)


def _factor(op: Builder, first: Value, second: Value, result: Value) -> Value:
    factor: Value = op.Divide(op.Multiply(first, second), result)
    return factor


def _given(value: Value | None) -> Value:
    assert value is not None
    return value


def centred(op: Builder, x: Value, zero: Value | None) -> Value:
    """An integer tensor as f32, less its zero point."""
    data = converted(op, x, f32)
    if zero is None or (zero.value is not None and zero.value.is_known and not any(zero.value.items)):
        return data
    result: Value = op.Subtract(data, converted(op, zero, f32))
    return result


def rows(op: Builder, one: Value | None) -> Value | None:
    """A number per row stands as a column."""
    if one is None or one.rank != 1 or one.shape == (1,):
        return one
    column: Value = op.Unsqueeze(one, op.constant([1], i64))
    return column


def filters(op: Builder, w: Value, one: Value | None) -> Value | None:
    """A number per filter stands along the first dimension of the weights."""
    if one is None or one.rank != 1 or one.shape == (1,) or w.rank is None:
        return one
    laid: Value = op.Reshape(one, op.constant(along(0, w.rank), i64), special_zero=False)
    return laid
