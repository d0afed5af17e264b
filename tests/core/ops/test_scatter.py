"""Scatter ops: types and numbers are the runtime's own."""

from __future__ import annotations

import pytest

from dragoman.builder import Builder
from dragoman.graph.graph import Graph, Value
from dragoman.graph.types import f32, parse_shape
from dragoman_sdk.graphcase import assert_types_match
from dragoman_sdk.opcase import Const, Input, OpCase, assert_both_refuse, const, registry, tensor

DUPLICATED = const([[0, 1, 1], [1, 1, 0]])


def elements(kind: str) -> list[Input | Const]:
    return [tensor(kind, "3,3"), DUPLICATED, tensor(kind, "2,3"), const(0)]


REDUCTIONS = [
    OpCase("ScatterElementsUpdate", elements(kind), {"reduction": reduction, "use_init_val": init})
    for reduction in ("sum", "prod", "min", "max", "mean")
    for kind in ("f32", "i32")
    for init in (True, False)
] + [
    OpCase("ScatterNDUpdate", [tensor(kind, "4,3"), const([[0], [2], [0]]), tensor(kind, "3,3")], {"reduction": r})
    for r in ("none", "sum", "sub", "prod", "min", "max")
    for kind in ("f32", "i32")
]

CASES = [
    OpCase("ScatterElementsUpdate", [tensor("f32", "2,3"), const([[1, 0, 1]]), tensor("f32", "1,3"), const(0)]),
    OpCase("ScatterElementsUpdate", [tensor("i64", "2,3"), const([[-1], [1]]), tensor("i64", "2,1"), const([-1])]),
    OpCase(
        "ScatterElementsUpdate",
        [tensor("u8", "2,3"), const([[2], [1]], "i32"), tensor("u8", "2,1"), const(1)],
        version="opset3",
    ),
    OpCase(
        "ScatterElementsUpdate",
        [tensor("f32", "?,3..5"), tensor("i32", "2,?"), tensor("f32", "..."), tensor("i32", "?")],
        values=False,
    ),
    OpCase(
        "ScatterElementsUpdate",
        [tensor("f32", "..."), tensor("i32", "2,?"), tensor("f32", "..."), const(7)],
        values=False,
    ),
    OpCase("ScatterNDUpdate", [tensor("f32", "3,4"), const([[0, 1], [2, 3]]), tensor("f32", "2")], version="opset4"),
    OpCase("ScatterNDUpdate", [tensor("i32", "3,4,2"), const([[[1]], [[0]]]), tensor("i32", "2,1,4,2")]),
    OpCase("ScatterNDUpdate", [tensor("f32", "3,4"), const([[2, 3]]), tensor("f32", "1")]),
    OpCase("ScatterNDUpdate", [tensor("f32", "3,4"), const([2, 3]), tensor("f32", "")]),
    # the CPU plugin takes only a scalar here (scatter_update.cpp: "matched tensor rank relationship")
    OpCase("ScatterNDUpdate", [tensor("f32", "3,4"), const([2, 3]), tensor("f32", "1")], values=False),
    OpCase("ScatterNDUpdate", [tensor("f32", "?,4"), tensor("i32", "?,1"), tensor("f32", "5,?")], values=False),
    OpCase("ScatterNDUpdate", [tensor("f32", "..."), tensor("i32", "?,1"), tensor("f32", "5,?")], values=False),
    OpCase("ScatterNDUpdate", [tensor("f32", "3,2..4"), tensor("i32", "?,?"), tensor("f32", "5,?")], values=False),
    OpCase("ScatterUpdate", [tensor("f32", "3,4"), const([2, 0]), tensor("f32", "2,4"), const(0)]),
    OpCase("ScatterUpdate", [tensor("i32", "3,4,2"), const([[2], [0]]), tensor("i32", "3,2,1,2"), const([1])]),
    # the CPU plugin "does not support scalar input" for the indices
    OpCase("ScatterUpdate", [tensor("f32", "3,4"), const(1), tensor("f32", "4"), const(0)], values=False),
    OpCase("ScatterUpdate", [tensor("f16", "3,4"), const([1], "i32"), tensor("f16", "3,1"), const(-1, "i32")]),
    OpCase(
        "ScatterUpdate",
        [tensor("f32", "?,4..8"), tensor("i32", "?"), tensor("f32", "2,?"), const(0)],
        values=False,
    ),
    OpCase(
        "ScatterUpdate",
        [tensor("f32", "..."), tensor("i32", "?"), tensor("f32", "2,?"), tensor("i64", "")],
        values=False,
    ),
]

REFUSED = [
    OpCase("ScatterElementsUpdate", [tensor("f32", "2,3"), const([[1, 0]]), tensor("f32", "1,3"), const(0)]),
    OpCase("ScatterElementsUpdate", [tensor("f32", "2,3"), const([1, 0]), tensor("f32", "2"), const(0)]),
    OpCase("ScatterElementsUpdate", [tensor("f32", "2,3"), const([[1, 0]]), tensor("f16", "1,2"), const(0)]),
    OpCase("ScatterElementsUpdate", [tensor("f32", "2,3"), const([[1, 0]]), tensor("f32", "1,2"), const(2)]),
    OpCase("ScatterElementsUpdate", [tensor("f32", "2,3"), const([[1.0]], "f32"), tensor("f32", "1,1"), const(0)]),
    OpCase("ScatterElementsUpdate", elements("boolean"), {"reduction": "mean"}),
    OpCase("ScatterNDUpdate", [tensor("f32", "3,4"), const([[0, 1, 0]]), tensor("f32", "1")]),
    OpCase("ScatterNDUpdate", [tensor("f32", "3,4"), const([[0]]), tensor("f32", "1,5")]),
    OpCase("ScatterNDUpdate", [tensor("f32", "3,4"), const([[0]]), tensor("f32", "4")]),
    OpCase("ScatterNDUpdate", [tensor("f32", "3,4"), const([[0]], "u8"), tensor("f32", "1,4")]),
    OpCase("ScatterNDUpdate", [tensor("f32", "3,4"), const([[0]]), tensor("i32", "1,4")]),
    OpCase("ScatterUpdate", [tensor("f32", "3,4"), const([2, 0]), tensor("f32", "2,5"), const(0)]),
    OpCase("ScatterUpdate", [tensor("f32", "3,4"), const(2), tensor("f32", "1,4"), const(0)]),
    OpCase("ScatterUpdate", [tensor("f32", "3,4"), const([2]), tensor("f32", "1,4"), const(2)]),
    OpCase("ScatterUpdate", [tensor("f32", "3,4"), const([2]), tensor("f32", "1,4"), const([0, 1])]),
]


@pytest.mark.parametrize("case", CASES + REDUCTIONS, ids=str)
def test_matches_runtime(case: OpCase) -> None:
    case.check()


@pytest.mark.parametrize("case", REFUSED, ids=str)
def test_refused_by_both(case: OpCase) -> None:
    assert_both_refuse(case)


@pytest.mark.parametrize("op_name", ["ScatterUpdate", "ScatterElementsUpdate", "ScatterNDUpdate"])
def test_a_shape_with_replaced_elements_is_known(op_name: str) -> None:
    graph = Graph(op_name)
    op = Builder(graph, registry())
    data = op.parameter(f32, parse_shape("2..4,3,6"), "data", ("data",))
    shape = op.ShapeOf(data)
    if op_name == "ScatterNDUpdate":
        target = op.ScatterNDUpdate(shape, [[0], [2]], [-1, 2])
    else:
        target = op.make(op_name, shape, [0, 2], [-1, 2], 0)
    graph.outputs = [
        op.Reshape(data, target, special_zero=False),
        op.Broadcast(1.0, op.make(op_name, *_two(shape, op_name))),
    ]
    assert_types_match(graph)


def _two(shape: Value, op_name: str) -> tuple[object, ...]:
    return (shape, [[1]], [7]) if op_name == "ScatterNDUpdate" else (shape, [1], [7], 0)
