"""``check`` compares inner layers, cut models and frozen inputs with onnxruntime too."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper
from tests.onnx.support import model_of, port

import dragoman
from dragoman.errors import PluginError
from dragoman_onnx import reference

W = np.random.default_rng(0).normal(size=(4, 4)).astype(np.float32)
X = np.random.default_rng(1).normal(size=(2, 4)).astype(np.float32)


def chain() -> onnx.ModelProto:
    """x @ w -> Relu -> * amount -> If(flag) with a body that reads the Relu -> y."""
    then = helper.make_graph([helper.make_node("Neg", ["r"], ["t"])], "then", [], [port("t", np.float32)])
    other = helper.make_graph([helper.make_node("Identity", ["m"], ["e"])], "else", [], [port("e", np.float32)])
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["p"], name="product"),
        helper.make_node("Relu", ["p"], ["r"], name="relu"),
        helper.make_node("Mul", ["r", "amount"], ["m"], name="mul"),
        helper.make_node("If", ["flag"], ["y"], name="choice", then_branch=then, else_branch=other),
    ]
    inputs = [port("x", np.float32, ["n", 4]), port("amount", np.float32, []), port("flag", np.bool_, [])]
    return model_of(nodes, inputs, [port("y", np.float32, ["n", 4])], constants={"w": W})


@pytest.mark.parametrize("layer", ["product", "relu", "mul"])
def test_an_inner_layer_is_compared(layer: str) -> None:
    report = dragoman.check(chain(), outputs=[layer])
    assert report.passed
    assert [d.output for d in report.outputs] == [{"product": "p", "relu": "r", "mul": "m"}[layer]]


def test_a_model_that_is_cut_at_an_inner_tensor_is_compared() -> None:
    assert dragoman.check(chain(), inputs=["r[2,4]", "amount"], outputs=["m"]).passed


@pytest.mark.parametrize("flag", ["true", "false"])
def test_frozen_inputs_are_given_to_the_source(flag: str) -> None:
    assert dragoman.check(chain(), inputs=["amount->0.5", f"flag->{flag}"]).passed


def test_a_tensor_that_is_frozen_inside_is_given_to_the_source() -> None:
    found = dragoman.check(chain(), inputs=["p->[[1,-2,3,4]]", "amount->2"], outputs=["m"])
    assert found.passed


def test_inner_tensors_are_those_of_the_whole_model() -> None:
    found = reference.run(chain(), {"x": X}, ["r"])
    np.testing.assert_allclose(found["r"], np.maximum(X @ W, 0), rtol=1e-5)
    inner = reference.run(chain(), {"r": X, "amount": np.float32(3)}, ["m"])
    np.testing.assert_allclose(inner["m"], X * 3, rtol=1e-6)


def test_a_body_reads_what_is_given_inside() -> None:
    found = reference.run(chain(), {"r": X, "amount": np.float32(3), "flag": np.bool_(True)}, ["y"])
    np.testing.assert_allclose(found["y"], -X, rtol=1e-6)


def test_weights_beside_the_file_are_found(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    onnx.save(chain(), path, save_as_external_data=True, location="weights", size_threshold=0)
    np.testing.assert_allclose(reference.run(path, {"x": X}, ["p"])["p"], X @ W, rtol=1e-5)


def test_a_tensor_that_does_not_exist_is_refused() -> None:
    with pytest.raises(PluginError) as caught:
        reference.run(chain(), {"x": X}, ["nothing"])
    assert caught.value.code == "D609"
