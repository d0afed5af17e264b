"""Random operators by type, shape, range and moments; dropout, which drops nothing at inference."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper
from tests.onnx.support import layer_model, model_of, port, refusal, run_ir, run_layer

X = np.full((50, 60), 0.25, np.float32)


def drawn(op: str, kind: Any = np.float32, **attributes: Any) -> np.ndarray:
    like = op.endswith("Like") or op == "Bernoulli"
    node = helper.make_node(op, ["x"] if like else [], ["r"], **({} if like else {"shape": [50, 60]}), **attributes)
    ties = helper.make_node("Identity", ["x"], ["same"])
    model = model_of([node, ties], [port("x", shape=["n", 60])], [port("r", kind), port("same")], opset=15)
    found: np.ndarray = run_ir(model, {"x": X})[0]
    assert found.shape == X.shape
    assert found.dtype == kind
    return found


@pytest.mark.parametrize("op", ["RandomUniform", "RandomUniformLike"])
def test_uniform_numbers(op: str) -> None:
    r = drawn(op, low=2.0, high=4.0)
    assert 2 <= r.min() < 2.1
    assert 3.9 < r.max() < 4
    assert abs(r.mean() - 3) < 0.05


@pytest.mark.parametrize("op", ["RandomUniform", "RandomNormal", "Bernoulli"])
def test_a_seed_repeats_the_numbers(op: str) -> None:
    first, again, other = (drawn(op, seed=s) for s in (0.5, 0.5, 0.25))
    assert (first == again).all()
    assert (first != other).any()


def test_without_a_seed_the_numbers_change() -> None:
    assert (drawn("RandomNormal") != drawn("RandomNormal")).any()


@pytest.mark.parametrize("op", ["RandomNormal", "RandomNormalLike"])
@pytest.mark.parametrize("kind", [np.float32, np.float16, np.float64])
def test_normal_numbers(op: str, kind: Any) -> None:
    r = drawn(op, kind, mean=3.0, scale=0.5, dtype=helper.np_dtype_to_tensor_dtype(np.dtype(kind))).astype(np.float64)
    assert abs(r.mean() - 3) < 0.05
    assert abs(r.std() - 0.5) < 0.03
    assert np.isfinite(r).all()


@pytest.mark.parametrize("kind", [np.float32, np.int64, bool])
def test_bernoulli_draws_by_probability(kind: Any) -> None:
    r = drawn("Bernoulli", kind, dtype=helper.np_dtype_to_tensor_dtype(np.dtype(kind)))
    assert set(np.unique(r).tolist()) == {0, 1}
    assert abs(r.astype(np.float64).mean() - 0.25) < 0.04


def test_multinomial_draws_by_log_probability() -> None:
    x = np.log(np.array([[0.1, 0.0001, 0.9], [0.5, 0.5, 1e-6]], np.float32))
    model = layer_model("Multinomial", {"x": x}, kinds={"y": np.int64}, sample_size=4000, dtype=TensorProto.INT64)
    r = run_ir(model, {"x": x})[0]
    assert r.shape == (2, 4000)
    assert r.dtype == np.int64
    assert abs((r[0] == 2).mean() - 0.9) < 0.04
    assert abs((r[1] == 0).mean() - 0.5) < 0.05


@pytest.mark.parametrize("opset", [7, 10, 12, 13, 22])
def test_dropout_at_inference_drops_nothing(opset: int) -> None:
    run_layer("Dropout", {"x": X}, opset=opset)


@pytest.mark.parametrize("opset", [10, 13])
def test_mask_of_dropout(opset: int) -> None:
    run_layer("Dropout", {"x": X}, "y mask", opset=opset, kinds={"mask": bool})


def test_dropout_that_drops_nothing_even_in_training() -> None:
    feeds = {"x": X, "ratio": np.float32(0), "training": np.array(True)}
    run_layer("Dropout", feeds, "y mask", opset=13, kinds={"mask": bool}, constants=["ratio", "training"])


@pytest.mark.parametrize("constants", [["ratio", "training"], ["ratio"], []])
def test_dropout_that_may_drop_is_refused(constants: list[str]) -> None:
    feeds = {"x": X, "ratio": np.float32(0.5), "training": np.array(True)}
    problem = refusal(layer_model("Dropout", feeds, opset=13, constants=constants)).problems[0]
    assert (problem.code, problem.op) == ("D302", "Dropout")
