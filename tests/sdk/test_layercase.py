"""LayerCase passes where the numbers are the framework's own, and fails where they are not."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import helper
from tests.onnx.support import model_of, port

from dragoman_sdk.layercase import LayerCase

X = np.array([[-1.0, 2.0]], np.float32)


def relu(op: str = "Relu") -> bytes:
    model = model_of([helper.make_node(op, ["x"], ["y"], name="only")], [port("x", shape=[1, 2])], [port("y")])
    return model.SerializeToString()


def test_the_plugins_reference_is_asked() -> None:
    found = LayerCase(relu(), {"x": X}).check()
    np.testing.assert_array_equal(found["y"], [[0, 2]])


def test_other_numbers_fail() -> None:
    with pytest.raises(AssertionError, match="y: "):
        LayerCase(relu(), {"x": X}, expected={"y": X}).check()


def test_another_shape_fails() -> None:
    with pytest.raises(AssertionError, match="shape"):
        LayerCase(relu(), {"x": X}, expected={"y": X[0]}).check()


def test_a_refusal_is_checked_by_code_and_layer() -> None:
    error = LayerCase(relu("NoSuchOperator"), {}).check_refused("D301", "only", "NoSuchOperator")
    assert error.exit_code == 4


def test_a_model_that_converts_is_not_refused() -> None:
    with pytest.raises(pytest.fail.Exception):
        LayerCase(relu(), {}).check_refused("D301")
