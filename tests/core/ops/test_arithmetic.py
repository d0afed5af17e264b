"""Arithmetic of two inputs: types, broadcasting and numbers are the runtime's own."""

from __future__ import annotations

import pytest

from dragoman_sdk.opcase import OpCase, assert_both_refuse, const, tensor

PLAIN = ["Add", "Subtract", "Multiply", "Divide", "Maximum", "Minimum", "SquaredDifference", "Mod", "FloorMod"]
BITS = ["BitwiseAnd", "BitwiseOr", "BitwiseXor"]
SHIFTS = ["BitwiseLeftShift", "BitwiseRightShift"]
DIVIDENDS, DIVISORS = [-7, 7, -7, 7, -6, 6, 0], [2, 2, -2, -2, 3, -3, 5]
MIXED = ["?", "1", "3", "..5", "1..5", "2..", "2..5", "6..9", "0"]
SHAPES = [
    ("2,1,4", "3,1"),
    ("", "2,3"),
    ("2,3", "1"),
    ("?,3", "3,1"),
    ("2,?,3..8", "?,1"),
    ("...", "2"),
    ("...", "..."),
]
PDPD = [("2,3,4", "2"), ("2,3,4", "2,3"), ("2,3,4", "2,1"), ("2,3,4", "")]


def pair(kind: str, a: str, b: str) -> list:
    return [tensor(kind, a), tensor(kind, b)]


NEVER = [("0", "3"), ("0", "2.."), ("0", "2..5"), ("0", "6..9"), ("3", "6..9"), ("2..5", "6..9")]
IMPOSSIBLE = NEVER + [(b, a) for a, b in NEVER]


CASES = [
    *(OpCase(op, pair("f32", "2,3", "2,3")) for op in PLAIN),
    *(OpCase(op, pair("f32", a, b), values=a != "...") for op in ("Add", "Multiply") for a, b in SHAPES),
    *(OpCase(op, [tensor("i32", "7", DIVIDENDS), tensor("i32", "7", DIVISORS)]) for op in PLAIN if op != "Divide"),
    *(OpCase(op, [tensor("i64", "7", DIVIDENDS), tensor("i64", "7", DIVISORS)]) for op in PLAIN if op != "Divide"),
    *(OpCase(op, [tensor("f32", "7", DIVIDENDS), tensor("f32", "7", DIVISORS)]) for op in PLAIN),
    *(OpCase(op, [tensor("f16", "6"), tensor("f16", "6")], rtol=2e-3) for op in ("Add", "Multiply", "Maximum")),
    *(OpCase(op, [tensor("u8", "4", [9, 8, 100, 7]), tensor("u8", "4", [1, 8, 2, 7])]) for op in ("Add", "Subtract")),
    # bytes that overflow: the plugin saturates (255), the type's own arithmetic wraps (199)
    OpCase("Add", [tensor("u8", "1", [200]), tensor("u8", "1", [255])], values=False),
    # the plugin truncates (-3) where m_pythondiv asks for the floor (-4): keep to m_pythondiv=False for integers
    OpCase("Divide", [tensor("i32", "7", DIVIDENDS), tensor("i32", "7", DIVISORS)], values=False),
    OpCase("Divide", [tensor("i32", "7", DIVIDENDS), tensor("i32", "7", DIVISORS)], {"m_pythondiv": False}),
    OpCase("Divide", [tensor("i64", "7", DIVIDENDS), tensor("i64", "7", DIVISORS)], {"m_pythondiv": False}),
    OpCase("Divide", [tensor("f32", "3", [0, 5, -5]), tensor("f32", "3", [0, 0, 0])]),
    OpCase("Power", [tensor("f32", "5", [0, -2, -2, 2, 3]), tensor("f32", "5", [0, 2, 0.5, -1, 2.5])]),
    OpCase("Power", [tensor("i32", "3", [2, -2, 3]), tensor("i32", "3", [0, 3, 4])]),
    OpCase("Power", [tensor("f32", "2,?"), const(2, "f32")]),
    *(OpCase(op, [tensor("i32", "4", [3, -5, 12, 0]), tensor("i32", "4", [5, 6, -7, 9])]) for op in BITS),
    *(OpCase(op, [tensor("u8", "4", [3, 5, 12, 0]), tensor("u8", "4", [5, 6, 7, 9])]) for op in BITS),
    *(OpCase(op, pair("boolean", "2,5", "5")) for op in BITS),
    *(OpCase(op, [tensor("i32", "3", [3, -5, 12]), tensor("i32", "3", [1, 2, 0])]) for op in SHIFTS),
    *(OpCase(op, pair("i32", "?,3", "1..4,1"), values=False) for op in SHIFTS),
    *(OpCase("Add", pair("f32", a, b), values=False) for a in MIXED for b in MIXED if (a, b) not in IMPOSSIBLE),
    *(OpCase("Add", pair("f32", a, b), {"auto_broadcast": "pdpd"}) for a, b in PDPD),
    # the plugin rewrites it with numpy's rules and then refuses the model
    *(OpCase("Divide", pair("f32", a, b), {"auto_broadcast": "pdpd"}, values=False) for a, b in PDPD),
    OpCase("Add", pair("f32", "?,3", "1..4,3"), {"auto_broadcast": "pdpd"}, values=False),
    OpCase("Add", pair("f32", "2,?", "2,3"), {"auto_broadcast": "none"}),
    OpCase("Add", pair("f32", "...", "2,1..3"), {"auto_broadcast": "none"}, values=False),
]

REFUSED = [
    *(OpCase(op, pair("boolean", "2", "2")) for op in [*PLAIN, "Power", *SHIFTS]),
    *(OpCase(op, pair("f32", "2", "2")) for op in [*BITS, *SHIFTS]),
    *(OpCase(op, [tensor("f32", "2"), tensor("f16", "2")]) for op in PLAIN),
    *(OpCase("Add", pair("f32", a, b)) for a, b in IMPOSSIBLE),
    *(OpCase("Add", pair("f32", "2", "1"), {"auto_broadcast": mode}) for mode in ("none",)),
    OpCase("Add", pair("f32", "2,3", "3"), {"auto_broadcast": "pdpd"}),
    OpCase("Add", pair("f32", "3", "2,3"), {"auto_broadcast": "pdpd"}),
    OpCase("Add", pair("f32", "1,3", "2,3"), {"auto_broadcast": "pdpd"}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_matches_runtime(case: OpCase) -> None:
    case.check()


@pytest.mark.parametrize("case", REFUSED, ids=str)
def test_refused_by_both(case: OpCase) -> None:
    assert_both_refuse(case)
