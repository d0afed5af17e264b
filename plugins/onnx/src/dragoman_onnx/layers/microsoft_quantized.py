"""Quantized operators of com.microsoft: what the plain operator makes of the dequantized inputs, quantized again."""

from __future__ import annotations

from dragoman.builder import Builder
from dragoman.frontends.extract import Extractors, Layer
from dragoman.graph.graph import Value
from dragoman.graph.types import DType, f32, i32
from dragoman_onnx.layers.pooling import average_pool, global_average_pool, max_pool
from dragoman_onnx.layers.quantization import dequantize_linear, quantize_linear, quantized
from dragoman_onnx.layers.quantized import centred, qlinear_conv, rows
from dragoman_onnx.layers.sizes import converted, rank_of
from dragoman_onnx.layers.softmax import softmax

layers = Extractors("onnx")

layers("com.microsoft:QuantizeLinear")(quantize_linear)
layers("com.microsoft:DequantizeLinear")(dequantize_linear)


def real(layer: Layer, op: Builder, x: Value | None, scale: Value | None, zero: Value | None) -> Value:
    """(x - zero) · scale."""
    if x is None or scale is None:
        raise layer.refuse("an input or its scale is missing", "the model is not valid")
    found: Value = op.Multiply(centred(op, x, zero), scale)
    return found


def packed(layer: Layer, op: Builder, y: Value, scale: Value | None, zero: Value | None, kind: DType) -> Value:
    """round(y / scale) + zero, in the type."""
    if scale is None:
        raise layer.refuse("the scale of the output is missing", "the model is not valid")
    shift = None if zero is None else converted(op, zero, f32)
    return quantized(layer, op, op.Divide(y, scale), shift, kind)


@layers("com.microsoft:QLinearAdd", "com.microsoft:QLinearMul")
def qlinear_binary(
    layer: Layer,
    op: Builder,
    a: Value,
    a_scale: Value,
    a_zero: Value | None = None,
    b: Value | None = None,
    b_scale: Value | None = None,
    b_zero: Value | None = None,
    scale: Value | None = None,
    zero: Value | None = None,
) -> Value:
    """QLinearAdd, QLinearMul (A, A_scale, A_zero_point, B, B_scale, B_zero_point, C_scale, C_zero_point)."""
    name = "Add" if layer.op.endswith("Add") else "Multiply"
    y = op.make(name, real(layer, op, a, a_scale, a_zero), real(layer, op, b, b_scale, b_zero))
    return packed(layer, op, y, scale, zero, a.dtype)


@layers("com.microsoft:QLinearSigmoid", "com.microsoft:QLinearLeakyRelu", "com.microsoft:QLinearSoftmax")
def qlinear_unary(
    layer: Layer,
    op: Builder,
    x: Value,
    x_scale: Value,
    x_zero: Value | None = None,
    scale: Value | None = None,
    zero: Value | None = None,
) -> Value:
    """QLinearSigmoid, QLinearLeakyRelu, QLinearSoftmax (X, X_scale, X_zero_point, Y_scale, Y_zero_point)."""
    data = real(layer, op, x, x_scale, x_zero)
    if layer.op.endswith("Sigmoid"):
        data = op.Sigmoid(data)
    elif layer.op.endswith("LeakyRelu"):
        data = op.PRelu(data, op.constant([layer.get("alpha", 0.01)], f32))
    else:
        layer.version = layer.require("opset", int)
        layer.get("axis", -1)
        data = softmax(layer, op, data)
    return packed(layer, op, data, scale, zero, x.dtype)


@layers("com.microsoft:QLinearConcat")
def qlinear_concat(layer: Layer, op: Builder, scale: Value, zero: Value, *triples: Value) -> Value:
    """QLinearConcat(Y_scale, Y_zero_point, (tensor, scale, zero point)...): joined along an axis."""
    parts = [real(layer, op, *triples[i : i + 3]) for i in range(0, len(triples) - 2, 3)]
    joined = op.Concat(*parts, axis=layer.require("axis", int))
    return packed(layer, op, joined, scale, zero, zero.dtype)


@layers("com.microsoft:QLinearWhere")
def qlinear_where(layer: Layer, op: Builder, condition: Value, *rest: Value) -> Value:
    """QLinearWhere(condition, X, x_scale, x_zero, Y, y_scale, y_zero, z_scale, z_zero)."""
    if len(rest) != 8:
        raise layer.refuse("9 inputs are needed", "the model is not valid")
    first, second = real(layer, op, *rest[:3]), real(layer, op, *rest[3:6])
    return packed(layer, op, op.Select(condition, first, second), rest[6], rest[7], rest[7].dtype)


@layers("com.microsoft:QLinearReduceMean")
def qlinear_reduce_mean(
    layer: Layer,
    op: Builder,
    x: Value,
    x_scale: Value,
    x_zero: Value | None = None,
    scale: Value | None = None,
    zero: Value | None = None,
) -> Value:
    """QLinearReduceMean(data, data_scale, data_zero, reduced_scale, reduced_zero): mean over axes."""
    axes = op.constant(list(layer.require("axes", list)))
    mean = op.ReduceMean(real(layer, op, x, x_scale, x_zero), axes, keep_dims=bool(layer.require("keepdims", int)))
    return packed(layer, op, mean, scale, zero, x.dtype)


def _channels_first(layer: Layer, op: Builder, x: Value) -> Value:
    rank = rank_of(layer, x)
    found: Value = op.Transpose(x, op.constant([0, rank - 1, *range(1, rank - 1)]))
    return found


def _channels_last(op: Builder, y: Value) -> Value:
    rank = y.rank or 0
    found: Value = op.Transpose(y, op.constant([0, *range(2, rank), 1]))
    return found


@layers("com.microsoft:QLinearAveragePool", "com.microsoft:QLinearGlobalAveragePool")
def qlinear_average_pool(
    layer: Layer,
    op: Builder,
    x: Value,
    x_scale: Value,
    x_zero: Value | None = None,
    scale: Value | None = None,
    zero: Value | None = None,
) -> Value:
    """QLinear(Global)AveragePool(X, x_scale, x_zero_point, y_scale, y_zero_point): means over windows, or over all."""
    last = layer.get("channels_last", 0)
    data = real(layer, op, x, x_scale, x_zero)
    if last:
        data = _channels_first(layer, op, data)
    layer.version = 11
    pooled = (global_average_pool if "Global" in layer.op else average_pool)(layer, op, data)
    return packed(layer, op, _channels_last(op, pooled) if last else pooled, scale, zero, x.dtype)


@layers("com.microsoft:QLinearConv")
def microsoft_qlinear_conv(layer: Layer, op: Builder, x: Value, *rest: Value) -> Value:
    """QLinearConv with channels last where ``channels_last`` says so; the weights are (M, C/group, kernel)."""
    if not layer.get("channels_last", 0):
        return qlinear_conv(layer, op, x, *rest)
    return _channels_last(op, qlinear_conv(layer, op, _channels_first(layer, op, x), *rest))


@layers("com.microsoft:NhwcMaxPool")
def nhwc_max_pool(layer: Layer, op: Builder, x: Value) -> Value:
    """NhwcMaxPool(x): maximum over windows, channels last."""
    data = converted(op, _channels_first(layer, op, x), f32)
    return converted(op, _channels_last(op, max_pool(layer, op, data)[0]), x.dtype)


@layers("com.microsoft:QGemm")
def qgemm(
    layer: Layer,
    op: Builder,
    a: Value,
    a_scale: Value,
    a_zero: Value,
    b: Value,
    b_scale: Value,
    b_zero: Value,
    c: Value | None = None,
    scale: Value | None = None,
    zero: Value | None = None,
) -> Value:
    """QGemm(A, a_scale, a_zero, B, b_scale, b_zero, C, y_scale, y_zero): (A'·B' + C) · alpha · scales."""
    turned = bool(layer.get("transB", 0))
    # numbers of columns of B' stand as a column where B is turned
    right = centred(op, b, rows(op, b_zero) if turned else b_zero)
    left = centred(op, a, a_zero)
    y = op.MatMul(left, right, transpose_a=bool(layer.get("transA", 0)), transpose_b=turned)
    if c is not None:
        y = op.Add(y, converted(op, c, f32))
    factor = op.Multiply(op.Multiply(a_scale, b_scale), op.constant(layer.get("alpha", 1.0), f32))
    y = op.Multiply(y, factor)
    return y if scale is None else packed(layer, op, y, scale, zero, a.dtype if zero is None else zero.dtype)


@layers("com.microsoft:MulInteger")
def mul_integer(
    layer: Layer,
    op: Builder,
    a: Value,
    a_zero: Value | None = None,
    b: Value | None = None,
    b_zero: Value | None = None,
) -> Value:
    """MulInteger(A, A_zero_point, B, B_zero_point): the product of centred integers, in i32."""
    if b is None:
        raise layer.refuse("the input B is missing", "the model is not valid")
    return op.Convert(op.Multiply(centred(op, a, a_zero), centred(op, b, b_zero)), destination_type=i32)


@layers("com.microsoft:ReduceSumInteger")
def reduce_sum_integer(layer: Layer, op: Builder, x: Value) -> Value:
    """ReduceSumInteger(data): the sum over axes, in 32 bits."""
    kind = i32 if x.dtype.kind == "int" else None
    if kind is None:
        raise layer.refuse("sums of unsigned integers in u32", "the runtime computes them as i32")
    axes = op.constant(list(layer.require("axes", list)))
    return op.ReduceSum(converted(op, x, i32), axes, keep_dims=bool(layer.require("keepdims", int)))
