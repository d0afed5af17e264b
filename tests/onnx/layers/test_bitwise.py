"""Operations on bits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.onnx.support import run_layer


@pytest.mark.parametrize("op", ["BitwiseAnd", "BitwiseOr", "BitwiseXor"])
@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.int32, np.int64])
def test_bits_of_two(op: str, kind: Any) -> None:
    feeds = {"a": np.array([[12, 5, 127]], kind), "b": np.array([[10], [3]], kind)}
    run_layer(op, feeds, opset=18, kinds={"y": kind}, dynamic=False)


@pytest.mark.parametrize("direction", ["LEFT", "RIGHT"])
@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.uint32])
def test_a_shift_beyond_the_width_leaves_nothing(direction: str, kind: Any) -> None:
    top, width = np.iinfo(kind).max, np.iinfo(kind).bits
    feeds = {"x": np.array([top] * 6, kind), "n": np.array([0, 1, 3, width - 1, width, width + 1], kind)}
    found = run_layer("BitShift", feeds, opset=11, kinds={"y": kind}, reference="onnx", direction=direction)[0]
    assert list(found[4:]) == [0, 0]


@pytest.mark.parametrize("direction", ["LEFT", "RIGHT"])
def test_a_signed_shift_keeps_the_sign(direction: str) -> None:
    feeds = {"x": np.array([-8, -1, 5, 5], np.int32), "n": np.array([1, 40, 1, 32], np.int32)}
    run_layer("BitShift", feeds, opset=28, kinds={"y": np.int32}, reference="onnx", direction=direction)
