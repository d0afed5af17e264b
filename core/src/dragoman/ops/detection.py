"""Boxes of single-shot detectors: the priors, and what is made of them.

Behaviour: OpenVINO's opset specifications DetectionOutput-1/8, PriorBox-1/8, PriorBoxClustered-1.
"""

from __future__ import annotations

from dragoman.graph.types import DYNAMIC, Dim, Shape, TensorType, Typed, f32
from dragoman.infer.dims import compatible, merge_shapes, mul, product
from dragoman.infer.small import known_dims, need_rank
from dragoman.ops.define import (
    INTEGER,
    Bool,
    Contradiction,
    Float,
    Floats,
    In,
    Int,
    Ints,
    Op,
    Str,
    op,
)


class _DetectionOutput(Op):
    """Boxes of an SSD after decoding and suppression: [1, 1, boxes, (image, label, score, x0, y0, x1, y1)]."""

    box_logits = In("", "float")
    class_preds = In("", "float")
    proposals = In("", "float")
    aux_class_preds = In("", "float", optional=True)
    aux_box_preds = In("", "float", optional=True)
    background_label_id = Int(0)
    top_k = Int(-1)
    variance_encoded_in_target = Bool(False)
    keep_top_k = Ints()
    code_type = Str("caffe.PriorBoxParameter.CORNER")
    share_location = Bool(True)
    nms_threshold = Float()
    confidence_threshold = Float(0.0)
    clip_after_nms = Bool(False)
    clip_before_nms = Bool(False)
    decrease_label_id = Bool(False)
    normalized = Bool(False)
    input_height = Int(1)
    input_width = Int(1)
    objectness_score = Float(0.0)

    def _types(self, classes: int | None, given: tuple[Typed, ...]) -> TensorType:
        if len(given) not in (3, 5):
            raise Contradiction("three or five inputs are needed")
        if not self.keep_top_k:
            raise Contradiction("keep_top_k cannot be empty")
        for value, rank in zip(given, (2, 2, 3, 2, 2), strict=False):
            need_rank(value, rank, what="an input")
        shapes = [value.shape for value in given]
        sizes = _SsdSizes(self, shapes, classes)
        images = sizes.images()
        sizes.check(images)
        if self.keep_top_k[0] > 0:
            count = mul(images, self.keep_top_k[0])
        elif self.keep_top_k[0] == -1 and self.top_k > 0:
            count = product([images, self.top_k, _or_dynamic(sizes.classes)])
        else:
            count = product([images, _or_dynamic(sizes.priors), _or_dynamic(sizes.classes)])
        return TensorType(given[0].dtype, (1, 1, count, 7))


def _or_dynamic(number: int | None) -> Dim:
    return number if number else DYNAMIC


class _SsdSizes:
    """Numbers of prior boxes and classes, from whichever input tells them."""

    def __init__(self, attrs: _DetectionOutput, shapes: list[Shape], classes: int | None) -> None:
        self.attrs = attrs
        self.logits, self.scores, self.proposals = shapes[:3]
        self.aux_scores: Shape = shapes[3] if len(shapes) == 5 else None
        self.aux_logits: Shape = shapes[4] if len(shapes) == 5 else None
        self.box_size = 4 if attrs.normalized else 5
        self.priors: int | None = None
        self.classes = classes
        if classes is None:
            self._count_priors()
            self._count_classes()

    def _count_priors(self) -> None:
        if (size := _static(self.proposals, 2)) is not None:
            self.priors = _exact(size, self.box_size, "proposals")
        elif (size := _static(self.aux_scores, 1)) is not None:
            self.priors = _exact(size, 2, "additional class predictions")

    def _count_classes(self) -> None:
        if not self.priors:
            return
        if (size := _static(self.scores, 1)) is not None:
            self.classes = _exact(size, self.priors, "class predictions")
        elif not self.attrs.share_location:
            for shape in (self.logits, self.aux_logits):
                if self.classes is None and (size := _static(shape, 1)) is not None:
                    self.classes = _exact(size, self.priors * 4, "box logits")

    def images(self) -> Dim:
        """The batch size."""
        found: Dim = DYNAMIC if self.logits is None else self.logits[0]
        if self.scores is not None:
            if not isinstance(found, int) and isinstance(self.scores[0], int):
                return self.scores[0]
            if not compatible(found, self.scores[0]):
                raise Contradiction("box logits and class predictions differ in the batch")
        return found

    def check(self, images: Dim) -> None:
        """Contradiction when the inputs do not agree; may find the number of priors on the way."""
        locations = 1 if self.attrs.share_location else self.classes
        if not locations and not self.priors and _static(self.logits, 1) is not None:
            raise Contradiction("the number of classes is not known")
        if not merge_shapes(self.logits, self.aux_logits)[0]:
            raise Contradiction("additional box logits need the shape of box logits")
        self._agree(self.logits, 1, None if locations is None else 4 * locations, "box logits")
        self._agree(self.scores, 1, self.classes, "class predictions")
        proposals = self.proposals
        if proposals is not None:
            if not compatible(proposals[0], 1) and not compatible(proposals[0], images):
                raise Contradiction("proposals need the batch size or 1 as first dimension")
            if not compatible(proposals[1], 1 if self.attrs.variance_encoded_in_target else 2):
                raise Contradiction("the second dimension of proposals is 2, or 1 with variances in the target")
            self._agree(proposals, 2, self.box_size, "proposals")
        if self.aux_scores is not None and not compatible(self.aux_scores[0], images):
            raise Contradiction("additional class predictions differ in the batch")
        self._agree(self.aux_scores, 1, 2, "additional class predictions")

    def _agree(self, shape: Shape, axis: int, per_prior: int | None, what: str) -> None:
        size = _static(shape, axis)
        if size is None or not per_prior:
            return
        if not self.priors:
            self.priors = _exact(size, per_prior, what)
        elif size != self.priors * per_prior:
            raise Contradiction(f"{what}: {size} is not {self.priors} priors x {per_prior}")


def _static(shape: Shape, axis: int) -> int | None:
    size = None if shape is None else shape[axis]
    return size if isinstance(size, int) else None


def _exact(size: int, by: int, what: str) -> int:
    if size % by or size < by:
        raise Contradiction(f"{what}: {size} is not a multiple of {by}")
    return size // by


@op("DetectionOutput", "opset1")
class DetectionOutputV1(_DetectionOutput):
    """Boxes of an SSD after decoding and suppression; the number of classes is told."""

    num_classes = Int()

    def infer(self, *given: Typed) -> TensorType:
        return self._types(self.num_classes, given)


@op("DetectionOutput", "opset8")
class DetectionOutput(_DetectionOutput):
    """Boxes of an SSD after decoding and suppression; the number of classes follows from the shapes."""

    def infer(self, *given: Typed) -> TensorType:
        return self._types(None, given)


class _Priors(Op):
    def _types(self, grid: Typed, image: Typed, count: int) -> TensorType:
        need_rank(grid, 1, what="the grid's size")
        need_rank(image, 1, what="the image's size")
        sizes = known_dims(grid)
        if sizes is None:
            return TensorType(f32, (2, DYNAMIC))
        if len(sizes) != 2:
            raise Contradiction("the grid's size has two elements")
        return TensorType(f32, (2, product([*sizes, count * 4])))


class _PriorBox(_Priors):
    layer_shape = In("", *INTEGER)
    image_shape = In("", *INTEGER)
    min_size = Floats(())
    max_size = Floats(())
    aspect_ratio = Floats(())
    density = Floats(())
    fixed_ratio = Floats(())
    fixed_size = Floats(())
    clip = Bool(False)
    flip = Bool(False)
    step = Float(0.0)
    offset = Float()
    variance = Floats(())
    scale_all_sizes = Bool(True)

    def infer(self, layer_shape: Typed, image_shape: Typed) -> TensorType:
        return self._types(layer_shape, image_shape, self.number_of_priors())

    def number_of_priors(self) -> int:
        """Boxes around each point of the grid."""
        ratios = {1.0}
        for ratio in self.aspect_ratio:
            ratios |= {round(ratio, 6), round(1 / ratio, 6)} if self.flip else {round(ratio, 6)}
        count = len(ratios) * len(self.min_size) + len(self.max_size)
        if not self.scale_all_sizes:
            count = len(ratios) + len(self.min_size) - 1
        if self.fixed_size:
            count = len(ratios) * len(self.fixed_size)
        per_density = len(self.fixed_ratio) if self.fixed_ratio else len(ratios)
        return count + sum(per_density * (int(d) ** 2 - 1) for d in self.density)


@op("PriorBox", "opset1")
class PriorBoxV1(_PriorBox):
    """(boxes, variances) [2, all coordinates] of an SSD's priors."""


@op("PriorBox", "opset8")
class PriorBox(_PriorBox):
    """(boxes, variances) [2, all coordinates] of an SSD's priors."""

    min_max_aspect_ratios_order = Bool(True)


@op("PriorBoxClustered", "opset1")
class PriorBoxClustered(_Priors):
    """(boxes, variances) [2, all coordinates] of priors with given widths and heights."""

    output_size = In("", *INTEGER)
    image_size = In("", *INTEGER)
    step = Float(0.0)
    step_w = Float(0.0)
    step_h = Float(0.0)
    width = Floats(())
    height = Floats(())
    clip = Bool(True)
    offset = Float()
    variance = Floats(())

    def infer(self, output_size: Typed, image_size: Typed) -> TensorType:
        if len(self.width) != len(self.height):
            raise Contradiction("every prior needs a width and a height")
        return self._types(output_size, image_size, len(self.width))
