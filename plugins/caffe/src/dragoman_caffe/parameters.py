"""Which parameter messages a layer type reads; Caffe ignores the others, whatever they say."""

from __future__ import annotations

import functools
import re

from dragoman_caffe.definitions import Definitions

#: types whose parameter message is not called as the type is, or that read several
_NAMES: dict[str, tuple[str, ...]] = {
    "Convolution": ("convolution_param",), "Deconvolution": ("convolution_param",), "Im2col": ("convolution_param",),
    "DepthwiseConvolution": ("convolution_param",), "ConvolutionDepthwise": ("convolution_param",),
    "ConvolutionBinary": ("convolution_param",), "ReLU": ("relu_param",), "ReLU6": ("relu6_param", "relu_param"),
    "PReLU": ("prelu_param",), "ELU": ("elu_param",), "TanH": ("tanh_param",), "LRN": ("lrn_param",),
    "MVN": ("mvn_param",), "SPP": ("spp_param",), "ArgMax": ("argmax_param",), "RNN": ("recurrent_param",),
    "LSTM": ("recurrent_param",), "LSTMUnit": (), "AbsVal": (), "BNLL": (), "Split": (), "Silence": (), "Filter": (),
    "BatchReindex": (), "Axpy": (), "Accuracy": ("accuracy_param",), "EuclideanLoss": (),
    "SoftmaxWithLoss": ("softmax_param", "loss_param"), "SigmoidCrossEntropyLoss": ("loss_param",),
    "MultinomialLogisticLoss": (), "HingeLoss": ("hinge_loss_param",),
    "ContrastiveLoss": ("contrastive_loss_param",),
    "InfogainLoss": ("infogain_loss_param", "loss_param"), "Dropout": ("dropout_param",),
}  # fmt: skip
#: types of BVLC Caffe whose message is the type's name with ``_param``
_REGULAR = frozenset({
    "BatchNorm", "Bias", "Clip", "Concat", "Crop", "DummyData", "Eltwise", "Embed", "Exp", "Flatten", "InnerProduct",
    "Log", "Parameter", "Pooling", "Power", "Reduction", "Reshape", "Scale", "Sigmoid", "Slice", "Softmax", "Swish",
    "Threshold", "Tile",
})  # fmt: skip


def message_of(kind: str) -> str:
    """``InnerProduct`` -> ``inner_product_param``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", kind).lower() + "_param"


@functools.cache
def messages_of(kind: str) -> frozenset[str] | None:
    if kind in _REGULAR:
        return frozenset({message_of(kind)})
    named = _NAMES.get(kind)
    return None if named is None else frozenset(named)


def read_by(definitions: Definitions, kind: str, field: str) -> bool:
    """A layer of this type may read this field of ``LayerParameter``; True for types and fields not known here."""
    known = definitions.field("LayerParameter", field)
    read = messages_of(kind)
    return read is None or known is None or known.kind != "message" or field in read
