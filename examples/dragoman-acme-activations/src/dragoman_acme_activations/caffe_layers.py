"""Layers of Acme's Caffe."""

from __future__ import annotations

from dragoman.builder import Builder
from dragoman.frontends.extract import Extractors, Layer
from dragoman.graph.graph import Value

#: The text form of protobuf does not say what `slope: 2` is; this does. Numbers of fields are Acme's own.
FIELDS = """
message Swish6Parameter { optional float slope = 1 [default = 1.0]; }
message SoftClipParameter { optional float limit = 1 [default = 1.0]; }
message LayerParameter {
  optional Swish6Parameter swish6_param = 7001;
  optional SoftClipParameter soft_clip_param = 7002;
}
"""

layers = Extractors("caffe", FIELDS)


@layers("Swish6")
def swish6(layer: Layer, op: Builder, x: Value) -> Value:
    """x * min(max(slope * x + 3, 0), 6) / 6; with a slope of 1 OpenVINO has it as one op."""
    slope = layer.get("swish6_param.slope", 1.0)
    y: Value
    if slope == 1:
        y = op.HSwish(x)
    else:
        line = op.Add(op.Multiply(x, op.constant(slope, x.dtype)), op.constant(3.0, x.dtype))
        gate = op.Multiply(op.Clamp(line, min=0.0, max=6.0), op.constant(1 / 6, x.dtype))
        y = op.Multiply(x, gate)
    return y


@layers("SoftClip")
def soft_clip(layer: Layer, op: Builder, x: Value) -> Value:
    """limit * tanh(x / limit), kept as an op of its own."""
    limit = layer.get("soft_clip_param.limit", 1.0)
    if limit <= 0:
        raise layer.refuse(f"limit is {limit}, and must be above 0")
    y: Value = op.AcmeSoftClip(x, limit=limit)
    return y
