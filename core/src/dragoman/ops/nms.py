"""Ops of the family: nms."""

from __future__ import annotations

from dragoman.ops.define import Bool, ElementType, Enum, Float, In, Int, Op, op


@op("NonMaxSuppression", "opset1")
class NonMaxSuppressionV1(Op):
    """NonMaxSuppression (opset1)."""

    boxes = In()
    scores = In()
    max_output_boxes_per_class = In(optional=True)
    iou_threshold = In(optional=True)
    score_threshold = In(optional=True)
    box_encoding = Enum("center", "corner", default="corner")
    sort_result_descending = Bool(True)


@op("NonMaxSuppression", "opset3")
class NonMaxSuppressionV3(Op):
    """NonMaxSuppression (opset3)."""

    boxes = In()
    scores = In()
    max_output_boxes_per_class = In(optional=True)
    iou_threshold = In(optional=True)
    score_threshold = In(optional=True)
    box_encoding = Enum("center", "corner", default="corner")
    sort_result_descending = Bool(True)
    output_type = ElementType("i64")


@op("NonMaxSuppression", "opset4")
class NonMaxSuppressionV4(Op):
    """NonMaxSuppression (opset4)."""

    boxes = In()
    scores = In()
    max_output_boxes_per_class = In(optional=True)
    iou_threshold = In(optional=True)
    score_threshold = In(optional=True)
    box_encoding = Enum("center", "corner", default="corner")
    sort_result_descending = Bool(True)
    output_type = ElementType("i64")


@op("NonMaxSuppression", "opset5")
class NonMaxSuppressionV5(Op):
    """NonMaxSuppression (opset5)."""

    boxes = In()
    scores = In()
    max_output_boxes_per_class = In(optional=True)
    iou_threshold = In(optional=True)
    score_threshold = In(optional=True)
    soft_nms_sigma = In(optional=True)
    box_encoding = Enum("center", "corner", default="corner")
    sort_result_descending = Bool(True)
    output_type = ElementType("i64")
    outputs = 3


@op("NonMaxSuppression", "opset9")
class NonMaxSuppression(Op):
    """NonMaxSuppression (opset9)."""

    boxes = In()
    scores = In()
    max_output_boxes_per_class = In(optional=True)
    iou_threshold = In(optional=True)
    score_threshold = In(optional=True)
    soft_nms_sigma = In(optional=True)
    box_encoding = Enum("center", "corner", default="corner")
    sort_result_descending = Bool(True)
    output_type = ElementType("i64")
    outputs = 3


@op("MatrixNms", "opset8")
class MatrixNms(Op):
    """MatrixNms (opset8)."""

    boxes = In()
    scores = In()
    sort_result_type = Enum("classid", "none", "score", default="none")
    output_type = ElementType("i64")
    nms_top_k = Int(-1)
    keep_top_k = Int(-1)
    sort_result_across_batch = Bool(False)
    score_threshold = Float(0.0)
    background_class = Int(-1)
    decay_function = Enum("gaussian", "linear", default="linear")
    gaussian_sigma = Float(2.0)
    post_threshold = Float(0.0)
    normalized = Bool(True)
    outputs = 3


@op("MulticlassNms", "opset8")
class MulticlassNmsV8(Op):
    """MulticlassNms (opset8)."""

    boxes = In()
    scores = In()
    sort_result_type = Enum("classid", "none", "score", default="none")
    output_type = ElementType("i64")
    nms_top_k = Int(-1)
    keep_top_k = Int(-1)
    sort_result_across_batch = Bool(False)
    iou_threshold = Float(0.0)
    score_threshold = Float(0.0)
    background_class = Int(-1)
    nms_eta = Float(1.0)
    normalized = Bool(True)
    outputs = 3


@op("MulticlassNms", "opset9")
class MulticlassNms(Op):
    """MulticlassNms (opset9)."""

    boxes = In()
    scores = In()
    roisnum = In(optional=True)
    sort_result_type = Enum("classid", "none", "score", default="none")
    output_type = ElementType("i64")
    nms_top_k = Int(-1)
    keep_top_k = Int(-1)
    sort_result_across_batch = Bool(False)
    iou_threshold = Float(0.0)
    score_threshold = Float(0.0)
    background_class = Int(-1)
    nms_eta = Float(1.0)
    normalized = Bool(True)
    outputs = 3


@op("NMSRotated", "opset13")
class NMSRotated(Op):
    """NMSRotated (opset13)."""

    boxes = In()
    scores = In()
    max_output_boxes_per_class = In()
    iou_threshold = In()
    score_threshold = In()
    sort_result_descending = Bool(True)
    output_type = ElementType("i64")
    clockwise = Bool(True)
    outputs = 3
