"""Detectors in two stages: Faster R-CNN over VGG-16 with its Python proposal layer, and an R-FCN."""

from __future__ import annotations

from typing import Literal

import numpy as np

from .blocks import (
    batch_norm_scale,
    conv,
    conv_relu,
    dropout,
    inner_product,
    pool,
    relu,
    reshape,
    softmax,
)
from .net import Net
from .ssd import vgg16

STRIDE = 16
ANCHORS = 9
CLASSES = 21
POST_NMS = 300
Proposer = Literal["Python", "Proposal"]
"""The layer type: py-faster-rcnn's Python layer, or the one that forks have instead."""
Proposer = Literal["Python", "Proposal"] | int
"""The layer that proposes regions; a number instead makes the regions an input."""


def _image_inputs(net: Net, height: int, width: int, rois: int) -> tuple[str, str]:
    """The image and, when there is one, the input of regions; beside the image its size where regions are proposed."""
    data = net.input("data", 1, 3, height, width)
    if rois:
        return data, net.input("rois", rois, 5)
    net.input("im_info", 1, 3, fill=lambda rng, shape: np.array([[height, width, 1.0]], np.float32))
    return data, ""


def _proposals(net: Net, x: str, hidden: int, proposal: Proposer) -> str:
    """Region proposal network: objectness and boxes of nine anchors, decoded by the proposal layer."""
    x = conv_relu(net, "rpn_conv/3x3", x, hidden, 3, 1, 1, relu_name="rpn_relu/3x3")
    score = conv(net, "rpn_cls_score", x, 2 * ANCHORS, gain=1.0)
    boxes = conv(net, "rpn_bbox_pred", x, 4 * ANCHORS, gain=0.3)
    score = softmax(net, "rpn_cls_prob", reshape(net, "rpn_cls_score_reshape", score, 0, 2, -1, 0))
    score = reshape(net, "rpn_cls_prob_reshape", score, 0, 2 * ANCHORS, -1, 0)
    if isinstance(proposal, int):
        return "rois"
    if proposal == "Python":
        parameters = {
            "python_param": {
                "module": '"rpn.proposal_layer"',
                "layer": '"ProposalLayer"',
                "param_str": f"\"'feat_stride': {STRIDE}\"",
            }
        }
    else:
        # no box is too small: those that are would tie with a score of 0, in no particular order
        fixed = {"feat_stride": STRIDE, "base_size": 16, "min_size": 1, "nms_thresh": 0.7}
        fixed |= {"pre_nms_topn": 6000, "post_nms_topn": POST_NMS, "ratio": (0.5, 1.0, 2.0), "scale": (8.0, 16.0, 32.0)}
        parameters = {"proposal_param": fixed}
    bottoms = [score, boxes, "im_info"]
    return net.layer(proposal, "proposal", bottoms, [POST_NMS, 5], top="rois", **parameters)


def faster_rcnn(
    scale: int = 1, height: int = 600, width: int = 800, proposal: Proposer = "Python", rois: int = 0
) -> Net:
    """VGG-16, ROIPooling and two fully connected heads; `rois` makes that many regions an input instead."""
    net = Net("VGG_ILSVRC_16_layers", legacy_inputs=True)
    data, found = _image_inputs(net, height, width, rois)
    features = vgg16(net, data, scale)["5"]
    found = found or _proposals(net, features, 512 // scale, proposal)
    x = net.layer(
        "ROIPooling",
        "roi_pool5",
        [features, found],
        [rois or POST_NMS, net.shape[features][1], 7, 7],
        top="pool5",
        roi_pooling_param={"pooled_w": 7, "pooled_h": 7, "spatial_scale": 1 / STRIDE},
    )
    for name in ("6", "7"):
        x = dropout(net, f"drop{name}", relu(net, f"relu{name}", inner_product(net, f"fc{name}", x, 4096 // scale)))
    softmax(net, "cls_prob", inner_product(net, "cls_score", x, CLASSES, gain=1.0))
    inner_product(net, "bbox_pred", x, 4 * CLASSES, gain=1.0)
    return net


def rfcn(scale: int = 4, height: int = 160, width: int = 224, proposal: Proposer = "Python", rois: int = 0) -> Net:
    """A plain backbone of stride 16 and position-sensitive pooling; `rois` as in `faster_rcnn`."""
    net = Net("R-FCN")
    x, found = _image_inputs(net, height, width, rois)
    for index, channels in enumerate((64, 128, 256, 512), start=1):
        y = conv(net, f"conv{index}", x, channels // scale, 3, 2, 1, bias=False)
        x = batch_norm_scale(net, (f"bn{index}", f"scale{index}"), y, f"relu{index}")
    found = found or _proposals(net, x, 256 // scale, proposal)
    for name, outputs in (("cls", CLASSES), ("bbox", 8)):
        maps = conv(net, f"rfcn_{name}", x, outputs * 49, gain=6.0)
        scores = net.layer(
            "PSROIPooling",
            f"psroipooled_{name}_rois",
            [maps, found],
            [rois or POST_NMS, outputs, 7, 7],
            psroi_pooling_param={"spatial_scale": 1 / STRIDE, "output_dim": outputs, "group_size": 7},
        )
        scores = pool(net, f"ave_{name}_score_rois", scores, 7, 7, kind="AVE")
        if name == "cls":
            scores = softmax(net, "cls_prob_pre", scores)
        reshape(net, "cls_prob" if name == "cls" else "bbox_pred", scores, -1, outputs)
    return net
