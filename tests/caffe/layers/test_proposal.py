"""Proposal and SimplerNMS: transcriptions of Intel's C++ (box_references)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.caffe.layers.box_references import anchors, pooled, position_pooled, proposals
from tests.caffe.support import assert_close, convert_net, inputs, layer, refusal, run_net

MAP = (14, 19)
ANCHORS = "ratio: 0.5 ratio: 1 ratio: 2 scale: 8 scale: 16 scale: 32"
RATIOS, SCALES = (0.5, 1, 2), (8, 16, 32)
LIMITS: dict[str, Any] = {"stride": 16, "min_size": 16, "pre": 6000, "post": 300, "nms": 0.7}


def data(number: int = 9, lowest: float = 0.0, info: tuple[float, ...] = (224, 304, 1)) -> dict[str, np.ndarray]:
    """Scores, deltas and im_info of a region proposal network."""
    rng = np.random.default_rng(number)
    scores = rng.random((1, 2 * number, *MAP)) + lowest
    deltas = rng.standard_normal((1, 4 * number, *MAP)) * 0.3
    return {k: np.asarray(v, np.float32) for k, v in (("scores", scores), ("deltas", deltas), ("info", [info]))}


def net(feeds: dict[str, np.ndarray], kind: str, parameters: str, tops: str = "rois probs") -> str:
    return inputs(**{k: v.shape for k, v in feeds.items()}) + layer(kind, "scores deltas info", tops, parameters)


def expected(
    feeds: dict[str, np.ndarray], *, drops: bool = False, info: Any = None, **limits: Any
) -> tuple[np.ndarray, np.ndarray]:
    boxes = anchors(16, RATIOS, SCALES).astype(np.float32)
    seen = feeds["info"][0] if info is None else np.asarray(info, np.float32)
    return proposals(feeds["scores"], feeds["deltas"], seen, boxes, drops=drops, **{**LIMITS, **limits})


@pytest.mark.parametrize(
    ("parameters", "info", "limits"),
    [
        ("", (224, 304, 1, 1), {}),
        (
            "nms_thresh: 0.3 pre_nms_topn: 500 post_nms_topn: 50",
            (224, 304, 1.5, 2),
            {"nms": 0.3, "pre": 500, "post": 50},
        ),
        ("min_size: 0 nms_thresh: 0.5", (224, 304, 2), {"nms": 0.5, "min_size": 0}),
        ("min_size: 1 nms_thresh: 0.5", (224, 304, 1, 1, 9, 9), {"nms": 0.5, "min_size": 1, "info": (224, 304, 1, 1)}),
    ],
)
def test_exactly_the_regions_found(parameters: str, info: tuple[float, ...], limits: dict[str, Any]) -> None:
    feeds = data(info=info)
    found = run_net(net(feeds, "Proposal", f"proposal_param {{ {ANCHORS} {parameters} }}"), feeds)
    rois, scores = expected(feeds, **limits)
    assert_close(found["rois"], rois, tolerance=1e-6)
    assert_close(found["probs"], scores, tolerance=1e-6)


@pytest.mark.parametrize("info", [(224, 304, 1.5, 1), (224, 304, 1, 1.5), (224, 304, 1.5)])
def test_regions_that_are_too_small_score_zero(info: tuple[float, ...]) -> None:
    feeds = data(info=info)
    text = net(feeds, "Proposal", f"proposal_param {{ {ANCHORS} min_size: 120 nms_thresh: 0.3 }}")
    found = run_net(text, feeds)
    rois, scores = expected(feeds, min_size=120, nms=0.3)
    good = int((scores > 0).sum())
    assert 0 < good < len(scores)
    assert_close(found["rois"][:good], rois[:good], tolerance=1e-6)
    # boxes that score 0 tie, and Caffe's sort puts them in no particular order
    assert not found["probs"][good:].any()


@pytest.mark.parametrize("lowest", [0.0, -0.5])
def test_simpler_nms_drops_small_and_unlikely_regions(lowest: float) -> None:
    feeds = data(lowest=lowest, info=(224.6, 304.2, 1.9))
    scales = " ".join(f"scale: {s}" for s in SCALES)
    text = net(feeds, "SimplerNMS", f"simpler_nms_param {{ {scales} post_nms_topn: 2000 cls_threshold: 0.9 }}", "rois")
    rois, _ = expected(feeds, drops=True, positive=True, info=(224, 304, 1), post=2000)
    assert_close(run_net(text, feeds)["rois"], rois, tolerance=1e-6)


def test_simpler_nms_may_have_one_scale() -> None:
    feeds = data(3)
    boxes = anchors(16, RATIOS, (8,)).astype(np.float32)
    rois, _ = proposals(feeds["scores"], feeds["deltas"], feeds["info"][0], boxes, drops=True, positive=True, **LIMITS)
    found = run_net(net(feeds, "SimplerNMS", "simpler_nms_param { scale: 8 }", "rois"), feeds)["rois"]
    assert_close(found, rois, tolerance=1e-6)


def test_heads_see_as_many_regions_as_were_found() -> None:
    feeds = data(info=(224, 304, 1, 1))
    x = np.random.default_rng(0).standard_normal((1, 18, *MAP)).astype(np.float32)
    text = net(feeds, "Proposal", f"proposal_param {{ {ANCHORS} nms_thresh: 0.3 min_size: 0 }}", "rois") + inputs(
        x=x.shape
    )
    text += layer(
        "ROIPooling", "x rois", "boxes", "roi_pooling_param { pooled_h: 7 pooled_w: 7 spatial_scale: 0.0625 }", "a"
    )
    position = "psroi_pooling_param { output_dim: 2 group_size: 3 spatial_scale: 0.0625 }"
    text += layer("PSROIPooling", "x rois", "cells", position, "b")
    found = run_net(text, {**feeds, "x": x})
    rois, _ = expected(feeds, nms=0.3, min_size=0)
    assert 0 < len(rois) < 300
    assert_close(found["boxes"], pooled(x, rois, (7, 7), 0.0625), tolerance=1e-6)
    assert_close(found["cells"], position_pooled(x, rois, 2, 3, 0.0625), tolerance=1e-6)


@pytest.mark.parametrize(
    ("kind", "parameters", "reason"),
    [
        ("Proposal", "proposal_param { scale: 8 }", "ratio or scale is missing"),
        ("Proposal", "proposal_param { ratio: 1 scale: 8 }", "2 channels of a map are needed"),
        ("Proposal", f"proposal_param {{ {ANCHORS} pre_nms_topn: 0 }}", "must be positive"),
        ("Proposal", f"proposal_param {{ {ANCHORS} scale: -1 }}", "positive numbers are needed"),
        ("SimplerNMS", "simpler_nms_param { scale: 8 feat_stride: 8 }", "feat_stride 8"),
    ],
)
def test_invalid_proposals_are_refused(kind: str, parameters: str, reason: str) -> None:
    assert reason in str(refusal(net(data(), kind, parameters, "rois")))


def test_a_batch_is_refused() -> None:
    text = net(data(), "Proposal", f"proposal_param {{ {ANCHORS} }}", "rois")
    assert "2 images" in str(refusal(text.replace("dim: 1 dim: 18", "dim: 2 dim: 18")))
    assert "height, width and scale" in str(refusal(text.replace("dim: 1 dim: 3", "dim: 1 dim: 2")))
    assert convert_net(text).graph.outputs[0].shape is not None
