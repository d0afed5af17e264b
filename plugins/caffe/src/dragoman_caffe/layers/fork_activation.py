"""Element-wise layers of forks: CReLU, NegReLU, HSwish, Mish, SpatialDropout.

Behaviour: Cambricon/caffe ``crelu_layer.cpp``, lmb-freiburg/flownet2 ``neg_relu_layer.cpp``, aovoc/caffe
``hswish_layer.cpp``, the ``mish_layer.cpp`` of Synopsys and troyliu0105, ENet's ``spatial_dropout_layer.cpp``.
"""

from __future__ import annotations

from dragoman.builder import Builder
from dragoman.frontends.extract import Extractors, Layer
from dragoman.graph.graph import Value
from dragoman_caffe.layers.activation import sloped_relu
from dragoman_caffe.shapes import axis_of, channels, rank_of

layers = Extractors("caffe")


@layers("CReLU")
def crelu(layer: Layer, op: Builder, x: Value) -> Value:
    """ReLU of x and of -x, one after another along an axis."""
    rank = rank_of(layer, x)
    known = layer.has("crelu_param.concat_axis") or layer.has("crelu_param.negative_slope")
    axis = axis_of(layer, "crelu_param.concat_axis", 1, rank)
    if not known and channels(layer, x, 0) != 1:
        raise layer.refuse(
            "for several images its forks order the channels in two ways",
            "`crelu_param { concat_axis: 1 }` says that each image has x before -x",
        )
    both = op.Concat(x, op.Negative(x), axis=axis)
    return sloped_relu(op, both, layer.get("crelu_param.negative_slope", 0.0))


@layers("NegReLU")
def neg_relu(layer: Layer, op: Builder, x: Value) -> Value:
    """min(0, x) + negative_slope * max(0, x)."""
    return op.Negative(sloped_relu(op, op.Negative(x), layer.get("relu_param.negative_slope", 0.0)))


@layers("HSwish")
def hswish(layer: Layer, op: Builder, x: Value) -> Value:
    """x * min(max(x + 3, 0), 6) / 6."""
    y: Value = op.HSwish(x)
    return y


@layers("Mish")
def mish(layer: Layer, op: Builder, x: Value) -> Value:
    """x * tanh(log(1 + exp(x)))."""
    y: Value = op.Mish(x)
    return y


@layers("SpatialDropout")
def spatial_dropout(layer: Layer, op: Builder, x: Value) -> Value:
    """x as it is: channels are dropped, and the others scaled, while training only."""
    layer.ignore("spatial_dropout_param.dropout_ratio", "dropout_param.dropout_ratio")
    return x
