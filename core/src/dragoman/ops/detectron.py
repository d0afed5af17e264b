"""Ops of the family: detectron."""

from __future__ import annotations

from dragoman.ops.define import Bool, Float, Floats, In, Int, Ints, Op, op


@op("ExperimentalDetectronDetectionOutput", "opset6")
class ExperimentalDetectronDetectionOutput(Op):
    """ExperimentalDetectronDetectionOutput (opset6)."""

    rois = In()
    deltas = In()
    scores = In()
    im_info = In()
    score_threshold = Float(0.0)
    nms_threshold = Float(0.0)
    max_delta_log_wh = Float(0.0)
    num_classes = Int(0)
    post_nms_count = Int(0)
    max_detections_per_image = Int(0)
    class_agnostic_box_regression = Bool(False)
    deltas_weights = Floats(())
    outputs = 3


@op("ExperimentalDetectronGenerateProposalsSingleImage", "opset6")
class ExperimentalDetectronGenerateProposalsSingleImage(Op):
    """ExperimentalDetectronGenerateProposalsSingleImage (opset6)."""

    im_info = In()
    anchors = In()
    deltas = In()
    scores = In()
    min_size = Float(0.0)
    nms_threshold = Float(0.0)
    post_nms_count = Int(0)
    pre_nms_count = Int(0)
    outputs = 2


@op("ExperimentalDetectronPriorGridGenerator", "opset6")
class ExperimentalDetectronPriorGridGenerator(Op):
    """ExperimentalDetectronPriorGridGenerator (opset6)."""

    priors = In()
    feature_map = In()
    im_data = In()
    flatten = Bool(False)
    h = Int(0)
    w = Int(0)
    stride_x = Float(0.0)
    stride_y = Float(0.0)


@op("ExperimentalDetectronROIFeatureExtractor", "opset6")
class ExperimentalDetectronROIFeatureExtractor(Op):
    """ExperimentalDetectronROIFeatureExtractor (opset6)."""

    rois = In()
    pyramid_levels = In(variadic=True)
    output_size = Int(0)
    sampling_ratio = Int(0)
    pyramid_scales = Ints(())
    aligned = Bool(False)
    outputs = 2


@op("ExperimentalDetectronTopKROIs", "opset6")
class ExperimentalDetectronTopKROIs(Op):
    """ExperimentalDetectronTopKROIs (opset6)."""

    input_rois = In()
    rois_probs = In()
    max_rois = Int(0)
