"""Quantization by tensor, channel and block, and the products of quantized tensors."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np
import pytest
from onnx import TensorProto, helper
from tests.onnx.support import layer_model, model_of, port, refusal, run_both, run_ir, run_layer, run_reference

import dragoman

X = np.array([[-300, -2.5, -1.5, -0.5, 0.0, 0.5], [1.5, 2.5, 3.5, 127, 130, 1000]], np.float32)


@pytest.mark.parametrize("kind", [np.uint8, np.int8, np.uint16, np.int16])
@pytest.mark.parametrize("scale", [1.0, 0.5, 0.1])
@pytest.mark.parametrize("constant", [True, False])
def test_quantize_rounds_halves_to_even_and_saturates(kind: Any, scale: float, constant: bool) -> None:
    feeds = {"x": X, "s": np.float32(scale), "z": np.array(3, kind)}
    run_layer("QuantizeLinear", feeds, opset=21, kinds={"y": kind}, constants=["s", "z"] if constant else [])


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("zero", ["z", "_z"])
def test_quantize_and_dequantize_along_an_axis(axis: int, zero: str) -> None:
    size = X.shape[axis]
    scales = np.linspace(0.25, 2, size).astype(np.float32)
    points = np.arange(size).astype(np.uint8)
    run_layer("QuantizeLinear", {"x": X, "s": scales, zero: points}, opset=13, kinds={"y": np.uint8}, axis=axis)
    data = np.arange(12, dtype=np.uint8).reshape(X.shape)
    run_layer("DequantizeLinear", {"x": data, "s": scales, zero: points}, opset=13, axis=axis)


@pytest.mark.parametrize("size", [8, 7])
@pytest.mark.parametrize("dynamic", [True, False])
def test_blocks_of_scales(size: int, dynamic: bool) -> None:
    x = np.linspace(-90, 90, 3 * size).reshape(3, size).astype(np.float32)
    scales, points = np.array([[1, 2], [0.5, 4], [3, 1]], np.float32), np.array([[0, 1], [2, 3], [4, 5]], np.int8)
    attributes = {"axis": 1, "block_size": 4}
    feeds = {"x": x, "s": scales, "z": points}
    run_layer("QuantizeLinear", feeds, opset=21, kinds={"y": np.int8}, dynamic=dynamic, **attributes)
    feeds["x"] = np.arange(3 * size).reshape(3, size).astype(np.int8)
    run_layer("DequantizeLinear", feeds, opset=21, dynamic=dynamic, **attributes)


def test_dequantize_into_half_precision() -> None:
    feeds = {"x": np.array([-3, 0, 100], np.int8), "s": np.array(0.25, np.float16)}
    run_layer("DequantizeLinear", feeds, opset=19, kinds={"y": np.float16})


@pytest.mark.parametrize(
    "code, kind",
    [
        (TensorProto.INT4, ml_dtypes.int4),
        (TensorProto.UINT4, ml_dtypes.uint4),
        (TensorProto.FLOAT8E4M3FN, ml_dtypes.float8_e4m3fn),
        (TensorProto.FLOAT8E5M2, ml_dtypes.float8_e5m2),
        (TensorProto.FLOAT4E2M1, ml_dtypes.float4_e2m1fn),
    ],
)
def test_narrow_types_there_and_back(code: int, kind: Any) -> None:
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "s"], ["q"], output_dtype=code),
        helper.make_node("DequantizeLinear", ["q", "s"], ["y"]),
    ]
    model = model_of(nodes, [port("x", shape=X.shape), port("s", shape=[])], [port("y")], opset=23)
    feeds = {"x": X, "s": np.array(2, np.float32)}
    np.testing.assert_array_equal(run_ir(model, feeds)[0], run_reference(model, feeds)[0])


@pytest.mark.parametrize("x", [X, np.abs(X), -np.abs(X), np.zeros((2, 3), np.float32), X / 7])
def test_dynamic_quantization(x: np.ndarray) -> None:
    kinds = {"y": np.uint8, "zero": np.uint8}
    run_layer("DynamicQuantizeLinear", {"x": x}, "y scale zero", opset=11, kinds=kinds)


def test_dynamic_quantization_of_a_symmetric_range_meets_exact_halves() -> None:
    for seed in range(20):
        x = np.random.default_rng(seed).uniform(-3, 3, (4, 8)).astype(np.float32)
        x[0, 0], x[0, 1] = abs(x).max(), -abs(x).max()
        kinds = {"y": np.uint8, "zero": np.uint8}
        run_layer("DynamicQuantizeLinear", {"x": x}, "y scale zero", opset=11, kinds=kinds)


def integers(kind: Any, *shape: int) -> np.ndarray:
    info = np.iinfo(kind)
    return np.random.default_rng(1).integers(info.min, info.max, shape, endpoint=True).astype(kind)


@pytest.mark.parametrize("left, right", [(np.uint8, np.uint8), (np.uint8, np.int8), (np.int8, np.int8)])
@pytest.mark.parametrize("zeros", ["none", "scalar", "column"])
def test_matmul_integer(left: Any, right: Any, zeros: str) -> None:
    feeds = {"a": integers(left, 3, 5), "b": integers(right, 5, 4)}
    if zeros != "none":
        feeds |= {"za": np.array(7, left), "zb": np.array(3, right)}
    if zeros == "column":
        feeds["zb"] = np.arange(4).astype(right)
    run_layer("MatMulInteger", feeds, opset=10, kinds={"y": np.int32})


@pytest.mark.parametrize("per_filter", [True, False])
def test_conv_integer_pads_with_the_zero_point(per_filter: bool) -> None:
    feeds = {"x": integers(np.uint8, 1, 2, 5, 5), "w": integers(np.uint8, 3, 2, 3, 3), "zx": np.array(9, np.uint8)}
    if per_filter:
        feeds["zw"] = np.array([1, 2, 3], np.uint8)
    reference = "onnx" if per_filter else "ort"
    attributes = {"pads": [1, 1, 1, 1]}
    run_layer("ConvInteger", feeds, opset=10, kinds={"y": np.int32}, dynamic=False, reference=reference, **attributes)


@pytest.mark.parametrize("kind", [np.uint8, np.int8])
def test_qlinear_matmul(kind: Any) -> None:
    f = np.float32
    feeds = {
        "a": integers(kind, 3, 5), "sa": f(0.02), "za": np.array(4, kind), "b": integers(kind, 5, 4), "sb": f(0.05),
        "zb": np.array(2, kind), "sy": f(0.31), "zy": np.array(11, kind),
    }  # fmt: skip
    held = [n for n in feeds if n not in "ab"]
    run_layer("QLinearMatMul", feeds, opset=21, kinds={"y": kind}, constants=held)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("group", [1, 2])
def test_qlinear_conv(bias: bool, group: int) -> None:
    f = np.float32
    feeds = {
        "x": integers(np.uint8, 1, 4, 6, 6), "sx": f(0.02), "zx": np.array(120, np.uint8),
        "w": integers(np.int8, 4, 4 // group, 3, 3), "sw": np.array([0.1, 0.2, 0.3, 0.05], f),
        "zw": np.zeros(4, np.int8), "sy": f(1.7), "zy": np.array(100, np.uint8),
    }  # fmt: skip
    if bias:
        feeds["b"] = np.array([1000, -2000, 30, 4], np.int32)
    held = [n for n in feeds if n != "x"]
    attributes = {"pads": [1, 0, 1, 0], "strides": [2, 1], "group": group}
    run_layer("QLinearConv", feeds, opset=10, kinds={"y": np.uint8}, constants=held, **attributes)


def test_a_scale_of_blocks_without_their_size_is_refused() -> None:
    feeds = {"x": X, "s": np.ones((2, 3), np.float32)}
    problem = refusal(layer_model("QuantizeLinear", feeds, opset=21, kinds={"y": np.uint8})).problems[0]
    assert (problem.code, problem.op) == ("D302", "QuantizeLinear")


@pytest.mark.parametrize("kind", [np.uint8, np.int8])
@pytest.mark.parametrize("axis", [None, 1])
def test_quantized_and_dequantized_at_once_becomes_fake_quantize(kind: Any, axis: int | None) -> None:
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "s", "z"], ["q"], **({} if axis is None else {"axis": axis})),
        helper.make_node("DequantizeLinear", ["q", "s", "z"], ["d"], **({} if axis is None else {"axis": axis})),
        helper.make_node("Relu", ["d"], ["r"]),
        helper.make_node("QuantizeLinear", ["r", "s", "z"], ["y"], **({} if axis is None else {"axis": axis})),
    ]
    shape = () if axis is None else (6,)
    held = {"s": np.full(shape, 0.1, np.float32), "z": np.full(shape, 5, kind)}
    model = model_of(nodes, [port("x", shape=["n", 6])], [port("y", kind)], opset=13, constants=held)
    x = np.random.default_rng(4).uniform(-20, 40, (500, 6)).astype(np.float32)  # no halves: those are the runtime's
    run_both(model, {"x": x})
    ops = [node.op for node in dragoman.convert(model).graph]
    assert ops.count("FakeQuantize") == 1
