"""What a training net's text becomes for deployment: data layers are inputs, losses and accuracies leave.

A net that reads a database cannot run as it is, and what it computes for training is not wanted: its data layers become
inputs, and layers that compare with labels go, as do tops of data layers that nothing reads afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from dragoman.graph.types import Interval, Shape
from dragoman_caffe.message import Message
from dragoman_caffe.weights import Blob

#: type of a data layer -> its parameter message
DATA_TYPES = {
    "Data": "data_param", "ImageData": "image_data_param", "HDF5Data": "hdf5_data_param",
    "WindowData": "window_data_param", "AnnotatedData": "data_param", "VideoData": "video_data_param",
    "DenseImageData": "dense_image_data_param", "ImageSegData": "image_data_param", "CustomData": "data_param",
}  # fmt: skip
#: what has labels as its further tops
_SOURCES = frozenset({*DATA_TYPES, "MemoryData"})
_EVALUATIONS = {"Accuracy", "SoftmaxWithLoss", "MultiBoxLoss", "DetectionEvaluate", "L1Loss", "SmoothL1Loss"}
_ANY = Interval()


def is_training(kind: str) -> bool:
    """The layer type computes a loss or an accuracy."""
    return kind in _EVALUATIONS or kind.endswith("Loss") or "WithLoss" in kind


def deployed(layers: list[Message], named: Iterable[str]) -> list[Message]:
    """The layers without losses and accuracies, where the net reads a database.

    They stay when the user names one of them, or a label that they read (``named``).
    """
    kinds = {layer.get("type") for layer in layers}
    if not kinds & _SOURCES:
        return layers
    names = set(named)
    labels = {top for layer in layers if layer.get("type") in _SOURCES for top in layer.items_of("top")[1:]}
    training = [layer for layer in layers if is_training(layer.get("type", ""))]
    read = {bottom for layer in training for bottom in layer.items_of("bottom")}
    if names & labels & read or any(names & {x.get("name", ""), *x.items_of("top")} for x in training):
        return layers
    left = {id(layer) for layer in training} if kinds & DATA_TYPES.keys() else set()
    kept = _without_targets([layer for layer in layers if id(layer) not in left])
    read = {bottom for layer in kept for bottom in layer.items_of("bottom")}
    for layer in kept:
        if layer.get("type") in _SOURCES:
            layer["top"] = [top for i, top in enumerate(layer.items_of("top")) if i == 0 or top in read]
    return kept


def _without_targets(layers: list[Message]) -> list[Message]:
    """The layers without those that only prepared labels for a loss: they read labels alone, and nothing reads them."""
    targets: set[str] = set()
    preparing: set[int] = set()
    for layer in layers:
        bottoms, tops = layer.items_of("bottom"), layer.items_of("top")
        if layer.get("type") == "HDF5Data":
            continue  # its tops are whatever the user stored: sequences and their markers, too
        if layer.get("type") in _SOURCES:
            targets.update(tops[1:])
        elif bottoms and targets.issuperset(bottoms):
            targets.update(tops)
            preparing.add(id(layer))
    kept: list[Message] = []
    read: set[str] = set()
    for layer in reversed(layers):
        if id(layer) not in preparing or read.intersection(layer.items_of("top")):
            kept.append(layer)
            read.update(layer.items_of("bottom"))
    return kept[::-1]


def data_shape(layer: Message, index: int, layers: list[Message], weights: Mapping[str, list[Blob]]) -> Shape:
    """The shape of a top of a data layer as far as the text tells: batch size, crop, colour; labels are [batch].

    Channels come from the mean values, else from the weights of a convolution that reads the top; None, when even the
    number of dimensions is not told.
    """
    parameter = layer.get(DATA_TYPES[layer["type"]]) or Message("")
    batch = parameter.get("batch_size") or _ANY
    if index > 0:
        return (batch,)
    if layer["type"] == "HDF5Data":
        return None
    transform = layer.get("transform_param") or Message("")
    crop = transform.get("crop_size") or parameter.get("crop_size")
    height = crop or parameter.get("new_height") or _ANY
    width = crop or parameter.get("new_width") or _ANY
    channels = _channels(layer, transform, layers, weights)
    return None if channels is None else (batch, channels, height, width)


def _channels(
    layer: Message, transform: Message, layers: list[Message], weights: Mapping[str, list[Blob]]
) -> int | None:
    means = transform.items_of("mean_value")
    if len(means) > 1:
        return len(means)
    top = layer.items_of("top")[0]
    for reader in layers:
        blobs = weights.get(reader.get("name", ""))
        if reader.get("type") == "Convolution" and top in reader.items_of("bottom") and blobs:
            shape = blobs[0].tensor.shape
            parameter = reader.get("convolution_param") or Message("")
            return shape[1] * int(parameter.get("group", 1)) if len(shape) > 1 else None
    return None
