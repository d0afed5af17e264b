"""The boxes of a single-shot detector: decoded, suppressed class by class, the best of each image kept.

Behaviour: the SSD fork's ``detection_output_layer.cpp`` and ``bbox_util.cpp``; RefineDet's for five inputs.
"""

from __future__ import annotations

from typing import Any

from dragoman.builder import Builder
from dragoman.frontends.extract import Extractors, Layer
from dragoman.graph.graph import Value
from dragoman.graph.types import i64

layers = Extractors("caffe")

_PREFIX = "detection_output_param."
_CHECK = "the model is not valid; check it with Caffe"
#: below every score
_LOWEST = -3.4028234663852886e38
#: thresholds up to here stay as they are, whatever eta is
_ADAPTIVE = 0.5


@layers("DetectionOutput")
def detection_output(layer: Layer, op: Builder, boxes: Value, scores: Value, priors: Value, *rest: Value) -> Value:
    """Rows (image, label, score, x0, y0, x1, y1) of what is found, by image, label and falling score.

    Caffe returns as many rows as there are detections; here they are followed by a row whose image is -1 and zeros up
    to the greatest possible number, as OpenVINO's applications expect.
    """
    classes = layer.positive(_PREFIX + "num_classes")
    code = layer.get(_PREFIX + "code_type", "CORNER")
    encoded = layer.get(_PREFIX + "variance_encoded_in_target", False)
    shared = layer.get(_PREFIX + "share_location", True)
    first_stage = _refined(layer, code, rest)
    options = _suppression(layer) | _coordinates(layer, bool(first_stage))
    options["background_label_id"] = layer.get(_PREFIX + "background_label_id", 0)
    priors = _flat(op, priors, 3)
    boxes, scores, *refined = (_flat(op, v, 2) for v in (boxes, scores, *first_stage))
    _check_sizes(layer, boxes, scores, priors, classes, 1 if shared else classes)
    if code == "CORNER_SIZE":
        boxes, code = _in_corners(op, boxes, priors, 1 if shared else classes), "CORNER"
    elif code not in ("CORNER", "CENTER_SIZE"):
        raise layer.refuse(f"code_type {code!r}", "CORNER, CENTER_SIZE and CORNER_SIZE are known")
    if encoded:
        priors = _boxes_of(op, priors)
    y: Value = op.DetectionOutput(
        boxes, scores, priors, *refined, code_type=f"caffe.PriorBoxParameter.{code}", share_location=shared,
        variance_encoded_in_target=encoded, **options,
    )  # fmt: skip
    return y


def _suppression(layer: Layer) -> dict[str, Any]:
    """Thresholds and limits; -1 stands for no limit."""
    given = layer.node.attrs
    layer.ignore(*(n for n in given if n.startswith((_PREFIX + "save_output_param.", _PREFIX + "visualize"))))
    layer.ignore(_PREFIX + "save_file")
    top, kept = layer.get(_PREFIX + "nms_param.top_k", -1), layer.get(_PREFIX + "keep_top_k", -1)
    if top == 0 or kept == 0:
        raise layer.refuse("top_k or keep_top_k is 0: nothing would ever be detected", "-1 is without limit")
    overlap, eta = layer.get(_PREFIX + "nms_param.nms_threshold", 0.3), layer.get(_PREFIX + "nms_param.eta", 1.0)
    if not overlap >= 0 or not 0 < eta <= 1:
        raise layer.refuse(f"nms_threshold {overlap}, eta {eta}", _CHECK)
    if eta < 1 and overlap > _ADAPTIVE:
        raise layer.refuse(f"eta {eta}: a falling nms_threshold", "the runtime's is fixed; set eta to 1")
    return {
        "top_k": max(top, -1), "keep_top_k": (max(kept, -1),), "nms_threshold": float(overlap),
        "confidence_threshold": float(layer.get(_PREFIX + "confidence_threshold", _LOWEST)),
    }  # fmt: skip


def _coordinates(layer: Layer, refined: bool) -> dict[str, Any]:
    if not layer.get(_PREFIX + "normalized", True):
        raise layer.refuse("normalized: false, priors in pixels", "divide the priors by the image's size")
    layer.ignore(_PREFIX + "input_width", _PREFIX + "input_height")  # divide priors that are not normalized
    score = layer.get(_PREFIX + "objectness_score", 0.01)
    return {"normalized": True} | ({"objectness_score": float(score)} if refined else {})


def _refined(layer: Layer, code: str, rest: tuple[Value, ...]) -> tuple[Value, ...]:
    """RefineDet's scores and boxes of the first stage, if connected."""
    if not rest or (len(rest) == 1 and layer.get(_PREFIX + "visualize", False)):
        return ()  # an image to draw on
    if len(rest) != 2:
        raise layer.refuse(f"{3 + len(rest)} inputs", "boxes, scores, priors, and RefineDet's two")
    if layer.get(_PREFIX + "background_label_id", 0) != 0 or code == "CORNER_SIZE":
        raise layer.refuse("five inputs with another background than 0 or with CORNER_SIZE", "RefineDet has neither")
    if not layer.get(_PREFIX + "share_location", True):
        raise layer.refuse("five inputs with boxes of each class", "RefineDet refines one box for all classes")
    return rest


def _check_sizes(layer: Layer, boxes: Value, scores: Value, priors: Value, classes: int, locations: int) -> None:
    count = None if priors.shape is None else priors.shape[2]
    if not isinstance(count, int):
        return
    for what, value, each in (("location", boxes, 4 * locations), ("confidence", scores, classes)):
        size = None if value.shape is None else value.shape[1]
        if isinstance(size, int) and size != count // 4 * each:
            raise layer.refuse(f"{count // 4} priors, {size} {what} predictions of {each} a prior", _CHECK)


def _in_corners(op: Builder, boxes: Value, priors: Value, locations: int) -> Value:
    """Offsets in units of a prior's size, which the runtime cannot decode, in units of the image."""
    ends = op.Reshape(_boxes_of(op, priors), op.constant([1, -1, 1, 2, 2], i64))
    low, high = op.make("Split", ends, op.constant(3, i64), num_splits=2)
    parts = op.Reshape(boxes, op.constant([0, -1, locations, 2, 2], i64), special_zero=True)
    scaled = op.Multiply(parts, op.Subtract(high, low))
    y: Value = op.Reshape(scaled, op.constant([0, -1], i64), special_zero=True)
    return y


def _boxes_of(op: Builder, priors: Value) -> Value:
    """Without the variances."""
    y: Value = op.Slice(priors, *(op.constant([v], i64) for v in (0, 1, 1, 1)))
    return y


def _flat(op: Builder, x: Value, rank: int) -> Value:
    if x.rank == rank:
        return x
    y: Value = op.Reshape(x, op.constant([0] * (rank - 1) + [-1], i64), special_zero=True)
    return y
