"""Crops and transposed convolutions of com.microsoft against onnxruntime."""

from __future__ import annotations

import numpy as np
import pytest
from tests.onnx.support import given, layer_model, refusal, run_both

F = np.float32
RANDOM = np.random.default_rng(11)


@pytest.mark.parametrize("size", [(3, 4), (1, 5), (2, 1)])
@pytest.mark.parametrize("mode", ["bilinear", "nearest"])
def test_crops(mode: str, size: tuple[int, int]) -> None:
    feeds = {
        "x": RANDOM.standard_normal((2, 3, 7, 6)).astype(F),
        "boxes": np.array([[0.1, 0.2, 0.83, 0.9], [0, 0, 1, 1], [-0.31, 0.1, 1.17, 0.66], [0.9, 0.8, 0.12, 0.3]], F),
        "of": np.array([0, 1, 1, 0], np.int32),
        "size": np.array(size, np.int32),
    }
    model = layer_model(
        "CropAndResize", feeds, domain="com.microsoft", constants=["size"], mode=mode, extrapolation_value=0.25
    )
    run_both(model, given(feeds, ["size"]))


CONVOLUTION = {
    "x": RANDOM.standard_normal((1, 2, 5, 5)).astype(F),
    "w": RANDOM.standard_normal((2, 3, 3, 3)).astype(F),
    "pads": np.array([1, 0, 0, 1], np.int64),
    "b": RANDOM.standard_normal(3).astype(F),
}


def test_a_transposed_convolution_takes_its_pads_from_an_input() -> None:
    held = ["w", "pads", "b"]
    model = layer_model(
        "ConvTransposeWithDynamicPads", CONVOLUTION, domain="com.microsoft", constants=held, strides=[2, 2]
    )
    run_both(model, given(CONVOLUTION, held))


def test_pads_at_run_time_are_refused() -> None:
    model = layer_model("ConvTransposeWithDynamicPads", CONVOLUTION, domain="com.microsoft", constants=["w", "b"])
    assert [p.op for p in refusal(model).problems] == ["com.microsoft:ConvTransposeWithDynamicPads"]
