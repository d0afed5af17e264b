"""Sources of values: types and numbers are the runtime's own."""

from __future__ import annotations

import pytest

from dragoman.graph.types import parse_shape
from dragoman_sdk.opcase import OpCase, assert_both_refuse, const, tensor

ONE, ZERO = const(1, "f32"), const(0, "f32")
IDS = tensor("i64", "2,?", [[0, 1, 2], [4, -1, 7]])
F32 = {"output_type": "f32"}
I64 = {"output_type": "i64"}
DRAW = {"with_replacement": True, "log_probs": False}


def ends(start: float, stop: float, step: float, kind: str = "i64") -> list:
    return [const(start, kind), const(stop, kind), const(step, kind)]


STEPS = [(0, 10, 3), (0, 10, -1), (10, 0, -3), (0, 0, 1), (-5, 5, 10)]
REAL_STEPS = [(0, 1, 0.3), (0, 1, 0.1), (0.5, 3.7, 1), (3, -2, -0.7)]
OPEN = [("", "", ""), ("...", "", "")]

CASES = [
    OpCase("Parameter", [], {"element_type": "f16", "shape": parse_shape("2,?,3..5")}),
    OpCase("Parameter", [], {"element_type": "i64", "shape": parse_shape("...")}),
    OpCase("Result", [tensor("f32", "2,?")]),
    OpCase("Identity", [tensor("f32", "2,?")]),
    OpCase("Identity", [tensor("i64", "...")], values=False),
    *(OpCase("ShapeOf", [tensor("f32", s)], {"output_type": t}) for s in ("2,?,4", "", "0,3") for t in ("i64", "i32")),
    *(OpCase("ShapeOf", [tensor("f32", s)], version="opset1") for s in ("2,?,4", "")),
    OpCase("ShapeOf", [tensor("f32", "...")], values=False),
    OpCase("ShapeOf", [tensor("f32", "...")], version="opset1", values=False),
    *(OpCase("Range", ends(*s), I64) for s in STEPS),
    *(OpCase("Range", ends(*s), version="opset1") for s in STEPS),
    *(OpCase("Range", ends(*s, "f32"), F32) for s in REAL_STEPS),
    *(OpCase("Range", ends(*s, "f32"), version="opset1") for s in REAL_STEPS),
    *(OpCase("Range", [tensor("i64", s) for s in shapes], I64, values=False) for shapes in OPEN),
    *(OpCase("Range", [tensor("f32", s) for s in shapes], version="opset1", values=False) for shapes in OPEN),
    OpCase("Range", ends(0.5, 3.7, 1.5, "f32"), I64),
    OpCase("Range", ends(0, 5, 1, "i32"), F32),
    OpCase("Range", ends(0, 1, 0.1, "f16"), {"output_type": "f16"}, rtol=2e-3),
    OpCase("Range", ends(0, 1, 0.1, "f32"), {"output_type": "bf16"}, values=False),
    OpCase("Range", [const(0), tensor("i64", "", 7), const(1, "i32")], I64),
    *(OpCase("Eye", [const(3), const(4), const(k)], F32) for k in (-1, 0, 2)),
    OpCase("Eye", [const([3]), const([4]), const([1])], F32),
    OpCase("Eye", [const(3), const(4), const(0, "i32"), const([2, 5])], {"output_type": "i32"}),
    OpCase("Eye", [const(3), const(4), const(0), const([])], {"output_type": "u8"}),
    OpCase("Eye", [tensor("i64", "1"), tensor("i64", ""), tensor("i32", "?"), tensor("i64", "2")], F32, values=False),
    OpCase("Eye", [const(3), const(4), const(0), tensor("i64", "?")], F32, values=False),
    OpCase("Eye", [const(3), const(4), const(0), tensor("i64", "...")], F32, values=False),
    *(OpCase("OneHot", [IDS, const(5), ONE, ZERO], {"axis": a}) for a in (-3, -1, 0, 1, 2)),
    *(OpCase("OneHot", [IDS, const(5), ONE, ZERO], {"axis": a}, version="opset1") for a in (-3, -1, 0, 1, 2)),
    OpCase("OneHot", [IDS, const(5), ONE, ZERO], {"axis": -1, "negative_indices_mode": "normalize"}),
    OpCase("OneHot", [tensor("i32", "", 2), const(5, "i32"), const(True, "boolean"), const(False, "boolean")]),
    OpCase("OneHot", [IDS, tensor("i64", "", 4), ONE, ZERO], {"axis": 1}),
    OpCase("OneHot", [tensor("i64", "..."), const(3), ONE, ZERO], values=False),
    OpCase("OneHot", [tensor("i64", "2"), tensor("i64", "?"), tensor("f32", "?"), ZERO], values=False),
    *(OpCase("RandomUniform", [s, ZERO, ONE], F32)
      for s in (const([2, 3]), tensor("i64", "2"), tensor("i32", "?"), tensor("i64", "..."))),
    OpCase("RandomUniform", [const([2, 3]), const([0], "i32"), const([9], "i32")], {"output_type": "i32"}),
    *(OpCase("Multinomial", [tensor("f32", "2,5"), n], {**DRAW, "convert_type": t})
      for n in (const(3), const([3], "i32"), tensor("i64", ""), tensor("i64", "?")) for t in ("i64", "i32")),
    OpCase("Multinomial", [tensor("f16", "?,5"), const(3)], DRAW),
    OpCase("Multinomial", [tensor("f32", "..."), const(3)], DRAW),
]  # fmt: skip

REFUSED = [
    OpCase("ShapeOf", [tensor("f32", "2")], {"output_type": "u8"}),
    OpCase("Range", ends(0, 10, 0), I64),
    OpCase("Range", ends(0, 10, 0), version="opset1"),
    OpCase("Range", [const([0]), const(4), const(1)], I64),
    OpCase("Range", [tensor("i64", "?"), const(4), const(1)], I64),
    OpCase("Range", [tensor("boolean", ""), const(4), const(1)], I64),
    OpCase("Range", ends(0, 4, 1), {"output_type": "boolean"}),
    OpCase("Range", [const(0, "i32"), const(4), const(1)], version="opset1"),
    OpCase("Eye", [const(-3), const(4), const(0)], F32),
    OpCase("Eye", [const(3, "f32"), const(4), const(0)], F32),
    OpCase("Eye", [const(3), const(4), const(0, "f32")], F32),
    OpCase("Eye", [tensor("i64", "2"), const(4), const(0)], F32),
    OpCase("Eye", [const(3), const(4), tensor("i64", "3")], F32),
    OpCase("Eye", [const(3), const(4), const(0), tensor("i64", "")], F32),
    OpCase("OneHot", [IDS, const(5), ONE, ZERO], {"axis": 3}),
    OpCase("OneHot", [IDS, const(5), ONE, ZERO], {"axis": -4}, version="opset1"),
    OpCase("OneHot", [tensor("f32", "2"), const(5), ONE, ZERO]),
    OpCase("OneHot", [IDS, const(-5), ONE, ZERO]),
    OpCase("OneHot", [IDS, const([5]), ONE, ZERO]),
    OpCase("OneHot", [IDS, const(5, "f32"), ONE, ZERO]),
    OpCase("OneHot", [IDS, const(5), const([1], "f32"), ZERO]),
    OpCase("OneHot", [IDS, const(5), ONE, const(0, "f16")]),
    OpCase("RandomUniform", [const([2]), ONE, ZERO], F32),
    OpCase("RandomUniform", [const(2), ZERO, ONE], F32),
    OpCase("RandomUniform", [const([2]), const(0, "i32"), const(1, "i32")], F32),
    OpCase("RandomUniform", [const([2]), const(0, "i8"), const(1, "i8")], {"output_type": "i8"}),
    OpCase("RandomUniform", [const([2]), tensor("f32", "2"), ONE], F32),
    OpCase("Multinomial", [tensor("f32", "5"), const(3)], DRAW),
    OpCase("Multinomial", [tensor("i32", "2,5"), const(3)], DRAW),
    OpCase("Multinomial", [tensor("f32", "2,5"), const(3, "f32")], DRAW),
    OpCase("Multinomial", [tensor("f32", "2,5"), tensor("i32", "2")], DRAW),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_matches_runtime(case: OpCase) -> None:
    case.check()


@pytest.mark.parametrize("case", REFUSED, ids=str)
def test_refused_by_both(case: OpCase) -> None:
    assert_both_refuse(case)
