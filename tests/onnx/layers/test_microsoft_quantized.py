"""Quantized operators of com.microsoft against onnxruntime: the integers must be the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.onnx.support import given, layer_model, run_both

F = np.float32
RANDOM = np.random.default_rng(0)
KINDS = [np.uint8, np.int8]


def integers(kind: Any, *shape: int) -> np.ndarray:
    limits = np.iinfo(kind)
    return RANDOM.integers(limits.min, limits.max + 1, shape).astype(kind)


def zero(kind: Any, value: int) -> np.ndarray:
    """The same place in the range of either type."""
    return np.array(value if kind is np.uint8 else value - 128).astype(kind)


def check(op: str, kind: Any, feeds: dict[str, Any], constants: str = "", **attributes: Any) -> None:
    held = tuple(constants.split())
    model = layer_model(op, feeds, kinds={"y": kind}, domain="com.microsoft", constants=held, **attributes)
    run_both(model, given(feeds, held))


def pair(kind: Any, a: tuple[int, ...], b: tuple[int, ...]) -> dict[str, Any]:
    return {
        "a": integers(kind, *a), "as": F(0.31), "az": zero(kind, 120),
        "b": integers(kind, *b), "bs": F(0.17), "bz": zero(kind, 100),
    }  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("op", "scale"), [("QLinearAdd", 0.47), ("QLinearMul", 3.7)])
def test_sums_and_products(op: str, scale: float, kind: Any) -> None:
    check(op, kind, {**pair(kind, (2, 3, 4), (3, 1)), "cs": F(scale), "cz": zero(kind, 130)})


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("op", "scale", "centre", "attributes"),
    [
        ("QLinearSigmoid", 1 / 256, 0, {}),
        ("QLinearLeakyRelu", 0.021, 60, {"alpha": 0.2}),
    ],
)
def test_activations(op: str, scale: float, centre: int, attributes: dict[str, Any], kind: Any) -> None:
    feeds = {"x": integers(kind, 2, 3, 4), "xs": F(0.03), "xz": zero(kind, 120), "ys": F(scale)}
    check(op, kind, {**feeds, "yz": zero(kind, centre)}, "xs xz ys yz", **attributes)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("version", [11, 13])
def test_softmax_along_an_axis_or_over_a_matrix(version: int, kind: Any) -> None:
    feeds = {"x": integers(kind, 2, 3, 4), "xs": F(0.03), "xz": zero(kind, 120), "ys": F(1 / 256)}
    model = layer_model(
        "QLinearSoftmax", {**feeds, "yz": zero(kind, 0)}, kinds={"y": kind}, domain="com.microsoft",
        constants=("xs", "xz", "ys", "yz"), axis=1,
    )  # fmt: skip
    from onnx import helper

    model.graph.node[0].attribute.append(helper.make_attribute("opset", version))
    run_both(model, {"x": feeds["x"]})


@pytest.mark.parametrize("kind", KINDS)
def test_join(kind: Any) -> None:
    feeds = {"ys": F(0.1), "yz": zero(kind, 128), **pair(kind, (2, 3), (2, 2))}
    check("QLinearConcat", kind, feeds, "ys yz as az bs bz", dynamic=False, axis=1)


@pytest.mark.parametrize("kind", KINDS)
def test_choice(kind: Any) -> None:
    feeds = {"c": RANDOM.random((2, 3)) > 0.5, **pair(kind, (2, 3), (2, 3)), "zs": F(0.41), "zz": zero(kind, 128)}
    check("QLinearWhere", kind, feeds, "as az bs bz zs zz")


def image(kind: Any, last: int) -> dict[str, Any]:
    x = integers(kind, 1, 6, 6, 3) if last else integers(kind, 1, 3, 6, 6)
    return {"x": x, "xs": F(0.0313), "xz": zero(kind, 120)}


@pytest.mark.parametrize("last", [0, 1])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("op", "attributes"),
    [
        ("QLinearGlobalAveragePool", {}),
        ("QLinearAveragePool", {"kernel_shape": [2, 3], "strides": [2, 1]}),
        ("QLinearAveragePool", {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1], "count_include_pad": 1}),
    ],
)
def test_means(op: str, attributes: dict[str, Any], kind: Any, last: int) -> None:
    feeds = {**image(kind, last), "ys": F(0.0271), "yz": zero(kind, 128)}
    check(op, kind, feeds, channels_last=last, **attributes)


@pytest.mark.parametrize("last", [0, 1])
@pytest.mark.parametrize("kind", KINDS)
def test_convolution(kind: Any, last: int) -> None:
    feeds = {
        **image(kind, last), "w": integers(kind, 4, 3, 3, 3), "ws": F(0.02), "wz": zero(kind, 128),
        "ys": F(0.9), "yz": zero(kind, 128), "b": RANDOM.integers(-999, 999, 4).astype(np.int32),
    }  # fmt: skip
    check("QLinearConv", kind, feeds, "xs xz w ws wz ys yz b", channels_last=last, pads=[1, 1, 1, 1])


@pytest.mark.parametrize("kind", KINDS)
def test_maximum_with_channels_last(kind: Any) -> None:
    check("NhwcMaxPool", kind, {"x": integers(kind, 1, 6, 6, 3)}, kernel_shape=[2, 2], strides=[2, 2])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("back", [True, False])
def test_gemm(back: bool, kind: Any) -> None:
    feeds: dict[str, Any] = {"a": integers(kind, 3, 4), "as": F(0.1), "az": zero(kind, 120)}
    addend = {"c": RANDOM.integers(-99, 99, 5).astype(np.int32)}
    if back:
        feeds |= {"b": integers(np.int8, 4, 5), "bs": F(0.1), "bz": np.int8(3), **addend}
        check("QGemm", kind, {**feeds, "ys": F(0.7), "yz": zero(kind, 130)}, "b")
    else:
        feeds |= {"b": integers(np.int8, 5, 4), "bs": RANDOM.random(5).astype(F), "bz": integers(np.int8, 5), **addend}
        check("QGemm", F, feeds, "b", transB=1, alpha=0.5)


@pytest.mark.parametrize("axis", [None, 1])
def test_linear_quantization_and_back(axis: int | None) -> None:
    per = {} if axis is None else {"axis": axis}
    scale = np.array(0.1, F) if axis is None else RANDOM.random(3).astype(F) + F(0.1)
    centre = np.array(3, np.uint8) if axis is None else np.array([3, 4, 5], np.uint8)
    x = RANDOM.standard_normal((2, 3)).astype(F)
    check("QuantizeLinear", np.uint8, {"x": x, "s": scale, "z": centre}, **per)
    check("DequantizeLinear", F, {"x": integers(np.uint8, 2, 3), "s": scale, "z": centre}, **per)
