"""Elementwise mathematics, rounding and logic of one input: types and numbers are the runtime's own."""

from __future__ import annotations

import numpy as np
import pytest

from dragoman_sdk.opcase import OpCase, assert_both_refuse, tensor

UNIT = ["Acos", "Asin", "Atanh"]
POSITIVE = ["Log", "Sqrt"]
ANY = ["Abs", "Asinh", "Atan", "Ceiling", "Cos", "Cosh", "Exp", "Floor", "Negative", "Sign", "Sin", "Sinh", "Tan"]
NUMERIC = [*UNIT, *POSITIVE, *ANY, "Acosh"]
TESTS = ["IsFinite", "IsInf", "IsNaN"]
ODD = [np.nan, np.inf, -np.inf, 0.0, -0.0, 1.5]
HALVES = [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 2.4, -0.2]

CASES = [
    *(OpCase(op, [tensor("f32", "2,9", low=-0.99, high=0.99)]) for op in UNIT),
    *(OpCase(op, [tensor("f32", "2,9", low=0.01, high=9)]) for op in POSITIVE),
    OpCase("Acosh", [tensor("f32", "2,9", low=1, high=9)]),
    *(OpCase(op, [tensor("f32", "2,9")]) for op in ANY),
    *(OpCase(op, [tensor("f32", "?,2..8")], values=False) for op in NUMERIC),
    *(OpCase(op, [tensor("f32", "...")], values=False) for op in NUMERIC),
    *(OpCase(op, [tensor("f16", "2,9", low=0.1, high=0.9)], rtol=2e-3) for op in NUMERIC if op != "Acosh"),
    *(OpCase(op, [tensor("i32", "7", range(-3, 4))]) for op in ANY),
    *(OpCase(op, [tensor("i64", "7", range(-3, 4))]) for op in ("Abs", "Negative", "Sign", "Floor", "Ceiling")),
    OpCase("Sign", [tensor("f32", "4", [-0.0, 0.0, -7.5, 1e-30])]),
    OpCase("Log", [tensor("f32", "3", [0.0, -1.0, 1.0])]),
    OpCase("Round", [tensor("f32", "8", HALVES)], {"mode": "half_to_even"}),
    OpCase("Round", [tensor("f32", "8", HALVES)], {"mode": "half_away_from_zero"}),
    OpCase("Round", [tensor("i32", "?,4")], {"mode": "half_to_even"}),
    *(OpCase(op, [tensor("f32", "6", ODD)]) for op in TESTS),
    *(OpCase(op, [tensor("f32", "?,..4")]) for op in TESTS),
    OpCase("IsInf", [tensor("f32", "6", ODD)], {"detect_negative": False}),
    OpCase("IsInf", [tensor("f32", "6", ODD)], {"detect_positive": False}),
    OpCase("BitwiseNot", [tensor("i32", "4", [0, 5, -7, 255])]),
    OpCase("BitwiseNot", [tensor("u8", "4", [0, 5, 7, 255])]),
    OpCase("BitwiseNot", [tensor("boolean", "?,3")]),
    OpCase("LogicalNot", [tensor("boolean", "2,3")]),
    OpCase("LogicalNot", [tensor("boolean", "...")], values=False),
]

REFUSED = [
    *(OpCase(op, [tensor("boolean", "2")]) for op in NUMERIC),
    *(OpCase(op, [tensor("i32", "2")]) for op in TESTS),
    OpCase("BitwiseNot", [tensor("f32", "2")]),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_matches_runtime(case: OpCase) -> None:
    case.check()


@pytest.mark.parametrize("case", REFUSED, ids=str)
def test_refused_by_both(case: OpCase) -> None:
    assert_both_refuse(case)
