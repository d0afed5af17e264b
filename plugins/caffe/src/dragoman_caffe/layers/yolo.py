"""YOLO's region layers: RegionYolo and Region; the box decoders of forks are refused.

Behaviour: Intel's training_toolbox_caffe ``region_yolo_layer.cpp`` and ``region_layer.cpp``; without softmax, that of
OpenVINO's RegionYolo-1, for which the option was made.
"""

from __future__ import annotations

from dragoman.builder import Builder
from dragoman.frontends.extract import Extractors, Layer
from dragoman.graph.graph import Value
from dragoman_caffe.shapes import axis_of, channels, rank_of

layers = Extractors("caffe")


@layers("RegionYolo")
def region_yolo(layer: Layer, op: Builder, x: Value) -> Value:
    """Centres and objectness through a sigmoid, classes through a softmax; then flattened from axis to end_axis."""
    rank = rank_of(layer, x, 4)
    axis, end = (axis_of(layer, f"flatten_param.{n}", d, rank) for n, d in (("axis", 1), ("end_axis", -1)))
    if end < axis:
        raise layer.refuse(f"axis {axis} is behind end_axis {end}")
    softmax = layer.get("region_yolo_param.do_softmax", True)
    mask = tuple(layer.get("region_yolo_param.mask", []))
    anchors = tuple(float(a) for a in layer.get("region_yolo_param.anchors", []))
    return _region(layer, op, x, "region_yolo_param", softmax, mask, anchors, axis, end)


@layers("Region")
def region(layer: Layer, op: Builder, x: Value) -> Value:
    """As RegionYolo, with the shape of its bottom."""
    rank_of(layer, x, 4)
    for name in ("coords", "classes", "num"):
        layer.require(f"region_param.{name}", int)
    y = _region(layer, op, x, "region_param", True, (), (), 1, 3)
    shaped: Value = op.Reshape(y, op.ShapeOf(x, output_type="i64"))
    return shaped


def _region(
    layer: Layer, op: Builder, x: Value, message: str, softmax: bool, mask: tuple[int, ...],
    anchors: tuple[float, ...], axis: int, end: int,
) -> Value:  # fmt: skip
    coords, classes = layer.positive(f"{message}.coords", 4), layer.positive(f"{message}.classes", 20)
    number = layer.positive(f"{message}.num", 1)
    if coords != 4:
        raise layer.refuse(f"{coords} coordinates", "the runtime's RegionYolo knows boxes of 4")
    boxes = number if softmax else len(mask)
    depth = channels(layer, x)
    if depth != boxes * (coords + 1 + classes):
        raise layer.refuse(f"{depth} channels are not {boxes} boxes of {coords} + 1 + {classes} numbers")
    y: Value = op.RegionYolo(
        x, axis=axis, end_axis=end, coords=coords, classes=classes, num=number, do_softmax=softmax, mask=mask,
        anchors=anchors,
    )  # fmt: skip
    return y


@layers("YoloDetectionOutput")
@layers("Yolov3DetectionOutput")
def detection_output(layer: Layer, op: Builder, x: Value, *rest: Value) -> Value:
    """Boxes decoded and suppressed; its scores and order differ from one revision of the fork to the next."""
    raise layer.refuse(
        "there is no operator for the decoding of this fork",
        "cut the net before it (--output with its bottoms) and decode the boxes outside, or add a custom layer",
    )
