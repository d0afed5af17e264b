"""Activations of com.microsoft and what they are fused with, against onnxruntime or the formula as a graph."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper
from tests.onnx.support import assert_same, given, layer_model, model_of, port, refusal, run_both, run_ir, run_ort

F = np.float32
RANDOM = np.random.default_rng(3)


def data(*shape: int) -> np.ndarray:
    return RANDOM.standard_normal(shape).astype(F)


def check(op: str, feeds: dict[str, Any], constants: tuple[str, ...] = (), **attributes: Any) -> None:
    model = layer_model(op, feeds, domain="com.microsoft", constants=constants, **attributes)
    run_both(model, given(feeds, constants))


@pytest.mark.parametrize(
    ("op", "bias", "attributes"),
    [
        ("Gelu", False, {}),
        ("BiasGelu", True, {}),
        ("FastGelu", False, {}),
        ("FastGelu", True, {}),
        ("QuickGelu", False, {}),
        ("QuickGelu", False, {"alpha": 0.7}),
    ],
)
def test_gelus(op: str, bias: bool, attributes: dict[str, Any]) -> None:
    feeds = {"x": data(2, 3, 8) * 3} | ({"b": data(8)} if bias else {})
    check(op, feeds, **attributes)


@pytest.mark.parametrize(
    ("activation", "alpha"), [("Relu", None), ("LeakyRelu", 0.3), ("Tanh", None), ("Sigmoid", None)]
)
def test_gemm_with_an_activation(activation: str, alpha: float | None) -> None:
    more = {} if alpha is None else {"activation_alpha": alpha}
    feeds = {"a": data(3, 4), "b": data(5, 4), "c": data(5)}
    check("FusedGemm", feeds, transB=1, alpha=0.5, beta=2.0, activation=activation, **more)


@pytest.mark.parametrize(
    ("a", "b", "attributes"),
    [
        ((2, 3, 4), (2, 4, 5), {}),
        ((2, 4, 3), (2, 4, 5), {"transA": 1}),
        ((2, 3, 4), (2, 5, 4), {"transB": 1, "alpha": 0.25}),
        ((2, 4, 3), (2, 5, 4), {"transA": 1, "transB": 1}),
        ((3, 2, 4), (2, 4, 5), {"transBatchA": 1}),
        ((2, 3, 5, 4), (3, 5, 2, 6), {"transA": 1, "transBatchA": 1}),
        ((2, 3, 4, 5), (2, 3, 4, 5), {"transBatchA": 1, "transBatchB": 1, "transB": 1}),
        ((4,), (4, 5), {"transA": 1}),
    ],
)
def test_matmul_with_turned_sides(a: tuple[int, ...], b: tuple[int, ...], attributes: dict[str, Any]) -> None:
    check("FusedMatMul", {"a": data(*a), "b": data(*b)}, dynamic=False, **attributes)


CONVOLUTION = {"x": data(1, 3, 6, 6), "w": data(4, 3, 3, 3), "b": data(4)}


@pytest.mark.parametrize(
    ("activation", "numbers"),
    [
        ("Relu", []),
        ("LeakyRelu", [0.2]),
        ("Clip", [0.0, 0.5]),
        ("HardSigmoid", [0.3, 0.4]),
        ("Tanh", []),
        ("Sigmoid", []),
    ],
)
def test_convolution_with_an_activation(activation: str, numbers: list[float]) -> None:
    more = {"activation_params": numbers} if numbers else {}
    check("FusedConv", CONVOLUTION, ("w", "b"), activation=activation, pads=[1, 1, 1, 1], **more)


def test_convolution_with_a_sum_before_its_activation() -> None:
    check("FusedConv", {**CONVOLUTION, "z": data(1, 4, 4, 4)}, ("w", "b"), activation="Relu")


def test_convolution_with_an_unknown_activation_is_refused() -> None:
    model = layer_model("FusedConv", CONVOLUTION, domain="com.microsoft", constants=("w", "b"), activation="Mystery")
    assert "Mystery" in refusal(model).problems[0].what


def as_graph(nodes: list[onnx.NodeProto], feeds: dict[str, np.ndarray], **constants: Any) -> list[np.ndarray]:
    """What onnxruntime makes of the published formula."""
    held = {k: np.asarray(v) for k, v in constants.items()}
    ports = [port(n, a.dtype, a.shape) for n, a in feeds.items()]
    return run_ort(model_of(nodes, ports, [port("y", F)], opset=20, constants=held), feeds)


def test_bias_split_gelu_is_the_left_half_times_gelu_of_the_right() -> None:
    feeds = {"x": data(2, 3, 8), "b": data(8)}
    nodes = [
        helper.make_node("Add", ["x", "b"], ["s"]),
        helper.make_node("Split", ["s"], ["l", "r"], axis=2, num_outputs=2),
        helper.make_node("Gelu", ["r"], ["g"]),
        helper.make_node("Mul", ["l", "g"], ["y"]),
    ]
    assert_same(run_ir(layer_model("BiasSplitGelu", feeds, domain="com.microsoft"), feeds), as_graph(nodes, feeds))


def test_bias_add_is_the_sum_of_three() -> None:
    feeds = {"x": data(2, 3, 8), "b": data(8), "s": data(2, 3, 8)}
    nodes = [helper.make_node("Sum", ["x", "b", "s"], ["y"])]
    assert_same(run_ir(layer_model("BiasAdd", feeds, domain="com.microsoft"), feeds), as_graph(nodes, feeds))


def test_bias_softmax_is_the_softmax_of_the_sum() -> None:
    feeds = {"x": data(2, 4, 3, 8), "b": data(2, 1, 1, 8)}
    nodes = [helper.make_node("Add", ["x", "b"], ["s"]), helper.make_node("Softmax", ["s"], ["y"])]
    model = layer_model("BiasSoftmax", feeds, domain="com.microsoft", axis=3, is_inner_broadcast=0)
    assert_same(run_ir(model, feeds), as_graph(nodes, feeds))
