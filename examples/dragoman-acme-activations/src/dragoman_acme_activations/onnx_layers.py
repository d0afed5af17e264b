"""Layers of the ONNX domain acme.nn."""

from __future__ import annotations

from dragoman.builder import Builder
from dragoman.frontends.extract import Extractors, Layer
from dragoman.graph.graph import Value
from dragoman.graph.types import i64

layers = Extractors("onnx")


@layers("acme.nn:SoftClip")
def soft_clip(layer: Layer, op: Builder, x: Value) -> Value:
    """limit * tanh(x / limit), kept as an op of its own."""
    limit = layer.get("limit", 1.0)
    if limit <= 0:
        raise layer.refuse(f"limit is {limit}, and must be above 0")
    y: Value = op.AcmeSoftClip(x, limit=limit)
    return y


@layers("acme.nn:GatedUnit")
def gated_unit(layer: Layer, op: Builder, x: Value) -> list[Value]:
    """Halves a, b of x along an axis -> a * sigmoid(b), sigmoid(b)."""
    axis = layer.get("axis", -1)
    if x.rank is not None and not -x.rank <= axis < x.rank:
        raise layer.refuse(f"axis is {axis}, and the input has {x.rank} dimensions")
    size = None if x.shape is None else x.shape[axis]
    if isinstance(size, int) and size % 2:
        raise layer.refuse(f"dimension {axis} of the input is {size}, which has no halves")
    a, b = op.Split(x, op.constant(axis, i64), num_splits=2)
    gate = op.Sigmoid(b)
    return [op.Multiply(a, gate), gate]
