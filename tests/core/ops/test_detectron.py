"""Detectron's ops: types are the runtime's own."""

from __future__ import annotations

from typing import Any

import pytest

from dragoman_sdk.opcase import OpCase, assert_both_refuse, tensor

DETECTED: dict[str, Any] = {
    "score_threshold": 0.1,
    "nms_threshold": 0.5,
    "max_delta_log_wh": 4.0,
    "num_classes": 3,
    "post_nms_count": 50,
    "max_detections_per_image": 7,
    "deltas_weights": [10, 10, 5, 5],
}
PROPOSED: dict[str, Any] = {"min_size": 0.0, "nms_threshold": 0.7, "post_nms_count": 9, "pre_nms_count": 50}
EXTRACTED: dict[str, Any] = {"output_size": 7, "sampling_ratio": 2, "pyramid_scales": [4, 8]}


def detectron(op: str, attrs: dict[str, Any], *shapes: str, kind: str = "f32") -> OpCase:
    return OpCase(f"ExperimentalDetectron{op}", [tensor(kind, s) for s in shapes], attrs)


CASES = [
    detectron("DetectionOutput", DETECTED, "16,4", "16,12", "16,3", "1,3"),
    detectron("DetectionOutput", DETECTED, "?,4", "16,?", "...", "?,?"),
    detectron("GenerateProposalsSingleImage", PROPOSED, "3", "60,4", "12,4,5", "3,4,5"),
    detectron("GenerateProposalsSingleImage", PROPOSED, "?", "...", "12,?,5", "...", kind="f16"),
    *(
        detectron("PriorGridGenerator", {"flatten": flatten}, *shapes)
        for flatten in (True, False)
        for shapes in (("3,4", "1,8,4,5", "1,3,64,80"), ("?,4", "1,8,?,2..5", "?,3,64,80"), ("...", "...", "..."))
    ),
    detectron("ROIFeatureExtractor", EXTRACTED, "9,4", "1,8,16,16", "1,8,8,8"),
    detectron("ROIFeatureExtractor", EXTRACTED, "?,4", "1,?,16,16", "1,2..8,8,8"),
    detectron("ROIFeatureExtractor", EXTRACTED, "...", "...", "..."),
    detectron("TopKROIs", {"max_rois": 5}, "9,4", "9"),
    detectron("TopKROIs", {"max_rois": 5}, "?,4", "..."),
]

REFUSED = [
    detectron("DetectionOutput", DETECTED, "16,4", "16,11", "16,3", "1,3"),
    detectron("DetectionOutput", DETECTED, "16,4", "15,12", "16,3", "1,3"),
    detectron("DetectionOutput", DETECTED, "16,4", "16,12", "16,3", "1,4"),
    detectron("DetectionOutput", DETECTED, "16,4", "16,12", "16,3", "1,3", kind="i32"),
    detectron("GenerateProposalsSingleImage", PROPOSED, "4", "60,4", "12,4,5", "3,4,5"),
    detectron("GenerateProposalsSingleImage", PROPOSED, "3", "60,4", "12,3,5", "3,4,5"),
    detectron("PriorGridGenerator", {}, "3,5", "1,8,4,5", "1,3,64,80"),
    detectron("PriorGridGenerator", {}, "3,4", "2,8,4,5", "1,3,64,80"),
    detectron("ROIFeatureExtractor", EXTRACTED, "9,5", "1,8,16,16", "1,8,8,8"),
    detectron("ROIFeatureExtractor", EXTRACTED, "9,4", "1,8,16,16", "1,9,8,8"),
    detectron("ROIFeatureExtractor", EXTRACTED, "9,4", "2,8,16,16", "1,8,8,8"),
    detectron("TopKROIs", {"max_rois": 5}, "9,5", "9"),
    detectron("TopKROIs", {"max_rois": 5}, "9,4", "8"),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_matches_runtime(case: OpCase) -> None:
    case.check()


@pytest.mark.parametrize("case", REFUSED, ids=str)
def test_refused_by_both(case: OpCase) -> None:
    assert_both_refuse(case)
