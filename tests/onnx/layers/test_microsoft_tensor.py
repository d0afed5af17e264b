"""Operators of com.microsoft on tensors against onnxruntime."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.onnx.support import assert_same, given, layer_model, refusal, run_both, run_ir

F = np.float32
RANDOM = np.random.default_rng(2)


def data(*shape: int) -> np.ndarray:
    return RANDOM.standard_normal(shape).astype(F)


CASES: dict[str, tuple[str, dict[str, Any], str, dict[str, Any]]] = {
    "upper triangle": ("Trilu", {"x": data(2, 3, 4)}, "", {}),
    "lower triangle": ("Trilu", {"x": data(2, 3, 4), "k": np.int64(-1)}, "", {"upper": 0}),
    "tuples": ("GatherND", {"x": data(2, 3, 4), "i": np.array([[0, 1], [1, 2]], np.int64)}, "", {}),
    "grid": ("GridSample", {"x": data(1, 2, 4, 4), "g": (RANDOM.random((1, 3, 3, 2)) * 2 - 1).astype(F)}, "", {}),
    "pads": ("Pad", {"x": data(2, 3), "p": np.array([0, 1, 2, 0], np.int64), "v": np.array([1.5], F)}, "p", {}),
    "a row of pads": ("Pad", {"x": data(2, 3), "p": np.array([[0, 1, 1, 0]], np.int64)}, "p", {"mode": "reflect"}),
    "range by one": ("Range", {"a": F(1), "b": F(5)}, "", {}),
    "range by halves": ("Range", {"a": np.array([1], F), "b": np.array([5], F), "c": np.array([0.5], F)}, "", {}),
    "inverse": ("Inverse", {"x": data(2, 3, 3) + 3 * np.eye(3, dtype=F)}, "", {}),
    "last dimension": ("ExpandDims", {"x": data(2, 3), "a": np.array([-1], np.int32)}, "a", {}),
    "first dimension": ("ExpandDims", {"x": data(2, 3), "a": np.array([0], np.int32)}, "a", {}),
    "distances": ("CDist", {"a": data(3, 4), "b": data(5, 4)}, "", {"metric": "euclidean"}),
    "squared distances": ("CDist", {"a": data(3, 4), "b": data(5, 4)}, "", {}),
    "unfolded": ("UnfoldTensor", {"x": data(2, 7)}, "", {"size": 2}),
    "unfolded inside": ("UnfoldTensor", {"x": data(2, 7, 3)}, "", {"dim": 1, "size": 3, "step": 2}),
}


@pytest.mark.parametrize("case", CASES)
def test_tensor_operator(case: str) -> None:
    op, feeds, constants, attributes = CASES[case]
    held = constants.split()
    run_both(layer_model(op, feeds, domain="com.microsoft", constants=held, **attributes), given(feeds, held))


def test_distinct_elements_keep_their_order() -> None:
    feeds = {"x": np.array([2, 1, 1, 3, 4, 3], F)}
    kinds = {"at": np.int64, "count": np.int64}
    run_both(layer_model("Unique", feeds, "y at count", kinds=kinds, domain="com.microsoft"), feeds)


@pytest.mark.parametrize("conjugate", [False, True])
def test_products_of_complex_numbers(conjugate: bool) -> None:
    a, b = data(2, 3, 2), data(2, 3, 2)
    product = (a[..., 0] + 1j * a[..., 1]) * (b[..., 0] + (-1j if conjugate else 1j) * b[..., 1])
    expected = np.stack([product.real, product.imag], -1).astype(F)
    op = "ComplexMulConj" if conjugate else "ComplexMul"
    assert_same(run_ir(layer_model(op, {"a": a, "b": b}, domain="com.microsoft"), {"a": a, "b": b}), [expected])


def test_unknown_metrics_are_refused() -> None:
    model = layer_model("CDist", {"a": data(3, 4), "b": data(5, 4)}, domain="com.microsoft", metric="cosine")
    assert "cosine" in refusal(model).problems[0].what


@pytest.mark.parametrize("op", ["BeamSearch", "Sampling", "NGramRepeatBlock"])
def test_searches_are_unknown(op: str) -> None:
    model = layer_model(op, {"a": data(3, 4)}, domain="com.microsoft")
    assert [(p.code, p.op) for p in refusal(model).problems] == [("D301", f"com.microsoft:{op}")]
