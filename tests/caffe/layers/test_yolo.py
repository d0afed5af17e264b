"""YOLO's region layers, against their C++ written out in numpy."""

from __future__ import annotations

import numpy as np
import pytest
from tests.caffe.support import assert_close, inputs, layer, refusal, run_net

Array = np.ndarray
RANDOM = np.random.default_rng(13)


def sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x.astype(np.float64)))


def regions(x: Array, boxes: int, classes: int, softmax: bool) -> Array:
    """training_toolbox_caffe, region_yolo_layer.cpp; without softmax darknet's yolo_layer.c."""
    parts = x.reshape(len(x), boxes, 5 + classes, *x.shape[2:]).astype(np.float64)
    out = parts.copy()
    out[:, :, :2], out[:, :, 4] = sigmoid(parts[:, :, :2]), sigmoid(parts[:, :, 4])
    if softmax:
        powers = np.exp(parts[:, :, 5:] - parts[:, :, 5:].max(2, keepdims=True))
        out[:, :, 5:] = powers / powers.sum(2, keepdims=True)
    else:
        out[:, :, 5:] = sigmoid(parts[:, :, 5:])
    return out.reshape(x.shape)


def run(kind: str, x: Array, parameters: str) -> Array:
    return run_net(inputs(x=x.shape) + layer(kind, "x", parameters=parameters), {"x": x})["out"]


@pytest.mark.parametrize(
    "shape, boxes, classes", [((1, 125, 13, 13), 5, 20), ((2, 18, 3, 4), 2, 4), ((3, 6, 1, 5), 1, 1)]
)
@pytest.mark.parametrize("axes, first, last", [
    ("", 1, 3), ("axis: 1 end_axis: -1", 1, 3), ("axis: 2 end_axis: 3", 2, 3), ("axis: 0", 0, 3), ("end_axis: 2", 1, 2),
])  # fmt: skip
def test_region_yolo_activates_and_flattens(
    shape: tuple[int, ...], boxes: int, classes: int, axes: str, first: int, last: int
) -> None:
    x = RANDOM.normal(size=shape).astype(np.float32) * 3
    parameters = f"region_yolo_param {{ coords: 4 classes: {classes} num: {boxes} }} flatten_param {{ {axes} }}"
    expected = regions(x, boxes, classes, softmax=True).reshape(*shape[:first], -1, *shape[last + 1 :])
    assert_close(run("RegionYolo", x, parameters), expected)


@pytest.mark.parametrize("batch", [1, 2])
def test_region_yolo_without_softmax_activates_the_boxes_of_its_mask(batch: int) -> None:
    x = RANDOM.normal(size=(batch, 3 * 9, 3, 5)).astype(np.float32) * 3
    mask = " ".join(f"mask: {m}" for m in (3, 4, 5))
    found = run("RegionYolo", x, f"region_yolo_param {{ classes: 4 num: 9 do_softmax: false {mask} }}")
    assert_close(found, regions(x, 3, 4, softmax=False))


def test_region_keeps_the_shape_of_its_bottom() -> None:
    """training_toolbox_caffe, region_layer.cpp."""
    x = RANDOM.normal(size=(2, 18, 3, 4)).astype(np.float32)
    assert_close(run("Region", x, "region_param { coords: 4 classes: 4 num: 2 }"), regions(x, 2, 4, softmax=True))


@pytest.mark.parametrize(
    "parameters", ["classes: 4 num: 3", "coords: 5 classes: 3 num: 2", "classes: 4 num: 2 do_softmax: false"]
)
def test_channels_that_are_no_boxes_are_refused(parameters: str) -> None:
    refusal(inputs(x=(2, 18, 3, 4)) + layer("RegionYolo", "x", parameters=f"region_yolo_param {{ {parameters} }}"))


def test_the_decoders_of_mobilenet_yolo_say_where_to_cut() -> None:
    error = refusal(inputs(x=(2, 18, 3, 4), y=(2, 18, 6, 8)) + layer("Yolov3DetectionOutput", "x y"))
    assert "--output" in str(error)
