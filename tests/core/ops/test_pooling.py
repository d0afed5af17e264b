"""Poolings: types, shapes and numbers are the runtime's own."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from dragoman_sdk.opcase import OpCase, assert_both_refuse, const, tensor

FORMS = [("AvgPool", "opset1"), ("AvgPool", "opset14"), ("AvgPool", "opset16")]
FORMS += [("MaxPool", "opset1"), ("MaxPool", "opset8"), ("MaxPool", "opset14")]
WINDOWS: list[dict[str, Any]] = [
    {"strides": [1, 1]},
    {"strides": [2, 2], "pads_begin": [1, 1], "pads_end": [0, 1]},
    {"strides": [3, 2], "rounding_type": "ceil"},
    {"strides": [3, 3], "pads_begin": [1, 1], "pads_end": [1, 1], "rounding_type": "ceil"},
    {"strides": [2, 2], "auto_pad": "same_upper"},
    {"strides": [2, 3], "auto_pad": "same_lower"},
    {"strides": [1, 2], "auto_pad": "valid", "pads_begin": [1, 1]},
]
TORCH: list[dict[str, Any]] = [
    {"strides": [2, 2], "pads_begin": [1, 1], "pads_end": [1, 1], "rounding_type": "ceil_torch"},
    {"strides": [3, 3], "rounding_type": "ceil_torch"},
]


def forms(shape: str, windows: list[dict[str, Any]], values: bool) -> list[OpCase]:
    """Every op and version over these windows, those with dilations dilated too."""
    found = []
    for (op, version), window in itertools.product(FORMS, windows):
        if window in TORCH and version in ("opset1", "opset8"):
            continue
        flags = [{"exclude_pad": True}, {"exclude_pad": False}] if op == "AvgPool" else [{}]
        holes = [{}, {"dilations": [2, 1]}] if version in ("opset8", "opset16") or window in TORCH[1:] else [{}]
        for flag, hole in itertools.product(flags, holes):
            if hole and (op, version) in (("AvgPool", "opset14"), ("AvgPool", "opset1"), ("MaxPool", "opset1")):
                continue
            at = {"kernel": [3, 2], **window, **flag, **hole}
            found.append(OpCase(op, [tensor("f32", shape)], at, version=version, values=values))
    return found


STATIC = forms("2,3,7,6", [*WINDOWS, *TORCH], True)
DYNAMIC = [
    case for shape in ("?,3,?,6", "2,?,5..9,8..", "...", "1,?,..3,2..") for case in forms(shape, WINDOWS + TORCH, False)
]
OTHERS = [
    OpCase("AvgPool", [tensor("f32", "1,3,9")], {"kernel": [3], "strides": [2], "exclude_pad": True}),
    OpCase(
        "AvgPool",
        [tensor("f32", "1,3,9")],
        {
            "kernel": [3],
            "strides": [3],
            "pads_begin": [1],
            "pads_end": [1],
            "exclude_pad": False,
            "rounding_type": "ceil",
        },
    ),
    OpCase("AvgPool", [tensor("f32", "1,3,5,5,4")], {"kernel": [3, 2, 2], "strides": [1, 2, 1], "exclude_pad": True}),
    OpCase("MaxPool", [tensor("f32", "1,3,9")], {"kernel": [3], "strides": [2]}),
    OpCase("MaxPool", [tensor("f32", "1,3,5,5,4")], {"kernel": [3, 2, 2], "strides": [1, 2, 1]}),
    OpCase("MaxPool", [tensor("i32", "2,3,5,5")], {"kernel": [2, 2], "strides": [2, 2]}),
    OpCase("MaxPool", [tensor("f16", "2,3,5,5")], {"kernel": [2, 2], "strides": [2, 2]}),
]
INDICES = [
    OpCase(
        "MaxPool",
        [tensor("f32", "2,3,5,5")],
        {"kernel": [2, 2], "strides": [2, 2], "axis": axis, "index_element_type": "i32"},
    )
    for axis in (0, 1, 2, -1, -4)
]
# a window wholly in the padding: 0 by the reference implementation, 0/0 from the CPU plugin
WITHOUT_DATA = [
    OpCase(
        "AvgPool",
        [tensor("f32", "1,1,9")],
        {"kernel": [3], "strides": [3], "pads_end": [1], "exclude_pad": True, "rounding_type": "ceil"},
        values=False,
    )
]
ADAPTIVE = [
    OpCase(op, [tensor("f32", s), const(size)], at, values=not set("?.") & set(s))
    for op, at in (("AdaptiveAvgPool", {}), ("AdaptiveMaxPool", {"index_element_type": "i32"}))
    for s, size in [("2,3,7,6", [2, 4]), ("1,3,9", [4]), ("1,3,5,5,4", [1, 3, 4]), ("?,3,..5,?", [2, 2]), ("...", [2])]
] + [OpCase("AdaptiveAvgPool", [tensor("f32", "1,3,7,6"), tensor("i64", "2")], values=False)]
REFUSED = [
    OpCase("AvgPool", [tensor("f32", "1,3")], {"kernel": [3, 2], "strides": [1, 1], "exclude_pad": True}),
    OpCase("AvgPool", [tensor("f32", "1,3,5,5")], {"kernel": [3, 2], "exclude_pad": True}),
    OpCase("MaxPool", [tensor("f32", "1,3,5,5")], {"kernel": [3, 2], "strides": [0, 1]}),
    OpCase("MaxPool", [tensor("f32", "1,3,5,5")], {"kernel": [6, 2], "strides": [1, 1]}),
    OpCase("MaxPool", [tensor("f32", "0,3,5,5")], {"kernel": [2, 2], "strides": [1, 1]}),
    OpCase("MaxPool", [tensor("f32", "1,3,5,5")], {"kernel": [2, 2], "strides": [1, 1], "axis": 4}),
    OpCase(
        "AvgPool",
        [tensor("f32", "1,3,5,5")],
        {"kernel": [3, 3], "strides": [2, 2], "pads_begin": [3, 3], "exclude_pad": True},
    ),
    OpCase("AdaptiveAvgPool", [tensor("f32", "1,3,5,5"), const([2])]),
    OpCase("AdaptiveMaxPool", [tensor("f32", "1,3"), const([2])]),
]


@pytest.mark.parametrize("case", [*STATIC, *DYNAMIC, *OTHERS, *INDICES, *WITHOUT_DATA, *ADAPTIVE], ids=str)
def test_matches_runtime(case: OpCase) -> None:
    case.check()


@pytest.mark.parametrize("case", REFUSED, ids=str)
def test_refused_as_by_runtime(case: OpCase) -> None:
    assert_both_refuse(case)


def test_empty_dilations_are_written_as_ones() -> None:
    _, node = OpCase("MaxPool", [tensor("f32", "1,3,5,5")], {"kernel": [2, 2], "strides": [2, 2]}).build()
    assert node.attrs.xml()["dilations"] == "1,1"
