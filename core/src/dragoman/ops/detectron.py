"""Ops of Detectron's Mask R-CNN; they came before the general ones and live on in models.

Behaviour: OpenVINO's opset specifications ExperimentalDetectron*-6.
"""

from __future__ import annotations

from dragoman.graph.types import DYNAMIC, Dim, TensorType, Typed, i32
from dragoman.infer.dims import compatible, merge, merge_shapes, product
from dragoman.infer.small import need_rank
from dragoman.ops.define import Bool, Contradiction, Float, Floats, In, Int, Ints, Op, op


def _need(given: Typed, axis: int, size: Dim, what: str) -> None:
    if given.shape is not None and not compatible(given.shape[axis], size):
        raise Contradiction(f"{what}: dimension {axis} must be {size}, not {given.shape[axis]}")


@op("ExperimentalDetectronDetectionOutput", "opset6")
class ExperimentalDetectronDetectionOutput(Op):
    """(boxes [max_detections_per_image, 4], classes, scores)."""

    rois = In("T", "float")
    deltas = In("T", "float")
    scores = In("T", "float")
    im_info = In("T", "float")
    score_threshold = Float()
    nms_threshold = Float()
    max_delta_log_wh = Float()
    num_classes = Int()
    post_nms_count = Int()
    max_detections_per_image = Int()
    class_agnostic_box_regression = Bool(False)
    deltas_weights = Floats()
    outputs = 3

    def infer(self, rois: Typed, deltas: Typed, scores: Typed, im_info: Typed) -> tuple[TensorType, ...]:
        columns = (("rois", rois, 4), ("deltas", deltas, 4 * self.num_classes), ("scores", scores, self.num_classes))
        rows: Dim | None = DYNAMIC
        for what, given, size in columns:
            need_rank(given, 2, what=what)
            _need(given, 1, size, what)
        if all(given.shape is not None for _, given, _ in columns):
            for _, given, _ in columns:
                assert given.shape is not None
                rows = None if rows is None else merge(rows, given.shape[0])
        if rows is None:
            raise Contradiction("rois, deltas and scores differ in the number of regions")
        if not merge_shapes(im_info.shape, (1, 3))[0]:
            raise Contradiction("im_info must be [1, 3]")
        count = self.max_detections_per_image
        return TensorType(rois.dtype, (count, 4)), TensorType(i32, (count,)), TensorType(rois.dtype, (count,))


@op("ExperimentalDetectronGenerateProposalsSingleImage", "opset6")
class ExperimentalDetectronGenerateProposalsSingleImage(Op):
    """(regions [post_nms_count, 4], scores)."""

    im_info = In("T", "float")
    anchors = In("T", "float")
    deltas = In("T", "float")
    scores = In("T", "float")
    min_size = Float()
    nms_threshold = Float()
    post_nms_count = Int()
    pre_nms_count = Int()
    outputs = 2

    def infer(self, im_info: Typed, anchors: Typed, deltas: Typed, scores: Typed) -> tuple[TensorType, ...]:
        for what, given, rank in (("im_info", im_info, 1), ("anchors", anchors, 2), ("deltas", deltas, 3)):
            need_rank(given, rank, what=what)
        need_rank(scores, 3, what="scores")
        _need(im_info, 0, 3, "im_info")
        _need(anchors, 1, 4, "anchors")
        if scores.shape is not None:
            _need(deltas, 1, scores.shape[1], "deltas")
            _need(deltas, 2, scores.shape[2], "deltas")
        count = self.post_nms_count
        return TensorType(im_info.dtype, (count, 4)), TensorType(im_info.dtype, (count,))


@op("ExperimentalDetectronPriorGridGenerator", "opset6")
class ExperimentalDetectronPriorGridGenerator(Op):
    """Priors repeated over the feature map: [height x width x priors, 4], or unflattened."""

    priors = In("T", "float")
    feature_map = In("T", "float")
    im_data = In("T", "float")
    flatten = Bool(True)
    h = Int(0)
    w = Int(0)
    stride_x = Float(0.0)
    stride_y = Float(0.0)

    def infer(self, priors: Typed, feature_map: Typed, im_data: Typed) -> TensorType:
        need_rank(priors, 2, what="priors")
        need_rank(feature_map, 4, what="the feature map")
        need_rank(im_data, 4, what="the image")
        _need(priors, 1, 4, "priors")
        if im_data.shape is not None:
            _need(feature_map, 0, im_data.shape[0], "the feature map")
        count: Dim = DYNAMIC if priors.shape is None else priors.shape[0]
        area = (DYNAMIC, DYNAMIC) if feature_map.shape is None else feature_map.shape[2:]
        if not self.flatten:
            return TensorType(priors.dtype, (*area, count, 4))
        known = priors.shape is not None and feature_map.shape is not None
        return TensorType(priors.dtype, (product([*area, count]) if known else DYNAMIC, 4))


@op("ExperimentalDetectronROIFeatureExtractor", "opset6")
class ExperimentalDetectronROIFeatureExtractor(Op):
    """(features [regions, channels, output_size, output_size] of each region's level of a pyramid, the regions)."""

    rois = In("T", "float")
    pyramid_levels = In("T", "float", variadic=True)
    output_size = Int()
    sampling_ratio = Int()
    pyramid_scales = Ints()
    aligned = Bool(False)
    outputs = 2

    def infer(self, rois: Typed, *pyramid_levels: Typed) -> tuple[TensorType, ...]:
        if not pyramid_levels:
            raise Contradiction("a pyramid needs a level")
        need_rank(rois, 2, what="rois")
        _need(rois, 1, 4, "rois")
        channels: Dim = DYNAMIC
        for level in pyramid_levels:
            need_rank(level, 4, what="a level of the pyramid")
            _need(level, 0, 1, "a level of the pyramid")
            found = channels if level.shape is None else merge(channels, level.shape[1])
            if found is None:
                raise Contradiction("the levels of the pyramid differ in channels")
            channels = found
        count: Dim = DYNAMIC if rois.shape is None else rois.shape[0]
        size = self.output_size
        return TensorType(rois.dtype, (count, channels, size, size)), TensorType(rois.dtype, (count, 4))


@op("ExperimentalDetectronTopKROIs", "opset6")
class ExperimentalDetectronTopKROIs(Op):
    """The most probable regions [max_rois, 4]."""

    input_rois = In("T", "float")
    rois_probs = In("T", "float")
    max_rois = Int()

    def infer(self, input_rois: Typed, rois_probs: Typed) -> TensorType:
        need_rank(input_rois, 2, what="input_rois")
        need_rank(rois_probs, 1, what="rois_probs")
        _need(input_rois, 1, 4, "input_rois")
        if rois_probs.shape is not None:
            _need(input_rois, 0, rois_probs.shape[0], "input_rois")
        return TensorType(input_rois.dtype, (self.max_rois, 4))
