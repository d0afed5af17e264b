"""Detection ops: types are the runtime's own."""

from __future__ import annotations

from typing import Any

import pytest

from dragoman_sdk.opcase import OpCase, assert_both_refuse, const, tensor

SSD: dict[str, Any] = {"keep_top_k": [200], "nms_threshold": 0.45}


def ssd(shapes: str, version: str = "opset8", kind: str = "f32", **attrs: Any) -> OpCase:
    """Inputs by shape; 10 priors and 3 classes where nothing else is said."""
    given = {**SSD, **attrs} | ({"num_classes": 3} if version == "opset1" and "num_classes" not in attrs else {})
    return OpCase("DetectionOutput", [tensor(kind, s) for s in shapes.split()], given, version)


PLAIN = "2,40 2,30 1,2,50"
SSD_CASES = [
    *(
        ssd(shapes, version)
        for version in ("opset1", "opset8")
        for shapes in (
            PLAIN,
            "?,40 2,30 1,2,50",
            "?,40 ?,30 ?,2,50",
            "2,? 2,? 1,2,?",
            "2,40 2,? 1,2,?",
            "2..3,40 ?,? 1,2,50",
            "... 2,30 1,2,50",
            "2,40 ... ...",
        )
        if version == "opset1" or shapes != "2,40 ... ..."
    ),
    *(
        ssd(PLAIN, version, **attrs)
        for version in ("opset1", "opset8")
        for attrs in ({"keep_top_k": [-1]}, {"keep_top_k": [-1], "top_k": 100}, {"keep_top_k": [0], "top_k": 5})
    ),
    ssd("2,40 2,30 1,2,40", normalized=True),
    ssd("2,40 2,30 1,1,50", variance_encoded_in_target=True),
    ssd("2,120 2,30 1,2,50", share_location=False),
    ssd("2,120 2,? 1,2,50", share_location=False, keep_top_k=[-1]),
    ssd("2,40 2,30 1,2,50 2,20 2,40", objectness_score=0.1),
    ssd("2,40 2,30 1,2,? 2,20 2,40", keep_top_k=[-1]),
    ssd("2,40 2,30 1,2,50", kind="f16"),
]
SSD_REFUSED = [
    ssd("2,41 2,30 1,2,50"),
    ssd("2,40 2,31 1,2,50"),
    ssd("2,40 3,30 1,2,50"),
    ssd("2,40 2,30 1,3,50"),
    ssd("2,40 2,30 1,2,51"),
    ssd("2,40 2,30 4,2,50"),
    ssd("2,40,1 2,30 1,2,50"),
    ssd("2,40 2,30 1,2,50 2,21 2,40"),
    ssd("2,44 2,30 1,2,50", "opset1"),
    ssd("2,40 2,30 1,2,50 2,20 2,44"),
    ssd("2,120 2,30 1,2,?", share_location=False),
    ssd(PLAIN, kind="i32"),
]

PRIOR: dict[str, Any] = {"min_size": [16], "offset": 0.5, "variance": [0.1]}
PRIOR_ATTRS: list[dict[str, Any]] = [
    {},
    {"aspect_ratio": [2, 3], "flip": True, "max_size": [32]},
    {"aspect_ratio": [2, 2, 1], "flip": False},
    {"aspect_ratio": [2], "scale_all_sizes": False, "min_size": [16, 32]},
    {"min_size": [], "fixed_size": [8, 16], "density": [2, 3]},
    {"min_size": [], "fixed_size": [8], "fixed_ratio": [1, 2], "density": [2]},
]
CLUSTERED = {"width": [10, 20], "height": [12, 22], "offset": 0.5}
PRIORS = [
    *(
        OpCase("PriorBox", [const([4, 6]), const([32, 48])], {**PRIOR, **attrs}, version)
        for version in ("opset1", "opset8")
        for attrs in PRIOR_ATTRS
    ),
    OpCase("PriorBox", [tensor("i32", "2"), tensor("i32", "2")], PRIOR),
    OpCase("PriorBox", [tensor("i64", "..."), tensor("i64", "?")], PRIOR),
    OpCase("PriorBoxClustered", [const([4, 6]), const([32, 48])], CLUSTERED),
    OpCase("PriorBoxClustered", [tensor("i64", "2"), const([32, 48])], CLUSTERED),
]

RPN: dict[str, Any] = {
    "base_size": 16,
    "pre_nms_topn": 60,
    "post_nms_topn": 7,
    "nms_thresh": 0.7,
    "feat_stride": 16,
    "min_size": 4,
    "ratio": [0.5, 1],
    "scale": [8, 16],
}


def proposal(version: str, *shapes: str, kind: str = "f32") -> OpCase:
    return OpCase("Proposal", [tensor(kind, s) for s in shapes], RPN, version)


PROPOSALS = [
    proposal(version, *shapes)
    for version in ("opset1", "opset4")
    for shapes in (
        ("1,8,4,4", "1,16,4,4", "3"),
        ("2,8,4,4", "?,16,4,4", "4"),
        ("1..3,8,?,4", "...", "?"),
        ("...", "...", "..."),
        ("?,?,?,?", "2,16,4,4", "3"),
    )
]


def yolo(shape: str, **attrs: Any) -> OpCase:
    given = {"axis": 1, "end_axis": 3, "coords": 4, "classes": 2, "num": 3, "mask": [0, 1], **attrs}
    return OpCase("RegionYolo", [tensor("f32", shape)], given)


YOLO = [
    *(yolo(shape) for shape in ("1,21,4,4", "?,21,4,2..5", "...")),
    *(yolo(shape, do_softmax=False) for shape in ("1,14,4,4", "?,14,?,4")),
    yolo("1,21,4,4", axis=-3, end_axis=-1),
    yolo("1,21,4,4", axis=1, end_axis=1),
]


def generate(*shapes: str, kind: str = "f32", **attrs: Any) -> OpCase:
    given = {"min_size": 1.0, "nms_threshold": 0.7, "post_nms_count": 6, "pre_nms_count": 50, **attrs}
    return OpCase("GenerateProposals", [tensor(kind, s) for s in shapes], given)


GENERATED = [
    generate("2,3", "4,5,3,4", "2,12,4,5", "2,3,4,5"),
    generate("2,4", "4,5,3,4", "2,12,4,5", "2,3,4,5", roi_num_type="i32"),
    generate("?,3", "?,5,3,4", "1..3,12,4,5", "?,3,4,5"),
    generate("?,3", "?,5,3,4", "?,12,4,5", "?,3,4,5"),
    generate("...", "...", "...", "..."),
    generate("2,?", "4,5,3,4", "...", "2,3,4,5"),
]

REFUSED = [
    *SSD_REFUSED,
    OpCase("PriorBox", [const([4.0, 6.0], "f32"), const([32, 48])], PRIOR),
    OpCase("PriorBox", [const([4, 6, 1]), const([32, 48])], PRIOR),
    OpCase("PriorBoxClustered", [const([4, 6]), const([32, 48])], {**CLUSTERED, "width": [1.0]}),
    *(proposal(v, "1,8,4,4", "1,18,4,4", "3") for v in ("opset1", "opset4")),
    *(proposal(v, "1,8,4,4", "1,16,4,4", "5") for v in ("opset1", "opset4")),
    *(proposal(v, "1,8,4,4", "2,16,4,4", "3") for v in ("opset1", "opset4")),
    proposal("opset4", "1,8,4,4", "1,16,4,4", "3", kind="i32"),
    yolo("1,21,4"),
    generate("2,5", "4,5,3,4", "2,12,4,5", "2,3,4,5"),
    generate("2,3", "4,5,3,5", "2,12,4,5", "2,3,4,5"),
    generate("2,3", "4,5,3,4", "2,11,4,5", "2,3,4,5"),
    generate("2,3", "4,6,3,4", "2,12,4,5", "2,3,4,5"),
    generate("3,3", "4,5,3,4", "2,12,4,5", "2,3,4,5"),
    generate("2,3", "4,5,3,4", "2,12,4,5", "2,3,4,5", roi_num_type="f32"),
]


@pytest.mark.parametrize("case", SSD_CASES + PRIORS + PROPOSALS + YOLO + GENERATED, ids=str)
def test_matches_runtime(case: OpCase) -> None:
    case.check()


@pytest.mark.parametrize("case", REFUSED, ids=str)
def test_refused_by_both(case: OpCase) -> None:
    assert_both_refuse(case)
