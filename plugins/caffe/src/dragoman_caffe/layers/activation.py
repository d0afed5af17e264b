"""Element-wise activations, and Softmax.

Behaviour: BVLC's ``src/caffe/layers/NAME_layer.cpp``; Dropout's ``scale_train`` is that of the forks that have it.
"""

from __future__ import annotations

from dragoman.builder import Builder
from dragoman.frontends.extract import Extractors, Layer
from dragoman.graph.graph import Value
from dragoman.graph.types import f32
from dragoman_caffe.shapes import axis_of, rank_of

layers = Extractors("caffe")


@layers("ReLU")
def relu(layer: Layer, op: Builder, x: Value) -> Value:
    """max(0, x) + negative_slope * min(0, x)."""
    return sloped_relu(op, x, layer.get("relu_param.negative_slope", 0.0))


def sloped_relu(op: Builder, x: Value, slope: float) -> Value:
    """max(0, x) + slope * min(0, x)."""
    found: Value = op.Relu(x) if slope == 0 else op.PRelu(x, op.constant([slope], x.dtype))
    return found


@layers("ReLU6")
def relu6(layer: Layer, op: Builder, x: Value) -> Value:
    """min(max(0, x), 6), a layer of forks."""
    clamped: Value = op.Clamp(x, min=0.0, max=6.0)
    return clamped


@layers("Sigmoid")
def sigmoid(layer: Layer, op: Builder, x: Value) -> Value:
    """1 / (1 + exp(-x))."""
    found: Value = op.Sigmoid(x)
    return found


@layers("TanH")
def tanh(layer: Layer, op: Builder, x: Value) -> Value:
    """The hyperbolic tangent."""
    found: Value = op.Tanh(x)
    return found


@layers("ELU")
def elu(layer: Layer, op: Builder, x: Value) -> Value:
    """max(0, x) + alpha * (exp(min(0, x)) - 1)."""
    found: Value = op.Elu(x, alpha=layer.get("elu_param.alpha", 1.0))
    return found


@layers("BNLL")
def bnll(layer: Layer, op: Builder, x: Value) -> Value:
    """ln(1 + exp(x))."""
    found: Value = op.Add(op.Relu(x), log_of_one_and(op, op.Negative(op.Abs(x))))
    return found


def log_of_one_and(op: Builder, x: Value) -> Value:
    """ln(1 + exp(x)) for x of at most 0.

    Minus -1, as the CPU plugin would make a SoftPlus of a sum with 1: that one gives 2e-6 where this is 0.
    """
    found: Value = op.Log(op.Subtract(op.Exp(x), op.constant(-1.0, f32)))
    return found


@layers("AbsVal")
def abs_val(layer: Layer, op: Builder, x: Value) -> Value:
    """The absolute value."""
    found: Value = op.Abs(x)
    return found


@layers("Swish")
def swish(layer: Layer, op: Builder, x: Value) -> Value:
    """x / (1 + exp(-beta * x))."""
    beta = layer.get("swish_param.beta", 1.0)
    found: Value = op.Swish(x) if beta == 1 else op.Swish(x, op.constant(beta, x.dtype))
    return found


@layers("Clip")
def clip(layer: Layer, op: Builder, x: Value) -> Value:
    """max(min, min(x, max)): ``min`` wins where it is the greater bound."""
    low, high = layer.require("clip_param.min", (int, float)), layer.require("clip_param.max", (int, float))
    found: Value = op.Clamp(x, min=low, max=max(low, high))
    return found


@layers("Threshold")
def threshold(layer: Layer, op: Builder, x: Value) -> Value:
    """1 where x > threshold, else 0."""
    above = op.Greater(x, op.constant(layer.get("threshold_param.threshold", 0.0), f32))
    found: Value = op.Convert(above, destination_type=f32)
    return found


@layers("Dropout")
def dropout(layer: Layer, op: Builder, x: Value) -> Value:
    """x as it is: BVLC scales while it trains; a fork's ``scale_train: false`` multiplies by 1 - ratio here."""
    ratio = layer.get("dropout_param.dropout_ratio", 0.5)
    if layer.get("dropout_param.scale_train", True):
        return x
    scaled: Value = op.Multiply(x, op.constant(1 - ratio, f32))
    return scaled


@layers("Softmax")
def softmax(layer: Layer, op: Builder, x: Value) -> Value:
    """exp(x) / sum of exp(x) along an axis."""
    found: Value = op.Softmax(x, axis=axis_of(layer, "softmax_param.axis", 1, rank_of(layer, x)))
    return found
