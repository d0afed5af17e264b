"""A comparison passes where numbers are close by the largest element, and says which elements are not."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import dragoman
from dragoman_sdk import assert_close, compare, onnx_layer, run_ir

X = np.array([[-1.0, 2.0, 0.5]], np.float32)


def test_errors_are_relative_to_the_largest_element() -> None:
    near = X + np.float32(1e-4)
    assert compare(near, X).passed
    assert not compare(near, X, 1e-5).passed
    assert compare(near, X).worst == pytest.approx(5e-5, rel=1e-2)


def test_the_report_has_the_worst_elements_first() -> None:
    found = X.copy()
    found[0, 1], found[0, 2] = 2.5, -9
    with pytest.raises(AssertionError) as caught:
        assert_close({"y": found, "z": X}, {"y": X, "z": X})
    lines = str(caught.value).splitlines()
    assert lines[0] == "1 of 2 outputs differ (tolerance 0.0001)"
    assert lines[2:5] == [
        "    2 of 3 elements are past the tolerance",
        "    [0, 2]: found -9.0, expected 0.5",
        "    [0, 1]: found 2.5, expected 2.0",
    ]
    assert lines[5].startswith("  z [1x3]: ok")


@pytest.mark.parametrize(
    ("found", "expected", "told"),
    [
        (X[0], X, "found float32[3], expected float32[1, 3]"),
        (X.astype(np.float64), X, "found float64[1, 3], expected float32[1, 3]"),
        (np.array([3, 4]), np.array([3, 5]), "[1]: found 4, expected 5"),
        (np.array([10**9 + 1]), np.array([10**9]), "[0]: found 1000000001, expected 1000000000"),
        (np.array([True]), np.array([False]), "[0]: found True, expected False"),
        (np.array([np.nan, 1.0]), np.array([2.0, 1.0]), "[0]: found nan, expected 2.0"),
        (np.array([np.inf]), np.array([-np.inf]), "[0]: found inf, expected -inf"),
        (np.array(["a", "b"]), np.array(["a", "c"]), "[1]: found b, expected c"),
        (np.float32(1), np.float32(2), "[]: found 1.0, expected 2.0"),
    ],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_what_differs_is_told(found: np.ndarray, expected: np.ndarray, told: str) -> None:
    with pytest.raises(AssertionError) as caught:
        assert_close(found, expected)
    assert told in str(caught.value)


@pytest.mark.parametrize("array", [np.array([np.nan, np.inf, 1.0]), np.zeros((0, 2)), np.zeros(3), np.array(["a"])])
def test_equal_arrays_pass(array: np.ndarray) -> None:
    assert_close(array, array.copy(), tolerance=0)


def test_an_output_that_is_not_there_fails_and_names_those_that_are() -> None:
    with pytest.raises(AssertionError, match=r"missing in the IR(?s:.*)outputs found: z"):
        assert_close({"z": X}, {"y": X})


def test_a_comparison_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="no output is expected"):
        compare({"y": X}, {})
    with pytest.raises(ValueError, match="both sides"):
        compare({"y": X}, X)


def test_an_ir_is_run_from_a_result_a_path_and_a_model(tmp_path: object) -> None:
    result = dragoman.convert(onnx_layer("Relu", {"x": "f32[?,3]"}))
    for ir in (result, result.save(tmp_path), str(result.save(tmp_path)), result.openvino()):  # type: ignore[arg-type]
        assert_close(run_ir(ir, {"x": X}), {"y": np.maximum(X, 0)}, tolerance=0)
    assert_close(run_ir(result, {"0": X})["y"], np.maximum(X, 0))
    assert dataclasses.is_dataclass(compare(X, X))
