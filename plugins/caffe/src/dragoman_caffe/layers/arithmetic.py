"""Exp, Log, Power, and Eltwise.

Behaviour: BVLC's ``exp_layer.cpp``, ``log_layer.cpp``, ``power_layer.cpp``, ``eltwise_layer.cpp``.
"""

from __future__ import annotations

import math

from dragoman.builder import Builder
from dragoman.frontends.extract import Extractors, Layer
from dragoman.graph.graph import Value
from dragoman.graph.types import f32
from dragoman_caffe.shapes import same_shape

layers = Extractors("caffe")


def scaled(op: Builder, x: Value, factor: float, shift: float = 0.0) -> Value:
    """factor * x + shift, without the parts that change nothing."""
    if factor != 1:
        x = op.Multiply(x, op.constant(factor, f32))
    return x if shift == 0 else op.Add(x, op.constant(shift, f32))


@layers("Exp")
def exp(layer: Layer, op: Builder, x: Value) -> Value:
    """base ^ (scale * x + shift); the base -1 stands for e."""
    base = _base(layer, "exp_param")
    scale, shift = layer.get("exp_param.scale", 1.0), layer.get("exp_param.shift", 0.0)
    logarithm = 1.0 if base is None else math.log(base)
    return scaled(op, op.Exp(scaled(op, x, logarithm * scale)), _exp(logarithm * shift))


@layers("Log")
def log(layer: Layer, op: Builder, x: Value) -> Value:
    """log of scale * x + shift to a base; the base -1 stands for e."""
    base = _base(layer, "log_param")
    if base == 1:
        raise layer.refuse("there is no logarithm to the base 1")
    scale, shift = layer.get("log_param.scale", 1.0), layer.get("log_param.shift", 0.0)
    return scaled(op, op.Log(scaled(op, x, scale, shift)), 1.0 if base is None else 1 / math.log(base))


def _exp(x: float) -> float:
    """e ^ x, infinite where it is beyond every float."""
    return math.exp(x) if x < 700 else math.inf


def _base(layer: Layer, message: str) -> float | None:
    """The base, None for e."""
    base: float = layer.get(f"{message}.base", -1.0)
    if base == -1:
        return None
    if not 0 < base < math.inf:
        raise layer.refuse(f"base {base:g} is not above 0, and only -1 stands for e")
    return base


@layers("Power")
def power(layer: Layer, op: Builder, x: Value) -> Value:
    """(scale * x + shift) ^ power, which is constant where scale * power is 0."""
    scale, shift = layer.get("power_param.scale", 1.0), layer.get("power_param.shift", 0.0)
    exponent = layer.get("power_param.power", 1.0)
    if scale == 0 and x.rank:  # of -0 and 0, and of infinite numbers, Caffe makes the same constant
        x = op.Broadcast(op.constant(0.0, f32), op.ShapeOf(x), mode="numpy")
        scale = 1.0
    x = scaled(op, x, scale, shift)
    return x if exponent == 1 else op.Power(x, op.constant(exponent, f32))


@layers("Eltwise")
def eltwise(layer: Layer, op: Builder, x: Value, *rest: Value) -> Value:
    """Product, sum with coefficients, or maximum of bottoms of one shape."""
    operation = layer.get("eltwise_param.operation", "SUM")
    factors = layer.get("eltwise_param.coeff", [])
    layer.ignore("eltwise_param.stable_prod_grad")
    bottoms = [x, *rest]
    if not rest:
        raise layer.refuse("it takes 2 or more bottoms, and has 1")
    if factors and operation == "PROD":
        raise layer.refuse("coefficients belong to a sum, and the operation is PROD")
    if factors and len(factors) != len(bottoms):
        raise layer.refuse(f"{len(factors)} coefficients for {len(bottoms)} bottoms")
    for other in rest:
        same_shape(layer, x, other)
    if operation == "SUM" and factors:
        bottoms = [scaled(op, b, factor) for b, factor in zip(bottoms, factors, strict=True)]
    name = {"PROD": "Multiply", "SUM": "Add", "MAX": "Maximum"}.get(operation)
    if name is None:
        raise layer.refuse(f"there is no operation {operation}")
    total = bottoms[0]
    for bottom in bottoms[1:]:
        total = op.make(name, total, bottom)
    return total
