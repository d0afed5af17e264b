"""Gather ops: types and numbers are the runtime's own."""

from __future__ import annotations

import numpy as np
import pytest

from dragoman.builder import Builder
from dragoman.graph.graph import Graph
from dragoman.graph.types import f32, parse_shape
from dragoman_sdk.graphcase import assert_types_match
from dragoman_sdk.opcase import OpCase, assert_both_refuse, const, registry, tensor

STEPS = [[[2, 5, 4], [6, 3, 3]], [[1, 2, 9], [7, 9, 4]], [[8, 8, 3], [1, 2, 3]]]
PARENTS = [[[0, 0, 0], [0, 0, 0]], [[1, 0, 2], [2, 1, 1]], [[0, 2, 1], [0, 0, 1]]]

# Not here: batch_dims with all batch sizes 1 and axis = batch_dims; the CPU plugin dies of it (segmentation fault).
CASES = [
    OpCase("Gather", [tensor("f32", "2,3,4"), const([2, 0]), const(1)], {"batch_dims": 0}),
    OpCase("Gather", [tensor("i64", "5,2"), const([[1, -1], [0, -5]]), const(0)]),
    OpCase("Gather", [tensor("u8", "2,3"), const(1, "i32"), const([-1], "i32")]),
    OpCase("Gather", [tensor("boolean", "4"), const([3, 3, 0]), const(0)]),
    OpCase("Gather", [tensor("f16", "2,5,3"), const([[0, 1], [4, 2]]), const(1)], {"batch_dims": 1}),
    OpCase("Gather", [tensor("f32", "2,2,3"), const([[0, 1], [1, 0]]), const(2)], {"batch_dims": -1}),
    OpCase("Gather", [tensor("f32", "2,5,3"), const([[0, 1], [1, 2]], "u8"), const(2)], {"batch_dims": 1}),
    OpCase("Gather", [tensor("f32", "2..4,5,3"), tensor("i32", "3..7,?"), const(1)], {"batch_dims": 1}, values=False),
    OpCase("Gather", [tensor("f32", "?,5,3..9"), tensor("i32", "2"), const(-2)], values=False),
    OpCase("Gather", [tensor("f32", "..."), tensor("i32", "2"), const(1)], values=False),
    OpCase("Gather", [tensor("f32", "2,3"), tensor("i32", "..."), const(1)], values=False),
    OpCase(
        "Gather", [tensor("f32", "2,3,4"), tensor("i32", "2,5"), tensor("i32", "")], {"batch_dims": 1}, values=False
    ),
    OpCase("Gather", [tensor("f32", "2,3,4"), tensor("i32", "2,5"), tensor("i32", "?")], values=False),
    OpCase("Gather", [tensor("f32", "2,3,4"), const([2, 0]), const(1)], version="opset7"),
    OpCase("Gather", [tensor("f32", "2,3,4"), const([[2], [0]]), const(1)], {"batch_dims": 1}, version="opset7"),
    OpCase("Gather", [tensor("f32", "2,3,4"), const([2, 0]), const(1)], version="opset1"),
    OpCase("Gather", [tensor("f32", "?,3,4"), const([2, 0]), const(1)], version="opset1", values=False),
    OpCase("GatherElements", [tensor("f32", "2,3"), const([[0, 1, 1]])], {"axis": 0}),
    OpCase("GatherElements", [tensor("i32", "2,3"), const([[0, 2, 1, 0], [-1, 1, 1, 1]], "i32")], {"axis": -1}),
    OpCase("GatherElements", [tensor("f32", "4,4,?"), tensor("i64", "1,?,5")], {"axis": 0}, values=False),
    OpCase("GatherElements", [tensor("f32", "4,?,2..5"), tensor("i64", "...")], {"axis": 1}, values=False),
    OpCase("GatherElements", [tensor("f32", "..."), tensor("i64", "?,3")], {"axis": 1}, values=False),
    OpCase("GatherElements", [tensor("f32", "..."), tensor("i64", "...")], {"axis": 1}, values=False),
    OpCase("GatherND", [tensor("f32", "2,3,4"), const([[0, 2], [1, 1], [0, 0]])]),
    OpCase("GatherND", [tensor("i32", "2,3,4"), const([[[1]], [[0]]])]),
    OpCase("GatherND", [tensor("f32", "2,3,4"), const([[0, 2, 3]])]),
    OpCase("GatherND", [tensor("f32", "2,3,4"), const([[1], [2]])], {"batch_dims": 1}),
    OpCase("GatherND", [tensor("f32", "2,3,4,2"), const([[[3], [0], [1]]] * 2)], {"batch_dims": 2}),
    OpCase("GatherND", [tensor("f32", "2,3,4,2"), const([[[3], [0], [1]]] * 2)], {"batch_dims": 2}, version="opset5"),
    OpCase("GatherND", [tensor("f32", "2,3,4"), const([[1], [2]])], {"batch_dims": 1}, version="opset5"),
    OpCase("GatherND", [tensor("f32", "?,3,4..6"), tensor("i32", "2,?,1")], {"batch_dims": 1}, values=False),
    OpCase("GatherND", [tensor("f32", "?,3,4..6"), tensor("i32", "2,?")], {"batch_dims": 1}, values=False),
    OpCase("GatherND", [tensor("f32", "?,3,4"), tensor("i32", "2..3,3,1")], {"batch_dims": 2}, "opset5", False),
    OpCase("GatherND", [tensor("f32", "..."), tensor("i32", "2,1")], values=False),
    OpCase(
        "GatherTree",
        [tensor("i32", "3,2,3", STEPS), tensor("i32", "3,2,3", PARENTS), const([3, 2], "i32"), const(9, "i32")],
    ),
    OpCase(
        "GatherTree",
        [tensor("f32", "3,2,3", STEPS), tensor("f32", "3,2,3", PARENTS), const([2, 3], "f32"), const(3, "f32")],
    ),
    OpCase(
        "GatherTree",
        [tensor("f32", "?,2,3"), tensor("f32", "4,?,3"), tensor("f32", "?"), tensor("f32", "")],
        values=False,
    ),
    OpCase(
        "GatherTree",
        [tensor("f32", "?,?,3"), tensor("f32", "..."), tensor("f32", "7"), tensor("f32", "...")],
        values=False,
    ),
]

REFUSED = [
    OpCase("Gather", [tensor("f32", "2,3"), tensor("f32", "2"), const(0)]),
    OpCase("Gather", [tensor("f32", "2,3"), tensor("i32", "2"), const(0.0, "f32")]),
    OpCase("Gather", [tensor("f32", "2,3"), tensor("i32", "2"), const(2)]),
    OpCase("Gather", [tensor("f32", "2,3"), tensor("i32", "2"), const([0, 1])]),
    OpCase("Gather", [tensor("f32", "2,3"), tensor("i32", "2"), const(0)], {"batch_dims": 1}),
    OpCase("Gather", [tensor("f32", "2,3"), tensor("i32", "3,2"), const(1)], {"batch_dims": 1}),
    OpCase("Gather", [tensor("f32", ""), tensor("i32", "2"), const(0)]),
    OpCase("Gather", [tensor("f32", "3"), tensor("i32", "2"), tensor("i64", "")], {"batch_dims": 1}),
    OpCase("GatherElements", [tensor("f32", "2,3"), tensor("i32", "3")], {"axis": 0}),
    OpCase("GatherElements", [tensor("f32", "2,3"), tensor("i32", "2,4")], {"axis": 0}),
    OpCase("GatherElements", [tensor("f32", "2,3"), tensor("u8", "2,3")], {"axis": 0}),
    OpCase("GatherElements", [tensor("f32", "2,3"), tensor("i32", "2,3")], {"axis": 2}),
    OpCase("GatherND", [tensor("f32", "2,3"), tensor("i32", "2,3")]),
    OpCase("GatherND", [tensor("f32", "2,3"), tensor("i32", "3,1")], {"batch_dims": 1}),
    OpCase("GatherND", [tensor("f32", "2,3"), tensor("f32", "2,1")]),
    OpCase("GatherND", [tensor("f32", "2"), tensor("i32", "2,1")], {"batch_dims": 1}),
    OpCase("GatherTree", [tensor("f32", "2,3,4"), tensor("i32", "2,3,4"), tensor("f32", "3"), tensor("f32", "")]),
    OpCase("GatherTree", [tensor("f32", "2,3,4"), tensor("f32", "2,3,4"), tensor("f32", "4"), tensor("f32", "")]),
    OpCase("GatherTree", [tensor("f32", "2,3"), tensor("f32", "2,3"), tensor("f32", "3"), tensor("f32", "")]),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_matches_runtime(case: OpCase) -> None:
    case.check()


@pytest.mark.parametrize("case", REFUSED, ids=str)
def test_refused_by_both(case: OpCase) -> None:
    assert_both_refuse(case)


@pytest.mark.parametrize("version", ["opset1", "opset7", "opset8"])
@pytest.mark.parametrize("indices", [[1, 2, 0], [-1, 0, 1], [[2, 0], [1, 1]]])
def test_gathered_sizes_become_a_shape(version: str, indices: list[int]) -> None:
    graph = Graph("sizes")
    op = Builder(graph, registry())
    data = op.parameter(f32, parse_shape("2..4,3,?"), "data", ("data",))
    sizes = op.make("Gather", op.ShapeOf(data), indices, 0, version=version)
    graph.outputs = [op.Broadcast(1.0, op.Reshape(sizes, [-1], special_zero=False))]
    assert_types_match(graph)


@pytest.mark.parametrize("version", ["opset1", "opset7"])
def test_older_gather_does_not_fold_negative_indices(version: str) -> None:
    # the CPU plugin puts zeros there, while the runtime's own folding counts from the end
    gather = registry().find("Gather", version)
    assert gather is not None
    assert gather.fold is not None
    with pytest.raises(IndexError, match="no negative indices"):
        gather.fold(gather(), np.arange(3), np.array([-1]), np.array(0))
