"""Convolutions against onnxruntime, over pads, groups, dimensions, constant and computed weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper
from tests.onnx.support import model_of, port, refusal, run_both


def filled(*shape: int) -> np.ndarray:
    return np.random.default_rng(sum(shape)).standard_normal(shape).astype(np.float32)


def convolution(
    kind: str, x: tuple[int, ...], w: tuple[int, ...], *, bias: int = 0, constant: bool = True, dynamic: bool = False,
    opset: int = 17, **attributes: Any,
) -> tuple[onnx.ModelProto, dict[str, np.ndarray]]:  # fmt: skip
    arrays = {"x": filled(*x), "w": filled(*w)}
    names = ["x", "w"]
    if bias:
        arrays["b"] = filled(bias)
        names.append("b")
    shape: list[Any] = [f"d{i}" for i in range(len(x))] if dynamic else list(x)
    if dynamic:
        shape[1] = x[1]
    held = {k: v for k, v in arrays.items() if k != "x"} if constant else {}
    inputs = [
        port("x", np.float32, shape),
        *(port(k, np.float32, v.shape) for k, v in arrays.items() if k not in (*held, "x")),
    ]
    node = helper.make_node(kind, names, ["y"], **attributes)
    model = model_of([node], inputs, [port("y")], constants=held, opset=opset)
    return model, {k: v for k, v in arrays.items() if k not in held}


@pytest.mark.parametrize("constant", [True, False])
@pytest.mark.parametrize(
    ("x", "w", "attributes"),
    [
        ((1, 3, 9, 8), (4, 3, 3, 2), {}),
        ((2, 4, 9, 8), (6, 2, 3, 3), {"group": 2, "strides": [2, 1], "pads": [1, 0, 2, 1]}),
        ((1, 4, 9, 9), (4, 1, 3, 3), {"group": 4, "pads": [1, 1, 1, 1]}),
        ((1, 2, 11), (3, 2, 3), {"dilations": [2], "strides": [2], "pads": [2, 1]}),
        ((1, 2, 5, 6, 7), (3, 2, 2, 3, 3), {"strides": [1, 2, 2]}),
        ((1, 2, 8, 9), (3, 2, 3, 4), {"auto_pad": "SAME_UPPER", "strides": [2, 2]}),
        ((1, 2, 8, 9), (3, 2, 3, 4), {"auto_pad": "SAME_LOWER", "strides": [2, 3]}),
        ((1, 2, 8, 9), (3, 2, 3, 4), {"auto_pad": "VALID", "kernel_shape": [3, 4]}),
    ],
)
def test_conv_equals_onnxruntime(
    x: tuple[int, ...], w: tuple[int, ...], attributes: dict[str, Any], constant: bool
) -> None:
    run_both(*convolution("Conv", x, w, bias=w[0], constant=constant, **attributes))


def test_conv_of_a_dynamic_image_keeps_its_dimensions() -> None:
    run_both(*convolution("Conv", (2, 3, 9, 8), (4, 3, 3, 3), bias=4, dynamic=True, pads=[1, 1, 1, 1], strides=[2, 2]))


@pytest.mark.parametrize("constant", [True, False])
@pytest.mark.parametrize(
    ("x", "w", "attributes"),
    [
        ((1, 3, 4, 5), (3, 2, 3, 3), {}),
        ((2, 4, 4, 5), (4, 3, 3, 2), {"group": 2, "strides": [2, 3], "pads": [1, 0, 0, 1], "output_padding": [1, 2]}),
        ((1, 2, 6), (2, 3, 4), {"strides": [3], "dilations": [2]}),
        ((1, 2, 3, 4, 3), (2, 2, 2, 3, 2), {"strides": [2, 2, 2]}),
        ((1, 2, 4, 5), (2, 3, 3, 3), {"auto_pad": "SAME_UPPER", "strides": [2, 2]}),
        ((1, 2, 4, 5), (2, 3, 3, 4), {"auto_pad": "SAME_LOWER", "strides": [2, 2]}),
        ((1, 2, 3, 3), (2, 2, 3, 3), {"strides": [3, 2], "output_shape": [10, 8]}),
        ((1, 2, 3, 3), (2, 2, 3, 3), {"strides": [3, 2], "output_shape": [8, 6]}),
        ((1, 2, 3, 3), (2, 2, 3, 3), {"strides": [3, 2], "output_shape": [8, 6], "auto_pad": "SAME_UPPER"}),
    ],
)
def test_conv_transpose_equals_onnxruntime(
    x: tuple[int, ...], w: tuple[int, ...], attributes: dict[str, Any], constant: bool
) -> None:
    channels = w[1] * attributes.get("group", 1)
    run_both(*convolution("ConvTranspose", x, w, bias=channels, constant=constant, **attributes))


def test_conv_transpose_of_a_dynamic_image() -> None:
    model, feeds = convolution("ConvTranspose", (1, 2, 5, 4), (2, 3, 3, 3), dynamic=True, strides=[2, 2], pads=[1] * 4)
    run_both(model, feeds)


def test_conv_transpose_to_a_size_needs_the_size_of_its_input() -> None:
    model, _ = convolution("ConvTranspose", (1, 2, 5, 4), (2, 3, 3, 3), dynamic=True, output_shape=[9, 9])
    found = refusal(model)
    assert "sizes that are not known" in found.problems[0].what


@pytest.mark.parametrize("masked", [True, False])
def test_deform_conv_equals_onnxruntime(masked: bool) -> None:
    x, w, offset = filled(1, 4, 6, 7), filled(4, 2, 3, 3), filled(1, 36, 4, 5)
    feeds = {"x": x, "w": w, "offset": offset, "b": filled(4)}
    if masked:
        feeds["mask"] = filled(1, 18, 4, 5)
    node = helper.make_node("DeformConv", list(feeds), ["y"], group=2, offset_group=2)
    inputs = [port(k, np.float32, v.shape) for k, v in feeds.items()]
    run_both(model_of([node], inputs, [port("y")], opset=19), feeds)


def test_causal_convolution_carries_its_state() -> None:
    feeds = {"x": filled(2, 3, 5), "w": filled(3, 1, 4), "b": filled(3), "past": filled(2, 3, 3)}
    node = helper.make_node("CausalConvWithState", list(feeds), ["y", "state"], activation="silu")
    inputs = [port(k, np.float32, v.shape) for k, v in feeds.items()]
    model = model_of([node], inputs, [port("y"), port("state")], opset=27)
    run_both(model, feeds, reference="onnx")
