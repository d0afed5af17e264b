"""What random cases found: each was silently wrong, or ended the runtime."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import helper
from tests.onnx.support import Feeds, layer_model, model_of, port, refusal, run_both, run_layer


def programmed(nodes: list[object], feeds: Feeds, kind: type, **constants: np.ndarray) -> list[np.ndarray]:
    """Several layers between the feeds and ``y``."""
    ports = [port(n, a.dtype, [f"{n}{i}" for i in range(a.ndim)]) for n, a in feeds.items()]
    return run_both(model_of(nodes, ports, [port("y", kind)], constants=constants), feeds)  # type: ignore[arg-type]


X = np.array([[7, -9, 4], [-8, 1, 0], [-1, 0, 2]])


@pytest.mark.parametrize("op", ["ReduceMax", "ReduceMin", "ReduceL1", "ReduceSumSquare", "ReduceProd"])
@pytest.mark.parametrize("kind", [np.int32, np.int64])
def test_quotient_of_a_reduction_is_cut_and_not_rounded(op: str, kind: type) -> None:
    nodes = [helper.make_node(op, ["x"], ["p"], axes=[1]), helper.make_node("Div", ["p", "k"], ["y"])]
    programmed(nodes, {"x": X.astype(kind)}, kind, k=np.array(3, kind))


def test_quotient_of_a_sum_is_cut_and_not_rounded() -> None:
    nodes = [helper.make_node("ReduceSum", ["x", "a"], ["p"]), helper.make_node("Div", ["p", "k"], ["y"])]
    programmed(nodes, {"x": X}, np.int64, k=np.array(3), a=np.array([1]))


def test_quotient_of_a_product_is_cut_and_not_rounded() -> None:
    nodes = [helper.make_node("MatMul", ["x", "x"], ["p"]), helper.make_node("Div", ["p", "k"], ["y"])]
    programmed(nodes, {"x": X.astype(np.int32)}, np.int32, k=np.array(3, np.int32))


def test_mean_of_integers_is_cut_and_not_rounded() -> None:
    x = np.array([[14, -17, 19, 19], [-12, -17, -18, 8]], np.int32)
    run_layer("ReduceMean", {"x": x}, axes=[1], kinds={"y": np.int32})


@pytest.mark.parametrize("outputs", ["y", "y i", "y - v", "y i v c"])
@pytest.mark.parametrize("attributes", [{"sorted": 0}, {"sorted": 1}, {"axis": 1}, {"axis": -1, "sorted": 0}])
def test_distinct_elements_whatever_is_asked_of_them(outputs: str, attributes: dict[str, int]) -> None:
    x = np.random.default_rng(3).integers(0, 2, (2, 6, 2))
    kinds = dict.fromkeys("yivc", np.int64)
    run_layer("Unique", {"x": x}, outputs, opset=11, kinds=kinds, **attributes)


@pytest.mark.parametrize("fmod", [0, 1])
@pytest.mark.parametrize("kind", [np.int32, np.int64, np.uint32])
def test_rests_of_integers_beyond_f32(kind: type, fmod: int) -> None:
    a = np.array([123456789, 2000000011, 16777217, 5], kind)
    b = np.array([1000003, 7, 16777216, 16777219], kind)
    run_layer("Mod", {"a": a, "b": b}, fmod=fmod, kinds={"y": kind})


@pytest.mark.parametrize("op", ["Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual"])
@pytest.mark.parametrize("kind", [np.int32, np.int64])
def test_comparisons_of_integers_beyond_f32(op: str, kind: type) -> None:
    a = np.array([1700000001, 1700000000, -1700000001, 2147483647, -2147483648, 3, 65536, -1], kind)
    b = np.array([1700000000, 1700000000, -1700000000, -2147483648, 2147483647, 3, 65535, 0], kind)
    run_layer(op, {"a": a, "b": b}, kinds={"y": bool})


def test_relu_and_reversal_of_integers_beyond_f32() -> None:
    x = np.array([[1520631159, -7, 16777217], [-1836794261, 3, 100000007]], np.int32)
    run_layer("Relu", {"x": x}, kinds={"y": np.int32}, opset=14, reference="onnx")
    run_layer("ReverseSequence", {"x": x, "n": np.array([3, 2])}, kinds={"y": np.int32}, batch_axis=0, time_axis=1)


def test_filters_of_one_point_with_strides_behind_padding() -> None:
    x = np.random.default_rng(0).standard_normal((1, 2, 5, 6)).astype(np.float32)
    w = np.array([0.7, -0.3], np.float32).reshape(1, 2, 1, 1)
    nodes = [
        helper.make_node("Relu", ["x"], ["r"]),
        helper.make_node("Conv", ["r", "w"], ["y"], pads=[0, 1, 1, 0], strides=[1, 2]),
    ]
    programmed(nodes, {"x": x}, np.float32, w=w)


def test_normalization_over_an_unknown_number_of_channels() -> None:
    x = np.random.default_rng(0).standard_normal((2, 5, 3, 3)).astype(np.float32)
    model = layer_model("LRN", {"x": x}, size=5)
    model.graph.input[0].type.tensor_type.shape.dim[1].dim_param = "channels"
    run_both(model, {"x": x})


@pytest.mark.parametrize("x", [np.float32(2.5), np.ones((2, 1), np.float32)])
def test_expansion_to_the_shape_of_a_scalar(x: np.ndarray) -> None:
    run_layer("Expand", {"x": np.asarray(x), "s": np.zeros(0, np.int64)})
    run_layer("Expand", {"x": np.asarray(x), "s": np.zeros(0, np.int64)}, constants=["s"])


def test_shifts_beyond_the_32_bits_that_the_plugin_holds() -> None:
    x, places = np.array([2082568050, 1685605727], np.uint64), np.array([19, 46], np.uint64)
    run_layer("BitShift", {"x": x, "n": places}, direction="RIGHT", kinds={"y": np.uint64}, opset=11)


@pytest.mark.parametrize(
    "op, feeds, constants, attributes",
    [
        ("Gather", {"x": np.ones((3, 2), np.float32), "i": np.zeros((1, 0), np.int64)}, ["i"], {}),
        ("Compress", {"x": np.ones((3, 2), np.float32), "c": np.zeros(3, bool)}, ["c"], {"axis": 0}),
        ("TopK", {"x": np.ones((3, 2), np.float32), "k": np.array([0])}, ["k"], {}),
    ],
)
def test_nothing_to_pick_is_refused(op: str, feeds: Feeds, constants: list[str], attributes: dict[str, int]) -> None:
    outputs = "y i" if op == "TopK" else "y"
    error = refusal(layer_model(op, feeds, outputs, constants=constants, kinds={"i": np.int64}, **attributes))
    assert [p.code for p in error.problems] == ["D302"]
    assert error.problems[0].op == op
