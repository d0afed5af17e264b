"""Concat, Split and VariadicSplit: types, shapes and numbers are the runtime's own."""

from __future__ import annotations

import itertools

import pytest

from dragoman_sdk.opcase import OpCase, assert_both_refuse, const, tensor

CONCATS = [
    OpCase("Concat", [tensor("f32", s) for s in shapes], {"axis": axis}, values=not set("?.") & set("".join(shapes)))
    for shapes, axis in [
        (["2,3", "4,3"], 0),
        (["2,3", "2,4", "2,1"], -1),
        (["2,0", "2,4"], 1),
        (["2,3"], 0),
        (["?,3", "2,?"], 0),
        (["1..4,3", "2..6,4"], 1),
        (["2..3,1..4", "3..4,5.."], 1),
        (["?,?", "?,?"], -2),
        (["...", "2,3"], 0),
        (["2,3", "..."], 1),
        (["...", "..."], 5),
    ]
] + [OpCase("Concat", [tensor(k, "2"), tensor(k, "3")], {"axis": 0}) for k in ("f16", "i64", "u8", "boolean")]
SPLITS = [
    OpCase("Split", [tensor("f32", s), const(a)], {"num_splits": n}, values=s == "6,4")
    for s, (a, n) in itertools.product(["6,4", "?,4", "3..8,6", "4..,6", "..."], [(0, 2), (-1, 2), (0, 3), (1, 1)])
    if not (s == "6,4" and n == 4)
] + [OpCase("Split", [tensor("f32", "6,4"), tensor("i64", a)], {"num_splits": 2}, values=False) for a in ("", "...")]
VARIADIC_SPLITS = [
    OpCase("VariadicSplit", [tensor("f32", s), const(a), const(lengths)], values=s == "6,4")
    for s, (a, lengths) in itertools.product(
        ["6,4", "?,4", "3..8,4", "..."], [(0, [2, 4]), (0, [-1, 2]), (1, [1, 3]), ([-1], [4, 0]), (1, [4])]
    )
] + [
    OpCase("VariadicSplit", [tensor("f32", "6,4"), const(0), tensor("i64", "2")], values=False),
    OpCase("VariadicSplit", [tensor("f32", "6,4"), tensor("i64", ""), const([2, 2])], values=False),
]
REFUSED = [
    OpCase("Concat", [tensor("f32", "2,3"), tensor("f32", "2,4")], {"axis": 0}),
    OpCase("Concat", [tensor("f32", "2,3"), tensor("f32", "2")], {"axis": 0}),
    OpCase("Concat", [tensor("f32", "2,3"), tensor("f32", "2,3")], {"axis": 2}),
    OpCase("Concat", [tensor("f32", ""), tensor("f32", "")], {"axis": 0}),
    OpCase("Concat", [tensor("f32", "2"), tensor("i32", "2")], {"axis": 0}),
    OpCase("Split", [tensor("f32", "5,4"), const(0)], {"num_splits": 2}),
    OpCase("Split", [tensor("f32", "..2,4"), const(0)], {"num_splits": 3}),
    OpCase("Split", [tensor("f32", "6,4"), const(2)], {"num_splits": 2}),
    OpCase("Split", [tensor("f32", "6,4"), const([0])], {"num_splits": 2}),
    OpCase("VariadicSplit", [tensor("f32", "6,4"), const(0), const([2, 5])]),
    OpCase("VariadicSplit", [tensor("f32", "6,4"), const(0), const([-1, -1])]),
    OpCase("VariadicSplit", [tensor("f32", "6,4"), const(0), const([8, -2])]),
    OpCase("VariadicSplit", [tensor("f32", "6,4"), const([0, 1]), const([2, 4])]),
]


@pytest.mark.parametrize("case", [*CONCATS, *SPLITS, *VARIADIC_SPLITS], ids=str)
def test_matches_runtime(case: OpCase) -> None:
    case.check()


@pytest.mark.parametrize("case", REFUSED, ids=str)
def test_refused_as_by_runtime(case: OpCase) -> None:
    assert_both_refuse(case)
