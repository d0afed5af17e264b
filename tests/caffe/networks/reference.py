"""What the networks give elsewhere: OpenCV's reader and engine where it has all layers, numpy for the rest.

numpy restates src/caffe/layers/{embed,recurrent,lstm_unit,inner_product,softmax}_layer.cpp of BVLC Caffe, and the
region layer of Darknet (src/region_layer.c, forward_region_layer)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from tests.caffe.layers.box_references import anchors, proposals

from .net import Net

Arrays = dict[str, np.ndarray]
RPN = ("rpn_cls_prob_reshape", "rpn_bbox_pred")


def opencv(net: Net, folder: Path, feeds: Mapping[str, np.ndarray], outputs: Sequence[str] = ()) -> Arrays:
    """Outputs by blob name, as cv2.dnn computes them; of unconsumed blobs by default."""
    import cv2

    text, model = net.save(folder / "reference")
    network = cv2.dnn.readNetFromCaffe(str(text), str(model))
    for name, array in feeds.items():
        network.setInput(array, name)
    wanted = list(outputs) or list(network.getUnconnectedOutLayersNames())
    return dict(zip(wanted, network.forward(wanted), strict=True))


def in_two_stages(
    make: Callable[..., Net], folder: Path, feeds: Mapping[str, np.ndarray], *, min_size: int, drops: bool
) -> Arrays:
    """A detector of regions: OpenCV before and behind the proposals, which are a transcription of Caffe's.

    OpenCV's own keeps boxes below the least size, and fills up to the largest number of regions. `drops`: boxes below
    the least size go, instead of staying with a score of 0."""
    data = {"data": feeds["data"]}
    first = opencv(make(proposal="Proposal"), folder, feeds, RPN)
    boxes = anchors(16, (0.5, 1, 2), (8, 16, 32)).astype(np.float32)
    limits = {"stride": 16, "min_size": min_size, "pre": 6000, "post": 300, "nms": 0.7, "drops": drops}
    rois, _ = proposals(*first.values(), feeds["im_info"][0], boxes, **limits)
    return opencv(make(rois=len(rois)), folder, {**data, "rois": rois})


def region(x: np.ndarray, anchors: int, classes: int) -> np.ndarray:
    """x, y and objectness through the logistic function, class scores through a softmax; flattened."""
    batch, _, height, width = x.shape
    boxes = x.reshape(batch, anchors, 5 + classes, height, width).copy()
    for values in (boxes[:, :, :2], boxes[:, :, 4:5]):
        values[:] = 1 / (1 + np.exp(-values))
    boxes[:, :, 5:] = _softmax(boxes[:, :, 5:], 2)
    return boxes.reshape(batch, -1)


def caption(net: Net, feeds: Mapping[str, np.ndarray]) -> Arrays:
    """The captioning network as Caffe unrolls it."""
    blobs = {layer.name: [np.asarray(blob, np.float64) for blob in layer.blobs] for layer in net.stored()}
    x = blobs["embedding"][0][feeds["input_sentence"].astype(int)]
    x = _lstm(x, feeds["cont_sentence"], blobs["lstm1"], feeds["image_features"])
    x = _lstm(x, feeds["cont_sentence"], blobs["lstm2"])
    weights, bias = blobs["predict"]
    return {"probs": _softmax(x @ weights.T + bias, 2)}


def _lstm(x: np.ndarray, cont: np.ndarray, blobs: Sequence[np.ndarray], static: np.ndarray | None = None) -> np.ndarray:
    """Gates in the order input, forget, output, candidate; `cont` silences both the hidden and the cell state."""
    given = x @ blobs[0].T + blobs[1]
    if static is not None:
        given = given + static @ blobs[2].T
    hidden = cell = np.zeros((x.shape[1], given.shape[2] // 4))
    outputs = []
    for gates, keep in zip(given, cont[..., None], strict=True):
        gates = gates + (keep * hidden) @ blobs[-1].T
        i, f, o = (1 / (1 + np.exp(-gate)) for gate in np.split(gates, 4, axis=1)[:3])
        cell = keep * f * cell + i * np.tanh(np.split(gates, 4, axis=1)[3])
        hidden = o * np.tanh(cell)
        outputs.append(hidden)
    return np.stack(outputs)


def _softmax(x: np.ndarray, axis: int) -> np.ndarray:
    powers = np.exp(x - x.max(axis=axis, keepdims=True))
    return powers / powers.sum(axis=axis, keepdims=True)
