"""Cutting, freezing, shapes, batch and preprocessing: the IR computes what onnxruntime computes for the same cut."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper
from tests.onnx.support import assert_same, model_of, port, run_ir, run_ort

import dragoman
from dragoman.errors import UsageError
from dragoman.graph.types import Interval

RNG = np.random.default_rng(3)
IMAGE = RNG.uniform(0, 255, (2, 3, 5, 4)).astype(np.float32)


def chain() -> onnx.ModelProto:
    """x -> Conv c -> Relu r -> Add(r, k) a -> Neg y, where k is a second input."""
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"], name="conv"),
        helper.make_node("Relu", ["c"], ["r"], name="relu"),
        helper.make_node("Add", ["r", "k"], ["a"], name="add"),
        helper.make_node("Neg", ["a"], ["y"], name="neg"),
    ]
    weights = {"w": RNG.normal(size=(4, 3, 1, 1)).astype(np.float32)}
    inputs = [port("x", shape=["n", 3, "h", "w"]), port("k", shape=[1])]
    return model_of(nodes, inputs, [port("y", shape=["n", 4, "h", "w"])], constants=weights)


def part(model: onnx.ModelProto, inputs: list[str], outputs: list[str]) -> onnx.ModelProto:
    """The same cut, made by the onnx package."""
    return onnx.utils.Extractor(onnx.shape_inference.infer_shapes(model)).extract_model(inputs, outputs)


def names(result: Any) -> tuple[list[str], list[str]]:
    graph = result.graph
    outputs = [graph.names_of_output(k)[0] for k in range(len(graph.outputs))]
    return [v.names[0] for v in graph.inputs], outputs


K = np.array([0.5], np.float32)


@pytest.mark.parametrize("output", ["a", "add", "add:0", "0:neg"])
def test_an_output_by_tensor_by_node_or_by_port(output: str) -> None:
    model = chain()
    expected = run_ort(part(model, ["x", "k"], ["a"]), {"x": IMAGE, "k": K})
    assert_same(run_ir(model, {"x": IMAGE, "k": K}, outputs=[output]), expected)


def test_inputs_that_the_outputs_do_not_need_vanish() -> None:
    model = chain()
    assert names(dragoman.convert(model, outputs=["r"])) == (["x"], ["r"])
    assert_same(run_ir(model, {"x": IMAGE}, outputs=["r"]), run_ort(part(model, ["x"], ["r"]), {"x": IMAGE}))


def test_outputs_keep_the_order_they_are_given_in() -> None:
    assert names(dragoman.convert(chain(), outputs=["y", "c", "a"]))[1] == ["y", "c", "a"]


@pytest.mark.parametrize("item", ["r[2,4,5,4]", "relu[2,4,5,4]", "relu:0[2,4,5,4]", "0:add[2,4,5,4]"])
def test_a_cut_at_an_input_replaces_what_is_before(item: str) -> None:
    model = chain()
    data = RNG.normal(size=(2, 4, 5, 4)).astype(np.float32)
    expected = run_ort(part(model, ["r", "k"], ["y"]), {"r": data, "k": K})
    result = dragoman.convert(model, inputs=[item])
    given = {names(result)[0][0]: data, "k": K}
    assert_same(run_ir(model, given, inputs=[item]), expected)


def test_the_order_of_inputs_is_the_users() -> None:
    assert names(dragoman.convert(chain(), inputs=["k", "x"]))[0] == ["k", "x"]


def test_a_frozen_input_is_a_constant() -> None:
    model = chain()
    result = dragoman.convert(model, inputs=["k->[0.5]"])
    assert names(result)[0] == ["x"]
    assert_same(run_ir(model, {"x": IMAGE}, inputs=["k->[0.5]"]), run_ort(model, {"x": IMAGE, "k": K}))


def test_shapes_override_dynamic_dimensions() -> None:
    shape = dragoman.convert(chain(), shapes={"x": "1,3,?,8..16"}).graph.inputs[0].shape
    assert shape is not None
    assert shape[0] == 1
    assert shape[3] == Interval(8, 16)


@pytest.mark.parametrize("given, expected", [("?", Interval()), ("1..8", Interval(1, 8))])
def test_shapes_open_fixed_dimensions(given: str, expected: object) -> None:
    result = dragoman.convert(chain(), shapes={"x": f"{given},3,5,4", "k": given})
    assert [v.shape[0] for v in result.graph.inputs if v.shape] == [expected, expected]


def test_batch_sets_dimension_0_of_every_input() -> None:
    result = dragoman.convert(chain(), batch=4)
    assert [v.shape[0] for v in result.graph.inputs if v.shape] == [4, 4]


def test_static_needs_every_dimension() -> None:
    with pytest.raises(UsageError) as caught:
        dragoman.convert(chain(), static=True)
    assert caught.value.code == "D112"
    shapes = [v.shape for v in dragoman.convert(chain(), static=True, shapes={"x": "1,3,5,4"}).graph.inputs]
    assert shapes == [(1, 3, 5, 4), (1,)]


MEAN, SCALE = [123.0, 117.0, 104.0], [58.0, 57.0, 57.5]


def normalised(image: np.ndarray) -> np.ndarray:
    mean, scale = (np.array(v, np.float32).reshape(1, 3, 1, 1) for v in (MEAN, SCALE))
    return ((image - mean) / scale).astype(np.float32)


@pytest.mark.parametrize("options, given, expected", [
    ({"mean_values": {"x": MEAN}, "scale_values": {"x": SCALE}}, IMAGE, normalised(IMAGE)),
    ({"mean_values": "x[123,117,104]", "scale_values": "x(58,57,57.5)"}, IMAGE, normalised(IMAGE)),
    ({"scale_values": {"x": 255}}, IMAGE, IMAGE / np.float32(255)),
    ({"reverse_input_channels": True}, IMAGE, IMAGE[:, ::-1]),
    ({"reverse_input_channels": True, "mean_values": {"x": MEAN}, "scale_values": {"x": SCALE}}, IMAGE,
     normalised(IMAGE[:, ::-1])),
    ({"layout": {"x": "nhwc->nchw"}}, IMAGE.transpose(0, 2, 3, 1), IMAGE),
    ({"layout": "x(nhwc->nchw)", "mean_values": {"x": MEAN}, "scale_values": {"x": SCALE},
      "reverse_input_channels": True}, IMAGE[:, ::-1].transpose(0, 2, 3, 1), normalised(IMAGE)),
])  # fmt: skip
def test_preprocessing_comes_before_the_model(options: dict[str, Any], given: np.ndarray, expected: np.ndarray) -> None:
    model = chain()
    theirs = run_ort(model, {"x": np.ascontiguousarray(expected), "k": K})
    assert_same(run_ir(model, {"x": np.ascontiguousarray(given), "k": K}, **options), theirs)


def test_an_input_that_is_the_output_gives_it_its_name() -> None:
    model = model_of([helper.make_node("Identity", ["x"], ["y"])], [port("x", shape=[2, 3, 5, 4])], [port("y")])
    expected = run_ort(model, {"x": IMAGE / np.float32(2)})
    assert_same(run_ir(model, {"x": IMAGE}, scale_values={"x": 2}), expected)


def test_the_layout_is_read_by_the_runtime(tmp_path: Path) -> None:
    import openvino

    xml = dragoman.convert(chain(), layout={"x": "nchw"}).save(tmp_path)
    layout = openvino.layout_helpers.get_layout(openvino.Core().read_model(xml).inputs[0])
    assert layout == openvino.Layout("NCHW")


@pytest.mark.parametrize("options, code", [
    ({"outputs": ["nowhere"]}, "D110"),
    ({"inputs": ["nowhere[1]"]}, "D110"),
    ({"shapes": {"z": "1"}}, "D110"),
    ({"shapes": "1,2"}, "D111"),
    ({"shapes": {"x": "1,2"}}, "D111"),
    ({"mean_values": {"z": [1]}}, "D110"),
    ({"mean_values": {"x": [1, 2]}}, "D120"),
    ({"scale_values": {"x": [1, 0, 1]}}, "D120"),
    ({"layout": {"x": "nc"}}, "D120"),
    ({"inputs": ["k->[1,2,x]"]}, "D102"),
    ({"batch": 0}, "D102"),
])  # fmt: skip
def test_what_does_not_fit_is_refused(options: dict[str, Any], code: str) -> None:
    with pytest.raises(UsageError) as caught:
        dragoman.convert(chain(), **options)
    assert caught.value.code == code
    assert caught.value.hint


def test_a_misspelt_name_gets_the_closest() -> None:
    with pytest.raises(UsageError, match="rleu") as caught:
        dragoman.convert(chain(), outputs=["rleu"])
    assert "relu" in caught.value.hint
