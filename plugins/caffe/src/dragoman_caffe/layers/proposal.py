"""Regions worth a second look: the best boxes of a region proposal network after suppression.

Behaviour: Intel's ``proposal_layer.cpp`` and ``simpler_nms_layer.cpp``; py-faster-rcnn's ``rpn/proposal_layer.py`` (see
python_layer). All of them return as many regions as they find, for one image.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

from dragoman.builder import Builder
from dragoman.frontends.extract import Extractors, Layer
from dragoman.graph.graph import Value
from dragoman.graph.types import f32, i64
from dragoman_caffe.layers.roi import first_rows

layers = Extractors("caffe")

RATIOS = (0.5, 1.0, 2.0)
SCALES = (8.0, 16.0, 32.0)
#: the least normal number
_TINY = 1.1754943508222875e-38


@dataclasses.dataclass(frozen=True)
class Regions:
    """How regions are proposed.

    ``drops_small``: boxes below ``min_size`` go before suppression; otherwise they stay, with a score of 0.
    """

    feat_stride: int
    min_size: int = 16
    pre_nms_topn: int = 6000
    post_nms_topn: int = 300
    nms_thresh: float = 0.7
    base_size: int = 16
    ratio: Sequence[float] = RATIOS
    scale: Sequence[float] = SCALES
    drops_small: bool = False

    @property
    def anchors(self) -> int:
        """Boxes at each cell."""
        return len(self.ratio) * len(self.scale)

    def check(self, layer: Layer) -> None:
        """Refuse parameters that make no sense."""
        whole = (self.feat_stride, self.pre_nms_topn, self.post_nms_topn, self.base_size)
        if min(whole) < 1 or self.min_size < 0 or max(*whole, self.min_size) >= 1 << 31:
            raise layer.refuse("feat_stride, pre_nms_topn, post_nms_topn and base_size must be positive")
        sizes = (*self.ratio, *self.scale)
        if not self.anchors or not all(1e-6 < s < 1e6 for s in sizes) or not 0 <= self.nms_thresh < math.inf:
            raise layer.refuse(f"ratios {list(self.ratio)}, scales {list(self.scale)}", "positive numbers are needed")


@layers("Proposal")
def proposal(layer: Layer, op: Builder, scores: Value, deltas: Value, info: Value) -> list[Value]:
    """Regions (image, x0, y0, x1, y1) and, if wanted, their scores [regions]."""
    ratio, scale = (list(layer.get(f"proposal_param.{n}", [])) for n in ("ratio", "scale"))
    if not ratio or not scale:
        raise layer.refuse("ratio or scale is missing", "Caffe has no anchors then")
    regions = Regions(
        feat_stride=layer.get("proposal_param.feat_stride", 16), base_size=layer.get("proposal_param.base_size", 16),
        min_size=layer.get("proposal_param.min_size", 16), nms_thresh=layer.get("proposal_param.nms_thresh", 0.7),
        pre_nms_topn=layer.get("proposal_param.pre_nms_topn", 6000),
        post_nms_topn=layer.get("proposal_param.post_nms_topn", 300), ratio=ratio, scale=scale,
    )  # fmt: skip
    return list(propose(layer, op, regions, scores, deltas, image_info(layer, op, info, 4)))


@layers("SimplerNMS")
def simpler_nms(layer: Layer, op: Builder, scores: Value, deltas: Value, info: Value) -> Value:
    """Regions (image, x0, y0, x1, y1) whose score is above 0; the image's size and scale are cut to whole numbers."""
    layer.ignore("simpler_nms_param.max_num_proposals", "simpler_nms_param.cls_threshold")  # Caffe reads, uses neither
    stride, scale = layer.get("simpler_nms_param.feat_stride", 16), layer.get("simpler_nms_param.scale", None) or []
    scale = scale if isinstance(scale, list) else [scale]  # no definition says that it is repeated
    if stride != 16 or not scale:
        raise layer.refuse(f"feat_stride {stride}, {len(scale)} scales", "Caffe's layer takes a stride of 16")
    regions = Regions(
        feat_stride=stride, min_size=layer.get("simpler_nms_param.min_bbox_size", 16), scale=scale,
        pre_nms_topn=layer.get("simpler_nms_param.pre_nms_topn", 6000), drops_small=True,
        post_nms_topn=layer.get("simpler_nms_param.post_nms_topn", 300),
        nms_thresh=layer.get("simpler_nms_param.iou_threshold", 0.7),
    )  # fmt: skip
    whole = op.Floor(image_info(layer, op, info, 3))
    return propose(layer, op, regions, scores, deltas, whole, positive=True)[0]


def image_info(layer: Layer, op: Builder, info: Value, most: int) -> Value:
    """(height, width, scale[, scale along the width]) as a vector."""
    flat: Value = info if info.rank == 1 else op.Reshape(info, op.constant([-1], i64))
    size = None if flat.shape is None else flat.shape[0]
    if not isinstance(size, int) or size < 3:
        raise layer.refuse(f"im_info of {info.type}", "height, width and scale of one image are needed")
    if size > most:
        flat = op.Slice(flat, *(op.constant([v], i64) for v in (0, most, 1, 0)))
    return flat


def propose(
    layer: Layer, op: Builder, regions: Regions, scores: Value, deltas: Value, info: Value, *, positive: bool = False
) -> tuple[Value, Value]:
    """Exactly the regions found and their scores; ``positive``: only those with a score above 0."""
    regions.check(layer)
    scores, deltas = (
        _of_one_image(layer, op, value, each * regions.anchors) for value, each in ((scores, 2), (deltas, 4))
    )
    shift = None
    if regions.drops_small and not positive:
        # small boxes get a score of 0, which must be below all others
        shift = op.Minimum(op.ReduceMin(scores, op.constant([0, 1, 2, 3], i64), keep_dims=False), op.constant(0.0, f32))
        scores = op.Maximum(op.Subtract(scores, shift), op.constant(_TINY, f32))
    options = {k: v for k, v in dataclasses.asdict(regions).items() if k != "drops_small"}
    rois, found = op.Proposal(scores, deltas, info, **options)
    # the runtime ends the list with a row whose image is -1, and fills it up
    image = op.Gather(rois, op.constant(0, i64), op.constant(1, i64))
    ended = op.CumSum(op.Convert(op.Less(image, op.constant(0.0, f32)), destination_type=f32), op.constant(0, i64))
    valid = op.Less(ended, op.constant(0.5, f32))
    if regions.drops_small:
        valid = op.LogicalAnd(valid, op.Greater(found, op.constant(0.0, f32)))
    counted = op.ReduceSum(op.Convert(valid, destination_type=i64), op.constant([0], i64), keep_dims=True)
    rois, found = (first_rows(op, v, counted) for v in (rois, found))
    return rois, found if shift is None else op.Add(found, shift)


def check_rounding(layer: Layer, regions: Regions) -> None:
    """numpy rounds halves to even, the runtime away from 0: refuse where an anchor's sides would differ."""
    for ratio in regions.ratio:
        width = math.sqrt(regions.base_size**2 / ratio)
        sides = (width, round(width) * ratio)
        if any(round(s) != math.floor(s + 0.5) for s in sides):
            raise layer.refuse(f"an anchor of ratio {ratio} lies between two pixels", "the runtime rounds it otherwise")


def _of_one_image(layer: Layer, op: Builder, x: Value, channels: int) -> Value:
    if x.rank != 4 or x.shape is None or x.shape[1] != channels:
        raise layer.refuse(f"{x.type} where {channels} channels of a map are needed", "the anchors do not fit")
    if x.shape[0] == 1:
        return x
    if isinstance(x.shape[0], int):
        raise layer.refuse(f"{x.shape[0]} images", "Caffe proposes regions for one image at a time")
    y: Value = op.Reshape(x, op.constant([1, 0, 0, 0], i64), special_zero=True)
    return y
