"""Poolings against onnxruntime, over window rules, pads, dilations and indices."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper
from tests.onnx.support import model_of, port, refusal, run_both


def pooling(
    kind: str, shape: tuple[int, ...], *, outputs: int = 1, opset: int = 22, dynamic: bool = False, **attributes: Any
) -> tuple[onnx.ModelProto, dict[str, np.ndarray]]:
    x = np.random.default_rng(3).standard_normal(shape).astype(np.float32)
    node = helper.make_node(kind, ["x"], ["y", "i"][:outputs], **attributes)
    ports = [port("y"), port("i", np.int64)][:outputs]
    size: list[Any] = ["n", shape[1], *(f"d{i}" for i in range(len(shape) - 2))] if dynamic else list(shape)
    return model_of([node], [port("x", np.float32, size)], ports, opset=opset), {"x": x}


WINDOWS: list[tuple[tuple[int, ...], dict[str, Any]]] = [
    ((1, 3, 9, 8), {"kernel_shape": [3, 2]}),
    ((2, 3, 9, 8), {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 0, 1, 1]}),
    ((1, 3, 11), {"kernel_shape": [4], "strides": [3], "pads": [1, 2]}),
    ((1, 2, 6, 7, 5), {"kernel_shape": [2, 3, 2], "strides": [2, 1, 2]}),
    ((1, 3, 9, 8), {"kernel_shape": [3, 3], "strides": [2, 3], "auto_pad": "SAME_UPPER"}),
    ((1, 3, 9, 8), {"kernel_shape": [3, 3], "strides": [2, 2], "auto_pad": "SAME_LOWER"}),
    ((1, 3, 9, 8), {"kernel_shape": [3, 3], "auto_pad": "VALID"}),
    ((1, 3, 10, 9), {"kernel_shape": [2, 3], "dilations": [3, 2], "pads": [1, 1, 1, 1]}),
]
CEILINGS = [
    ((1, 2, size, size + 1), {"kernel_shape": [k, k], "strides": [s, s], "pads": [p, p, p, p], "ceil_mode": 1})
    for size, k, s, p in itertools.product((4, 7), (2, 3), (2, 3), (0, 1))
]  # fmt: skip


@pytest.mark.parametrize(("shape", "attributes"), WINDOWS + CEILINGS)
def test_max_pool_and_its_indices_equal_onnxruntime(shape: tuple[int, ...], attributes: dict[str, Any]) -> None:
    run_both(*pooling("MaxPool", shape, outputs=2, **attributes))


@pytest.mark.parametrize("included", [0, 1])
@pytest.mark.parametrize(("shape", "attributes"), WINDOWS + CEILINGS)
def test_average_pool_equals_onnxruntime(shape: tuple[int, ...], attributes: dict[str, Any], included: int) -> None:
    run_both(*pooling("AveragePool", shape, count_include_pad=included, **attributes))


@pytest.mark.parametrize("kind", ["MaxPool", "AveragePool"])
def test_pooling_of_a_dynamic_image(kind: str) -> None:
    run_both(*pooling(kind, (2, 3, 9, 8), kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1, dynamic=True))


@pytest.mark.parametrize("opset", [1, 8, 10, 11, 12])
def test_max_pool_of_older_opsets(opset: int) -> None:
    run_both(*pooling("MaxPool", (1, 2, 7, 7), kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 0, 0], opset=opset))


@pytest.mark.parametrize("shape", [(2, 2, 5, 6), (1, 2, 7)])
def test_column_major_indices(shape: tuple[int, ...]) -> None:
    count = len(shape) - 2
    run_both(*pooling("MaxPool", shape, outputs=2, kernel_shape=[2] * count, strides=[2] * count, storage_order=1))


@pytest.mark.parametrize("p", [1, 2, 3])
@pytest.mark.parametrize(("shape", "attributes"), [*WINDOWS[:6], *CEILINGS[:6]])
def test_lp_pool_equals_the_reference(shape: tuple[int, ...], attributes: dict[str, Any], p: int) -> None:
    run_both(*pooling("LpPool", shape, p=p, opset=18, **attributes))


@pytest.mark.parametrize("kind", ["GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool"])
@pytest.mark.parametrize("shape", [(2, 3, 5), (2, 3, 4, 5), (1, 2, 3, 4, 5)])
def test_global_pooling_equals_onnxruntime(kind: str, shape: tuple[int, ...]) -> None:
    run_both(*pooling(kind, shape, opset=21))
    run_both(*pooling(kind, shape, dynamic=True, opset=21))


def test_global_lp_pool_of_another_norm() -> None:
    run_both(*pooling("GlobalLpPool", (2, 3, 4, 5), p=3, opset=21))


def test_negative_pads_are_refused() -> None:
    model, _ = pooling("MaxPool", (1, 2, 7, 7), kernel_shape=[2, 2], pads=[-1, 0, 0, 0])
    assert "negative" in refusal(model).problems[0].what


def test_max_unpool_puts_values_back() -> None:
    x = np.arange(1, 9, dtype=np.float32).reshape(1, 2, 2, 2)
    places = np.array([[[[0, 3], [8, 15]], [[16, 19], [25, 30]]]], np.int64)
    node = helper.make_node("MaxUnpool", ["x", "i"], ["y"], kernel_shape=[2, 2], strides=[2, 2])
    inputs = [port("x", np.float32, x.shape), port("i", np.int64, places.shape)]
    run_both(model_of([node], inputs, [port("y")], opset=11), {"x": x, "i": places})


def test_max_roi_pool_equals_onnxruntime() -> None:
    x = np.random.default_rng(0).standard_normal((2, 3, 12, 14)).astype(np.float32)
    rois = np.array([[0, 1, 1, 8, 9], [1, 0, 2, 13, 11], [1, 3, 3, 3, 3], [0, 4, 5, 30, 30]], np.float32)
    node = helper.make_node("MaxRoiPool", ["x", "r"], ["y"], pooled_shape=[3, 4], spatial_scale=0.7)
    inputs = [port("x", np.float32, x.shape), port("r", np.float32, rois.shape)]
    run_both(model_of([node], inputs, [port("y")], opset=17), {"x": x, "r": rois})
