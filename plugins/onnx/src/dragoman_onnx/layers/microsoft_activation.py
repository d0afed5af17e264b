"""Activations of com.microsoft, and products and convolutions with one behind them."""

from __future__ import annotations

from collections.abc import Sequence

from dragoman.builder import Builder
from dragoman.frontends.extract import Extractors, Layer
from dragoman.graph.graph import Value
from dragoman_onnx.layers.convolution import conv
from dragoman_onnx.layers.matrix import gemm
from dragoman_onnx.layers.sizes import axis_of, known_dim, rank_of

layers = Extractors("onnx")


@layers("com.microsoft:Gelu")
def gelu(layer: Layer, op: Builder, x: Value) -> Value:
    """Gelu(X): X · Φ(X), by the error function."""
    return op.Gelu(x, approximation_mode="ERF")


@layers("com.microsoft:BiasGelu")
def bias_gelu(layer: Layer, op: Builder, a: Value, b: Value) -> Value:
    """BiasGelu(A, B): Gelu of the sum."""
    return op.Gelu(op.Add(a, b), approximation_mode="ERF")


@layers("com.microsoft:FastGelu")
def fast_gelu(layer: Layer, op: Builder, x: Value, bias: Value | None = None) -> Value:
    """FastGelu(X, bias): Gelu of the sum, by its tanh approximation."""
    return op.Gelu(x if bias is None else op.Add(x, bias), approximation_mode="TANH")


@layers("com.microsoft:QuickGelu")
def quick_gelu(layer: Layer, op: Builder, x: Value) -> Value:
    """QuickGelu(X, alpha): X · sigmoid(alpha · X)."""
    return op.Swish(x, op.constant(layer.get("alpha", 1.702), x.dtype))


@layers("com.microsoft:BiasSplitGelu")
def bias_split_gelu(layer: Layer, op: Builder, x: Value, bias: Value) -> Value:
    """BiasSplitGelu(X, bias): the sum halved along its last axis; the left half times Gelu of the right."""
    left, right = op.Split(op.Add(x, bias), op.constant(rank_of(layer, x) - 1), num_splits=2)
    return op.Multiply(left, op.Gelu(right, approximation_mode="ERF"))


@layers("com.microsoft:BiasAdd")
def bias_add(layer: Layer, op: Builder, x: Value, bias: Value, skip: Value) -> Value:
    """BiasAdd(X, bias, skip): the sum of all three."""
    return op.Add(op.Add(x, bias), skip)


@layers("com.microsoft:BiasSoftmax")
def bias_softmax(layer: Layer, op: Builder, x: Value, bias: Value) -> Value:
    """BiasSoftmax(data, bias): softmax of the sum over the dimensions from ``axis`` on.

    The bias broadcasts as numpy does, or (``is_inner_broadcast``) stands for each of the outer repetitions.
    """
    rank = rank_of(layer, x)
    axis, inner = axis_of(layer, layer.get("axis", 1), rank), layer.get("is_inner_broadcast", 0)
    if inner or axis != rank - 1:
        raise layer.refuse("BiasSoftmax over several axes, or with an inner broadcast", "export without fusions")
    return op.Softmax(op.Add(x, bias), axis=axis)


def activated(layer: Layer, op: Builder, y: Value, name: str, numbers: Sequence[float]) -> Value:
    """An activation that onnxruntime fuses behind an operator, by its name and parameters."""

    def number(index: int, default: float) -> Value:
        found: Value = op.constant(float(numbers[index]) if index < len(numbers) else default, y.dtype)
        return found

    plain = {"Relu": op.Relu, "Tanh": op.Tanh, "Sigmoid": op.Sigmoid}
    if not name:
        return y
    if name in plain:
        return plain[name](y)
    if name == "LeakyRelu":
        return op.PRelu(y, op.constant([float(numbers[0]) if numbers else 0.01], y.dtype))
    if name == "Clip" and len(numbers) == 2:
        return op.Clamp(y, min=float(numbers[0]), max=float(numbers[1]))
    if name == "HardSigmoid":
        return op.HardSigmoid(y, number(0, 0.2), number(1, 0.5))
    if name == "Elu":
        return op.Elu(y, alpha=float(numbers[0]) if numbers else 1.0)
    raise layer.refuse(f"the activation {name!r} is unknown", "export the model without onnxruntime's fusions")


def activation_of(layer: Layer) -> tuple[str, list[float]]:
    """The activation's name and its parameters alpha, beta, gamma as far as they are given."""
    given = [layer.get(f"activation_{k}", None) for k in ("alpha", "beta", "gamma")]
    if any(not isinstance(v, (int, float)) for v in given if v is not None):
        raise layer.refuse(f"the activation's parameters are {given}", "the model is not valid")
    return layer.get("activation", ""), [v for v in given if v is not None]


@layers("com.microsoft:FusedGemm")
def fused_gemm(layer: Layer, op: Builder, a: Value, b: Value, c: Value | None = None) -> Value:
    """FusedGemm(A, B, C): Gemm of the newest version, then an activation."""
    layer.version = max(layer.version, 13)
    return activated(layer, op, gemm(layer, op, a, b, c), *activation_of(layer))


@layers("com.microsoft:FusedConv")
def fused_conv(
    layer: Layer, op: Builder, x: Value, w: Value, bias: Value | None = None, more: Value | None = None
) -> Value:
    """FusedConv(X, W, B, Z): convolution, plus Z, then an activation."""
    y = conv(layer, op, x, w, bias)
    if more is not None:
        y = op.Add(y, more)
    return activated(layer, op, y, layer.get("activation", ""), layer.get("activation_params", []))


@layers("com.microsoft:NhwcConv", "com.microsoft:NhwcFusedConv")
def nhwc_conv(
    layer: Layer, op: Builder, x: Value, w: Value, bias: Value | None = None, more: Value | None = None
) -> Value:
    """NhwcConv(X, W, B, Z): as FusedConv, X and Y with channels last; W is (M, kernel, C/group)."""
    rank = rank_of(layer, x)
    first = [0, rank - 1, *range(1, rank - 1)]
    weights = op.Transpose(w, op.constant(first)) if _channels_last(x, w, layer.get("group", 1)) else w
    y = conv(layer, op, op.Transpose(x, op.constant(first)), weights, bias)
    y = op.Transpose(y, op.constant([0, *range(2, rank), 1]))
    if more is not None:
        y = op.Add(y, more)
    return activated(layer, op, y, layer.get("activation", ""), layer.get("activation_params", []))


def _channels_last(x: Value, w: Value, group: int) -> bool:
    channels = known_dim(x, -1)
    return channels is None or known_dim(w, -1) == channels // group


@layers("com.microsoft:FusedMatMul", "com.microsoft:TransposeMatMul", "com.microsoft:FusedMatMulActivation")
def fused_matmul(layer: Layer, op: Builder, a: Value, b: Value) -> Value:
    """FusedMatMul(A, B): alpha · A'·B', each turned in its matrices or out of its batch; then an activation."""
    turned = []
    for x, side in ((a, "A"), (b, "B")):
        if layer.get(f"transBatch{side}", 0):
            rank = rank_of(layer, x)
            x = op.Transpose(x, op.constant([*range(1, rank - 1), 0, rank - 1]))
        turned.append(x)
    # a vector has nothing to turn
    flags = {
        f"transpose_{s.lower()}": bool(layer.get(f"trans{s}", 0)) and x.rank != 1
        for s, x in zip("AB", turned, strict=True)
    }
    y: Value = op.MatMul(*turned, **flags)
    alpha = layer.get("alpha", 1.0)
    if alpha != 1:
        y = op.Multiply(y, op.constant(alpha, y.dtype))
    return activated(layer, op, y, *activation_of(layer))
