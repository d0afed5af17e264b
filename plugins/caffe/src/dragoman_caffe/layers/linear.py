"""Products with a matrix of weights: InnerProduct, Embed.

Behaviour: BVLC Caffe's ``inner_product_layer.cpp``, ``embed_layer.cpp``.
"""

from __future__ import annotations

import math

from dragoman.builder import Builder
from dragoman.frontends.extract import Extractors, Layer
from dragoman.graph.graph import Value
from dragoman.graph.types import i32, i64
from dragoman_caffe.blobs import blob, expect
from dragoman_caffe.shapes import axis_of, channels, rank_of

layers = Extractors("caffe")


@layers("InnerProduct")
def inner_product(layer: Layer, op: Builder, x: Value) -> Value:
    """The axes from ``axis`` on as one vector, times the weights, plus a bias."""
    name = "inner_product_param."
    rank = rank_of(layer, x)
    outputs = layer.get(name + "num_output", 0)
    if outputs < 1:
        raise layer.refuse("num_output is missing or 0")
    axis = axis_of(layer, name + "axis", 1, rank)
    transpose, bias_term = layer.get(name + "transpose", False), layer.get(name + "bias_term", True)
    expect(layer, 2 if bias_term else 1)
    sizes = [d for d in (x.shape or ())[axis:] if isinstance(d, int)]
    inputs = math.prod(sizes) if len(sizes) == rank - axis else None  # an image of unknown size must fit the weights
    w = blob(layer, op, 0, [inputs, outputs] if transpose else [outputs, inputs], filler=name + "weight_filler")
    inputs = channels(layer, w, 0 if transpose else 1)
    if axis == 0:
        x = op.Reshape(x, op.constant([1, inputs], i64))
    elif axis < rank - 1:
        x = op.Reshape(x, op.constant([*[0] * axis, inputs], i64), special_zero=True)
    y: Value = op.MatMul(x, w, transpose_a=False, transpose_b=not transpose)
    if bias_term:
        bias = blob(layer, op, 1, [outputs], filler=name + "bias_filler")
        y = op.Add(y, op.Reshape(bias, op.constant([1] * max(axis, 1) + [outputs], i64)))
    return op.Reshape(y, op.constant([outputs], i64)) if axis == 0 else y


@layers("Embed")
def embed(layer: Layer, op: Builder, x: Value) -> Value:
    """The row of the weights for each index, plus a bias; indices beyond the rows are undefined in Caffe."""
    name = "embed_param."
    outputs, rows = layer.get(name + "num_output", 0), layer.get(name + "input_dim", 0)
    if outputs < 1 or rows < 1:
        raise layer.refuse(f"num_output {outputs} and input_dim {rows}", "both must be above 0")
    bias_term = layer.get(name + "bias_term", True)
    expect(layer, 2 if bias_term else 1)
    w = blob(layer, op, 0, [rows, outputs], filler=name + "weight_filler")
    y: Value = op.Gather(w, op.Convert(x, destination_type=i32), op.constant(0, i64))
    if bias_term:
        y = op.Add(y, blob(layer, op, 1, [outputs], filler=name + "bias_filler"))
    return y
