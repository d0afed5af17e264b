"""LayerCase passes where the numbers are the framework's own, and fails where they are not."""

from __future__ import annotations

import types
from typing import Any

import numpy as np
import pytest
from onnx import helper
from tests.onnx.support import model_of, port

from dragoman.frontends.extract import Extractors
from dragoman.graph.types import TensorType
from dragoman.hookspecs import PluginInfo, ShapeRule, hookimpl
from dragoman_sdk import LayerCase, caffe_layer, onnx_bytes, onnx_layer, onnx_node

X = np.array([[-1.0, 2.0]], np.float32)


def relu(op: str = "Relu") -> bytes:
    model = model_of([helper.make_node(op, ["x"], ["y"], name="only")], [port("x", shape=[1, 2])], [port("y")])
    return model.SerializeToString()


def test_the_plugins_reference_is_asked() -> None:
    found = LayerCase(relu(), {"x": X}).check()
    np.testing.assert_array_equal(found["y"], [[0, 2]])


def test_other_numbers_fail() -> None:
    with pytest.raises(AssertionError, match=r"y \[1x2\]: differs"):
        LayerCase(relu(), {"x": X}, expected={"y": X}).check()


def test_another_shape_fails() -> None:
    with pytest.raises(AssertionError, match="shape"):
        LayerCase(relu(), {"x": X}, expected={"y": X[0]}).check()


def test_a_rule_that_keeps_its_hands_off_says_why() -> None:
    case = LayerCase(onnx_layer("Relu", {"x": X}))
    assert case.check_untouched("RecogniseHSwish", "layer", "is not part of its pattern")
    with pytest.raises(AssertionError, match="'the moon' is no reason given"):
        case.check_untouched("RecogniseHSwish", "layer", "the moon")


def test_a_rule_that_does_fire_is_told() -> None:
    nodes = [onnx_node("HardSigmoid", "x", "gate", alpha=1 / 6, beta=0.5), onnx_node("Mul", "x gate", "y")]
    with pytest.raises(AssertionError, match="RecogniseHSwish made 1 replacements"):
        LayerCase(onnx_bytes(nodes, {"x": X}, ["y"])).check_untouched("RecogniseHSwish", "y")


def test_a_refusal_is_checked_by_code_and_layer() -> None:
    error = LayerCase(relu("NoSuchOperator"), {}).check_refused("D301", "only", "NoSuchOperator")
    assert error.exit_code == 4


def test_a_model_that_converts_is_not_refused() -> None:
    with pytest.raises(pytest.fail.Exception):
        LayerCase(relu(), {}).check_refused("D301")


def test_a_net_without_files_is_converted() -> None:
    net = caffe_layer(
        "InnerProduct", {"x": (1, 2)}, "inner_product_param { num_output: 1 }", blobs=[[[2.0, 3.0]], [1.0]]
    )
    LayerCase(net, {"x": X}, {"y": np.array([[5.0]], np.float32)}).check()
    with pytest.raises(AssertionError, match=r"\[0, 0\]: found 5.0, expected 4.0"):
        LayerCase(net, {"x": X}, {"y": np.array([[4.0]], np.float32)}).check()


def test_an_input_without_data_or_of_another_name_is_told() -> None:
    with pytest.raises(ValueError, match="no data for the input x"):
        LayerCase(relu(), {}, {"y": X}).check()
    with pytest.raises(ValueError, match="no input z; its inputs are x"):
        LayerCase(relu(), {"x": X, "z": X}, {"y": X}).check()


def test_an_output_of_which_nothing_is_expected_fails() -> None:
    model = onnx_bytes([onnx_node("Relu", "x", "y"), onnx_node("Abs", "x", "z")], {"x": X}, ["y", "z"])
    with pytest.raises(AssertionError, match="nothing is expected of the output z"):
        LayerCase(model, {"x": X}, {"y": np.maximum(X, 0)}).check()


def test_a_layer_that_no_reference_knows_needs_expected_numbers(plugin_host: Any) -> None:
    layers = Extractors("onnx")
    layers("acme:Twice")(lambda layer, op, x: op.Add(x, x))
    acme = types.SimpleNamespace(
        dragoman_plugin_info=hookimpl(lambda: PluginInfo("acme")),
        dragoman_register_extractors=hookimpl(lambda: [layers]),
    )
    host, model = plugin_host(acme), onnx_layer("acme:Twice", {"x": X})
    LayerCase(model, {"x": X}, {"y": X + X}, host=host).check()
    with pytest.raises(AssertionError, match="give the case its expected outputs: onnxruntime"):
        LayerCase(model, {"x": X}, host=host).check()


def test_a_rule_that_must_fire_and_does_not_is_told() -> None:
    LayerCase(
        twice := onnx_bytes([onnx_node("Relu", "x", "a"), onnx_node("Relu", "a", "y")], {"x": X}, ["y"]),
        {"x": X},
        fires=[],
    ).check()
    with pytest.raises(AssertionError, match="no replacement was made by FuseBatchNorm"):
        LayerCase(twice, {"x": X}, fires=["FuseBatchNorm"]).check()


def test_a_shape_rule_that_lies_is_told(plugin_host: Any) -> None:
    acme = types.SimpleNamespace(
        dragoman_plugin_info=hookimpl(lambda: PluginInfo("acme")),
        dragoman_register_shape_rules=hookimpl(
            lambda: [ShapeRule("Abs", lambda node: [TensorType(node.input(0).dtype, (1, 3))])]
        ),
    )
    model = onnx_layer("Abs", {"x": "f32[?,?]"})
    LayerCase(model, {"x": X}).check()
    with pytest.raises(AssertionError, match=r"f32\[1,3\] was inferred, and \[1, 2\] was computed"):
        LayerCase(model, {"x": X}, host=plugin_host(acme)).check()
