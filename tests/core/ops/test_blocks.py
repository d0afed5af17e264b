"""Ops that move blocks between channels, batch and space: types, shapes and numbers are the runtime's own."""

from __future__ import annotations

import itertools

import pytest

from dragoman_sdk.opcase import OpCase, assert_both_refuse, const, tensor


def known(*shapes: str) -> bool:
    """No dynamic dimension in any."""
    return not set("?.") & set("".join(shapes))


SHUFFLES = [
    OpCase("ShuffleChannels", [tensor("f32", d)], {"axis": axis, "group": group}, values=known(d))
    for d, (axis, group) in itertools.product(["1,6,4,4", "?,6,..4,?", "..."], [(1, 2), (1, 3), (-3, 2), (0, 1)])
]
DEPTHS = [
    OpCase(op, [tensor("f32", d)], {"mode": mode, "block_size": b}, values=known(d))
    for op, shapes in {
        "SpaceToDepth": ["1,3,4,6", "1,2,4,2,6", "2,3,4", "?,3..5,..4,6", "..."],
        "DepthToSpace": ["1,8,2,3", "1,16,2,1,3", "2,4,4", "?,8..17,..4,6", "..."],
    }.items()
    for d, mode, b in itertools.product(shapes, ["blocks_first", "depth_first"], [1, 2])
]
BATCHES = [
    OpCase(op, [tensor("f32", d), const(block), const(begin), const(end)], values=known(d))
    for op, d, block, begin, end in [
        ("BatchToSpace", "8,3,4", [1, 2, 4], [0, 0, 0], [0, 0, 0]),
        ("BatchToSpace", "8,3,4", [1, 2, 2], [0, 0, 1], [0, 1, 0]),
        ("BatchToSpace", "16,1,2,3", [1, 1, 2, 2], [0, 0, 1, 0], [0, 0, 0, 1]),
        ("BatchToSpace", "?,3,..4", [1, 2, 2], [0, 0, 1], [0, 1, 0]),
        ("BatchToSpace", "4..8,3,4", [1, 2, 2], [0, 0, 1], [0, 1, 0]),
        ("BatchToSpace", "...", [1, 2, 2], [0, 0, 1], [0, 1, 0]),
        ("SpaceToBatch", "2,3,4", [1, 2, 2], [0, 0, 1], [0, 1, 1]),
        ("SpaceToBatch", "2,1,4,3", [1, 1, 2, 2], [0, 0, 0, 1], [0, 0, 0, 0]),
        ("SpaceToBatch", "?,3,..4", [1, 2, 2], [0, 0, 1], [0, 1, 0]),
        ("SpaceToBatch", "...", [1, 2, 2], [0, 0, 1], [0, 1, 0]),
    ]
]
BATCHES += [
    OpCase(op, [tensor("f32", "8,3,4"), *numbers], values=False)
    for op in ("BatchToSpace", "SpaceToBatch")
    for numbers in (
        [tensor("i64", "3"), const([0, 0, 1]), const([0, 1, 0])],
        [const([1, 2, 2]), tensor("i64", "3"), const([0, 1, 0])],
        [const([1, 2, 2]), const([0, 0, 1]), tensor("i64", "?")],
    )
]
COLUMNS = [
    OpCase("Col2Im", [tensor("f32", d), const(size), const([2, 2])], at, values=known(d))
    for d, size, at in [
        ("1,12,9", [4, 4], {}),
        ("12,9", [4, 4], {}),
        ("1,12,9", [5, 5], {"strides": [2, 2], "pads_begin": [1, 1], "pads_end": [0, 0]}),
        ("1,12,4", [5, 5], {"dilations": [2, 2], "strides": [2, 2]}),
        ("?,12,9", [4, 4], {}),
        ("1,?,?", [4, 4], {}),
        ("...", [4, 4], {}),
    ]
]
COLUMNS += [OpCase("Col2Im", [tensor("f32", "1,12,9"), tensor("i64", "2"), const([2, 2])], values=False)]
PATCHES = [
    OpCase(
        "ExtractImagePatches",
        [tensor("f32", d)],
        {"sizes": sizes, "strides": strides, "rates": rates, "auto_pad": pad},
        values=known(d),
    )
    for d, pad, (sizes, strides, rates) in itertools.product(
        ["1,2,7,8", "?,2,..7,3..", "..."],
        ["valid", "same_upper", "same_lower"],
        [([3, 3], [2, 2], [1, 1]), ([2, 3], [1, 2], [2, 1]), ([3, 3], [5, 5], [1, 1])],
    )
]
YOLO = [
    OpCase("ReorgYolo", [tensor("f32", d)], {"stride": [s]}, values=known(d))
    for d, s in itertools.product(["1,8,4,6", "2,4,4,4", "?,8..9,..4,6", "..."], [1, 2])
]
PATCH = {"sizes": [3, 3], "strides": [1, 1], "rates": [1, 1]}
REFUSED = [
    OpCase("ShuffleChannels", [tensor("f32", "1,6,4")], {"axis": 1, "group": 4}),
    OpCase("ShuffleChannels", [tensor("f32", "1,6,4")], {"axis": 3, "group": 2}),
    OpCase("SpaceToDepth", [tensor("f32", "1,8,5,4")], {"block_size": 2}),
    OpCase("SpaceToDepth", [tensor("f32", "8,4")], {"block_size": 2}),
    OpCase("DepthToSpace", [tensor("f32", "1,6,4,4")], {"block_size": 2}),
    OpCase("DepthToSpace", [tensor("f32", "1,8,4,4")], {"block_size": 0}),
    OpCase("BatchToSpace", [tensor("f32", "6,3,4"), const([1, 2, 2]), const([0, 0, 0]), const([0, 0, 0])]),
    OpCase("BatchToSpace", [tensor("f32", "4,3,4"), const([1, 2, 2]), const([0, 9, 0]), const([0, 0, 0])]),
    OpCase("BatchToSpace", [tensor("f32", "4,3,4"), const([1, 2]), const([0, 0]), const([0, 0])]),
    OpCase("SpaceToBatch", [tensor("f32", "4,3,4"), const([1, 2, 2]), const([0, 0, 0]), const([0, 0, 0])]),
    OpCase("Col2Im", [tensor("f32", "2,13,9"), const([4, 4]), const([2, 2])]),
    OpCase("Col2Im", [tensor("f32", "2,12,8"), const([4, 4]), const([2, 2])]),
    OpCase("Col2Im", [tensor("f32", "1,2,12,9"), const([4, 4]), const([2, 2])]),
    OpCase("ExtractImagePatches", [tensor("f32", "1,2,7")], PATCH),
    OpCase("ExtractImagePatches", [tensor("f32", "1,2,7,8")], {**PATCH, "strides": [0, 1]}),
    OpCase("ReorgYolo", [tensor("f32", "1,3,4,4")], {"stride": [2]}),
    OpCase("ReorgYolo", [tensor("f32", "1,8,5,4")], {"stride": [2]}),
]


@pytest.mark.parametrize("case", [*SHUFFLES, *DEPTHS, *BATCHES, *COLUMNS, *PATCHES, *YOLO], ids=str)
def test_matches_runtime(case: OpCase) -> None:
    case.check()


@pytest.mark.parametrize("case", REFUSED, ids=str)
def test_refused_as_by_runtime(case: OpCase) -> None:
    assert_both_refuse(case)
