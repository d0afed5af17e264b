"""The fork's layers, against their equations."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dragoman_sdk import LayerCase, RuntimeCase, caffe_layer

X = np.random.default_rng(3).normal(size=(2, 5, 4, 6)).astype(np.float32) * 2
WEIGHT, BIAS = np.linspace(-1, 1, 5, dtype=np.float32), np.linspace(2, 0, 5, dtype=np.float32)


def sigmoid(x: Any) -> Any:
    """1 / (1 + exp(-x))."""
    return 1 / (1 + np.exp(-x))


def check(kind: str, expected: dict[str, Any], parameters: str = "", **given: Any) -> None:
    """One layer on X."""
    model = caffe_layer(kind, {"x": X.shape}, parameters, tops=list(expected), **given)
    LayerCase(model, {"x": X}, {k: np.asarray(v, np.float32) for k, v in expected.items()}).check()


def test_channel_gate() -> None:
    w, b = (v[:, None, None] for v in (WEIGHT, BIAS))
    check("ChannelGate", {"y": X * sigmoid(w * X + b)}, blobs=[WEIGHT, BIAS])


def test_the_gate_of_a_blob_of_two_axes() -> None:
    model = caffe_layer("ChannelGate", {"x": (3, 5)}, blobs=[WEIGHT, BIAS])
    x = X[0, 0, :3, :5]
    LayerCase(model, {"x": x}, {"y": x * sigmoid(WEIGHT * x + BIAS)}).check()


def test_even_odd() -> None:
    check("EvenOdd", {"even": X[:, 0::2], "odd": X[:, 1::2]})


@pytest.mark.parametrize("order", ["BLOCKS_FIRST", "DEPTH_FIRST"])
def test_pixel_fold(order: str) -> None:
    n, c, h, w = X.shape
    blocks = X.reshape(n, c, h // 2, 2, w // 2, 2)
    axes = (0, 3, 5, 1, 2, 4) if order == "BLOCKS_FIRST" else (0, 1, 3, 5, 2, 4)
    expected = blocks.transpose(axes).reshape(n, c * 4, h // 2, w // 2)
    check("PixelFold", {"y": expected}, f"pixel_fold_param {{ block: 2 order: {order} }}")


def test_log_scale() -> None:
    check("LogScale", {"y": np.sign(X) * np.log1p(np.abs(X))})
    check("LogScale", {"y": np.log1p(3 * np.maximum(X, 0))}, "log_scale_param { alpha: 3 mode: POSITIVE }")


TAPER = "python_param { module: 'acme.layers' layer: 'Taper' param_str: \"{'period': 4}\" }"


def test_taper() -> None:
    factors = (1 + np.cos(np.pi * np.array([0, 1, 2, 3, 0, 1]) / 4)) / 2
    check("Python", {"y": X * factors}, TAPER)
    RuntimeCase("AcmeTaper", [X], [(X * factors).astype(np.float32)], {"period": 4}).check()


@pytest.mark.parametrize(
    ("kind", "parameters", "code", "reason"),
    [
        ("PixelFold", "pixel_fold_param { block: 3 }", "D302", "the height 4 is no multiple of the block 3"),
        ("PixelFold", "pixel_fold_param { order: SIDEWAYS }", "D207", "SIDEWAYS"),
        ("PixelFold", "pixel_fold_param { size: 2 }", "D302", "pixel_fold_param.size"),
        ("LogScale", "log_scale_param { alpha: 0 }", "D302", "alpha is 0.0, and must be above 0"),
        ("ChannelGate", "", "D213", "layer"),
        ("Python", TAPER.replace("4", "0"), "D302", "the period is 0, and must be an integer above 0"),
        ("Python", TAPER.replace("period", "speed"), "D302", "param_str has speed, which is not known"),
    ],
)
def test_what_is_not_meant_is_refused(kind: str, parameters: str, code: str, reason: str) -> None:
    LayerCase(caffe_layer(kind, {"x": X.shape}, parameters)).check_refused(code, reason)


def test_weights_of_another_net_are_refused() -> None:
    LayerCase(caffe_layer("ChannelGate", {"x": X.shape}, blobs=[WEIGHT[:3], BIAS])).check_refused("D302", "layer")
