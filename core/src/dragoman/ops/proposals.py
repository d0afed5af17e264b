"""Regions worth a second look, and YOLO's boxes.

Behaviour: OpenVINO's opset specifications Proposal-1/4, GenerateProposals-9, RegionYolo-1.
"""

from __future__ import annotations

from dragoman.graph.types import DYNAMIC, Dim, TensorType, Typed
from dragoman.infer.dims import bounds, compatible, dim_of, merge, mul, product
from dragoman.infer.small import checked_axis, need_rank
from dragoman.ops.define import INDEX, Bool, Contradiction, ElementType, Float, Floats, In, Int, Ints, Op, Str, op


class _Proposal(Op):
    class_probs = In("", "float")
    bbox_deltas = In("", "float")
    image_shape = In("", "float")
    base_size = Int()
    pre_nms_topn = Int()
    post_nms_topn = Int()
    nms_thresh = Float()
    feat_stride = Int()
    min_size = Int()
    ratio = Floats()
    scale = Floats()
    clip_before_nms = Bool(True)
    clip_after_nms = Bool(False)
    normalize = Bool(False)
    box_size_scale = Float(1.0)
    box_coordinate_scale = Float(1.0)
    framework = Str("")

    def _count(self, class_probs: Typed, bbox_deltas: Typed, image_shape: Typed) -> Dim:
        need_rank(class_probs, 4, what="class_probs")
        need_rank(bbox_deltas, 4, what="bbox_deltas")
        need_rank(image_shape, 1, what="image_shape")
        probs, deltas, image = class_probs.shape, bbox_deltas.shape, image_shape.shape
        batch: Dim | None = DYNAMIC
        for shape in (probs, deltas):
            batch = None if batch is None else merge(batch, DYNAMIC if shape is None else shape[0])
        if batch is None:
            raise Contradiction("class_probs and bbox_deltas differ in the batch")
        if probs is not None and deltas is not None and not compatible(deltas[1], mul(probs[1], 2)):
            raise Contradiction("class_probs and bbox_deltas differ in the number of anchors")
        if image is not None and isinstance(image[0], int) and image[0] not in (3, 4):
            raise Contradiction("image_shape has 3 or 4 elements")
        return mul(batch, self.post_nms_topn)


@op("Proposal", "opset1")
class ProposalV1(_Proposal):
    """Regions worth a look [batch x post_nms_topn, (batch, x0, y0, x1, y1)]."""

    def infer(self, class_probs: Typed, bbox_deltas: Typed, image_shape: Typed) -> TensorType:
        return TensorType(class_probs.dtype, (self._count(class_probs, bbox_deltas, image_shape), 5))


@op("Proposal", "opset4")
class Proposal(_Proposal):
    """(regions worth a look [batch x post_nms_topn, 5], their probabilities)."""

    outputs = 2

    def infer(self, class_probs: Typed, bbox_deltas: Typed, image_shape: Typed) -> tuple[TensorType, ...]:
        count = self._count(class_probs, bbox_deltas, image_shape)
        return TensorType(class_probs.dtype, (count, 5)), TensorType(class_probs.dtype, (count,))


@op("RegionYolo", "opset1")
class RegionYolo(Op):
    """YOLO's box coordinates through a sigmoid, classes through a softmax."""

    input = In("", "float")
    anchors = Floats(())
    axis = Int()
    coords = Int()
    classes = Int()
    end_axis = Int()
    num = Int()
    do_softmax = Bool(True)
    mask = Ints(())

    def infer(self, input: Typed) -> TensorType:
        need_rank(input, 4, what="the input")
        shape = input.shape
        if shape is None:
            return TensorType(input.dtype, None)
        if not self.do_softmax:
            channels = (self.classes + self.coords + 1) * len(self.mask)
            return TensorType(input.dtype, (shape[0], channels, *shape[2:]))
        first, last = checked_axis(self.axis, 4), checked_axis(self.end_axis, 4)
        joined = product(shape[first : max(first, last) + 1])
        return TensorType(input.dtype, (*shape[:first], joined, *shape[max(first, last) + 1 :]))


@op("GenerateProposals", "opset9")
class GenerateProposals(Op):
    """(regions [proposals, 4], their scores, number per image)."""

    im_info = In("T", "float")
    anchors = In("T", "float")
    deltas = In("T", "float")
    scores = In("T", "float")
    min_size = Float()
    nms_threshold = Float()
    post_nms_count = Int()
    pre_nms_count = Int()
    normalized = Bool(True)
    nms_eta = Float(1.0)
    roi_num_type = ElementType("i64")
    outputs = 3

    def infer(self, im_info: Typed, anchors: Typed, deltas: Typed, scores: Typed) -> tuple[TensorType, ...]:
        if self.roi_num_type.name not in INDEX:
            raise Contradiction(f"numbers can be i32 or i64, not {self.roi_num_type}")
        need_rank(im_info, 2, what="im_info")
        for what, given in (("anchors", anchors), ("deltas", deltas), ("scores", scores)):
            need_rank(given, 4, what=what)
        info, grid, moves, probs = im_info.shape, anchors.shape, deltas.shape, scores.shape
        if info is not None and not compatible(info[1], 3) and not compatible(info[1], 4):
            raise Contradiction("im_info has 3 or 4 columns")
        if grid is not None:
            _equal(grid[3], 4, "a box has 4 coordinates")
        if moves is not None and probs is not None:
            _equal(moves[1], mul(probs[1], 4), "deltas and scores differ in the number of anchors")
            _equal(moves[2], probs[2], "deltas and scores differ in height")
            _equal(moves[3], probs[3], "deltas and scores differ in width")
        if grid is not None and probs is not None:
            for ours, theirs in zip(grid[:3], (probs[2], probs[3], probs[1]), strict=True):
                _equal(ours, theirs, "anchors and scores differ")
        batch: Dim = DYNAMIC
        for shape in (info, moves, probs):
            found = merge(batch, shape[0]) if shape is not None else batch
            if found is None:
                raise Contradiction("the inputs differ in the batch")
            batch = found
        count = dim_of(0, bounds(mul(batch, self.post_nms_count))[1])
        kind = im_info.dtype
        return (
            TensorType(kind, (count, 4)),
            TensorType(kind, (count,)),
            TensorType(self.roi_num_type, (batch,)),
        )


def _equal(a: Dim, b: Dim, why: str) -> None:
    if not compatible(a, b):
        raise Contradiction(why)
