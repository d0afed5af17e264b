"""Extremes, sorting, distinct elements and running sums; of equal elements the first wins."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.onnx.support import layer_model, refusal, run_layer

TIES = np.array([[[3, 1, 3, 1], [0, 2, 2, 0]], [[1, 1, 1, 1], [5, -2, 5, -2]]], np.float32)


@pytest.mark.parametrize("op", ["ArgMax", "ArgMin"])
@pytest.mark.parametrize("axis", [None, 0, 2, -2])
@pytest.mark.parametrize("last", [0, 1])
@pytest.mark.parametrize("keepdims", [0, 1])
def test_place_of_the_extreme(op: str, axis: int | None, last: int, keepdims: int) -> None:
    attributes = {"keepdims": keepdims, "select_last_index": last} | ({} if axis is None else {"axis": axis})
    run_layer(op, {"x": TIES}, opset=13, kinds={"y": np.int64}, **attributes)


@pytest.mark.parametrize("kind", [np.int32, np.int8, np.uint8, np.float64])
def test_place_of_the_extreme_by_type(kind: Any) -> None:
    run_layer("ArgMax", {"x": TIES.astype(np.int8).astype(kind)}, opset=13, kinds={"y": np.int64}, axis=-1)


@pytest.mark.parametrize("largest", [0, 1])
@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("constant", [True, False])
@pytest.mark.parametrize("kind", [np.float32, np.int64])
def test_top_k_keeps_the_order_of_equals(largest: int, axis: int, constant: bool, kind: Any) -> None:
    feeds = {"x": TIES.astype(kind), "k": np.array([2], np.int64)}
    kinds = {"y": kind, "i": np.int64}
    run_layer(
        "TopK", feeds, "y i", opset=11, kinds=kinds, constants=["k"] if constant else [], axis=axis, largest=largest
    )  # fmt: skip


@pytest.mark.parametrize("size, k", [(300, 7), (300, 300), (1000, 400)])
def test_top_k_of_long_rows_with_many_ties(size: int, k: int) -> None:
    x = np.random.default_rng(0).integers(0, 9, (3, size)).astype(np.float32)
    run_layer("TopK", {"x": x, "k": np.array([k], np.int64)}, "y i", kinds={"i": np.int64}, constants=["k"])


def test_top_k_by_attribute() -> None:
    run_layer("TopK", {"x": TIES}, "y i", opset=9, kinds={"i": np.int64}, k=3, dynamic=False)


@pytest.mark.parametrize("kind", [np.float32, np.int64, bool])
def test_places_that_are_not_zero(kind: Any) -> None:
    run_layer("NonZero", {"x": (TIES > 1).astype(kind)}, opset=13, kinds={"y": np.int64})


@pytest.mark.parametrize("ordered", [0, 1])
@pytest.mark.parametrize("axis", [None, 0, 1])
def test_distinct_elements(ordered: int, axis: int | None) -> None:
    x = np.array([[2, 1, 2], [2, 1, 2], [0, 3, 0]], np.float32)
    kinds = dict.fromkeys(["first", "place", "count"], np.int64)
    attributes = {"sorted": ordered} | ({} if axis is None else {"axis": axis})
    run_layer("Unique", {"x": x}, "y first place count", opset=11, kinds=kinds, dynamic=False, **attributes)


@pytest.mark.parametrize("op, opset, reference", [("CumSum", 14, "ort"), ("CumProd", 26, "onnx")])
@pytest.mark.parametrize("exclusive", [0, 1])
@pytest.mark.parametrize("reverse", [0, 1])
@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("constant", [True, False])
def test_running(op: str, opset: int, reference: str, exclusive: int, reverse: int, axis: int, constant: bool) -> None:
    feeds = {"x": TIES, "axis": np.array(axis, np.int32)}
    run_layer(
        op, feeds, opset=opset, constants=["axis"] if constant else [], reference=reference, exclusive=exclusive,
        reverse=reverse,
    )  # fmt: skip


def test_an_axis_outside_is_refused() -> None:
    problem = refusal(layer_model("ArgMax", {"x": TIES}, kinds={"y": np.int64}, axis=3)).problems[0]
    assert (problem.code, problem.op) == ("D302", "ArgMax")
