"""Suppression of overlapping boxes.

Behaviour: OpenVINO's opset specifications NonMaxSuppression-1/3/4/5/9, MatrixNms-8, MulticlassNms-8/9, NMSRotated-13.
How many boxes remain depends on the data, so the shapes are upper bounds.
"""

from __future__ import annotations

from typing import Any

from dragoman.graph.types import DYNAMIC, Dim, Shape, TensorType, Typed, f32, i64
from dragoman.infer.dims import bounds, compatible, dim_of, mul
from dragoman.infer.scalars import at_most_one_element
from dragoman.infer.small import need_rank
from dragoman.ops.define import INDEX, Bool, Contradiction, ElementType, Enum, Float, In, Int, Op, op


def _most(dim: Dim) -> int | None:
    return bounds(dim)[1]


def _up_to(count: Dim) -> Dim:
    return dim_of(0, _most(count))


def _index_type(kind: Any) -> None:
    if kind.name not in INDEX:
        raise Contradiction(f"indices can be i32 or i64, not {kind}")


def _check(boxes: Shape, scores: Shape, width: int = 4, *, boxes_axis: int = 2) -> None:
    """boxes [batch, boxes, width] and scores [batch, (classes,) boxes] must agree."""
    if boxes is None:
        return
    if not compatible(boxes[2], width):
        raise Contradiction(f"a box has {width} coordinates, not {boxes[2]}")
    if scores is not None:
        if not compatible(boxes[0], scores[0]):
            raise Contradiction("boxes and scores differ in their first dimension")
        if not compatible(boxes[1], scores[boxes_axis]):
            raise Contradiction("boxes and scores differ in the number of boxes")


def _limit(given: Typed | None) -> int | None:
    """``max_output_boxes_per_class``; None when unknown or without limit."""
    if given is None or given.value is None or not given.value.is_known:
        return None
    number: Any = given.value.items[0]
    return int(number) if number >= 0 else None


class _NMS(Op):
    """Boxes of each class by falling score, without those that overlap a better one."""

    boxes = In()
    scores = In()
    max_output_boxes_per_class = In(optional=True)
    iou_threshold = In(optional=True)
    score_threshold = In(optional=True)
    box_encoding = Enum("corner", "center")
    sort_result_descending = Bool(True)


class _OldNMS(_NMS):
    def infer(self, boxes: Typed, scores: Typed, *rest: Typed | None) -> TensorType:
        need_rank(boxes, 3, what="boxes")
        need_rank(scores, 3, what="scores")
        for given in rest:
            need_rank(given, 0, what="a threshold")
        _check(boxes.shape, scores.shape)
        kind = self.values().get("output_type", i64)
        _index_type(kind)
        limit = _limit(rest[0]) if rest else 0
        count = self._count(boxes.shape, scores.shape, limit)
        return TensorType(kind, (DYNAMIC if count is None else count, 3))

    def _count(self, boxes: Shape, scores: Shape, limit: int | None) -> Dim | None:
        if boxes is None or limit is None or not isinstance(boxes[1], int):
            return None
        if scores is None:
            return min(boxes[1], limit)
        return min(boxes[1], limit * scores[1]) if isinstance(scores[1], int) else None


@op("NonMaxSuppression", "opset1")
class NonMaxSuppressionV1(_OldNMS):
    """Indices [selected, (batch, class, box)]."""


@op("NonMaxSuppression", "opset3")
class NonMaxSuppressionV3(_OldNMS):
    """Indices [selected, (batch, class, box)]."""

    output_type = ElementType("i64")


@op("NonMaxSuppression", "opset4")
class NonMaxSuppressionV4(_OldNMS):
    """Indices [selected, (batch, class, box)]."""

    output_type = ElementType("i64")

    def _count(self, boxes: Shape, scores: Shape, limit: int | None) -> Dim | None:
        if boxes is None or scores is None or limit is None or not isinstance(boxes[1], int):
            return None
        batches, classes = _most(scores[0]), _most(scores[1])
        return None if batches is None or classes is None else min(boxes[1], limit) * batches * classes


class _NewNMS(_NMS):
    """(indices [selected, 3], their batch, class and score [selected, 3], number of selected boxes)."""

    boxes = In("", "float")
    scores = In("", "float")
    iou_threshold = In("", "float", optional=True)
    score_threshold = In("", "float", optional=True)
    soft_nms_sigma = In("", "float", optional=True)
    output_type = ElementType("i64")
    outputs = 3

    def infer(self, boxes: Typed, scores: Typed, *rest: Typed | None) -> tuple[TensorType, ...]:
        for given in rest:
            if given is not None:
                at_most_one_element(given, "a threshold")
        _index_type(self.output_type)
        return _selected(boxes, scores, _limit(rest[0] if rest else None), self.output_type, 4)


def _selected(boxes: Typed, scores: Typed, limit: int | None, kind: Any, width: int) -> tuple[TensorType, ...]:
    need_rank(boxes, 3, what="boxes")
    need_rank(scores, 3, what="scores")
    _check(boxes.shape, scores.shape, width)
    count: Dim = DYNAMIC
    if boxes.shape is not None and scores.shape is not None and limit is not None:
        highest = (_most(boxes.shape[1]), _most(scores.shape[0]), _most(scores.shape[1]))
        known = [h for h in highest if h is not None]
        if len(known) == 3:
            count = dim_of(0, min(known[0], limit) * known[1] * known[2])
    return TensorType(kind, (count, 3)), TensorType(f32, (count, 3)), TensorType(kind, (1,))


@op("NonMaxSuppression", "opset5")
class NonMaxSuppressionV5(_NewNMS):
    """(indices [selected, 3], their batch, class and score [selected, 3], number of selected boxes)."""


@op("NonMaxSuppression", "opset9")
class NonMaxSuppression(_NewNMS):
    """(indices [selected, 3], their batch, class and score [selected, 3], number of selected boxes)."""


@op("NMSRotated", "opset13")
class NMSRotated(Op):
    """(indices, batch, class and score, number) for boxes with an angle."""

    boxes = In("", "float")
    scores = In("", "float")
    max_output_boxes_per_class = In("", "int", "uint")
    iou_threshold = In("", "float")
    score_threshold = In("", "float")
    sort_result_descending = Bool(True)
    output_type = ElementType("i64")
    clockwise = Bool(True)
    outputs = 3

    def infer(self, boxes: Typed, scores: Typed, *rest: Typed) -> tuple[TensorType, ...]:
        for given in rest:
            at_most_one_element(given, "a threshold")
        _index_type(self.output_type)
        return _selected(boxes, scores, _limit(rest[0]), self.output_type, 5)


class _ManyClasses(Op):
    """(class, score and box [selected, 6], their indices [selected, 1], number per batch entry)."""

    boxes = In("", "float")
    scores = In("", "float")
    sort_result_type = Enum("none", "classid", "score")
    output_type = ElementType("i64")
    nms_top_k = Int(-1)
    keep_top_k = Int(-1)
    sort_result_across_batch = Bool(False)
    score_threshold = Float(0.0)
    background_class = Int(-1)
    normalized = Bool(True)
    outputs = 3

    def _check_attributes(self) -> None:
        _index_type(self.output_type)
        for name in ("nms_top_k", "keep_top_k", "background_class"):
            if getattr(self, name) < -1:
                raise Contradiction(f"{name} cannot be below -1")

    def _candidates(self, boxes: Dim) -> Dim:
        most = _most(boxes)
        if self.nms_top_k < 0:
            return boxes
        return DYNAMIC if most is None else min(most, self.nms_top_k)

    def _types(self, boxes: Typed, selected: Dim, images: Dim) -> tuple[TensorType, ...]:
        return (
            TensorType(boxes.dtype, (selected, 6)),
            TensorType(self.output_type, (selected, 1)),
            TensorType(self.output_type, (images,)),
        )


@op("MatrixNms", "opset8")
class MatrixNms(_ManyClasses):
    """Scores decayed by overlap instead of boxes removed."""

    decay_function = Enum("linear", "gaussian")
    gaussian_sigma = Float(2.0)
    post_threshold = Float(0.0)

    def infer(self, boxes: Typed, scores: Typed) -> tuple[TensorType, ...]:
        self._check_attributes()
        need_rank(boxes, 3, what="boxes")
        need_rank(scores, 3, what="scores")
        _check(boxes.shape, scores.shape)
        if boxes.shape is None:
            return self._types(boxes, DYNAMIC, DYNAMIC)
        if scores.shape is None:
            return self._types(boxes, DYNAMIC, boxes.shape[0])
        selected = mul(self._candidates(boxes.shape[1]), scores.shape[1])
        if self.keep_top_k > -1:
            most = _most(selected)
            selected = DYNAMIC if most is None else min(most, self.keep_top_k)
        return self._types(boxes, _up_to(mul(selected, scores.shape[0])), boxes.shape[0])


class _MulticlassNms(_ManyClasses):
    iou_threshold = Float(0.0)
    nms_eta = Float(1.0)

    def _infer(self, boxes: Typed, scores: Typed, roisnum: Typed | None) -> tuple[TensorType, ...]:
        self._check_attributes()
        if not 0 <= self.nms_eta <= 1:
            raise Contradiction("nms_eta must lie in 0..1")
        need_rank(boxes, 3, what="boxes")
        need_rank(scores, 3 if roisnum is None else 2, what="scores")
        need_rank(roisnum, 1, what="roisnum")
        if boxes.shape is None:
            return self._types(boxes, DYNAMIC, DYNAMIC)
        if scores.shape is None:
            raise Contradiction("the rank of scores must be known")
        _check(boxes.shape, scores.shape, boxes_axis=2 if roisnum is None else 1)
        if roisnum is None:
            classes, images = scores.shape[1], scores.shape[0]
        elif roisnum.shape is None:
            return self._types(boxes, DYNAMIC, DYNAMIC)
        else:
            classes, images = boxes.shape[0], roisnum.shape[0]
        selected = mul(self._candidates(boxes.shape[1]), classes)
        most = _most(selected)
        if self.keep_top_k > -1 and most is not None and self.keep_top_k < most:
            selected = self.keep_top_k
        return self._types(boxes, _up_to(mul(selected, images)), boxes.shape[0] if roisnum is None else images)


@op("MulticlassNms", "opset8")
class MulticlassNmsV8(_MulticlassNms):
    """Suppression class by class, then the best of all classes."""

    def infer(self, boxes: Typed, scores: Typed) -> tuple[TensorType, ...]:
        return self._infer(boxes, scores, None)


@op("MulticlassNms", "opset9")
class MulticlassNms(_MulticlassNms):
    """Suppression class by class, then the best of all classes; with ``roisnum`` boxes are [class, box, 4]."""

    roisnum = In("", *INDEX, optional=True)

    def infer(self, boxes: Typed, scores: Typed, roisnum: Typed | None = None) -> tuple[TensorType, ...]:
        return self._infer(boxes, scores, roisnum)
