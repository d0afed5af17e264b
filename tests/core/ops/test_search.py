"""TopK, NonZero, Unique and kin: types and numbers are the runtime's own."""

from __future__ import annotations

import pytest

from dragoman.builder import Builder
from dragoman.graph.graph import Graph
from dragoman.graph.types import f32, parse_shape
from dragoman_sdk.graphcase import assert_types_match
from dragoman_sdk.opcase import OpCase, assert_both_refuse, const, registry, tensor

TIES = [[2, 1, 2, 0, 1, 2], [0, 0, 0, 3, 3, 3]]
DISTINCT = [[1, 5, 0, 3], [7, 2, 6, 4]]

CASES = [
    OpCase("TopK", [tensor("f32", "2,4", DISTINCT), const(2)], {"axis": 1}),
    OpCase("TopK", [tensor("f32", "2,4", DISTINCT), const(3)], {"axis": -1, "mode": "min", "sort": "index"}),
    OpCase("TopK", [tensor("i32", "2,4", DISTINCT), const(1)], {"axis": 0, "index_element_type": "i64"}),
    OpCase("TopK", [tensor("f32", "2,6", TIES), const(4)], {"axis": 1, "stable": True}),
    OpCase("TopK", [tensor("f32", "2,6", TIES), const(4)], {"axis": 1, "stable": True, "mode": "min"}),
    OpCase("TopK", [tensor("f32", "2,4", DISTINCT), const(2)], {"axis": 1}, version="opset1"),
    OpCase("TopK", [tensor("f32", "2,4", DISTINCT), const(2)], {"axis": 1}, version="opset3"),
    OpCase("TopK", [tensor("f32", "2..5,4"), const(2)], {"axis": 0}, values=False),
    OpCase("TopK", [tensor("f32", "2..5,4"), tensor("i32", "")], {"axis": 0}, values=False),
    OpCase("TopK", [tensor("f32", "?,4"), tensor("i32", "")], {"axis": 1}, values=False),
    OpCase("TopK", [tensor("f32", "?,4"), tensor("i32", "")], {"axis": 0}, values=False),
    OpCase("TopK", [tensor("f32", "..."), const(2)], {"axis": 0}, values=False),
    OpCase("TopK", [tensor("f32", "2,3"), const(5)], {"axis": 1}, values=False),
    OpCase("NonZero", [tensor("f32", "2,3", [[0, 1, 0], [2, 0, 3]])]),
    OpCase("NonZero", [tensor("boolean", "2,2,2")], {"output_type": "i32"}),
    OpCase("NonZero", [tensor("i32", "4")]),
    OpCase("NonZero", [const([[1, 0], [3, 4]])]),
    OpCase("NonZero", [const(3)]),
    OpCase("NonZero", [tensor("f32", "")], values=False),
    OpCase("NonZero", [tensor("f32", "0,3")], values=False),
    OpCase("NonZero", [tensor("f32", "2..3,..4")], values=False),
    OpCase("NonZero", [tensor("f32", "?,3")], values=False),
    OpCase("NonZero", [tensor("f32", "...")], values=False),
    OpCase("Unique", [tensor("f32", "2,3", [[3, 1, 3], [2, 1, 0]])]),
    OpCase("Unique", [tensor("i32", "2,3", [[3, 1, 3], [2, 1, 0]])], {"sorted": False, "index_element_type": "i32"}),
    OpCase("Unique", [tensor("f32", "3,2", [[3, 1], [0, 1], [3, 1]]), const(0)]),
    OpCase("Unique", [tensor("f32", "2,3", [[3, 0, 3], [1, 1, 1]]), const([-1])], {"count_element_type": "i32"}),
    # along axis 1 the CPU plugin finds two distinct columns here; there are three, as its own shape inference says
    OpCase("Unique", [tensor("i32", "2,4", [[2, 1, 2, 2], [0, 0, 0, 1]]), const(1)], values=False),
    OpCase("Unique", [tensor("f32", "3,2", [[3, 1], [0, 1], [3, 1]]), const(0)], {"sorted": False}),
    OpCase("Unique", [const([3, 1, 3, 2])], values=False),
    OpCase("Unique", [tensor("f32", "?,3")], values=False),
    OpCase("Unique", [tensor("f32", "?,3"), const(0)], values=False),
    OpCase("Unique", [tensor("f32", "?,3"), const(1)], values=False),
    OpCase("Unique", [tensor("f32", "2..3,..4"), const(0)], values=False),
    OpCase("Unique", [tensor("f32", "0,3"), const(0)], values=False),
    OpCase("Unique", [tensor("f32", "0,3"), const(1)], values=False),
    OpCase("Unique", [tensor("f32", "...")], values=False),
    OpCase("Unique", [tensor("f32", "..."), const(0)], values=False),
    OpCase("SearchSorted", [const([1.0, 3, 3, 7], "f32"), tensor("f32", "2,3", [[0, 3, 4], [7, 9, 1]])]),
    OpCase("SearchSorted", [const([1, 3, 3, 7], "i32"), tensor("i32", "3", [3, 7, 0])], {"right_mode": True}),
    OpCase("SearchSorted", [const([1, 3, 3, 7], "f32"), tensor("f32", "", 3)], {"output_type": "i32"}),
    OpCase("SearchSorted", [const([[1, 3], [2, 5]], "f32"), tensor("f32", "2,3", [[0, 3, 4], [2, 5, 6]])]),
    OpCase("SearchSorted", [tensor("f32", "2,4"), tensor("f32", "?,3")], values=False),
    OpCase("SearchSorted", [tensor("f32", "2,4"), tensor("f32", "...")], values=False),
    OpCase("SearchSorted", [tensor("f32", "4..8"), tensor("f32", "...")], values=False),
    OpCase("SearchSorted", [tensor("f32", "..."), tensor("f32", "2,1..3")], values=False),
    OpCase("Bucketize", [tensor("f32", "2,3", [[0, 3, 4], [7, 9, 1]]), const([1.0, 3, 7], "f32")]),
    OpCase(
        "Bucketize",
        [tensor("i32", "2,3", [[0, 3, 4], [7, 9, 1]]), const([1, 3, 7], "i32")],
        {"with_right_bound": False, "output_type": "i32"},
    ),
    OpCase("Bucketize", [tensor("f32", "?,2..3"), tensor("f32", "...")], values=False),
    OpCase("SegmentMax", [tensor("f32", "4,3"), const([0, 0, 2, 5])], {"fill_mode": "ZERO"}),
    OpCase("SegmentMax", [tensor("f32", "4,3"), const([0, 0, 2, 5]), const(7)], {"fill_mode": "LOWEST"}),
    OpCase("SegmentMax", [tensor("i32", "4,3"), const([0, 0, 2, 5], "i32"), const(3)], {"fill_mode": "ZERO"}),
    OpCase("SegmentMax", [tensor("f32", "?,3"), tensor("i32", "4")], {"fill_mode": "ZERO"}, values=False),
    OpCase("SegmentMax", [tensor("f32", "?,3"), const([0, 1]), tensor("i32", "")], {"fill_mode": "ZERO"}, values=False),
    OpCase("SegmentMax", [tensor("f32", "..."), tensor("i32", "4"), const(3)], {"fill_mode": "ZERO"}, values=False),
]

REFUSED = [
    OpCase("TopK", [tensor("f32", "2,3"), const([2])], {"axis": 1}),
    OpCase("TopK", [tensor("f32", "2,3"), const(2.0, "f32")], {"axis": 1}),
    OpCase("TopK", [tensor("f32", "2,3"), const(-1)], {"axis": 1}),
    OpCase("TopK", [tensor("f32", "2,3"), const(1)], {"axis": 2}),
    OpCase("TopK", [tensor("f32", ""), const(1)], {"axis": 0}),
    OpCase("TopK", [tensor("f32", "2,3"), const(1)], {"axis": 1, "index_element_type": "f32"}),
    OpCase("TopK", [tensor("f32", "2,3"), const(1)], {"axis": 1, "stable": True, "sort": "none"}),
    OpCase("TopK", [tensor("f32", "2,3"), const(1, "i16")], {"axis": 1}, version="opset1"),
    OpCase("NonZero", [tensor("f32", "2,3")], {"output_type": "u8"}),
    OpCase("Unique", [tensor("f32", "2,3"), tensor("i64", "")]),
    OpCase("Unique", [tensor("f32", "2,3"), const(2)]),
    OpCase("Unique", [tensor("f32", ""), const(0)]),
    OpCase("Unique", [tensor("f32", "2,3"), const([0, 1])]),
    OpCase("SearchSorted", [tensor("f32", "2,4"), tensor("f32", "")]),
    OpCase("SearchSorted", [tensor("f32", "2,4"), tensor("f32", "3,4")]),
    OpCase("SearchSorted", [tensor("f32", ""), tensor("f32", "3,4")]),
    OpCase("SearchSorted", [tensor("f32", "4"), tensor("i32", "3,4")]),
    OpCase("Bucketize", [tensor("f32", "4"), tensor("f32", "3,4")]),
    OpCase("Bucketize", [tensor("boolean", "4"), tensor("f32", "3")]),
    OpCase("SegmentMax", [tensor("f32", "4,3"), const([0, 2, 1, 3])], {"fill_mode": "ZERO"}),
    OpCase("SegmentMax", [tensor("f32", "4,3"), tensor("i32", "5")], {"fill_mode": "ZERO"}),
    OpCase("SegmentMax", [tensor("f32", ""), tensor("i32", "5")], {"fill_mode": "ZERO"}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_matches_runtime(case: OpCase) -> None:
    case.check()


@pytest.mark.parametrize("case", REFUSED, ids=str)
def test_refused_by_both(case: OpCase) -> None:
    assert_both_refuse(case)


def test_topk_within_the_bounds_of_k() -> None:
    graph = Graph("k")
    op = Builder(graph, registry())
    sizes = op.ShapeOf(op.parameter(f32, parse_shape("2..5,4..,?"), "sizes", ("sizes",)))
    for n, shape in enumerate(["2..8", "?", "10", "3.."]):
        data = op.parameter(f32, parse_shape(shape), f"data{n}", (f"data{n}",))
        for index in range(3):
            graph.outputs += op.TopK(data, op.Gather(sizes, index, 0), axis=0)
    assert_types_match(graph)
