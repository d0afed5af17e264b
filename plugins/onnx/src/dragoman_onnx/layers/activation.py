"""Activations of one input, and SwiGLU."""

from __future__ import annotations

from dragoman.builder import Builder
from dragoman.frontends.extract import Extractors, Layer
from dragoman.graph.graph import Value
from dragoman.graph.types import element_count, f32

layers = Extractors("onnx")


@layers("Relu")
def relu(layer: Layer, op: Builder, x: Value) -> Value:
    """Relu(X): max(X, 0)."""
    layer.ignore("consumed_inputs")
    if x.dtype.is_integer:  # the CPU plugin's Relu goes through f32
        return op.Maximum(x, op.constant(0, x.dtype))
    return op.Relu(x)


@layers("LeakyRelu")
def leaky_relu(layer: Layer, op: Builder, x: Value) -> Value:
    """LeakyRelu(X, alpha): X where X >= 0, else alpha · X."""
    layer.ignore("consumed_inputs")
    return op.PRelu(x, op.constant([layer.get("alpha", 0.01)], x.dtype))


@layers("PRelu")
def prelu(layer: Layer, op: Builder, x: Value, slope: Value) -> Value:
    """PRelu(X, slope): X where X >= 0, else slope · X; the slope broadcasts to X (to its channels before opset 7)."""
    layer.ignore("consumed_inputs")
    count = element_count(slope.shape)
    if x.dtype.is_float and count == 1:
        return op.PRelu(x, slope if slope.shape == (1,) else op.Reshape(slope, op.constant([1]), special_zero=False))
    rank = None if x.shape is None else len(x.shape)
    dims = slope.shape
    per_channel = (
        rank is not None
        and rank >= 2
        and dims is not None
        and (len(dims) == 1 if layer.version < 7 or rank == 2 else len(dims) == rank - 1)
        and all(d == 1 for d in dims[1:])
        and x.shape is not None
        and dims[0] == x.shape[1]
    )
    if x.dtype.is_float and per_channel:
        return op.PRelu(
            x, op.Reshape(slope, op.constant([-1]), special_zero=False) if dims and len(dims) > 1 else slope
        )
    if layer.version < 7 and count != 1:
        raise layer.refuse("the slope of an old PRelu must have one element, or one per channel of a known shape")
    return op.Select(op.Less(x, op.constant(0, x.dtype)), op.Multiply(x, slope), x)


@layers("Sigmoid")
def sigmoid(layer: Layer, op: Builder, x: Value) -> Value:
    """Sigmoid(X): 1 / (1 + exp(-X))."""
    layer.ignore("consumed_inputs")
    return op.Sigmoid(x)


@layers("Tanh")
def tanh(layer: Layer, op: Builder, x: Value) -> Value:
    """Tanh(input)."""
    layer.ignore("consumed_inputs")
    return op.Tanh(x)


@layers("HardSigmoid")
def hard_sigmoid(layer: Layer, op: Builder, x: Value) -> Value:
    """HardSigmoid(X, alpha, beta): max(0, min(1, alpha · X + beta))."""
    layer.ignore("consumed_inputs")
    alpha, beta = layer.get("alpha", 0.2), layer.get("beta", 0.5)
    return op.HardSigmoid(x, op.constant(alpha, x.dtype), op.constant(beta, x.dtype))


@layers("Elu")
def elu(layer: Layer, op: Builder, x: Value) -> Value:
    """Elu(X, alpha): X where X >= 0, else alpha · (exp(X) - 1)."""
    layer.ignore("consumed_inputs")
    return op.Elu(x, alpha=layer.get("alpha", 1.0))


@layers("Selu")
def selu(layer: Layer, op: Builder, x: Value) -> Value:
    """Selu(X, alpha, gamma): gamma · X where X > 0, else gamma · alpha · (exp(X) - 1)."""
    layer.ignore("consumed_inputs")
    # the defaults of opset 1 were the rounded ones
    old = layer.version < 6
    alpha = layer.get("alpha", 1.6732 if old else 1.67326319217681884765625)
    gamma = layer.get("gamma", 1.0507 if old else 1.05070102214813232421875)
    return op.Selu(x, op.constant([alpha], x.dtype), op.constant([gamma], x.dtype))


@layers("Celu", since=12)
def celu(layer: Layer, op: Builder, x: Value) -> Value:
    """Celu(X, alpha): max(0, X) + min(0, alpha · (exp(X / alpha) - 1))."""
    alpha = layer.get("alpha", 1.0)
    if alpha == 0:
        raise layer.refuse("alpha is 0, and the operator divides by it", "the model is not valid")
    if alpha == 1:
        return op.Elu(x, alpha=1.0)
    scale, zero = op.constant(alpha, x.dtype), op.constant(0.0, x.dtype)
    scaled = op.Divide(x, scale)
    if alpha > 0:
        return op.Multiply(op.Elu(scaled, alpha=1.0), scale)
    below = op.Multiply(op.Subtract(op.Exp(scaled), op.constant(1.0, x.dtype)), scale)
    return op.Add(op.Maximum(x, zero), op.Minimum(below, zero))


@layers("Gelu", since=20)
def gelu(layer: Layer, op: Builder, x: Value) -> Value:
    """Gelu(X, approximate): X · Φ(X), with ``tanh`` the approximation by it."""
    modes = {"none": "ERF", "tanh": "TANH"}
    given = layer.get("approximate", "none")
    if given not in modes:
        raise layer.refuse(f"approximate={given!r} is unknown", "ONNX has none and tanh")
    return op.Gelu(x, approximation_mode=modes[given])


@layers("Softplus")
def softplus(layer: Layer, op: Builder, x: Value) -> Value:
    """Softplus(X): ln(exp(X) + 1)."""
    return op.SoftPlus(x)


@layers("Softsign")
def softsign(layer: Layer, op: Builder, x: Value) -> Value:
    """Softsign(X): X / (1 + |X|)."""
    return op.SoftSign(x)


@layers("HardSwish", since=14)
def hard_swish(layer: Layer, op: Builder, x: Value) -> Value:
    """HardSwish(X): X · max(0, min(1, X / 6 + 0.5))."""
    return op.HSwish(x)


@layers("Mish", since=18)
def mish(layer: Layer, op: Builder, x: Value) -> Value:
    """Mish(X): X · tanh(softplus(X))."""
    return op.Mish(x)


@layers("Swish", since=24)
def swish(layer: Layer, op: Builder, x: Value) -> Value:
    """Swish(X, alpha): X · sigmoid(alpha · X)."""
    return _swish(op, x, layer.get("alpha", 1.0))


@layers("SwiGLU", since=28)
def swiglu(layer: Layer, op: Builder, gate: Value, linear: Value) -> Value:
    """SwiGLU(A, B, alpha): Swish(A, alpha) · B."""
    return op.Multiply(_swish(op, gate, layer.get("alpha", 1.0)), linear)


def _swish(op: Builder, x: Value, alpha: float) -> Value:
    result: Value = op.Swish(x) if alpha == 1 else op.Swish(x, op.constant(alpha, x.dtype))
    return result


@layers("ThresholdedRelu")
def thresholded_relu(layer: Layer, op: Builder, x: Value) -> Value:
    """ThresholdedRelu(X, alpha): X where X > alpha, else 0."""
    above = op.Less(op.constant(layer.get("alpha", 1.0), x.dtype), x)
    return op.Select(above, x, op.constant(0, x.dtype))


@layers("Shrink", since=9)
def shrink(layer: Layer, op: Builder, x: Value) -> Value:
    """Shrink(input, lambd, bias): x + bias where x < -lambd, x - bias where x > lambd, else 0."""
    lambd, bias = layer.get("lambd", 0.5), layer.get("bias", 0.0)
    data = x if x.dtype.is_float else op.Convert(x, destination_type=f32)
    kind = data.dtype
    shift, zero = op.constant(bias, kind), op.constant(0.0, kind)
    high = op.Select(op.Less(op.constant(lambd, kind), data), op.Subtract(data, shift), zero)
    low = op.Less(data, op.constant(-lambd, kind))
    result: Value = op.Select(low, op.Add(data, shift), high)
    return result if x.dtype.is_float else op.Convert(result, destination_type=x.dtype)
