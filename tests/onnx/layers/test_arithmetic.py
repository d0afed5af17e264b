"""Arithmetic: broadcasting old and new, integers that wrap and truncate, bounds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from onnx import helper
from tests.onnx.support import layer_model, model_of, port, refusal, run_both, run_ir, run_layer

A = np.arange(1, 25, dtype=np.float32).reshape(2, 3, 4)


@pytest.mark.parametrize("op", ["Add", "Sub", "Mul", "Div", "Pow"])
@pytest.mark.parametrize("shape", [(4,), (3, 1), (1, 1, 4), ()])
def test_broadcasting(op: str, shape: tuple[int, ...]) -> None:
    run_layer(op, {"a": A / 8, "b": np.full(shape, 1.5, np.float32)}, opset=13, dynamic=False)


@pytest.mark.parametrize("op", ["Add", "Sub", "Mul", "Div", "Less", "Greater", "Equal", "And", "Xor"])
@pytest.mark.parametrize("axis, shape", [(None, (4,)), (0, (2,)), (1, (3,)), (-2, (3, 4)), (0, (2, 3))])
def test_broadcasting_from_an_axis_before_opset_7(op: str, axis: int | None, shape: tuple[int, ...]) -> None:
    logical = op in ("And", "Xor")
    kind = bool if logical else np.int32 if op == "Equal" else np.float32
    result = kind if op in ("Add", "Sub", "Mul", "Div") else bool
    a = (A % 5 > 2) if logical else (A % 5 + 1).astype(kind)
    b = np.arange(int(np.prod(shape))).reshape(shape) % 3
    feeds = {"a": a, "b": (b > 0) if logical else (b + 1).astype(kind)}
    attributes = {"broadcast": 1} | ({} if axis is None else {"axis": axis})
    model = layer_model(op, feeds, opset=6, kinds={"y": result}, dynamic=False, **attributes)
    start = 3 - len(shape) if axis is None else axis % 3
    laid = feeds["b"].reshape((1,) * start + shape + (1,) * (3 - start - len(shape)))
    # onnxruntime has no opset 6; numpy is what its broadcasting became
    plain = layer_model(op, {"a": a, "b": laid}, opset=13, kinds={"y": result}, dynamic=False)
    np.testing.assert_array_equal(run_ir(model, feeds)[0], run_both(plain, {"a": a, "b": laid})[0])


@pytest.mark.parametrize("op", ["Add", "Sub", "Mul"])
@pytest.mark.parametrize("kind", [np.int8, np.uint8, np.int16, np.uint16, np.int32])
def test_integers_wrap(op: str, kind: Any) -> None:
    top = np.iinfo(kind).max
    feeds = {"a": np.array([top, 1, 3], kind), "b": np.array([top - 1, top, 2], kind)}
    run_layer(op, feeds, opset=14, kinds={"y": kind}, reference="onnx")


@pytest.mark.parametrize("kind", [np.int8, np.int32, np.int64])
@pytest.mark.parametrize("dynamic", [True, False])
def test_integer_quotients_are_cut_towards_zero(kind: Any, dynamic: bool) -> None:
    feeds = {"a": np.array([[-7, 7, -7, 7, 5]], kind), "b": np.array([[3, -3, -3, 3, 3]], kind)}
    run_layer(
        "Div", feeds, opset=14, kinds={"y": kind}, dynamic=dynamic, reference="ort" if kind != np.int8 else "onnx"
    )


@pytest.mark.parametrize("fmod", [0, 1])
@pytest.mark.parametrize("kind", [np.int8, np.int32, np.int64, np.float32])
def test_mod_takes_the_sign_of_one_side(fmod: int, kind: Any) -> None:
    feeds = {"a": np.array([-7, 7, -7, 7], kind), "b": np.array([3, -3, -3, 3], kind)}
    run_layer("Mod", feeds, opset=28, kinds={"y": kind}, reference="onnx", fmod=fmod)


def test_floor_of_a_quotient_is_exact() -> None:
    x = np.arange(1, 2000, dtype=np.float32)
    nodes = [helper.make_node("Div", ["a", "b"], ["q"]), helper.make_node("Floor", ["q"], ["y"])]
    model = model_of(nodes, [port("a", shape=x.shape), port("b", shape=x.shape)], [port("y")])
    assert (run_both(model, {"a": x, "b": x})[0] == 1).all()


@pytest.mark.parametrize("kinds", [(np.int32, np.float32), (np.float32, np.int64), (np.int64, np.int32)])
def test_pow_of_mixed_types(kinds: tuple[Any, Any]) -> None:
    feeds = {"x": np.array([1, 2, 3, 7], kinds[0]), "p": np.array([4, 5, 3, 8], kinds[1])}
    run_layer("Pow", feeds, opset=15, kinds={"y": kinds[0]}, reference="onnx")


def test_powers_of_integers_are_exact_beyond_f32() -> None:
    feeds = {"x": np.array([7, 3, -3, -1], np.int64), "p": np.array([10, 19, 19, 31], np.int64)}
    run_layer("Pow", feeds, opset=15, kinds={"y": np.int64})


@pytest.mark.parametrize("power", [0, 1, 2, 3, 5, 30])
def test_integers_to_a_constant_power(power: int) -> None:
    feeds = {"x": np.array([-2, -1, 0, 1, 2], np.int64), "p": np.array(power, np.int64)}
    run_layer("Pow", feeds, opset=15, kinds={"y": np.int64}, constants=["p"])


def test_an_integer_to_a_negative_power_is_refused() -> None:
    feeds = {"x": np.array([2], np.int64), "p": np.array(-1, np.int64)}
    assert refusal(layer_model("Pow", feeds, opset=15, kinds={"y": np.int64}, constants=["p"])).problems[0].op == "Pow"


@pytest.mark.parametrize("op", ["Sum", "Mean", "Max", "Min"])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_any_number_of_inputs(op: str, count: int) -> None:
    feeds = {f"x{i}": np.roll(A, i) for i in range(count)}
    run_layer(op, feeds, opset=13)


def test_inputs_of_a_sum_broadcast() -> None:
    run_layer("Sum", {"a": A, "b": A[0, :, :1].copy(), "c": np.float32(2)}, opset=8, dynamic=False)


@pytest.mark.parametrize("attributes", [{}, {"min": 3.0}, {"max": 9.0}, {"min": 3.0, "max": 9.0}])
def test_clip_by_attributes(attributes: dict[str, float]) -> None:
    run_layer("Clip", {"x": A}, opset=7, **attributes)


@pytest.mark.parametrize("low, high", [("low", "high"), ("_low", "high"), ("low", "_high"), ("_low", "_high")])
@pytest.mark.parametrize("constant", [True, False])
@pytest.mark.parametrize("kind", [np.float32, np.int64])
def test_clip_by_inputs(low: str, high: str, constant: bool, kind: Any) -> None:
    feeds = {"x": A.astype(kind), low: np.array(3, kind), high: np.array(9, kind)}
    held = [n for n in (low, high) if constant and not n.startswith("_")]
    run_layer("Clip", feeds, opset=12, kinds={"y": kind}, constants=held)


def test_the_upper_bound_wins_where_the_bounds_cross() -> None:
    feeds = {"x": A, "low": np.float32(9), "high": np.float32(3)}
    run_layer("Clip", feeds, opset=13, constants=["low", "high"])
