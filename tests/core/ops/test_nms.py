"""Suppression ops: types are the runtime's own (what is selected depends on data and is the runtime's business)."""

from __future__ import annotations

from typing import Any

import pytest

from dragoman_sdk.opcase import Const, Input, OpCase, assert_both_refuse, const, tensor

HALF = const(0.5, "f32")
VERSIONS = ["opset1", "opset3", "opset4", "opset5", "opset9"]


def nms(version: str, boxes: str, scores: str, limit: Any = 5, kind: str = "f32", **attrs: Any) -> OpCase:
    inputs: list[Input | Const | None] = [tensor(kind, boxes), tensor(kind, scores)]
    inputs += [const(limit) if isinstance(limit, int) else limit, HALF, HALF]
    return OpCase("NonMaxSuppression", inputs, attrs, version)


def rotated(boxes: str, scores: str, limit: Any = 5, kind: str = "f32") -> OpCase:
    inputs = [tensor(kind, boxes), tensor(kind, scores), const(limit) if isinstance(limit, int) else limit, HALF, HALF]
    return OpCase("NMSRotated", inputs)


def many(op: str, boxes: str = "2,6,4", scores: str = "2,3,6", version: str = "", **attrs: Any) -> OpCase:
    return OpCase(op, [tensor("f32", boxes), tensor("f32", scores)], attrs, version)


SHAPES = [
    ("1,6,4", "1,3,6"),
    ("2,6,4", "2,3,6"),
    ("1,?,4", "1,3,?"),
    ("?,6,4", "?,3,6"),
    ("2..3,4..6,4", "1..2,1..3,4..6"),
    ("2,6,4", "1..2,1..3,6"),
    ("...", "1,3,6"),
    ("1,6,4", "..."),
    ("?,?,?", "?,?,?"),
]
LIMITS = [2, 0, -1, 100, tensor("i64", "")]
PER_CLASS: list[dict[str, Any]] = [
    {},
    {"nms_top_k": 4},
    {"keep_top_k": 7},
    {"nms_top_k": 4, "keep_top_k": 7},
    {"keep_top_k": 100},
    {"background_class": 1, "output_type": "i32"},
]

CASES = [
    *(nms(version, *shapes) for version in VERSIONS for shapes in SHAPES),
    *(nms(version, "2,6,4", "2,3,6", limit) for version in VERSIONS for limit in LIMITS),
    *(OpCase("NonMaxSuppression", [tensor("f32", "1,6,4"), tensor("f32", "1,3,6")], {}, v) for v in VERSIONS),
    nms("opset9", "1,6,4", "1,3,6", const([5])),
    nms("opset9", "1,6,4", "1,3,6", kind="f16", output_type="i32", box_encoding="center"),
    OpCase(
        "NonMaxSuppression",
        [tensor("f32", "1,6,4"), tensor("f32", "1,3,6"), const(4), HALF, HALF, HALF],
        {"sort_result_descending": False},
    ),
    rotated("1,6,5", "1,3,6"),
    rotated("1,6,5", "1,3,6", kind="f16"),
    rotated("?,4..7,5", "2,3,?"),
    rotated("...", "1,3,6"),
    rotated("1,6,5", "1,3,6", tensor("i32", "")),
    *(many(op, *shapes) for op in ("MatrixNms", "MulticlassNms") for shapes in SHAPES if shapes[1] != "..."),
    *(
        many(op, *shapes, **attrs)
        for op in ("MatrixNms", "MulticlassNms")
        for shapes in (("2,6,4", "2,3,6"), ("2,?,4", "2,3,?"), ("1..2,4..6,4", "2,1..3,6"))
        for attrs in PER_CLASS
    ),
    many("MatrixNms", "2,6,4", "..."),
    many("MulticlassNms", version="opset8"),
    *(
        OpCase(
            "MulticlassNms",
            [tensor("f32", "3,6,4"), tensor("f32", "3,6"), tensor("i32", rois)],
            {"nms_top_k": 3, "keep_top_k": 4},
        )
        for rois in ("2", "?", "...")
    ),
]

REFUSED = [
    *(nms(version, "1,6,5", "1,3,6") for version in VERSIONS),
    *(nms(version, "1,7,4", "1,3,6") for version in VERSIONS),
    *(nms(version, "7,4", "1,3,6") for version in VERSIONS),
    *(nms(version, "2,6,4", "1,3,6") for version in VERSIONS),
    nms("opset4", "1,6,4", "1,3,6", const([5])),
    nms("opset9", "1,6,4", "1,3,6", kind="i32"),
    nms("opset9", "1,6,4", "1,3,6", output_type="f32"),
    rotated("1,6,4", "1,3,6"),
    many("MatrixNms", "2,6,5"),
    many("MatrixNms", nms_top_k=-2),
    many("MulticlassNms", nms_eta=2.0),
    many("MulticlassNms", background_class=-2),
    many("MulticlassNms", "2,6,4", "..."),
    many("MulticlassNms", "2,6,4", "2,3,7"),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_matches_runtime(case: OpCase) -> None:
    case.check()


@pytest.mark.parametrize("case", REFUSED, ids=str)
def test_refused_by_both(case: OpCase) -> None:
    assert_both_refuse(case)
