"""Reshape, Squeeze, Unsqueeze, Transpose, Broadcast and Tile: types, shapes and numbers are the runtime's own."""

from __future__ import annotations

import itertools

import pytest

from dragoman_sdk.opcase import OpCase, assert_both_refuse, const, tensor

PATTERNS = [
    ("2,3,4", [2, -1], True),
    ("2,3,4", [0, 0, -1], True),
    ("2,3,4", [-1], False),
    ("2,3,4", [4, 0, 2], True),
    ("2,3,4", [0, 12], True),
    ("0,3", [0, -1], True),
    ("0,3", [0, -1], False),
    ("0,3", [3, 0], False),
    ("1,1", [], False),
    ("", [1, 1], False),
]
RESHAPES = [OpCase("Reshape", [tensor("f32", s), const(p)], {"special_zero": z}) for s, p, z in PATTERNS]
DYNAMIC_RESHAPES = [
    OpCase("Reshape", [tensor("f32", s), const(p)], {"special_zero": z}, values=False)
    for s, p, z in itertools.product(
        ["?,3,4", "2,?,?", "2..5,3,..8", "4..,6", "?", "...", "?,?,?,?"],
        [[2, -1], [0, -1], [0, 0, -1], [6, 4], [-1]],
        [True, False],
    )
    if (z or 0 not in p) and (s, p) != ("?", [0, 0, -1])
]
REFUSED_RESHAPES = [
    OpCase("Reshape", [tensor("f32", "2,3"), const([-1, -1])]),
    OpCase("Reshape", [tensor("f32", "2,3"), const([4, -1])]),
    OpCase("Reshape", [tensor("f32", "2,3"), const([7])]),
    OpCase("Reshape", [tensor("f32", "2,3"), const([-2, 3])]),
    OpCase("Reshape", [tensor("f32", "2,3"), const([2, 3, 0])], {"special_zero": True}),
    OpCase("Reshape", [tensor("f32", "2,3"), const([0, -1])]),
    OpCase("Reshape", [tensor("f32", "1"), const(1)]),
    OpCase("Reshape", [tensor("f32", "2"), const([2], "f32")]),
]
SQUEEZES = [
    OpCase("Squeeze", [tensor("i32", s), None if a is None else const(a)], version=v)
    for v in ("opset1", "opset15")
    for s, a in [
        ("1,3,1", None),
        ("1,3,1", [0]),
        ("1,3,1", [0, -1]),
        ("1,3,1", [1]),
        ("1,3", [-2]),
        ("1", 0),
        ("2", []),
    ]
]
DYNAMIC_SQUEEZES = [
    OpCase("Squeeze", [tensor("f32", s), const(a)], at, version=v, values=False)
    for s, a in itertools.product(["?,1,4", "2,3..5,1..4", "..1,2", "..."], [[0], [1], []])
    for v, at in (("opset1", {}), ("opset15", {}), ("opset15", {"allow_axis_skip": True}))
] + [
    OpCase("Squeeze", [tensor("f32", s), tensor("i64", a)], version=v, values=False)
    for s, a, v in itertools.product(["?,1,4", "3..5,2", "..."], ["1", "", "2", "?"], ["opset1", "opset15"])
]
UNSQUEEZES = [
    OpCase("Unsqueeze", [tensor("f32", s), const(a)], values="?" not in s and s != "...")
    for s, a in itertools.product(["2,3", "?,..4", "...", ""], [[0], [-1], [0, 1], 0])
] + [OpCase("Unsqueeze", [tensor("f32", "2,3"), tensor("i64", a)], values=False) for a in ("1", "", "?", "...")]
TRANSPOSES = [
    OpCase("Transpose", [tensor("f32", s), const(a)], values=s == "2,3,4")
    for s, a in itertools.product(["2,3,4", "?,..4,3", "..."], [[0, 1, 2], [2, 0, 1], []])
] + [
    OpCase("Transpose", [tensor("f32", s), tensor("i64", a)], values=False)
    for s in ("2,3,4", "...")
    for a in ("3", "?")
]
BROADCASTS = [
    OpCase("Broadcast", [tensor("f32", s), const(t)], {"mode": m}, values=s in ("2,1,4", "1", ""))
    for m, s, t in itertools.product(
        ["numpy", "bidirectional"], ["2,1,4", "1", "", "?,..4,4", "1..3,4", "..."], [[2, 3, 4], [5, 2, 1, 4]]
    )
] + [
    OpCase("Broadcast", [tensor("f32", "2,1,4"), const([3, 1])], {"mode": "bidirectional"}),
    OpCase("Broadcast", [tensor("f32", "2,1,4"), const([2, 3, 4])], {"mode": "pdpd"}),
    OpCase("Broadcast", [tensor("f32", "3,1"), const([2, 3, 4])], version="opset1"),
    OpCase("Broadcast", [tensor("f32", "2,4"), const([2, 3, 4]), const([0, 2])], {"mode": "none"}, version="opset1"),
    OpCase("Broadcast", [tensor("f32", "2,4"), const([2, 3, 4]), const([0, 2])], {"mode": "explicit"}),
    OpCase("Broadcast", [tensor("f32", "?,4"), const([2, 3, 4]), const([0, 2])], {"mode": "explicit"}, values=False),
    OpCase("Broadcast", [tensor("f32", "2,4"), tensor("i64", "3")], {"mode": "bidirectional"}, values=False),
    OpCase("Broadcast", [tensor("f32", "2,4"), tensor("i64", "3")], values=False),
    OpCase("Broadcast", [tensor("f32", "2,4"), tensor("i64", "?")], values=False),
]
TILES = [
    OpCase("Tile", [tensor("f32", s), const(r)], values=s in ("2,1,4", "", "1"))
    for s, r in itertools.product(["2,1,4", "?,..4,3", "...", "", "2..3,1"], [[1, 2, 3], [2], [2, 1, 1, 2], [0, 1, 1]])
] + [OpCase("Tile", [tensor("f32", "2,3"), tensor("i64", r)], values=False) for r in ("1", "4", "?", "...")]
REFUSED = [
    *REFUSED_RESHAPES,
    OpCase("Squeeze", [tensor("f32", "1,3"), const([2])]),
    OpCase("Squeeze", [tensor("f32", "1,3"), const([[0]])]),
    OpCase("Unsqueeze", [tensor("f32", "2,3"), const([])]),
    OpCase("Unsqueeze", [tensor("f32", "2,3"), const([4])]),
    OpCase("Transpose", [tensor("f32", "2,3"), const([0, 0])]),
    OpCase("Transpose", [tensor("f32", "2,3"), const([-1, 0])]),
    OpCase("Transpose", [tensor("f32", "2,3"), tensor("i64", "3")]),
    OpCase("Broadcast", [tensor("f32", "2,3"), const([2, 4])]),
    OpCase("Broadcast", [tensor("f32", "2,3"), const([3])]),
    OpCase("Broadcast", [tensor("f32", "2,3"), const([2, 4])], {"mode": "bidirectional"}),
    OpCase("Broadcast", [tensor("f32", "2,3"), const([2, 3]), const([0, 1])]),
    OpCase("Broadcast", [tensor("f32", "2,3"), const([2, 3]), const([1, 0])], {"mode": "explicit"}),
    OpCase("Broadcast", [tensor("f32", "2,3"), const([2, 3])], {"mode": "explicit"}),
    OpCase("Tile", [tensor("f32", "2,3"), const([[1, 2]])]),
]
# the CPU plugin of 2026.4.1 reads beyond an empty list of repeats
EMPTY_REPEATS = [OpCase("Tile", [tensor("f32", s), const([])], values=False) for s in ("2,1,4", "", "?", "...")]
CASES = [
    *RESHAPES,
    *DYNAMIC_RESHAPES,
    *SQUEEZES,
    *DYNAMIC_SQUEEZES,
    *UNSQUEEZES,
    *TRANSPOSES,
    *BROADCASTS,
    *TILES,
    *EMPTY_REPEATS,
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_matches_runtime(case: OpCase) -> None:
    case.check()


@pytest.mark.parametrize("case", REFUSED, ids=str)
def test_refused_as_by_runtime(case: OpCase) -> None:
    assert_both_refuse(case)


@pytest.mark.parametrize("kind", ["f16", "i64", "u8", "boolean"])
def test_element_type_passes_through(kind: str) -> None:
    OpCase("Reshape", [tensor(kind, "2,3"), const([3, 2])]).check()
    OpCase("Transpose", [tensor(kind, "2,3"), const([1, 0])]).check()
    OpCase("Broadcast", [tensor(kind, "2,1"), const([2, 3])]).check()
    OpCase("Tile", [tensor(kind, "2,3"), const([1, 2])]).check()
