"""Pooling of regions: types are the runtime's own."""

from __future__ import annotations

from typing import Any

import pytest

from dragoman_sdk.opcase import OpCase, assert_both_refuse, tensor

POOLED: dict[str, Any] = {"pooled_h": 3, "pooled_w": 4, "spatial_scale": 0.5}
ALIGNED: dict[str, Any] = {**POOLED, "sampling_ratio": 2}
POSITION: dict[str, Any] = {"output_dim": 2, "group_size": 3, "spatial_scale": 0.5}
SHAPES = [("1,18,8,8", "5,5"), ("?,18,?,8", "2..7,5"), ("1,?,8,8", "?,?"), ("...", "...")]


def pooling(op: str, attrs: dict[str, Any], *shapes: str, kind: str = "f32", version: str = "") -> OpCase:
    return OpCase(op, [tensor(kind, s) for s in shapes], attrs, version)


def align(attrs: dict[str, Any], data: str, rois: str, batch: str, version: str = "", kind: str = "f32") -> OpCase:
    op = "ROIAlignRotated" if version == "opset15" else "ROIAlign"
    return OpCase(op, [tensor(kind, data), tensor(kind, rois), tensor("i32", batch)], attrs, version)


CASES = [
    *(pooling("ROIPooling", POOLED, *shapes) for shapes in SHAPES),
    pooling("ROIPooling", {**POOLED, "method": "bilinear"}, *SHAPES[0], kind="f16"),
    pooling("ROIPooling", {"output_size": [6, 7], "spatial_scale": 1}, *SHAPES[0]),
    pooling("ROIPooling", {"output_roi": [6, 7], "spatial_scale": 1}, *SHAPES[0]),
    *(pooling("PSROIPooling", POSITION, *shapes) for shapes in SHAPES),
    pooling("PSROIPooling", {**POSITION, "mode": "bilinear", "spatial_bins_x": 3, "spatial_bins_y": 3}, *SHAPES[0]),
    *(pooling("DeformablePSROIPooling", POSITION, *shapes) for shapes in SHAPES),
    pooling("DeformablePSROIPooling", POSITION, "1,18,8,8", "5,5", "5,2,3,3"),
    *(
        align(ALIGNED, data, rois, batch, version)
        for version in ("opset3", "opset9")
        for data, rois, batch in (
            ("2,3,8,8", "5,4", "5"),
            ("?,3,?,8", "?,4", "5"),
            ("2,?,8,8", "2..7,4", "5.."),
            ("...", "5,4", "..."),
            ("...", "...", "?"),
        )
    ),
    align({**ALIGNED, "mode": "max", "aligned_mode": "half_pixel"}, "2,3,8,8", "5,4", "5", kind="f16"),
    align(ALIGNED, "2,3,8,8", "5,5", "5", "opset15"),
    align(ALIGNED, "2,?,8,8", "?,5", "3", "opset15"),
]

REFUSED = [
    pooling("ROIPooling", POOLED, "1,18,8", "5,5"),
    pooling("ROIPooling", POOLED, "1,18,8,8", "5,4"),
    pooling("ROIPooling", {**POOLED, "pooled_h": 0}, "1,18,8,8", "5,5"),
    pooling("ROIPooling", {**POOLED, "spatial_scale": 0}, "1,18,8,8", "5,5"),
    pooling("ROIPooling", {**POOLED, "method": "mean"}, "1,18,8,8", "5,5"),
    pooling("ROIPooling", POOLED, "1,18,8,8", "5,5", kind="i32"),
    pooling("PSROIPooling", POSITION, "1,17,8,8", "5,5"),
    pooling("PSROIPooling", {**POSITION, "mode": "max"}, "1,18,8,8", "5,5"),
    pooling("DeformablePSROIPooling", POSITION, "1,18,8,8", "5,5,1"),
    pooling("DeformablePSROIPooling", {**POSITION, "group_size": 0}, "1,18,8,8", "5,5"),
    align(ALIGNED, "2,3,8,8", "5,5", "5"),
    align(ALIGNED, "2,3,8,8", "5,4", "6"),
    align(ALIGNED, "2,3,8", "5,4", "5"),
    align(ALIGNED, "2,3,8,8", "5,4", "5", "opset15"),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_matches_runtime(case: OpCase) -> None:
    case.check()


@pytest.mark.parametrize("case", REFUSED, ids=str)
def test_refused_by_both(case: OpCase) -> None:
    assert_both_refuse(case)
