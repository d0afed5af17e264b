"""What Caffe checks of a layer's text before it looks at any blob.

Source: ``net.cpp`` (Init, AppendParam), ``layer.hpp`` (CheckBlobCounts, SetLossWeights); how many blobs a layer learns
is in its ``LayerSetUp``. Of layers that forks added, only what holds for all layers is checked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dragoman_caffe.deploy import DATA_TYPES, is_training
from dragoman_caffe.message import Message
from dragoman_caffe.parameters import message_of, messages_of

#: layers that have no bottoms
SOURCES = frozenset({"Input", "MemoryData", *DATA_TYPES})
#: layers that read blobs and make nothing a deployed net needs
SINKS = frozenset({"Silence", "HDF5Output"})
#: layers that compute something else in phase TRAIN
_PHASED = frozenset({"BatchNorm", "BN", "Dropout", "SpatialDropout"})
#: learned blobs of a layer with one bottom, without its bias
_LEARNED = {"Convolution": 1, "Deconvolution": 1, "InnerProduct": 1, "Embed": 1, "Scale": 1, "Bias": 1, "PReLU": 1,
            "BatchNorm": 3, "Parameter": 1, "LSTM": 3, "RNN": 5}  # fmt: skip
#: whether there is a bias where the text does not say
_BIAS = {"Convolution": True, "Deconvolution": True, "InnerProduct": True, "Embed": True, "Scale": False}
_ONCE = "give it once for each, or not at all"


def faults(layer: Message) -> Iterator[tuple[str, str]]:
    """(what the layer does, what to do), for every check that it fails."""
    kind: str = layer["type"]
    tops, bottoms = len(layer.items_of("top")), len(layer.items_of("bottom"))
    if kind in SOURCES and bottoms:
        yield f"reads {bottoms} blobs, and a layer of type {kind} has no bottoms", "remove them"
    if kind in SINKS:
        if tops or not bottoms:
            yield f"has {bottoms} bottoms and {tops} tops", f"a layer of type {kind} reads blobs and makes none"
    elif not tops and messages_of(kind) is not None and (kind == "Accuracy" or not is_training(kind)):
        yield "makes no blob", "give it a top"
    if layer.get("phase") == "TRAIN" and kind in _PHASED:
        yield "is always in phase TRAIN", "remove its phase"
    if len(layer.items_of("propagate_down")) not in (0, bottoms):
        yield f"gives propagate_down {len(layer.items_of('propagate_down'))} times for {bottoms} bottoms", _ONCE
    made = max(tops, 1) if is_training(kind) else tops
    if len(layer.items_of("loss_weight")) not in (0, made):
        yield f"gives loss_weight {len(layer.items_of('loss_weight'))} times for {made} tops", _ONCE
    learned = learned_blobs(layer)
    if learned is not None and len(layer.items_of("param")) > learned:
        yield f"has {len(layer.items_of('param'))} param blocks, and learns {learned} blobs", "remove the others"


def other_rates(layers: Iterable[Message]) -> Iterator[tuple[Message, str]]:
    """(layer, what is wrong) where params of one name have different ``lr_mult`` or ``decay_mult``."""
    first: dict[tuple[str, str], float] = {}
    for layer in layers:
        for spec in layer.items_of("param") if layer.get("type") != "BatchNorm" else ():  # Caffe sets theirs to 0
            for field in ("lr_mult", "decay_mult"):
                if isinstance(spec, Message) and spec.get("name") and field in spec:
                    held = first.setdefault((spec["name"], field), spec[field])
                    if held != spec[field]:
                        yield layer, f"gives the shared param {spec['name']!r} another {field}: {spec[field]:g}"


def learned_blobs(layer: Message) -> int | None:
    """How many blobs Caffe makes for a layer of BVLC; None for layers of forks."""
    kind: str = layer["type"]
    if messages_of(kind) is None:
        return None
    bottoms, count = len(layer.items_of("bottom")), _LEARNED.get(kind, 0)
    if kind in ("Scale", "Bias"):
        count = 1 if bottoms == 1 else 0
    elif kind in ("LSTM", "RNN"):
        states = (1 if kind == "RNN" else 2) if (layer.get("recurrent_param") or {}).get("expose_hidden") else 0
        return count + (bottoms > 2 + states)
    if kind not in _BIAS:
        return count
    message = "convolution_param" if kind in ("Convolution", "Deconvolution") else message_of(kind)
    return count + bool((layer.get(message) or {}).get("bias_term", _BIAS[kind]))
