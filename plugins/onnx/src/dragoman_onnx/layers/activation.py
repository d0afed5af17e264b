"""Activations."""

from __future__ import annotations

from dragoman.builder import Builder
from dragoman.frontends.extract import Extractors, Layer
from dragoman.graph.graph import Value

layers = Extractors("onnx")


@layers("Relu")
def relu(layer: Layer, op: Builder, x: Value) -> Value:
    layer.ignore("consumed_inputs")
    return op.Relu(x)
