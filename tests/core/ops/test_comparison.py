"""Comparisons, logic of two inputs and selection: types and numbers are the runtime's own."""

from __future__ import annotations

import numpy as np
import pytest

from dragoman_sdk.opcase import OpCase, assert_both_refuse, tensor

COMPARE = ["Equal", "NotEqual", "Greater", "GreaterEqual", "Less", "LessEqual"]
LOGIC = ["LogicalAnd", "LogicalOr", "LogicalXor", "Xor"]
A, B = [1, 2, 3, -4], [1, 3, 2, -4]


def pair(kind: str, a: str, b: str) -> list:
    return [tensor(kind, a), tensor(kind, b)]


def three(cond: str, then: str, other: str, kind: str = "f32") -> list:
    return [tensor("boolean", cond), tensor(kind, then), tensor(kind, other)]


CASES = [
    *(OpCase(op, [tensor(k, "4", A), tensor(k, "4", B)]) for op in COMPARE for k in ("f32", "i32", "i64", "f16")),
    *(
        OpCase(op, [tensor("f32", "3", [np.nan, np.inf, 1]), tensor("f32", "3", [np.nan, np.inf, 2])], values=v)
        for op, v in [(c, "Great" not in c) for c in COMPARE]
    ),  # the plugin finds NaN > NaN and NaN >= NaN
    *(OpCase(op, pair("f32", "2,1,4", "3,1")) for op in COMPARE),
    *(OpCase(op, pair("i64", "?,3", "2..4,1")) for op in COMPARE),
    # pdpd: read, but the plugin compares and selects by numpy's rules only
    *(OpCase(op, pair("f32", "2,3", "2"), {"auto_broadcast": "pdpd"}, values=False) for op in ("Equal", "Less")),
    *(OpCase(op, pair("boolean", "4,3", "3")) for op in ("Equal", "NotEqual")),
    *(OpCase(op, pair("boolean", "4,3", "3")) for op in LOGIC),
    *(OpCase(op, pair("boolean", "?,3", "1..2,1"), values=False) for op in LOGIC),
    *(OpCase(op, pair("boolean", "...", "3"), values=False) for op in LOGIC),
    OpCase("Select", three("2,3", "2,3", "1,3")),
    OpCase("Select", three("", "2,3", "3")),
    OpCase("Select", three("4,1,3", "2,3", "")),
    OpCase("Select", three("3", "2,3", "2,1", "i64")),
    OpCase("Select", three("3", "2,3", "2,1", "boolean")),
    OpCase("Select", three("?,1", "2,?", "1..2,3"), values=False),
    OpCase("Select", three("...", "2,3", "3"), values=False),
    OpCase("Select", three("2,3", "...", "3"), values=False),
    OpCase("Select", three("2,?", "2,3", "?,3"), {"auto_broadcast": "none"}, values=False),
    OpCase("Select", three("2,3", "2,3", "2,3"), {"auto_broadcast": "none"}),
    OpCase("Select", three("...", "2,3", "2,3"), {"auto_broadcast": "none"}, values=False),
    OpCase("Select", three("2", "2,3", "2,3"), {"auto_broadcast": "pdpd"}, values=False),
    OpCase("Select", three("2,3", "2,3", "2,1"), {"auto_broadcast": "pdpd"}, values=False),
    OpCase("Select", three("2,?", "2,3", "..4,1"), {"auto_broadcast": "pdpd"}, values=False),
]

REFUSED = [
    *(OpCase(op, [tensor("f32", "2"), tensor("f16", "2")]) for op in COMPARE),
    *(OpCase(op, pair("f32", "2", "3")) for op in COMPARE),
    *(OpCase(op, pair("u8", "2", "2")) for op in LOGIC),
    OpCase("Select", [tensor("u8", "2"), tensor("f32", "2"), tensor("f32", "2")]),
    OpCase("Select", [tensor("boolean", "2"), tensor("f32", "2"), tensor("f16", "2")]),
    OpCase("Select", three("2,3", "2,3", "3"), {"auto_broadcast": "none"}),
    OpCase("Select", three("2,3", "2,3", "3"), {"auto_broadcast": "pdpd"}),
    OpCase("Select", three("2,3", "2", "2,3"), {"auto_broadcast": "pdpd"}),
    OpCase("Select", three("2,3", "4", "3")),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_matches_runtime(case: OpCase) -> None:
    case.check()


@pytest.mark.parametrize("case", REFUSED, ids=str)
def test_refused_by_both(case: OpCase) -> None:
    assert_both_refuse(case)
