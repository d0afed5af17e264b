"""Activations: types and numbers are the runtime's own."""

from __future__ import annotations

import pytest

from dragoman_sdk.opcase import OpCase, assert_both_refuse, const, tensor

REAL = ["Gelu", "Mish", "SoftPlus", "SoftSign", "Swish"]
NUMERIC = ["Relu", "Sigmoid", "Tanh", "HSwish", "HSigmoid", "Erf"]
X = tensor("f32", "2,3")

CASES = [
    *(OpCase(op, [tensor("f32", "2,5", low=-6, high=6)]) for op in REAL + NUMERIC),
    *(OpCase(op, [tensor("f32", "?,3..8")]) for op in REAL + NUMERIC),
    *(OpCase(op, [tensor("f32", "...")], values=False) for op in REAL + NUMERIC),
    *(OpCase(op, [tensor("f16", "7")], rtol=2e-3) for op in REAL + NUMERIC),
    *(OpCase(op, [tensor("i32", "7", range(-3, 4))]) for op in NUMERIC),
    OpCase("Relu", [tensor("i64", "4")]),
    OpCase("Gelu", [tensor("f32", "9")], {"approximation_mode": "tanh"}),
    OpCase("Gelu", [tensor("f32", "9,?")], version="opset2"),
    OpCase("Elu", [X], {"alpha": 0.7}),
    OpCase("Elu", [tensor("f32", "?,2")], {"alpha": 1}),
    OpCase("PRelu", [tensor("f32", "2,3"), tensor("f32", "3")]),
    OpCase("PRelu", [tensor("f32", "2,3,4"), tensor("f32", "3")], note=" on channels"),
    OpCase("PRelu", [tensor("f32", "2,3,3"), tensor("f32", "3")], note=" on channels, not the last"),
    OpCase("PRelu", [tensor("f32", "2,3,4"), tensor("f32", "1")]),
    OpCase("PRelu", [tensor("f32", "2,3,4"), tensor("f32", "3,1")]),
    OpCase("PRelu", [tensor("f32", "4"), tensor("f32", "4")]),
    OpCase("PRelu", [tensor("f32", "?,3,..9"), tensor("f32", "3")]),
    OpCase("PRelu", [tensor("f32", "..."), tensor("f32", "?")], values=False),
    OpCase("Selu", [X, const([1.67], "f32"), const([1.05], "f32")]),
    OpCase("Selu", [tensor("f32", "?,4"), tensor("f32", ""), tensor("f32", "")], values=False, note=" needs constants"),
    OpCase("HardSigmoid", [X, const(0.2, "f32"), const(0.5, "f32")]),
    OpCase("HardSigmoid", [tensor("f32", "?,3"), tensor("f32", "..."), tensor("f32", "?")], values=False),
    OpCase("Swish", [X, const(1.5, "f32")]),
    OpCase("Swish", [tensor("f32", "..."), tensor("f32", "...")], values=False),
    OpCase("Clamp", [X], {"min": -1, "max": 0.5}),
    OpCase("Clamp", [tensor("i32", "9", range(-4, 5))], {"min": -1.5, "max": 1.5}),
    OpCase("Clamp", [tensor("u8", "3", [0, 50, 200])], {"min": -1.5, "max": 100.6}),
    OpCase("Clamp", [tensor("f32", "?,2..4")], {"min": 2, "max": 2}),
    OpCase("Clamp", [X], {"min": 0, "max": float("inf")}),
    # the plugin's approximation drifts towards 1: 2.32185 for 0.999, where erf(2.32675) is 0.999
    OpCase("ErfInv", [tensor("f32", "7", [-1, -0.5, 0, 0.1, 0.4, 1, 1.5])]),
    OpCase("ErfInv", [tensor("f32", "2,?")], values=False),
    *(OpCase("Softmax", [tensor("f32", "2,3,4")], {"axis": a}, version="opset1") for a in (0, 1, 2)),
    *(OpCase("Softmax", [tensor("f32", "2,3,4")], {"axis": a}) for a in (-3, -1, 0, 1, 2)),
    OpCase("Softmax", [tensor("f32", "2,?,3..8")], {"axis": -2}),
    OpCase("Softmax", [tensor("f32", "...")], {"axis": 7}, values=False),
    OpCase("Softmax", [tensor("f32", "")], {"axis": 0}),
    OpCase("Softmax", [tensor("f32", "3", [500.0, -500.0, 499.0])], {"axis": 0}),
    *(OpCase("LogSoftmax", [tensor("f32", "2,3,4")], {"axis": a}) for a in (-3, -1, 1)),
    OpCase("LogSoftmax", [tensor("f32", "?,3")], {"axis": 1}),
]

REFUSED = [
    *(OpCase(op, [tensor("boolean", "2")]) for op in NUMERIC),
    *(OpCase(op, [tensor("i32", "2")]) for op in [*REAL, "ErfInv"]),
    OpCase("Gelu", [tensor("i32", "2")], version="opset2"),
    OpCase("Clamp", [X], {"min": 1, "max": 0}),
    OpCase("Softmax", [X], {"axis": -1}, version="opset1"),
    OpCase("Softmax", [X], {"axis": 2}, version="opset1"),
    OpCase("Softmax", [X], {"axis": 2}),
    OpCase("Softmax", [X], {"axis": -3}),
    OpCase("LogSoftmax", [X], {"axis": 2}),
    OpCase("HardSigmoid", [X, const([0.2], "f32"), const(0.5, "f32")]),
    OpCase("HardSigmoid", [X, const(0.2, "f16"), const(0.5, "f32")]),
    OpCase("Selu", [X, const([1.67], "f16"), const([1.05], "f32")]),
    OpCase("Swish", [X, const([1.5], "f32")]),
    OpCase("Swish", [X, const(1.5, "f16")]),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_matches_runtime(case: OpCase) -> None:
    case.check()


@pytest.mark.parametrize("case", REFUSED, ids=str)
def test_refused_by_both(case: OpCase) -> None:
    assert_both_refuse(case)
