"""Layers of the ONNX domain acme.nn, against their equations."""

from __future__ import annotations

import numpy as np
import pytest

from dragoman_sdk import LayerCase, onnx_layer

X = np.random.default_rng(1).normal(size=(2, 6, 4)).astype(np.float32) * 3


def test_soft_clip() -> None:
    model = onnx_layer("acme.nn:SoftClip", {"x": X}, limit=2.0)
    LayerCase(model, {"x": X}, {"y": 2 * np.tanh(X / 2)}).check()


def test_soft_clip_with_open_dimensions() -> None:
    model = onnx_layer("acme.nn:SoftClip", {"x": "f32[n,c,?]"})
    LayerCase(model, {"x": X}, {"y": np.tanh(X)}).check()


@pytest.mark.parametrize("axis", [1, -1])
def test_gated_unit(axis: int) -> None:
    a, b = np.split(X, 2, axis)
    gate = 1 / (1 + np.exp(-b))
    model = onnx_layer("acme.nn:GatedUnit", {"x": X}, ("y", "gate"), axis=axis)
    LayerCase(model, {"x": X}, {"y": a * gate, "gate": gate}).check()


def test_a_limit_below_zero_is_refused() -> None:
    error = LayerCase(onnx_layer("acme.nn:SoftClip", {"x": X}, limit=-1.0)).check_refused("D302", "layer")
    assert error.problems[0].what == "limit is -1.0, and must be above 0"


@pytest.mark.parametrize(("shape", "axis"), [("f32[2,3]", 1), ("f32[2,4]", 2)])
def test_a_gated_unit_without_halves_is_refused(shape: str, axis: int) -> None:
    model = onnx_layer("acme.nn:GatedUnit", {"x": shape}, ("y", "gate"), axis=axis)
    LayerCase(model).check_refused("D302", "layer")
