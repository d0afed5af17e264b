"""Element-wise activations."""

from __future__ import annotations

from dragoman.builder import Builder
from dragoman.frontends.extract import Extractors, Layer
from dragoman.graph.graph import Value

layers = Extractors("caffe")


@layers("ReLU")
def relu(layer: Layer, op: Builder, x: Value) -> Value:
    """max(0, x) + negative_slope * min(0, x)."""
    slope = layer.get("relu_param.negative_slope", 0.0)
    return op.Relu(x) if slope == 0 else op.PRelu(x, op.constant([slope], x.dtype))
