"""Reductions and the running sum: types and numbers are the runtime's own."""

from __future__ import annotations

import pytest

from dragoman_sdk.opcase import OpCase, assert_both_refuse, const, tensor

NUMERIC = ["ReduceL1", "ReduceL2", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd", "ReduceSum"]
LOGICAL = ["ReduceLogicalAnd", "ReduceLogicalOr"]
KEEP = [{"keep_dims": True}, {"keep_dims": False}]
AXES = [const(0), const([1]), const([0, -1]), const([0, 0]), const([2, 0, 1], "i32")]
OPEN = [tensor("i64", ""), tensor("i64", "1"), tensor("i32", "2"), tensor("i64", "?"), tensor("i64", "...")]
X = tensor("f32", "2,3,4")
Y = tensor("f32", "2,?,3..8")

CASES = [
    *(OpCase(op, [X, axes], keep) for op in NUMERIC for axes in AXES for keep in KEEP),
    *(OpCase(op, [tensor("boolean", "2,3,4"), axes], keep) for op in LOGICAL for axes in AXES for keep in KEEP),
    *(OpCase(op, [Y, const([1])], keep) for op in NUMERIC for keep in KEEP),
    *(OpCase("ReduceSum", [Y, axes], keep, values=False) for axes in OPEN for keep in KEEP),
    *(
        OpCase("ReduceMax", [tensor("f32", "..."), axes], keep, values=False)
        for axes in (AXES[2], OPEN[3])
        for keep in KEEP
    ),
    *(OpCase(op, [tensor("i32", "2,3"), const([1])], keep) for op in NUMERIC for keep in KEEP),
    *(OpCase(op, [tensor("f16", "2,3"), const([1])], KEEP[0], rtol=2e-3) for op in NUMERIC),
    OpCase("ReduceSum", [tensor("f32", ""), const([])]),
    OpCase("ReduceSum", [tensor("f32", ""), const([0])], values=False),
    *(OpCase("CumSum", [X, const(a)], {"exclusive": e, "reverse": r}) for a in (0, -1) for e in (0, 1) for r in (0, 1)),
    OpCase("CumSum", [tensor("i32", "2,5"), const(1, "i32")], {"exclusive": True}),
    OpCase("CumSum", [tensor("i32", "2,5"), const([1], "i32")], values=False, note=" the plugin wants a scalar"),
    OpCase("CumSum", [Y, tensor("i64", "", 1)]),
    OpCase("CumSum", [tensor("f32", "..."), tensor("i64", "...")], values=False),
]

REFUSED = [
    *(OpCase(op, [X, axes]) for op in NUMERIC for axes in (const([3]), const(-4), const([[0]]), const(0, "f32"))),
    *(OpCase(op, [tensor("boolean", "2"), const(0)]) for op in NUMERIC),
    *(OpCase(op, [tensor("i32", "2"), const(0)]) for op in LOGICAL),
    OpCase("CumSum", [X, const(0, "f32")]),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_matches_runtime(case: OpCase) -> None:
    case.check()


@pytest.mark.parametrize("case", REFUSED, ids=str)
def test_refused_by_both(case: OpCase) -> None:
    assert_both_refuse(case)
