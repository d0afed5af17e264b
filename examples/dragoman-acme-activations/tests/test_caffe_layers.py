"""Layers of Acme's Caffe, against their equations."""

from __future__ import annotations

import numpy as np
import pytest

from dragoman_sdk import LayerCase, caffe_layer

X = np.linspace(-8, 8, 24, dtype=np.float32).reshape(2, 3, 4)


@pytest.mark.parametrize(("parameters", "slope"), [("", 1.0), ("swish6_param { slope: 0.5 }", 0.5)])
def test_swish6(parameters: str, slope: float) -> None:
    expected = X * np.minimum(np.maximum(slope * X + 3, 0), 6) / 6
    LayerCase(caffe_layer("Swish6", {"x": X.shape}, parameters), {"x": X}, {"y": expected}).check()


def test_soft_clip() -> None:
    model = caffe_layer("SoftClip", {"x": X.shape}, "soft_clip_param { limit: 2.5 }")
    LayerCase(model, {"x": X}, {"y": (2.5 * np.tanh(X / 2.5)).astype(np.float32)}).check()


def test_a_limit_of_zero_is_refused() -> None:
    model = caffe_layer("SoftClip", {"x": X.shape}, "soft_clip_param { limit: 0 }")
    LayerCase(model).check_refused("D302", "layer")


def test_an_unknown_field_is_refused() -> None:
    LayerCase(caffe_layer("Swish6", {"x": X.shape}, "swish6_param { steep: 2 }")).check_refused("D302", "steep")
