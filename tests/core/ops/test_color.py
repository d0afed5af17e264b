"""Colour spaces of camera images: types and numbers are the runtime's own."""

from __future__ import annotations

import pytest

from dragoman_sdk.opcase import OpCase, assert_both_refuse, tensor

NV12 = ["NV12toRGB", "NV12toBGR"]
I420 = ["I420toRGB", "I420toBGR"]
BACK = ["RGBtoNV12", "BGRtoNV12"]


def u8(*shapes: str) -> list:
    return [tensor("u8", s, low=0, high=255) for s in shapes]


ONE_PLANE = ["1,6,4,1", "?,?,4,1", "1,6,?,?", "...", "1,..9,4,1", "1,3..12,2..5,1"]
TWO_PLANES = [("1,4,4,1", "1,2,2,2"), ("1,?,4,1", "?,2,?,2"), ("...", "1,2,2,2"), ("?,3..9,?,1", "2,1..3,?,2")]
THREE_PLANES = [("1,4,4,1", "1,2,2,1", "1,2,2,1"), ("1,?,4,1", "?,2,?,1", "..4,?,?,1"), ("...", "...", "1,2,2,1")]
IMAGES = ["1,4,6,3", "?,?,6,3", "...", "1,4..8,..7,?"]

CASES = [
    *(OpCase(op, u8(s), values="." not in s and "?" not in s) for op in NV12 + I420 for s in ONE_PLANE),
    *(OpCase(op, [tensor("f32", "2,6,4,1", low=0, high=255)]) for op in NV12 + I420),
    *(OpCase(op, [tensor("f16", "1,6,4,1")], values=False) for op in NV12 + I420),
    *(OpCase(op, u8(*s), values=s == TWO_PLANES[0]) for op in NV12 for s in TWO_PLANES),
    *(OpCase(op, u8(*s), values=s == THREE_PLANES[0]) for op in I420 for s in THREE_PLANES),
    # RGBtoNV12 and BGRtoNV12: the plugin has no implementation
    *(OpCase(op, u8(s), {"single_plane": one}) for op in BACK for s in IMAGES for one in (True, False)),
    *(OpCase(op, [tensor("f32", "1,4,6,3")]) for op in BACK),
]

REFUSED = [
    *(OpCase(op, u8(s)) for op in NV12 + I420 for s in ("1,7,4,1", "1,6,5,1", "1,6,4,3", "6,4,1")),
    *(OpCase(op, [tensor("i32", "1,6,4,1")]) for op in NV12 + I420),
    *(OpCase(op, u8("1,4,4,1", s)) for op in NV12 for s in ("1,2,3,2", "1,2,2,1", "2,2,2")),
    *(OpCase(op, [tensor("u8", "1,4,4,1"), tensor("f32", "1,2,2,2")]) for op in NV12),
    *(OpCase(op, u8("1,4,4,1", "1,2,2,1")) for op in I420),
    *(OpCase(op, u8("1,4,4,1", "1,2,2,1", s)) for op in I420 for s in ("1,2,3,1", "1,2,2,2")),
    *(OpCase(op, u8(s)) for op in BACK for s in ("1,5,6,3", "1,4,5,3", "1,4,6,1", "4,6,3")),
    *(OpCase(op, [tensor("i32", "1,4,6,3")]) for op in BACK),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_matches_runtime(case: OpCase) -> None:
    case.check()


@pytest.mark.parametrize("case", REFUSED, ids=str)
def test_refused_by_both(case: OpCase) -> None:
    assert_both_refuse(case)
